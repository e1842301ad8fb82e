//! Every input that is kept passes its check: seeds, what fuzzing found worth keeping, and what
//! once broke a promise.

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use talvix_fuzz_checks::{
    CHECKS,
    limits::{Counting, MAX_CPU, hold},
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Memory is counted for the whole process.
static ALONE: Mutex<()> = Mutex::new(());

/// This build is not optimised and promises no time; what is far from any is still noticed.
const MAX_TEST_CPU: Duration = MAX_CPU.saturating_mul(20);

fn folder(of: &str, target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(of).join(target)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs_err::read_dir(folder).into_iter().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort_unstable();
    files
}

#[expect(clippy::print_stdout, reason = "a failure shows which input it was")]
fn replay(name: &str) {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let check = CHECKS.into_iter().find(|check| check.name == name).unwrap();
    let seeds = files(&folder("seeds", name));
    assert!(!seeds.is_empty(), "{name} has no seeds");
    for file in seeds.into_iter().chain(files(&folder("regressions", name))) {
        println!("{}", file.display());
        let _ = hold(check, &fs_err::read(&file).unwrap(), MAX_TEST_CPU);
    }
}

macro_rules! replay {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            replay(stringify!($name));
        })*

        #[test]
        fn every_check_is_replayed() {
            assert_eq!([$(stringify!($name)),*], CHECKS.map(|check| check.name));
        }
    };
}

replay! { resume weights pinned_model conninfo canonical aliases copy_encoder copy_decoder parquet }
