//! Numbers and times in any representation, as integer units.

use std::fmt::Write as _;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type, i256,
};

pub(crate) const US_PER_DAY: i128 = 86_400_000_000;

/// A number in the unit that is asked for.
pub(crate) enum Number {
    Units(i128),
    /// NaN or an infinity.
    Nan,
    /// More units than any column holds.
    TooGreat,
}

/// Reads the number in a row that is not null.
pub(crate) type NumberAt<'a> = Box<dyn FnMut(usize) -> Number + 'a>;

/// Numbers in units of 10^-`scale`.
pub(crate) fn units(array: &ArrayRef, scale: i32) -> NumberAt<'_> {
    match *array.data_type() {
        DataType::Int8 => scaled::<Int8Type>(array, scale),
        DataType::Int16 => scaled::<Int16Type>(array, scale),
        DataType::Int32 => scaled::<Int32Type>(array, scale),
        DataType::Int64 => scaled::<Int64Type>(array, scale),
        DataType::UInt8 => scaled::<UInt8Type>(array, scale),
        DataType::UInt16 => scaled::<UInt16Type>(array, scale),
        DataType::UInt32 => scaled::<UInt32Type>(array, scale),
        DataType::UInt64 => scaled::<UInt64Type>(array, scale),
        DataType::Decimal32(_, own) => scaled::<Decimal32Type>(array, scale - i32::from(own)),
        DataType::Decimal64(_, own) => scaled::<Decimal64Type>(array, scale - i32::from(own)),
        DataType::Decimal128(_, own) => scaled::<Decimal128Type>(array, scale - i32::from(own)),
        DataType::Decimal256(_, own) => {
            let values = array.as_primitive::<Decimal256Type>();
            Box::new(move |row| rescale_wide(values.value(row), scale - i32::from(own)))
        }
        DataType::Float16 => {
            let values = array.as_primitive::<Float16Type>();
            let mut text = String::new();
            Box::new(move |row| from_f32(values.value(row).to_f32(), scale, &mut text))
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>();
            let mut text = String::new();
            Box::new(move |row| from_f32(values.value(row), scale, &mut text))
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            let mut text = String::new();
            Box::new(move |row| from_f64(values.value(row), scale, &mut text))
        }
        _ => Box::new(|_| Number::TooGreat), // refused by its type
    }
}

/// Times and dates in microseconds since 1970.
pub(crate) fn microseconds(array: &ArrayRef) -> NumberAt<'_> {
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => scaled::<TimestampSecondType>(array, 6),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            scaled::<TimestampMillisecondType>(array, 3)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            scaled::<TimestampMicrosecondType>(array, 0)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            scaled::<TimestampNanosecondType>(array, -3)
        }
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>();
            Box::new(|row| Number::Units(i128::from(days.value(row)) * US_PER_DAY))
        }
        DataType::Date64 => scaled::<Date64Type>(array, 3),
        _ => Box::new(|_| Number::TooGreat), // refused by its type
    }
}

fn scaled<T: ArrowPrimitiveType<Native: Into<i128>>>(array: &ArrayRef, shift: i32) -> NumberAt<'_> {
    let values = array.as_primitive::<T>();
    Box::new(move |row| rescale(values.value(row).into(), shift))
}

/// `value` × 10^`shift`, rounded half away from zero.
fn rescale(value: i128, shift: i32) -> Number {
    let power = 10_i128.checked_pow(shift.unsigned_abs());
    let units = match power {
        Some(power) if shift >= 0 => value.checked_mul(power),
        Some(power) => {
            let away = i128::from(value % power >= power / 2 && power > 1)
                - i128::from(value % power <= -(power / 2) && power > 1);
            Some(value / power + away)
        }
        // Below half of 10^39 is all that 128 bits hold.
        None if shift < 0 || value == 0 => Some(0),
        None => None,
    };
    units.map_or(Number::TooGreat, Number::Units)
}

fn rescale_wide(value: i256, shift: i32) -> Number {
    if let Some(value) = value.to_i128() {
        return rescale(value, shift);
    }
    let power = i256::from_i128(10).checked_pow(shift.unsigned_abs());
    let Some(power) = power.filter(|_| shift < 0) else {
        // Only a fraction of a unit, or more of them than 128 bits hold.
        return if shift < 0 { Number::Units(0) } else { Number::TooGreat };
    };
    let half = power / i256::from_i128(2);
    let rest = value % power;
    let away = i128::from(rest >= half) - i128::from(rest <= -half);
    match (value / power).to_i128() {
        Some(units) => Number::Units(units + away),
        None => Number::TooGreat,
    }
}

