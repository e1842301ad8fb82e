//! Resumes whose bytes are in memory already: what [`super::ResumeReader`] would say of such files.

use super::{
    Vocabulary,
    parse::{Lookup, MAX_PACKED_BYTES, Scratch},
};
use std::sync::Mutex;
use talvix_engine::{
    columns::ResumeFeatures,
    ids::Uuid,
    skills::{AliasTable, SkillSearch},
};

/// Parses resumes one after the other, with all that a cache would keep of them.
pub struct ResumeParser<'a> {
    lookup: Lookup<'a>,
    scratch: Scratch,
}

impl<'a> ResumeParser<'a> {
    /// Prepares to look for skills.
    #[must_use]
    pub fn new(vocabulary: Vocabulary<'a>) -> Self {
        let aliases: &AliasTable = vocabulary.aliases;
        let names = vocabulary.skills.clone();
        let num_tonight = names.len();
        let search = SkillSearch::new(&names, aliases);
        let large = Mutex::default();
        let lookup = Lookup { names, num_tonight, aliases, search, large, for_cache: true };
        ResumeParser { lookup, scratch: Scratch::default() }
    }

    /// What a user's file says, or the kind of fault that makes it unreadable.
    pub fn parse(&mut self, user: &Uuid, packed: &[u8]) -> Result<ResumeFeatures, &'static str> {
        if packed.len() as u64 > MAX_PACKED_BYTES {
            return Err("resume_file_unreadable");
        }
        self.scratch.packed.clear();
        self.scratch.packed.extend_from_slice(packed);
        let facts = self.scratch.parse(user, &self.lookup);
        self.scratch.shrink();
        Ok(facts?.features(self.lookup.num_tonight))
    }
}
