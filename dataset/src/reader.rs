//! A file's rows, in exactly the types that were asked for.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use fs_err as fs;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Type as PhysicalType;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use crate::column::{Column, Null};
use crate::error::Error;
use crate::footer;
use crate::normalize::{Fault, normalize};
use crate::source::Source;

/// Rows of a batch: large enough that the work per batch does not count, small enough that
/// several wide ones stay in memory.
pub const BATCH_ROWS: usize = 64 * 1024;

/// A Parquet file whose footer has been read.
#[derive(Clone, Debug)]
pub struct Table {
    path: PathBuf,
    source: Source,
    metadata: ArrowReaderMetadata,
    num_rows: u64,
}

impl Table {
    /// Opens a file and reads its footer. The file stays open: what is read later is this file,
    /// whatever takes its place.
    pub fn open(path: &Path) -> Result<Self, Error> {
        // Opening a pipe would wait for somebody to write to it.
        if !fs::metadata(path)?.is_file() {
            return Err(Error::NotA { path: path.to_owned(), expected: "a Parquet file" });
        }
        let source = Source::new(fs::File::open(path)?.into_file())?;
        let metadata = guard(path, || load(&source).map_err(|error| unreadable(path, &error)))?;
        let num_rows = metadata.metadata().file_metadata().num_rows();
        let num_rows = u64::try_from(num_rows)
            .map_err(|_| unreadable(path, &format!("its footer says it has {num_rows} rows")))?;
        Ok(Self { path: path.to_owned(), source, metadata, num_rows })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All columns, in the file's own types.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(self.metadata.schema())
    }

    /// Rows that the footer says there are. Reading fails when it is wrong.
    #[must_use]
    pub fn num_rows(&self) -> u64 {
        self.num_rows
    }

    /// Everything that keeps the columns from being read, as far as the footer tells: columns
    /// that are not there, and types that cannot fit.
    #[must_use]
    pub fn missing(&self, columns: &[Column]) -> Vec<Error> {
        let fault = |column: &Column| {
            let expected = column.kind.to_string();
            let (file, name) = (self.path.clone(), column.name);
            match self.metadata.schema().column_with_name(name) {
                None if column.null == Null::Absent => None,
                None => Some(Error::MissingColumn { file, column: name, expected }),
                Some((_, field)) if column.kind.accepts(field.data_type()) => None,
                Some((_, field)) => {
                    let found = field.data_type().to_string();
                    Some(Error::ColumnType { file, column: name, expected, found })
                }
            }
        };
        columns.iter().filter_map(fault).collect()
    }

    /// The columns' values in the types of their kinds, in the order asked for; no other column
    /// is decoded. Of the faults that [`missing`](Self::missing) lists the first comes first.
    #[must_use]
    pub fn read(&self, columns: &[Column]) -> Batches {
        if let Some(error) = self.missing(columns).into_iter().next() {
            return self.batches(Err(error), None);
        }
        let position = |column: &Column| self.metadata.schema().index_of(column.name).ok();
        let mask = ProjectionMask::roots(
            self.metadata.parquet_schema(),
            columns.iter().filter_map(position),
        );
        let fields: Vec<Field> = columns.iter().map(Column::field).collect();
        let plan = Plan { columns: columns.to_vec(), schema: Arc::new(Schema::new(fields)) };
        self.batches(self.reader(mask), Some(plan))
    }

    /// All columns in the file's own types.
    #[must_use]
    pub fn read_all(&self) -> Batches {
        self.batches(self.reader(ProjectionMask::all()), None)
    }

    fn reader(&self, mask: ProjectionMask) -> Result<ParquetRecordBatchReader, Error> {
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(
            self.source.clone(),
            self.metadata.clone(),
        );
        let builder = builder.with_projection(mask).with_batch_size(BATCH_ROWS);
        guard(&self.path, || builder.build().map_err(|error| unreadable(&self.path, &error)))
    }

