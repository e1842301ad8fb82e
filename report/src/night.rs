//! What a published night looks like in numbers: what charts are drawn from.

use crate::run::Report;

/// A night, with the nights before it.
#[derive(Clone, Debug, Default)]
pub struct Night {
    /// The run's own report.
    pub report: Report,
    /// The local date of the run, `YYYY-MM-DD`.
    pub run_date: String,
    /// Who made the snapshot, such as `0.1.0`.
    pub talvix_version: String,
    /// Kept pairs by tier, each with how many there are of each fit score from 40 to 100.
    pub scores_by_tier: Vec<(String, [u64; 61])>,
    /// Users by candidates: those with none, then with at least 1, 2, 4, 8 … and fewer than twice
    /// that.
    pub users_by_candidates: Vec<u64>,
    /// Role families, most kept pairs first.
    pub roles: Vec<Share>,
    /// Cities of markets, `remote` and `-` (neither remote nor with a city) among them, most kept
    /// pairs first.
    pub cities: Vec<Share>,
    /// All markets with a job or a user.
    pub markets: Vec<Market>,
    /// Skills by how many jobs list them, most first.
    pub skills_asked: Vec<(String, u64)>,
    /// Skills by how many kept pairs of paying users lack them, most first.
    pub skills_missing: Vec<(String, u64)>,
    /// The nights up to this one, oldest first, this one last: at most 30.
    pub history: Vec<NightInBrief>,
}

/// A role family's or a city's part of a night.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Which.
    pub name: String,
    /// Scoreable jobs.
    pub jobs: u64,
    /// Scored users who look for it.
    pub users: u64,
    /// Kept pairs.
    pub kept: u64,
}

/// Jobs of one role family in one city, and the users who could take them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Market {
    /// Role family.
    pub role_family: String,
    /// City, `remote`, or `-`.
    pub city: String,
    /// Scoreable jobs.
    pub jobs: u64,
    /// Scored users who look for the role there; of `remote` all who look for the role.
    pub users: u64,
    /// Kept pairs.
    pub kept: u64,
}

/// A night among others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NightInBrief {
    /// The local date of the run, `YYYY-MM-DD`.
    pub run_date: String,
    /// The run.
    pub run_id: String,
    /// Jobs that could be scored.
    pub jobs: u64,
    /// Of them new.
    pub new_jobs: u64,
    /// Users who were scored.
    pub users_scored: u64,
    /// Of them with every job.
    pub users_full: u64,
    /// Scored, and nothing was kept.
    pub users_without_match: u64,
    /// Users who could not be scored.
    pub users_skipped: u64,
    /// Kept pairs.
    pub kept: u64,
    /// Pairs that came.
    pub inserted: u64,
    /// Pairs that went.
    pub deleted: u64,
    /// How long the run took, in seconds.
    pub seconds: f64,
    /// The most memory that it held.
    pub peak_rss_bytes: u64,
}
