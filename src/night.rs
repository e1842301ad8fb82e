//! The nightly run: lock, load, pin, decide, score, write, finish.

mod chunks;
mod stop;

use crate::{
    config::{ModeChoice, RunConfig},
    failure::{Failure, Status},
    report::{Jobs, Outcome, Pairs, Report, Resumes, Rows, Users, peak_rss_bytes},
    source::Opened,
};
use anyhow::anyhow;
use std::time::Instant;
use stop::Stop;
use talvix_engine::{
    columns::SkipReason,
    faults::Faults,
    ids::UserNo,
    mode::{Mode, ModeRules},
    model::{ModelOnJobs, ScoringModel},
    pair::Inputs,
    score::Scorer,
    week::IsoWeek,
};
use talvix_exporter::chunk::{Finish, NightOut, Written};
use talvix_loader::{
    night::Night, pin, postgres::Selection, resumes::CacheUse, storage::Storage, tables::RawTables,
    weights,
};
use tokio::runtime::Runtime;

/// More unreadable resumes than this share of all (in percent), and than this many, mean a broken
/// mount rather than broken resumes: skipping their users one by one would cost all of them a full
/// scan.
const MAX_UNREADABLE_PERCENT: usize = 5;
const MAX_UNREADABLE: usize = 50;

/// Runs a night.
pub fn run(config: &RunConfig) -> Result<Report, Failure> {
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::failed)?;
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(config.threads)
        .build()
        .map_err(Failure::failed)?;
    let stop = Stop::on_signals(&runtime)?;
    let run_id = uuid::Uuid::now_v7();
    let week = IsoWeek::of(config.as_of);
    tracing::info!("run {run_id} of week {week} at {}", config.as_of);

    let source = Opened::open(&runtime, config, run_id)?;
    config.storage.check()?;
    let mut report = Report {
        run_id: run_id.to_string(),
        as_of: config.as_of.to_string(),
        week: week.to_string(),
        dry_run: config.dry_run,
        warnings: source.warnings(),
        ..Report::default()
    };

    tracing::info!("loading");
    let user = config.user.map(uuid::Uuid::into_bytes);
    let selection = Selection { week, user };
    let (night, model, pinned_now) = threads.install(|| {
        let tables = source.load(&runtime, config.connections, selection)?;
        stop.check()?;
        let (weights, note) = runtime.block_on(weights::read(&config.storage, &tables))?;
        report.warnings.extend(note);
        let night = load(&runtime, config, tables)?;
        report.seconds.load = began.elapsed().as_secs_f64();
        stop.check()?;

        let pinning = Instant::now();
        let (model, pinned_now) = model(&runtime, config, &night, weights, week)?;
        report.seconds.pin = pinning.elapsed().as_secs_f64();
        Ok::<_, Failure>((night, model, pinned_now))
    })?;
    report.model_id = model.id();
    report.set_faults(&night.faults);
    report.resumes = Resumes { read: night.resumes.read, from_cache: night.resumes.from_cache };
    report.warnings.extend(night.resumes.warning.clone());

    let scoring = Instant::now();
    let on_jobs = ModelOnJobs::new(&model, &night.jobs);
    let inputs = Inputs { jobs: &night.jobs, users: &night.users, model: &on_jobs };
    let scorer = threads.install(|| Scorer::new(inputs, &night.stored, week));
    let rules = ModeRules {
        as_of_us: config.as_of.as_microsecond(),
        pinned_at_us: model.pinned_at_us,
        pinned_now,
        full_asked: config.mode == ModeChoice::Full,
        scrape_runs: &night.scrape_runs,
        explainer: scorer.explainer(),
    };
    let plan = threads.install(|| Plan::new(config.mode, &night, &scorer, &rules));
    report.jobs = Jobs { scoreable: night.jobs.len(), new: plan.num_new_jobs };
    report.users = plan.users();
    report.warnings.extend(plan.warnings());
    let done = |mut report: Report| {
        report.seconds.total = began.elapsed().as_secs_f64();
        report.peak_rss_bytes = peak_rss_bytes();
        report
    };
    if plan.is_nothing_to_do() {
        report.outcome = Outcome::NothingToDo;
        return Ok(done(report));
    }

    let indexing = scoring.elapsed();
    let out = NightOut {
        run_id,
        as_of: config.as_of,
        week,
        jobs: &night.jobs,
        users: &night.users,
        scrape_run_id: night.scrape_runs.newest_completed().map(|run| run.id),
    };
    tracing::info!("scoring {} users", plan.to_score.len());
    let mut sink = source.into_sink(&runtime)?;
    let chunked = chunks::score_and_write(
        &runtime,
        &threads,
        config,
        &scorer,
        &plan.to_score,
        &out,
        &mut sink,
        &stop,
    )?;
    report.seconds.score = (indexing + chunked.score).as_secs_f64();
    report.pairs = chunked.pairs;
    set_written(&mut report, chunked.written);

    let finishing = Instant::now();
    let finish = config.user.is_none().then(|| plan.finish(&night, &report, began));
    tracing::info!("finishing");
    runtime.block_on(sink.finish(&out, finish.as_ref()))?;
    report.seconds.write = (chunked.write + finishing.elapsed()).as_secs_f64();
    Ok(done(report))
}

