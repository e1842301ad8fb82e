//! Columns, footer and seal of the cache.
//!
//! The file is Parquet. Its footer ends with 32 more bytes, which readers pass over as they do over
//! the signature that Parquet knows there: the SHA-256 of the footer. The footer holds a SHA-256 of
//! every row group. So whatever is decoded was written by talvix as it stands there.

use super::Entry;
use crate::resumes::parse::Lookup;
use arrow::{
    array::{
        ArrayRef, BinaryBuilder, FixedSizeBinaryBuilder, ListBuilder, RecordBatch, StringBuilder,
        StringDictionaryBuilder, UInt16Builder,
    },
    datatypes::{DataType, Field, Int32Type, Schema, SchemaRef},
    error::ArrowError,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use talvix_engine::{
    columns::UserLevel,
    ids::{Dictionary, Uuid},
    skills::{AliasTable, unicode_version},
};

/// Where the cache is in storage.
pub(in crate::resumes) const PLACE: &str = "model-data/resume_features.parquet";

/// Raised when what is read from a resume, or how it is kept, changes: parsing, canonical form,
/// words and their hashes, columns.
const VERSION: u32 = 2;

/// The footer's key.
pub(super) const KEY: &str = "talvix_resume_features";

/// Rows of a row group: some 6 MB in memory. Few in tests, so that there are several.
pub(super) const GROUP_ROWS: usize = if cfg!(test) { 5 } else { 8_192 };

/// The column that is only read where forms are new; the last one.
pub(super) const WORDS: usize = 8;

pub(super) type Sum = [u8; 32];

/// What the footer says beside what Parquet needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::resumes) struct Footer {
    version: u32,
    unicode: String,
    aliases: String,
    /// Canonical names whose forms were searched for in every resume.
    pub(in crate::resumes) searched: Vec<String>,
    pub(super) groups: Vec<GroupSums>,
}

/// Checksums of a row group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GroupSums {
    /// Of all columns but the words.
    pub(super) features: Sum,
    pub(super) words: Sum,
}

impl Footer {
    /// For resumes in which these names were searched for.
    pub(in crate::resumes) fn new(searched: &Dictionary, aliases: &AliasTable) -> Self {
        Footer {
            version: VERSION,
            unicode: unicode_version(),
            aliases: aliases.sha256().to_owned(),
            searched: searched.texts().map(str::to_owned).collect(),
            groups: Vec::new(),
        }
    }

    /// Whether resumes would be read today as they were then.
    pub(super) fn is_current(&self, aliases: &AliasTable) -> bool {
        self.version == VERSION
            && self.unicode == unicode_version()
            && self.aliases == aliases.sha256()
    }
}

pub(super) fn sum(bytes: &[u8]) -> Sum {
    Sha256::digest(bytes).into()
}

pub(super) fn schema() -> SchemaRef {
    let names = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let skills = DataType::List(Arc::new(Field::new("item", names, false)));
    Arc::new(Schema::new(vec![
        Field::new("user_id", DataType::FixedSizeBinary(16), false),
        Field::new("file_version", DataType::Binary, true),
        Field::new("file_sha256", DataType::FixedSizeBinary(32), false),
        Field::new("unreadable", DataType::Utf8, true),
        Field::new("faults", DataType::Utf8, false),
        Field::new("experience_tenths", DataType::UInt16, true),
        Field::new("level", DataType::Utf8, true),
        Field::new("skills", skills, false),
        Field::new("words", DataType::Binary, false),
    ]))
}

/// Every reason that a cached resume may have for being unreadable, and every fault in one.
const REASONS: [&str; 8] = [
    "resume_gzip_damaged",
    "resume_too_large",
    "resume_json_damaged",
    "resume_of_another_user",
    "resume_experience_negative",
    "resume_experience_too_large",
    "resume_skills_above_500",
    "resume_skill_too_long",
];

pub(super) fn reason(text: &str) -> Option<&'static str> {
    REASONS.into_iter().find(|reason| *reason == text)
}

/// Entries as rows.
pub(super) fn rows<'a>(
    entries: impl Iterator<Item = (Uuid, &'a Entry)>,
    lookup: &Lookup<'_>,
) -> Result<RecordBatch, ArrowError> {
    let schema = schema();
    let mut ids = FixedSizeBinaryBuilder::new(16);
    let mut versions = BinaryBuilder::new();
    let mut sums = FixedSizeBinaryBuilder::new(32);
    let (mut unreadable, mut faults) = (StringBuilder::new(), StringBuilder::new());
    let mut experience = UInt16Builder::new();
    let mut levels = StringBuilder::new();
    let DataType::List(item) = schema.field(7).data_type() else {
        return Err(ArrowError::SchemaError("skills are no list".to_owned()));
    };
    let mut skills =
        ListBuilder::new(StringDictionaryBuilder::<Int32Type>::new()).with_field(Arc::clone(item));
    let mut words = BinaryBuilder::new();
    for (id, entry) in entries {
        ids.append_value(id)?;
        versions.append_option(entry.version.as_ref());
        sums.append_value(entry.sha256)?;
        unreadable.append_option(entry.facts.as_ref().err());
        let facts = entry.facts.as_ref().ok();
        faults.append_value(facts.map_or(String::new(), |facts| facts.faults.join(" ")));
        experience.append_option(facts.and_then(|facts| facts.experience_tenths));
        levels.append_option(facts.and_then(|facts| facts.level).map(UserLevel::name));
        if let Some(facts) = facts {
            for number in &facts.known {
                skills.values().append(lookup.names.text(*number))?;
            }
            for name in &facts.unknown {
                skills.values().append(name)?;
            }
        }
        skills.append(true);
        words.append_value(facts.map_or(&[][..], |facts| &facts.words));
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(ids.finish()),
        Arc::new(versions.finish()),
        Arc::new(sums.finish()),
        Arc::new(unreadable.finish()),
        Arc::new(faults.finish()),
        Arc::new(experience.finish()),
        Arc::new(levels.finish()),
        Arc::new(skills.finish()),
        Arc::new(words.finish()),
    ];
    RecordBatch::try_new(schema, columns)
}
