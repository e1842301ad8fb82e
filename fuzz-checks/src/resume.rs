//! Resumes, as people upload them and a parser writes them.

use std::{cell::RefCell, sync::LazyLock};

use talvix_engine::{
    ids::{Dictionary, Uuid},
    skills::AliasTable,
};
use talvix_loader::resumes::{ResumeParser, Vocabulary};

use crate::packed;

/// Whose resumes they are.
pub const USER: Uuid = [0xab; 16];

/// What tonight's jobs list.
const SKILLS: [&str; 10] = [
    "python",
    "react",
    "machine learning",
    "c++",
    "node.js",
    "kubernetes",
    "café",
    "team of data",
    "go",
    "c#",
];

static NAMES: LazyLock<Dictionary> = LazyLock::new(|| {
    let mut names = Dictionary::default();
    for skill in SKILLS {
        names.intern(skill);
    }
    names
});

static ALIASES: LazyLock<AliasTable> = LazyLock::new(AliasTable::built_in);

thread_local! {
    static PARSER: RefCell<ResumeParser<'static>> =
        ResumeParser::new(Vocabulary { skills: &NAMES, aliases: &ALIASES }).into();
}

/// Parses a resume.
///
/// # Panics
///
/// Where what it says is not what may be said.
pub fn check(bytes: &[u8]) {
    let resume = PARSER.with_borrow_mut(|parser| parser.parse(&USER, &packed(bytes)));
    match resume {
        Ok(features) => {
            let skills = &features.skills;
            assert!(skills.is_sorted_by(|a, b| a < b), "skills ascend, each once");
            assert!(skills.iter().all(|skill| skill.ix() < SKILLS.len()));
            assert!(features.experience_tenths.is_none_or(|tenths| tenths <= 9_999));
        }
        Err(kind) => assert!(kind.starts_with("resume_"), "{kind}"),
    }
}
