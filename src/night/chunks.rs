//! Scoring and writing, chunk by chunk: some are written while the next is scored.

use super::{plan::Plan, segments::Segments, stop::Stop};
use crate::{
    config::RunConfig,
    failure::Failure,
    progress,
    source::{LazySink, Writer},
};
use indicatif::ProgressBar;
use rayon::ThreadPool;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, sync_channel},
    },
    thread::ScopedJoinHandle,
    time::{Duration, Instant},
};
use talvix_engine::score::Scorer;
use talvix_exporter::chunk::{Chunk, NightOut, Written};
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
    /// How long deciding and scoring took.
    pub score: Duration,
    /// How long the busiest writer wrote, most of it while the next chunk was scored.
    pub write: Duration,
}

/// Scores the users of a segment and of all that follow in chunks, and hands each to the first
/// writer that is free. The sink is opened once the first chunk is there.
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
    stop: &Stop,
) -> Result<Chunked, Failure> {
    let bar = &progress::bar(config.progress);
    let queue = &Queue::default();
    let (sender, receiver) = sync_channel::<Chunk>(CHUNKS_WAITING);
    std::thread::scope(|scope| {
        let scoring = scope.spawn(move || {
            let mut score = Duration::ZERO;
            let mut segment = first;
            while let Some(Segment { users, stored }) = segment {
                let began = Instant::now();
                let users = Arc::new(users);
                let scorer = scorer.on(&users, &stored);
                let to_score = threads.install(|| plan.add(&users, scorer));
                score += began.elapsed();
                bar.inc_length(to_score.len() as u64);
                for to_score in to_score.chunks(config.chunk_users) {
                    let began = Instant::now();
                    let blocks = threads.install(|| scorer.score(to_score));
                    score += began.elapsed();
                    if sender.send(Chunk { users: users.clone(), blocks }).is_err() {
                        return Ok(score);
                    }
                }
                stop.check()?;
                segment = segments.next()?;
            }
            Ok::<_, Failure>(score)
        });
        let writers = match receiver.recv() {
            Ok(first) => {
                let sink = sink.open(runtime, config.connections)?;
                queue.begin(first, receiver);
                sink.writers()
            }
            Err(_) => Vec::new(),
        };
        // A thread for each writer: comparing and encoding are work, which would hold up what else
        // the runtime drives.
        let writing: Vec<_> = writers
            .into_iter()
            .map(|writer| scope.spawn(move || write(runtime, writer, queue, out, stop, bar)))
            .collect();
        let written: Vec<_> = writing.into_iter().map(joined).collect();
        bar.finish_and_clear();
        let mut chunked = Chunked::default();
        let scored = joined(scoring);
        for writer in written {
            let Chunked { pairs, written, write, .. } = writer??;
            chunked.pairs.prefiltered += pairs.prefiltered;
            chunked.pairs.scored += pairs.scored;
            chunked.written.add(written);
            chunked.write = chunked.write.max(write);
        }
        chunked.score = scored??;
        Ok(chunked)
    })
}

/// Writes chunks until there are no more, or one fails, or a signal asks to stop.
fn write(
    runtime: &Runtime,
    mut writer: Writer<'_>,
    queue: &Queue,
    out: &NightOut<'_>,
    stop: &Stop,
    bar: &ProgressBar,
) -> Result<Chunked, Failure> {
    let _closed_at_the_end = CloseOnDrop(queue);
    let mut chunked = Chunked::default();
    while let Some((number, chunk)) = queue.next() {
        tracing::debug!("writing chunk {number}");
        let began = Instant::now();
        chunked.written.add(runtime.block_on(writer.write_chunk(out, &chunk))?);
        chunked.write += began.elapsed();
        for block in &chunk.blocks {
            chunked.pairs.prefiltered += block.num_prefiltered;
            chunked.pairs.scored += block.num_scored;
            bar.inc(block.users.len() as u64);
        }
        tracing::debug!("chunk {number} is in");
        stop.check()?;
    }
    Ok(chunked)
}

/// The chunks that writers share: how many were given, the first one, and where the others come
/// from.
#[derive(Default)]
struct Queue(Mutex<(usize, Option<Chunk>, Option<Receiver<Chunk>>)>);

impl Queue {
    /// Gives the first chunk, then those that follow.
    fn begin(&self, first: Chunk, others: Receiver<Chunk>) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (queue.1, queue.2) = (Some(first), Some(others));
    }

    /// The next chunk with its number, the first being 1, once it is scored; none after the last.
    fn next(&self) -> Option<(usize, Chunk)> {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (number, first, others) = &mut *queue;
        let chunk = first.take().or_else(|| others.as_ref()?.recv().ok())?;
        *number += 1;
        Some((*number, chunk))
    }

    /// Gives no more chunks.
    fn close(&self) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (queue.1, queue.2) = (None, None);
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
