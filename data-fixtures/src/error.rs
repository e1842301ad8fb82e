//! Why tables could not be stored, read or changed.

use std::io;
use std::path::PathBuf;

use talvix_pg::copy::{DecodeError, EncodeError};
use uuid::Uuid;

/// A fault of a dataset's folder, of a night's file or of a database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder; the message names its path.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A dataset cannot be read, locked or committed.
    #[error(transparent)]
    Dataset(#[from] talvix_dataset::Error),
    /// A dataset is written to a new folder only.
    #[error("{}: is not empty: name a new folder, or empty this one", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A Parquet file cannot be written.
    #[error("{}: cannot be written as Parquet: {source}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the writer says.
        source: parquet::errors::ParquetError,
    },
    /// Rows do not make a batch.
    #[error("{table}: {source}")]
    Batch {
        /// The table.
        table: &'static str,
        /// What does not fit.
        source: arrow::error::ArrowError,
    },
    /// A value that cannot be null is.
    #[error("{table}: column {column}: expected a value, found null")]
    Null {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A night's file does not hold one.
    #[error("{}: line {line}: {source}; make the nights anew", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The first line is 1.
        line: usize,
        /// What the line lacks.
        source: serde_json::Error,
    },
    /// A night's file is empty.
    #[error("{}: expected a night's first line, found an empty file", path.display())]
    NoNight {
        /// The file.
        path: PathBuf,
    },
    /// The server refused a statement, or went away.
    #[error(transparent)]
    Postgres(#[from] talvix_pg::Error),
    /// More target roles than the database allows.
    #[error("user_target_roles: user {user} has more than five; a database takes no more")]
    TooManyRoles {
        /// Whose.
        user: Uuid,
    },
    /// A value that PostgreSQL cannot store.
    #[error("{table}: {source}")]
    Encode {
        /// The table.
        table: &'static str,
        /// Which value.
        source: EncodeError,
    },
    /// The server's rows are not what was asked for.
    #[error("{table}: {source}")]
    Decode {
        /// The table.
        table: &'static str,
        /// Where they differ.
        source: DecodeError,
    },
}
