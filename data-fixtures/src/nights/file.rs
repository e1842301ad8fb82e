//! Nights as files: a line on the night, then a line of JSON for each change.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::plan::{Night, NightOptions, night};
use super::{Change, apply_to_tables};
use crate::error::Error;
use crate::tables::Tables;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    night: u32,
    /// For people, and for `--as-of`.
    as_of: String,
    as_of_us: i64,
}

/// Writes `nights/night-02.jsonl` and so on up to night number `nights`, each made for the tables
/// that the one before left; the paths.
pub fn write(
    dir: &Path,
    mut tables: Tables,
    nights: u32,
    options: &NightOptions,
) -> Result<Vec<PathBuf>, Error> {
    let folder = dir.join("nights");
    fs::create_dir_all(&folder)?;
    let mut paths = Vec::new();
    for number in 2..=nights {
        let night = night(&tables, number, options);
        let path = folder.join(format!("night-{number:02}.jsonl"));
        write_night(&path, &night)?;
        apply_to_tables(&mut tables, &night.changes);
        paths.push(path);
    }
    Ok(paths)
}

/// Writes a night.
pub fn write_night(path: &Path, night: &Night) -> Result<(), Error> {
    let as_of = jiff::Timestamp::from_microsecond(night.as_of_us).unwrap_or_default().to_string();
    let head = Head { night: night.night, as_of, as_of_us: night.as_of_us };
    let mut file = BufWriter::new(fs::File::create(path)?);
    let failed = |line| move |source| Error::Line { path: path.to_owned(), line, source };
    serde_json::to_writer(&mut file, &head).map_err(failed(1))?;
    for (change, line) in night.changes.iter().zip(2..) {
        file.write_all(b"\n")?;
        serde_json::to_writer(&mut file, change).map_err(failed(line))?;
    }
    file.write_all(b"\n")?;
    Ok(file.flush()?)
}

/// Reads a night.
pub fn read_night(path: &Path) -> Result<Night, Error> {
    let failed = |line| move |source| Error::Line { path: path.to_owned(), line, source };
    let mut lines = BufReader::new(fs::File::open(path)?).lines();
    let head = lines.next().ok_or_else(|| Error::NoNight { path: path.to_owned() })??;
    let head: Head = serde_json::from_str(&head).map_err(failed(1))?;
    let mut changes: Vec<Change> = Vec::new();
    for (text, line) in lines.zip(2..) {
        changes.push(serde_json::from_str(&text?).map_err(failed(line))?);
    }
    Ok(Night { night: head.night, as_of_us: head.as_of_us, changes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{Dirt, Options, generate};
    use crate::parquet::{apply_to_dataset, read_dataset, write_dataset};

    fn options(dirt: Dirt) -> NightOptions {
        let base = Options { jobs: 400, users: 120, dirt, ..Options::default() };
        NightOptions { changed_users_per_mille: 150, ..NightOptions::new(base) }
    }

    #[test]
    fn nights_from_files_leave_memory_and_dataset_alike() {
        for dirt in [Dirt::None, Dirt::Anything] {
            let folder = tempfile::tempdir().unwrap();
            let options = options(dirt);
            let mut tables = generate(&options.base);
            write_dataset(&tables, folder.path()).unwrap();
            let paths = write(folder.path(), tables.clone(), 5, &options).unwrap();
            assert_eq!(paths.len(), 4);
            for (path, number) in paths.iter().zip(2..) {
                let read = read_night(path).unwrap();
                assert_eq!(read, night(&tables, number, &options));
                apply_to_tables(&mut tables, &read.changes);
                apply_to_dataset(folder.path(), &read.changes).unwrap();
                assert!(read_dataset(folder.path()).unwrap() == tables, "{dirt:?}, {number}");
            }
        }
    }

    #[test]
    fn a_broken_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("night-02.jsonl");
        fs::write(&path, "").unwrap();
        assert!(matches!(read_night(&path), Err(Error::NoNight { .. })));
        fs::write(&path, "{\"night\":2,\"as_of\":\"\",\"as_of_us\":0}\n{}\n").unwrap();
        let error = read_night(&path).unwrap_err().to_string();
        assert!(error.contains("night-02.jsonl: line 2: "), "{error}");
    }
}
