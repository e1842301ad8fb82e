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
        file.as_file().sync_all()?;
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
    let hex = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((hex, bytes))
}
