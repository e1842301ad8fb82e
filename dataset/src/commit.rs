//! A new version, all there or not there.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::io::ErrorKind;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use fs_err as fs;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use talvix_fault_points::{io, point};

use crate::error::Error;
use crate::folder::{CURRENT, Dataset, Lock, VERSIONS, Version, version_number};
use crate::reader::Table;

/// Begins the name of a version that is being made. A reader finds versions by `current` only.
const STAGING: &str = ".staging-";

/// The link to be, until it takes the place of `current`.
const NEXT: &str = ".current-next";

/// How much compression: less saves no time that shows, more costs twice the time for a few per
/// cent.
const ZSTD_LEVEL: i32 = 3;

/// Makes the version after the current one.
///
/// Tables that are written replace the ones of their name; all others are carried over, byte by
/// byte. Nothing is visible before [`finish`](Self::finish), whose one renaming of a link makes
/// everything visible at once. A process that is killed anywhere before it leaves the old
/// version, and a folder that the next commit removes. Dropping a commit takes it back.
#[derive(Debug)]
pub struct Commit<'lock> {
    root: PathBuf,
    base: Version,
    number: u64,
    /// The folder to remove unless the commit finishes.
    folder: PathBuf,
    written: BTreeSet<String>,
    finished: bool,
    lock: PhantomData<&'lock Lock>,
}

