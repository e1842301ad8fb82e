//! Published nights, found and opened.

use crate::{
    error::Error,
    file::FILE_NAME,
    publish::{dates, published},
    sets::{JOB_FIT_SCORES, RUNS, SCHEMA_VERSION, Set},
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
const MAX_NAMED: usize = 5;

/// A published run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublishedRun {
    /// The local date of its instant, `YYYY-MM-DD`.
    pub run_date: String,
    /// The run. Of one date a greater id is a later run.
    pub run_id: Uuid,
}

/// The published nights of a place: found by the names of folders, however many there are.
#[derive(Clone, Debug)]
pub struct Nights {
    storage: Storage,
    /// Oldest first.
    runs: Vec<PublishedRun>,
}

impl Nights {
    /// Lists the runs that are complete. Opens no file.
    pub async fn list(storage: &Storage) -> Result<Self, Error> {
        let runs = of_set(storage, RUNS.name).await?;
        if runs.is_empty() {
            return Err(Error::NoNights { place: root(storage) });
        }
        Ok(Nights { storage: storage.clone(), runs })
    }

    /// The runs, oldest first; at least one.
    #[must_use]
    pub fn runs(&self) -> &[PublishedRun] {
        &self.runs
    }

    /// The run that a name stands for: an id, how one begins, a date with one run, `latest`,
    /// `previous`.
    pub async fn find(&self, asked: &str) -> Result<&PublishedRun, Error> {
        match (asked, &self.runs[..]) {
            ("latest", [.., latest]) | ("previous", [.., latest, _]) => return Ok(latest),
            ("previous", _) => return Err(Error::NoPrevious),
            _ => {}
        }
        let asked = asked.to_ascii_lowercase();
        match fitting(&self.runs, &asked)[..] {
            [run] => Ok(run),
            [] => Err(self.unknown(asked).await),
            ref many => Err(Error::NotOneRun {
                asked,
                number: many.len(),
                found: named(many.iter().copied()),
            }),
        }
    }

    /// Why a name stands for nothing: a run that was not published to its end, or none at all.
    async fn unknown(&self, asked: String) -> Error {
        let begun = of_set(&self.storage, JOB_FIT_SCORES.name).await.unwrap_or_default();
        if let [run, ..] = fitting(&begun, &asked)[..] {
            return Error::Unfinished { run_id: run.run_id, run_date: run.run_date.clone() };
        }
        let last = named(self.runs.iter().rev());
        Error::NoSuchRun { asked, place: root(&self.storage), last }
    }
}

/// The runs that a set has folders of, oldest first.
async fn of_set(storage: &Storage, set: &str) -> Result<Vec<PublishedRun>, Error> {
    let mut runs = Vec::new();
    for run_date in dates(storage, set).await? {
        for name in storage.names(&format!("{set}/run_date={run_date}")).await? {
            if let Some(run_id) = name.strip_prefix("run_id=").and_then(|id| id.parse().ok()) {
                runs.push(PublishedRun { run_date: run_date.clone(), run_id });
            }
        }
    }
    runs.sort_unstable();
    Ok(runs)
}

/// The runs that a date, an id or the beginning of an id fits.
fn fitting<'a>(runs: &'a [PublishedRun], asked: &str) -> Vec<&'a PublishedRun> {
    let fits = |run: &&PublishedRun| {
        run.run_date == asked || !asked.is_empty() && run.run_id.to_string().starts_with(asked)
    };
    runs.iter().filter(fits).collect()
}

/// The first few, with their dates.
fn named<'a>(runs: impl Iterator<Item = &'a PublishedRun>) -> String {
    let mut runs = runs.peekable();
    let few: Vec<String> = runs
        .by_ref()
        .take(MAX_NAMED)
        .map(|run| format!("{} ({})", run.run_id, run.run_date))
        .collect();
    let more = if runs.peek().is_some() { ", …" } else { "" };
    format!("{}{more}", few.join(", "))
}

/// The place itself, for messages.
fn root(storage: &Storage) -> String {
    storage.place("").trim_end_matches('/').to_owned()
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
            let PublishedRun { run_id, run_date } = run.clone();
            return Err(Error::Incomplete { place, run_id, run_date });
        };
        let builder = ParquetRecordBatchReaderBuilder::try_new(local)
            .map_err(|source| Error::Parquet { place: place.clone(), source })?;
        let reader = SetReader { place, builder };
        reader.check(run, set)?;
        Ok(reader)
    }

    /// What the footer says under a key, such as `talvix.weights`.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<&str> {
        let pairs = self.builder.metadata().file_metadata().key_value_metadata()?;
        pairs.iter().find(|pair| pair.key == key)?.value.as_deref()
    }

    /// Whether the file is ours, of this run and set, and not newer than we are.
    fn check(&self, run: &PublishedRun, set: &Set) -> Result<(), Error> {
        let not_ours = |reason| Err(Error::NotOurs { place: self.place.clone(), reason });
        let Some(version) = self.metadata("talvix.schema_version") else {
            return not_ours(
                "it was not written by talvix: the file's metadata has no talvix.schema_version"
                    .to_owned(),
            );
        };
        if version.parse::<u32>().is_ok_and(|version| version > SCHEMA_VERSION) {
            return Err(Error::Newer {
                place: self.place.clone(),
                found: version.to_owned(),
                by: self.metadata("talvix.version").unwrap_or("?").to_owned(),
                known: SCHEMA_VERSION,
            });
        }
        let place =
            [("talvix.run_id", run.run_id.to_string()), ("talvix.set", set.name.to_owned())];
        for (key, expected) in place {
            let found = self.metadata(key).unwrap_or("nothing");
            if found != expected {
                return not_ours(format!(
                    "its metadata says {key} {found}, its place {expected}: it was moved here from \
                     elsewhere"
                ));
            }
        }
        for field in set.schema().fields() {
            match self.builder.schema().field_with_name(field.name()) {
                Ok(found) if found.data_type() == field.data_type() => {}
                Ok(found) => {
                    return not_ours(format!(
                        "column {}: expected {}, found {}",
                        field.name(),
                        field.data_type(),
                        found.data_type()
                    ));
                }
                Err(_) => return not_ours(format!("there is no column {}", field.name())),
            }
        }
        Ok(())
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
