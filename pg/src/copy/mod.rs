//! PostgreSQL's binary `COPY` format, both ways and without I/O.
//!
//! * [`encode`]: values to bytes for `COPY … FROM STDIN (FORMAT binary)`.
//! * [`decode`]: bytes of `COPY … TO STDOUT (FORMAT binary)` to typed values.
//!
//! The format converts nothing: a type that is not exactly the column's is refused by the server
//! or, worse, read as another value. Both sides therefore have one method for each type. Values
//! cross this module in the units the rest of the program counts in: numbers as integer units of
//! their scale, times as microseconds and dates as days since 1970.

pub mod decode;
pub mod encode;

pub use decode::{CopyDecoder, DecodeError, Row};
pub use encode::{CHUNK_BYTES, CopyEncoder, EncodeError};

/// What a numeric reads as that is no number: NaN, and either infinity.
///
/// No number has these units: [`Row::numeric`] refuses one that would.
pub const NAN_UNITS: i64 = i64::MIN;

/// The eleven bytes that open a stream; the odd ones show a transfer that changed line ends or
/// dropped the eighth bit.
const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// Length of a field that is null.
const NULL: i32 = -1;

/// Field count that ends the stream.
const TRAILER: i16 = -1;

/// From 1970-01-01, where we count from, to 2000-01-01, where PostgreSQL does.
const EPOCH_US: i64 = 946_684_800_000_000;
const EPOCH_DAYS: i32 = 10_957;

/// Type number of `text`, as an array names its elements' type.
const TEXT_OID: u32 = 25;
/// Type number of `varchar`: the same bytes as `text`.
const VARCHAR_OID: u32 = 1043;

