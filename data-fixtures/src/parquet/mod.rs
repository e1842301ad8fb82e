//! Tables as a dataset directory: a Parquet file each, and `storage/`.
//!
//! - [`write_dataset`], [`read_dataset`], [`apply_to_dataset`]: a dataset
//! - [`write_storage`]: resumes and weights, for a database's storage too
//! - `write`, `read`: rows to batches and back

mod read;
mod write;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use fs_err as fs;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use talvix_dataset::{Commit, Dataset};
use uuid::Uuid;

use crate::error::Error;
use crate::nights::{Change, apply_to_storage, apply_to_tables};
use crate::records::{Record, Visit, for_each_table, read_tables};
use crate::tables::{Numeric, Tables, WeightRow};
use write::Columns;

const BATCH_ROWS: usize = 1 << 16;
const RESUMES: &str = "parsed-resumes";

/// Tables that no night changes: a commit carries them over.
const UNCHANGED: [&str; 3] = ["salary_benchmarks", "model_weights", "agent_logs"];

/// Writes a plain folder of Parquet files, the dataset's version 0, and its storage.
///
/// Ids are text, money and years decimals, times UTC microseconds. A column with a `NaN`, which no
/// decimal can be, is one of doubles. The folder is made, or must be empty: what lay there, an
/// older `current` or a stranger's resume, would become part of the dataset.
pub fn write_dataset(tables: &Tables, dir: &Path) -> Result<(), Error> {
    fs::create_dir_all(dir)?;
    if fs::read_dir(dir)?.next().is_some() {
        return Err(Error::NotEmpty { path: dir.to_owned() });
    }
    for_each_table(tables, &mut Folder(dir))?;
    write_storage(tables, &dir.join("storage"))
}

/// Writes the parsed resumes and the live weights.
pub fn write_storage(tables: &Tables, storage: &Path) -> Result<(), Error> {
    let folder = storage.join(RESUMES);
    fs::create_dir_all(&folder)?;
    for (user, bytes) in &tables.parsed_resumes {
        fs::write(folder.join(format!("{user}.json.gz")), bytes)?;
    }
    let folder = storage.join("model-data");
    fs::create_dir_all(&folder)?;
    Ok(fs::write(folder.join("weights_current.json"), weights_json(&tables.model_weights))?)
}

/// Reads a dataset as it is now, through `current` where a run has committed. A table that is not
/// there is empty.
pub fn read_dataset(dir: &Path) -> Result<Tables, Error> {
    let dataset = Dataset::open(dir)?;
    let mut tables = read_tables(&mut dataset.current()?)?;
    tables.parsed_resumes = read_resumes(&dataset.storage())?;
    Ok(tables)
}

/// Applies what happened between two nights to a dataset: storage first, then a new version of
/// the tables.
pub fn apply_to_dataset(dir: &Path, changes: &[Change]) -> Result<(), Error> {
    let dataset = Dataset::open(dir)?;
    let lock = dataset.lock("talvix fixtures, applying a night")?;
    let base = dataset.current()?;
    let mut tables = read_tables(&mut base.clone())?;
    apply_to_tables(&mut tables, changes);
    apply_to_storage(&dataset.storage(), changes)?;
    let mut commit = Commit::begin(&dataset, &base, &lock)?;
    for_each_table(&tables, &mut Changed(&mut commit))?;
    commit.finish()?;
    Ok(())
}

pub(crate) fn read_resumes(storage: &Path) -> Result<BTreeMap<Uuid, Vec<u8>>, Error> {
    let mut files = BTreeMap::new();
    let folder = storage.join(RESUMES);
    if !folder.is_dir() {
        return Ok(files);
    }
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let user = name.strip_suffix(".json.gz").and_then(|id| Uuid::try_parse(id).ok());
        if let Some(user) = user {
            files.insert(user, fs::read(&path)?);
        }
    }
    Ok(files)
}

/// The weights as a JSON object of numbers, by name.
fn weights_json(weights: &[WeightRow]) -> String {
    let number = |value| match value {
        Numeric::Units(units) => Some(units as f64 / 10_000.0),
        Numeric::NaN => None,
    };
    let weights: BTreeMap<&str, Option<f64>> =
        weights.iter().map(|row| (row.weight_name.as_str(), number(row.weight_value))).collect();
    // Names and finite numbers are always JSON.
    serde_json::to_string_pretty(&weights).unwrap_or_default()
}

