//! A night as a run publishes it: the columns of `talvix_snapshot::sets`, written with arrow.

use arrow::{
    array::{
        ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, ListBuilder, RecordBatch,
        StringArray, StringBuilder, TimestampMicrosecondArray,
    },
    datatypes::{DataType, Field},
};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::{metadata::KeyValue, properties::WriterProperties},
};
use std::{collections::BTreeMap, path::Path, sync::Arc};
use talvix_snapshot::sets::{Kind, Set};

/// A value of a row.
#[derive(Clone, Debug)]
pub enum Cell {
    /// Text of any kind.
    Text(String),
    /// A whole number of either width.
    Int(i64),
    /// True or false.
    Flag(bool),
    /// Texts.
    Words(Vec<String>),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::Text(text.to_owned())
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Cell::Int(number)
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Cell::Flag(flag)
    }
}

/// The values of a row by column; a column that is not named is null, or 0 or empty where it
/// cannot be.
pub type Row = BTreeMap<&'static str, Cell>;

/// Rows to a row group: small, so that a few hundred users have several.
const ROWS_PER_GROUP: usize = 500;

/// Writes a part of a set below the root of snapshots.
pub fn write(
    root: &Path,
    set: &Set,
    date: &str,
    run_id: &str,
    meta: &[(&str, &str)],
    rows: &[Row],
) {
    let folder = root.join(set.name).join(format!("run_date={date}/run_id={run_id}"));
    fs_err::create_dir_all(&folder).unwrap();
    let columns = set.columns.iter().map(|column| {
        let cells = rows.iter().map(|row| row.get(column.name));
        array(column.kind, column.nullable, cells)
    });
    let batch = RecordBatch::try_new(set.schema(), columns.collect()).unwrap();
    let meta =
        meta.iter().map(|(key, value)| KeyValue::new((*key).to_owned(), (*value).to_owned()));
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
        .set_key_value_metadata(Some(meta.collect()))
        .build();
    let file = fs_err::File::create(folder.join("part-00000.parquet")).unwrap();
    let mut writer = ArrowWriter::try_new(file, set.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn array<'a>(
    kind: Kind,
    nullable: bool,
    cells: impl Iterator<Item = Option<&'a Cell>>,
) -> ArrayRef {
    let numbers = |cell: Option<&Cell>| match cell {
        Some(Cell::Int(number)) => Some(*number),
        None if nullable => None,
        None => Some(0),
        other => panic!("{other:?} is no number"),
    };
    let texts = |cell: Option<&'a Cell>| match cell {
        Some(Cell::Text(text)) => Some(text.as_str()),
        None if nullable => None,
        None => Some(""),
        other => panic!("{other:?} is no text"),
    };
    match kind {
        Kind::Id | Kind::Word | Kind::Text => Arc::new(cells.map(texts).collect::<StringArray>()),
        Kind::Int32 => {
            let int = |cell| numbers(cell).map(|number| number as i32);
            Arc::new(cells.map(int).collect::<Int32Array>())
        }
        Kind::Int64 => Arc::new(cells.map(numbers).collect::<Int64Array>()),
        Kind::Double => {
            let double = |cell| numbers(cell).map(|number| number as f64);
            Arc::new(cells.map(double).collect::<Float64Array>())
        }
        Kind::Time => {
            let times: TimestampMicrosecondArray = cells.map(numbers).collect();
            Arc::new(times.with_timezone("UTC"))
        }
        Kind::Bool => {
            let flags = cells.map(|cell| match cell {
                Some(Cell::Flag(flag)) => Some(*flag),
                None => Some(false),
                other => panic!("{other:?} is no flag"),
            });
            Arc::new(flags.collect::<BooleanArray>())
        }
        Kind::Words => {
            let element = Arc::new(Field::new("element", DataType::Utf8, false));
            let mut lists = ListBuilder::new(StringBuilder::new()).with_field(element);
            for cell in cells {
                match cell {
                    Some(Cell::Words(words)) => lists.append_value(words.iter().map(Some)),
                    None if nullable => lists.append_null(),
                    None => lists.append(true),
                    other => panic!("{other:?} is no list"),
                }
            }
            Arc::new(lists.finish())
        }
    }
}