/// A double in units of 10^-`scale`, as PostgreSQL stores it in a `numeric`: its shortest decimal
/// of 15 significant digits, rounded half away from zero. `None` for NaN, the infinities, and what
/// no 64-bit integer holds.
#[must_use]
pub fn units_of_f64(value: f64, scale: u8) -> Option<i64> {
    match from_f64(value, i32::from(scale), &mut String::new()) {
        Number::Units(units) => i64::try_from(units).ok(),
        Number::Nan | Number::TooGreat => None,
    }
}

/// A double has 15 decimal digits that it surely keeps; the rest is noise of its binary form.
/// 0.145 is a little less than that in binary, and still rounds to 0.15.
fn from_f64(value: f64, scale: i32, text: &mut String) -> Number {
    text.clear();
    // Writing to a string cannot fail.
    let _ = write!(text, "{value:.14e}");
    from_scientific(text, scale)
}

fn from_f32(value: f32, scale: i32, text: &mut String) -> Number {
    text.clear();
    let _ = write!(text, "{value:.5e}");
    from_scientific(text, scale)
}

/// Reads `-1.2345e-6`, as Rust writes it.
fn from_scientific(text: &str, scale: i32) -> Number {
    let number = || {
        let (mantissa, exponent) = text.split_once('e')?;
        let (whole, fraction) = mantissa.split_once('.')?;
        let whole: i128 = whole.parse().ok()?;
        let digits: i128 = fraction.parse().ok()?;
        let one = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let digits =
            if text.starts_with('-') { whole * one - digits } else { whole * one + digits };
        let exponent = exponent.parse::<i32>().ok()?;
        Some(rescale(digits, exponent + scale - fraction.len() as i32))
    };
    number().unwrap_or(Number::Nan)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        Decimal256Array, Float16Array, Float32Array, Float64Array, Int64Array,
        TimestampNanosecondArray,
    };
    use proptest::prelude::*;

    use super::*;

    fn first(mut number_at: NumberAt<'_>) -> Option<i128> {
        match number_at(0) {
            Number::Units(units) => Some(units),
            Number::Nan | Number::TooGreat => None,
        }
    }

    fn double(value: f64, scale: i32) -> Option<i128> {
        let array: ArrayRef = Arc::new(Float64Array::from(vec![value]));
        first(units(&array, scale))
    }

    fn single(value: f32, scale: i32) -> Option<i128> {
        let array: ArrayRef = Arc::new(Float32Array::from(vec![value]));
        first(units(&array, scale))
    }

    /// Rounds digits written as text: `shift` decimals are kept of `-12.345`-like numbers whose
    /// last `fraction` digits are behind the point.
    fn rounded_by_hand(digits: &str, fraction: usize, scale: usize) -> i128 {
        let (sign, digits) = digits.strip_prefix('-').map_or((1, digits), |rest| (-1, rest));
        let padded = format!("{digits:0>width$}", width = fraction + 1);
        let (whole, behind) = padded.split_at(padded.len() - fraction);
        let behind = format!("{behind:0<width$}", width = scale + 1);
        let kept: i128 = format!("{whole}{}", &behind[..scale]).parse().unwrap();
        sign * (kept + i128::from(behind.as_bytes()[scale] >= b'5'))
    }

    #[test]
    fn doubles_round_as_postgresql_rounds_them() {
        // `select 0.145::float8::numeric(6,2)` and so on, as PostgreSQL 15 answers.
        assert_eq!(double(0.145, 2), Some(15));
        assert_eq!(double(-0.145, 2), Some(-15));
        assert_eq!(double(2.675, 2), Some(268));
        assert_eq!(double(99_999.995, 2), Some(10_000_000));
        assert_eq!(double(0.000_05, 4), Some(1));
        assert_eq!(double(1.000_000_000_000_000_2, 16), Some(10_000_000_000_000_000));
        assert_eq!(double(9.999_999_999_999_999_5, 0), Some(10));
        assert_eq!(double(123_456_789_012_345_678.0, 0), Some(123_456_789_012_346_000));
        assert_eq!(double(4_503_599_627_370_497.5, 0), Some(4_503_599_627_370_500));
        assert_eq!(double(999_999_999_999_999.5, 0), Some(1_000_000_000_000_000));
        assert_eq!(double(1e22, 0), Some(10_i128.pow(22)));
        assert_eq!(double(5e-324, 1), Some(0));
        assert_eq!(double(-0.0, 2), Some(0));
        assert_eq!(single(0.145, 2), Some(15));
        assert_eq!(single(16_777_217.0, 0), Some(16_777_200));
        assert_eq!(single(1_234_567.8, 0), Some(1_234_570));
        assert_eq!(single(999_999.96, 0), Some(1_000_000));
        assert_eq!(single(0.123_456_5, 6), Some(123_457));
    }

    #[test]
    fn what_is_no_number_or_too_great_is_none() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN] {
            assert_eq!(double(value, 2), None);
        }
        assert_eq!(single(f32::NAN, 2), None);
    }

    #[test]
    fn half_precision() {
        let array = Float16Array::from_iter_values(
            [18.5_f32, -0.25].map(|value| value.to_string().parse().unwrap()),
        );
        let array: ArrayRef = Arc::new(array);
        let mut at = units(&array, 1);
        assert!(matches!(at(0), Number::Units(185)));
        assert!(matches!(at(1), Number::Units(-3)));
    }

    #[test]
    fn wide_decimals() {
        let wide = |digits: &str, own, scale| {
            let value = i256::from_string(digits).unwrap();
            let array = Decimal256Array::from(vec![value]).with_precision_and_scale(76, own);
            let array: ArrayRef = Arc::new(array.unwrap());
            first(units(&array, scale))
        };
        let half = format!("5{}", "0".repeat(59));
        let less = format!("4{}", "9".repeat(59));
        assert_eq!(wide(&half, 60, 0), Some(1));
        assert_eq!(wide(&format!("-{half}"), 60, 0), Some(-1));
        assert_eq!(wide(&less, 60, 0), Some(0));
        assert_eq!(wide(&half, 76, 2), Some(0));
        assert_eq!(wide(&half, 0, 0), None);
        assert_eq!(wide("1850", 2, 1), Some(185));
        assert_eq!(wide(&i128::MAX.to_string(), 76, 0), Some(0));
    }

    #[test]
    fn the_ends_of_the_range() {
        assert!(matches!(rescale(i128::MAX, -38), Number::Units(2)));
        assert!(matches!(rescale(i128::MIN, -38), Number::Units(-2)));
        assert!(matches!(rescale(i128::MAX, -39), Number::Units(0)));
        assert!(matches!(rescale(i128::MIN, i32::MIN), Number::Units(0)));
        assert!(matches!(rescale(i128::MIN, 0), Number::Units(i128::MIN)));
        assert!(matches!(rescale(0, i32::MAX), Number::Units(0)));
        assert!(matches!(rescale(1, 39), Number::TooGreat));
    }

    #[test]
    fn nanoseconds_round_half_away_from_1970() {
        let array: ArrayRef =
            Arc::new(TimestampNanosecondArray::from(vec![1_499, 1_500, -1_499, -1_500]));
        let mut at = microseconds(&array);
        let us = [0, 1, 2, 3].map(|row| match at(row) {
            Number::Units(us) => us,
            _ => panic!("row {row}"),
        });
        assert_eq!(us, [1, 2, -1, -2]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn decimals_round_as_by_hand(value in any::<i64>(), fraction in 0_usize..25, scale in 0_usize..8) {
            let expected = rounded_by_hand(&value.to_string(), fraction, scale);
            let array: ArrayRef = Arc::new(Int64Array::from(vec![value]));
            prop_assert_eq!(first(units(&array, scale as i32 - fraction as i32)), Some(expected));
            let wide = rescale_wide(i256::from(value), scale as i32 - fraction as i32);
            prop_assert!(matches!(wide, Number::Units(units) if units == expected));
        }

        #[test]
        fn doubles_round_as_their_decimals_by_hand(
            value in -999_999_999_999_999_i64..=999_999_999_999_999,
            fraction in 0_usize..20,
            scale in 0_usize..8,
        ) {
            let text = format!("{value}e-{fraction}");
            let expected = rounded_by_hand(&value.to_string(), fraction, scale);
            prop_assert_eq!(double(text.parse().unwrap(), scale as i32), Some(expected));
        }

        #[test]
        fn singles_round_as_their_decimals_by_hand(
            value in -999_999_i32..=999_999,
            fraction in 0_usize..10,
            scale in 0_usize..8,
        ) {
            let text = format!("{value}e-{fraction}");
            let expected = rounded_by_hand(&value.to_string(), fraction, scale);
            prop_assert_eq!(single(text.parse().unwrap(), scale as i32), Some(expected));
        }

        #[test]
        fn any_double_is_read(bits in any::<u64>(), scale in 0_i32..30) {
            let _ = double(f64::from_bits(bits), scale);
            let _ = single(f32::from_bits(bits as u32), scale);
        }
    }
}
