//! Scoring and writing, chunk by chunk: some are written while the next is scored.

use super::{plan::Plan, record::Recorder, segments::Segments, stop::Stop, timeline::Work};
use crate::{
    config::RunConfig,
    failure::Failure,
    memory::Memory,
    progress,
    source::{LazySink, Writer},
};
use indicatif::ProgressBar;
use rayon::ThreadPool;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::ScopedJoinHandle,
    time::Instant,
};
use talvix_engine::score::Scorer;
use talvix_exporter::chunk::{Chunk, LeftOut, NightOut, Written};
use talvix_fault_points::point;
use talvix_loader::night::Segment;
use talvix_report::run::Pairs;
use tokio::runtime::Runtime;

/// Scored chunks that may wait for a writer: one keeps them busy, more would only take memory.
const CHUNKS_WAITING: usize = 1;

/// What came of all chunks.
#[derive(Debug, Default)]
pub struct Chunked {
    /// Pairs looked at.
    pub pairs: Pairs,
    /// What was written.
    pub written: Written,
    /// Users whose chunks are committed already; in a dataset all are at the end.
    pub num_committed: u64,
    /// Kept pairs by fit score, 0 to 100.
    pub scores: Vec<u64>,
    /// Users who were scored and had no candidate.
    pub without_candidate: u64,
    /// Users of whom no candidate reached the least score.
    pub below_threshold: u64,
    /// Deciding and scoring: when, and how long it took.
    pub scoring: Work,
    /// What the busiest writer did, most of it while the next chunk was scored.
    pub writing: Work,
}

/// Scores the users of a segment and of all that follow in chunks, and hands each to the first
/// writer that is free. The sink is opened once the first chunk is there. What came of it is added
/// to `done`, also where that was not all.
#[expect(clippy::too_many_arguments, reason = "each is a different thing, used once")]
pub fn score_and_write(
    runtime: &Runtime,
    threads: &ThreadPool,
    config: &RunConfig,
    scorer: &Scorer<'_>,
    first: Option<Segment>,
    segments: &mut Segments<'_>,
    plan: &mut Plan<'_>,
    out: &NightOut<'_>,
    sink: &mut LazySink,
    recorder: Option<&mut Recorder<'_>>,
    stop: &Stop,
    memory: &Memory,
    done: &mut Chunked,
) -> Result<(), Failure> {
    let bar = &progress::bar(config.progress);
    let queue = &Queue::default();
    let is_recorded = recorder.is_some();
    let (sender, receiver) = sync_channel::<Numbered>(CHUNKS_WAITING);
    std::thread::scope(|scope| {
        let scoring = scope.spawn(move || {
            let mut work = Work::default();
            let mut segment = first;
            let mut number = 0;
            while let Some(Segment { users, stored }) = segment {
                let began = Instant::now();
                let (users, stored) = (Arc::new(users), Arc::new(stored));
                let scorer = scorer.on(&users, &stored);
                let decided = threads.install(|| plan.add(&users, scorer));
                work.add(began);
                bar.inc_length(decided.to_score.len() as u64);
                for (to_score, unscored) in decided.chunks(config.chunk_users) {
                    // Only a recorder wants to hear of those who were not scored.
                    if to_score.is_empty() && !is_recorded {
                        continue;
                    }
                    let began = Instant::now();
                    let blocks = threads.install(|| scorer.score(to_score));
                    work.add(began);
                    let chunk = Chunk {
                        users: users.clone(),
                        stored: stored.clone(),
                        blocks,
                        unscored: unscored.to_vec(),
                    };
                    number += 1;
                    point("scored");
                    if sender.send((number, chunk)).is_err() {
                        return Ok(work);
                    }
                }
                stop.check()?;
                segment = segments.next()?;
            }
            Ok::<_, Failure>(work)
        });
        let recording = recorder.map(|recorder| {
            let (sender, receiver) = sync_channel::<(Numbered, LeftOut)>(CHUNKS_WAITING);
            let thread = scope.spawn(move || {
                for ((number, chunk), left) in receiver {
                    recorder.add(number, chunk, left);
                }
            });
            (sender, thread)
        });
        let (record, recording) = recording.unzip();
        let writers = match next_to_write(&receiver, record.as_ref()) {
            Some(first) => {
                let sink = sink.open(runtime, config.connections)?;
                memory.writes();
                queue.begin(first, receiver);
                sink.writers()
            }
            None => Vec::new(),
        };
        // A thread for each writer: comparing and encoding are work, which would hold up what else
        // the runtime drives.
        let writing: Vec<_> = writers
            .into_iter()
            .map(|writer| {
                let record = record.clone();
                scope.spawn(move || write(runtime, writer, queue, record.as_ref(), out, stop, bar))
            })
            .collect();
        drop(record);
        let written: Vec<_> = writing.into_iter().map(joined).collect();
        bar.finish_and_clear();
        let scored = joined(scoring);
        let recorded = recording.map_or(Ok(()), joined);
        done.scores = vec![0; SCORES];
        let mut failures = Vec::new();
        for writer in written {
            match writer {
                Ok((chunked, ended)) => {
                    done.add(chunked);
                    failures.extend(ended.err());
                }
                Err(failure) => failures.push(failure),
            }
        }
        match scored {
            Ok(Ok(work)) => done.scoring = work,
            Ok(Err(failure)) | Err(failure) => failures.push(failure),
        }
        failures.extend(recorded.err());
        // Where something is wrong beside the loss of the database, beginning again does not help.
        failures.sort_by_key(Failure::is_outage);
        failures.into_iter().next().map_or(Ok(()), Err)
    })
}

