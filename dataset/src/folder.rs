//! A dataset, its lock, and the version that is current.

use std::fs::TryLockError;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use fs_err as fs;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Name of the link to the current version.
pub(crate) const CURRENT: &str = "current";
/// Name of the folder of versions.
pub(crate) const VERSIONS: &str = "versions";
const LOCK: &str = ".talvix.lock";

/// A folder of Parquet files, one for each table, named like it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    root: PathBuf,
}

impl Dataset {
    /// The dataset in a folder, which must exist.
    pub fn open(root: &Path) -> Result<Self, Error> {
        if !fs::metadata(root)?.is_dir() {
            return Err(Error::NotA {
                path: root.to_owned(),
                expected: "a folder of Parquet files",
            });
        }
        Ok(Self { root: root.to_owned() })
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where its resumes, weights and models are. Storage has no versions.
    #[must_use]
    pub fn storage(&self) -> PathBuf {
        self.root.join("storage")
    }

    /// Takes the writer's lock, in the name of `holder`; fails at once when it is taken.
    ///
    /// The lock ends when it is dropped, and with the process, however that ends. Readers need
    /// none.
    pub fn lock(&self, holder: &str) -> Result<Lock, Error> {
        let path = self.root.join(LOCK);
        let mut file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false) // it names another holder, perhaps
            .open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let unknown = || Holder { holder: "another process".into(), since: "?".into() };
                let text = fs::read(&path).unwrap_or_default();
                let Holder { holder, since } =
                    serde_json::from_slice(&text).unwrap_or_else(|_| unknown());
                return Err(Error::Locked { root: self.root.clone(), holder, since });
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        file.set_len(0)?;
        let since = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let holder = Holder { holder: holder.to_owned(), since };
        let text = serde_json::to_string(&holder).unwrap_or_default();
        file.write_all(text.as_bytes())?;
        Ok(Lock { file, root: self.root.clone() })
    }

    /// The current version: where the link `current` points now, or the folder itself.
    ///
    /// The link is read here and nowhere else: what is read through one `Version` belongs
    /// together, whatever is committed meanwhile. Its files stay until the second commit after
    /// it.
    pub fn current(&self) -> Result<Version, Error> {
        let link = self.root.join(CURRENT);
        let target = match fs::read_link(&link) {
            Ok(target) => target,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Version { folder: self.root.clone(), number: 0 });
            }
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                return Err(Error::NotA { path: link, expected: "a link to a version's folder" });
            }
            Err(error) => return Err(error.into()),
        };
        let number = version_number(&target)
            .ok_or(Error::NotA { path: link, expected: "a link to versions/ and a number" })?;
        let folder = self.root.join(target);
        if !fs::metadata(&folder)?.is_dir() {
            return Err(Error::NotA { path: folder, expected: "the current version's folder" });
        }
        Ok(Version { folder, number })
    }
}

/// The number that a version's folder is named by.
pub(crate) fn version_number(folder: &Path) -> Option<u64> {
    folder.file_name()?.to_str()?.parse().ok().filter(|&number| number > 0)
}

/// What the lock file says.
#[derive(Serialize, Deserialize)]
struct Holder {
    holder: String,
    since: String,
}

/// The right to write to a dataset; see [`Dataset::lock`].
#[derive(Debug)]
pub struct Lock {
    file: fs::File,
    root: PathBuf,
}

impl Lock {
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file frees the lock; the name in it would only mislead.
        let _ = self.file.set_len(0);
    }
}

/// The tables of a dataset at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    folder: PathBuf,
    number: u64,
}

impl Version {
    /// The folder of its tables.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many commits made it; 0 is a plain folder.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The file of a table, if there is one.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<PathBuf> {
        let path = self.folder.join(format!("{name}.parquet"));
        path.is_file().then_some(path)
    }

    /// The names of all its tables, sorted.
    pub fn tables(&self) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        for path in self.files()? {
            names.extend(path.file_stem().and_then(|name| name.to_str()).map(str::to_owned));
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Every Parquet file in the folder.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>, Error> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "parquet") && path.is_file() {
                files.push(path);
            }
        }
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_folder_is_version_0() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("users.parquet"), "").unwrap();
        fs::write(root.path().join("jobs.parquet"), "").unwrap();
        fs::write(root.path().join("notes.txt"), "").unwrap();
        let dataset = Dataset::open(root.path()).unwrap();
        let version = dataset.current().unwrap();
        assert_eq!(version.number(), 0);
        assert_eq!(version.folder(), root.path());
        assert_eq!(version.tables().unwrap(), ["jobs", "users"]);
        assert_eq!(version.table("jobs"), Some(root.path().join("jobs.parquet")));
        assert_eq!(version.table("notes"), None);
        assert_eq!(dataset.storage(), root.path().join("storage"));
    }

    #[test]
    fn a_second_lock_is_refused_and_names_the_holder() {
        let root = tempfile::tempdir().unwrap();
        let dataset = Dataset::open(root.path()).unwrap();
        let lock = dataset.lock("talvix run, pid 4711").unwrap();
        match dataset.lock("another") {
            Err(Error::Locked { holder, since, .. }) => {
                assert_eq!(holder, "talvix run, pid 4711");
                assert!(since.parse::<Timestamp>().is_ok(), "{since}");
            }
            other => panic!("{other:?}"),
        }
        drop(lock);
        dataset.lock("another").unwrap();
    }

    #[test]
    fn what_is_no_dataset_is_refused_with_its_path() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(Dataset::open(&file), Err(Error::NotA { .. })));
        let missing = Dataset::open(&root.path().join("missing")).unwrap_err().to_string();
        assert!(missing.contains("missing"), "{missing}");

        let dataset = Dataset::open(root.path()).unwrap();
        let link = root.path().join(CURRENT);
        fs::create_dir(&link).unwrap();
        assert!(matches!(dataset.current(), Err(Error::NotA { .. })));
        fs::remove_dir(&link).unwrap();
        fs::os::unix::fs::symlink("versions/000003", &link).unwrap();
        assert!(matches!(dataset.current(), Err(Error::Io(_))), "a dangling link");
        fs::remove_file(&link).unwrap();
        fs::os::unix::fs::symlink("elsewhere", &link).unwrap();
        assert!(matches!(dataset.current(), Err(Error::NotA { .. })));
    }
}
