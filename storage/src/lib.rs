//! Files beside the tables: a folder or an S3-compatible bucket behind one face.
//!
//! - [`Storage`]: opens a place, reads and writes files of it
//! - [`tree`]: folders of it: listed, moved and removed as a whole
//! - [`beneath`]: files of a folder, without following a link out of it
//! - `bucket`: reaching a bucket, and what it says is wrong
//! - [`error`]: what can go wrong

pub mod beneath;
mod bucket;
pub mod error;
pub mod tree;

pub use error::Error;

use fs_err as fs;
use futures_util::StreamExt;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload, path::Path as Key};
use std::{
    fmt,
    fs::Permissions,
    io::{self, Read, Seek, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};
use tempfile::NamedTempFile;

/// A temporary file that nobody wrote to for so long is of a run that was killed.
const LEFT_OVER_AFTER: Duration = Duration::from_hours(24);

/// Who may open a temporary file: its owner.
const PRIVATE: u32 = 0o600;

/// The same of a file that others read.
const FOR_READERS: u32 = 0o640;

/// The root of the files beside the tables.
#[derive(Clone)]
pub enum Storage {
    /// A folder: a mount, or `storage/` of a dataset.
    Folder(PathBuf),
    /// A bucket, below a prefix.
    Bucket {
        /// The store.
        store: Arc<dyn ObjectStore>,
        /// Bucket and prefix as they were given, for messages.
        url: String,
        /// What every key begins with.
        prefix: Key,
    },
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A store's own form could show its credentials.
        f.write_str(&self.place(""))
    }
}

impl Storage {
    /// Opens `s3://bucket/prefix`, `file://` or a path. Credentials and endpoint of a bucket come
    /// from the usual `AWS_*` variables, which `env` gives.
    pub fn open(url: &str, env: impl Iterator<Item = (String, String)>) -> Result<Self, Error> {
        let fail = |reason: String| Error::Place { place: url.to_owned(), reason };
        if let Some(bucket_and_prefix) = url.strip_prefix("s3://") {
            let (bucket, prefix) =
                bucket_and_prefix.split_once('/').unwrap_or((bucket_and_prefix, ""));
            let store = bucket::open(bucket, env).map_err(fail)?;
            return Ok(Storage::Bucket {
                store: Arc::new(store),
                url: format!("s3://{bucket}/{}", prefix.trim_matches('/')),
                prefix: Key::from(prefix),
            });
        }
        let path = url.strip_prefix("file://").unwrap_or(url);
        if path.contains("://") {
            return Err(fail("expected a path, file:// or s3://bucket/prefix".to_owned()));
        }
        Ok(Storage::Folder(PathBuf::from(path)))
    }

    /// Where a file is, for messages.
    #[must_use]
    pub fn place(&self, file: &str) -> String {
        match self {
            Storage::Folder(root) => root.join(file).display().to_string(),
            Storage::Bucket { url, .. } => format!("{}/{file}", url.trim_end_matches('/')),
        }
    }

    /// Checks that the root is there and can be read.
    pub fn check(&self) -> Result<(), Error> {
        match self {
            Storage::Folder(root) => match fs::metadata(root) {
                Ok(found) if found.is_dir() => Ok(()),
                Ok(_) => Err(self.fail("", "expected a folder")),
                Err(error) => Err(self.fail("", &error.to_string())),
            },
            // The first read says more than a listing would, which rights may refuse.
            Storage::Bucket { .. } => Ok(()),
        }
    }

    /// Reads a file of at most `max_bytes`; `None` where there is none.
    pub async fn read(&self, file: &str, max_bytes: u64) -> Result<Option<Vec<u8>>, Error> {
        match self {
            Storage::Folder(root) => {
                read_file(root, Path::new(file), max_bytes).map_err(|error| self.unfit(error))
            }
            Storage::Bucket { store, .. } => {
                let object = self.get(store.as_ref(), file, max_bytes).await?;
                Ok(object.map(|(bytes, _)| bytes))
            }
        }
    }

    /// Reads an object of at most `max_bytes`, with what the bucket says of it; `None` where there
    /// is none.
    pub async fn get(
        &self,
        store: &dyn ObjectStore,
        file: &str,
        max_bytes: u64,
    ) -> Result<Option<(Vec<u8>, ObjectMeta)>, Error> {
        let result = match store.get(&self.key(file)).await {
            Err(error) if bucket::is_missing(&error) => return Ok(None),
            Err(error) => return Err(self.failed(file, &error)),
            Ok(result) => result,
        };
        if result.meta.size > max_bytes {
            return Err(Error::TooLarge { place: self.place(file), max_bytes });
        }
        let object = result.meta.clone();
        let bytes = result.bytes().await.map_err(|e| self.failed(file, &e))?;
        Ok(Some((bytes.to_vec(), object)))
    }

