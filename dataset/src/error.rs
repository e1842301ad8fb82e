//! What does not fit, and where.

use std::io;
use std::path::PathBuf;

/// Why a dataset cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be opened, read, written or renamed; names its path.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Something else than a folder, a plain file or a link stands at the path.
    #[error("{}: expected {expected}", path.display())]
    NotA {
        /// Where.
        path: PathBuf,
        /// What should be there.
        expected: &'static str,
    },
    /// Another process writes to the dataset.
    #[error("{}: locked by {holder} since {since}; wait until it ends", root.display())]
    Locked {
        /// The dataset.
        root: PathBuf,
        /// What the holder calls itself.
        holder: String,
        /// When it took the lock.
        since: String,
    },
    /// A commit was begun on a version that is not the current one.
    #[error("{}: version {found} is current, not {expected}: it was written to meanwhile; run again", root.display())]
    Superseded {
        /// The dataset.
        root: PathBuf,
        /// The version that was read.
        expected: u64,
        /// The version that is current.
        found: u64,
    },
    /// A file is not Parquet, is damaged, or uses what this program cannot decode.
    #[error("{}: cannot be read as Parquet: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the decoder says.
        reason: String,
    },
    /// A file has another number of rows than its footer says.
    #[error("{}: expected {expected} rows, found {found}", file.display())]
    RowCount {
        /// The file.
        file: PathBuf,
        /// As the footer, or the writer, counts.
        expected: u64,
        /// Rows that are there.
        found: u64,
    },
    /// A column that is needed is not in the file.
    #[error("{}: column {column}: expected {expected}, but there is no such column", file.display())]
    MissingColumn {
        /// The file.
        file: PathBuf,
        /// The column.
        column: &'static str,
        /// What it should hold.
        expected: String,
    },
    /// A column has a type whose values can never fit.
    #[error("{}: column {column}: expected {expected}, found {found}", file.display())]
    ColumnType {
        /// The file.
        file: PathBuf,
        /// The column.
        column: &'static str,
        /// What it should hold.
        expected: String,
        /// Its type.
        found: String,
    },
    /// A value does not fit its column.
    #[error("{}: column {column}, row {row}: expected {expected}, found {found}", file.display())]
    Value {
        /// The file.
        file: PathBuf,
        /// The column.
        column: &'static str,
        /// The row, the first of the file being 0.
        row: u64,
        /// What it should be.
        expected: String,
        /// What it is, shortened.
        found: String,
    },
    /// A table could not be written.
    #[error("{}: cannot be written: {reason}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// What the encoder says.
        reason: String,
    },
}
