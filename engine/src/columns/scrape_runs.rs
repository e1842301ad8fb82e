//! The scrape runs, and what they say about the night.

use super::batch::{Batch, DoorError};
use crate::ids::Uuid;
use arrow::{
    array::{Array, RecordBatch},
    datatypes::TimestampMicrosecondType,
};

/// A scrape run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScrapeRun {
    /// Database id.
    pub id: Uuid,
    /// Start, in microseconds since the Unix epoch.
    pub started_at_us: i64,
    /// It has ended.
    pub completed: bool,
    /// A night has scored what it brought.
    pub scoring_complete: bool,
}

/// All scrape runs of the snapshot, oldest first.
#[derive(Clone, Debug, Default)]
pub struct ScrapeRuns(Vec<ScrapeRun>);

impl ScrapeRuns {
    /// Reads batches with the columns `id`, `started_at`, `completed_at`, `scoring_complete`.
    pub fn new(batches: &[RecordBatch]) -> Result<Self, DoorError> {
        let mut runs = Vec::new();
        for batch in batches {
            let batch = Batch::new("scrape_runs", batch);
            let ids = batch.ids("id")?;
            let started_at = batch.numbers::<TimestampMicrosecondType>("started_at")?;
            let completed_at =
                batch.nullable_numbers::<TimestampMicrosecondType>("completed_at")?;
            let scoring_complete = batch.bools("scoring_complete")?;
            runs.extend((0..batch.num_rows()).map(|row| ScrapeRun {
                id: ids.get(row),
                started_at_us: started_at.value(row),
                completed: completed_at.is_valid(row),
                scoring_complete: scoring_complete.value(row),
            }));
        }
        runs.sort_unstable_by_key(|run| (run.started_at_us, run.id));
        Ok(ScrapeRuns(runs))
    }

    /// The newest run that has ended: what a scored user's cursor is set to.
    #[must_use]
    pub fn newest_completed(&self) -> Option<&ScrapeRun> {
        self.0.iter().rfind(|run| run.completed)
    }

    /// The start of the newest run that a night has scored.
    #[must_use]
    pub fn newest_scored_us(&self) -> Option<i64> {
        self.0.iter().rfind(|run| run.scoring_complete).map(|run| run.started_at_us)
    }

    /// The runs that have ended and that no night has scored.
    pub fn waiting(&self) -> impl Iterator<Item = &ScrapeRun> {
        self.0.iter().filter(|run| run.completed && !run.scoring_complete)
    }

    /// The run with an id.
    #[must_use]
    pub fn get(&self, id: &Uuid) -> Option<&ScrapeRun> {
        self.0.iter().find(|run| run.id == *id)
    }
}
