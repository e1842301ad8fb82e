//! `COPY … TO STDOUT`, decoded straight into columns.

use crate::{error::Error, tables::InputTable};
use arrow::{
    array::{
        ArrayRef, BooleanBuilder, Date32Builder, FixedSizeBinaryBuilder, Int32Builder,
        Int64Builder, ListBuilder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
        UInt32Builder,
    },
    datatypes::{DataType, Field, Schema, SchemaRef},
};
use futures_util::{FutureExt, TryStreamExt};
use std::{future::ready, pin::pin, sync::Arc};
use talvix_dataset::{Kind, Null};
use talvix_pg::{
    answer,
    copy::{CopyDecoder, DecodeError, Row},
};
use tokio_postgres::Client;

/// Rows of a batch: large enough to make a batch's overhead vanish, small enough to stay in cache.
const BATCH_ROWS: usize = 8 * 1024;

/// The expressions that give a table's columns in the types of their kinds, `row_version` last. A
/// column that the database lacks reads as null.
pub(super) fn select_list(table: InputTable, has: impl Fn(&str) -> bool) -> String {
    let expression = |column: &talvix_dataset::Column| {
        let ty = match column.kind {
            Kind::Uuid => "uuid",
            Kind::Text => "text",
            Kind::TextList => "text[]",
            Kind::Bool => "boolean",
            Kind::Int32 => "integer",
            Kind::Numeric { .. } => "numeric",
            Kind::Timestamp => "timestamptz",
            Kind::Date => "date",
        };
        if has(column.name) { format!("{}::{ty}", column.name) } else { format!("null::{ty}") }
    };
    let mut expressions: Vec<String> = table.columns.iter().map(expression).collect();
    if table.versioned {
        expressions.push("xmin".to_owned());
    }
    expressions.join(", ")
}

/// Reads the rows that a statement selects: the table's columns in order, and the row version
/// where the table is versioned.
///
/// A `COPY` that fails leaves the connection unusable: drop it.
pub async fn copy_out(
    client: &Client,
    table: InputTable,
    select: &str,
) -> Result<Vec<RecordBatch>, Error> {
    let mut batches = Vec::new();
    copy_out_each(client, table, select, |batch| {
        batches.push(batch.clone());
        Ok(())
    })
    .await?;
    Ok(batches)
}

/// The same batch by batch: rows are decoded while the server sends the next ones, and a taker who
/// is slow slows the server down.
pub async fn copy_out_each(
    client: &Client,
    table: InputTable,
    select: &str,
    mut take: impl FnMut(&RecordBatch) -> Result<(), Error>,
) -> Result<(), Error> {
    let doing = "reading a table";
    let statement = format!("copy ({select}) to stdout (format binary)");
    let stream = answer(doing, client.copy_out(&statement)).await?;
    let mut stream = pin!(stream);
    let mut rows = Rows::new(table);
    let mut decoder = CopyDecoder::new(rows.names);
    let decode = |source| Error::Decode { table: table.name, source };
    loop {
        // Each row is a piece, and most are there already: a limit on waiting would cost each of
        // them a timer.
        let piece = match stream.try_next().now_or_never() {
            Some(Ok(piece)) => piece,
            Some(Err(error)) => answer(doing, ready(Err(error))).await?,
            None => answer(doing, stream.try_next()).await?,
        };
        let Some(piece) = piece else { break };
        decoder.feed(piece);
        while let Some(row) = decoder.next_row().map_err(decode)? {
            rows.push(row).map_err(decode)?;
            if rows.filled == BATCH_ROWS {
                take(&rows.batch()?)?;
            }
        }
    }
    decoder.finish().map_err(decode)?;
    if rows.filled > 0 {
        take(&rows.batch()?)?;
    }
    Ok(())
}

/// Collects rows into a batch.
struct Rows {
    table: &'static str,
    names: &'static [&'static str],
    schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    filled: usize,
}

impl Rows {
    fn new(table: InputTable) -> Self {
        let mut fields: Vec<Field> =
            table.columns.iter().map(talvix_dataset::Column::field).collect();
        let mut columns: Vec<ColumnBuilder> = table
            .columns
            .iter()
            .map(|column| ColumnBuilder::new(column.kind, column.null == Null::Refused))
            .collect();
        if table.versioned {
            fields.push(Field::new("row_version", DataType::UInt32, false));
            columns.push(ColumnBuilder::Version(UInt32Builder::new()));
        }
        Rows {
            table: table.name,
            names: names(table),
            schema: Arc::new(Schema::new(fields)),
            columns,
            filled: 0,
        }
    }

    fn push(&mut self, mut row: Row<'_>) -> Result<(), DecodeError> {
        for column in &mut self.columns {
            column.push(&mut row)?;
        }
        self.filled += 1;
        Ok(())
    }

    /// The rows so far; the next one begins anew.
    fn batch(&mut self) -> Result<RecordBatch, Error> {
        let columns = self.columns.iter_mut().map(ColumnBuilder::finish).collect();
        self.filled = 0;
        RecordBatch::try_new(self.schema.clone(), columns)
            .map_err(|source| Error::Arrow { table: self.table, source })
    }
}

