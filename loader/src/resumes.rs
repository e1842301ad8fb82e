//! Parsed resumes, in the order of their users, from storage or from what an earlier night kept.
//!
//! - `parse`: what the bytes of a resume say
//! - `in_memory`: the same for bytes that lie in no storage
//! - `files`, `bucket`: where the bytes come from, and what tells that they did not change
//! - `known`: what an earlier night says of a resume, else its bytes
//! - `words`: which words a text has, for names that nobody searched for yet
//! - `cache`: what resumes said, in one file

mod bucket;
mod cache;
mod files;
mod in_memory;
mod known;
mod parse;
mod words;

use crate::error::Error;
use bucket::BucketReader;
use cache::{Change, Footer, OldCache, OldFile, OldRow, PLACE, Update, What};
use files::FolderReader;
pub use in_memory::ResumeParser;
use known::{Known, Outcome};
use parse::{Facts, Lookup};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};
use talvix_engine::{
    columns::ResumeState,
    faults::Faults,
    ids::{Dictionary, Uuid},
    skills::{AliasTable, SkillSearch},
};
use talvix_storage::Storage;
use words::NewForms;

/// Users who are read together: what they say is in memory before it goes into the cache. Few in
/// tests, so that there are several blocks.
const BLOCK_USERS: usize = if cfg!(test) { 7 } else { 4_096 };

/// Names that earlier nights searched for are searched for again, until there are this many times
/// tonight's, and more than [`FEW_NAMES`].
const MAX_NAMES_RATIO: usize = 4;
const FEW_NAMES: usize = 10_000;

/// What skills a resume can name: those that tonight's jobs list.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary<'a> {
    /// Canonical names.
    pub skills: &'a Dictionary,
    /// Other names.
    pub aliases: &'a AliasTable,
}

/// What a run does with the cache of resumes. It changes speed and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheUse {
    /// Neither reads nor writes it.
    Off,
    /// Reads it, as a dry run does.
    ReadOnly,
    /// Reads it, and writes a new one if enough has changed.
    ReadWrite,
}

/// Where what resumes say came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheReport {
    /// Resumes that were read, whether that worked or not.
    pub read: usize,
    /// Resumes that an earlier night had read as they are now.
    pub from_cache: usize,
    /// Why the cache could not be written.
    pub warning: Option<String>,
}

/// A cache for the next night, complete but not in its place.
#[derive(Debug)]
pub struct NewCache(tempfile::NamedTempFile);

/// Reads the resumes of users, segment by segment.
pub struct ResumeReader<'a> {
    storage: &'a Storage,
    files: Source,
    known: Known<'a>,
    update: Option<Update>,
    report: CacheReport,
}

enum Source {
    Folder(FolderReader),
    Bucket(BucketReader),
}

impl<'a> ResumeReader<'a> {
    /// Prepares to read resumes. A cache that is missing, damaged or of another version is as none.
    pub async fn open(
        storage: &'a Storage,
        vocabulary: Vocabulary<'a>,
        cache: CacheUse,
    ) -> Result<Self, Error> {
        let Vocabulary { skills, aliases } = vocabulary;
        let old = match cache {
            CacheUse::Off => None,
            CacheUse::ReadOnly | CacheUse::ReadWrite => old_file(storage, aliases).await,
        };
        let num_tonight = skills.len();
        let mut names = skills.clone();
        let mut new_forms = None;
        if let Some(old) = &old {
            let searched: HashSet<&str> = old.footer.searched.iter().map(String::as_str).collect();
            let new = skills.texts().filter(|name| !searched.contains(name));
            new_forms = NewForms::new(new, aliases);
            for name in &old.footer.searched {
                names.intern(name);
            }
            if names.len() > (MAX_NAMES_RATIO * num_tonight).max(FEW_NAMES) {
                names = skills.clone();
            }
        }
        let search = SkillSearch::new(&names, aliases);
        let footer = Footer::new(&names, aliases);
        let for_cache = cache == CacheUse::ReadWrite;
        let large = Mutex::default();
        let lookup = Lookup { names, num_tonight, aliases, search, large, for_cache };

        let update = for_cache.then(|| {
            let place = storage.clone();
            Update::new(old.clone(), footer, Box::new(move || place.temporary(PLACE)))
        });
        let files = match storage {
            Storage::Folder(root) => Source::Folder(FolderReader::open(root)),
            // Without a cache every object is asked for anyway, and no listing is needed.
            Storage::Bucket { store, .. } => {
                Source::Bucket(BucketReader::new(storage.clone(), Arc::clone(store), old.is_some()))
            }
        };
        let old = old.map(|file| OldCache::new(file, new_forms.is_some()));
        let known = Known { lookup, old, new_forms };
        Ok(ResumeReader { storage, files, known, update, report: CacheReport::default() })
    }

