//! Tables as a dataset directory: a Parquet file each, and `storage/`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder,
    Int32Builder, ListBuilder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{
    DataType, Date32Type, Field, Int32Type, Int64Type, Schema, SchemaRef, TimeUnit,
    TimestampMicrosecondType,
};
use fs_err as fs;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use talvix_dataset::{Commit, Dataset, Kind, NAN_UNITS, Null, Table, TableWriter, Version};
use uuid::Uuid;

use crate::error::Error;
use crate::nights::{Change, apply_to_storage, apply_to_tables};
use crate::records::{Put, ReadTable, Record, Take, Visit, for_each_table, read_tables};
use crate::tables::{Numeric, Tables, WeightRow};

const BATCH_ROWS: usize = 1 << 16;
const RESUMES: &str = "parsed-resumes";

/// Tables that no night changes: a commit carries them over.
const UNCHANGED: [&str; 3] = ["salary_benchmarks", "model_weights", "agent_logs"];

/// Writes a plain folder of Parquet files, the dataset's version 0, and its storage.
///
/// Ids are text, money and years decimals, times UTC microseconds. A column with a `NaN`, which no
/// decimal can be, is one of doubles.
pub fn write_dataset(tables: &Tables, dir: &Path) -> Result<(), Error> {
    fs::create_dir_all(dir)?;
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
        let mut writer: TableWriter = self.0.write_table(R::TABLE, Arc::clone(&columns.schema))?;
        for rows in rows.chunks(BATCH_ROWS) {
            writer.write(&columns.batch(rows)?)?;
        }
        writer.close()?;
        Ok(())
    }
}

impl ReadTable for Version {
    type Error = Error;

    fn table<R: Record>(&mut self) -> Result<Vec<R>, Error> {
        let Some(path) = Self::table(self, R::TABLE) else { return Ok(Vec::new()) };
        let mut rows = Vec::new();
        for batch in Table::open(&path)?.read(R::COLUMNS) {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                rows.push(R::take(&mut Fields { table: R::TABLE, batch: &batch, row, column: 0 })?);
            }
        }
        Ok(rows)
    }
}

/// A table's schema, which depends on its rows where there is a `NaN`.
struct Columns {
    table: &'static str,
    schema: SchemaRef,
}

impl Columns {
    fn of<R: Record>(rows: &[R]) -> Self {
        let mut nan = NanColumns { found: vec![false; R::COLUMNS.len()], column: 0 };
        for row in rows {
            nan.column = 0;
            let Ok(()) = row.put(&mut nan);
        }
        let field = |(column, nan): (&talvix_dataset::Column, bool)| {
            let data_type = match column.kind {
                Kind::Uuid | Kind::Text => DataType::Utf8,
                Kind::Numeric { .. } if nan => DataType::Float64,
                Kind::Numeric { precision, scale } => DataType::Decimal128(precision, scale as i8),
                Kind::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                kind => kind.data_type(),
            };
            Field::new(column.name, data_type, column.null != Null::Refused)
        };
        let fields: Vec<Field> = R::COLUMNS.iter().zip(nan.found).map(field).collect();
        Self { table: R::TABLE, schema: Arc::new(Schema::new(fields)) }
    }

    fn batch<R: Record>(&self, rows: &[R]) -> Result<RecordBatch, Error> {
        let columns = self.schema.fields().iter().map(|field| Builder::new(field.data_type()));
        let mut builders = Builders { columns: columns.collect(), column: 0 };
        for row in rows {
            builders.column = 0;
            let Ok(()) = row.put(&mut builders);
        }
        let arrays = builders.columns.into_iter().map(Builder::finish).collect();
        RecordBatch::try_new(Arc::clone(&self.schema), arrays)
            .map_err(|source| Error::Batch { table: self.table, source })
    }
}

/// Marks the columns that hold a `NaN`.
struct NanColumns {
    found: Vec<bool>,
    column: usize,
}

impl NanColumns {
    #[expect(clippy::unnecessary_wraps, reason = "the shape of `Put`")]
    fn next(&mut self, nan: bool) -> Result<(), std::convert::Infallible> {
        self.found[self.column] |= nan;
        self.column += 1;
        Ok(())
    }
}

