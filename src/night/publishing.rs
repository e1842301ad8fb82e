//! The snapshot's way through a night: what earlier runs left, staging, publishing, old nights.

use crate::{
    config::{ModeChoice, RunConfig},
    failure::{Failure, Status},
    source::Opened,
};
use talvix_engine::week::india_date;
use talvix_loader::finished::FinishedRun;
use talvix_snapshot::{
    publish::{self, Recovered},
    stage::Manifest,
};
use talvix_storage::Storage;
use tokio::runtime::Runtime;

/// What the log says of a run's snapshot: it is staged, so it will be published, if not by this run
/// then by the next.
pub const STAGED: &str = "staged";

/// The same where it could not be staged: the next run makes one of everybody.
pub const FAILED: &str = "failed";

/// Where a night is published.
#[derive(Debug)]
pub struct Publishing<'a> {
    storage: &'a Storage,
    keep_nights: Option<usize>,
    runtime: &'a Runtime,
    /// The run before could not stage its snapshot: this one scores everyone, to have one.
    pub is_owed: bool,
}

impl<'a> Publishing<'a> {
    /// For a run that publishes: one that writes a whole night. Publishes what earlier runs could
    /// not, or removes what they left. Says what somebody should know.
    pub fn open(
        runtime: &'a Runtime,
        config: &'a RunConfig,
        source: &Opened,
    ) -> Result<Option<(Self, Vec<String>)>, Failure> {
        let Some(storage) = config.publishes_to() else { return Ok(None) };
        // A folder that cannot be is a setting to mend; a bucket that refuses may not do so in the
        // morning, and scores are worth more than their snapshot.
        storage.create_root().map_err(|error| Failure::new(Status::Unfit, error))?;
        let finished = source.finished_runs()?;
        let is_finished = |run_id| finished.iter().any(|run| run.run_id == run_id);
        let mut notes = Vec::new();
        match runtime.block_on(publish::recover(storage, is_finished)) {
            Ok(Recovered { published, removed }) => {
                notes.extend(published.iter().map(|run| {
                    format!("published the snapshot of run {run}, which an earlier run had left")
                }));
                if !removed.is_empty() {
                    tracing::info!("removed what {} stopped runs had staged", removed.len());
                }
            }
            Err(error) if matches!(storage, Storage::Folder(_)) => {
                return Err(Failure::new(Status::Unfit, error));
            }
            Err(error) => notes.push(format!("snapshots cannot be reached: {error}")),
        }
        // Under `--mode delta` nobody is scored in full, whatever is owed.
        let is_owed = config.mode == ModeChoice::Auto && finished.first().is_some_and(is_owed);
        if is_owed {
            notes.push(
                "the run before could not stage its snapshot: everyone is scored, to have one"
                    .to_owned(),
            );
        }
        let keep_nights = config.keep_nights;
        Ok(Some((Publishing { storage, keep_nights, runtime, is_owed }, notes)))
    }

    /// The place.
    pub fn storage(&self) -> &'a Storage {
        self.storage
    }

    /// Publishes a staged night, and removes nights that are too old. Says where it is.
    pub fn publish(&self, staged: &Manifest) -> Result<String, talvix_snapshot::Error> {
        self.runtime.block_on(async {
            publish::publish(self.storage, staged).await?;
            if let Some(keep) = self.keep_nights {
                let removed = publish::retain(self.storage, keep).await?;
                if !removed.is_empty() {
                    tracing::info!("removed the snapshots of {}", removed.join(", "));
                }
            }
            Ok(self.storage.place(""))
        })
    }
}

fn is_owed(run: &FinishedRun) -> bool {
    run.snapshot.as_deref() == Some(FAILED)
}

/// The date that a night is filed under.
pub fn run_date(config: &RunConfig) -> String {
    india_date(config.as_of).to_string()
}