    fn batches(
        &self,
        reader: Result<ParquetRecordBatchReader, Error>,
        plan: Option<Plan>,
    ) -> Batches {
        let path = self.path.clone();
        Batches { path, state: State::from(reader), plan, rows: 0, num_rows: self.num_rows }
    }
}

/// Reads the footer. Times of 96 bits are taken as microseconds: as nanoseconds, which the
/// decoder would choose, those before 1677 or after 2262 silently become others.
fn load(source: &Source) -> Result<ArrowReaderMetadata, ParquetError> {
    if !footer_fits(source)? {
        let reason = "its footer says that it holds more than it can";
        return Err(ParquetError::General(reason.to_owned()));
    }
    let metadata = ArrowReaderMetadata::load(source, ArrowReaderOptions::new())?;
    let parquet_schema = metadata.parquet_schema();
    let mut fields = metadata.schema().fields().to_vec();
    let mut changed = false;
    for leaf in 0..parquet_schema.num_columns() {
        let root = parquet_schema.get_column_root_idx(leaf);
        if parquet_schema.column(leaf).physical_type() == PhysicalType::INT96
            && let Some(field) = fields.get_mut(root)
            && let DataType::Timestamp(_, zone) = field.data_type()
        {
            let data_type = DataType::Timestamp(TimeUnit::Microsecond, zone.clone());
            *field = Arc::new(Field::clone(field).with_data_type(data_type));
            changed = true;
        }
    }
    if !changed {
        return Ok(metadata);
    }
    let schema = Schema::new_with_metadata(fields, metadata.schema().metadata().clone());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)
}

/// Whether nothing in the footer is longer than the footer. What is no Parquet is left to the
/// decoder, which says better why.
fn footer_fits(source: &Source) -> Result<bool, ParquetError> {
    let Some(end) = source.len().checked_sub(footer::TAIL_BYTES as u64) else { return Ok(true) };
    let tail = source.get_bytes(end, footer::TAIL_BYTES)?;
    let length = tail.first_chunk().copied().and_then(footer::length);
    match length.and_then(|length| Some((end.checked_sub(length)?, length))) {
        None => Ok(true),
        Some((start, length)) => Ok(footer::fits(&source.get_bytes(start, length as usize)?)),
    }
}

/// What to make of a file's columns.
#[derive(Debug)]
struct Plan {
    columns: Vec<Column>,
    schema: SchemaRef,
}

enum State {
    Reading(Box<ParquetRecordBatchReader>),
    Failed(Error),
    Ended,
}

impl From<Result<ParquetRecordBatchReader, Error>> for State {
    fn from(reader: Result<ParquetRecordBatchReader, Error>) -> Self {
        match reader {
            Ok(reader) => Self::Reading(Box::new(reader)),
            Err(error) => Self::Failed(error),
        }
    }
}

/// The batches of a file, in order; nothing comes after an error.
pub struct Batches {
    path: PathBuf,
    state: State,
    plan: Option<Plan>,
    rows: u64,
    num_rows: u64,
}

