//! The users, segment by segment: each is loaded while the ones before it are scored and written.
//!
//! ```text
//! tables ──rows──> door, resumes ──segment──> score (chunks.rs) ──chunk──> write
//! ```
//!
//! Each stage is a thread, the first one a thread for each connection, that hands over to the next
//! without a queue between them: of users there is never more in memory than one segment for each
//! thread.

use crate::{
    config::RunConfig,
    failure::{Failure, Status},
    memory::ToCome,
};
use anyhow::anyhow;
use rayon::ThreadPool;
use std::{
    sync::mpsc::{Receiver, sync_channel},
    thread::{Scope, ScopedJoinHandle},
    time::{Duration, Instant},
};
use talvix_engine::{
    columns::{JobColumns, SkipReason},
    faults::Faults,
};
use talvix_loader::{
    Error,
    night::{Segment, UserRows},
    reader::{TableReader, UserRange},
    resumes::{CacheReport, CacheUse, NewCache, ResumeReader, Vocabulary},
};
use tokio::runtime::Runtime;

/// What a segment goes through after it was read: door, scoring, writing.
const STAGES: usize = 3;

/// More unreadable resumes than this share of all (in percent), and than this many, mean a broken
/// mount rather than broken resumes: skipping their users one by one would cost all of them a full
/// scan.
const MAX_UNREADABLE_PERCENT: usize = 5;
const MAX_UNREADABLE: usize = 50;

/// The segments of a night, checked and in the order of their users' ids.
pub struct Segments<'a> {
    config: &'a RunConfig,
    resumes: Option<ScopedJoinHandle<'a, (CacheReport, Option<NewCache>)>>,
    receiver: Receiver<Result<(Segment, Faults), Error>>,
    num_left: usize,
    /// How many may be between loading and writing at the same time, the first one left out.
    num_ahead: usize,
    num_users: usize,
    /// An earlier attempt at the night has committed users.
    pub follows_commits: bool,
    num_unreadable: usize,
    /// What was wrong with the users so far.
    pub faults: Faults,
    /// How long the segments were waited for.
    pub waited: Duration,
    /// When they began to load.
    began: Instant,
    /// When the last one came.
    through: Instant,
}

/// Begins to load the segments. Without `with_stored` what is stored for users is left out.
#[expect(clippy::too_many_arguments, reason = "each is a different thing, used once")]
pub fn load<'scope>(
    scope: &'scope Scope<'scope, '_>,
    runtime: &'scope Runtime,
    threads: &'scope ThreadPool,
    config: &'scope RunConfig,
    reader: Box<dyn TableReader>,
    ranges: &[UserRange],
    jobs: &'scope JobColumns,
    with_stored: bool,
) -> Segments<'scope> {
    // Whoever finds nobody at the other end has nothing to do any more: no stage can leave
    // another one waiting.
    let num_left = ranges.len();
    let readers = reader.split();
    let num_readers = readers.len();
    let mut receivers = Vec::new();
    for (number, reader) in readers.into_iter().enumerate() {
        let (send_rows, rows) = sync_channel::<Result<UserRows, Error>>(0);
        receivers.push(rows);
        let ranges: Vec<UserRange> =
            ranges.iter().copied().skip(number).step_by(num_readers).collect();
        scope.spawn(move || {
            for range in ranges {
                let read = UserRows::read(&*reader, range, jobs, with_stored);
                let failed = read.is_err();
                if send_rows.send(read).is_err() || failed {
                    return;
                }
            }
            if let Err(error) = reader.close() {
                // All rows are there: nothing is lost.
                tracing::debug!("{error}");
            }
        });
    }
    let (send_segment, receiver) = sync_channel(0);
    let resumes = scope.spawn(move || {
        let vocabulary = Vocabulary { skills: &jobs.skill_names, aliases: &config.aliases };
        let opening = ResumeReader::open(&config.storage, vocabulary, cache_use(config));
        let mut resumes = match runtime.block_on(opening) {
            Ok(resumes) => resumes,
            Err(error) => {
                // Who asks for a segment hears of it.
                let _ = send_segment.send(Err(error));
                return (CacheReport::default(), None);
            }
        };
        // The readers take turns, so that segments come in the order of their users' ids.
        for rows in receivers.iter().cycle().map_while(|receiver| receiver.recv().ok()) {
            let checked = rows.and_then(|rows| {
                let mut faults = Faults::default();
                let segment = threads
                    .install(|| runtime.block_on(rows.check(jobs, &mut resumes, &mut faults)))?;
                Ok((segment, faults))
            });
            let failed = checked.is_err();
            if send_segment.send(checked).is_err() || failed {
                return (CacheReport::default(), None);
            }
        }
        resumes.finish()
    });
    Segments {
        config,
        receiver,
        resumes: Some(resumes),
        num_left,
        num_ahead: (num_readers + STAGES).min(num_left).saturating_sub(1),
        num_users: 0,
        follows_commits: false,
        num_unreadable: 0,
        faults: Faults::default(),
        waited: Duration::ZERO,
        began: Instant::now(),
        through: Instant::now(),
    }
}

