//! What is handed over: some scored users with their rows, and the night's finish.

use jiff::Timestamp;
use std::{collections::HashSet, ops::Range, sync::Arc};
use talvix_engine::{
    columns::{JobColumns, StoredPairs, UserColumns},
    ids::{JobNo, UserNo, Uuid},
    mode::Mode,
    score::{ScoredBlock, ScoredUser},
    week::{IsoWeek, expiry},
};

/// What all chunks of a night share.
#[derive(Clone, Copy, Debug)]
pub struct NightOut<'a> {
    /// The run.
    pub run_id: uuid::Uuid,
    /// The run's instant.
    pub as_of: Timestamp,
    /// Its week.
    pub week: IsoWeek,
    /// The scoreable jobs.
    pub jobs: &'a JobColumns,
    /// The newest scrape run that had ended: what cursors are set to.
    pub scrape_run_id: Option<Uuid>,
}

impl NightOut<'_> {
    /// When rows written tonight may go, in microseconds since the Unix epoch.
    #[must_use]
    pub fn expires_at_us(&self) -> i64 {
        expiry(self.as_of).as_microsecond()
    }
}

/// Some users who were scored, in the order of their ids.
#[derive(Debug)]
pub struct Chunk {
    /// The users whom the blocks count, and maybe others.
    pub users: Arc<UserColumns>,
    /// What was stored for them this week when they were loaded, where that was read.
    pub stored: Arc<StoredPairs>,
    /// Users and rows, block by block.
    pub blocks: Vec<ScoredBlock>,
    /// The users between and beside them who were to be scored and could not be, and why: only a
    /// snapshot tells of them.
    pub unscored: Vec<(UserNo, &'static str)>,
}

impl Chunk {
    /// The users who were scored, with the block that holds their rows.
    pub fn scored(&self) -> impl Iterator<Item = (&ScoredBlock, &ScoredUser)> {
        self.blocks.iter().flat_map(|block| block.users.iter().map(move |user| (block, user)))
    }

    /// Some of the users who were scored, counted through in their order.
    pub fn part(
        &self,
        part: &Range<usize>,
    ) -> impl Iterator<Item = (&ScoredBlock, &ScoredUser)> + Clone {
        let blocks = self.blocks.iter();
        let scored = blocks.flat_map(|block| block.users.iter().map(move |user| (block, user)));
        scored.skip(part.start).take(part.len())
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> Range<usize> {
        0..self.blocks.iter().map(|block| block.users.len()).sum()
    }

    /// Whether writing this chunk changes the flags of a user's row.
    #[must_use]
    pub fn changes_flags(&self, user: &ScoredUser) -> bool {
        let u = user.user.ix();
        matches!(user.mode, Mode::Full(_))
            && (self.users.fit_scores_stale[u] || self.users.awaits_dashboard[u])
    }
}

/// What of a chunk did not become stored rows, since somebody else was sooner.
#[derive(Clone, Debug, Default)]
pub struct LeftOut {
    /// Users who were deleted since the load.
    pub deleted_users: HashSet<UserNo>,
    /// Users whose cursor somebody else set since the load.
    pub reset_users: HashSet<UserNo>,
    /// Kept jobs that were deleted since the load.
    pub jobs: HashSet<JobNo>,
}

impl LeftOut {
    /// Adds what was left out of other users.
    pub fn add(&mut self, other: LeftOut) {
        self.deleted_users.extend(other.deleted_users);
        self.reset_users.extend(other.reset_users);
        self.jobs.extend(other.jobs);
    }

    /// Whether a user is left as is.
    #[must_use]
    pub fn is_left(&self, user: UserNo) -> bool {
        self.deleted_users.contains(&user) || self.reset_users.contains(&user)
    }

    /// A scored user's rows in the block that became stored rows, best first.
    #[must_use]
    pub fn stored(
        &self,
        block: &ScoredBlock,
        scored: &ScoredUser,
    ) -> impl DoubleEndedIterator<Item = usize> {
        let rows = if self.is_left(scored.user) { 0..0 } else { scored.rows.clone() };
        rows.filter(|&at| !self.jobs.contains(&block.rows.job[at]))
    }
}

/// How rows came to be what they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// Pairs that are stored now.
    pub kept: u64,
    /// Pairs that were not stored before.
    pub inserted: u64,
    /// Pairs of this week that are stored with other values.
    pub updated: u64,
    /// Rows that went.
    pub deleted: u64,
    /// Rows left as they were.
    pub unchanged: u64,
}

impl RowCounts {
    /// Adds another chunk's counts.
    pub fn add(&mut self, other: RowCounts) {
        self.kept += other.kept;
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.deleted += other.deleted;
        self.unchanged += other.unchanged;
    }
}

/// What came of writing a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows of scores.
    pub rows: RowCounts,
    /// Users deleted since the load: left out.
    pub users_deleted: u64,
    /// Users whose cursor somebody else set since the load: left as they are.
    pub users_reset: u64,
    /// Users whose row or resume changed since the load: scored, but still marked stale.
    pub users_changed: u64,
    /// Kept pairs whose job was deleted since the load: left out; the user gets a full scan next.
    pub pairs_deleted: u64,
}

impl Written {
    /// Adds another chunk's counts.
    pub fn add(&mut self, other: Written) {
        self.rows.add(other.rows);
        self.users_deleted += other.users_deleted;
        self.users_reset += other.users_reset;
        self.users_changed += other.users_changed;
        self.pairs_deleted += other.pairs_deleted;
    }
}

/// What ends a night, once every chunk is in.
#[derive(Clone, Debug)]
pub struct Finish {
    /// The new jobs that were loaded: no longer new.
    pub new_jobs: Vec<JobNo>,
    /// The scrape runs that waited: scored.
    pub scrape_runs: Vec<Uuid>,
    /// Users who could not be scored, or were left out, and whose cursors do not ask for a full
    /// scan yet: they do now.
    pub skipped: Vec<Uuid>,
    /// How long the night took.
    pub duration_ms: i64,
    /// Rows kept.
    pub records_processed: u64,
    /// What the log remembers: run id, model id, counts.
    pub metadata: serde_json::Value,
}
