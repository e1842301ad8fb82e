//! Typed access to the columns of a batch.

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BooleanArray, FixedSizeBinaryArray, ListArray, PrimitiveArray,
        RecordBatch, StringArray,
    },
    datatypes::ArrowPrimitiveType,
};
use std::any::type_name;

/// What a loader handed over does not fit.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// A batch lacks a column, or has it in another type: a fault of the loader.
    #[error("table {table}: column {column}: expected {expected}, found {found}")]
    Column {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// Arrow type asked for.
        expected: &'static str,
        /// Arrow type found, or `nothing`.
        found: String,
    },
    /// A null where none may be.
    #[error("table {table}: column {column}, row {row}: expected a value, found null")]
    Null {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// Row within the batch.
        row: usize,
    },
    /// A tier that nobody has said how to treat: never taken for free in silence.
    #[error(
        "table users: column tier: expected free, paid, student or professional, found {}",
        .found.join(", ")
    )]
    UnknownTier {
        /// Each unknown tier with the number of its users.
        found: Vec<String>,
    },
    /// Two rows with one id.
    #[error("table {table}: column id: {id} is there twice")]
    DuplicateId {
        /// Table.
        table: &'static str,
        /// The id.
        id: String,
    },
    /// More rows than a dense number can name.
    #[error("table {table}: more rows than talvix can number in one night (4,294,967,294)")]
    TooMany {
        /// Table.
        table: &'static str,
    },
}

/// A batch of a table.
#[derive(Clone, Copy)]
pub(super) struct Batch<'a> {
    table: &'static str,
    batch: &'a RecordBatch,
}

impl<'a> Batch<'a> {
    pub(super) fn new(table: &'static str, batch: &'a RecordBatch) -> Self {
        Batch { table, batch }
    }

    pub(super) fn num_rows(self) -> usize {
        self.batch.num_rows()
    }

    fn find(self, column: &'static str, expected: &'static str) -> Result<&'a ArrayRef, DoorError> {
        self.batch.column_by_name(column).ok_or_else(|| DoorError::Column {
            table: self.table,
            column,
            expected,
            found: "nothing".to_owned(),
        })
    }

    fn typed<A>(
        self,
        column: &'static str,
        cast: impl Fn(&'a ArrayRef) -> Option<&'a A>,
    ) -> Result<&'a A, DoorError> {
        let expected = type_name::<A>().rsplit("::").next().unwrap_or_default();
        let array = self.find(column, expected)?;
        cast(array).ok_or_else(|| DoorError::Column {
            table: self.table,
            column,
            expected,
            found: array.data_type().to_string(),
        })
    }

    fn no_nulls<A: Array>(self, column: &'static str, array: &'a A) -> Result<&'a A, DoorError> {
        match array.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => Ok(array),
            Some(nulls) => Err(DoorError::Null {
                table: self.table,
                column,
                row: nulls.iter().position(|valid| !valid).unwrap_or_default(),
            }),
        }
    }

    /// Ids, none null.
    pub(super) fn ids(self, column: &'static str) -> Result<Ids<'a>, DoorError> {
        let array = self.typed(column, |array| array.as_fixed_size_binary_opt())?;
        Ids::new(self, column, self.no_nulls(column, array)?)
    }

    /// Ids of which some may be null.
    pub(super) fn nullable_ids(self, column: &'static str) -> Result<Ids<'a>, DoorError> {
        let array = self.typed(column, |array| array.as_fixed_size_binary_opt())?;
        Ids::new(self, column, array)
    }

    pub(super) fn texts(self, column: &'static str) -> Result<&'a StringArray, DoorError> {
        let array = self.nullable_texts(column)?;
        self.no_nulls(column, array)
    }

    pub(super) fn nullable_texts(self, column: &'static str) -> Result<&'a StringArray, DoorError> {
        self.typed(column, |array| array.as_string_opt::<i32>())
    }

    pub(super) fn bools(self, column: &'static str) -> Result<&'a BooleanArray, DoorError> {
        let array = self.typed(column, |array| array.as_boolean_opt())?;
        self.no_nulls(column, array)
    }

    pub(super) fn lists(self, column: &'static str) -> Result<Texts<'a>, DoorError> {
        let lists = self.typed(column, |array| array.as_list_opt::<i32>())?;
        let values = lists.values().as_string_opt::<i32>().ok_or_else(|| DoorError::Column {
            table: self.table,
            column,
            expected: "a list of Utf8",
            found: lists.data_type().to_string(),
        })?;
        Ok(Texts { lists, values })
    }

    pub(super) fn numbers<T: ArrowPrimitiveType>(
        self,
        column: &'static str,
    ) -> Result<&'a PrimitiveArray<T>, DoorError> {
        let array = self.nullable_numbers::<T>(column)?;
        self.no_nulls(column, array)
    }

    pub(super) fn nullable_numbers<T: ArrowPrimitiveType>(
        self,
        column: &'static str,
    ) -> Result<&'a PrimitiveArray<T>, DoorError> {
        self.typed(column, |array| array.as_primitive_opt::<T>())
    }
}

/// A column of 16-byte ids.
#[derive(Clone, Copy)]
pub(super) struct Ids<'a>(&'a FixedSizeBinaryArray);

impl<'a> Ids<'a> {
    fn new(
        batch: Batch<'a>,
        column: &'static str,
        array: &'a FixedSizeBinaryArray,
    ) -> Result<Self, DoorError> {
        if array.value_length() == 16 {
            return Ok(Ids(array));
        }
        Err(DoorError::Column {
            table: batch.table,
            column,
            expected: "FixedSizeBinary(16)",
            found: array.data_type().to_string(),
        })
    }

    pub(super) fn get(self, row: usize) -> crate::ids::Uuid {
        let mut id = [0; 16];
        id.copy_from_slice(self.0.value(row));
        id
    }

    pub(super) fn get_nullable(self, row: usize) -> Option<crate::ids::Uuid> {
        self.0.is_valid(row).then(|| self.get(row))
    }
}

/// A column of lists of texts.
#[derive(Clone, Copy)]
pub(super) struct Texts<'a> {
    lists: &'a ListArray,
    values: &'a StringArray,
}

impl<'a> Texts<'a> {
    /// The texts of a row; `None` for a null list. A null element reads as `None`.
    pub(super) fn get(self, row: usize) -> Option<impl ExactSizeIterator<Item = Option<&'a str>>> {
        if self.lists.is_null(row) {
            return None;
        }
        let offsets = self.lists.value_offsets();
        let (start, end) = (offsets[row] as usize, offsets[row + 1] as usize);
        let values = self.values;
        Some((start..end).map(move |at| values.is_valid(at).then(|| values.value(at))))
    }
}

/// A text column's value, `None` where null.
pub(super) fn text(array: &StringArray, row: usize) -> Option<&str> {
    array.is_valid(row).then(|| array.value(row))
}
