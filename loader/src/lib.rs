//! Reads jobs, users, resumes and weights into columns.
//!
//! In data order:
//!
//! - [`tables`]: what a run reads, said once for both sources
//! - [`reader`]: what a database and a dataset have in common: tables, read batch by batch
//! - [`postgres`]: one consistent view of a database, over several connections
//! - [`dataset`]: one version of a folder of Parquet files
//! - [`resumes`]: parsed resumes, read in parallel or known from an earlier night
//! - [`weights`]: the live weights, from storage or the database
//! - [`pin`]: the week's scoring model in storage
//! - [`finished`]: the runs that finished, as the log tells
//! - [`night`]: what the engine scores with: the jobs' side once, the users by segments
//! - [`lookup`]: single rows that are asked for, and the ids that there are
//! - [`error`]: what can go wrong, and whether anything is unfit

pub mod dataset;
pub mod error;
pub mod finished;
pub mod lookup;
pub mod night;
pub mod pin;
pub mod postgres;
pub mod reader;
pub mod resumes;
pub mod tables;
pub mod weights;

pub use error::Error;
