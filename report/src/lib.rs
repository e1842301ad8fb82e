//! What a run did: as JSON, as a page for the terminal, as an HTML page. Pure: no I/O, no clock.
//!
//! - [`run`]: the report of a run, as it stands in JSON
//! - [`night`]: what a published night looks like in numbers: what charts are drawn from
//! - [`words`]: numbers and dates in words
//! - [`advice`]: what the names in a report mean, and what to do about them
//! - [`scores`]: how many kept pairs have which fit score
//! - [`text`]: a page for a terminal of 80 columns
//! - [`html`]: a page for a browser, in one file, with charts

pub mod advice;
pub mod html;
pub mod night;
pub mod run;
pub mod scores;
pub mod text;
pub mod words;

pub use run::Report;
