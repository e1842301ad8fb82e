//! What can go wrong with a snapshot.

use uuid::Uuid;

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
    #[error("{place}: cannot be read or written as Parquet: {source}")]
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
    #[error(
        "{place}: there is no run in `runs`: no night was published here, or this is not the place \
         that `talvix run --snapshots` was given"
    )]
    NoNights {
        /// The root.
        place: String,
    },
    /// No run is called like that.
    #[error("{place}: there is no run `{asked}`; the last ones are {last}")]
    NoSuchRun {
        /// What was asked for.
        asked: String,
        /// The root.
        place: String,
        /// The last that are there.
        last: String,
    },
    /// There is one run only.
    #[error("there is no run before the latest one: only one night is published")]
    NoPrevious,
    /// More than one run is called like that.
    #[error("`{asked}` can be any of {number} runs: {found}; name one by its id")]
    NotOneRun {
        /// What was asked for.
        asked: String,
        /// How many it may be.
        number: usize,
        /// The first of them.
        found: String,
    },
    /// A run that is on its way.
    #[error(
        "run {run_id} of {run_date} is not complete: it has files in `job_fit_scores` and none in \
         `runs`, which is published last; the next `talvix run` publishes the rest"
    )]
    Unfinished {
        /// The run.
        run_id: Uuid,
        /// Its date.
        run_date: String,
    },
    /// A run that lacks a set.
    #[error(
        "run {run_id} of {run_date} is not complete: there is no {place}; it was removed after it \
         was published, or copied in part"
    )]
    Incomplete {
        /// The file that is missing.
        place: String,
        /// The run.
        run_id: Uuid,
        /// Its date.
        run_date: String,
    },
    /// A file of a later talvix.
    #[error(
        "{place}: its columns are of version {found}, written by talvix {by}; this one knows them \
         up to version {known}: use a newer one"
    )]
    Newer {
        /// The file.
        place: String,
        /// The file's version.
        found: String,
        /// Who wrote it.
        by: String,
        /// Our version.
        known: u32,
    },
    /// A file that is not what its place says.
    #[error("{place}: {reason}")]
    NotOurs {
        /// The file.
        place: String,
        /// What is wrong.
        reason: String,
    },
}

impl Error {
    /// Whether something was asked for that is not there, as against something that is and cannot
    /// be used.
    #[must_use]
    pub fn is_wrong_use(&self) -> bool {
        matches!(
            self,
            Error::NoNights { .. }
                | Error::NoSuchRun { .. }
                | Error::NoPrevious
                | Error::NotOneRun { .. }
        )
    }

    /// Whether a place could not be read at all, which may be different in a minute.
    #[must_use]
    pub fn is_access(&self) -> bool {
        matches!(self, Error::Storage(_) | Error::File(_))
    }
}
