//! What can go wrong while loading.

use std::path::PathBuf;
use talvix_engine::{columns::DoorError, model::WeightFault, skills::AliasError};
use talvix_pg::Fault;

/// Why a night could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Things that the run needs are missing: all of them at once.
    #[error("{}", list(.0))]
    Unfit(Vec<String>),
    /// The server takes no writes.
    #[error(
        "the server is read-only (a standby, or default_transaction_read_only): connect to the \
         primary"
    )]
    ReadOnly,
    /// The connection that holds the load's one view of the database was lost while others joined.
    #[error("joining the load's snapshot: the connection that holds it was lost")]
    SnapshotGone,
    /// The database.
    #[error("{0}")]
    Postgres(talvix_pg::Error),
    /// What the database sent is not what was asked for.
    #[error("reading table {table}: {source}")]
    Decode {
        /// Table.
        table: &'static str,
        /// Where, and what was expected.
        source: talvix_pg::copy::DecodeError,
    },
    /// The dataset.
    #[error(transparent)]
    Dataset(talvix_dataset::Error),
    /// Values that cannot be used.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// Arrow refused what it was given: a fault of the loader.
    #[error("table {table}: {source}")]
    Arrow {
        /// Table.
        table: &'static str,
        /// What Arrow says.
        source: arrow::error::ArrowError,
    },
    /// Storage.
    #[error(transparent)]
    Storage(#[from] talvix_storage::Error),
    /// Resumes cannot be fetched, too many to be single ones.
    #[error(
        "{failed} of {asked} resumes that were asked for could not be fetched; the last: {last}"
    )]
    Resumes {
        /// How many failed.
        failed: usize,
        /// How many were asked for so far.
        asked: usize,
        /// What happened to the last one.
        last: talvix_storage::Error,
    },
    /// The weights.
    #[error("{place}: {}; nothing is scored with weights that are not sure", weight_faults(.faults))]
    Weights {
        /// A file or table.
        place: String,
        /// Each wrong weight.
        faults: Vec<WeightFault>,
    },
    /// The file of weights cannot be read as such.
    #[error("{place}: expected a JSON object of weight name to number: {reason}")]
    WeightsFile {
        /// The file.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// The pinned model cannot be used.
    #[error("{place}: {reason}; `talvix run --repin` makes a new one and scores everyone in full")]
    Pinned {
        /// The file.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// The table of aliases.
    #[error("{}: {source}", .path.display())]
    Aliases {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: AliasError,
    },
    /// There is no such user.
    #[error("there is no user {0}")]
    NoSuchUser(String),
}

impl Error {
    /// Whether the database, dataset, storage or weights are unfit, as against a run that failed:
    /// running again does not help until somebody has mended them.
    #[must_use]
    pub fn is_unfit(&self) -> bool {
        match self {
            Error::Postgres(talvix_pg::Error::NoAnswer { .. })
            | Error::SnapshotGone
            | Error::Decode { .. }
            | Error::Arrow { .. }
            | Error::Resumes { .. }
            | Error::Storage(
                talvix_storage::Error::File(_) | talvix_storage::Error::Unavailable { .. },
            ) => false,
            Error::Postgres(error) => error.postgres().is_none_or(|error| {
                // Refused rights, missing tables and columns, a database that is read-only.
                talvix_pg::error::sqlstate(error)
                    .is_some_and(|state| matches!(&state[..2], "42" | "28" | "3D" | "0A"))
            }),
            _ => true,
        }
    }
}

impl Error {
    /// Whether the server was lost, as against what it holds: it may come back.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            // A server that took writes when the run began: it is not the one it was.
            Error::ReadOnly | Error::SnapshotGone => true,
            Error::Postgres(error) => error.fault() == Fault::Connection,
            _ => false,
        }
    }
}

impl From<talvix_dataset::Error> for Error {
    fn from(error: talvix_dataset::Error) -> Self {
        Error::Dataset(error)
    }
}

impl From<talvix_pg::Error> for Error {
    fn from(error: talvix_pg::Error) -> Self {
        Error::Postgres(error)
    }
}

fn list(faults: &[String]) -> String {
    match faults {
        [one] => one.clone(),
        many => {
            let lines = many.join("\n  - ");
            format!("{} things are missing or wrong:\n  - {lines}", many.len())
        }
    }
}

fn weight_faults(faults: &[WeightFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
