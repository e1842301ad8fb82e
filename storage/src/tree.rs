//! Folders of a place: listed, moved and removed as a whole.
//!
//! A bucket has no folders. Of it a folder is what keys begin with, and moving one is copying each
//! object: what happens at once in a folder happens file by file in a bucket.

use crate::{Storage, beneath, error::Error};
use fs_err as fs;
use futures_util::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt, path::Path as Key};
use std::{
    fs::DirBuilder,
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// Who may look into a private folder: its owner.
const PRIVATE: u32 = 0o700;

impl Storage {
    /// The names of what lies in a folder, in order; none where there is no such folder.
    pub async fn names(&self, folder: &str) -> Result<Vec<String>, Error> {
        let mut names: Vec<String> = match self {
            Storage::Folder(root) => match fs::read_dir(self.folder(root, folder)?) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
                Err(error) => return Err(Error::File(error)),
                Ok(entries) => entries
                    .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                    .collect::<io::Result<_>>()?,
            },
            Storage::Bucket { store, .. } => {
                let found = store
                    .list_with_delimiter(Some(&self.key(folder)))
                    .await
                    .map_err(|error| self.failed(folder, &error))?;
                let keys = found.common_prefixes.iter();
                let objects = found.objects.iter().map(|object| &object.location);
                keys.chain(objects).filter_map(|key| key.filename().map(str::to_owned)).collect()
            }
        };
        names.sort_unstable();
        Ok(names)
    }

    /// Moves a folder to where none is. After a crash, and in a bucket after a failure, it may be
    /// in both places: moving it once more ends that. All of it is safe from a crash once this
    /// returns.
    pub async fn move_folder(&self, from: &str, to: &str) -> Result<(), Error> {
        match self {
            Storage::Folder(root) => {
                let (from, to) = (self.beside(root, from)?, self.beside(root, to)?);
                let parent = to.parent().unwrap_or(root);
                create_folders(parent)?;
                talvix_fault_points::io("folder-rename")?;
                fs::rename(&from, &to)?;
                sync_folder(parent)?;
            }
            Storage::Bucket { store, .. } => {
                let fail = |error: object_store::Error| self.failed(from, &error);
                let (from, to) = (self.key(from), self.key(to));
                for key in keys(store.as_ref(), &from).await.map_err(fail)? {
                    let rest = key.prefix_match(&from).into_iter().flatten();
                    let target = rest.fold(to.clone(), Key::join);
                    store.copy(&key, &target).await.map_err(fail)?;
                }
                remove_keys(store.as_ref(), &from).await.map_err(fail)?;
            }
        }
        Ok(())
    }

    /// Removes a folder with all that is in it, if it is there.
    pub async fn remove_folder(&self, folder: &str) -> Result<(), Error> {
        match self {
            Storage::Folder(root) => match fs::remove_dir_all(self.beside(root, folder)?) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::File(error)),
                _ => Ok(()),
            },
            Storage::Bucket { store, .. } => remove_keys(store.as_ref(), &self.key(folder))
                .await
                .map_err(|error| self.failed(folder, &error)),
        }
    }

    /// Removes a file, if it is there.
    pub async fn remove_file(&self, file: &str) -> Result<(), Error> {
        match self {
            Storage::Folder(root) => match fs::remove_file(self.beside(root, file)?) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::File(error)),
                _ => Ok(()),
            },
            Storage::Bucket { store, .. } => match store.delete(&self.key(file)).await {
                Err(object_store::Error::NotFound { .. }) | Ok(()) => Ok(()),
                Err(error) => Err(self.failed(file, &error)),
            },
        }
    }

    /// Makes a folder that only its owner may look into, if it is not there.
    pub fn create_private_folder(&self, folder: &str) -> Result<(), Error> {
        match self {
            Storage::Folder(root) => {
                let folder = self.beside(root, folder)?;
                create_folders(folder.parent().unwrap_or(root))?;
                match DirBuilder::new().mode(PRIVATE).create(&folder) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        let reason = format!("{}: {error}", folder.display());
                        Err(Error::File(io::Error::new(error.kind(), reason)))
                    }
                    _ => Ok(()),
                }
            }
            Storage::Bucket { .. } => Ok(()),
        }
    }

    /// The path of a folder, to be looked into: no link.
    fn folder(&self, root: &Path, folder: &str) -> Result<PathBuf, Error> {
        beneath::check_folder(root, Path::new(folder)).map_err(|error| self.unfit(error))?;
        Ok(root.join(folder))
    }

    /// The path of what is to be moved or removed, which does not follow it if it is a link: what
    /// is above it is none.
    fn beside(&self, root: &Path, path: &str) -> Result<PathBuf, Error> {
        let above = Path::new(path).parent().unwrap_or(Path::new(""));
        beneath::check_folder(root, above).map_err(|error| self.unfit(error))?;
        Ok(root.join(path))
    }

    /// Makes the root where a folder is meant that is not there.
    pub fn create_root(&self) -> Result<(), Error> {
        match self {
            Storage::Folder(root) => Ok(create_folders(root)?),
            Storage::Bucket { .. } => Ok(()),
        }
    }
}

