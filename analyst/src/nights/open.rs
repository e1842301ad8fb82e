//! A run's files: that they are there, ours, and of a version that we know.

use super::Night;
use crate::{failure::Failure, frame};
use fs_err as fs;
use polars::prelude::*;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use talvix_snapshot::sets::{self, Kind, SCHEMA_VERSION, Set};

/// What the files of a run say of it.
#[derive(Clone, Debug, Serialize)]
pub struct Meta {
    /// The run.
    pub run_id: String,
    /// Its local date.
    pub run_date: String,
    /// Its instant.
    pub as_of: String,
    /// Its ISO week in India.
    pub week: String,
    /// The pinned scoring model.
    pub model_id: String,
    /// The weights of that model, as JSON.
    #[serde(skip)]
    pub weights: String,
}

/// A complete run, ready to be read.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What its files say of it.
    pub meta: Meta,
    /// The files of each of [`sets::ALL`].
    files: Vec<(&'static Set, Vec<PathBuf>)>,
}

impl Opened {
    /// Opens the footers of a run's files.
    pub fn open(root: &Path, night: &Night) -> Result<Self, Failure> {
        let mut files = Vec::new();
        let mut missing = Vec::new();
        for set in sets::ALL {
            let folder = folder(root, set, night);
            let parts = parts(&folder);
            if parts.is_empty() {
                missing.push(folder.display().to_string());
            }
            files.push((set, parts));
        }
        if !missing.is_empty() {
            return Err(Failure::unfit(format!(
                "run {} of {} is not complete: there is no .parquet file in {}; it was removed \
                 after it was published",
                night.run_id,
                night.run_date,
                missing.join(" and ")
            )));
        }
        let mut first = None;
        for (set, parts) in &files {
            for path in parts {
                let said = footer(path)?;
                check(path, &said, set, night)?;
                first.get_or_insert(said);
            }
        }
        let said = first.unwrap_or_default();
        let text = |key: &str| said.get(key).cloned().unwrap_or_default();
        let meta = Meta {
            run_id: night.run_id.clone(),
            run_date: night.run_date.clone(),
            as_of: text("talvix.as_of"),
            week: text("talvix.week"),
            model_id: text("talvix.model_id"),
            weights: text("talvix.weights"),
        };
        Ok(Opened { meta, files })
    }

    /// The rows of a set, columns of which are read when they are asked for.
    pub fn scan(&self, set: &Set) -> Result<LazyFrame, Failure> {
        let of_set = self.files.iter().find(|(found, _)| found.name == set.name);
        let paths = of_set.map_or(&[][..], |(_, paths)| paths);
        scan(paths, set)
    }

    /// How many rows a set has, as its files' footers say.
    pub fn num_rows(&self, set: &Set) -> Result<u64, Failure> {
        let rows = collect(self.scan(set)?.select([len().alias("rows")]), set, &[self])?;
        frame::number(&rows, "rows")
    }

    /// The first of a set's files.
    fn place(&self, set: &Set) -> String {
        let of_set = self.files.iter().find(|(found, _)| found.name == set.name);
        let first = of_set.and_then(|(_, paths)| paths.first());
        first.map_or_else(String::new, |path| path.display().to_string())
    }
}

/// Runs a query on a set of one run or two. If that goes wrong, their files are at fault.
pub fn collect(query: LazyFrame, set: &Set, runs: &[&Opened]) -> Result<DataFrame, Failure> {
    frame::collect(query).map_err(|error| {
        let places: Vec<String> = runs.iter().map(|run| run.place(set)).collect();
        Failure::unfit(format!("{}: cannot be read: {error}", places.join(" or ")))
    })
}

/// The folder of a run in a set.
pub fn folder(root: &Path, set: &Set, night: &Night) -> PathBuf {
    root.join(set.name)
        .join(format!("run_date={}", night.run_date))
        .join(format!("run_id={}", night.run_id))
}