impl Batches {
    fn next_batch(
        &self,
        reader: &mut ParquetRecordBatchReader,
    ) -> Result<Option<RecordBatch>, Error> {
        let Some(batch) = reader.next() else {
            let (expected, found) = (self.num_rows, self.rows);
            if expected != found {
                return Err(Error::RowCount { file: self.path.clone(), expected, found });
            }
            return Ok(None);
        };
        let batch = batch.map_err(|error| unreadable(&self.path, &error))?;
        let Some(plan) = &self.plan else {
            return Ok(Some(batch));
        };
        let arrays: Result<Vec<_>, _> =
            plan.columns.iter().map(|column| self.column(&batch, column)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&plan.schema), arrays?, &options)
            .map(Some)
            .map_err(|error| unreadable(&self.path, &error))
    }

    fn column(&self, batch: &RecordBatch, column: &Column) -> Result<ArrayRef, Error> {
        let Some(array) = batch.column_by_name(column.name) else {
            return Ok(new_null_array(&column.kind.data_type(), batch.num_rows()));
        };
        let misfit = |row, expected, found| Error::Value {
            file: self.path.clone(),
            column: column.name,
            row: self.rows + row as u64,
            expected,
            found,
        };
        let array = normalize(array, column.kind).map_err(|fault| match fault {
            Fault::Value { row, expected, found } => misfit(row, expected, found),
            Fault::Array(error) => {
                unreadable(&self.path, &format!("column {}: {error}", column.name))
            }
        })?;
        if column.null == Null::Refused
            && let Some(row) = (0..array.len()).find(|&row| array.is_null(row))
        {
            return Err(misfit(row, column.kind.to_string(), "null".into()));
        }
        Ok(array)
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        // Whatever goes wrong from here on, the state is the end.
        let mut reader = match std::mem::replace(&mut self.state, State::Ended) {
            State::Ended => return None,
            State::Failed(error) => return Some(Err(error)),
            State::Reading(reader) => reader,
        };
        let batch = guard(&self.path, || self.next_batch(&mut reader)).transpose()?;
        if let Ok(batch) = &batch {
            self.rows += batch.num_rows() as u64;
            self.state = State::Reading(reader);
        }
        Some(batch)
    }
}

