//! A folder of Parquet files as a database: versions, locking, tolerant columns.
//!
//! * [`folder`]: the dataset, its lock, and the version that is current.
//! * [`commit`]: a new version, all there or not there.
//! * [`mod@column`]: the columns that are asked for, and which types fit them.
//! * [`reader`]: a file's rows, in exactly the types that were asked for.
//! * [`error`]: what does not fit, by file, column and row.
//!
//! ```text
//! root/
//!   jobs.parquet …      a plain folder: version 0
//!   storage/            resumes, weights, models; not versioned
//!   current             link to versions/000002
//!   versions/000001/    the version before, for those who still read it
//!   versions/000002/    every table; unchanged ones are hard links
//!   .talvix.lock        who writes, since when
//! ```

pub mod column;
pub mod commit;
pub mod error;
pub mod folder;
pub mod reader;

mod footer;
mod normalize;
mod number;
mod source;

pub use column::{Column, Kind, NAN_UNITS, Null};
pub use commit::{Commit, TableWriter};
pub use error::Error;
pub use folder::{Dataset, Lock, Version};
pub use number::units_of_f64;
pub use reader::{Batches, Table, is_decoding};
