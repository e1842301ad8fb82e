//! What a run did: as JSON, as a page for the terminal, as an HTML page. Pure: no I/O, no clock.
//!
//! - [`run`]: the report of a run, as it stands in JSON
//! - [`text`]: a page for a terminal of 80 columns
//! - [`night`]: what a published night looks like in numbers: what charts are drawn from

pub mod night;
pub mod run;
pub mod text;

pub use run::Report;
