//! What an earlier night says of a resume, else its bytes.

use super::{
    cache::{Entry, OldCache, OldRow},
    files::Version,
    parse::{Facts, Lookup, Scratch},
    words::NewForms,
};
use sha2::{Digest, Sha256};
use talvix_engine::ids::Uuid;

/// What became of one user's resume.
pub(super) enum Outcome {
    Missing,
    /// No file that could be read; looked for again the next time.
    NoFile(&'static str),
    Kept(Result<Facts, &'static str>),
    /// The same, in a file of another version.
    Touched(Result<Facts, &'static str>, Option<Vec<u8>>),
    Read(Box<Entry>),
}

/// All that reading one resume needs to know, for any number of threads.
pub(super) struct Known<'a> {
    pub(super) lookup: Lookup<'a>,
    pub(super) old: Option<OldCache>,
    /// Names that the old cache was not searched for.
    pub(super) new_forms: Option<NewForms>,
}

impl Known<'_> {
    /// What an old entry says, if the resume is in the state that it was made of.
    pub(super) fn unchanged(
        &self,
        row: Option<OldRow>,
        now: impl FnOnce() -> Option<Version>,
    ) -> Option<Outcome> {
        let (row, old) = (row?, self.old.as_ref()?);
        if now()?.bytes != old.version(row) {
            return None;
        }
        self.kept(row).map(Outcome::Kept)
    }

    /// What an old entry says; `None` where the resume has to be read for names that nobody has
    /// searched for.
    pub(super) fn kept(&self, row: OldRow) -> Option<Result<Facts, &'static str>> {
        let old = self.old.as_ref()?;
        let facts = old.facts(row)?;
        if facts.is_ok()
            && let Some(forms) = &self.new_forms
            && forms.may_stand_in(old.words(row)?)
        {
            return None;
        }
        Some(facts)
    }

    /// What was read says; or what the old entry says, if it was made of the very same bytes.
    pub(super) fn parse(
        &self,
        user: &Uuid,
        version: Version,
        row: Option<OldRow>,
        scratch: &mut Scratch,
    ) -> Outcome {
        let mut sha256 = [0; 32];
        let version = version.is_settled.then_some(version.bytes);
        if self.lookup.for_cache || row.is_some() {
            sha256 = Sha256::digest(&scratch.packed).into();
        }
        if let Some(row) = row
            && self.old.as_ref().is_some_and(|old| old.sha256(row) == sha256)
            && let Some(facts) = self.kept(row)
        {
            return Outcome::Touched(facts, version);
        }
        let facts = scratch.parse(user, &self.lookup);
        Outcome::Read(Box::new(Entry { version, sha256, facts }))
    }
}