impl<'lock> Commit<'lock> {
    /// Begins a commit on the version that was read, which must still be the current one, and
    /// removes what killed commits left.
    pub fn begin(dataset: &Dataset, base: &Version, lock: &'lock Lock) -> Result<Self, Error> {
        debug_assert_eq!(dataset.root(), lock.root(), "the lock of another dataset");
        let root = dataset.root().to_owned();
        let found = dataset.current()?.number();
        if found != base.number() {
            return Err(Error::Superseded { root, expected: base.number(), found });
        }
        let versions = root.join(VERSIONS);
        fs::create_dir_all(&versions)?;
        for entry in fs::read_dir(&versions)? {
            let path = entry?.path();
            let staged = path.file_name().and_then(|name| name.to_str());
            let staged = staged.is_some_and(|name| name.starts_with(STAGING));
            // One that was renamed, but not linked to.
            let unlinked = version_number(&path).is_some_and(|number| number > found);
            if staged || unlinked {
                fs::remove_dir_all(path)?;
            }
        }
        match fs::remove_file(root.join(NEXT)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let number = found + 1;
        let folder = versions.join(format!("{STAGING}{number:06}"));
        fs::create_dir(&folder)?;
        Ok(Self {
            root,
            base: base.clone(),
            number,
            folder,
            written: BTreeSet::new(),
            finished: false,
            lock: PhantomData,
        })
    }

    /// Begins a table, which takes the place of the one of that name, and who may read that may
    /// read it. Each writer must be closed before [`finish`](Self::finish).
    pub fn write_table(&mut self, name: &str, schema: SchemaRef) -> Result<TableWriter, Error> {
        let path = self.folder.join(format!("{name}.parquet"));
        if !self.written.insert(name.to_owned()) {
            return Err(not_written(&path, &"it is written twice"));
        }
        let replaced = self.base.table(name).map(fs::metadata).transpose()?;
        TableWriter::create(path, schema, replaced.map(|replaced| replaced.permissions()))
    }

    /// Makes the new version the current one, on disk, and removes those before the previous
    /// one.
    pub fn finish(mut self) -> Result<Version, Error> {
        for name in &self.written {
            let path = self.folder.join(format!("{name}.parquet"));
            if !path.is_file() {
                return Err(not_written(&path, &"it was not closed"));
            }
        }
        for file in self.base.files()? {
            let written = file.file_stem().and_then(|name| name.to_str());
            if !written.is_some_and(|name| self.written.contains(name)) {
                carry_over(&file, &self.folder)?;
            }
        }
        sync_folder(&self.folder)?;
        point("version-complete");

        let versions = self.root.join(VERSIONS);
        let name = format!("{:06}", self.number);
        fs::rename(&self.folder, versions.join(&name))?;
        self.folder = versions.join(&name);
        sync_folder(&versions)?;
        point("version-renamed");

        let next = self.root.join(NEXT);
        fs::os::unix::fs::symlink(Path::new(VERSIONS).join(&name), &next)?;
        fs::rename(&next, self.root.join(CURRENT))?;
        self.finished = true;
        sync_folder(&self.root)?;
        point("version-linked");

        // The version is committed: what cannot be removed now is removed by a later commit.
        for entry in fs::read_dir(&versions)?.flatten() {
            if version_number(&entry.path()).is_some_and(|number| number < self.base.number()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Dataset::open(&self.root)?.current()
    }
}

impl Drop for Commit<'_> {
    fn drop(&mut self) {
        if !self.finished {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Puts a file into a folder, without copying it where that can be.
fn carry_over(file: &Path, folder: &Path) -> Result<(), Error> {
    // A hard link to a link would be a link, to somewhere else.
    let target = folder.join(file.file_name().unwrap_or_default());
    let file = fs::canonicalize(file)?;
    if fs::hard_link(&file, &target).is_err() {
        // Another file system, another owner, or no such thing as a hard link.
        fs::copy(&file, &target)?;
    }
    sync(&fs::File::open(&target)?, "carried-sync")
}

fn sync_folder(folder: &Path) -> Result<(), Error> {
    io("version-sync")?;
    Ok(fs::File::open(folder)?.sync_all()?)
}

/// Makes what a table holds safe from a crash.
fn sync(file: &fs::File, point: &'static str) -> Result<(), Error> {
    io(point)?;
    Ok(file.sync_all()?)
}

/// Writes a table of a [`Commit`].
#[derive(Debug)]
pub struct TableWriter {
    writer: ArrowWriter<fs::File>,
    /// Where the table will be.
    path: PathBuf,
    /// Where it is until it is complete.
    partial: PathBuf,
    rows: u64,
}

impl TableWriter {
    fn create(
        path: PathBuf,
        schema: SchemaRef,
        permissions: Option<Permissions>,
    ) -> Result<Self, Error> {
        let partial = path.with_extension("partial");
        let file = fs::File::create(&partial)?;
        // Nothing is in it yet.
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        let level = ZstdLevel::try_new(ZSTD_LEVEL).map_err(|error| not_written(&path, &error))?;
        let properties =
            WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
        let writer = ArrowWriter::try_new(file, schema, Some(properties))
            .map_err(|error| not_written(&path, &error))?;
        Ok(Self { writer, path, partial, rows: 0 })
    }

    /// Appends rows.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        io("version-write")?;
        self.writer.write(batch).map_err(|error| self.failed(&error))?;
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Completes the table and reads its footer again; the number of its rows.
    pub fn close(mut self) -> Result<u64, Error> {
        self.writer.finish().map_err(|error| self.failed(&error))?;
        sync(self.writer.inner(), "table-sync")?;
        let (expected, found) = (self.rows, Table::open(&self.partial)?.num_rows());
        if expected != found {
            return Err(Error::RowCount { file: self.path, expected, found });
        }
        fs::rename(&self.partial, &self.path)?;
        point("version-writing");
        Ok(found)
    }

    fn failed(&self, error: &ParquetError) -> Error {
        not_written(&self.path, error)
    }
}

fn not_written(path: &Path, reason: &impl ToString) -> Error {
    Error::Write { file: path.to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Int32Array, StringArray};
    use arrow::datatypes::Int32Type;

    use super::*;

    fn batch(value: i32) -> RecordBatch {
        RecordBatch::try_from_iter([("n", Arc::new(Int32Array::from(vec![value])) as ArrayRef)])
            .unwrap()
    }

    fn write(commit: &mut Commit<'_>, name: &str, value: i32) {
        let batch = batch(value);
        let mut table = commit.write_table(name, batch.schema()).unwrap();
        table.write(&batch).unwrap();
        assert_eq!(table.close().unwrap(), 1);
    }

    fn read(version: &Version, name: &str) -> i32 {
        let table = Table::open(&version.table(name).unwrap()).unwrap();
        let batch = table.read_all().next().unwrap().unwrap();
        batch.column(0).as_primitive::<Int32Type>().value(0)
    }

    /// A plain folder with the tables `jobs` and `users`.
    fn plain() -> (tempfile::TempDir, Dataset) {
        let root = tempfile::tempdir().unwrap();
        for (name, value) in [("jobs", 1), ("users", 2)] {
            let batch = batch(value);
            let path = root.path().join(format!("{name}.parquet"));
            let mut table = TableWriter::create(path, batch.schema(), None).unwrap();
            table.write(&batch).unwrap();
            table.close().unwrap();
        }
        let dataset = Dataset::open(root.path()).unwrap();
        (root, dataset)
    }

    fn commit(dataset: &Dataset, name: &str, value: i32) -> Version {
        let lock = dataset.lock("test").unwrap();
        let mut commit = Commit::begin(dataset, &dataset.current().unwrap(), &lock).unwrap();
        write(&mut commit, name, value);
        commit.finish().unwrap()
    }

    fn versions(dataset: &Dataset) -> Vec<String> {
        let entries = fs::read_dir(dataset.root().join(VERSIONS)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_reader_keeps_its_version_until_the_second_commit_after_it() {
        let (_root, dataset) = plain();
        let old = dataset.current().unwrap();
        let first = commit(&dataset, "jobs", 10);
        assert_eq!((read(&old, "jobs"), read(&first, "jobs")), (1, 10));
        assert_eq!(dataset.current().unwrap(), first);
        assert_eq!(first.tables().unwrap(), ["jobs", "users"]);

        let second = commit(&dataset, "jobs", 20);
        assert_eq!((read(&first, "jobs"), read(&second, "jobs")), (10, 20));
        assert_eq!(versions(&dataset), ["000001", "000002"]);

        let open = Table::open(&first.table("jobs").unwrap()).unwrap();
        commit(&dataset, "jobs", 30);
        assert_eq!(versions(&dataset), ["000002", "000003"]);
        assert_eq!(open.read_all().next().unwrap().unwrap(), batch(10), "an open file stays");
        assert_eq!(read(&old, "jobs"), 1, "a plain folder stays as it was");
    }

    #[test]
    fn who_may_read_a_table_may_read_what_takes_its_place() {
        let (root, dataset) = plain();
        let private = Permissions::from_mode(0o600);
        fs::set_permissions(root.path().join("users.parquet"), private).unwrap();
        let mode = |version: &Version, name: &str| {
            fs::metadata(version.table(name).unwrap()).unwrap().permissions().mode() & 0o777
        };
        let version = commit(&dataset, "users", 3);
        assert_eq!(mode(&version, "users"), 0o600, "written");
        let version = commit(&dataset, "jobs", 4);
        assert_eq!(mode(&version, "users"), 0o600, "carried over");
        let new = commit(&dataset, "scores", 5);
        assert_eq!(mode(&new, "scores"), mode(&version, "jobs"), "nothing was there");
    }

    #[test]
    fn what_is_not_written_is_carried_over_byte_by_byte() {
        let (root, dataset) = plain();
        let garbage = b"no Parquet at all";
        fs::write(root.path().join("notes.parquet"), garbage).unwrap();
        // A table that lies elsewhere.
        let elsewhere = root.path().join("elsewhere");
        fs::write(&elsewhere, "far").unwrap();
        fs::os::unix::fs::symlink("elsewhere", root.path().join("far.parquet")).unwrap();
        commit(&dataset, "scores", 7);
        let version = commit(&dataset, "jobs", 10);
        assert_eq!(version.number(), 2);
        let names = version.tables().unwrap();
        assert_eq!(names, ["far", "jobs", "notes", "scores", "users"]);
        let bytes = |path: Option<PathBuf>| fs::read(path.unwrap()).unwrap();
        assert_eq!(bytes(version.table("notes")), garbage);
        assert_eq!(bytes(version.table("far")), b"far");
        let users = root.path().join("users.parquet");
        assert_eq!(bytes(version.table("users")), fs::read(users).unwrap());
        assert_eq!(read(&version, "scores"), 7);
    }

    #[test]
    fn what_a_killed_commit_left_is_ignored_and_removed() {
        let (root, dataset) = plain();
        let base = commit(&dataset, "jobs", 10);
        // Killed while writing; killed between the two renamings; killed before the last one.
        let versions_folder = root.path().join(VERSIONS);
        fs::create_dir(versions_folder.join(".staging-000002")).unwrap();
        fs::write(versions_folder.join(".staging-000002/jobs.partial"), "half").unwrap();
        fs::create_dir(versions_folder.join("000002")).unwrap();
        fs::write(versions_folder.join("000002/jobs.parquet"), "whole").unwrap();
        fs::os::unix::fs::symlink("versions/000002", root.path().join(NEXT)).unwrap();
        assert_eq!(dataset.current().unwrap(), base);
        assert_eq!(read(&dataset.current().unwrap(), "jobs"), 10);

        let version = commit(&dataset, "users", 20);
        assert_eq!(version.number(), 2);
        assert_eq!((read(&version, "jobs"), read(&version, "users")), (10, 20));
        assert_eq!(versions(&dataset), ["000001", "000002"]);
        assert!(!root.path().join(NEXT).is_symlink());
    }

    #[test]
    fn a_dropped_commit_leaves_nothing() {
        let (_root, dataset) = plain();
        let base = dataset.current().unwrap();
        let lock = dataset.lock("test").unwrap();
        let mut commit = Commit::begin(&dataset, &base, &lock).unwrap();
        write(&mut commit, "jobs", 10);
        drop(commit);
        assert_eq!(dataset.current().unwrap(), base);
        assert_eq!(versions(&dataset), [""; 0]);
    }

    #[test]
    fn a_table_that_was_not_closed_is_not_committed() {
        let (_root, dataset) = plain();
        let base = dataset.current().unwrap();
        let lock = dataset.lock("test").unwrap();
        let mut commit = Commit::begin(&dataset, &base, &lock).unwrap();
        let mut table = commit.write_table("jobs", batch(1).schema()).unwrap();
        table.write(&batch(1)).unwrap();
        assert!(matches!(commit.write_table("jobs", batch(1).schema()), Err(Error::Write { .. })));
        assert!(matches!(commit.finish(), Err(Error::Write { .. })));
        assert_eq!(dataset.current().unwrap(), base);
    }

    #[test]
    fn a_commit_on_an_old_version_is_refused() {
        let (_root, dataset) = plain();
        let old = dataset.current().unwrap();
        commit(&dataset, "jobs", 10);
        let lock = dataset.lock("test").unwrap();
        let refused = Commit::begin(&dataset, &old, &lock);
        assert!(matches!(refused, Err(Error::Superseded { expected: 0, found: 1, .. })));
    }

    #[test]
    fn rows_of_another_schema_are_refused() {
        let (_root, dataset) = plain();
        let lock = dataset.lock("test").unwrap();
        let mut commit = Commit::begin(&dataset, &dataset.current().unwrap(), &lock).unwrap();
        let mut table = commit.write_table("jobs", batch(1).schema()).unwrap();
        let text: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
        let other = RecordBatch::try_from_iter([("n", text)]).unwrap();
        let error = table.write(&other).unwrap_err().to_string();
        assert!(error.contains("jobs.parquet: cannot be written"), "{error}");
    }

    #[test]
    fn a_commit_with_several_tables_open_at_once() {
        let (_root, dataset) = plain();
        let lock = dataset.lock("test").unwrap();
        let mut commit = Commit::begin(&dataset, &dataset.current().unwrap(), &lock).unwrap();
        let schema = Arc::clone(&batch(1).schema());
        let mut tables = ["jobs", "users", "scores"]
            .map(|name| commit.write_table(name, Arc::clone(&schema)).unwrap());
        for value in 0..3 {
            for table in &mut tables {
                table.write(&batch(value)).unwrap();
            }
        }
        for table in tables {
            assert_eq!(table.close().unwrap(), 3);
        }
        assert_eq!(commit.finish().unwrap().tables().unwrap().len(), 3);
    }
}