    /// The key of a file in a bucket.
    #[must_use]
    pub fn key(&self, file: &str) -> Key {
        match self {
            Storage::Folder(_) => Key::from(file),
            Storage::Bucket { prefix, .. } => prefix.clone().join_all(file),
        }
    }

    /// A new file that is to take the place of another: beside it in a folder, else anywhere on
    /// this machine. It vanishes if it does not come to that.
    pub fn temporary(&self, file: &str) -> io::Result<NamedTempFile> {
        self.temporary_with(file, PRIVATE)
    }

    /// The same for a file that the group may read, as far as the process's mask lets it.
    pub fn temporary_for_readers(&self, file: &str) -> io::Result<NamedTempFile> {
        self.temporary_with(file, FOR_READERS)
    }

    fn temporary_with(&self, file: &str, mode: u32) -> io::Result<NamedTempFile> {
        let Storage::Folder(root) = self else { return NamedTempFile::new() };
        temporary(root, Path::new(file), mode)
    }

    /// Writes a file: all of it is there afterwards or none of it, also after a crash.
    pub async fn write(&self, file: &str, bytes: Vec<u8>) -> Result<(), Error> {
        match self {
            Storage::Folder(root) => {
                write_file(root, Path::new(file), &bytes).map_err(|error| self.unfit(error))
            }
            Storage::Bucket { store, .. } => store
                .put(&self.key(file), PutPayload::from(bytes))
                .await
                .map(|_| ())
                .map_err(|error| self.failed(file, &error)),
        }
    }

    /// Opens a file for reading at any place of it; `None` where there is none. Of a bucket it is a
    /// local copy, which vanishes when it is closed.
    pub async fn open_file(&self, file: &str) -> Result<Option<std::fs::File>, Error> {
        match self {
            Storage::Folder(root) => match beneath::open_file(root, Path::new(file)) {
                Ok(file) => Ok(Some(file)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(self.unfit(error)),
            },
            Storage::Bucket { store, .. } => {
                match download(store.as_ref(), &self.key(file)).await {
                    Ok(copy) => Ok(Some(copy)),
                    Err(Transfer::Store(error)) if bucket::is_missing(&error) => Ok(None),
                    Err(error) => Err(self.transfer_failed(file, error)),
                }
            }
        }
    }

    /// Puts a local file, of which all was written and which was made by
    /// [`temporary`](Self::temporary) for it, in the place of a file: all of it or nothing.
    pub async fn put_file(&self, file: &str, mut local: NamedTempFile) -> Result<(), Error> {
        match self {
            Storage::Folder(root) => {
                let path = root.join(file);
                local.persist(&path).map_err(|error| error.error)?;
                Ok(tree::sync_folder(path.parent().unwrap_or(root))?)
            }
            Storage::Bucket { store, .. } => {
                upload(store.as_ref(), &self.key(file), local.as_file_mut())
                    .await
                    .map_err(|error| self.transfer_failed(file, error))
            }
        }
    }

    /// Whether another place lies in this one, or is it: what is written there would lie among the
    /// files here.
    #[must_use]
    pub fn contains(&self, other: &Storage) -> bool {
        match (self, other) {
            (Storage::Folder(outer), Storage::Folder(inner)) => {
                real_path(inner).starts_with(real_path(outer))
            }
            (Storage::Bucket { url: outer, .. }, Storage::Bucket { url: inner, .. }) => {
                let with_slash = |url: &str| format!("{}/", url.trim_end_matches('/'));
                with_slash(inner).starts_with(&with_slash(outer))
            }
            _ => false,
        }
    }

    /// What is not a plain file, or too large, stays so until somebody mends it; anything else may
    /// pass.
    fn unfit(&self, error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::InvalidData => {
                Error::Place { place: self.place(""), reason: error.to_string() }
            }
            _ => Error::File(error),
        }
    }

    fn transfer_failed(&self, file: &str, error: Transfer) -> Error {
        match error {
            Transfer::Store(error) => self.failed(file, &error),
            Transfer::File(error) => Error::File(error),
        }
    }

    /// What a store answered, or did not.
    fn failed(&self, file: &str, error: &object_store::Error) -> Error {
        let (place, reason) = (self.place(file), bucket::reason(error));
        if bucket::may_pass(error) {
            Error::Unavailable { place, reason }
        } else {
            Error::Place { place, reason }
        }
    }

    fn fail(&self, file: &str, reason: &str) -> Error {
        Error::Place { place: self.place(file), reason: reason.to_owned() }
    }
}

