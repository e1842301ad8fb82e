//! What the tests of whole nights share.
//!
//! - `bucket`: a bucket that answers as a test wants
//! - `place`: where a night happens, a database of its own or a dataset directory
//! - `program`: the real binary, run to its end or watched while it works
//! - `published`: nights as a reader finds them
//! - `server`: other programs, which refuse to run as root
//! - `rows`: what two nights must have in common, and what the oracle expects

#![allow(dead_code, unused_imports, reason = "each file of tests uses its part")]

mod bucket;
mod place;
mod program;
mod published;
mod rows;
mod server;

pub use bucket::{Answer, BUCKET, Bucket};
pub use place::{Data, Db, ENGINE_ROLE, PATIENCE, Place, Session, admin_info};
pub use program::{Run, Running, command, night, spawn, spawn_command, talvix};
pub use published::{block_on, look, number, rows};
pub use rows::{
    aliases, assert_rows, assert_scores, canonical, expected_scores, score_rows, sorted, time,
};
pub use server::run_unprivileged;
