//! What happens between two nights: the scraper, the cleaner and the users at work.
//!
//! - [`Change`]: one thing that happened
//! - [`night`]: makes a night's changes for the tables as they are
//! - [`apply_to_tables`], [`apply_to_storage`], [`apply_to_postgres`]: apply them; a dataset
//!   directory takes them with [`apply_to_dataset`](crate::parquet::apply_to_dataset)
//! - [`write()`], [`write_night`], [`read_night`]: nights as files, applied one by one

mod apply;
mod change;
mod file;
mod plan;
mod postgres;

pub use apply::{apply_to_storage, apply_to_tables};
pub use change::{Change, Profile, Upload};
pub use file::{read_night, write, write_night};
pub use plan::{Night, NightOptions, night};
pub use postgres::apply_to_postgres;