thread_local! {
    static IS_DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread decodes a file: a panic there becomes an error that names the file, and
/// need not be told twice.
#[must_use]
pub fn is_decoding() -> bool {
    IS_DECODING.get()
}

/// Runs the decoder, which panics on some damaged files, so that one costs an error.
fn guard<T>(path: &Path, decode: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // What `decode` leaves half done when it panics is dropped, never used.
    IS_DECODING.set(true);
    let decoded = catch_unwind(AssertUnwindSafe(decode));
    IS_DECODING.set(false);
    decoded.unwrap_or_else(|panic| {
        let reason = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no reason given");
        Err(unreadable(path, &format!("the decoder gave up: {reason}")))
    })
}

fn unreadable(path: &Path, reason: &impl ToString) -> Error {
    Error::Unreadable { file: path.to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        AsArray, Float64Array, Int32Array, Int64Array, NullArray, StringArray,
        StringDictionaryBuilder, TimestampMicrosecondArray,
    };
    use arrow::datatypes::{Int8Type, TimestampMicrosecondType};
    use parquet::arrow::ArrowWriter;
    use parquet::data_type::{Int96, Int96Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use proptest::prelude::*;

    use super::*;
    use crate::column::Kind;

    const LPA: Kind = Kind::Numeric { precision: 6, scale: 2 };

    fn column(name: &'static str, kind: Kind, null: Null) -> Column {
        Column { name, kind, null }
    }

    fn parquet(batch: &RecordBatch) -> Vec<u8> {
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(50_000));
        let mut bytes = Vec::new();
        let mut writer =
            ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties.build())).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
        bytes
    }

    /// A folder with `jobs.parquet`.
    fn jobs(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jobs.parquet");
        fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn texts(texts: &[Option<&str>]) -> ArrayRef {
        Arc::new(texts.iter().copied().collect::<StringArray>())
    }

    fn first_error(batches: Batches) -> String {
        let mut batches = batches.skip_while(Result::is_ok);
        let error = batches.next().unwrap().unwrap_err();
        assert!(batches.next().is_none(), "nothing comes after an error");
        // The folder of the test says nothing.
        let error = error.to_string();
        error[error.find("jobs.parquet").unwrap()..].to_owned()
    }

    #[test]
    fn columns_come_as_asked_for_and_missing_ones_as_null() {
        let bytes = parquet(&batch(vec![
            ("title", texts(&[Some("a"), None])),
            ("other", Arc::new(NullArray::new(2))),
            ("salary_max_lpa", Arc::new(Float64Array::from(vec![18.505, f64::NAN]))),
        ]));
        let (_folder, path) = jobs(&bytes);
        let table = Table::open(&path).unwrap();
        assert_eq!((table.num_rows(), table.schema().fields().len()), (2, 3));
        let columns = [
            column("salary_max_lpa", LPA, Null::Refused),
            column("exp_min_years", Kind::Int32, Null::Absent),
            column("title", Kind::Text, Null::Allowed),
        ];
        assert!(table.missing(&columns).is_empty());
        let batches: Vec<_> = table.read(&columns).map(Result::unwrap).collect();
        assert_eq!(batches.len(), 1);
        let expected = batch(vec![
            ("salary_max_lpa", Arc::new(Int64Array::from(vec![1851, crate::NAN_UNITS]))),
            ("exp_min_years", Arc::new(Int32Array::from(vec![None, None]))),
            ("title", texts(&[Some("a"), None])),
        ]);
        assert_eq!(batches[0].columns(), expected.columns());
        let names: Vec<_> =
            batches[0].schema().fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(names, ["salary_max_lpa", "exp_min_years", "title"]);

        let only_absent = table.read(&columns[1..2]).next().unwrap().unwrap();
        assert_eq!((only_absent.num_rows(), only_absent.num_columns()), (2, 1));
        let none = table.read(&[]).next().unwrap().unwrap();
        assert_eq!((none.num_rows(), none.num_columns()), (2, 0));
    }

    #[test]
    fn all_faults_of_the_schema_are_listed_at_once() {
        let bytes = parquet(&batch(vec![
            ("salary_max_lpa", texts(&[Some("18 LPA")])),
            ("is_new", Arc::new(Float64Array::from(vec![1.0]))),
            ("title", texts(&[Some("a")])),
        ]));
        let (_folder, path) = jobs(&bytes);
        let table = Table::open(&path).unwrap();
        let columns = [
            column("id", Kind::Uuid, Null::Refused),
            column("salary_max_lpa", LPA, Null::Allowed),
            column("title", Kind::Text, Null::Refused),
            column("is_new", Kind::Bool, Null::Allowed),
            column("exp_min_years", LPA, Null::Absent),
        ];
        let faults: Vec<_> = table.missing(&columns).iter().map(ToString::to_string).collect();
        let starts = |fault: usize, text: &str| {
            assert!(faults[fault].ends_with(text), "{}", faults[fault]);
        };
        assert_eq!(faults.len(), 3);
        starts(
            0,
            "jobs.parquet: column id: expected an id (UUID, 16 bytes, or text), \
             but there is no such column",
        );
        starts(
            1,
            "jobs.parquet: column salary_max_lpa: \
             expected a number that fits numeric(6,2), found Utf8",
        );
        starts(2, "jobs.parquet: column is_new: expected true or false, found Float64");
        assert!(first_error(table.read(&columns)).contains("column id"));
    }

    #[test]
    fn a_value_that_does_not_fit_is_named_by_its_row_in_the_file() {
        let mut ids = vec![Some("00000000-0000-0000-0000-000000000000"); 150_000];
        ids[140_412] = Some("18 LPA");
        let (_folder, path) = jobs(&parquet(&batch(vec![("id", texts(&ids))])));
        let table = Table::open(&path).unwrap();
        assert_eq!(
            first_error(table.read(&[column("id", Kind::Uuid, Null::Refused)])),
            "jobs.parquet: column id, row 140412: \
             expected an id (UUID, 16 bytes, or text), found \"18 LPA\""
        );
        ids[140_412] = None;
        let (_folder, path) = jobs(&parquet(&batch(vec![("id", texts(&ids))])));
        let table = Table::open(&path).unwrap();
        assert_eq!(
            first_error(table.read(&[column("id", Kind::Uuid, Null::Refused)])),
            "jobs.parquet: column id, row 140412: \
             expected an id (UUID, 16 bytes, or text), found null"
        );
        let rows = |null| -> usize {
            table.read(&[column("id", Kind::Uuid, null)]).map(|b| b.unwrap().num_rows()).sum()
        };
        assert_eq!(rows(Null::Allowed), 150_000);
        let columns = [column("id", Kind::Uuid, Null::Allowed)];
        assert!(table.read(&columns).all(|batch| batch.unwrap().num_rows() <= BATCH_ROWS));
    }

    #[test]
    fn a_dictionary_comes_back_as_it_was_and_reads_as_text() {
        let mut cities = StringDictionaryBuilder::<Int8Type>::new();
        cities.extend([Some("pune"), None, Some("pune"), Some("delhi")]);
        let written = batch(vec![("city", Arc::new(cities.finish()))]);
        let (_folder, path) = jobs(&parquet(&written));
        let table = Table::open(&path).unwrap();
        assert_eq!(table.read_all().next().unwrap().unwrap(), written);
        let read = table.read(&[column("city", Kind::Text, Null::Allowed)]).next();
        let expected = texts(&[Some("pune"), None, Some("pune"), Some("delhi")]);
        assert_eq!(read.unwrap().unwrap().column(0), &expected);
    }

    #[test]
    fn times_of_96_bits_keep_years_beyond_nanoseconds() {
        let schema = Arc::new(parse_message_type("message jobs { optional int96 t; }").unwrap());
        let mut bytes = Vec::new();
        let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::default()).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut leaf = group.next_column().unwrap().unwrap();
        // 1970-01-01 00:00:00.000001 and 9999-12-31, as Julian days.
        let us = |day: u32, us: u64| {
            let nanos = us * 1_000;
            let mut value = Int96::new();
            value.set_data(nanos as u32, (nanos >> 32) as u32, day);
            value
        };
        let values = [us(2_440_588, 1), us(5_373_484, 0)];
        leaf.typed::<Int96Type>().write_batch(&values, Some(&[1, 1]), None).unwrap();
        leaf.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();

        let (_folder, path) = jobs(&bytes);
        let table = Table::open(&path).unwrap();
        let times = table.read(&[column("t", Kind::Timestamp, Null::Refused)]).next();
        let times = times.unwrap().unwrap();
        let times = times.column(0).as_primitive::<TimestampMicrosecondType>();
        let expected = vec![1, 253_402_214_400_000_000];
        assert_eq!(times, &TimestampMicrosecondArray::from(expected).with_timezone("UTC"));
    }

    #[test]
    fn what_is_no_parquet_is_refused_with_its_path() {
        for bytes in
            [&b""[..], b"PAR1", b"id,title\n1,a\n", b"PAR1PAR1", b"PAR1\xff\xff\xff\x7fPAR1"]
        {
            let (_folder, path) = jobs(bytes);
            let error = Table::open(&path).unwrap_err().to_string();
            assert!(error.contains("jobs.parquet: cannot be read as Parquet"), "{error}");
        }
        let (folder, path) = jobs(b"");
        assert!(matches!(Table::open(folder.path()), Err(Error::NotA { .. })));
        fs::remove_file(&path).unwrap();
        assert!(matches!(Table::open(&path), Err(Error::Io(_))));
    }

    /// A file of nothing but a footer.
    fn of_footer(footer: &[u8]) -> Vec<u8> {
        let length = (footer.len() as u32).to_le_bytes();
        [b"PAR1", footer, &length, b"PAR1"].concat()
    }

    /// Version 1, and a schema of one root without columns.
    const START: &[u8] = &[0x15, 2, 0x19, 0x1c, 0x48, 4, b'r', b'o', b'o', b't', 0x15, 0, 0];

    /// Ten bytes that once asked the decoder for gigabytes, and the same where it still would.
    #[test]
    fn a_footer_that_asks_for_more_memory_than_there_is_is_refused() {
        const HUGE: &[u8] = &[0xff, 0xff, 0xff, 0xff, 7];
        let a_tenth: &[u8] = &[0xff, 0xff, 0xff, 0x7f];
        for size in [HUGE, a_tenth] {
            let schema = [&[0x15, 2, 0x19, 0xfc], size, &[0]].concat();
            let row_groups = [START, &[0x16, 0, 0x19, 0xfc], size, &[0]].concat();
            let text = [START, &[0x16, 0, 0x19, 0x0c, 0x28], size, &[0]].concat();
            for footer in [schema, row_groups, text] {
                let (_folder, path) = jobs(&of_footer(&footer));
                let error = Table::open(&path).unwrap_err().to_string();
                assert!(error.contains("jobs.parquet: cannot be read as Parquet"), "{error}");
            }
        }
    }

    #[test]
    fn a_footer_that_counts_rows_that_are_not_there_is_refused() {
        let rows: [(&[u8], &str); 3] = [
            (&[0x80, 0x80, 0x80, 0x80, 0x10], "2147483648"),
            (&[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], "9223372036854775807"),
            (&[1], "-1 rows"),
        ];
        for (rows, said) in rows {
            let footer = [START, &[0x16], rows, &[0x19, 0x0c, 0]].concat();
            let (_folder, path) = jobs(&of_footer(&footer));
            let error = match Table::open(&path) {
                Ok(table) => first_error(table.read(&[])),
                Err(error) => error.to_string(),
            };
            assert!(error.contains("jobs.parquet") && error.contains(said), "{error}");
        }
    }

    /// A column that says of itself that it has at most 128 texts, and has more.
    #[test]
    fn a_dictionary_that_overflows_is_read_or_refused_by_its_file() {
        let mut bytes = Vec::new();
        let values = |from: i32| {
            let mut texts = StringDictionaryBuilder::<Int8Type>::new();
            (from..from + 100).for_each(|n| texts.append_value(format!("text {n}")));
            batch(vec![("title", Arc::new(texts.finish()))])
        };
        let mut writer = ArrowWriter::try_new(&mut bytes, values(0).schema(), None).unwrap();
        for from in [0, 100, 200] {
            writer.write(&values(from)).unwrap();
        }
        writer.close().unwrap();
        let (_folder, path) = jobs(&bytes);
        let table = Table::open(&path).unwrap();
        let read = |batches: Batches| match batches.collect::<Result<Vec<_>, _>>() {
            Ok(batches) => {
                assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 300);
            }
            Err(error) => assert!(error.to_string().contains("jobs.parquet"), "{error}"),
        };
        read(table.read(&[column("title", Kind::Text, Null::Refused)]));
        read(table.read_all());
    }

    fn sample() -> Vec<u8> {
        let lpa: Vec<_> = (0..200).map(|n| (n % 7 > 0).then_some(f64::from(n) / 8.0)).collect();
        let names: Vec<_> = (0..200).map(|n| ["a", "bb", "ccc"].get(n % 4).copied()).collect();
        parquet(&batch(vec![
            ("salary_max_lpa", Arc::new(Float64Array::from(lpa))),
            ("title", texts(&names)),
        ]))
    }

    /// Reads all of a file, in every way; the rows, when it can be read.
    fn read(bytes: &[u8]) -> Result<u64, Error> {
        let (_folder, path) = jobs(bytes);
        let table = Table::open(&path)?;
        let columns = [
            column("salary_max_lpa", LPA, Null::Allowed),
            column("title", Kind::Text, Null::Allowed),
        ];
        let _ = table.read_all().try_for_each(|batch| batch.map(drop));
        let mut rows = 0;
        for batch in table.read(&columns) {
            rows += batch?.num_rows() as u64;
        }
        assert_eq!(rows, table.num_rows());
        Ok(rows)
    }

    #[test]
    fn a_truncated_file_is_refused_wherever_it_is_cut() {
        let bytes = sample();
        assert_eq!(read(&bytes).unwrap(), 200);
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn a_file_that_changes_on_disk_is_an_error() {
        let bytes = sample();
        let (_folder, path) = jobs(&bytes);
        let table = Table::open(&path).unwrap();
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(10).unwrap();
        assert!(first_error(table.read_all()).contains("cannot be read"));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 400, failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn a_damaged_file_is_read_or_refused_but_nothing_worse(
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ) {
            let mut bytes = sample();
            for (at, byte) in damage {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = read(&bytes);
        }
    }
}
