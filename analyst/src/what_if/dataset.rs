//! Lists of a dataset, scored in full under both weights. Nothing is written.

use super::{
    Taker,
    answer::{Answer, DatasetSource, Source},
    jobs::Jobs,
    lists::{Match, UserLists},
    weights::File,
};
use crate::{
    args::WhatIfArgs,
    failure::{Failure, Status},
    rows_file::RowsFile,
    table::count,
};
use fs_err as fs;
use std::path::Path;
use talvix_dataset::Dataset;
use talvix_engine::{
    columns::{JobColumns, UserColumns},
    faults::Faults,
    ids::{UserNo, uuid_text},
    kernel::{Processor, UserScores},
    mode::{FullReason, Mode},
    model::{ModelOnJobs, ScoringModel},
    score::Scorer,
    skills::AliasTable,
    week::IsoWeek,
};
use talvix_loader::{
    dataset::{DatasetReader, preflight},
    night::{JobSide, UserRows},
    pin,
    reader::{Selection, TableReader},
    resumes::{CacheUse, ResumeReader, Vocabulary},
    weights,
};
use talvix_storage::Storage;
use tokio::runtime::Runtime;

/// Users who are scored together: what is kept for them lies in memory twice.
const USERS_AT_ONCE: usize = 5_000;

/// Users of a segment, where the reader can cut them.
const USERS_PER_SEGMENT: usize = 20_000;

/// Scores a dataset under the week's weights and under others.
pub fn run(
    args: &WhatIfArgs,
    folder: &Path,
    file: &File,
    rows: Option<RowsFile>,
) -> Result<Answer, Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let as_of = args.as_of.unwrap_or_else(jiff::Timestamp::now);
    let week = IsoWeek::of(as_of);
    let aliases = aliases(args.skill_aliases.as_deref())?;
    let dataset = Dataset::open(folder)?;
    let storage = match &args.storage {
        Some(url) => Storage::open(url, std::env::vars()).map_err(Failure::usage)?,
        None => Storage::Folder(dataset.storage()),
    };
    storage.check()?;
    let version = dataset.current()?;
    preflight(&version)?;
    let reader = DatasetReader::new(version, Selection { week, user: None });
    let job_side = JobSide::load(&reader, &aliases)?;
    let columns = &job_side.jobs;

    let mut warnings = file.warnings();
    let pinned = runtime.block_on(pin::read(&storage, week, aliases.sha256()))?;
    let model = if let Some(model) = pinned {
        model
    } else {
        let (model, warning) = model_of_now(&runtime, &storage, &job_side, &aliases, as_of)?;
        warnings.push(warning);
        model
    };
    let before = model.weights;
    let after = file.over(before)?;
    let model_id = model.id();
    let before_on_jobs = ModelOnJobs::new(&model, columns);
    let after_on_jobs = ModelOnJobs::new(&ScoringModel { weights: after, ..model }, columns);
    let scorers = [&before_on_jobs, &after_on_jobs]
        .map(|model| Scorer::new(columns, model, week, Processor::best()));

    let jobs = Jobs::of_columns(columns);
    let mut taker = Taker::new(&jobs, before, after, rows);
    let vocabulary = Vocabulary { skills: &columns.skill_names, aliases: &aliases };
    let mut resumes =
        runtime.block_on(ResumeReader::open(&storage, vocabulary, CacheUse::ReadOnly))?;
    let mut faults = Faults::default();
    let mut users_skipped = 0;
    for range in reader.segments(USERS_PER_SEGMENT)? {
        let rows = UserRows::read(&reader, range, columns, false)?;
        let segment = runtime.block_on(rows.check(columns, &mut resumes, &mut faults))?;
        let users = &segment.users;
        let scoreable: Vec<(UserNo, Mode)> = users
            .numbers()
            .filter(|user| users.skip[user.ix()].is_none())
            .map(|user| (user, Mode::Full(FullReason::Asked)))
            .collect();
        users_skipped += users.len() - scoreable.len();
        for some in scoreable.chunks(USERS_AT_ONCE) {
            let [before, after] =
                scorers.each_ref().map(|scorer| scorer.on(users, &segment.stored).scores(some));
            for (((user, _), before), after) in some.iter().zip(before).zip(after) {
                take(&mut taker, columns, users, *user, &before, &after)?;
            }
        }
    }
    if users_skipped > 0 {
        warnings.push(format!(
            "{} users cannot be scored: they have no readable resume or no target role",
            count(users_skipped as u64)
        ));
    }
    let source = DatasetSource {
        dataset: folder.display().to_string(),
        as_of: as_of.to_string(),
        week: week.to_string(),
        model_id,
    };
    taker.finish(Source::Dataset(source), warnings, args.top)
}

/// What the first run of the week would pin now.
fn model_of_now(
    runtime: &Runtime,
    storage: &Storage,
    job_side: &JobSide,
    aliases: &AliasTable,
    as_of: jiff::Timestamp,
) -> Result<(ScoringModel, String), Failure> {
    let week = IsoWeek::of(as_of);
    let (weights, _) = runtime.block_on(weights::read(storage, &job_side.weights))?;
    let benchmarks = job_side.benchmarks.clone();
    let as_of_us = as_of.as_microsecond();
    let hash = aliases.sha256();
    let model = ScoringModel::pin(&job_side.jobs, weights, benchmarks, hash, week, as_of_us);
    let warning = format!(
        "no model is pinned for week {week}: it is counted from the jobs as they are now; --as-of \
         names a time in another week"
    );
    Ok((model, warning))
}

fn take(
    taker: &mut Taker<'_>,
    jobs: &JobColumns,
    users: &UserColumns,
    user: UserNo,
    before: &UserScores,
    after: &UserScores,
) -> Result<(), Failure> {
    let matches = |scores: &UserScores| -> Vec<Match> {
        let kept = scores.kept.iter();
        kept.map(|key| Match { job: jobs.by_rank[key.rank() as usize].0, raw_bp: key.raw_bp() })
            .collect()
    };
    taker.take(&UserLists {
        user_id: &uuid_text(&users.id[user.ix()]),
        k: users.tier[user.ix()].k(),
        before: &matches(before),
        after: &matches(after),
        unseen: None,
    })
}

fn aliases(path: Option<&Path>) -> Result<AliasTable, Failure> {
    let Some(path) = path else { return Ok(AliasTable::built_in()) };
    let csv = fs::read_to_string(path).map_err(|error| Failure::new(Status::Usage, error))?;
    AliasTable::parse(&csv).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}
