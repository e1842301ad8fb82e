//! The report of a run, as it stands in JSON. Keys are only ever added.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The report of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// The run: a UUID that sorts by time.
    pub run_id: String,
    /// The run's instant, RFC 3339.
    pub as_of: String,
    /// ISO week in India, such as `2026-W47`.
    pub week: String,
    /// The pinned scoring model.
    pub model_id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Nothing was written.
    pub dry_run: bool,
    /// Jobs that were loaded.
    pub jobs: Jobs,
    /// Users, by what became of them.
    pub users: Users,
    /// Where what resumes say came from.
    pub resumes: Resumes,
    /// Pairs that were looked at.
    pub pairs: Pairs,
    /// Rows of `job_fit_scores`.
    pub rows: Rows,
    /// Kept pairs by fit score: `040` to `100` points.
    pub scores: BTreeMap<String, u64>,
    /// Seconds of each phase.
    pub seconds: Seconds,
    /// When each phase was at work.
    pub timeline: Vec<Span>,
    /// The most memory that the process held.
    pub peak_rss_bytes: u64,
    /// Where the night was published, if it was to be.
    pub snapshot: Option<String>,
    /// Impossible values and unreadable resumes, by kind.
    pub input_faults: BTreeMap<String, u64>,
    /// Up to 20 rows of each kind of fault.
    pub input_fault_examples: BTreeMap<String, Vec<String>>,
    /// What is not wrong but somebody should know.
    pub warnings: Vec<String>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All was done.
    #[default]
    Completed,
    /// Nothing was new, and nobody needed a full scan.
    NothingToDo,
}

/// Jobs that were loaded.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Jobs {
    /// That can be scored.
    pub scoreable: usize,
    /// Of them new.
    pub new: usize,
}

/// Users, by what became of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Users {
    /// In one of the two modes.
    pub scored: usize,
    /// With every job.
    pub full: usize,
    /// With the new jobs only.
    pub delta: usize,
    /// Could not be scored, by reason.
    pub skipped: BTreeMap<String, usize>,
    /// Why users were scored in full.
    pub full_reasons: BTreeMap<String, usize>,
    /// Scored, and nothing was kept: no job passed the prefilter.
    pub without_candidate: u64,
    /// Scored, and nothing was kept: no candidate reached the least score.
    pub below_threshold: u64,
    /// Nothing new for them: not looked at.
    pub left_alone: usize,
    /// They need a full scan, and `--mode delta` leaves those out.
    pub left_out: usize,
    /// Deleted while the run worked.
    pub deleted_meanwhile: u64,
    /// Their scores were reset while the run worked: left as they are, full scan next.
    pub reset_meanwhile: u64,
    /// Changed while the run worked: scored as they were, full scan next.
    pub changed_meanwhile: u64,
}

/// Where what resumes say came from.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Resumes {
    /// Opened.
    pub read: usize,
    /// Known from an earlier night.
    pub from_cache: usize,
}

/// Pairs that were looked at.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Pairs {
    /// That pass the prefilter.
    pub prefiltered: u64,
    /// Of them scored exactly.
    pub scored: u64,
    /// Kept, but the job was deleted while the run worked.
    pub deleted_meanwhile: u64,
}

/// Rows of `job_fit_scores`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Rows {
    /// That are stored now for users who were scored.
    pub kept: u64,
    /// That were not stored before.
    pub inserted: u64,
    /// With other values than before.
    pub updated: u64,
    /// That went.
    pub deleted: u64,
    /// Left as they were.
    pub unchanged: u64,
}

/// Seconds of each phase. Chunks are scored while others are written: the two overlap.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Seconds {
    /// Reading the jobs, and waiting for users.
    pub load: f64,
    /// Making or writing the model.
    pub pin: f64,
    /// Scoring.
    pub score: f64,
    /// Writing, of the busiest connection.
    pub write: f64,
    /// Staging and publishing the snapshot.
    pub publish: f64,
    /// All of it, from the first to the last.
    pub total: f64,
}

/// When a phase was at work, in seconds since the run began.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Span {
    /// Such as `score`.
    pub phase: String,
    /// When it first had something to do.
    pub from: f64,
    /// When it was through.
    pub to: f64,
    /// How long of that it was busy.
    pub busy: f64,
}
