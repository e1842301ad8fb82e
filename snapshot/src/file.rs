//! One set as one Parquet file, laid out as its readers expect.
//!
//! Zstandard level 3; row groups of 122 880 rows, DuckDB's own; the order of rows declared; pages
//! with statistics and an index, so that a reader of one user decodes a page of each column; a
//! bloom filter for the one column that is looked up by without being sorted by; pages of version
//! 1, which every reader knows.

use crate::{
    error::Error,
    sets::{Kind, Set},
};
use arrow::array::RecordBatch;
use bytes::Bytes;
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::{
        metadata::{KeyValue, SortingColumn},
        properties::{EnabledStatistics, WriterProperties},
        reader::FileReader,
        serialized_reader::SerializedFileReader,
    },
    schema::types::ColumnPath,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{Read, Seek};
use tempfile::NamedTempFile;

/// Rows of a row group: what DuckDB writes and reads at a time.
pub const ROW_GROUP_ROWS: usize = 122_880;

/// The name of a set's file: of each night there is one.
pub const FILE_NAME: &str = "part-00000.parquet";

const ZSTD_LEVEL: i32 = 3;

/// Writes one set.
#[derive(Debug)]
pub struct SetWriter {
    set: &'static Set,
    place: String,
    writer: ArrowWriter<NamedTempFile>,
    num_rows: u64,
}

/// A file of a set that is complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetFile {
    /// The set's name.
    pub set: String,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256 of the bytes, in lower-case hex.
    pub sha256: String,
}

impl SetWriter {
    /// Writes into a new file. `place` is what it will be called; `metadata` stands in its footer.
    pub fn new(
        set: &'static Set,
        file: NamedTempFile,
        place: String,
        metadata: &[(String, String)],
    ) -> Result<Self, Error> {
        let properties = properties(set, metadata)
            .map_err(|source| Error::Parquet { place: place.clone(), source })?;
        let writer = ArrowWriter::try_new(file, set.schema(), Some(properties))
            .map_err(|source| Error::Parquet { place: place.clone(), source })?;
        Ok(SetWriter { set, place, writer, num_rows: 0 })
    }

    /// Adds rows in the set's columns, sorted as it says, also among batches.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.num_rows += batch.num_rows() as u64;
        self.writer
            .write(batch)
            .map_err(|source| Error::Parquet { place: self.place.clone(), source })
    }

    /// Ends the file, makes it safe from a crash, and reads its footer back.
    pub fn close(self) -> Result<(SetFile, NamedTempFile), Error> {
        let SetWriter { set, place, writer, num_rows } = self;
        let fail = |source: ParquetError| Error::Parquet { place: place.clone(), source };
        let mut file = writer.into_inner().map_err(fail)?;
        sync(file.as_file())?;
        let (sha256, bytes) = digest(file.as_file_mut())?;
        let reader = SerializedFileReader::new(file.as_file().try_clone()?).map_err(fail)?;
        let found = reader.metadata().file_metadata().num_rows();
        if u64::try_from(found) != Ok(num_rows) {
            return Err(Error::ReadBack { place, expected: num_rows, found });
        }
        Ok((SetFile { set: set.name.to_owned(), rows: num_rows, bytes, sha256 }, file))
    }
}

