//! The nights of a folder of snapshots, for polars to read.

pub mod list;
mod open;

pub use open::{Meta, Opened, collect};

use crate::failure::Failure;
use std::path::{Path, PathBuf};
use talvix_snapshot::read::{self, PublishedRun};
use talvix_storage::Storage;

/// A folder of snapshots.
#[derive(Clone, Debug)]
pub struct Nights {
    root: PathBuf,
    nights: read::Nights,
}

impl Nights {
    /// Lists the complete runs.
    pub fn list(root: &Path) -> Result<Self, Failure> {
        let nights = wait(read::Nights::list(&Storage::Folder(root.to_owned())))?;
        Ok(Nights { root: root.to_owned(), nights })
    }

    /// The complete runs, oldest first.
    pub fn runs(&self) -> &[PublishedRun] {
        self.nights.runs()
    }

    /// The run that a name stands for: an id, the beginning of one, a date, `latest`, `previous`.
    pub fn find(&self, name: &str) -> Result<&PublishedRun, Failure> {
        wait(self.nights.find(name))
    }

    /// Opens a run and checks that all its files are there and ours.
    pub fn open(&self, run: &PublishedRun) -> Result<Opened, Failure> {
        Opened::open(&self.root, run)
    }
}

/// The end of what a folder does: it has nothing to wait for but the disk.
fn wait<T>(reading: impl Future<Output = Result<T, talvix_snapshot::Error>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    Ok(runtime.block_on(reading)?)
}
