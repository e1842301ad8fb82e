//! Why a command ends badly, and with which exit status.

use std::{fmt, process::ExitCode};

/// The exit statuses, as `talvix-analyst --help` lists them: those of `talvix`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// The command failed.
    Failed = 1,
    /// Wrong use: arguments, or a run that is not there.
    Usage = 2,
    /// Snapshots, dataset, storage or weights are unfit.
    Unfit = 4,
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
    pub fn usage(message: impl fmt::Display) -> Self {
        Failure::new(Status::Usage, anyhow::anyhow!("{message}"))
    }

    /// Something that cannot be worked with.
    pub fn unfit(message: impl fmt::Display) -> Self {
        Failure::new(Status::Unfit, anyhow::anyhow!("{message}"))
    }

    /// Says what this was about.
    pub fn context(mut self, context: impl fmt::Display + Send + Sync + 'static) -> Self {
        self.error = self.error.context(context);
        self
    }

    /// The process's status.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.status as u8)
    }
}

/// The chain of causes, on one line.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::new(Status::Failed, error)
    }
}

impl From<polars::error::PolarsError> for Failure {
    fn from(error: polars::error::PolarsError) -> Self {
        // The second line and those after it show the plan of a query, which helps nobody.
        let message = error.to_string();
        let first = message.lines().next().unwrap_or_default().to_owned();
        Failure::new(Status::Failed, anyhow::anyhow!(first))
    }
}

impl From<talvix_loader::Error> for Failure {
    fn from(error: talvix_loader::Error) -> Self {
        let status = if error.is_unfit() { Status::Unfit } else { Status::Failed };
        Failure::new(status, error)
    }
}

impl From<talvix_snapshot::Error> for Failure {
    fn from(error: talvix_snapshot::Error) -> Self {
        let status = match &error {
            error if error.is_wrong_use() => Status::Usage,
            error if error.is_access() => Status::Failed,
            _ => Status::Unfit,
        };
        Failure::new(status, error)
    }
}

impl From<talvix_storage::Error> for Failure {
    fn from(error: talvix_storage::Error) -> Self {
        talvix_loader::Error::from(error).into()
    }
}

impl From<talvix_dataset::Error> for Failure {
    fn from(error: talvix_dataset::Error) -> Self {
        Failure::new(Status::Unfit, error)
    }
}
