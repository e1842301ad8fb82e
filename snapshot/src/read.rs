//! Published nights, found and opened.

use crate::{
    error::Error,
    file::FILE_NAME,
    publish::{dates, published},
    sets::{RUNS, SCHEMA_VERSION, Set},
};
use arrow::datatypes::SchemaRef;
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder},
    },
    errors::ParquetError,
};
use std::fs::File;
use talvix_storage::Storage;
use uuid::Uuid;

/// Rows of a batch.
const BATCH_ROWS: usize = 16 * 1_024;

/// How many runs an error names.
const MAX_NAMED: usize = 3;

/// A published run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublishedRun {
    /// The local date of its instant, `YYYY-MM-DD`.
    pub run_date: String,
    /// The run. Of one date a greater id is a later run.
    pub run_id: Uuid,
}

/// The published runs, oldest first. Opens no file.
pub async fn runs(storage: &Storage) -> Result<Vec<PublishedRun>, Error> {
    let mut runs = Vec::new();
    for run_date in dates(storage, RUNS.name).await? {
        for name in storage.names(&format!("{}/run_date={run_date}", RUNS.name)).await? {
            if let Some(run_id) = name.strip_prefix("run_id=").and_then(|id| id.parse().ok()) {
                runs.push(PublishedRun { run_date: run_date.clone(), run_id });
            }
        }
    }
    runs.sort_unstable();
    Ok(runs)
}

/// The run that is asked for: an id, how one begins, a date of one run, or `latest`.
pub fn find(storage: &Storage, runs: &[PublishedRun], asked: &str) -> Result<PublishedRun, Error> {
    let Some(latest) = runs.last() else {
        return Err(Error::NoNights { place: storage.place("") });
    };
    if asked == "latest" {
        return Ok(latest.clone());
    }
    let asked_lower = asked.to_ascii_lowercase();
    let is_asked = |run: &&PublishedRun| {
        run.run_date == asked || run.run_id.to_string().starts_with(&asked_lower)
    };
    let name = |run: &PublishedRun| format!("{} of {}", run.run_id, run.run_date);
    let found: Vec<&PublishedRun> = runs.iter().filter(is_asked).collect();
    match found[..] {
        [run] if !asked.is_empty() => Ok(run.clone()),
        [] => Err(Error::NoSuchRun {
            asked: asked.to_owned(),
            place: storage.place(""),
            there: runs.iter().rev().take(MAX_NAMED).map(name).collect(),
        }),
        _ => Err(Error::NotOneRun {
            asked: asked.to_owned(),
            found: found.into_iter().rev().take(MAX_NAMED).map(name).collect(),
        }),
    }
}

/// Rows of one set of a run.
#[derive(Debug)]
pub struct SetReader {
    place: String,
    builder: ParquetRecordBatchReaderBuilder<File>,
}

impl SetReader {
    /// Opens the file of a set, and checks that it is one and of this run.
    pub async fn open(storage: &Storage, run: &PublishedRun, set: &Set) -> Result<Self, Error> {
        let folder = published(set.name, &run.run_date, run.run_id);
        let file = format!("{folder}/{FILE_NAME}");
        let place = storage.place(&file);
        let Some(local) = storage.open_file(&file).await? else {
            return Err(Error::Incomplete { place, run_id: run.run_id.to_string() });
        };
        let builder = ParquetRecordBatchReaderBuilder::try_new(local)
            .map_err(|source| Error::Parquet { place: place.clone(), source })?;
        let metadata = builder.metadata().file_metadata().key_value_metadata();
        let value = |key: &str| {
            let pair = metadata?.iter().find(|pair| pair.key == key)?;
            pair.value.as_deref()
        };
        let not_ours = |reason: String| Error::NotOurs { place: place.clone(), reason };
        match value("talvix.schema_version").map(|version| (version, version.parse::<u32>())) {
            None => return Err(not_ours("its footer names no talvix.schema_version".to_owned())),
            Some((_, Ok(version))) if version <= SCHEMA_VERSION => {}
            Some((version, _)) => {
                return Err(Error::Newer {
                    place,
                    found: version.to_owned(),
                    known: SCHEMA_VERSION,
                });
            }
        }
        let expected =
            [("talvix.set", set.name.to_owned()), ("talvix.run_id", run.run_id.to_string())];
        for (key, expected) in expected {
            let found = value(key).unwrap_or("nothing");
            if found != expected {
                return Err(not_ours(format!("{key} is {found}, and should be {expected}")));
            }
        }
        let schema = set.schema();
        for field in schema.fields() {
            match builder.schema().field_with_name(field.name()) {
                Ok(found) if found.data_type() == field.data_type() => {}
                Ok(found) => {
                    return Err(not_ours(format!(
                        "column {} is of type {}, and should be {}",
                        field.name(),
                        found.data_type(),
                        field.data_type()
                    )));
                }
                Err(_) => return Err(not_ours(format!("it has no column {}", field.name()))),
            }
        }
        Ok(SetReader { place, builder })
    }

    /// Rows that the footer says there are.
    #[must_use]
    pub fn num_rows(&self) -> i64 {
        self.builder.metadata().file_metadata().num_rows()
    }

    /// The columns of the file.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        self.builder.schema()
    }

    /// Where the file is, for messages.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The rows, in batches with these columns in the set's order.
    pub fn read(self, columns: &[&str]) -> Result<ParquetRecordBatchReader, Error> {
        let fail = |source: ParquetError| Error::Parquet { place: self.place.clone(), source };
        let mask = ProjectionMask::columns(self.builder.parquet_schema(), columns.iter().copied());
        self.builder.with_projection(mask).with_batch_size(BATCH_ROWS).build().map_err(fail)
    }
}
