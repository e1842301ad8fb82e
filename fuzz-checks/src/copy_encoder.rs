//! Rows of any values, written by the encoder and read by a reader that knows nothing of it.

use arbitrary::{Arbitrary, Result, Unstructured};
use talvix_pg::copy::{CopyEncoder, EncodeError, NAN_UNITS};

use crate::copy_reader::{self, Field};

/// PostgreSQL stores no number with more decimals.
const MAX_SCALE: u16 = 16_383;

/// From 1970-01-01 to 2000-01-01, where PostgreSQL counts from.
const EPOCH_DAYS: i64 = 10_957;

/// A field as it is handed to the encoder.
#[derive(Debug)]
enum Value {
    Null,
    Uuid([u8; 16]),
    Int4(i32),
    Int8(i64),
    Bool(bool),
    Text(String),
    Jsonb(String),
    Texts(Vec<String>),
    NullableTexts(Vec<Option<String>>),
    Time(i64),
    Date(i32),
    Numeric(i64, u16),
}

impl Value {
    fn arbitrary(bytes: &mut Unstructured<'_>) -> Result<Self> {
        Ok(match bytes.int_in_range(0..=11)? {
            0 => Self::Null,
            1 => Self::Uuid(<[u8; 16]>::arbitrary(bytes)?),
            2 => Self::Int4(i32::arbitrary(bytes)?),
            3 => Self::Int8(i64::arbitrary(bytes)?),
            4 => Self::Bool(bool::arbitrary(bytes)?),
            5 => Self::Text(String::arbitrary(bytes)?),
            6 => Self::Jsonb(String::arbitrary(bytes)?),
            7 => Self::Texts(Vec::arbitrary(bytes)?),
            8 => Self::NullableTexts(Vec::arbitrary(bytes)?),
            9 => Self::Time(i64::arbitrary(bytes)?),
            10 => Self::Date(i32::arbitrary(bytes)?),
            _ => {
                // Most numbers have few decimals.
                let scale = if bytes.ratio(1_u8, 8)? {
                    bytes.int_in_range(0..=MAX_SCALE)?
                } else {
                    bytes.int_in_range(0..=20)?
                };
                Self::Numeric(i64::arbitrary(bytes)?, scale)
            }
        })
    }

    fn write(&self, out: &mut CopyEncoder) -> Result<(), EncodeError> {
        match self {
            Self::Null => out.null(),
            Self::Uuid(id) => out.uuid(*id),
            Self::Int4(number) => out.int4(*number),
            Self::Int8(number) => out.int8(*number),
            Self::Bool(flag) => out.bool(*flag),
            Self::Text(text) => out.text(text)?,
            Self::Jsonb(text) => out.jsonb(text)?,
            Self::Texts(texts) => out.text_array(texts.iter().map(String::as_str))?,
            Self::NullableTexts(texts) => {
                out.text_array_nullable(texts.iter().map(Option::as_deref))?;
            }
            Self::Time(us) => out.timestamptz(*us),
            Self::Date(days) => out.date(*days),
            Self::Numeric(units, scale) => out.numeric(*units, *scale),
        }
        Ok(())
    }

    fn has_nul(&self) -> bool {
        match self {
            Self::Text(text) | Self::Jsonb(text) => text.contains('\0'),
            Self::Texts(texts) => texts.iter().any(|text| text.contains('\0')),
            Self::NullableTexts(texts) => texts.iter().flatten().any(|text| text.contains('\0')),
            _ => false,
        }
    }

