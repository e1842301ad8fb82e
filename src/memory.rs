//! How much memory a run may hold, and what happens when that is not enough.

use crate::failure::{Failure, Status};
use anyhow::anyhow;
use bytesize::ByteSize;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use sysinfo::{MemoryRefreshKind, ProcessRefreshKind, ProcessesToUpdate, RefreshKind, System};

/// Of all the memory that there is, in percent: the system and its caches need some.
const SHARE_OF_MACHINE_PERCENT: u64 = 80;

/// The same of what the process's control group may hold: nothing else is in there.
const SHARE_OF_GROUP_PERCENT: u64 = 95;

/// How often memory is looked at. A night of any size loads for longer than that.
const EVERY: Duration = Duration::from_millis(100);

/// What a user holds while waiting to be scored, and a row from then on until it is written.
/// Measured, and rounded up: docs/operations.md has the nights.
const BYTES_PER_USER: u64 = 1_000;
const BYTES_PER_ROW: u64 = 500;

/// The most memory that a run may hold unless it is told: what its control group allows, or the
/// machine has.
pub fn allowed_bytes() -> u64 {
    let system = System::new_with_specifics(
        RefreshKind::nothing().with_memory(MemoryRefreshKind::everything()),
    );
    let machine = system.total_memory() / 100 * SHARE_OF_MACHINE_PERCENT;
    let group = group_limit_bytes().map(|bytes| bytes / 100 * SHARE_OF_GROUP_PERCENT);
    machine.min(group.unwrap_or(u64::MAX))
}

/// The least limit of the process's control group (version 2) and of those around it.
fn group_limit_bytes() -> Option<u64> {
    let group = fs_err::read_to_string("/proc/self/cgroup").ok()?;
    let path = group.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let root = Path::new("/sys/fs/cgroup");
    let folders = root.join(path);
    let limits = folders.ancestors().take_while(|folder| folder.starts_with(root));
    limits.filter_map(|folder| limit_in(folder.join("memory.max"))).min()
}

/// A number, or `max`.
fn limit_in(file: PathBuf) -> Option<u64> {
    fs_err::read_to_string(file).ok()?.trim().parse().ok()
}

/// What is still to come, at the same time, when the jobs and the first users are loaded.
#[derive(Clone, Copy, Debug)]
pub struct ToCome {
    /// Users who wait to be scored.
    pub num_users: usize,
    /// Rows that are scored and not written, if everyone gets as many as their tier may have.
    pub num_rows: usize,
}

impl ToCome {
    fn bytes(self) -> u64 {
        self.num_users as u64 * BYTES_PER_USER + self.num_rows as u64 * BYTES_PER_ROW
    }
}

/// Watches over a run's memory until it is dropped.
#[derive(Debug)]
pub struct Memory {
    limit_bytes: u64,
    is_written: Arc<AtomicBool>,
    is_over: Arc<AtomicBool>,
}

impl Memory {
    /// Ends the process when it holds more than this. That is safe at any moment, and tells more
    /// than the system's own killer would.
    pub fn watch(limit_bytes: u64) -> Self {
        let memory = Memory { limit_bytes, is_written: Arc::default(), is_over: Arc::default() };
        let (is_written, is_over) = (memory.is_written.clone(), memory.is_over.clone());
        std::thread::spawn(move || {
            let mut system = System::new();
            while !is_over.load(Ordering::Relaxed) {
                let held = held_bytes(&mut system);
                if held > limit_bytes {
                    let failure = too_much(held, limit_bytes, is_written.load(Ordering::Relaxed));
                    failure.print(crate::commands::logs_json());
                    std::process::exit(failure.status() as i32);
                }
                std::thread::sleep(EVERY);
            }
        });
        memory
    }

    /// Before the first write, when the jobs and the first users are loaded: whether what is still
    /// to come fits.
    pub fn check(&self, to_come: ToCome) -> Result<(), Failure> {
        let held = held_bytes(&mut System::new());
        let needed = held + to_come.bytes();
        tracing::debug!("{} held, {} expected", ByteSize(held), ByteSize(needed));
        if needed > self.limit_bytes {
            Err(too_much(needed, self.limit_bytes, self.is_written.load(Ordering::Relaxed)))
        } else {
            Ok(())
        }
    }

    /// From now on there may be something that was written.
    pub fn writes(&self) {
        self.is_written.store(true, Ordering::Relaxed);
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// What the process holds now.
fn held_bytes(system: &mut System) -> u64 {
    let Ok(pid) = sysinfo::get_current_pid() else { return 0 };
    let only_memory = ProcessRefreshKind::nothing().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, only_memory);
    system.process(pid).map_or(0, sysinfo::Process::memory)
}

fn too_much(needed: u64, limit: u64, is_written: bool) -> Failure {
    let (status, kept) = if is_written {
        (Status::Failed, "what was committed stays, the next run does the rest")
    } else {
        (Status::Unfit, "nothing was written")
    };
    Failure::new(
        status,
        anyhow!(
            "the run needs {} of memory and may hold {} (memory_limit): {kept}. Allow more, or make \
             it need less by fewer chunk_users or connections",
            ByteSize(needed),
            ByteSize(limit),
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_and_held_makes_sense() {
        let (allowed, held) = (allowed_bytes(), held_bytes(&mut System::new()));
        assert!(held > 1 << 20, "{held}");
        assert!(allowed > held, "{allowed}");
    }

    #[test]
    fn a_run_that_would_not_fit_is_told_before_it_writes() {
        let memory =
            Memory { limit_bytes: 1 << 40, is_written: Arc::default(), is_over: Arc::default() };
        memory.check(ToCome { num_users: 1_000, num_rows: 1_000 }).unwrap();
        let failure = memory.check(ToCome { num_users: 1 << 31, num_rows: 0 }).unwrap_err();
        assert_eq!(failure.status(), Status::Unfit);
        let failure = memory.check(ToCome { num_users: 0, num_rows: 1 << 32 }).unwrap_err();
        assert_eq!(failure.status(), Status::Unfit);
        memory.writes();
        let failure = memory.check(ToCome { num_users: 0, num_rows: 1 << 32 }).unwrap_err();
        assert_eq!(failure.status(), Status::Failed, "a later attempt");
        let memory =
            Memory { limit_bytes: 1 << 20, is_written: Arc::default(), is_over: Arc::default() };
        assert!(memory.check(ToCome { num_users: 0, num_rows: 0 }).is_err());
    }
}
