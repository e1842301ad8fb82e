//! Values in whatever type they were written, in the one type of their kind.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, FixedSizeBinaryBuilder, Int32Array,
    Int64Array, StringBuilder, TimestampMicrosecondArray, new_null_array,
};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Int64Type};
use arrow::error::ArrowError;
use arrow::util::display::{FormatOptions, array_value_to_string};
use uuid::Uuid;

use crate::column::{Kind, NAN_UNITS, plain};
use crate::number::{Number, NumberAt, US_PER_DAY, microseconds, units};

/// Values that cannot be normalised.
#[derive(Debug)]
pub(crate) enum Fault {
    /// One value does not fit.
    Value { row: usize, expected: String, found: String },
    /// The array is damaged, or too large for the type.
    Array(ArrowError),
}

impl From<ArrowError> for Fault {
    fn from(error: ArrowError) -> Self {
        Self::Array(error)
    }
}

/// The values of `array` in the type of `kind`, which must accept the array's type.
pub(crate) fn normalize(array: &ArrayRef, kind: Kind) -> Result<ArrayRef, Fault> {
    let values = plain(array.data_type());
    if values.is_null() {
        return Ok(new_null_array(&kind.data_type(), array.len()));
    }
    let array = &if values == array.data_type() { Arc::clone(array) } else { cast(array, values)? };
    match kind {
        Kind::Uuid => uuids(array),
        Kind::Text => texts(array),
        Kind::TextList => Ok(cast_with_options(array, &kind.data_type(), &NO_LOSS)?),
        Kind::Bool if *array.data_type() == DataType::Boolean => Ok(Arc::clone(array)),
        Kind::Bool => {
            let bools = convert(array, kind, units(array, 0), |number| match number {
                Some(0) => Some(false),
                Some(1) => Some(true),
                _ => None,
            })?;
            Ok(Arc::new(BooleanArray::from(bools)))
        }
        Kind::Int32 => {
            let fit = |number: Option<i128>| i32::try_from(number?).ok();
            Ok(Arc::new(Int32Array::from(convert(array, kind, units(array, 0), fit)?)))
        }
        Kind::Numeric { precision, scale } => {
            let limit = 10_i128.checked_pow(precision.into()).unwrap_or(i128::MAX);
            let fit = |number: Option<i128>| match number {
                None => Some(NAN_UNITS),
                Some(units) if -limit < units && units < limit => i64::try_from(units).ok(),
                Some(_) => None,
            };
            let units = units(array, scale.into());
            Ok(Arc::new(Int64Array::from(convert(array, kind, units, fit)?)))
        }
        Kind::Timestamp => {
            let fit = |us: Option<i128>| i64::try_from(us?).ok();
            let times = convert(array, kind, microseconds(array), fit)?;
            Ok(Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC")))
        }
        Kind::Date => {
            let fit = |us: Option<i128>| i32::try_from(us?.div_euclid(US_PER_DAY)).ok();
            let days = convert(array, kind, microseconds(array), fit)?;
            Ok(Arc::new(Date32Array::from(days)))
        }
    }
}

/// Fails where arrow would otherwise put a null.
const NO_LOSS: CastOptions<'static> =
    CastOptions { safe: false, format_options: FormatOptions::new() };

/// `fit` says what a number, or none for a NaN, is in the column; none where it does not fit.
fn convert<T>(
    array: &ArrayRef,
    kind: Kind,
    mut number_at: NumberAt<'_>,
    fit: impl Fn(Option<i128>) -> Option<T>,
) -> Result<Vec<Option<T>>, Fault> {
    let value = |row| {
        if array.is_null(row) {
            return Ok(None);
        }
        let value = match number_at(row) {
            Number::Units(units) => fit(Some(units)),
            Number::Nan => fit(None),
            Number::TooGreat => None,
        };
        let misfit = || Fault::Value { row, expected: kind.to_string(), found: shown(array, row) };
        value.map(Some).ok_or_else(misfit)
    };
    (0..array.len()).map(value).collect()
}

fn uuids(array: &ArrayRef) -> Result<ArrayRef, Fault> {
    if *array.data_type() == DataType::FixedSizeBinary(16) {
        return Ok(Arc::clone(array));
    }
    let (bytes_at, is_text) = bytes(array);
    let mut ids = FixedSizeBinaryBuilder::with_capacity(array.len(), 16);
    for row in 0..array.len() {
        if array.is_null(row) {
            ids.append_null();
            continue;
        }
        let value = bytes_at(row);
        let id = match value.len() {
            16 if !is_text => value.try_into().ok(),
            32 | 36 => Uuid::try_parse_ascii(value).ok().map(Uuid::into_bytes),
            _ => None,
        };
        let Some(id) = id else {
            let found = match std::str::from_utf8(value) {
                Ok(text) if is_text => quoted(text),
                _ => format!("{} bytes", value.len()),
            };
            return Err(Fault::Value { row, expected: Kind::Uuid.to_string(), found });
        };
        ids.append_value(id)?;
    }
    Ok(Arc::new(ids.finish()))
}

fn texts(array: &ArrayRef) -> Result<ArrayRef, Fault> {
    let (bytes_at, is_text) = bytes(array);
    if is_text {
        return Ok(cast_with_options(array, &DataType::Utf8, &NO_LOSS)?);
    }
    let mut texts = StringBuilder::new();
    for row in 0..array.len() {
        if array.is_null(row) {
            texts.append_null();
            continue;
        }
        let value = bytes_at(row);
        let Ok(text) = std::str::from_utf8(value) else {
            let found = format!("{} bytes that are not UTF-8", value.len());
            return Err(Fault::Value { row, expected: Kind::Text.to_string(), found });
        };
        texts.append_value(text);
    }
    Ok(Arc::new(texts.finish()))
}

/// Reads the bytes in a row that is not null.
type BytesAt<'a> = Box<dyn Fn(usize) -> &'a [u8] + 'a>;

/// The bytes of text or bytes, and whether it is text.
fn bytes(array: &ArrayRef) -> (BytesAt<'_>, bool) {
    match array.data_type() {
        DataType::Utf8 => {
            let values = array.as_string::<i32>();
            (Box::new(|row| values.value(row).as_bytes()), true)
        }
        DataType::LargeUtf8 => {
            let values = array.as_string::<i64>();
            (Box::new(|row| values.value(row).as_bytes()), true)
        }
        DataType::Utf8View => {
            let values = array.as_string_view();
            (Box::new(|row| values.value(row).as_bytes()), true)
        }
        DataType::Binary => {
            let values = array.as_binary::<i32>();
            (Box::new(|row| values.value(row)), false)
        }
        DataType::LargeBinary => {
            let values = array.as_binary::<i64>();
            (Box::new(|row| values.value(row)), false)
        }
        DataType::BinaryView => {
            let values = array.as_binary_view();
            (Box::new(|row| values.value(row)), false)
        }
        DataType::FixedSizeBinary(_) => {
            let values = array.as_fixed_size_binary();
            (Box::new(|row| values.value(row)), false)
        }
        _ => (Box::new(|_| &[]), false), // refused by its type
    }
}

/// A number or time for a message.
fn shown(array: &ArrayRef, row: usize) -> String {
    // A time that does not fit has no calendar date, either.
    if let DataType::Timestamp(unit, _) = array.data_type()
        && let Ok(value) = cast(&array.slice(row, 1), &DataType::Int64)
    {
        let value = value.as_primitive::<Int64Type>().value(0);
        return format!("{value} {unit:?}s since 1970").to_lowercase();
    }
    let text = array_value_to_string(array, row).unwrap_or_else(|_| "another value".into());
    text.chars().take(MAX_SHOWN).collect()
}

fn quoted(text: &str) -> String {
    let more = if text.chars().nth(MAX_SHOWN).is_some() { "…" } else { "" };
    let start: String = text.chars().take(MAX_SHOWN).collect();
    format!("{start:?}{more}")
}

/// Characters of a value that a message shows.
const MAX_SHOWN: usize = 40;

#[cfg(test)]
mod tests {
    use arrow::array::{
        BinaryArray, Date32Array, Decimal128Array, FixedSizeBinaryArray, Float64Array, Int8Array,
        Int32Array, LargeStringArray, ListArray, NullArray, StringArray, TimestampNanosecondArray,
        TimestampSecondArray, UInt64Array,
    };
    use arrow::datatypes::{Field, TimeUnit, TimestampMicrosecondType};
    use proptest::prelude::*;

    use super::*;

    const LPA: Kind = Kind::Numeric { precision: 6, scale: 2 };

    fn array(array: impl Array + 'static) -> ArrayRef {
        Arc::new(array)
    }

    fn to(array: &ArrayRef, data_type: &DataType) -> ArrayRef {
        cast_with_options(array, data_type, &NO_LOSS).unwrap()
    }

    fn dictionary(values: DataType) -> DataType {
        DataType::Dictionary(Box::new(DataType::Int16), Box::new(values))
    }

    fn fault(array: &ArrayRef, kind: Kind) -> (usize, String, String) {
        match normalize(array, kind) {
            Err(Fault::Value { row, expected, found }) => (row, expected, found),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ids_that_are_none_are_shown_shortened() {
        let id = "0123456789abcdef0123456789ABCDEF";
        let expected = "an id (UUID, 16 bytes, or text)".to_owned();
        let texts = |text: &str| array(StringArray::from(vec![Some(id), None, Some(text)]));
        assert_eq!(
            fault(&texts("18 LPA"), Kind::Uuid),
            (2, expected.clone(), r#""18 LPA""#.to_owned())
        );
        let long = "é".repeat(50);
        let found = format!("\"{}\"…", "é".repeat(40));
        assert_eq!(fault(&texts(&long), Kind::Uuid), (2, expected.clone(), found));
        // Text of 16 characters is not 16 bytes; nor is a URN an id.
        for text in ["0123456789abcdef", "{01234567-89ab-cdef-0123-456789abcdef}", ""] {
            assert_eq!(fault(&texts(text), Kind::Uuid).0, 2);
        }
        let bytes = array(BinaryArray::from(vec![&b"abc"[..]]));
        assert_eq!(fault(&bytes, Kind::Uuid), (0, expected, "3 bytes".to_owned()));
    }

    #[test]
    fn numbers_outside_of_their_column() {
        let expected = || "a number that fits numeric(6,2)".to_owned();
        let doubles = array(Float64Array::from(vec![9_999.994, 9_999.995]));
        assert_eq!(fault(&doubles, LPA), (1, expected(), "9999.995".to_owned()));
        let integers = array(UInt64Array::from(vec![9_999, u64::MAX]));
        assert_eq!(fault(&integers, LPA), (1, expected(), u64::MAX.to_string()));
        let decimals = Decimal128Array::from(vec![1_000_000]).with_precision_and_scale(38, 2);
        assert_eq!(fault(&array(decimals.unwrap()), LPA), (0, expected(), "10000.00".to_owned()));
        let great = array(Float64Array::from(vec![2_147_483_648.0]));
        assert_eq!(fault(&great, Kind::Int32).1, "an integer below 2^31");
        let nan = array(Float64Array::from(vec![f64::NAN]));
        assert_eq!(fault(&nan, Kind::Int32).2, "NaN");
        let two = array(Int8Array::from(vec![0, 1, 2]));
        assert_eq!(fault(&two, Kind::Bool), (2, "true or false".to_owned(), "2".to_owned()));
    }

    #[test]
    fn nan_and_the_infinities_are_nan() {
        let doubles =
            array(Float64Array::from(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 18.5]));
        let units = normalize(&doubles, LPA).unwrap();
        assert_eq!(*units, Int64Array::from(vec![NAN_UNITS, NAN_UNITS, NAN_UNITS, 1850]));
    }

    #[test]
    fn times_that_overflow() {
        let seconds = array(TimestampSecondArray::from(vec![0, i64::MAX]));
        let (row, expected, found) = fault(&seconds, Kind::Timestamp);
        assert_eq!((row, &*expected), (1, "a time"));
        assert_eq!(found, "9223372036854775807 seconds since 1970");
        assert_eq!(fault(&seconds, Kind::Date).0, 1);
        let days = array(Date32Array::from(vec![i32::MAX]));
        assert_eq!(fault(&days, Kind::Timestamp).0, 0);
        assert_eq!(*normalize(&days, Kind::Date).unwrap(), *days);
    }

    #[test]
    fn a_time_before_1970_lies_on_the_day_before() {
        let times = array(TimestampNanosecondArray::from(vec![-1_000, 0, 86_400_000_000_000]));
        assert_eq!(*normalize(&times, Kind::Date).unwrap(), Date32Array::from(vec![-1, 0, 1]));
    }

    #[test]
    fn a_zone_does_not_move_an_instant() {
        let kolkata = TimestampSecondArray::from(vec![1_795_352_400]).with_timezone("Asia/Kolkata");
        let expected =
            TimestampMicrosecondArray::from(vec![1_795_352_400_000_000]).with_timezone("UTC");
        assert_eq!(*normalize(&array(kolkata), Kind::Timestamp).unwrap(), expected);
    }

    #[test]
    fn a_column_without_any_value_is_null_in_every_kind() {
        let kinds = [Kind::Uuid, Kind::Text, Kind::TextList, Kind::Bool, Kind::Int32, LPA];
        for kind in kinds.into_iter().chain([Kind::Timestamp, Kind::Date]) {
            let nulls = normalize(&array(NullArray::new(3)), kind).unwrap();
            assert_eq!((nulls.data_type(), nulls.null_count()), (&kind.data_type(), 3));
        }
    }

    #[test]
    fn bytes_that_are_no_text() {
        let bytes = array(BinaryArray::from(vec![&b"ok"[..], &b"\xff"[..]]));
        let (row, _, found) = fault(&bytes, Kind::Text);
        assert_eq!((row, &*found), (1, "1 bytes that are not UTF-8"));
    }

    /// What each kind is written as by one program or another.
    fn id_encodings(ids: &[Option<[u8; 16]>]) -> Vec<ArrayRef> {
        let text = |write: fn(Uuid) -> String| {
            let texts = ids.iter().map(|id| id.map(|id| write(Uuid::from_bytes(id))));
            array(texts.collect::<StringArray>())
        };
        let fixed = FixedSizeBinaryArray::try_from_sparse_iter_with_size(ids.iter().copied(), 16);
        let fixed = array(fixed.unwrap());
        let hyphens = text(|id| id.hyphenated().to_string());
        vec![
            to(&fixed, &DataType::Binary),
            to(&fixed, &DataType::LargeBinary),
            to(&fixed, &DataType::BinaryView),
            to(&to(&fixed, &DataType::Binary), &dictionary(DataType::Binary)),
            fixed,
            text(|id| id.simple().to_string()),
            text(|id| id.hyphenated().to_string().to_uppercase()),
            to(&hyphens, &DataType::LargeUtf8),
            to(&hyphens, &DataType::Utf8View),
            to(&hyphens, &DataType::Binary),
            to(&hyphens, &dictionary(DataType::Utf8)),
            hyphens,
        ]
    }

    fn text_encodings(texts: &ArrayRef) -> Vec<ArrayRef> {
        [
            DataType::Utf8,
            DataType::LargeUtf8,
            DataType::Utf8View,
            DataType::Binary,
            DataType::LargeBinary,
            DataType::BinaryView,
            dictionary(DataType::Utf8),
            dictionary(DataType::LargeUtf8),
            dictionary(DataType::Utf8View),
        ]
        .iter()
        .map(|data_type| to(texts, data_type))
        .collect()
    }

    fn number_encodings(hundredths: &[Option<i64>]) -> Vec<ArrayRef> {
        let values = hundredths.iter().map(|units| units.map(i128::from));
        let decimal = values.collect::<Decimal128Array>().with_precision_and_scale(20, 2);
        let decimal = array(decimal.unwrap());
        let doubles = hundredths.iter().map(|units| units.map(|units| units as f64 / 100.0));
        let singles = to(&array(doubles.clone().collect::<Float64Array>()), &DataType::Float32);
        vec![
            to(&decimal, &DataType::Decimal32(9, 2)),
            to(&decimal, &DataType::Decimal64(18, 5)),
            to(&decimal, &DataType::Decimal128(38, 20)),
            to(&decimal, &DataType::Decimal256(76, 40)),
            to(&decimal, &dictionary(decimal.data_type().clone())),
            decimal,
            array(doubles.collect::<Float64Array>()),
            singles,
        ]
    }

    fn integer_encodings(integers: &ArrayRef) -> Vec<ArrayRef> {
        [
            DataType::Int8,
            DataType::Int16,
            DataType::Int32,
            DataType::Int64,
            DataType::UInt8,
            DataType::UInt16,
            DataType::UInt32,
            DataType::UInt64,
            DataType::Float16,
            DataType::Float32,
            DataType::Float64,
            DataType::Decimal32(5, 1),
            DataType::Decimal64(10, 4),
            DataType::Decimal128(10, 0),
            DataType::Decimal256(20, 3),
            dictionary(DataType::Int32),
        ]
        .iter()
        .map(|data_type| to(integers, data_type))
        .collect()
    }

    fn list_encodings(lists: &ArrayRef) -> Vec<ArrayRef> {
        let element = |data_type: DataType| Arc::new(Field::new("element", data_type, true));
        vec![
            Arc::clone(lists),
            to(lists, &DataType::List(element(DataType::LargeUtf8))),
            to(lists, &DataType::List(element(DataType::Utf8View))),
            to(lists, &DataType::List(element(dictionary(DataType::Utf8)))),
            to(lists, &DataType::LargeList(element(DataType::Utf8))),
            to(lists, &DataType::ListView(element(DataType::Utf8))),
            to(lists, &DataType::LargeListView(element(DataType::LargeUtf8))),
        ]
    }

    fn assert_all(encodings: Vec<ArrayRef>, kind: Kind, expected: &dyn Array) {
        for array in encodings {
            assert!(kind.accepts(array.data_type()), "{}", array.data_type());
            let values = normalize(&array, kind).unwrap();
            assert_eq!(values.data_type(), &kind.data_type());
            assert_eq!(&*values, expected, "{}", array.data_type());
        }
    }

    #[test]
    fn lists_of_one_length() {
        let data_type =
            DataType::FixedSizeList(Arc::new(Field::new("item", DataType::Utf8, true)), 2);
        let lists = array(ListArray::from(to_lists(&[Some(vec![Some("a".into()), None]), None])));
        let fixed = to(&lists, &data_type);
        assert_eq!(fixed.data_type(), &data_type);
        assert_all(vec![fixed], Kind::TextList, &lists);
    }

    fn to_lists(lists: &[Option<Vec<Option<String>>>]) -> ListArray {
        let mut builder = arrow::array::ListBuilder::new(StringBuilder::new());
        for list in lists {
            builder.append_option(list.as_ref().map(|list| list.iter().map(Option::as_deref)));
        }
        builder.finish()
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 64, failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn ids_are_the_same_in_every_encoding(
            ids in prop::collection::vec(prop::option::of(any::<[u8; 16]>()), 0..6),
        ) {
            let expected =
                FixedSizeBinaryArray::try_from_sparse_iter_with_size(ids.iter().copied(), 16);
            assert_all(id_encodings(&ids), Kind::Uuid, &expected.unwrap());
        }

        #[test]
        fn texts_are_the_same_in_every_encoding(
            texts in prop::collection::vec(prop::option::of(".{0,20}"), 0..6),
        ) {
            let texts: StringArray = texts.into_iter().collect();
            assert_all(text_encodings(&array(texts.clone())), Kind::Text, &texts);
            let large: LargeStringArray = texts.iter().collect();
            assert_all(vec![array(large)], Kind::Text, &texts);
        }

        #[test]
        fn numbers_are_the_same_in_every_encoding(
            units in prop::collection::vec(prop::option::of(-999_999_i64..=999_999), 0..6),
        ) {
            let expected: Int64Array = units.iter().copied().collect();
            assert_all(number_encodings(&units), LPA, &expected);
        }

        #[test]
        fn integers_are_the_same_in_every_encoding(
            integers in prop::collection::vec(prop::option::of(0_i32..=127), 0..6),
        ) {
            let integers: Int32Array = integers.into_iter().collect();
            let encodings = integer_encodings(&array(integers.clone()));
            assert_all(encodings.clone(), Kind::Int32, &integers);
            let hundredths: Int64Array =
                integers.unary::<_, Int64Type>(|value| i64::from(value) * 100);
            assert_all(encodings, LPA, &hundredths);
        }

        #[test]
        fn bools_are_the_same_in_every_encoding(
            bools in prop::collection::vec(prop::option::of(any::<bool>()), 0..6),
        ) {
            let bools: BooleanArray = bools.into_iter().collect();
            let plain = array(bools.clone());
            let encodings = [DataType::Boolean, DataType::Int8, DataType::Int64, DataType::UInt8];
            let encodings = encodings.iter().map(|data_type| to(&plain, data_type)).collect();
            assert_all(encodings, Kind::Bool, &bools);
        }

        #[test]
        fn times_are_the_same_in_every_encoding(
            seconds in prop::collection::vec(
                prop::option::of(-2_000_000_000_i64..8_000_000_000), 0..6),
        ) {
            let us = seconds.iter().map(|second| second.map(|second| second * 1_000_000));
            let expected = us.collect::<TimestampMicrosecondArray>().with_timezone("UTC");
            let seconds = array(seconds.into_iter().collect::<TimestampSecondArray>());
            let units =
                [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond];
            let plain = units.map(|unit| to(&seconds, &DataType::Timestamp(unit, None)));
            let dictionary = to(&plain[2], &dictionary(plain[2].data_type().clone()));
            let mut encodings = plain.to_vec();
            encodings.push(dictionary);
            assert_all(encodings, Kind::Timestamp, &expected);
        }

        #[test]
        fn dates_are_the_same_in_every_encoding(
            days in prop::collection::vec(prop::option::of(-100_000_i32..100_000), 0..6),
        ) {
            let days: Date32Array = days.into_iter().collect();
            let plain = array(days.clone());
            let date64 = to(&plain, &DataType::Date64);
            let times = to(&plain, &DataType::Timestamp(TimeUnit::Second, None));
            assert_all(vec![date64.clone(), times, plain], Kind::Date, &days);
            let midnights = days.unary::<_, TimestampMicrosecondType>(|day| i64::from(day) * 86_400_000_000);
            assert_all(vec![date64, array(days)], Kind::Timestamp, &midnights.with_timezone("UTC"));
        }

        #[test]
        fn lists_are_the_same_in_every_encoding(
            lists in prop::collection::vec(
                prop::option::of(prop::collection::vec(prop::option::of(".{0,5}"), 0..4)), 0..6),
        ) {
            let lists = to_lists(&lists);
            assert_all(list_encodings(&array(lists.clone())), Kind::TextList, &lists);
        }
    }
}
