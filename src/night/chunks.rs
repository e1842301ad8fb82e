//! Scoring and writing, chunk by chunk: one is written while the next is scored.

use super::{plan::Plan, segments::Segments, stop::Stop};
use crate::{config::RunConfig, failure::Failure, progress, report::Pairs, source::LazySink};
use rayon::ThreadPool;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use talvix_engine::score::Scorer;
use talvix_exporter::chunk::{Chunk, NightOut, Written};
use talvix_loader::night::Segment;
use tokio::{runtime::Runtime, sync::mpsc};

/// Scored chunks that may wait for the writer: one keeps it busy, more would only take memory.
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
    /// How long writing took, most of it while the next chunk was scored.
    pub write: Duration,
}

/// Scores the users of a segment and of all that follow in chunks, and hands each to the sink.
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
    let bar = progress::bar(config.progress);
    let (sender, mut receiver) = mpsc::channel::<Chunk>(CHUNKS_WAITING);
    std::thread::scope(|scope| {
        let bar = &bar;
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
                    if sender.blocking_send(Chunk { users: users.clone(), blocks }).is_err() {
                        return Ok(score);
                    }
                }
                stop.check()?;
                segment = segments.next()?;
            }
            Ok::<_, Failure>(score)
        });
        let mut chunked = Chunked::default();
        let written = runtime.block_on(async {
            let mut number = 0;
            while let Some(chunk) = receiver.recv().await {
                number += 1;
                tracing::debug!("writing chunk {number}");
                let began = Instant::now();
                chunked.written.add(sink.get().await?.write_chunk(out, &chunk).await?);
                chunked.write += began.elapsed();
                for block in &chunk.blocks {
                    chunked.pairs.prefiltered += block.num_prefiltered;
                    chunked.pairs.scored += block.num_scored;
                    bar.inc(block.users.len() as u64);
                }
                tracing::debug!("chunk {number} is in");
                stop.check()?;
            }
            Ok::<(), Failure>(())
        });
        // A writer that failed must not leave the scorer waiting.
        drop(receiver);
        bar.finish_and_clear();
        let scored = scoring.join();
        written?;
        chunked.score = scored.map_err(|_| {
            Failure::failed(anyhow::anyhow!("scoring panicked; what was committed stays"))
        })??;
        Ok(chunked)
    })
}