impl Put for NanColumns {
    type Error = std::convert::Infallible;

    fn uuid(&mut self, _: Option<Uuid>) -> Result<(), Self::Error> {
        self.next(false)
    }

    fn text(&mut self, _: Option<&str>) -> Result<(), Self::Error> {
        self.next(false)
    }

    fn list<'a>(
        &mut self,
        _: Option<impl ExactSizeIterator<Item = Option<&'a str>>>,
    ) -> Result<(), Self::Error> {
        self.next(false)
    }

    fn bool(&mut self, _: Option<bool>) -> Result<(), Self::Error> {
        self.next(false)
    }

    fn int(&mut self, _: Option<i32>) -> Result<(), Self::Error> {
        self.next(false)
    }

    fn date(&mut self, _: Option<i32>) -> Result<(), Self::Error> {
        self.next(false)
    }

    fn time(&mut self, _: Option<i64>) -> Result<(), Self::Error> {
        self.next(false)
    }

    fn numeric(&mut self, value: Option<Numeric>, _: u8) -> Result<(), Self::Error> {
        self.next(value == Some(Numeric::NaN))
    }
}

enum Builder {
    Text(StringBuilder),
    List(ListBuilder<StringBuilder>),
    Bool(BooleanBuilder),
    Int(Int32Builder),
    Date(Date32Builder),
    Time(TimestampMicrosecondBuilder),
    Decimal(Decimal128Builder),
    Double(Float64Builder),
}

impl Builder {
    fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Utf8 => Self::Text(StringBuilder::new()),
            DataType::Boolean => Self::Bool(BooleanBuilder::new()),
            DataType::Int32 => Self::Int(Int32Builder::new()),
            DataType::Date32 => Self::Date(Date32Builder::new()),
            DataType::Timestamp(..) => {
                Self::Time(TimestampMicrosecondBuilder::new().with_data_type(data_type.clone()))
            }
            DataType::Decimal128(..) => {
                Self::Decimal(Decimal128Builder::new().with_data_type(data_type.clone()))
            }
            DataType::Float64 => Self::Double(Float64Builder::new()),
            _ => Self::List(ListBuilder::new(StringBuilder::new())),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Text(mut builder) => Arc::new(builder.finish()),
            Self::List(mut builder) => Arc::new(builder.finish()),
            Self::Bool(mut builder) => Arc::new(builder.finish()),
            Self::Int(mut builder) => Arc::new(builder.finish()),
            Self::Date(mut builder) => Arc::new(builder.finish()),
            Self::Time(mut builder) => Arc::new(builder.finish()),
            Self::Decimal(mut builder) => Arc::new(builder.finish()),
            Self::Double(mut builder) => Arc::new(builder.finish()),
        }
    }
}

/// The columns of a batch; a value goes to the next one.
struct Builders {
    columns: Vec<Builder>,
    column: usize,
}

impl Builders {
    fn next(&mut self) -> &mut Builder {
        self.column += 1;
        &mut self.columns[self.column - 1]
    }
}

/// A column's builder is made from the kind that also picks the method, so no other can meet it.
macro_rules! append {
    ($self:ident, $variant:ident, $value:expr) => {{
        if let Builder::$variant(builder) = $self.next() {
            builder.append_option($value);
        }
        Ok(())
    }};
}

impl Put for Builders {
    type Error = std::convert::Infallible;

    fn uuid(&mut self, value: Option<Uuid>) -> Result<(), Self::Error> {
        let mut text = Uuid::encode_buffer();
        let text = value.map(|id| &*id.hyphenated().encode_lower(&mut text));
        append!(self, Text, text)
    }

    fn text(&mut self, value: Option<&str>) -> Result<(), Self::Error> {
        append!(self, Text, value)
    }