const NUMERIC_POSITIVE: u16 = 0x0000;
const NUMERIC_NEGATIVE: u16 = 0x4000;
const NUMERIC_NAN: u16 = 0xC000;
const NUMERIC_POSITIVE_INFINITY: u16 = 0xD000;
const NUMERIC_NEGATIVE_INFINITY: u16 = 0xF000;

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    /// One row of every type, nulls included.
    #[derive(Clone, Debug, PartialEq)]
    struct Sample {
        uuid: Option<[u8; 16]>,
        int4: Option<i32>,
        int8: Option<i64>,
        bool: Option<bool>,
        text: Option<String>,
        array: Option<Vec<Option<String>>>,
        time: Option<i64>,
        date: Option<i32>,
        units: Option<i64>,
        scale: u16,
    }

    const COLUMNS: &[&str] =
        &["uuid", "int4", "int8", "bool", "text", "array", "time", "date", "units"];

    fn sample() -> impl Strategy<Value = Sample> {
        let text = "[^\0]{0,12}";
        let option = proptest::option::of::<BoxedStrategy<_>>;
        let units = prop_oneof![any::<i64>(), -100_000_i64..100_000, Just(NAN_UNITS)];
        // What lies before 4714 BC or after 294246 AD is an infinity to one side or the other.
        let times = -200_000_000_000_000_000_i64..9_000_000_000_000_000_000;
        (
            proptest::option::of(any::<[u8; 16]>()),
            proptest::option::of(any::<i32>()),
            proptest::option::of(any::<i64>()),
            proptest::option::of(any::<bool>()),
            proptest::option::of(text),
            proptest::option::of(prop::collection::vec(proptest::option::of(text), 0..5)),
            option(prop_oneof![times, Just(i64::MAX), Just(i64::MIN)].boxed()),
            proptest::option::of(-2_000_000_i32..2_000_000),
            proptest::option::of(units),
            0_u16..20,
        )
            .prop_map(|(uuid, int4, int8, bool, text, array, time, date, units, scale)| {
                Sample { uuid, int4, int8, bool, text, array, time, date, units, scale }
            })
    }

    fn write(out: &mut CopyEncoder, row: &Sample) {
        macro_rules! put {
            ($value:expr, $method:ident) => {
                match $value {
                    Some(value) => out.$method(value),
                    None => out.null(),
                }
            };
        }
        out.begin_row(9);
        put!(row.uuid, uuid);
        put!(row.int4, int4);
        put!(row.int8, int8);
        put!(row.bool, bool);
        match &row.text {
            Some(text) => out.text(text).unwrap(),
            None => out.null(),
        }
        match &row.array {
            Some(array) => out.text_array_nullable(array.iter().map(Option::as_deref)).unwrap(),
            None => out.null(),
        }
        put!(row.time, timestamptz);
        put!(row.date, date);
        match row.units {
            Some(units) => out.numeric(units, row.scale),
            None => out.null(),
        }
    }

    fn read(row: &mut Row<'_>, scale: u16) -> Result<Sample, DecodeError> {
        Ok(Sample {
            uuid: row.uuid()?,
            int4: row.int4()?,
            int8: row.int8()?,
            bool: row.bool()?,
            text: row.text()?.map(str::to_owned),
            array: row
                .text_array()?
                .map(|array| array.into_iter().map(|text| text.map(str::to_owned)).collect()),
            time: row.timestamptz()?,
            date: row.date()?,
            units: row.numeric(scale)?,
            scale,
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_encoded_is_decoded_however_the_stream_is_cut(
            rows in prop::collection::vec(sample(), 0..8),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let mut out = CopyEncoder::new();
            let mut stream = Vec::new();
            for (i, row) in rows.iter().enumerate() {
                write(&mut out, row);
                if i % 3 == 1 {
                    stream.extend_from_slice(&out.take_chunk());
                }
            }
            prop_assert_eq!(out.rows(), rows.len() as u64);
            stream.extend_from_slice(&out.finish());

            let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            ends.push(stream.len());
            ends.sort_unstable();
            let mut decoder = CopyDecoder::new(COLUMNS);
            let mut read_back = Vec::new();
            let mut start = 0;
            for end in ends {
                decoder.feed(Bytes::copy_from_slice(&stream[start..end]));
                start = end;
                while let Some(mut row) = decoder.next_row().unwrap() {
                    let scale = rows[read_back.len()].scale;
                    read_back.push(read(&mut row, scale).unwrap());
                }
            }
            prop_assert_eq!(decoder.finish().unwrap(), rows.len() as u64);
            prop_assert_eq!(read_back, rows);
        }

        #[test]
        fn any_bytes_give_rows_or_an_error(
            headed in any::<bool>(),
            bytes in prop::collection::vec(
                prop_oneof![Just(0_u8), Just(0xff), Just(4), 0_u8..20, any::<u8>()], 0..300),
        ) {
            let mut stream = if headed { CopyEncoder::new().take_chunk().to_vec() } else { vec![] };
            if headed {
                stream.extend_from_slice(&9_i16.to_be_bytes());
            }
            stream.extend_from_slice(&bytes);
            let mut decoder = CopyDecoder::new(COLUMNS);
            decoder.feed(Bytes::from(stream));
            while let Ok(Some(mut row)) = decoder.next_row() {
                let _ = read(&mut row, 2);
            }
            let _ = decoder.finish();
        }

        #[test]
        fn any_field_gives_a_value_or_an_error(
            field in prop::collection::vec(prop_oneof![4 => Just(0_u8), 1 => any::<u8>()], 0..60),
            scale in 0_u16..30,
        ) {
            let mut stream = CopyEncoder::new().take_chunk().to_vec();
            stream.extend_from_slice(&9_i16.to_be_bytes());
            for _ in 0..9 {
                stream.extend_from_slice(&(field.len() as i32).to_be_bytes());
                stream.extend_from_slice(&field);
            }
            let mut decoder = CopyDecoder::new(COLUMNS);
            decoder.feed(Bytes::from(stream));
            let mut row = decoder.next_row().unwrap().unwrap();
            let _ = (row.uuid(), row.int4(), row.int8(), row.bool(), row.text(), row.text_array());
            let _ = (row.timestamptz(), row.date(), row.numeric(scale));
        }

        #[test]
        fn a_damaged_stream_never_panics(
            rows in prop::collection::vec(sample(), 1..4),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut out = CopyEncoder::new();
            for row in &rows {
                write(&mut out, row);
            }
            let mut stream = out.finish().to_vec();
            let at = at.index(stream.len());
            stream[at] = byte;
            stream.truncate(cut.index(stream.len() + 1));
            let mut decoder = CopyDecoder::new(COLUMNS);
            decoder.feed(Bytes::from(stream));
            while let Ok(Some(mut row)) = decoder.next_row() {
                let _ = read(&mut row, 2);
            }
            let _ = decoder.finish();
        }
    }
}