/// Checks what was read, and reads the resumes.
fn load(runtime: &Runtime, config: &RunConfig, tables: RawTables) -> Result<Night, Failure> {
    let night = runtime.block_on(Night::new(
        tables,
        &config.storage,
        &config.aliases,
        cache_use(config),
    ))?;
    if let Some(user) = config.user
        && night.users.is_empty()
    {
        return Err(Failure::usage(format!("there is no user {user}")));
    }
    let unreadable = unreadable(&night);
    if unreadable > MAX_UNREADABLE && unreadable * 100 > night.users.len() * MAX_UNREADABLE_PERCENT
    {
        return Err(Failure::failed(anyhow!(
            "{unreadable} of {} resumes cannot be read: is {:?} what it should be? Nothing was \
             written ({})",
            night.users.len(),
            config.storage,
            worst(&night.faults),
        )));
    }
    Ok(night)
}

/// A run for one user would find most of the cache of no use; a dry run writes nothing.
fn cache_use(config: &RunConfig) -> CacheUse {
    match config.resume_cache {
        _ if config.user.is_some() => CacheUse::Off,
        false => CacheUse::Off,
        true if config.dry_run => CacheUse::ReadOnly,
        true => CacheUse::ReadWrite,
    }
}

fn unreadable(night: &Night) -> usize {
    let unreadable = Some(SkipReason::ResumeUnreadable);
    night.users.skip.iter().filter(|skip| **skip == unreadable).count()
}

/// The most frequent fault of resumes, for a message.
fn worst(faults: &Faults) -> String {
    let resumes = faults.iter().filter(|(kind, _)| kind.starts_with("resume_"));
    resumes.max_by_key(|(_, fault)| fault.count).map_or_else(String::new, |(kind, fault)| {
        format!("{kind}: {}, such as {}", fault.count, fault.examples.join(", "))
    })
}

/// The week's model: pinned by an earlier run, or by this one.
fn model(
    runtime: &Runtime,
    config: &RunConfig,
    night: &Night,
    weights: talvix_engine::model::Weights,
    week: IsoWeek,
) -> Result<(ScoringModel, bool), Failure> {
    let storage: &Storage = &config.storage;
    let hash = config.aliases.sha256();
    if !config.repin
        && let Some(model) = runtime.block_on(pin::read(storage, week, hash))?
    {
        return Ok((model, false));
    }
    let benchmarks = night.benchmarks.clone();
    let as_of_us = config.as_of.as_microsecond();
    let model = ScoringModel::pin(&night.jobs, weights, benchmarks, hash, week, as_of_us);
    if !config.dry_run {
        tracing::info!("pinning the model of {week}");
        // Nothing was written so far: a model that cannot be kept makes the storage unfit.
        runtime
            .block_on(pin::write(storage, &model))
            .map_err(|error| Failure::new(Status::Unfit, error).context("pinning the model"))?;
    }
    Ok((model, true))
}

