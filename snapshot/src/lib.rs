//! Nights as Parquet for analysts. Knows nothing of how a night is scored.
//!
//! ```text
//! {snapshots}/job_fit_scores/run_date=2026-11-22/run_id=0190…/part-00000.parquet
//!             scored_users/…  scored_jobs/…  runs/…     the same below each
//!             _staging/{run_id}/                        a night that is not published yet
//!             _runs/{run_id}.json                       the manifest of a published night
//! ```
//!
//! In data order:
//!
//! - [`sets`]: the four sets of a night, column by column: what analysts read
//! - [`mod@file`]: one set as one Parquet file, laid out as its readers expect
//! - [`stage`]: a night while it is written, where no reader looks
//! - [`publish`]: staged nights become visible; what runs that were killed left; old nights go
//! - [`read`]: published nights, found and opened
//! - [`error`]: what can go wrong

pub mod error;
pub mod file;
pub mod publish;
pub mod read;
pub mod sets;
pub mod stage;

#[cfg(test)]
mod docs;

pub use error::Error;
