//! What can go wrong while writing.

use talvix_engine::columns::DoorError;

/// Why a night could not be written. What was committed before stays.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error("{0}")]
    Postgres(talvix_pg::Error),
    /// Reading what is stored.
    #[error(transparent)]
    Load(#[from] talvix_loader::Error),
    /// The dataset.
    #[error(transparent)]
    Dataset(#[from] talvix_dataset::Error),
    /// What is stored cannot be compared.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// A row that the binary format cannot hold.
    #[error("writing scores: {0}")]
    Encode(#[from] talvix_pg::copy::EncodeError),
    /// Arrow refused what it was given.
    #[error("table {table}: {source}")]
    Arrow {
        /// Table.
        table: &'static str,
        /// What Arrow says.
        source: arrow::error::ArrowError,
    },
    /// The snapshot.
    #[error(transparent)]
    Snapshot(#[from] talvix_snapshot::Error),
    /// The server took another number of rows than were sent.
    #[error("writing scores: sent {sent} rows, the server counted {counted}; rolled back")]
    CopyCount {
        /// Rows sent.
        sent: u64,
        /// Rows that the server says it took.
        counted: u64,
    },
    /// Somebody ended the connection that holds the lock.
    #[error("the run's lock is lost: another run may have begun; nothing more is written")]
    LockLost,
    /// A column that must hold a value in a row that is to be added.
    #[error(
        "{table}.parquet: column {column} holds no nulls, and talvix knows no value for it: \
         let it hold nulls, or leave it out"
    )]
    UnknownColumn {
        /// Table.
        table: &'static str,
        /// Column.
        column: String,
    },
}

impl From<talvix_pg::Error> for Error {
    fn from(error: talvix_pg::Error) -> Self {
        Error::Postgres(error)
    }
}

impl Error {
    /// Whether rolling the chunk back and trying it again may help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let (Error::Postgres(error) | Error::Load(talvix_loader::Error::Postgres(error))) = self
        else {
            return false;
        };
        error.postgres().is_some_and(talvix_pg::error::is_retryable_chunk)
    }
}