fn properties(set: &Set, metadata: &[(String, String)]) -> Result<WriterProperties, ParquetError> {
    let sorted = set.sorted_by.iter().filter_map(|name| {
        let at = set.columns.iter().position(|column| column.name == *name)?;
        let column_idx = i32::try_from(at).ok()?;
        Some(SortingColumn { column_idx, descending: false, nulls_first: false })
    });
    let metadata = metadata.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("talvix version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_sorting_columns(Some(sorted.collect()))
        .set_key_value_metadata(Some(metadata.collect()))
        // Elements of lists are called what the format says, not what Arrow does.
        .set_coerce_types(true)
        .set_dictionary_enabled(false);
    for column in set.columns {
        let path = match column.kind {
            Kind::Words => words_path(column.name),
            _ => ColumnPath::from(column.name),
        };
        if has_dictionary(set, column.name, column.kind) {
            properties = properties.set_column_dictionary_enabled(path.clone(), true);
        }
        if set.bloom == Some(column.name) {
            properties = properties.set_column_bloom_filter_enabled(path, true);
        }
    }
    Ok(properties.build())
}

/// Values that come again: words, and the ids of a set that is sorted by more than the id.
fn has_dictionary(set: &Set, name: &str, kind: Kind) -> bool {
    match kind {
        Kind::Word | Kind::Words | Kind::Int32 => true,
        Kind::Id => set.sorted_by.len() > 1 && set.sorted_by[0] == name,
        Kind::Text | Kind::Int64 | Kind::Double | Kind::Bool | Kind::Time => false,
    }
}

/// The values of a list of words, as the format calls them.
#[must_use]
pub fn words_path(name: &str) -> ColumnPath {
    ColumnPath::new(vec![name.to_owned(), "list".to_owned(), "element".to_owned()])
}

/// SHA-256 in hex, and the number of bytes.
fn digest(file: &mut std::fs::File) -> std::io::Result<(String, u64)> {
    file.rewind()?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => {
                hash.update(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
    let hash = Bytes::copy_from_slice(&hash.finalize());
    Ok((format!("{hash:x}"), bytes))
}

/// Makes what a file holds safe from a crash.
fn sync(file: &std::fs::File) -> std::io::Result<()> {
    talvix_fault_points::io("stage-sync")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sets::{ALL, JOB_FIT_SCORES, SCHEMA_VERSION};
    use arrow::{
        array::{ArrayRef, BooleanArray, Int32Array, ListBuilder, StringArray, StringBuilder},
        datatypes::{DataType, Field},
    };
    use parquet::{
        basic::{Encoding, LogicalType, Type as Physical},
        file::{
            metadata::{ParquetMetaData, RowGroupMetaData},
            reader::SerializedPageReader,
        },
    };
    use std::sync::Arc;

    /// Kept pairs: users ascending, seven rows each.
    fn scores(rows: usize) -> RecordBatch {
        let id = |number: usize| format!("00000000-0000-7000-8000-{number:012}");
        let columns = JOB_FIT_SCORES.columns.iter().map(|column| -> ArrayRef {
            match column.kind {
                Kind::Id if column.name == "user_id" => {
                    Arc::new((0..rows).map(|row| Some(id(row / 7))).collect::<StringArray>())
                }
                Kind::Id => {
                    let job = |row: usize| id(row.wrapping_mul(0x9e37_79b9) % 200_000);
                    Arc::new((0..rows).map(|row| Some(job(row))).collect::<StringArray>())
                }
                Kind::Int32 => {
                    let value = |row: usize| i32::try_from(row % 7).unwrap() + 40;
                    Arc::new((0..rows).map(|row| Some(value(row))).collect::<Int32Array>())
                }
                Kind::Bool => {
                    Arc::new((0..rows).map(|row| Some(row % 5 == 0)).collect::<BooleanArray>())
                }
                Kind::Words => {
                    let DataType::List(element) = Kind::Words.data_type() else { panic!() };
                    let mut lists = ListBuilder::new(StringBuilder::new()).with_field(element);
                    for row in 0..rows {
                        lists.values().append_value(["python", "sql"][row % 2]);
                        lists.append(row % 5 == 0);
                    }
                    Arc::new(lists.finish())
                }
                _ => Arc::new(
                    (0..rows).map(|row| Some(["fair", "good"][row % 2])).collect::<StringArray>(),
                ),
            }
        });
        RecordBatch::try_new(JOB_FIT_SCORES.schema(), columns.collect()).unwrap()
    }

    fn written(rows: usize) -> (SetFile, NamedTempFile, ParquetMetaData) {
        let file = NamedTempFile::new().unwrap();
        let metadata = [("talvix.run_id".to_owned(), "a run".to_owned())];
        let mut writer =
            SetWriter::new(&JOB_FIT_SCORES, file, "a file".to_owned(), &metadata).unwrap();
        let batch = scores(rows);
        for first in (0..rows).step_by(1_000) {
            writer.write(&batch.slice(first, 1_000.min(rows - first))).unwrap();
        }
        let (set_file, file) = writer.close().unwrap();
        let options = parquet::file::serialized_reader::ReadOptionsBuilder::new().with_page_index();
        let reader =
            SerializedFileReader::new_with_options(file.reopen().unwrap(), options.build())
                .unwrap();
        let metadata = reader.metadata().clone();
        (set_file, file, metadata)
    }

    #[test]
    fn files_are_laid_out_as_readers_expect() {
        let rows = ROW_GROUP_ROWS + 5_000;
        let (set_file, file, metadata) = written(rows);
        assert_eq!(set_file.rows, rows as u64);
        assert_eq!(set_file.bytes, file.as_file().metadata().unwrap().len());

        let groups = metadata.row_groups();
        let sizes: Vec<i64> = groups.iter().map(RowGroupMetaData::num_rows).collect();
        assert_eq!(sizes, [ROW_GROUP_ROWS as i64, 5_000]);
        let pairs = metadata.file_metadata().key_value_metadata().unwrap();
        assert!(
            pairs
                .iter()
                .any(|pair| pair.key == "talvix.run_id" && pair.value.as_deref() == Some("a run"))
        );
        assert!(metadata.file_metadata().created_by().unwrap().starts_with("talvix version"));
        for (number, group) in groups.iter().enumerate() {
            let sorted = group.sorting_columns().unwrap();
            let sorted: Vec<_> = sorted.iter().map(|by| (by.column_idx, by.descending)).collect();
            assert_eq!(sorted, [(0, false), (1, false)], "by user and rank");
            for (at, column) in group.columns().iter().enumerate() {
                let path = column.column_path().string();
                assert!(matches!(column.compression(), Compression::ZSTD(_)), "{path}");
                assert!(column.statistics().is_some(), "{path}");
                let index = &metadata.offset_index().unwrap()[number][at];
                assert!(!index.page_locations().is_empty(), "{path} has no page index");
                assert!(metadata.column_index().is_some(), "{path}");
                let has_bloom = column.bloom_filter_offset().is_some();
                assert_eq!(has_bloom, path == "job_id", "{path}");
                let is_plain =
                    !column.encodings().any(|encoding| encoding == Encoding::RLE_DICTIONARY);
                let unique = path == "job_id" || path == "is_full_score";
                assert_eq!(is_plain, unique, "{path}");
            }
        }
        // Users do not overlap among row groups.
        let ends = |group: usize| {
            let statistics = groups[group].column(0).statistics().unwrap();
            (
                statistics.min_bytes_opt().unwrap().to_vec(),
                statistics.max_bytes_opt().unwrap().to_vec(),
            )
        };
        assert!(ends(0).1 <= ends(1).0);
        // Pages of version 1, which every reader knows.
        let column = groups[0].column(0);
        let pages = SerializedPageReader::new(
            Arc::new(file.reopen().unwrap()),
            column,
            ROW_GROUP_ROWS,
            None,
        );
        for page in pages.unwrap() {
            assert_ne!(page.unwrap().page_type(), parquet::basic::PageType::DATA_PAGE_V2);
        }
    }

    #[test]
    fn types_are_those_that_every_reader_shows_as_meant() {
        let (_, file, metadata) = written(10);
        let schema = metadata.file_metadata().schema_descr();
        for column in schema.columns() {
            let path = column.path().string();
            match column.physical_type() {
                Physical::BYTE_ARRAY => {
                    assert_eq!(column.logical_type_ref(), Some(&LogicalType::String), "{path}");
                }
                Physical::INT32 | Physical::BOOLEAN => {
                    assert_eq!(column.logical_type_ref(), None, "{path}: a plain signed number");
                }
                other => panic!("{path}: {other}"),
            }
        }
        assert!(schema.columns().iter().any(|column| column.path() == &words_path("strengths")));
        // The embedded schema of Arrow holds neither views nor dictionaries.
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(
            file.into_file(),
        )
        .unwrap();
        assert_eq!(reader.schema().fields(), JOB_FIT_SCORES.schema().fields());
        for set in ALL {
            for field in set.schema().fields() {
                let is_known = matches!(
                    field.data_type(),
                    DataType::Utf8
                        | DataType::Int32
                        | DataType::Int64
                        | DataType::Float64
                        | DataType::Boolean
                        | DataType::Timestamp(_, Some(_))
                        | DataType::List(_)
                );
                assert!(is_known, "{}.{}", set.name, field.name());
            }
        }
        assert_eq!(SCHEMA_VERSION, 1, "a changed column is another version");
    }

    #[test]
    fn every_set_is_sorted_by_columns_that_it_has() {
        for set in ALL {
            let names: Vec<&str> = set.columns.iter().map(|column| column.name).collect();
            for named in set.sorted_by.iter().chain(&set.bloom) {
                assert!(names.contains(named), "{}.{named}", set.name);
            }
            let unique: std::collections::BTreeSet<_> = names.iter().collect();
            assert_eq!(unique.len(), names.len(), "{}", set.name);
        }
    }

    #[test]
    fn list_elements_are_called_as_the_format_says() {
        let DataType::List(element) = Kind::Words.data_type() else { panic!() };
        assert_eq!(*element, Field::new("element", DataType::Utf8, false));
    }
}