/// Parts in which a file is sent.
const PART_BYTES: usize = 8 << 20;

/// Why an object did not come or go.
#[derive(Debug, thiserror::Error)]
enum Transfer {
    #[error(transparent)]
    Store(#[from] object_store::Error),
    #[error(transparent)]
    File(#[from] io::Error),
}

/// Copies an object into a local file that vanishes when it is closed.
async fn download(store: &dyn ObjectStore, key: &Key) -> Result<std::fs::File, Transfer> {
    let mut bytes = store.get(key).await?.into_stream();
    let mut file = tempfile::tempfile()?;
    while let Some(part) = bytes.next().await {
        file.write_all(&part?)?;
    }
    file.rewind()?;
    Ok(file)
}

/// Puts a local file in the place of an object: all of it or nothing.
async fn upload(
    store: &dyn ObjectStore,
    key: &Key,
    file: &mut std::fs::File,
) -> Result<(), Transfer> {
    file.rewind()?;
    let first = read_part(file)?;
    if first.len() < PART_BYTES {
        store.put(key, first.into()).await?;
        return Ok(());
    }
    let mut parts = store.put_multipart(key).await?;
    let mut part = first;
    while !part.is_empty() {
        if let Err(error) = parts.put_part(part.into()).await {
            // What was sent would stay, and cost, for ever.
            let _ = parts.abort().await;
            return Err(error.into());
        }
        part = read_part(file)?;
    }
    parts.complete().await?;
    Ok(())
}

fn read_part(file: &mut std::fs::File) -> io::Result<Vec<u8>> {
    let mut part = Vec::new();
    file.take(PART_BYTES as u64).read_to_end(&mut part)?;
    Ok(part)
}

/// Removes temporary files of runs that were killed. What cannot be removed stays.
fn remove_left_over(folder: &Path, prefix: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(prefix);
        let modified = entry.metadata().and_then(|found| found.modified());
        let is_old = modified.is_ok_and(|modified| {
            SystemTime::now().duration_since(modified).is_ok_and(|age| age > LEFT_OVER_AFTER)
        });
        if is_ours && is_old {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Keys made of several parts.
trait JoinAll {
    /// Appends every part of a path with slashes.
    fn join_all(self, file: &str) -> Self;
}

impl JoinAll for Key {
    fn join_all(self, file: &str) -> Self {
        file.split('/').fold(self, Key::join)
    }
}

/// Reads a plain file below a root, of at most `max_bytes`; `None` where there is none.
fn read_file(root: &Path, file: &Path, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let opened = match beneath::open_file(root, file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut bytes = Vec::new();
    opened.take(max_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        let reason = format!("{}: larger than {max_bytes} bytes", root.join(file).display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
    }
    Ok(Some(bytes))
}

/// A new file beside where it is to go. Its name cannot be known before, and nothing that is there
/// is opened.
fn temporary(root: &Path, file: &Path, mode: u32) -> io::Result<NamedTempFile> {
    let path = root.join(file);
    let folder = path.parent().unwrap_or(root);
    beneath::check_folder(root, file.parent().unwrap_or(Path::new("")))?;
    fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let prefix = format!(".{name}.");
    remove_left_over(folder, &prefix);
    tempfile::Builder::new()
        .prefix(&prefix)
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder)
}

/// Writes a temporary file beside the path, syncs it, and renames it.
fn write_file(root: &Path, file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut local = temporary(root, file, FOR_READERS)?;
    talvix_fault_points::io("file-write")?;
    local.write_all(bytes)?;
    talvix_fault_points::point("file-written");
    sync(local.as_file())?;
    talvix_fault_points::point("file-synced");
    let path = root.join(file);
    local.persist(&path).map_err(|error| error.error)?;
    tree::sync_folder(path.parent().unwrap_or(root))
}

/// A path without links, as far as it is there.
fn real_path(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for there in path.ancestors() {
        if let Ok(real) = fs::canonicalize(there) {
            return real.join(path.strip_prefix(there).unwrap_or(Path::new("")));
        }
    }
    path
}

/// Makes what a file holds safe from a crash.
fn sync(file: &std::fs::File) -> io::Result<()> {
    talvix_fault_points::io("file-sync")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[tokio::test]
    async fn reads_plain_files_up_to_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::Folder(folder.path().to_owned());
        assert!(storage.read("a/b.json", 9).await.unwrap().is_none());
        storage.write("a/b.json", b"123456789".to_vec()).await.unwrap();
        assert_eq!(storage.read("a/b.json", 9).await.unwrap().unwrap(), b"123456789");
        let error = storage.read("a/b.json", 8).await.unwrap_err().to_string();
        assert!(error.ends_with("b.json: larger than 8 bytes"), "{error}");
        let error = storage.read("a", 8).await.unwrap_err().to_string();
        assert!(error.ends_with("not a plain file"), "{error}");
    }

    #[tokio::test]
    async fn no_link_below_the_root_is_followed() {
        let top = tempfile::tempdir().unwrap();
        let outside = top.path().join("outside");
        fs::create_dir_all(outside.join("folder")).unwrap();
        fs::write(outside.join("file"), "secret").unwrap();
        let root = top.path().join("root");
        fs::create_dir(&root).unwrap();
        symlink(outside.join("file"), root.join("file")).unwrap();
        symlink(&outside, root.join("out")).unwrap();
        let storage = Storage::Folder(root.clone());
        for file in ["file", "out/file"] {
            assert!(matches!(storage.read(file, 99).await, Err(Error::Place { .. })), "{file}");
            assert!(matches!(storage.open_file(file).await, Err(Error::Place { .. })), "{file}");
        }
        assert!(matches!(storage.write("out/new", vec![1]).await, Err(Error::Place { .. })));
        assert!(storage.temporary("out/new").is_err());
        assert!(storage.names("out").await.is_err());
        assert!(storage.move_folder("out/folder", "in").await.is_err());
        storage.write("mine/x", vec![1]).await.unwrap();
        assert!(storage.move_folder("mine", "out/mine").await.is_err());
        assert!(storage.remove_folder("out/folder").await.is_err());
        assert!(storage.remove_file("out/file").await.is_err());
        // A link itself is replaced or removed, and not what it leads to.
        storage.write("file", b"ours".to_vec()).await.unwrap();
        assert_eq!(storage.read("file", 99).await.unwrap().unwrap(), b"ours");
        storage.remove_folder("out").await.unwrap();
        storage.remove_file("out").await.unwrap();
        assert_eq!(fs::read(outside.join("file")).unwrap(), b"secret");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 2);
    }

    #[tokio::test]
    async fn what_others_may_do_is_bounded_and_the_mask_makes_it_less() {
        let top = tempfile::tempdir().unwrap();
        let storage = Storage::Folder(top.path().to_owned());
        let mode =
            |file: &str| fs::metadata(top.path().join(file)).unwrap().permissions().mode() & 0o777;
        // The tests' own mask, which other tests share, is not changed: a file tells it.
        fs::write(top.path().join("plain"), "").unwrap();
        let mask = !mode("plain") & 0o666;
        storage.write("file", vec![1]).await.unwrap();
        assert_eq!(mode("file"), 0o640 & !mask);
        let local = storage.temporary("private").unwrap();
        storage.put_file("private", local).await.unwrap();
        assert_eq!(mode("private"), 0o600 & !mask);
        storage.create_private_folder("staging").unwrap();
        storage.create_private_folder("staging").unwrap();
        assert_eq!(mode("staging"), 0o700 & !mask);
    }

    #[test]
    fn a_place_within_another_is_told() {
        let top = tempfile::tempdir().unwrap();
        fs::create_dir(top.path().join("a")).unwrap();
        symlink(top.path().join("a"), top.path().join("link")).unwrap();
        let at = |url: &str| {
            let url = if url.contains("://") {
                url.to_owned()
            } else {
                top.path().join(url).display().to_string()
            };
            Storage::open(&url, std::iter::empty()).unwrap()
        };
        for (outer, inner, want) in [
            ("a", "a", true),
            ("a", "a/b/c", true),
            ("a", "a/./b", true),
            ("a", "link/b", true),
            ("link", "a/b", true),
            ("a", "ab", false),
            ("a/b", "a", false),
            ("a", "b", false),
            ("s3://x/a", "s3://x/a/b", true),
            ("s3://x/a/", "s3://x/a", true),
            ("s3://x", "s3://x/b", true),
            ("s3://x/a", "s3://x/ab", false),
            ("s3://x/a", "s3://y/a/b", false),
            ("a", "s3://x/a", false),
        ] {
            assert_eq!(at(outer).contains(&at(inner)), want, "{outer} {inner}");
        }
    }

    #[test]
    fn urls_name_folders_and_buckets() {
        let open = |url| Storage::open(url, std::iter::empty()).map(|storage| storage.place("x/y"));
        assert_eq!(open("/mnt").unwrap(), "/mnt/x/y");
        assert_eq!(open("file:///mnt").unwrap(), "/mnt/x/y");
        assert_eq!(open("s3://talvix/prod/").unwrap(), "s3://talvix/prod/x/y");
        assert!(open("ftp://host/x").unwrap_err().to_string().contains("s3://bucket/prefix"));
    }
}
