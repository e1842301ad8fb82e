//! The night as analysts will read it, recorded chunk by chunk beside the writing.

use super::{
    publishing::{Publishing, run_date},
    timeline::Work,
};
use crate::config::RunConfig;
use arrow::array::{
    ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc, time::Instant};
use talvix_engine::{columns::JobColumns, model::ModelOnJobs, week::IsoWeek};
use talvix_exporter::{
    Error,
    chunk::{Chunk, LeftOut},
    snapshot::SnapshotRows,
};
use talvix_report::Report;
use talvix_snapshot::{
    sets::{RUNS, SCHEMA_VERSION, Set},
    stage::{Manifest, NightMark, Stage},
};
use tokio::runtime::Runtime;
use uuid::Uuid;

/// Records a night. What goes wrong here is told at the end: scores are worth more than their
/// snapshot.
#[derive(Debug)]
pub struct Recorder<'a> {
    stage: Result<Stage, Error>,
    rows: SnapshotRows<'a>,
    /// The number of the next chunk, and those that came before their turn: at most one for each
    /// writer.
    next: usize,
    early: BTreeMap<usize, (Chunk, LeftOut)>,
    /// What all chunks took.
    pub work: Work,
}

impl<'a> Recorder<'a> {
    /// Begins to stage a night.
    pub fn begin(
        publishing: &Publishing<'_>,
        config: &RunConfig,
        run_id: Uuid,
        model_id: &str,
        jobs: &'a JobColumns,
        model: &'a ModelOnJobs,
    ) -> Self {
        let metadata = [
            ("talvix.model_id", model_id.to_owned()),
            ("talvix.as_of", config.as_of.to_string()),
            ("talvix.week", IsoWeek::of(config.as_of).to_string()),
            ("talvix.weights", model.weights.to_file().to_string()),
        ];
        let night = NightMark {
            run_id,
            run_date: run_date(config),
            metadata: metadata.map(|(key, value)| (key.to_owned(), value)).into(),
        };
        Recorder {
            stage: Stage::begin(publishing.storage(), night).map_err(Error::from),
            rows: SnapshotRows::new(jobs, model),
            next: 1,
            early: BTreeMap::new(),
            work: Work::default(),
        }
    }

    /// Adds a chunk that was written. Chunks may come in any order; they are numbered from 1.
    pub fn add(&mut self, number: usize, chunk: Chunk, left: LeftOut) {
        let began = Instant::now();
        self.early.insert(number, (chunk, left));
        while let Some((chunk, left)) = self.early.remove(&self.next) {
            self.next += 1;
            self.record(|rows, write| rows.of_chunk(&chunk, &left, write));
        }
        self.work.add(began);
    }

    fn record(
        &mut self,
        add: impl FnOnce(
            &mut SnapshotRows<'a>,
            &mut dyn FnMut(&'static Set, &RecordBatch) -> Result<(), Error>,
        ) -> Result<(), Error>,
    ) {
        let Ok(stage) = &mut self.stage else { return };
        let mut write =
            |set: &'static Set, batch: &RecordBatch| stage.write(set, batch).map_err(Error::from);
        if let Err(error) = add(&mut self.rows, &mut write) {
            self.stage = Err(error);
        }
    }

    /// Removes what was staged. What cannot be removed is by the next run.
    pub fn discard(self, runtime: &Runtime) {
        if let Ok(stage) = self.stage
            && let Err(error) = runtime.block_on(stage.discard())
        {
            tracing::debug!("{error}");
        }
    }

    /// Ends the night but for its finish: all of it is staged, and survives whatever comes.
    pub fn stage(
        mut self,
        runtime: &Runtime,
        report: &Report,
        started_at: Timestamp,
        week: IsoWeek,
    ) -> Result<Manifest, Error> {
        self.record(|rows, write| rows.of_jobs(write));
        let run = run_row(report, week, started_at)
            .map_err(|source| Error::Arrow { table: RUNS.name, source })?;
        self.record(|_, write| write(&RUNS, &run));
        Ok(runtime.block_on(self.stage?.finish())?)
    }
}

fn run_row(
    report: &Report,
    week: IsoWeek,
    started_at: Timestamp,
) -> Result<RecordBatch, arrow::error::ArrowError> {
    let time = |instant: Timestamp| -> ArrayRef {
        let us = TimestampMicrosecondArray::from(vec![instant.as_microsecond()]);
        Arc::new(us.with_timezone("UTC"))
    };
    let small = |number: i32| -> ArrayRef { Arc::new(Int32Array::from(vec![number])) };
    let number = |number: u64| -> ArrayRef {
        Arc::new(Int64Array::from(vec![i64::try_from(number).unwrap_or(i64::MAX)]))
    };
    let double = |number: f64| -> ArrayRef { Arc::new(Float64Array::from(vec![number])) };
    let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text])) };
    let Report { jobs, users, pairs, rows, seconds, .. } = report;
    let as_of = report.as_of.parse().unwrap_or(started_at);
    let skipped: usize = users.skipped.values().sum();
    RecordBatch::try_new(
        RUNS.schema(),
        vec![
            time(as_of),
            time(started_at),
            time(Timestamp::now()),
            small(i32::from(week.year)),
            small(i32::from(week.week)),
            text(&report.model_id),
            text(env!("CARGO_PKG_VERSION")),
            small(i32::try_from(SCHEMA_VERSION).unwrap_or(i32::MAX)),
            number(jobs.scoreable as u64),
            number(jobs.new as u64),
            number(users.scored as u64),
            number(users.full as u64),
            number(users.delta as u64),
            number(skipped as u64),
            number(users.left_alone as u64),
            number(users.left_out as u64),
            number(users.without_candidate + users.below_threshold),
            number(pairs.prefiltered),
            number(pairs.scored),
            number(rows.kept),
            number(rows.inserted),
            number(rows.updated),
            number(rows.unchanged),
            number(rows.deleted),
            double(seconds.load),
            double(seconds.score),
            double(seconds.write),
            double(seconds.total),
            number(report.peak_rss_bytes),
            text(&serde_json::to_string(report).unwrap_or_default()),
        ],
    )
}
