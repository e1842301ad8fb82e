//! A night to measure on: generated, written as a dataset, and loaded as a run loads it.

#![allow(dead_code, reason = "each bench uses a part")]

use criterion::Criterion;
use jiff::Timestamp;
use std::{path::Path, sync::Arc, time::Duration};
use talvix_dataset::Dataset;
use talvix_engine::{
    columns::{JobColumns, StoredPairs, UserColumns},
    ids::UserNo,
    index::JobIndex,
    kernel::{Processor, UserScores},
    mode::{FullReason, Mode},
    model::{ModelOnJobs, ScoringModel},
    pair::Inputs,
    score::Scorer,
    skills::AliasTable,
    week::IsoWeek,
};
use talvix_exporter::chunk::Chunk;
use talvix_fixtures::{
    generate::{DEFAULT_AS_OF_US, Dirt, Options, generate},
    parquet::write_dataset,
    tables::Tables,
};
use talvix_loader::{
    dataset::DatasetReader,
    night::{JobSide, Segment, UserRows},
    reader::{Selection, UserRange},
    resumes::{CacheUse, ResumeReader, Vocabulary},
    weights,
};
use talvix_storage::Storage;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Jobs and users of the night, where [`JOBS`] and [`USERS`] do not say otherwise.
const SIZE: (usize, usize) = (20_000, 1_000);

/// The same where `--test` only asks whether the benches run.
const TEST_SIZE: (usize, usize) = (1_000, 100);

/// Environment: how many jobs.
const JOBS: &str = "TALVIX_BENCH_JOBS";

/// Environment: how many users.
const USERS: &str = "TALVIX_BENCH_USERS";

/// Of so many users all pairs are looked at one by one. More would tell nothing new, and on a
/// large night each of them costs a millisecond.
const MAX_SAMPLE: usize = 1_000;

/// All that is scored.
pub struct Night {
    /// The scoreable jobs.
    pub jobs: JobColumns,
    /// Everybody.
    pub users: Arc<UserColumns>,
    /// What is stored for them.
    pub stored: StoredPairs,
}

/// A loaded night.
pub struct Scene {
    /// What it was made from.
    pub tables: Tables,
    /// As a run sees it.
    pub night: Night,
    /// The week's model, applied to the jobs.
    pub model: ModelOnJobs,
    /// Other names of skills.
    pub aliases: AliasTable,
    /// Where the resumes are.
    pub storage: Storage,
    /// When it is.
    pub as_of: Timestamp,
    folder: tempfile::TempDir,
}

impl Scene {
    /// Makes the night: the same one each time.
    pub fn new() -> Self {
        let (jobs, users) = if is_test() { TEST_SIZE } else { SIZE };
        let (jobs, users) = (size_in(JOBS, jobs), size_in(USERS, users));
        let tables = generate(&Options {
            jobs,
            users,
            paid_share: 0.2,
            dirt: Dirt::Database,
            ..Options::default()
        });
        let folder = tempfile::tempdir().unwrap();
        write_dataset(&tables, folder.path()).unwrap();

        let as_of = Timestamp::from_microsecond(DEFAULT_AS_OF_US).unwrap();
        let week = IsoWeek::of(as_of);
        let source = Dataset::open(folder.path()).unwrap();
        let storage = Storage::Folder(source.storage());
        let aliases = AliasTable::built_in();
        let selection = Selection { week, user: None };
        let reader = DatasetReader::new(source.current().unwrap(), selection);
        let JobSide { jobs, benchmarks, weights, mut faults, .. } =
            JobSide::load(&reader, &aliases).unwrap();
        let rows = UserRows::read(&reader, UserRange::default(), &jobs, true).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let vocabulary = Vocabulary { skills: &jobs.skill_names, aliases: &aliases };
        let (Segment { users, stored }, weights) = runtime.block_on(async {
            let (weights, _) = weights::read(&storage, &weights).await.unwrap();
            let mut resumes =
                ResumeReader::open(&storage, vocabulary, CacheUse::Off).await.unwrap();
            (rows.check(&jobs, &mut resumes, &mut faults).await.unwrap(), weights)
        });
        let night = Night { jobs, users: Arc::new(users), stored };
        let pinned_at_us = as_of.as_microsecond();
        let model = ScoringModel::pin(
            &night.jobs,
            weights,
            benchmarks,
            aliases.sha256(),
            week,
            pinned_at_us,
        );
        let model = ModelOnJobs::new(&model, &night.jobs);
        Scene { tables, night, model, aliases, storage, as_of, folder }
    }

