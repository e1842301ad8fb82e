//! One attempt at a night: lock, load, pin, decide, score, write, finish, publish.

use super::{
    Ended, Night,
    chunks::{self, Chunked},
    plan::Plan,
    publishing::{FAILED, Publishing, STAGED},
    record::Recorder,
    segments,
    timeline::Timeline,
};
use crate::{
    config::{ModeChoice, RunConfig},
    failure::{Failure, Status},
    source::{LazySink, Opened},
};
use std::{sync::LazyLock, time::Instant};
use talvix_engine::{
    columns::JobColumns,
    mode::ModeRules,
    model::{ModelOnJobs, ScoringModel},
    score::Scorer,
    week::IsoWeek,
};
use talvix_exporter::chunk::{Finish, NightOut, Written};
use talvix_fault_points::point;
use talvix_loader::{
    night::JobSide,
    pin,
    reader::{Selection, TableReader, UserRange},
    weights,
};
use talvix_report::{
    Report,
    run::{Jobs, Outcome, Pairs, Resumes, Rows},
};
use tokio::runtime::Runtime;

/// Chunks of users that are loaded together: enough that asking for them costs little beside the
/// rows, few enough that memory does not grow with users.
const CHUNKS_PER_SEGMENT: usize = 4;

impl Night<'_> {
    /// Does what is not done yet. What an attempt before this one committed is found unchanged.
    pub(super) fn attempt(&mut self) -> Result<Ended, Failure> {
        let Night { config, runtime, threads, stop, memory, began, run_id, week, timeline, before } =
            self;
        let (config, runtime, threads, stop) = (*config, &*runtime, &*threads, &*stop);
        let (memory, began, run_id, week) = (&*memory, *began, *run_id, *week);

        let source = Opened::open(runtime, config, run_id, before.is_again())?;
        config.storage.check()?;
        let mut report = Report {
            run_id: run_id.to_string(),
            as_of: config.as_of.to_string(),
            week: week.to_string(),
            dry_run: config.dry_run,
            warnings: source.warnings(),
            ..Report::default()
        };
        let publishing = Publishing::open(runtime, config, &source)?.map(|(publishing, notes)| {
            report.warnings.extend(notes);
            publishing
        });

        tracing::info!("loading");
        let selection = Selection { week, user: config.user.map(uuid::Uuid::into_bytes) };
        let reader = source.reader(config.connections, selection)?;
        let (job_side, ranges) = load_jobs(&*reader, config)?;
        point("loaded");
        stop.check()?;
        let (weights, note) =
            runtime.block_on(weights::read(&config.storage, &job_side.weights))?;
        report.warnings.extend(note);
        report.seconds.load = timeline.end("load jobs", began);

        let jobs = &job_side.jobs;
        // A model that this run pinned in an earlier attempt is the week's.
        let pinned = pinned_model(runtime, config, week, before.has_pinned)?;
        let is_owed = publishing.as_ref().is_some_and(|publishing| publishing.is_owed);
        let full_asked = config.mode == ModeChoice::Full || is_owed;
        let all_full = pinned.is_none() || full_asked;
        let (sink, unpublished) = std::thread::scope(|scope| {
            let with_stored = !all_full;
            let mut segments =
                segments::load(scope, runtime, threads, config, reader, &ranges, jobs, with_stored);
            segments.follows_commits = before.num_users > 0;
            let pinning = Instant::now();
            let pinned_now = pinned.is_none();
            let model = pinned.unwrap_or_else(|| pin_model(config, &job_side, weights, week));
            report.model_id = model.id();
            report.seconds.pin = timeline.end("pin model", pinning);

            let applying = Instant::now();
            let on_jobs = ModelOnJobs::new(&model, jobs);
            let applied = applying.elapsed();
            let scorer = Scorer::new(jobs, &on_jobs, week, config.processor);
            let scorer = if publishing.is_some() { scorer.timed_by(nanoseconds) } else { scorer };
            tracing::debug!("the model is applied to the jobs");

            // Whatever is wrong with the first users comes out before anything is written.
            let first = segments.next()?;
            stop.check()?;
            memory.check(segments.to_come(first.as_ref()))?;
            if pinned_now && !config.dry_run {
                memory.writes();
                let pinning = Instant::now();
                tracing::info!("pinning the model of {week}");
                // A model that cannot be kept makes the storage unfit.
                runtime.block_on(pin::write(&config.storage, &model)).map_err(|error| {
                    Failure::new(Status::Unfit, error).context("pinning the model")
                })?;
                before.has_pinned = true;
                point("pinned");
                report.seconds.pin += timeline.end("store model", pinning);
            }

            let rules = ModeRules {
                as_of_us: config.as_of.as_microsecond(),
                pinned_at_us: model.pinned_at_us,
                pinned_now,
                full_asked,
                scrape_runs: &job_side.scrape_runs,
            };
            let num_new_jobs = jobs.is_new.iter().filter(|is_new| **is_new).count();
            report.jobs = Jobs { scoreable: jobs.len(), new: num_new_jobs };
            // What an attempt before this one committed belongs to this night's report and snapshot.
            let is_idle = num_new_jobs == 0
                && job_side.scrape_runs.waiting().next().is_none()
                && before.num_users == 0;
            let mut plan = Plan::new(config.mode, rules, is_idle);
            let out = NightOut {
                run_id,
                as_of: config.as_of,
                week,
                jobs,
                scrape_run_id: job_side.scrape_runs.newest_completed().map(|run| run.id),
            };
            let mut sink = LazySink::new(source);
            let mut recorder = publishing.as_ref().map(|publishing| {
                Recorder::begin(publishing, config, run_id, &report.model_id, jobs, &on_jobs)
            });
            tracing::info!("scoring");
            let mut chunked = Chunked::default();
            let scored = chunks::score_and_write(
                runtime,
                threads,
                config,
                &scorer,
                first,
                &mut segments,
                &mut plan,
                &out,
                &mut sink,
                recorder.as_mut(),
                stop,
                memory,
                &mut chunked,
            );
            let is_over = scored.is_err() || plan.is_nothing_to_do();
            if let Some(recorder) = recorder.take_if(|_| is_over) {
                recorder.discard(runtime);
            }
            let committed = (chunked.num_committed, chunked.written.rows);
            if let Err(failure) = scored {
                before.add(committed);
                return Err(failure);
            }
            point("chunks-in");
            let (from, to) = segments.between();
            timeline.add("load users", from, to, to - from);
            let mut faults = job_side.faults.clone();
            let (resumes, new_cache) = segments.resumes();
            report.resumes = Resumes { read: resumes.read, from_cache: resumes.from_cache };
            report.warnings.extend(resumes.warning);
            faults.merge(segments.faults);
            set_faults(&mut report, &faults);
            report.users = plan.users.clone();
            report.warnings.extend(plan.warnings());
            report.seconds.load += segments.waited.as_secs_f64();
            report.seconds.score = (applied + chunked.scoring.busy).as_secs_f64();
            report.seconds.write = chunked.writing.busy.as_secs_f64();
            set_chunked(&mut report, timeline, chunked);
            before.add_to(&mut report);
            if plan.is_nothing_to_do() {
                report.outcome = Outcome::NothingToDo;
                return Ok::<_, Failure>((sink, None));
            }

            let finishing = Instant::now();
            if let Some(cache) = new_cache {
                report.warnings.extend(runtime.block_on(cache.publish(&config.storage)).err());
                timeline.end("cache resumes", finishing);
            }
            let staging = Instant::now();
            let staged = recorder.map(|recorder| {
                tracing::info!("staging the snapshot");
                timeline.work("encode snapshot", recorder.work);
                report.seconds.total = timeline.elapsed().as_secs_f64();
                report.peak_rss_bytes = super::peak_rss_bytes();
                report.timeline = timeline.spans();
                let staged = recorder.stage(runtime, &report, timeline.started_at, week);
                point("staged");
                report.seconds.publish = timeline.end("stage snapshot", staging);
                staged
            });
            let finish = config.user.is_none().then(|| {
                let mark =
                    staged.as_ref().map(|staged| if staged.is_ok() { STAGED } else { FAILED });
                finish(&job_side, plan.due_in_full, &report, mark, began)
            });
            tracing::info!("finishing");
            let finishing = Instant::now();
            if let Err(failure) = sink.finish(runtime, &out, finish.as_ref()) {
                before.add(committed);
                return Err(failure);
            }
            point("finished");
            report.seconds.write += timeline.end("finish", finishing);

            let (Some(publishing), Some(staged)) = (&publishing, staged) else {
                return Ok((sink, None));
            };
            tracing::info!("publishing");
            let publishing_began = Instant::now();
            let published = match staged {
                Ok(staged) => publishing.publish(&staged).map_err(|error| {
                    Failure::failed(error).context(
                        "the scores are in, their snapshot could not be published: run again, \
                         which publishes it",
                    )
                }),
                Err(error) => Err(Failure::failed(error).context(
                    "the scores are in, their snapshot could not be staged: run again, which \
                     scores everyone to have one",
                )),
            };
            report.seconds.publish += timeline.end("publish", publishing_began);
            let unpublished = published.map(|place| report.snapshot = Some(place)).err();
            Ok((sink, unpublished))
        })?;
        report.timeline = timeline.spans();
        report.seconds.total = timeline.elapsed().as_secs_f64();
        report.peak_rss_bytes = super::peak_rss_bytes();
        Ok(Ended { report, unpublished, held: sink })
    }
}