/// Makes a folder with those above it, each safe from a crash.
fn create_folders(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().unwrap_or(Path::new("."));
    create_folders(parent)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(parent),
    }
}

/// Makes what was created, renamed or removed in a folder safe from a crash.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    talvix_fault_points::io("folder-sync")?;
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    fs::File::open(folder)?.sync_all()
}

/// The objects of a folder, marks such as `_SUCCESS` last: what comes object by object is marked
/// once all of it is there.
async fn keys(store: &dyn ObjectStore, folder: &Key) -> object_store::Result<Vec<Key>> {
    let mut keys: Vec<Key> =
        store.list(Some(folder)).map_ok(|object| object.location).try_collect().await?;
    keys.sort_unstable_by_key(|key| {
        (key.filename().is_some_and(|name| name.starts_with('_')), key.clone())
    });
    Ok(keys)
}

/// Removes the objects of a folder, marks first.
async fn remove_keys(store: &dyn ObjectStore, folder: &Key) -> object_store::Result<()> {
    for key in keys(store, folder).await?.into_iter().rev() {
        match store.delete(&key).await {
            Err(object_store::Error::NotFound { .. }) | Ok(()) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;
    use std::sync::Arc;

    /// The same steps in a folder and in a bucket.
    async fn moves_lists_and_removes(storage: &Storage) {
        storage.write("stage/a/1.txt", b"1".to_vec()).await.unwrap();
        storage.write("stage/a/2.txt", b"2".to_vec()).await.unwrap();
        storage.write("stage/b.txt", b"3".to_vec()).await.unwrap();
        assert_eq!(storage.names("stage").await.unwrap(), ["a", "b.txt"]);
        assert!(storage.names("nowhere").await.unwrap().is_empty());

        storage.move_folder("stage/a", "there/x=1/y=2").await.unwrap();
        assert_eq!(storage.names("there/x=1/y=2").await.unwrap(), ["1.txt", "2.txt"]);
        assert_eq!(storage.read("there/x=1/y=2/2.txt", 9).await.unwrap().unwrap(), b"2");
        assert_eq!(storage.names("stage").await.unwrap(), ["b.txt"]);

        storage.remove_folder("there/x=1").await.unwrap();
        storage.remove_folder("there/x=1").await.unwrap();
        assert!(storage.names("there/x=1/y=2").await.unwrap().is_empty());
        storage.remove_file("stage/b.txt").await.unwrap();
        storage.remove_file("stage/b.txt").await.unwrap();
        assert!(storage.open_file("stage/b.txt").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn marks_of_a_folder_come_last() {
        let store = InMemory::new();
        for name in ["a/_SUCCESS", "a/part", "a/b/_x", "a/b/part"] {
            store.put(&Key::from(name), Vec::new().into()).await.unwrap();
        }
        let found = keys(&store, &Key::from("a")).await.unwrap();
        let names: Vec<&str> = found.iter().map(AsRef::as_ref).collect();
        assert_eq!(names, ["a/b/part", "a/part", "a/_SUCCESS", "a/b/_x"]);
    }

    #[tokio::test]
    async fn of_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        moves_lists_and_removes(&Storage::Folder(folder.path().join("root"))).await;
    }

    #[tokio::test]
    async fn of_a_bucket() {
        moves_lists_and_removes(&Storage::Bucket {
            store: Arc::new(InMemory::new()),
            url: "s3://test/prefix".to_owned(),
            prefix: Key::from("prefix"),
        })
        .await;
    }
}