/// The files in a folder, by name; none where it cannot be read.
pub fn parts(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut parts: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "parquet"))
        .collect();
    parts.sort_unstable();
    parts
}

/// Rows of these files of a set. Every column of the set must be there with its type.
pub fn scan(paths: &[PathBuf], set: &Set) -> Result<LazyFrame, Failure> {
    let sources: PolarsResult<_> =
        paths.iter().map(|path| PlRefPath::try_from_path(path)).collect();
    let args = ScanArgsParquet {
        glob: false,
        hive_options: HiveOptions::new_disabled(),
        ..ScanArgsParquet::default()
    };
    let mut rows = LazyFrame::scan_parquet_sources(ScanSources::Paths(sources?), args)?;
    let place = || paths.first().map_or_else(String::new, |path| path.display().to_string());
    let schema = rows.collect_schema().map_err(|error| {
        Failure::from(error).context(format!("{}: cannot be read as Parquet", place()))
    })?;
    for column in set.columns {
        let expected = data_type(column.kind);
        match schema.get(column.name) {
            None => {
                return Err(Failure::unfit(format!(
                    "{}: there is no column {}",
                    place(),
                    column.name
                )));
            }
            Some(found) if *found != expected && !(is_utc(&expected) && is_utc(found)) => {
                return Err(Failure::unfit(format!(
                    "{}: column {}: expected {expected}, found {found}",
                    place(),
                    column.name
                )));
            }
            Some(_) => {}
        }
    }
    Ok(rows)
}

/// What polars reads a column of the kind as.
fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Id | Kind::Word | Kind::Text => DataType::String,
        Kind::Int32 => DataType::Int32,
        Kind::Int64 => DataType::Int64,
        Kind::Double => DataType::Float64,
        Kind::Bool => DataType::Boolean,
        Kind::Time => DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)),
        Kind::Words => DataType::List(Box::new(DataType::String)),
    }
}

/// Whether these are microseconds in UTC, however a writer spells that.
fn is_utc(found: &DataType) -> bool {
    match found {
        DataType::Datetime(TimeUnit::Microseconds, Some(zone)) => {
            ["UTC", "Etc/UTC", "+00:00"].contains(&zone.as_str())
        }
        _ => false,
    }
}

/// The key-value metadata of a file.
fn footer(path: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let mut reader = ParquetReader::new(fs::File::open(path)?.into_parts().0);
    let metadata = reader.get_metadata().map_err(|error| {
        Failure::unfit(format!("{}: cannot be read as Parquet: {error}", path.display()))
    })?;
    let pairs = metadata.key_value_metadata().iter().flatten();
    Ok(pairs.filter_map(|pair| Some((pair.key.clone(), pair.value.clone()?))).collect())
}

/// Checks that a file is ours, of this run and set, and not newer than we are.
fn check(
    path: &Path,
    said: &BTreeMap<String, String>,
    set: &Set,
    night: &Night,
) -> Result<(), Failure> {
    let unfit = |reason: String| Err(Failure::unfit(format!("{}: {reason}", path.display())));
    let Some(version) = said.get("talvix.schema_version") else {
        return unfit(
            "it was not written by talvix: the file's metadata has no talvix.schema_version".into(),
        );
    };
    match version.parse::<u32>() {
        Ok(known) if known <= SCHEMA_VERSION => {}
        _ => {
            let by = said.get("talvix.version").map_or("?", String::as_str);
            return unfit(format!(
                "its columns are of version {version}, written by talvix {by}; this talvix-analyst \
                 knows them up to version {SCHEMA_VERSION}: use a newer one"
            ));
        }
    }
    for (key, expected) in [("talvix.run_id", night.run_id.as_str()), ("talvix.set", set.name)] {
        let found = said.get(key).map_or("nothing", String::as_str);
        if found != expected {
            return unfit(format!(
                "its metadata says {key} {found}, its place {expected}: it was moved here from \
                 elsewhere"
            ));
        }
    }
    Ok(())
}
