//! What resumes said, kept for the next night: one Parquet file beside the pinned models.
//!
//! - `format`: columns, footer, seal
//! - `read`: row group by row group, each checked against the seal before it is decoded
//! - `write`: the old file and what changed, merged into a new one
//!
//! The cache may be deleted, cut, damaged, replaced or of another version: then what it would have
//! said is read from the resumes again. So an entry counts only for the very file that it was read
//! from, and no byte is decoded before its checksum was seen to be right.

mod format;
mod read;
mod write;

pub(super) use format::{Footer, PLACE};
pub(super) use read::{OldCache, OldFile, OldRow};
pub(super) use write::{Change, Update, What};

use super::parse::Facts;

/// What is kept of one resume.
#[derive(Debug)]
pub(super) struct Entry {
    /// The state of the file; none where a later change might not show.
    pub(super) version: Option<Vec<u8>>,
    /// SHA-256 of the file.
    pub(super) sha256: [u8; 32],
    /// What it says, or why it cannot be read.
    pub(super) facts: Result<Facts, &'static str>,
}
