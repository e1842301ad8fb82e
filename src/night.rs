//! The nightly run: attempts at it, as often as the database is lost and comes back.
//!
//! - `attempt`: one of them, from the lock to the published snapshot
//! - `segments`, `plan`, `chunks`: users as they are loaded, decided on, scored and written
//! - `record`, `publishing`: the snapshot, beside the writing and after it
//! - `before`: what earlier attempts did
//! - `stop`: signals; `timeline`: what took how long

mod attempt;
mod before;
mod chunks;
mod plan;
mod publishing;
mod record;
mod segments;
mod stop;
mod timeline;

use crate::{
    config::RunConfig,
    failure::{Failure, Status},
    memory::Memory,
    source::LazySink,
};
use before::Before;
use rayon::ThreadPool;
use std::time::{Duration, Instant};
use stop::Stop;
use talvix_engine::week::IsoWeek;
use talvix_report::Report;
use timeline::Timeline;
use tokio::runtime::Runtime;

/// How often a night begins again before it is given up: a server that is lost that often has to be
/// looked at.
const MAX_ATTEMPTS: u32 = 10;

/// Between two attempts while the database is away.
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(1);

/// How a night ended: what is committed, and maybe that its snapshot could not be published.
#[derive(Debug)]
pub struct Ended {
    /// What the run did.
    pub report: Report,
    /// Why the snapshot is not published, though everything else is done.
    pub unpublished: Option<Failure>,
    /// Holds the lock until the report is out.
    pub held: LazySink,
}

/// What all attempts at a night share.
struct Night<'a> {
    config: &'a RunConfig,
    runtime: Runtime,
    threads: ThreadPool,
    stop: Stop,
    memory: Memory,
    began: Instant,
    run_id: uuid::Uuid,
    week: IsoWeek,
    timeline: Timeline,
    /// What earlier attempts did.
    before: Before,
}

/// Runs a night.
pub fn run(config: &RunConfig) -> Result<Ended, Failure> {
    let mut night = Night::begin(config)?;
    let mut lost_since = None;
    for attempt in 1.. {
        let failure = match night.attempt() {
            Ok(ended) => return Ok(ended),
            Err(failure) => failure,
        };
        if !failure.is_outage() {
            return Err(night.told(failure));
        }
        if night.before.has_moved() {
            lost_since = None;
        }
        let since: Instant = *lost_since.get_or_insert_with(Instant::now);
        let given_up = if since.elapsed() >= config.reconnect_for {
            let seconds = config.reconnect_for.as_secs();
            Some(format!(
                "the database was lost and could not be worked with again for {seconds} s \
                 (reconnect_for)"
            ))
        } else if attempt == MAX_ATTEMPTS {
            Some(format!("the database was lost {MAX_ATTEMPTS} times"))
        } else {
            None
        };
        if let Some(given_up) = given_up {
            return Err(night.told(failure.with_status(Status::Failed).context(given_up)));
        }
        tracing::warn!("{failure}; the night begins again");
        std::thread::sleep(BETWEEN_ATTEMPTS);
        night.stop.check()?;
        night.before.begins_again();
    }
    unreachable!("attempts are counted")
}

impl<'a> Night<'a> {
    fn begin(config: &'a RunConfig) -> Result<Self, Failure> {
        let began = Instant::now();
        let timeline = Timeline::begin();
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
        let memory = Memory::watch(config.memory_limit_bytes);
        let run_id = uuid::Uuid::now_v7();
        let week = IsoWeek::of(config.as_of);
        tracing::info!("run {run_id} of week {week} at {}", config.as_of);
        let before = Before::default();
        Ok(Night { config, runtime, threads, stop, memory, began, run_id, week, timeline, before })
    }

    /// Adds to a failure what is committed all the same. What refuses a run that begins is no
    /// refusal any more after an attempt that wrote: that run has failed.
    fn told(&self, failure: Failure) -> Failure {
        let refuses = matches!(failure.status(), Status::Locked | Status::Unfit);
        let failure = if refuses && self.before.has_written() {
            failure.with_status(Status::Failed)
        } else {
            failure
        };
        match self.before.num_users {
            0 => failure,
            users => failure
                .context(format!("{users} users are committed, and the next run does the rest")),
        }
    }
}

/// The most memory that the process has held.
fn peak_rss_bytes() -> u64 {
    use nix::sys::resource::{UsageWho, getrusage};
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return 0 };
    // Kilobytes on Linux, bytes on macOS.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1_024 };
    u64::try_from(usage.max_rss()).unwrap_or(0) * unit
}
