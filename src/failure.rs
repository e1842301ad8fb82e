//! Why a command ends badly, and with which exit status.

use std::{io::Write, process::ExitCode};
use talvix_pg::Fault;

/// The exit statuses, as `talvix run --help` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// The run failed; what was committed stays.
    Failed = 1,
    /// Wrong use: arguments or configuration.
    Usage = 2,
    /// Another run holds the lock.
    Locked = 3,
    /// Database, dataset, storage or weights are unfit; nothing was written.
    Unfit = 4,
    /// Done, but some resumes could not be read, and `--strict` asks to say so.
    Unreadable = 5,
    /// Stopped by SIGINT.
    Interrupted = 130,
    /// Stopped by SIGTERM.
    Terminated = 143,
}

/// A command that ended badly.
#[derive(Debug)]
pub struct Failure {
    status: Status,
    error: anyhow::Error,
    /// The database was lost: it may come back.
    is_outage: bool,
}

impl Failure {
    /// A failure with this status.
    pub fn new(status: Status, error: impl Into<anyhow::Error>) -> Self {
        Failure { status, error: error.into(), is_outage: false }
    }

    /// Says whether the database was lost, so that a night may begin again when it is back.
    pub fn outage(self, is_outage: bool) -> Self {
        Failure { is_outage, ..self }
    }

    /// Whether the database was lost.
    pub fn is_outage(&self) -> bool {
        self.is_outage
    }

    /// The same failure with another status.
    pub fn with_status(self, status: Status) -> Self {
        Failure { status, ..self }
    }

    /// Wrong use.
    pub fn usage(message: impl std::fmt::Display) -> Self {
        Failure::new(Status::Usage, anyhow::anyhow!("{message}"))
    }

    /// A run that failed.
    pub fn failed(error: impl Into<anyhow::Error>) -> Self {
        Failure::new(Status::Failed, error)
    }

    /// Says what this was about.
    pub fn context(mut self, context: impl std::fmt::Display + Send + Sync + 'static) -> Self {
        self.error = self.error.context(context);
        self
    }

    /// Prints the chain of causes, once, on one line; where the log is JSON, as its last line, an
    /// object of `error` and `status`.
    pub fn print(&self, as_json: bool) {
        if as_json {
            let line = serde_json::json!({
                "error": self.to_string(),
                "status": self.status as u8,
            });
            // Nobody is left to tell.
            let _ = writeln!(std::io::stderr(), "{line}");
        } else {
            tracing::error!("{self}");
        }
    }

    /// Its status.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The process's status.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.status as u8)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}", self.error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::failed(error)
    }
}

impl From<talvix_pg::Error> for Failure {
    fn from(error: talvix_pg::Error) -> Self {
        let is_outage = error.fault() == Fault::Connection;
        Failure::new(Status::Unfit, error).outage(is_outage)
    }
}

impl From<talvix_loader::Error> for Failure {
    fn from(error: talvix_loader::Error) -> Self {
        let status = if error.is_unfit() { Status::Unfit } else { Status::Failed };
        let is_outage = error.is_outage();
        Failure::new(status, error).outage(is_outage)
    }
}

impl From<talvix_storage::Error> for Failure {
    fn from(error: talvix_storage::Error) -> Self {
        talvix_loader::Error::from(error).into()
    }
}

impl From<talvix_exporter::Error> for Failure {
    fn from(error: talvix_exporter::Error) -> Self {
        let is_outage = error.is_outage();
        Failure::failed(error).outage(is_outage)
    }
}