    fn list<'a>(
        &mut self,
        value: Option<impl ExactSizeIterator<Item = Option<&'a str>>>,
    ) -> Result<(), Self::Error> {
        append!(self, List, value)
    }

    fn bool(&mut self, value: Option<bool>) -> Result<(), Self::Error> {
        append!(self, Bool, value)
    }

    fn int(&mut self, value: Option<i32>) -> Result<(), Self::Error> {
        append!(self, Int, value)
    }

    fn date(&mut self, value: Option<i32>) -> Result<(), Self::Error> {
        append!(self, Date, value)
    }

    fn time(&mut self, value: Option<i64>) -> Result<(), Self::Error> {
        append!(self, Time, value)
    }

    fn numeric(&mut self, value: Option<Numeric>, scale: u8) -> Result<(), Self::Error> {
        match self.next() {
            Builder::Double(builder) => builder.append_option(value.map(|value| match value {
                Numeric::Units(units) => units as f64 / 10_f64.powi(i32::from(scale)),
                Numeric::NaN => f64::NAN,
            })),
            Builder::Decimal(builder) => builder.append_option(value.map(|value| match value {
                Numeric::Units(units) => i128::from(units),
                Numeric::NaN => 0, // `Columns::of` has seen to it that there is none
            })),
            _ => {}
        }
        Ok(())
    }
}

/// A row of a batch as `talvix-dataset` reads it: one type for each kind.
struct Fields<'a> {
    table: &'static str,
    batch: &'a RecordBatch,
    row: usize,
    column: usize,
}

impl<'a> Fields<'a> {
    /// The next column, if it has a value here.
    fn next(&mut self) -> Option<&'a ArrayRef> {
        self.column += 1;
        let array = self.batch.column(self.column - 1);
        (!array.is_null(self.row)).then_some(array)
    }
}

impl Take for Fields<'_> {
    type Error = Error;

    fn uuid(&mut self) -> Result<Option<Uuid>, Error> {
        let row = self.row;
        let bytes = self.next().map(|array| array.as_fixed_size_binary().value(row));
        Ok(bytes.and_then(|bytes| Uuid::from_slice(bytes).ok()))
    }

    fn text(&mut self) -> Result<Option<String>, Error> {
        let row = self.row;
        Ok(self.next().map(|array| array.as_string::<i32>().value(row).to_owned()))
    }

    fn list(&mut self) -> Result<Option<Vec<Option<String>>>, Error> {
        let row = self.row;
        Ok(self.next().map(|array| {
            let texts = array.as_list::<i32>().value(row);
            texts.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
        }))
    }

    fn bool(&mut self) -> Result<Option<bool>, Error> {
        let row = self.row;
        Ok(self.next().map(|array| array.as_boolean().value(row)))
    }

    fn int(&mut self) -> Result<Option<i32>, Error> {
        let row = self.row;
        Ok(self.next().map(|array| array.as_primitive::<Int32Type>().value(row)))
    }

    fn date(&mut self) -> Result<Option<i32>, Error> {
        let row = self.row;
        Ok(self.next().map(|array| array.as_primitive::<Date32Type>().value(row)))
    }

    fn time(&mut self) -> Result<Option<i64>, Error> {
        let row = self.row;
        Ok(self.next().map(|array| array.as_primitive::<TimestampMicrosecondType>().value(row)))
    }

    fn numeric(&mut self, _: u8) -> Result<Option<Numeric>, Error> {
        let row = self.row;
        Ok(self.next().map(|array| match array.as_primitive::<Int64Type>().value(row) {
            NAN_UNITS => Numeric::NaN,
            units => Numeric::Units(units),
        }))
    }

    fn null(&self, column: &'static str) -> Error {
        Error::Null { table: self.table, column }
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
    fn only_a_column_with_a_nan_is_one_of_doubles() {
        let mut rows = generate(&Options { jobs: 50, users: 0, ..Options::default() }).jobs;
        let type_of = |rows: &[_]| {
            Columns::of(rows).schema.field_with_name("salary_min_lpa").unwrap().data_type().clone()
        };
        assert_eq!(type_of(&rows), DataType::Decimal128(6, 2));
        rows[49].salary_min_lpa = Some(Numeric::NaN);
        assert_eq!(type_of(&rows), DataType::Float64);
    }

    #[test]
    fn live_weights_are_numbers_by_name() {
        let weights = weights_json(&crate::weights::model_weights());
        let weights: serde_json::Value = serde_json::from_str(&weights).unwrap();
        assert_eq!(weights["skills_match_weight"], 0.35);
        assert_eq!(weights["min_fit_score_threshold"], 40.0);
        assert_eq!(weights.as_object().unwrap().len(), 23);
    }
}
