//! Parsed resumes in a folder: one look at a file that did not change, one open of one that did.

use super::{
    cache::OldRow,
    known::{Known, Outcome},
    parse::{MAX_PACKED_BYTES, Scratch},
};
use nix::{
    errno::Errno,
    fcntl::{AtFlags, OFlag, openat},
    sys::stat::{FileStat, Mode, SFlag, fstat, fstatat},
};
use rayon::prelude::*;
use std::{
    io::Read,
    os::fd::OwnedFd,
    path::Path,
    sync::{Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};
use talvix_engine::ids::{Uuid, uuid_text};
use talvix_storage::beneath::open_folder;

/// Threads that read from a folder. A cold disk or a mount answers many requests in the time of
/// one: with 16 under way it took a quarter of the time that two took, on two processors.
const READERS: usize = 16;

/// A file that was changed less than this before it was read may be changed once more without its
/// times showing it: they move in steps.
const SETTLING_NS: i128 = if cfg!(test) { 20_000_000 } else { 2_000_000_000 };

/// What tells one state of a file from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// Compared as a whole.
    pub(super) bytes: Vec<u8>,
    /// Whether a later change would show.
    pub(super) is_settled: bool,
}

/// Reads the resumes of a folder, with threads of its own.
pub(super) struct FolderReader {
    folder: Folder,
    /// Without threads of its own it reads on those of the caller.
    threads: Option<rayon::ThreadPool>,
    /// What each thread needs.
    scratch: Vec<Mutex<Scratch>>,
}

impl FolderReader {
    /// Opens storage with this root.
    pub(super) fn open(root: &Path) -> Self {
        FolderReader {
            folder: Folder(open_folder(root, Path::new("parsed-resumes"))),
            threads: rayon::ThreadPoolBuilder::new().num_threads(READERS).build().ok(),
            scratch: (0..READERS).map(|_| Mutex::default()).collect(),
        }
    }

    /// What became of the resume of each user; beside it the users' old entries.
    pub(super) fn read(
        &self,
        users: &[(Uuid, bool)],
        rows: &[Option<OldRow>],
        known: &Known<'_>,
    ) -> Vec<Outcome> {
        let read = || {
            let users = users.par_iter().zip(rows);
            users
                .map(|((user, has_resume), row)| match has_resume {
                    true => self.read_one(user, *row, known),
                    false => Outcome::Missing,
                })
                .collect()
        };
        match &self.threads {
            Some(threads) => threads.install(read),
            None => read(),
        }
    }

    fn read_one(&self, user: &Uuid, row: Option<OldRow>, known: &Known<'_>) -> Outcome {
        let name = file_name(user);
        if let Some(outcome) = known.unchanged(row, || self.folder.version(&name)) {
            return outcome;
        }
        let thread = rayon::current_thread_index().unwrap_or(0) % self.scratch.len();
        let mut scratch = self.scratch[thread].lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = match self.folder.read(&name, &mut scratch.packed) {
            Ok(version) => known.parse(user, version, row, &mut scratch),
            Err(reason) => Outcome::NoFile(reason),
        };
        scratch.shrink();
        outcome
    }
}

/// A user's file in the folder. Made of the id alone: no text of a table names a file.
pub(super) fn file_name(user: &Uuid) -> String {
    let mut name = uuid_text(user);
    name.push_str(".json.gz");
    name
}

/// The folder of parsed resumes, opened once: a look-up from here costs half of one by the whole
/// path.
#[derive(Debug)]
struct Folder(std::io::Result<OwnedFd>);

impl Folder {
    /// The version of a file, without opening it; `None` where it cannot be told.
    fn version(&self, file: &str) -> Option<Version> {
        let folder = self.0.as_ref().ok()?;
        let stat = fstatat(folder, file, AtFlags::AT_SYMLINK_NOFOLLOW).ok()?;
        is_plain(&stat).then(|| version(&stat))
    }

    /// Reads a plain file into a buffer, or says why it cannot be read.
    fn read(&self, file: &str, bytes: &mut Vec<u8>) -> Result<Version, &'static str> {
        const UNREADABLE: &str = "resume_file_unreadable";
        let reason = |error: Errno| match error {
            Errno::ENOENT => "resume_file_missing",
            _ => UNREADABLE,
        };
        let folder = self.0.as_ref().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => "resume_file_missing",
            _ => UNREADABLE,
        })?;
        // A link could lead out of storage, and opening a pipe would wait for a writer.
        let how = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let file = openat(folder, file, how, Mode::empty()).map_err(reason)?;
        let stat = fstat(&file).map_err(|_| UNREADABLE)?;
        if !is_plain(&stat) || stat.st_size as u64 > MAX_PACKED_BYTES {
            return Err(UNREADABLE);
        }
        // One byte more than it has: reading ends without asking again.
        bytes.clear();
        bytes.reserve(stat.st_size as usize + 1);
        let file = std::fs::File::from(file);
        read_to_end(&mut file.take(MAX_PACKED_BYTES + 1), bytes, stat.st_size as usize + 1)
            .map_err(|_| UNREADABLE)?;
        if bytes.len() as u64 > MAX_PACKED_BYTES {
            return Err(UNREADABLE);
        }
        Ok(version(&stat))
    }
}

/// As `Read::read_to_end`, which would ask for the file's size and place once more.
fn read_to_end(file: &mut impl Read, bytes: &mut Vec<u8>, expected: usize) -> std::io::Result<()> {
    let mut num_read = 0;
    bytes.resize(expected, 0);
    loop {
        if num_read == bytes.len() {
            bytes.resize(2 * num_read, 0);
        }
        match file.read(&mut bytes[num_read..]) {
            Ok(0) => break,
            Ok(more) => num_read += more,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(num_read);
    Ok(())
}

fn is_plain(stat: &FileStat) -> bool {
    SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()) == SFlag::S_IFREG
}

/// Size, both times and the inode. The device is left out: it may have another number after the
/// next mount.
fn version(stat: &FileStat) -> Version {
    let nanos = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    let modified = nanos(stat.st_mtime, stat.st_mtime_nsec);
    let changed = nanos(stat.st_ctime, stat.st_ctime_nsec);
    let mut bytes = Vec::with_capacity(48);
    bytes.extend(stat.st_size.to_le_bytes());
    bytes.extend(stat.st_ino.to_le_bytes());
    bytes.extend(modified.to_le_bytes());
    bytes.extend(changed.to_le_bytes());
    Version { bytes, is_settled: modified.max(changed) < now_ns() - SETTLING_NS }
}

/// Nanoseconds since 1970.
fn now_ns() -> i128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128)
}

/// Whether a file that a bucket says was modified then would show a later change.
pub(super) fn is_settled(modified_ns: i128) -> bool {
    modified_ns < now_ns() - SETTLING_NS
}
