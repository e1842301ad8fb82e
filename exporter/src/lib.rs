//! Writes what a night keeps: to PostgreSQL by chunks of users, or to a dataset in one commit.
//!
//! In data order:
//!
//! - [`chunk`]: what is handed over: some scored users with their rows, and the night's finish
//! - [`diff`]: what has to change so that the stored rows are exactly the kept pairs
//! - [`pgcopy`]: kept pairs as bytes for `COPY`; no I/O
//! - [`postgres`]: one transaction per chunk, and one to finish
//! - [`dataset`]: all of a night in one commit
//! - [`snapshot`]: the same rows in the columns that analysts read
//! - [`error`]: what can go wrong

pub mod chunk;
pub mod dataset;
pub mod diff;
pub mod error;
pub mod pgcopy;
pub mod postgres;
pub mod snapshot;

pub use error::Error;