    /// Reads the resumes of further users, ascending by id and above those before; who has none is
    /// said by the flag beside the id.
    ///
    /// Only a store that fails as a whole is an error; a resume that cannot be read costs its user
    /// alone.
    pub async fn read(
        &mut self,
        users: &[(Uuid, bool)],
        faults: &mut Faults,
    ) -> Result<Vec<ResumeState>, Error> {
        let mut states = Vec::with_capacity(users.len());
        for block in users.chunks(BLOCK_USERS) {
            let (rows, gone) = self.old_rows(block);
            let outcomes = match &mut self.files {
                Source::Folder(folder) => folder.read(block, &rows, &self.known),
                Source::Bucket(bucket) => bucket.read(block, &rows, &self.known).await?,
            };
            self.settle(block, outcomes, gone, faults, &mut states);
        }
        Ok(states)
    }

    /// Ends reading. The new cache, if enough has changed for one, vanishes unless it is published.
    pub fn finish(mut self) -> (CacheReport, Option<NewCache>) {
        let finished = self.update.take().map(|update| update.finish(&self.known.lookup));
        let file = finished.transpose().unwrap_or_else(|error| {
            self.report.warning = Some(cannot_write(self.storage, &*error));
            None
        });
        (self.report, file.flatten().map(NewCache))
    }

    /// The old entry of each user of a block, and the users of old entries who have no resume now.
    fn old_rows(&mut self, block: &[(Uuid, bool)]) -> (Vec<Option<OldRow>>, Vec<Uuid>) {
        let mut rows = vec![None; block.len()];
        let mut gone = Vec::new();
        let (Some(old), Some((last, _))) = (&mut self.known.old, block.last()) else {
            return (rows, gone);
        };
        if let Err(error) = old.load(last, &self.known.lookup) {
            tracing::info!("the cache of resumes is not used any further: {error}");
            self.known.old = None;
            if let Some(update) = &mut self.update {
                update.forget_old();
            }
            return (rows, gone);
        }
        let mut at = 0;
        for (user, row) in old.rows() {
            while at < block.len() && block[at].0 < user {
                at += 1;
            }
            match block.get(at) {
                Some((id, true)) if *id == user => rows[at] = Some(row),
                _ => gone.push(user),
            }
        }
        (rows, gone)
    }

    /// States and faults in the order of users; what is new goes to the new cache.
    fn settle(
        &mut self,
        block: &[(Uuid, bool)],
        outcomes: Vec<Outcome>,
        gone: Vec<Uuid>,
        faults: &mut Faults,
        states: &mut Vec<ResumeState>,
    ) {
        let mut changes: Vec<Change> =
            gone.into_iter().map(|user| Change { user, what: What::Gone }).collect();
        let num_tonight = self.known.lookup.num_tonight;
        let mut state = |user: &Uuid, facts: &Result<Facts, &'static str>| match facts {
            Ok(facts) => {
                for fault in &facts.faults {
                    faults.add(fault, "user", user);
                }
                ResumeState::Read(facts.features(num_tonight))
            }
            Err(reason) => {
                faults.add(reason, "user", user);
                ResumeState::Unreadable
            }
        };
        for ((user, _), outcome) in block.iter().zip(outcomes) {
            states.push(match outcome {
                Outcome::Missing => ResumeState::Missing,
                Outcome::NoFile(reason) => {
                    self.report.read += 1;
                    state(user, &Err(reason))
                }
                Outcome::Kept(facts) => {
                    self.report.from_cache += 1;
                    state(user, &facts)
                }
                Outcome::Touched(facts, version) => {
                    self.report.from_cache += 1;
                    changes.push(Change { user: *user, what: What::Touched(version) });
                    state(user, &facts)
                }
                Outcome::Read(entry) => {
                    self.report.read += 1;
                    let state = state(user, &entry.facts);
                    changes.push(Change { user: *user, what: What::Read(entry) });
                    state
                }
            });
        }
        if let (Some(update), Some((last, _))) = (&mut self.update, block.last()) {
            changes.sort_unstable_by_key(|change| change.user);
            if let Err(error) = update.take(changes, last, &self.known.lookup) {
                self.report.warning = Some(cannot_write(self.storage, &*error));
                self.update = None;
            }
        }
    }
}

/// The cache of an earlier night, if there is one that can be used.
async fn old_file(storage: &Storage, aliases: &AliasTable) -> Option<Arc<OldFile>> {
    let opened = match storage.open_file(PLACE).await {
        Ok(Some(file)) => OldFile::open(file, aliases),
        Ok(None) => return None,
        Err(error) => Err(error.into()),
    };
    match opened {
        Ok(file) => Some(Arc::new(file)),
        Err(error) => {
            tracing::info!("no cache of resumes in {}: {error}", storage.place(PLACE));
            None
        }
    }
}

impl NewCache {
    /// Puts it in the place of the old one, at once. That this fails is a warning for the report.
    pub async fn publish(self, storage: &Storage) -> Result<(), String> {
        storage.put_file(PLACE, self.0).await.map_err(|error| cannot_write(storage, &error))
    }
}

fn cannot_write(storage: &Storage, error: &dyn std::error::Error) -> String {
    format!(
        "the cache of resumes cannot be written to {}: {error}; the next run will read more of them",
        storage.place(PLACE)
    )
}

#[cfg(test)]
mod tests;