/// A chunk with its number, the first being 1.
type Numbered = (usize, Chunk);

/// One for each fit score from 0 to 100.
const SCORES: usize = 101;

/// The next chunk in which somebody was scored; the recorder gets those before.
fn next_to_write(
    chunks: &Receiver<Numbered>,
    record: Option<&SyncSender<(Numbered, LeftOut)>>,
) -> Option<Numbered> {
    loop {
        let (number, chunk) = chunks.recv().ok()?;
        if !chunk.blocks.is_empty() {
            return Some((number, chunk));
        }
        if let Some(record) = record {
            // A recorder that is gone has panicked, and whoever joins it says so.
            let _ = record.send(((number, chunk), LeftOut::default()));
        }
    }
}

/// Writes chunks until there are no more, or one fails, or a signal asks to stop.
fn write(
    runtime: &Runtime,
    writer: Writer<'_>,
    queue: &Queue,
    record: Option<&SyncSender<(Numbered, LeftOut)>>,
    out: &NightOut<'_>,
    stop: &Stop,
    bar: &ProgressBar,
) -> (Chunked, Result<(), Failure>) {
    let mut chunked = Chunked { scores: vec![0; SCORES], ..Chunked::default() };
    let ended = write_each(runtime, writer, queue, record, out, stop, bar, &mut chunked);
    (chunked, ended)
}

#[expect(clippy::too_many_arguments, reason = "each is a different thing, used once")]
fn write_each(
    runtime: &Runtime,
    mut writer: Writer<'_>,
    queue: &Queue,
    record: Option<&SyncSender<(Numbered, LeftOut)>>,
    out: &NightOut<'_>,
    stop: &Stop,
    bar: &ProgressBar,
    chunked: &mut Chunked,
) -> Result<(), Failure> {
    let _closed_at_the_end = CloseOnDrop(queue);
    while let Some((number, chunk)) = queue.next(record) {
        tracing::debug!("writing chunk {number}");
        let began = Instant::now();
        let (written, left) = runtime.block_on(writer.write_chunk(out, &chunk))?;
        chunked.written.add(written);
        chunked.writing.add(began);
        chunked.count(&chunk);
        if writer.commits() {
            chunked.num_committed += chunk.scored().count() as u64;
        }
        bar.inc(chunk.scored().count() as u64);
        tracing::debug!("chunk {number} is in");
        if let Some(record) = record {
            let _ = record.send(((number, chunk), left));
        }
        stop.check()?;
    }
    Ok(())
}

impl Chunked {
    /// Counts what came of a chunk.
    fn count(&mut self, chunk: &Chunk) {
        for block in &chunk.blocks {
            self.pairs.prefiltered += block.num_prefiltered;
            self.pairs.scored += block.num_scored;
            for &score in &block.rows.fit_score {
                self.scores[usize::from(score)] += 1;
            }
            for user in block.users.iter().filter(|user| user.rows.is_empty()) {
                match user.num_prefiltered {
                    0 => self.without_candidate += 1,
                    _ => self.below_threshold += 1,
                }
            }
        }
    }

    /// Adds what another writer did beside this one.
    fn add(&mut self, other: Chunked) {
        self.pairs.prefiltered += other.pairs.prefiltered;
        self.pairs.scored += other.pairs.scored;
        self.written.add(other.written);
        self.num_committed += other.num_committed;
        self.without_candidate += other.without_candidate;
        self.below_threshold += other.below_threshold;
        for (sum, number) in self.scores.iter_mut().zip(other.scores) {
            *sum += number;
        }
        self.writing = self.writing.beside(other.writing);
    }
}

/// The chunks that writers share: the first one, and where the others come from.
#[derive(Default)]
struct Queue(Mutex<(Option<Numbered>, Option<Receiver<Numbered>>)>);

impl Queue {
    /// Gives the first chunk, then those that follow.
    fn begin(&self, first: Numbered, others: Receiver<Numbered>) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *queue = (Some(first), Some(others));
    }

    /// The next chunk to write, once it is scored; none after the last.
    fn next(&self, record: Option<&SyncSender<(Numbered, LeftOut)>>) -> Option<Numbered> {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, others) = &mut *queue;
        first.take().or_else(|| next_to_write(others.as_ref()?, record))
    }

    /// Gives no more chunks.
    fn close(&self) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *queue = (None, None);
    }
}

/// A writer that fails, or even panics, must not leave the scorer waiting for one.
struct CloseOnDrop<'a>(&'a Queue);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> Result<T, Failure> {
    thread.join().map_err(|_| {
        Failure::failed(anyhow::anyhow!("a thread panicked; what was committed stays"))
    })
}