struct Folder<'a>(&'a Path);

impl Visit for Folder<'_> {
    type Error = Error;

    fn table<R: Record>(&mut self, rows: &[R]) -> Result<(), Error> {
        let path = self.0.join(format!("{}.parquet", R::TABLE));
        let level = ZstdLevel::try_new(3).unwrap_or_default();
        let properties =
            WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
        let columns = Columns::of(rows);
        let file = fs::File::create(&path)?;
        let failed = |source| Error::Parquet { path: path.clone(), source };
        let schema = Arc::clone(&columns.schema);
        let mut writer = ArrowWriter::try_new(file, schema, Some(properties)).map_err(failed)?;
        for rows in rows.chunks(BATCH_ROWS) {
            writer.write(&columns.batch(rows)?).map_err(failed)?;
        }
        writer.close().map_err(failed)?;
        Ok(())
    }
}

struct Changed<'a, 'lock>(&'a mut Commit<'lock>);

impl Visit for Changed<'_, '_> {
    type Error = Error;

    fn table<R: Record>(&mut self, rows: &[R]) -> Result<(), Error> {
        if UNCHANGED.contains(&R::TABLE) {
            return Ok(());
        }
        let columns = Columns::of(rows);
        let mut writer = self.0.write_table(R::TABLE, Arc::clone(&columns.schema))?;
        for rows in rows.chunks(BATCH_ROWS) {
            writer.write(&columns.batch(rows)?)?;
        }
        writer.close()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{Dirt, Options, generate};

    fn round_trip(dirt: Dirt) -> Tables {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { jobs: 700, users: 150, dirt, ..Options::default() };
        let tables = generate(&options);
        write_dataset(&tables, folder.path()).unwrap();
        assert!(read_dataset(folder.path()).unwrap() == tables, "{dirt:?}");
        tables
    }

    #[test]
    fn a_dataset_reads_back_as_it_was_written() {
        round_trip(Dirt::None);
        round_trip(Dirt::Database);
        let dirty = round_trip(Dirt::Anything);
        let nan = |job: &crate::tables::JobRow| {
            [job.salary_min_lpa, job.salary_max_lpa, job.exp_min_years]
                .contains(&Some(Numeric::NaN))
        };
        assert!(dirty.jobs.iter().any(nan));
        assert!(dirty.users.iter().any(|user| user.cities_preferred.contains(&None)));
    }

    #[test]
    fn scores_and_cursors_read_back_too() {
        let folder = tempfile::tempdir().unwrap();
        let id = Uuid::from_u128;
        let mut tables = generate(&Options { jobs: 5, users: 2, ..Options::default() });
        tables.job_fit_scores.push(crate::tables::ScoreRow {
            id: id(1),
            user_id: id(2),
            job_id: id(3),
            fit_score: 77,
            fit_label: "strong".to_owned(),
            recommendation: "apply".to_owned(),
            fit_reasons: None,
            missing_skills: Some(Vec::new()),
            strengths: Some(vec!["sql".to_owned()]),
            is_full_score: true,
            week_number: 47,
            year_number: 2026,
            expires_at: 5,
            created_at: -5,
        });
        tables.user_fit_score_cursors.push(crate::tables::CursorRow {
            user_id: id(2),
            last_scrape_run_id: None,
            last_scored_at: Some(7),
            updated_at: 8,
        });
        write_dataset(&tables, folder.path()).unwrap();
        assert!(read_dataset(folder.path()).unwrap() == tables);
    }

    #[test]
    fn live_weights_are_numbers_by_name() {
        let weights = weights_json(&crate::weights::model_weights());
        let weights: serde_json::Value = serde_json::from_str(&weights).unwrap();
        assert_eq!(weights["skills_match_weight"], 0.35);
        assert_eq!(weights["min_fit_score_threshold"], 40.0);
        assert_eq!(weights.as_object().unwrap().len(), 23);
    }

    #[test]
    fn what_lies_in_a_folder_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let tables = generate(&Options { jobs: 5, users: 2, ..Options::default() });
        write_dataset(&tables, folder.path()).unwrap();
        let error = write_dataset(&tables, folder.path()).unwrap_err();
        assert!(matches!(error, Error::NotEmpty { .. }), "{error}");
    }
}
