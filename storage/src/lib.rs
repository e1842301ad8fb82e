//! Files beside the tables: a folder or an S3-compatible bucket behind one face.
//!
//! - [`Storage`]: opens a place, reads and writes files of it
//! - [`tree`]: folders of it: listed, moved and removed as a whole
//! - [`error`]: what can go wrong

pub mod error;
pub mod tree;

pub use error::Error;

use fs_err as fs;
use futures_util::StreamExt;
use object_store::{
    ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload, aws::AmazonS3Builder, path::Path as Key,
};
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
            let mut builder = AmazonS3Builder::new().with_bucket_name(bucket);
            for (name, value) in env {
                if let Ok(key) = name.to_ascii_lowercase().parse()
                    && name.starts_with("AWS_")
                {
                    builder = builder.with_config(key, value);
                }
            }
            let store = builder.build().map_err(|error| fail(error.to_string()))?;
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
                read_file(&root.join(file), max_bytes).map_err(|error| match error.kind() {
                    // Not a plain file, or too large: it stays so until somebody mends it.
                    io::ErrorKind::InvalidData => self.fail(file, &error.to_string()),
                    _ => Error::File(error),
                })
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
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.fail(file, &error.to_string())),
            Ok(result) => result,
        };
        if result.meta.size > max_bytes {
            return Err(Error::TooLarge { place: self.place(file), max_bytes });
        }
        let object = result.meta.clone();
        let bytes = result.bytes().await.map_err(|e| self.fail(file, &e.to_string()))?;
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
        let path = root.join(file);
        let folder = path.parent().unwrap_or(root);
        fs::create_dir_all(folder)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let prefix = format!(".{name}.");
        remove_left_over(folder, &prefix);
        tempfile::Builder::new()
            .prefix(&prefix)
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(folder)
    }

    /// Writes a file: all of it is there afterwards or none of it, also after a crash.
    pub async fn write(&self, file: &str, bytes: Vec<u8>) -> Result<(), Error> {
        match self {
            Storage::Folder(root) => write_file(&root.join(file), &bytes).map_err(Error::File),
            Storage::Bucket { store, .. } => store
                .put(&self.key(file), PutPayload::from(bytes))
                .await
                .map(|_| ())
                .map_err(|error| self.fail(file, &error.to_string())),
        }
    }

    /// Opens a file for reading at any place of it; `None` where there is none. Of a bucket it is a
    /// local copy, which vanishes when it is closed.
    pub async fn open_file(&self, file: &str) -> Result<Option<std::fs::File>, Error> {
        match self {
            Storage::Folder(root) => match fs::File::open(root.join(file)) {
                Ok(file) => Ok(Some(file.into_file())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(Error::File(error)),
            },
            Storage::Bucket { store, .. } => {
                match download(store.as_ref(), &self.key(file)).await {
                    Ok(copy) => Ok(Some(copy)),
                    Err(Transfer::Store(object_store::Error::NotFound { .. })) => Ok(None),
                    Err(error) => Err(self.fail(file, &error.to_string())),
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
                    .map_err(|error| self.fail(file, &error.to_string()))
            }
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

/// Reads a plain file of at most `max_bytes`; `None` where there is none.
pub fn read_file(path: &Path, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let unfit = |reason: &str| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {reason}", path.display()))
    };
    // A link could lead out of storage, and opening a pipe would wait for a writer.
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
        Ok(found) if !found.is_file() => return Err(unfit("not a plain file")),
        Ok(found) if found.len() > max_bytes => {
            return Err(unfit(&format!("larger than {max_bytes} bytes")));
        }
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(max_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        return Err(unfit(&format!("larger than {max_bytes} bytes")));
    }
    Ok(Some(bytes))
}

/// Writes a temporary file beside the path, syncs it, and renames it.
fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}", std::process::id()));
    let mut file = fs::File::create(&temporary)?;
    talvix_fault_points::io("file-write")?;
    file.write_all(bytes)?;
    talvix_fault_points::point("file-written");
    sync(&file)?;
    talvix_fault_points::point("file-synced");
    fs::rename(&temporary, path)?;
    tree::sync_folder(folder)
}

/// Makes what a file holds safe from a crash.
fn sync(file: &fs::File) -> io::Result<()> {
    talvix_fault_points::io("file-sync")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_plain_files_up_to_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.json");
        assert!(read_file(&path, 9).unwrap().is_none());
        write_file(&path, b"123456789").unwrap();
        assert_eq!(read_file(&path, 9).unwrap().unwrap(), b"123456789");
        let error = read_file(&path, 8).unwrap_err().to_string();
        assert!(error.ends_with("b.json: larger than 8 bytes"), "{error}");
        let error = read_file(&folder.path().join("a"), 8).unwrap_err().to_string();
        assert!(error.ends_with("not a plain file"), "{error}");
    }

    #[test]
    fn does_not_follow_links() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("secret"), folder.path().join("link"));
        write_file(&path, b"x").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(read_file(&link, 8).is_err());
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
