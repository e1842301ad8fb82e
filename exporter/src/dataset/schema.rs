//! The columns of tables that the run makes, or adds to.

use arrow::{
    array::RecordBatch,
    datatypes::{DataType, Field, FieldRef, Schema, SchemaRef},
};
use std::sync::Arc;

/// A schema with one more column, of text that may be null.
pub(super) fn with_column(schema: &Schema, name: &str) -> SchemaRef {
    let mut fields: Vec<FieldRef> = schema.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(name, DataType::Utf8, true)));
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// The schema of a table that we make: ids as text, which every reader can read.
pub(super) fn own_schema(rows: &RecordBatch) -> SchemaRef {
    let fields: Vec<Field> = rows
        .schema()
        .fields()
        .iter()
        .map(|field| {
            let data_type = match field.data_type() {
                DataType::FixedSizeBinary(16) => DataType::Utf8,
                other => other.clone(),
            };
            Field::new(field.name(), data_type, field.is_nullable())
        })
        .collect();
    Arc::new(Schema::new(fields))
}
