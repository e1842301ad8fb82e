//! A night's rows in the columns that analysts read: what of a chunk was stored, and tonight's jobs.
//!
//! - `scores`, `users`, `jobs`: the rows of one set each
//! - `columns`: builders for the sets' kinds of columns

mod columns;
mod jobs;
mod scores;
mod users;

use crate::chunk::{Chunk, LeftOut};
use arrow::{array::RecordBatch, error::ArrowError};
use talvix_engine::{
    columns::{JobColumns, UserColumns},
    model::ModelOnJobs,
    pair::Inputs,
};
use talvix_snapshot::sets::{JOB_FIT_SCORES, SCORED_JOBS, SCORED_USERS, Set};

/// Jobs of a batch.
const JOBS_PER_BATCH: usize = 8_192;

/// Makes the rows of a night, and counts what jobs are kept.
#[derive(Debug)]
pub struct SnapshotRows<'a> {
    jobs: &'a JobColumns,
    model: &'a ModelOnJobs,
    times_kept: Vec<u32>,
    /// Of its kept pairs; 0 where there is none.
    best_score: Vec<u8>,
}

impl<'a> SnapshotRows<'a> {
    /// For tonight's jobs, of which none is kept yet.
    #[must_use]
    pub fn new(jobs: &'a JobColumns, model: &'a ModelOnJobs) -> Self {
        let (times_kept, best_score) = (vec![0; jobs.len()], vec![0; jobs.len()]);
        SnapshotRows { jobs, model, times_kept, best_score }
    }

    /// The rows of a chunk that was written, set by set. Chunks come in the order of their users.
    pub fn of_chunk(
        &mut self,
        chunk: &Chunk,
        left: &LeftOut,
        mut write: impl FnMut(&'static Set, &RecordBatch) -> Result<(), crate::Error>,
    ) -> Result<(), crate::Error> {
        for block in &chunk.blocks {
            let kept = scores::kept(block, left);
            for &(_, at) in &kept {
                let job = block.rows.job[at].ix();
                self.times_kept[job] += 1;
                self.best_score[job] = self.best_score[job].max(block.rows.fit_score[at]);
            }
            let rows = scores::rows(self.inputs(&chunk.users), block, &kept);
            write(&JOB_FIT_SCORES, &rows.map_err(in_set(&JOB_FIT_SCORES))?)?;
        }
        let rows = users::rows(self.jobs, chunk, left).map_err(in_set(&SCORED_USERS))?;
        write(&SCORED_USERS, &rows)
    }

    /// The rows of all jobs, once every chunk was added.
    pub fn of_jobs(
        &self,
        mut write: impl FnMut(&'static Set, &RecordBatch) -> Result<(), crate::Error>,
    ) -> Result<(), crate::Error> {
        let by_id = jobs::by_id(self.jobs);
        let markets = jobs::num_jobs_by_market(self.jobs);
        for some in by_id.chunks(JOBS_PER_BATCH) {
            let rows = jobs::rows(self, some, &markets).map_err(in_set(&SCORED_JOBS))?;
            write(&SCORED_JOBS, &rows)?;
        }
        Ok(())
    }

    fn inputs<'b>(&'b self, users: &'b UserColumns) -> Inputs<'b> {
        Inputs { jobs: self.jobs, users, model: self.model }
    }
}

fn in_set(set: &'static Set) -> impl Fn(ArrowError) -> crate::Error {
    move |source| crate::Error::Arrow { table: set.name, source }
}
