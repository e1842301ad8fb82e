//! What can go wrong while writing.

use std::time::Duration;
use talvix_engine::columns::DoorError;
use talvix_pg::Fault;

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
    /// The server was away for longer than it is waited for.
    #[error(
        "{error}; the database could not be reached again for {seconds} s (reconnect_for): what is \
         committed stays, run again when it is back"
    )]
    Gone {
        /// What came of it last.
        error: Box<Error>,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The server was lost and is back, and with it went the run's lock.
    #[error("the database was lost, and the run's lock with it")]
    BeginAgain,
    /// The server does not know any more what became of a commit.
    #[error(
        "the answer to a commit was lost, and the server does not tell what became of it: run \
         again, which does what is missing"
    )]
    CommitUnknown,
    /// Others hold locks for too long.
    #[error("{error}; sessions that hold locks on these tables: server processes {}", list(pids))]
    InTheWay {
        /// What came of it last.
        error: Box<Error>,
        /// Their server processes.
        pids: Vec<i32>,
    },
    /// A statement takes longer than the server lets it.
    #[error(
        "{error} (statement_timeout is {statement_timeout}): raise it for this role, or lower \
         chunk_users"
    )]
    TooLong {
        /// What came of it last.
        error: Box<Error>,
        /// The server's setting.
        statement_timeout: String,
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
    /// What may help.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Error::Postgres(error) | Error::Load(talvix_loader::Error::Postgres(error)) => {
                error.fault()
            }
            _ => Fault::Final,
        }
    }

    /// Whether the night has to begin again from the load, and can.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self, Error::BeginAgain)
    }

    /// Says how long a lost server was waited for.
    #[must_use]
    pub(crate) fn after_waiting(self, patience: Duration) -> Self {
        match self.fault() {
            Fault::Connection => Error::Gone { error: Box::new(self), seconds: patience.as_secs() },
            _ => self,
        }
    }
}

fn list(pids: &[i32]) -> String {
    pids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
