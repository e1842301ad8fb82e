//! The columns that are asked for, and which types fit them.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};

/// What a number reads as that is no number: NaN, and either infinity.
pub const NAN_UNITS: i64 = i64::MIN;

/// A column that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in the file, letter by letter.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What of it may be missing.
    pub null: Null,
}

impl Column {
    /// The column as it is read: in the one type of its kind.
    #[must_use]
    pub fn field(&self) -> Field {
        Field::new(self.name, self.kind.data_type(), self.null != Null::Refused)
    }
}

/// What of a column may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Null {
    /// The column must be there, values may be null.
    Allowed,
    /// No value may be null.
    Refused,
    /// The column may be missing and then reads as null.
    Absent,
}

/// What a column holds. Each kind is read in one type, from any type that can mean it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `FixedSizeBinary(16)`; from UUIDs, 16 bytes, or text of 36 or 32 characters.
    Uuid,
    /// `Utf8`; from text in any layout.
    Text,
    /// `List<Utf8>`; from lists of text in any layout. Elements may be null.
    TextList,
    /// `Boolean`; also from the integers 0 and 1.
    Bool,
    /// `Int32`; from numbers in any representation, rounded half away from zero.
    Int32,
    /// `Int64` in units of 10^-`scale`; from numbers in any representation.
    ///
    /// A finer number is rounded half away from zero. A floating-point number counts as its
    /// shortest decimal of 15 significant digits (6 for single precision), as PostgreSQL counts
    /// one that is stored in a `numeric`; NaN and the infinities are [`NAN_UNITS`].
    Numeric {
        /// Decimal digits in all; a number with more is refused.
        precision: u8,
        /// Digits after the decimal point.
        scale: u8,
    },
    /// `Timestamp(Microsecond, "UTC")`; from times in any unit, UTC unless they say otherwise,
    /// and from dates. A finer time is rounded half away from 1970.
    Timestamp,
    /// `Date32`; from dates, and from times in UTC.
    Date,
}

impl Kind {
    /// The type it is read in.
    #[must_use]
    pub fn data_type(self) -> DataType {
        match self {
            Self::Uuid => DataType::FixedSizeBinary(16),
            Self::Text => DataType::Utf8,
            Self::TextList => DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))),
            Self::Bool => DataType::Boolean,
            Self::Int32 => DataType::Int32,
            Self::Numeric { .. } => DataType::Int64,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Date => DataType::Date32,
        }
    }

    /// Whether values of a type can mean this kind.
    #[must_use]
    pub fn accepts(self, found: &DataType) -> bool {
        let found = plain(found);
        let number = || found.is_numeric() || found.is_decimal();
        match self {
            // A column without any value has no type in some writers.
            _ if found.is_null() => true,
            Self::Uuid | Self::Text => is_text(found) || is_bytes(found),
            Self::TextList => match found {
                DataType::List(element)
                | DataType::LargeList(element)
                | DataType::ListView(element)
                | DataType::LargeListView(element)
                | DataType::FixedSizeList(element, _) => {
                    let element = plain(element.data_type());
                    is_text(element) || element.is_null()
                }
                _ => false,
            },
            Self::Bool => *found == DataType::Boolean || found.is_integer(),
            Self::Int32 | Self::Numeric { .. } => number(),
            Self::Timestamp => {
                matches!(found, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64)
            }
            Self::Date => match found {
                DataType::Date32 | DataType::Date64 => true,
                // Which day it is depends on the zone.
                DataType::Timestamp(_, zone) => {
                    zone.as_ref().is_none_or(|zone| ["UTC", "+00:00", "Z"].contains(&&**zone))
                }
                _ => false,
            },
        }
    }
}

/// What is expected, for messages.
impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid => out.write_str("an id (UUID, 16 bytes, or text)"),
            Self::Text => out.write_str("text"),
            Self::TextList => out.write_str("a list of text"),
            Self::Bool => out.write_str("true or false"),
            Self::Int32 => out.write_str("an integer below 2^31"),
            Self::Numeric { precision, scale } => {
                write!(out, "a number that fits numeric({precision},{scale})")
            }
            Self::Timestamp => out.write_str("a time"),
            Self::Date => out.write_str("a date"),
        }
    }
}

/// The type of the values that a dictionary or runs stand for.
pub(crate) fn plain(mut data_type: &DataType) -> &DataType {
    loop {
        data_type = match data_type {
            DataType::Dictionary(_, values) => values,
            DataType::RunEndEncoded(_, values) => values.data_type(),
            plain => return plain,
        }
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// Writers that predate Parquet's logical types leave text as bytes.
fn is_bytes(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_no_number_and_a_number_no_text() {
        let numeric = Kind::Numeric { precision: 6, scale: 2 };
        assert!(!numeric.accepts(&DataType::Utf8));
        assert!(!numeric.accepts(&DataType::Boolean));
        assert!(!numeric.accepts(&DataType::Date32));
        assert!(!Kind::Text.accepts(&DataType::Int64));
        assert!(!Kind::TextList.accepts(&DataType::Utf8));
        assert!(!Kind::Timestamp.accepts(&DataType::Int64));
        assert!(!Kind::Bool.accepts(&DataType::Float64));
    }

    #[test]
    fn a_dictionary_of_anything_is_as_its_values() {
        let dictionary = |values| DataType::Dictionary(Box::new(DataType::Int8), Box::new(values));
        assert!(Kind::Text.accepts(&dictionary(DataType::LargeUtf8)));
        assert!(Kind::Int32.accepts(&dictionary(DataType::Float32)));
        assert!(Kind::Uuid.accepts(&dictionary(DataType::FixedSizeBinary(16))));
        assert!(!Kind::Int32.accepts(&dictionary(DataType::Utf8)));
    }

    #[test]
    fn a_time_of_another_zone_is_no_date() {
        let time =
            |zone: Option<&str>| DataType::Timestamp(TimeUnit::Millisecond, zone.map(Into::into));
        assert!(Kind::Date.accepts(&time(None)));
        assert!(Kind::Date.accepts(&time(Some("UTC"))));
        assert!(!Kind::Date.accepts(&time(Some("Asia/Kolkata"))));
        assert!(Kind::Timestamp.accepts(&time(Some("Asia/Kolkata"))));
    }
}
