//! Datasets for talvix: generated ones of any size, real ones imported, and the slow oracle that
//! knows nothing of the engine.
//!
//! - [`tables`]: the rows of a night

pub mod tables;
