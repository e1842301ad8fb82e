//! Jobs, users and stored pairs as checked columns: the door.
//!
//! A loader hands over what it read as Arrow batches with the columns that each type below names.
//! Here they are checked and converted, once; past this door there is no null, no `NaN` and no
//! unknown id, and the values that cannot be are counted as [`crate::faults::Faults`].

use std::borrow::Cow;

mod batch;
mod benchmarks;
mod job_skills;
mod jobs;
mod numbers;
mod scrape_runs;
mod stored;
mod users;

pub use batch::DoorError;
pub(crate) use benchmarks::BenchmarkBatch;
pub use job_skills::{JobSkill, JobSkillsBuilder};
pub use jobs::{JobColumns, JobColumnsBuilder, Level, WorkMode};
pub use numbers::NOT_A_NUMBER;
pub use scrape_runs::{ScrapeRun, ScrapeRuns};
pub use stored::{StoredPair, StoredPairs, StoredPairsBuilder, StoredRows};
pub use users::{
    Cursor, ResumeFeatures, ResumeState, SkipReason, Tier, UserColumns, UserDraft, UserLevel,
    UserTables,
};

/// A text without NUL, which PostgreSQL cannot store: a dataset that holds one gives what the
/// database would.
#[must_use]
pub(crate) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "").into() } else { text.into() }
}

/// A city, level or work mode as it is compared: NUL removed, trimmed, lower case; `None` when
/// nothing is left.
#[must_use]
pub fn plain(text: &str) -> Option<Cow<'_, str>> {
    let text = without_nul(text);
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return None;
    }
    let is_plain = trimmed.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase());
    Some(match text {
        Cow::Borrowed(text) if is_plain => Cow::Borrowed(text.trim()),
        _ => Cow::Owned(trimmed.to_lowercase()),
    })
}
