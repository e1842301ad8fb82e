//! Why a command ends badly, and with which exit status.

use std::process::ExitCode;

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
}

impl Failure {
    /// A failure with this status.
    pub fn new(status: Status, error: impl Into<anyhow::Error>) -> Self {
        Failure { status, error: error.into() }
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

    /// Prints the chain of causes, once, on one line.
    pub fn print(&self) {
        tracing::error!("{:#}", self.error);
    }

    /// The process's status.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.status as u8)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::failed(error)
    }
}

impl From<talvix_loader::Error> for Failure {
    fn from(error: talvix_loader::Error) -> Self {
        let status = if error.is_unfit() { Status::Unfit } else { Status::Failed };
        Failure::new(status, error)
    }
}

impl From<talvix_storage::Error> for Failure {
    fn from(error: talvix_storage::Error) -> Self {
        talvix_loader::Error::from(error).into()
    }
}

impl From<talvix_exporter::Error> for Failure {
    fn from(error: talvix_exporter::Error) -> Self {
        Failure::failed(error)
    }
}
