//! Any bytes as a table of a dataset.

use std::path::Path;

use fs_err as fs;
use talvix_dataset::Table;
pub use talvix_dataset::is_decoding;
use talvix_loader::tables::{self, InputTable};
use tempfile::TempDir;

/// The tables that a night reads: each has its own mixture of kinds.
const TABLES: [InputTable; 7] = [
    tables::JOBS,
    tables::JOB_SKILLS,
    tables::USERS,
    tables::TARGET_ROLES,
    tables::RESUMES,
    tables::CURSORS,
    tables::SCORES,
];

thread_local! {
    static FOLDER: TempDir = tempfile::tempdir().expect("a folder for tables");
}

/// Opens a file and reads it, as it is and as each table that has its columns.
///
/// # Panics
///
/// Where other rows come than the file says, or an error does not name the file.
pub fn check(bytes: &[u8]) {
    let path = FOLDER.with(|folder| folder.path().join("table.parquet"));
    fs::write(&path, bytes).expect("a folder that takes files");
    let result = read(&path);
    assert!(!is_decoding(), "the decoder was left");
    if let Err(error) = result {
        let said = error.to_string();
        assert!(said.contains("table.parquet"), "{said}");
    }
}

fn read(path: &Path) -> Result<(), talvix_dataset::Error> {
    let table = Table::open(path)?;
    for input in TABLES {
        if table.missing(input.columns).is_empty() {
            let mut num_rows = 0;
            for batch in table.read(input.columns) {
                num_rows += batch?.num_rows() as u64;
            }
            assert_eq!(num_rows, table.num_rows(), "rows of {}", input.name);
        }
    }
    table.read_all().try_for_each(|batch| batch.map(drop))
}