/// Who is scored with what.
struct Plan {
    to_score: Vec<(UserNo, Mode)>,
    skipped: Vec<(UserNo, SkipReason)>,
    left_out: Vec<UserNo>,
    num_left_alone: usize,
    num_new_jobs: usize,
    /// No scrape run waits and no job is new.
    is_idle: bool,
}

impl Plan {
    fn new(choice: ModeChoice, night: &Night, scorer: &Scorer<'_>, rules: &ModeRules<'_>) -> Self {
        let num_new_jobs = night.jobs.is_new.iter().filter(|is_new| **is_new).count();
        let mut plan = Plan {
            to_score: Vec::new(),
            skipped: Vec::new(),
            left_out: Vec::new(),
            num_left_alone: 0,
            num_new_jobs,
            is_idle: num_new_jobs == 0 && night.scrape_runs.waiting().next().is_none(),
        };
        let mut scoreable = Vec::new();
        for user in night.users.numbers() {
            match night.users.skip[user.ix()] {
                Some(reason) => plan.skipped.push((user, reason)),
                None => scoreable.push(user),
            }
        }
        for (user, mode) in scoreable.iter().copied().zip(scorer.modes(rules, &scoreable)) {
            match mode {
                Mode::Full(_) if choice == ModeChoice::Delta => plan.left_out.push(user),
                Mode::Delta if plan.is_idle => plan.num_left_alone += 1,
                mode => plan.to_score.push((user, mode)),
            }
        }
        plan
    }

    fn is_nothing_to_do(&self) -> bool {
        self.is_idle && self.to_score.is_empty()
    }

    fn users(&self) -> Users {
        let mut users = Users {
            scored: self.to_score.len(),
            left_alone: self.num_left_alone,
            left_out: self.left_out.len(),
            ..Users::default()
        };
        for (_, mode) in &self.to_score {
            match mode {
                Mode::Delta => users.delta += 1,
                Mode::Full(reason) => {
                    users.full += 1;
                    *users.full_reasons.entry(reason.name()).or_default() += 1;
                }
            }
        }
        for (_, reason) in &self.skipped {
            *users.skipped.entry(reason.name()).or_default() += 1;
        }
        users
    }

    fn warnings(&self) -> Vec<String> {
        use talvix_engine::mode::FullReason::ScoredLater;
        let later = self.to_score.iter().filter(|(_, mode)| *mode == Mode::Full(ScoredLater));
        match later.count() {
            0 => Vec::new(),
            number => vec![format!(
                "{number} users were scored at a time after this run's: is the clock right?"
            )],
        }
    }

    /// What ends the night. Who was skipped or left out has not seen tonight's new jobs, and gets a
    /// full scan next.
    fn finish(&self, night: &Night, report: &Report, began: Instant) -> Finish {
        let jobs = &night.jobs;
        let skipped = self.skipped.iter().map(|(user, _)| *user);
        Finish {
            new_jobs: jobs.numbers().filter(|job| jobs.is_new[job.ix()]).collect(),
            scrape_runs: night.scrape_runs.waiting().map(|run| run.id).collect(),
            skipped: skipped.chain(self.left_out.iter().copied()).collect(),
            duration_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
            records_processed: report.rows.kept,
            metadata: serde_json::json!({
                "run_id": report.run_id,
                "as_of": report.as_of,
                "week": report.week,
                "model_id": report.model_id,
                "jobs": report.jobs,
                "users": report.users,
                "pairs": report.pairs,
                "rows": report.rows,
            }),
        }
    }
}

fn set_written(report: &mut Report, written: Written) {
    let Written { rows, users_deleted, users_reset, users_changed, pairs_deleted } = written;
    report.rows = Rows {
        kept: rows.kept,
        inserted: rows.inserted,
        updated: rows.updated,
        deleted: rows.deleted,
        unchanged: rows.unchanged,
    };
    report.users.deleted_meanwhile = users_deleted;
    report.users.reset_meanwhile = users_reset;
    report.users.changed_meanwhile = users_changed;
    report.pairs = Pairs { deleted_meanwhile: pairs_deleted, ..report.pairs.clone() };
}
