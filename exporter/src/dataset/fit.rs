//! Our values in a file's own types.

use arrow::{
    array::{Array, ArrayRef, AsArray, StringArray, new_null_array},
    compute::cast,
    datatypes::{DataType, Field},
    error::ArrowError,
};
use std::sync::Arc;
use talvix_engine::ids::uuid_text;

/// Values of ours as a file's column holds them: ids as bytes or text, numbers, times and texts in
/// whatever layout it has.
pub(super) fn fit(values: &ArrayRef, target: &DataType) -> Result<ArrayRef, ArrowError> {
    if values.data_type() == target {
        return Ok(values.clone());
    }
    match (values.data_type(), target) {
        (
            DataType::FixedSizeBinary(16),
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView,
        ) => cast(values, target),
        (DataType::FixedSizeBinary(16), _) => {
            let ids = values.as_fixed_size_binary();
            let texts: StringArray = (0..ids.len())
                .map(|row| {
                    let id = ids.is_valid(row).then(|| ids.value(row).try_into().ok()).flatten();
                    id.map(|id| uuid_text(&id))
                })
                .collect();
            let texts: ArrayRef = Arc::new(texts);
            cast(&texts, target)
        }
        _ => cast(values, target),
    }
}

/// A column of nulls, if the file's column may hold them.
pub(super) fn nulls(field: &Field, num_rows: usize) -> Option<ArrayRef> {
    field.is_nullable().then(|| new_null_array(field.data_type(), num_rows))
}