    /// Its week.
    pub fn week(&self) -> IsoWeek {
        IsoWeek::of(self.as_of)
    }

    /// What pairs are made of.
    pub fn inputs(&self) -> Inputs<'_> {
        Inputs { jobs: &self.night.jobs, users: &self.night.users, model: &self.model }
    }

    /// Scores with all of it.
    pub fn scorer(&self) -> Scorer<'_> {
        self.scorer_for(Processor::best())
    }

    /// The same, as a kind of processor does it.
    pub fn scorer_for(&self, processor: Processor) -> Scorer<'_> {
        Scorer::new(&self.night.jobs, &self.model, self.week(), processor)
    }

    /// The users who can be scored.
    pub fn users(&self) -> Vec<UserNo> {
        let users = &self.night.users;
        users.numbers().filter(|user| users.skip[user.ix()].is_none()).collect()
    }

    /// Some of them, evenly spread; all where they are few.
    pub fn sample(&self) -> Vec<UserNo> {
        let users = self.users();
        users.iter().step_by(users.len().div_ceil(MAX_SAMPLE).max(1)).copied().collect()
    }

    /// What a full scan of everybody keeps, as it is handed on to be written.
    pub fn chunk(&self) -> Chunk {
        let scorer = self.scorer();
        let scorer = scorer.on(&self.night.users, &self.night.stored);
        let blocks = scorer.score(&Self::in_full(&self.users()));
        Chunk {
            users: self.night.users.clone(),
            stored: Arc::default(),
            blocks,
            unscored: Vec::new(),
        }
    }

    /// Users, each to be scored with every job.
    pub fn in_full(users: &[UserNo]) -> Vec<(UserNo, Mode)> {
        users.iter().map(|user| (*user, Mode::Full(FullReason::Stale))).collect()
    }

    /// All jobs, laid out.
    pub fn index(&self) -> JobIndex {
        let jobs: &JobColumns = &self.night.jobs;
        JobIndex::new(jobs, &self.model, jobs.numbers())
    }

    /// What the fast path keeps for users, in their order.
    pub fn scores(&self, users: &[UserNo]) -> Vec<UserScores> {
        self.scorer().on(&self.night.users, &self.night.stored).scores(&Self::in_full(users))
    }

    /// Where its tables lie.
    pub fn dataset(&self) -> &Path {
        self.folder.path()
    }

    /// Pairs of so many users and a job that can be scored.
    pub fn num_pairs(&self, num_users: usize) -> u64 {
        (num_users * self.night.jobs.len()) as u64
    }

    /// How many pairs were scored, and the share that passed the prefilter.
    pub fn size(&self, scores: &[UserScores]) -> String {
        let (jobs, users) = (self.night.jobs.len(), scores.len());
        let percent = num_prefiltered(scores) as f64 * 100.0 / self.num_pairs(users) as f64;
        format!("{jobs} jobs x {users} users, {percent:.1}% of pairs pass")
    }
}

/// Pairs that passed the prefilter.
pub fn num_prefiltered(scores: &[UserScores]) -> u64 {
    scores.iter().map(|scores| scores.num_prefiltered).sum()
}

/// A size in the environment.
fn size_in(variable: &str, default: usize) -> usize {
    match std::env::var(variable) {
        Ok(size) => size.parse().unwrap_or_else(|_| panic!("{variable}={size}: not a number")),
        Err(_) => default,
    }
}

/// Runs a bench as the command line asks.
pub fn main(bench: impl FnOnce(&mut Criterion, &Scene)) {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    bench(&mut criterion, &Scene::new());
    criterion.final_summary();
}

/// Whether the benches are run once each, without measuring.
fn is_test() -> bool {
    let mut args = std::env::args();
    let is_bench = std::env::args().any(|arg| arg == "--bench");
    args.any(|arg| arg == "--test") || !is_bench
}
