//! Datasets for talvix: generated ones of any size, real ones imported, and the slow oracle that
//! knows nothing of the engine.
//!
//! - [`tables`]: the rows of a night
//! - [`generate`]: a made-up night of any size
//! - [`odd`]: small nights dense with odd values
//! - [`oracle`]: the rules once more, slow and plain
//! - [`real`]: a night made of real postings and resumes

pub mod error;
pub mod generate;
pub mod nights;
pub mod odd;
pub mod oracle;
pub mod parquet;
pub mod postgres;
pub mod real;
pub mod tables;
pub mod weights;

mod records;

pub use records::sort;
