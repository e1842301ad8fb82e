//! What can go wrong with a snapshot.

/// Why a snapshot could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The place.
    #[error(transparent)]
    Storage(#[from] talvix_storage::Error),
    /// A local file.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// A file that cannot be encoded or decoded.
    #[error("{place}: {source}")]
    Parquet {
        /// The file.
        place: String,
        /// What is wrong.
        source: parquet::errors::ParquetError,
    },
    /// A file that was closed, and then read back as something else.
    #[error("{place}: wrote {expected} rows, its footer says {found}")]
    ReadBack {
        /// The file.
        place: String,
        /// Rows that were written.
        expected: u64,
        /// Rows that are there.
        found: i64,
    },
    /// A manifest that is none.
    #[error("{place}: not the manifest of a snapshot: {reason}")]
    Manifest {
        /// The file.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// No night was published.
    #[error("{place}: no night is published here; `talvix run --snapshots` publishes one")]
    NoNights {
        /// The root.
        place: String,
    },
    /// No run is called like that.
    #[error("there is no run {asked} in {place}; {}", newest(.there))]
    NoSuchRun {
        /// What was asked for.
        asked: String,
        /// The root.
        place: String,
        /// The newest that are there.
        there: Vec<String>,
    },
    /// More than one run is called like that.
    #[error("{asked} is not one run but several: {}", .found.join(", "))]
    NotOneRun {
        /// What was asked for.
        asked: String,
        /// What it may be.
        found: Vec<String>,
    },
    /// A run that lacks a set.
    #[error(
        "{place}: missing, so run {run_id} is incomplete: it was removed or copied in part; copy \
         all of it, or remove runs/ of this run"
    )]
    Incomplete {
        /// The folder or file that is missing.
        place: String,
        /// The run.
        run_id: String,
    },
    /// A file of a later talvix.
    #[error(
        "{place}: written in version {found} of the columns; this talvix knows {known}: a newer \
         one reads it"
    )]
    Newer {
        /// The file.
        place: String,
        /// The file's version.
        found: String,
        /// Our version.
        known: u32,
    },
    /// A file that is not what its place says.
    #[error("{place}: not a snapshot of talvix: {reason}")]
    NotOurs {
        /// The file.
        place: String,
        /// What is wrong.
        reason: String,
    },
}

fn newest(runs: &[String]) -> String {
    match runs {
        [] => "none is published".to_owned(),
        runs => format!("the newest are {}", runs.join(", ")),
    }
}
