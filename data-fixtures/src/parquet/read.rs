//! Batches to rows.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int32Type, Int64Type, TimestampMicrosecondType};
use talvix_dataset::{NAN_UNITS, Table, Version};
use uuid::Uuid;

use crate::error::Error;
use crate::records::{ReadTable, Record, Take};
use crate::tables::Numeric;

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
