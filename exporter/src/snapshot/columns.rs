//! Builders for the sets' kinds of columns.

use arrow::{
    array::{Array, ArrayRef, Int32Array, ListArray, ListBuilder, StringArray, StringBuilder},
    datatypes::{DataType, FieldRef},
};
use std::sync::Arc;
use talvix_engine::ids::Uuid;
use talvix_snapshot::sets::Kind;

/// The length of an id as text.
const ID_CHARS: usize = uuid::fmt::Hyphenated::LENGTH;

/// Ids as text.
pub(super) fn ids(ids: impl ExactSizeIterator<Item = Uuid>) -> ArrayRef {
    let mut texts = StringBuilder::with_capacity(ids.len(), ids.len() * ID_CHARS);
    let mut buffer = [0; ID_CHARS];
    for id in ids {
        texts.append_value(uuid::Uuid::from_bytes(id).hyphenated().encode_lower(&mut buffer));
    }
    Arc::new(texts.finish())
}

/// Texts, none of them null.
pub(super) fn words<'a>(words: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(words))
}

/// Texts that may be null.
pub(super) fn maybe_words<'a>(words: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(words.collect::<StringArray>())
}

/// Numbers that fit, none of them null.
pub(super) fn numbers(numbers: impl Iterator<Item = u32>) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values(numbers.map(int32)))
}

/// Numbers that fit, or null.
pub(super) fn maybe_numbers(numbers: impl Iterator<Item = Option<u32>>) -> ArrayRef {
    Arc::new(numbers.map(|number| number.map(int32)).collect::<Int32Array>())
}

/// What no set comes near to is shown as the most that there can be.
fn int32(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Lists of words, none of them null.
pub(super) struct WordLists(ListBuilder<StringBuilder>);

impl WordLists {
    pub(super) fn new() -> Self {
        WordLists(ListBuilder::new(StringBuilder::new()).with_field(element()))
    }

    /// Adds a list.
    pub(super) fn push<'a>(&mut self, words: impl Iterator<Item = &'a str>) {
        for word in words {
            self.0.values().append_value(word);
        }
        self.0.append(true);
    }

    pub(super) fn finish(mut self) -> ArrayRef {
        Arc::new(self.0.finish())
    }
}

/// The same lists with elements named and typed as the sets have them.
pub(super) fn as_words(lists: ListArray) -> ArrayRef {
    let (_, offsets, words, nulls) = lists.into_parts();
    debug_assert_eq!(words.null_count(), 0, "no text of a kept pair is null");
    Arc::new(ListArray::new(element(), offsets, words, nulls))
}

fn element() -> FieldRef {
    match Kind::Words.data_type() {
        DataType::List(element) => element,
        other => unreachable!("a list of words is of type {other}"),
    }
}