/// The names of a table's columns, for messages: one list per table for the life of the process.
fn names(table: InputTable) -> &'static [&'static str] {
    use std::{collections::HashMap, sync::LazyLock};
    /// A table, and how many of its columns are read.
    type Key = (&'static str, usize);
    static NAMES: LazyLock<HashMap<Key, Vec<&'static str>>> = LazyLock::new(|| {
        InputTable::ALL
            .iter()
            .chain(&InputTable::PARTS)
            .map(|table| {
                let columns = table.columns.iter().map(|column| column.name);
                let version = table.versioned.then_some("xmin");
                ((table.name, table.columns.len()), columns.chain(version).collect())
            })
            .collect()
    });
    NAMES.get(&(table.name, table.columns.len())).map_or(&[], Vec::as_slice)
}

/// A column in the making, by kind.
enum ColumnBuilder {
    Uuid(FixedSizeBinaryBuilder, bool),
    Text(StringBuilder, bool),
    TextList(ListBuilder<StringBuilder>),
    Bool(BooleanBuilder, bool),
    Int32(Int32Builder, bool),
    Numeric(Int64Builder, u16, bool),
    Timestamp(TimestampMicrosecondBuilder, bool),
    Date(Date32Builder, bool),
    Version(UInt32Builder),
}

impl ColumnBuilder {
    fn new(kind: Kind, not_null: bool) -> Self {
        match kind {
            Kind::Uuid => ColumnBuilder::Uuid(FixedSizeBinaryBuilder::new(16), not_null),
            Kind::Text => ColumnBuilder::Text(StringBuilder::new(), not_null),
            Kind::TextList => ColumnBuilder::TextList(ListBuilder::new(StringBuilder::new())),
            Kind::Bool => ColumnBuilder::Bool(BooleanBuilder::new(), not_null),
            Kind::Int32 => ColumnBuilder::Int32(Int32Builder::new(), not_null),
            Kind::Numeric { scale, .. } => {
                ColumnBuilder::Numeric(Int64Builder::new(), u16::from(scale), not_null)
            }
            Kind::Timestamp => {
                let builder = TimestampMicrosecondBuilder::new().with_timezone("UTC");
                ColumnBuilder::Timestamp(builder, not_null)
            }
            Kind::Date => ColumnBuilder::Date(Date32Builder::new(), not_null),
        }
    }

    fn push(&mut self, row: &mut Row<'_>) -> Result<(), DecodeError> {
        /// A value, which must be there where the column says so.
        fn value<'a, T>(
            row: &mut Row<'a>,
            not_null: bool,
            read: impl FnOnce(&mut Row<'a>) -> Result<Option<T>, DecodeError>,
        ) -> Result<Option<T>, DecodeError> {
            if not_null { row.not_null(read).map(Some) } else { read(row) }
        }
        match self {
            ColumnBuilder::Uuid(builder, not_null) => match value(row, *not_null, Row::uuid)? {
                // Sixteen bytes always fit a builder of sixteen.
                Some(id) => builder.append_value(id).unwrap_or_default(),
                None => builder.append_null(),
            },
            ColumnBuilder::Text(builder, not_null) => {
                builder.append_option(value(row, *not_null, Row::text)?);
            }
            ColumnBuilder::TextList(builder) => builder.append_option(row.text_array()?),
            ColumnBuilder::Bool(builder, not_null) => {
                builder.append_option(value(row, *not_null, Row::bool)?);
            }
            ColumnBuilder::Int32(builder, not_null) => {
                builder.append_option(value(row, *not_null, Row::int4)?);
            }
            ColumnBuilder::Numeric(builder, scale, not_null) => {
                builder.append_option(value(row, *not_null, |row| row.numeric(*scale))?);
            }
            ColumnBuilder::Timestamp(builder, not_null) => {
                builder.append_option(value(row, *not_null, Row::timestamptz)?);
            }
            ColumnBuilder::Date(builder, not_null) => {
                builder.append_option(value(row, *not_null, Row::date)?);
            }
            ColumnBuilder::Version(builder) => builder.append_value(row.not_null(Row::xid)?),
        }
        Ok(())
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            ColumnBuilder::Uuid(builder, _) => Arc::new(builder.finish()),
            ColumnBuilder::Text(builder, _) => Arc::new(builder.finish()),
            ColumnBuilder::TextList(builder) => Arc::new(builder.finish()),
            ColumnBuilder::Bool(builder, _) => Arc::new(builder.finish()),
            ColumnBuilder::Int32(builder, _) => Arc::new(builder.finish()),
            ColumnBuilder::Numeric(builder, ..) => Arc::new(builder.finish()),
            ColumnBuilder::Timestamp(builder, _) => Arc::new(builder.finish()),
            ColumnBuilder::Date(builder, _) => Arc::new(builder.finish()),
            ColumnBuilder::Version(builder) => Arc::new(builder.finish()),
        }
    }
}
