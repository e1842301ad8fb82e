//! Rows to batches.

use std::convert::Infallible;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int32Builder,
    ListBuilder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use talvix_dataset::{Column, Kind, Null};
use uuid::Uuid;

use crate::error::Error;
use crate::records::{Put, Record};
use crate::tables::Numeric;

/// A table's schema, which depends on its rows where there is a `NaN`.
pub(super) struct Columns {
    table: &'static str,
    pub(super) schema: SchemaRef,
}

impl Columns {
    pub(super) fn of<R: Record>(rows: &[R]) -> Self {
        let mut nan = NanColumns { found: vec![false; R::COLUMNS.len()], column: 0 };
        for row in rows {
            nan.column = 0;
            let Ok(()) = row.put(&mut nan);
        }
        let field = |(column, nan): (&Column, bool)| {
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

    pub(super) fn batch<R: Record>(&self, rows: &[R]) -> Result<RecordBatch, Error> {
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
    fn next(&mut self, nan: bool) -> Result<(), Infallible> {
        self.found[self.column] |= nan;
        self.column += 1;
        Ok(())
    }
}

impl Put for NanColumns {
    type Error = Infallible;

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
    type Error = Infallible;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{Options, generate};

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
}