/// The clock that users are timed by.
fn nanoseconds() -> u64 {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(BEGAN.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Reads everything but the users, and how those fall into segments.
fn load_jobs(
    reader: &dyn TableReader,
    config: &RunConfig,
) -> Result<(JobSide, Vec<UserRange>), Failure> {
    let num_users = config.chunk_users.saturating_mul(CHUNKS_PER_SEGMENT);
    std::thread::scope(|scope| {
        let job_side = scope.spawn(|| JobSide::load(reader, &config.aliases));
        let ranges = reader.segments(num_users);
        let job_side =
            job_side.join().map_err(|_| Failure::failed(anyhow::anyhow!("loading panicked")))?;
        Ok((job_side?, ranges?))
    })
}

/// The week's model, where an earlier run pinned one that is to be used.
fn pinned_model(
    runtime: &Runtime,
    config: &RunConfig,
    week: IsoWeek,
    has_pinned: bool,
) -> Result<Option<ScoringModel>, Failure> {
    if config.repin && !has_pinned {
        return Ok(None);
    }
    Ok(runtime.block_on(pin::read(&config.storage, week, config.aliases.sha256()))?)
}

fn pin_model(
    config: &RunConfig,
    job_side: &JobSide,
    weights: talvix_engine::model::Weights,
    week: IsoWeek,
) -> ScoringModel {
    let as_of_us = config.as_of.as_microsecond();
    let hash = config.aliases.sha256();
    let benchmarks = job_side.benchmarks.clone();
    ScoringModel::pin(&job_side.jobs, weights, benchmarks, hash, week, as_of_us)
}

/// What ends the night.
fn finish(
    job_side: &JobSide,
    skipped: Vec<talvix_engine::ids::Uuid>,
    report: &Report,
    snapshot: Option<&'static str>,
    began: Instant,
) -> Finish {
    let jobs: &JobColumns = &job_side.jobs;
    Finish {
        new_jobs: jobs.numbers().filter(|job| jobs.is_new[job.ix()]).collect(),
        scrape_runs: job_side.scrape_runs.waiting().map(|run| run.id).collect(),
        skipped,
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
            "snapshot": snapshot,
        }),
    }
}

/// Adds what came of all chunks.
fn set_chunked(report: &mut Report, timeline: &mut Timeline, chunked: Chunked) {
    timeline.work("score", chunked.scoring);
    timeline.work("write", chunked.writing);
    let scores = chunked.scores.iter().enumerate().filter(|(_, number)| **number > 0);
    report.scores = scores.map(|(score, number)| (format!("{score:03}"), *number)).collect();
    report.users.without_candidate = chunked.without_candidate;
    report.users.below_threshold = chunked.below_threshold;
    report.pairs = chunked.pairs;
    let Written { rows, users_deleted, users_reset, users_changed, pairs_deleted } =
        chunked.written;
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

/// Adds what was wrong with the input.
fn set_faults(report: &mut Report, faults: &talvix_engine::faults::Faults) {
    for (kind, fault) in faults.iter() {
        report.input_faults.insert(kind.to_owned(), fault.count);
        report.input_fault_examples.insert(kind.to_owned(), fault.examples.clone());
    }
}