    /// Panics where a field of a stream is not this value.
    fn compare(&self, field: &Field) {
        let Some(bytes) = field else {
            return assert!(matches!(self, Self::Null), "{self:?} became null");
        };
        match self {
            Self::Null => panic!("a null became {} bytes", bytes.len()),
            Self::Uuid(id) => assert_eq!(bytes, id),
            Self::Int4(number) => assert_eq!(bytes[..], number.to_be_bytes()),
            Self::Int8(number) => assert_eq!(bytes[..], number.to_be_bytes()),
            Self::Bool(flag) => assert_eq!(bytes[..], [u8::from(*flag)]),
            Self::Text(text) => assert_eq!(bytes, text.as_bytes()),
            Self::Jsonb(text) => {
                assert_eq!((bytes[0], &bytes[1..]), (1, text.as_bytes()));
            }
            Self::Texts(texts) => {
                let texts: Vec<Field> =
                    texts.iter().map(|text| Some(text.clone().into())).collect();
                assert_eq!(copy_reader::text_array(bytes), texts);
            }
            Self::NullableTexts(texts) => {
                let texts: Vec<Field> =
                    texts.iter().map(|text| text.clone().map(String::into_bytes)).collect();
                assert_eq!(copy_reader::text_array(bytes), texts);
            }
            Self::Time(us) => {
                let since_2000 = match *us {
                    // What the type calls infinity, and what is too early for it.
                    i64::MAX => i64::MAX,
                    us => (i128::from(us) - i128::from(EPOCH_DAYS) * 86_400_000_000)
                        .max(i128::from(i64::MIN)) as i64,
                };
                assert_eq!(bytes[..], since_2000.to_be_bytes(), "{us} µs");
            }
            Self::Date(days) => {
                let since_2000 = match *days {
                    i32::MAX => i32::MAX,
                    days => (i64::from(days) - EPOCH_DAYS).max(i64::from(i32::MIN)) as i32,
                };
                assert_eq!(bytes[..], since_2000.to_be_bytes(), "{days} days");
            }
            Self::Numeric(units, scale) => {
                assert_eq!(copy_reader::numeric(bytes), shown(*units, usize::from(*scale)));
            }
        }
    }
}

/// A number of units as PostgreSQL prints it.
fn shown(units: i64, num_decimals: usize) -> String {
    if units == NAN_UNITS {
        return "NaN".to_owned();
    }
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = num_decimals + 1);
    let (whole, decimals) = digits.split_at(digits.len() - num_decimals);
    let sign = if units < 0 { "-" } else { "" };
    let point = if num_decimals > 0 { "." } else { "" };
    format!("{sign}{whole}{point}{decimals}")
}

/// Rows of any values, and after which rows a chunk is taken.
fn rows(bytes: &mut Unstructured<'_>) -> Result<Vec<(Vec<Value>, bool)>> {
    let mut rows = Vec::new();
    while !bytes.is_empty() && rows.len() < 200 {
        let num_values = bytes.int_in_range(0..=12)?;
        let values = (0..num_values).map(|_| Value::arbitrary(bytes)).collect::<Result<_>>()?;
        rows.push((values, bool::arbitrary(bytes)?));
    }
    Ok(rows)
}

/// Writes rows and reads them again.
///
/// # Panics
///
/// Where a value comes back as another, or a text with a NUL passes.
pub fn check(bytes: &[u8]) {
    let Ok(rows) = rows(&mut Unstructured::new(bytes)) else { return };
    let mut out = CopyEncoder::new();
    let mut stream = Vec::new();
    for (values, take_chunk) in &rows {
        out.begin_row(values.len() as u16);
        for value in values {
            let before = out.buffered_bytes();
            match value.write(&mut out) {
                Ok(()) => assert!(!value.has_nul(), "{value:?}"),
                Err(error) => {
                    assert!(value.has_nul(), "{value:?}: {error}");
                    assert_eq!(out.buffered_bytes(), before, "{value:?} was written in part");
                    out.null();
                }
            }
        }
        if *take_chunk {
            stream.extend_from_slice(&out.take_chunk());
        }
    }
    assert_eq!(out.rows(), rows.len() as u64);
    stream.extend_from_slice(&out.finish());

    let read = copy_reader::rows(&stream);
    assert_eq!(read.len(), rows.len());
    for ((values, _), fields) in rows.iter().zip(&read) {
        assert_eq!(values.len(), fields.len());
        for (value, field) in values.iter().zip(fields) {
            let refused = Value::Null;
            (if value.has_nul() { &refused } else { value }).compare(field);
        }
    }
}
