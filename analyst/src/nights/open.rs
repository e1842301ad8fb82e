//! A run's files: that they are there, ours, and of a version that we know; and their rows.

use super::wait;
use crate::{failure::Failure, frame};
use polars::prelude::*;
use serde::Serialize;
use std::path::{Path, PathBuf};
use talvix_snapshot::{
    file::FILE_NAME,
    publish::published,
    read::{PublishedRun, SetReader},
    sets::{self, Set},
};
use talvix_storage::Storage;

/// What the files of a run say of it.
#[derive(Clone, Debug, Default, Serialize)]
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
    root: PathBuf,
    run: PublishedRun,
}

impl Opened {
    /// Opens the footers of a run's files.
    pub fn open(root: &Path, run: &PublishedRun) -> Result<Self, Failure> {
        let storage = Storage::Folder(root.to_owned());
        let mut meta = Meta::default();
        for set in sets::ALL {
            let file = wait(SetReader::open(&storage, run, set))?;
            let text = |key: &str| file.metadata(key).unwrap_or_default().to_owned();
            meta = Meta {
                run_id: run.run_id.to_string(),
                run_date: run.run_date.clone(),
                as_of: text("talvix.as_of"),
                week: text("talvix.week"),
                model_id: text("talvix.model_id"),
                weights: text("talvix.weights"),
            };
        }
        Ok(Opened { meta, root: root.to_owned(), run: run.clone() })
    }

    /// The rows of a set, columns of which are read when they are asked for.
    pub fn scan(&self, set: &Set) -> Result<LazyFrame, Failure> {
        scan(&self.root, &self.run, set)
    }

    /// How many rows a set has, as its file's footer says.
    pub fn num_rows(&self, set: &Set) -> Result<u64, Failure> {
        let rows = collect(self.scan(set)?.select([len().alias("rows")]), set, &[self])?;
        frame::number(&rows, "rows")
    }
}

/// Runs a query on a set of one run or two. If that goes wrong, their files are at fault.
pub fn collect(query: LazyFrame, set: &Set, runs: &[&Opened]) -> Result<DataFrame, Failure> {
    frame::collect(query).map_err(|error| {
        let place = |run: &&Opened| file(&run.root, &run.run, set).display().to_string();
        let places: Vec<String> = runs.iter().map(place).collect();
        Failure::unfit(format!("{}: cannot be read: {error}", places.join(" or ")))
    })
}

/// The rows of a set of a run.
pub fn scan(root: &Path, run: &PublishedRun, set: &Set) -> Result<LazyFrame, Failure> {
    let path = PlRefPath::try_from_path(&file(root, run, set))?;
    let args = ScanArgsParquet {
        glob: false,
        hive_options: HiveOptions::new_disabled(),
        ..ScanArgsParquet::default()
    };
    Ok(LazyFrame::scan_parquet_sources(ScanSources::Paths([path].into_iter().collect()), args)?)
}

fn file(root: &Path, run: &PublishedRun, set: &Set) -> PathBuf {
    root.join(published(set.name, &run.run_date, run.run_id)).join(FILE_NAME)
}