impl Segments<'_> {
    /// From when to when they loaded, so far.
    pub fn between(&self) -> (Instant, Instant) {
        (self.began, self.through)
    }

    /// What more than the first segment may be in memory at the same time.
    pub fn to_come(&self, first: Option<&Segment>) -> ToCome {
        let Some(users) = first.map(|first| &first.users) else {
            return ToCome { num_users: 0, num_rows: 0 };
        };
        let num_users = self.num_ahead * users.len();
        // Chunks are scored, wait, are written, and are recorded.
        let num_recorded = usize::from(self.config.publishes_to().is_some());
        let in_flight = (self.config.connections + 2 + num_recorded) * self.config.chunk_users;
        let in_flight = in_flight.min(num_users + users.len());
        let rows: usize = users.tier.iter().map(|tier| tier.k()).sum();
        ToCome { num_users, num_rows: (rows * in_flight).div_ceil(users.len().max(1)) }
    }

    /// Where what resumes say came from, and what to keep of it, once all segments are through.
    pub fn resumes(&mut self) -> (CacheReport, Option<NewCache>) {
        // A panic there has failed the run: the segment that it was at never came.
        self.resumes.take().and_then(|resumes| resumes.join().ok()).unwrap_or_default()
    }

    /// Waits for the next segment; none when all are through.
    ///
    /// What makes a run refuse to begin ends it likewise when only a later segment shows it.
    pub fn next(&mut self) -> Result<Option<Segment>, Failure> {
        if self.num_left == 0 {
            return Ok(None);
        }
        self.num_left -= 1;
        let is_first = self.num_users == 0;
        let began = Instant::now();
        let received = self.receiver.recv();
        self.through = Instant::now();
        self.waited += self.through - began;
        let loaded = received
            .map_err(|_| Failure::failed(anyhow!("loading users ended before the last of them")))?;
        let (segment, faults) = match loaded {
            Ok(loaded) => loaded,
            Err(error) if is_first => return Err(error.into()),
            Err(error) => {
                return Err(Failure::from(error)
                    .with_status(Status::Failed)
                    .context("loading more users (what was committed stays)"));
            }
        };
        self.faults.merge(faults);
        let users = &segment.users;
        if let Some(user) = self.config.user
            && users.is_empty()
        {
            return Err(Failure::usage(format!("there is no user {user}")));
        }
        let unreadable = Some(SkipReason::ResumeUnreadable);
        self.num_users += users.len();
        self.num_unreadable += users.skip.iter().filter(|skip| **skip == unreadable).count();
        if self.num_unreadable > MAX_UNREADABLE
            && self.num_unreadable * 100 > self.num_users * MAX_UNREADABLE_PERCENT
        {
            let kept = if is_first && !self.follows_commits {
                "Nothing was written"
            } else {
                "What was committed stays"
            };
            return Err(Failure::failed(anyhow!(
                "{} of {} resumes cannot be read: is {:?} what it should be? {kept} ({})",
                self.num_unreadable,
                self.num_users,
                self.config.storage,
                worst(&self.faults),
            )));
        }
        Ok(Some(segment))
    }
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

/// The most frequent fault of resumes, for a message.
fn worst(faults: &Faults) -> String {
    let resumes = faults.iter().filter(|(kind, _)| kind.starts_with("resume_"));
    resumes.max_by_key(|(_, fault)| fault.count).map_or_else(String::new, |(kind, fault)| {
        format!("{kind}: {}, such as {}", fault.count, fault.examples.join(", "))
    })
}
