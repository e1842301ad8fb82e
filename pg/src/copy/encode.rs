//! Rows to the bytes of `COPY … FROM STDIN (FORMAT binary)`.

use bytes::{BufMut, Bytes, BytesMut};

use super::{
    EPOCH_DAYS, EPOCH_US, NAN_UNITS, NULL, NUMERIC_NAN, NUMERIC_NEGATIVE, NUMERIC_POSITIVE,
    SIGNATURE, TEXT_OID, TRAILER,
};

/// When to send: less costs a hand-over per few rows, more was no faster up to 8 MiB.
pub const CHUNK_BYTES: usize = 256 * 1024;

/// A value that the format, or `text`, has no bytes for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A field's length is a signed 32-bit number.
    #[error("row {row}: a value of {bytes} bytes is longer than a COPY field can be (2 GiB)")]
    TooLong {
        /// Number of the row, the first being 0.
        row: u64,
        /// Length of the value.
        bytes: usize,
    },
    /// `text` cannot hold U+0000; the server would refuse the whole `COPY` for it.
    #[error("row {row}: a text holds a NUL character at byte {at}; PostgreSQL cannot store it")]
    Nul {
        /// Number of the row, the first being 0.
        row: u64,
        /// Where in the text.
        at: usize,
    },
}

/// Writes rows in PostgreSQL's binary `COPY` format.
///
/// Call [`begin_row`](Self::begin_row), then one method for each column in the order of the
/// statement; send [`take_chunk`](Self::take_chunk) whenever
/// [`buffered_bytes`](Self::buffered_bytes) has reached [`CHUNK_BYTES`], and
/// [`finish`](Self::finish) at the end. The types must be exactly the columns' types. After an
/// error nothing of the value is written, but its row lacks a field: abandon the `COPY`.
#[derive(Debug)]
pub struct CopyEncoder {
    buffer: BytesMut,
    rows: u64,
    /// Fields of the row begun last that are still to come.
    fields_left: u16,
}

impl Default for CopyEncoder {
    fn default() -> Self {
        Self::new()
    }
}

impl CopyEncoder {
    /// An encoder whose first chunk begins with the header.
    #[must_use]
    pub fn new() -> Self {
        let mut buffer = BytesMut::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 8);
        buffer.put_slice(SIGNATURE);
        buffer.put_i32(0); // flags
        buffer.put_i32(0); // length of the header's extension
        Self { buffer, rows: 0, fields_left: 0 }
    }

    /// Begins a row; exactly `num_fields` values must follow.
    pub fn begin_row(&mut self, num_fields: u16) {
        debug_assert_eq!(self.fields_left, 0, "row {} lacks fields", self.rows);
        debug_assert!(i16::try_from(num_fields).is_ok(), "no table has {num_fields} columns");
        self.buffer.put_u16(num_fields);
        self.rows += 1;
        self.fields_left = num_fields;
    }

    /// A null of any type.
    pub fn null(&mut self) {
        self.count_field();
        self.buffer.put_i32(NULL);
    }

    /// A `uuid`.
    pub fn uuid(&mut self, value: [u8; 16]) {
        self.fixed(value);
    }

    /// An `int4` (`integer`).
    pub fn int4(&mut self, value: i32) {
        self.fixed(value.to_be_bytes());
    }

    /// An `int8` (`bigint`).
    pub fn int8(&mut self, value: i64) {
        self.fixed(value.to_be_bytes());
    }

    /// A `bool`.
    pub fn bool(&mut self, value: bool) {
        self.fixed([u8::from(value)]);
    }

    /// A `timestamptz` from microseconds since 1970; [`i64::MAX`] and [`i64::MIN`] are
    /// `infinity` and `-infinity`.
    pub fn timestamptz(&mut self, us_since_unix_epoch: i64) {
        let us = match us_since_unix_epoch {
            i64::MAX => i64::MAX,
            us => us.saturating_sub(EPOCH_US),
        };
        self.fixed(us.to_be_bytes());
    }

    /// A `date` from days since 1970; [`i32::MAX`] and [`i32::MIN`] are `infinity` and
    /// `-infinity`.
    pub fn date(&mut self, days_since_unix_epoch: i32) {
        let days = match days_since_unix_epoch {
            i32::MAX => i32::MAX,
            days => days.saturating_sub(EPOCH_DAYS),
        };
        self.fixed(days.to_be_bytes());
    }

    /// A `numeric` of `units` × 10^-`scale`, shown with `scale` decimals; [`NAN_UNITS`] is NaN.
    pub fn numeric(&mut self, units: i64, scale: u16) {
        if units == NAN_UNITS {
            return self.numeric_nan();
        }
        // Digits have base 10,000 and are aligned at the decimal point.
        let num_fraction_digits = scale.div_ceil(4);
        let mut rest = u128::from(units.unsigned_abs())
            * 10_u128.pow(u32::from(num_fraction_digits * 4 - scale));
        let mut weight = -1 - num_fraction_digits as i16;
        let mut digits = [0_u16; 8]; // 2^64 × 1,000 has 23 decimals
        let mut first = digits.len();
        while rest != 0 {
            let digit = (rest % 10_000) as u16;
            rest /= 10_000;
            weight += 1;
            if digit != 0 || first != digits.len() {
                first -= 1; // zeros at the end are not sent
                digits[first] = digit;
            }
        }
        let digits = &digits[first..];
        self.count_field();
        self.buffer.put_i32(8 + 2 * digits.len() as i32);
        self.buffer.put_u16(digits.len() as u16);
        self.buffer.put_i16(if digits.is_empty() { 0 } else { weight });
        self.buffer.put_u16(if units < 0 { NUMERIC_NEGATIVE } else { NUMERIC_POSITIVE });
        self.buffer.put_u16(scale);
        for &digit in digits {
            self.buffer.put_u16(digit);
        }
    }

    /// The `numeric` NaN.
    pub fn numeric_nan(&mut self) {
        let [high, low] = NUMERIC_NAN.to_be_bytes();
        self.fixed([0, 0, 0, 0, high, low, 0, 0]);
    }

    /// A `text`, or a `varchar`.
    pub fn text(&mut self, value: &str) -> Result<(), EncodeError> {
        let length = self.check_text(value)?;
        self.count_field();
        self.buffer.put_i32(length);
        self.buffer.put_slice(value.as_bytes());
        Ok(())
    }

    /// A `jsonb` from its text, which the server parses.
    pub fn jsonb(&mut self, value: &str) -> Result<(), EncodeError> {
        self.check_text(value)?;
        let length = self.check_length(value.len() + 1)?;
        self.count_field();
        self.buffer.put_i32(length);
        self.buffer.put_u8(1); // version of the encoding
        self.buffer.put_slice(value.as_bytes());
        Ok(())
    }

    /// A `text[]`.
    pub fn text_array<'a>(
        &mut self,
        values: impl ExactSizeIterator<Item = &'a str>,
    ) -> Result<(), EncodeError> {
        self.array(values.map(Some), false)
    }

    /// A `text[]` some of whose elements are null.
    pub fn text_array_nullable<'a>(
        &mut self,
        values: impl ExactSizeIterator<Item = Option<&'a str>>,
    ) -> Result<(), EncodeError> {
        self.array(values, true)
    }

    /// Rows begun so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes that the next chunk would have.
    #[must_use]
    pub fn buffered_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// Takes what is buffered so far, to be sent as it is.
    pub fn take_chunk(&mut self) -> Bytes {
        let chunk = self.buffer.split().freeze();
        self.buffer.reserve(CHUNK_BYTES + CHUNK_BYTES / 8);
        chunk
    }

    /// The last chunk: what is still buffered, and the trailer.
    #[must_use]
    pub fn finish(mut self) -> Bytes {
        debug_assert_eq!(self.fields_left, 0, "the last row lacks fields");
        self.buffer.put_i16(TRAILER);
        self.buffer.freeze()
    }

    fn array<'a>(
        &mut self,
        values: impl ExactSizeIterator<Item = Option<&'a str>>,
        nullable: bool,
    ) -> Result<(), EncodeError> {
        let start = self.buffer.len();
        let written = self.array_body(values, nullable);
        let length = written.and_then(|()| self.check_length(self.buffer.len() - start - 4));
        match length {
            Ok(length) => self.buffer[start..start + 4].copy_from_slice(&length.to_be_bytes()),
            Err(error) => {
                self.buffer.truncate(start);
                return Err(error);
            }
        }
        self.count_field();
        Ok(())
    }

    fn array_body<'a>(
        &mut self,
        values: impl ExactSizeIterator<Item = Option<&'a str>>,
        nullable: bool,
    ) -> Result<(), EncodeError> {
        let num_values = values.len();
        self.buffer.put_i32(0); // length of the field, known at its end
        self.buffer.put_i32(i32::from(num_values > 0)); // dimensions
        self.buffer.put_i32(i32::from(nullable && num_values > 0)); // may hold nulls
        self.buffer.put_u32(TEXT_OID);
        if num_values > 0 {
            let length = self.check_length(num_values)?;
            self.buffer.put_i32(length);
            self.buffer.put_i32(1); // index of the first element
        }
        for value in values {
            match value {
                None => self.buffer.put_i32(NULL),
                Some(text) => {
                    let length = self.check_text(text)?;
                    self.buffer.put_i32(length);
                    self.buffer.put_slice(text.as_bytes());
                }
            }
        }
        Ok(())
    }

    fn fixed<const N: usize>(&mut self, value: [u8; N]) {
        self.count_field();
        self.buffer.put_i32(N as i32);
        self.buffer.put_slice(&value);
    }

    fn count_field(&mut self) {
        debug_assert_ne!(self.fields_left, 0, "row {} has too many fields", self.row());
        self.fields_left = self.fields_left.saturating_sub(1);
    }

    fn row(&self) -> u64 {
        self.rows.saturating_sub(1)
    }

    fn check_text(&self, value: &str) -> Result<i32, EncodeError> {
        if let Some(at) = value.find('\0') {
            return Err(EncodeError::Nul { row: self.row(), at });
        }
        self.check_length(value.len())
    }

    fn check_length(&self, bytes: usize) -> Result<i32, EncodeError> {
        i32::try_from(bytes).map_err(|_| EncodeError::TooLong { row: self.row(), bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What one row of `num_fields` fields is on the wire, without header and field count.
    fn fields(num_fields: u16, write: impl FnOnce(&mut CopyEncoder)) -> String {
        let mut out = CopyEncoder::new();
        out.take_chunk();
        out.begin_row(num_fields);
        write(&mut out);
        let row = out.take_chunk();
        assert_eq!(row[..2], num_fields.to_be_bytes());
        let hex = |out: String, byte: &u8| out + &format!("{byte:02x}");
        row[2..].iter().fold(String::new(), hex)
    }

    // The bytes below are those that PostgreSQL 15 writes for the same values with
    // `copy (select …) to stdout (format binary)`.

    #[test]
    fn an_empty_stream_is_header_and_trailer() {
        let stream = CopyEncoder::new().finish();
        assert_eq!(stream[..], *b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\xff\xff");
    }

    #[test]
    fn plain_types() {
        let uuid = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128.to_be_bytes();
        let row = fields(7, |out| {
            out.uuid(uuid);
            out.int4(7);
            out.int8(-2);
            out.bool(true);
            out.bool(false);
            out.text("é$").unwrap();
            out.null();
        });
        assert_eq!(
            row,
            "0000001000112233445566778899aabbccddeeff0000000400000007\
             00000008fffffffffffffffe0000000101000000010000000003c3a924ffffffff"
        );
    }

    #[test]
    fn arrays() {
        let row = fields(3, |out| {
            out.text_array(["a", "", "né"].into_iter()).unwrap();
            out.text_array([].into_iter()).unwrap();
            out.text_array_nullable([Some("x"), None].into_iter()).unwrap();
        });
        assert_eq!(
            row,
            "0000002400000001000000000000001900000003000000010000000161\
             00000000000000036ec3a9\
             0000000c000000000000000000000019\
             0000001d000000010000000100000019000000020000000100000001\
             78ffffffff"
        );
    }

    #[test]
    fn times_and_dates() {
        let row = fields(6, |out| {
            out.timestamptz(1);
            out.timestamptz(i64::MAX);
            out.timestamptz(i64::MIN);
            out.timestamptz(1_795_352_400_000_000); // 2026-11-22 18:30+05:30
            out.date(0);
            out.date(20_779); // 2026-11-22
        });
        assert_eq!(
            row,
            "00000008fffca2fec4c82001000000087fffffffffffffff000000088000000000000000\
             00000008000303dbd2d4940000000004ffffd533000000040000265e"
        );
        let infinite_dates = fields(2, |out| {
            out.date(i32::MAX);
            out.date(i32::MIN);
        });
        assert_eq!(infinite_dates, "000000047fffffff0000000480000000");
    }

    #[test]
    fn numerics() {
        let cases = [
            (1850, 2, "0000000c000200000000000200121388"),
            (0, 0, "000000080000000000000000"),
            (0, 2, "000000080000000000000002"),
            (-5, 2, "0000000a0001ffff4000000201f4"),
            (123_456_789, 4, "0000000e0003000100000004000109291a85"),
            (10_000, 0, "0000000a00010001000000000001"),
            (999_999, 2, "0000000c0002000000000002270f26ac"),
            (1, 4, "0000000a0001ffff000000040001"),
            (100_000_000, 0, "0000000a00010002000000000001"),
            (-123_456_789_012_345_678, 4, "000000120005000340000004000c0d801ed204d2162e"),
            (1, 7, "0000000a0001fffe00000007000a"),
            (i64::MAX, 2, "000000140006000400000002000908b91c231ac61e4e02bc"),
            (NAN_UNITS, 2, "0000000800000000c0000000"),
        ];
        for (units, scale, expected) in cases {
            assert_eq!(fields(1, |out| out.numeric(units, scale)), expected, "{units} {scale}");
        }
        assert_eq!(fields(1, CopyEncoder::numeric_nan), "0000000800000000c0000000");
    }

    #[test]
    fn jsonb_has_a_version() {
        assert_eq!(
            fields(1, |out| out.jsonb(r#"{"a": 1}"#).unwrap()),
            "00000009017b2261223a20317d"
        );
    }

    #[test]
    fn nul_is_refused_and_leaves_nothing_behind() {
        let mut out = CopyEncoder::new();
        out.begin_row(1);
        let before = out.buffered_bytes();
        let nul = Err(EncodeError::Nul { row: 0, at: 1 });
        assert_eq!(out.text("a\0"), nul);
        assert_eq!(out.jsonb("a\0"), nul);
        assert_eq!(out.text_array(["fine", "a\0"].into_iter()), nul);
        assert_eq!(out.buffered_bytes(), before);
        out.text("a").unwrap();
    }

    #[test]
    fn a_field_longer_than_a_length_can_say_is_refused() {
        let mut out = CopyEncoder::new();
        out.begin_row(1);
        assert_eq!(out.check_length(i32::MAX as usize), Ok(i32::MAX));
        let bytes = i32::MAX as usize + 1;
        assert_eq!(out.check_length(bytes), Err(EncodeError::TooLong { row: 0, bytes }));
        out.null();
    }

    #[test]
    fn chunks_join_to_one_stream() {
        let mut whole = CopyEncoder::new();
        let mut chunked = CopyEncoder::new();
        let mut stream = Vec::new();
        for i in 0..10 {
            for out in [&mut whole, &mut chunked] {
                out.begin_row(1);
                out.int4(i);
            }
            stream.extend_from_slice(&chunked.take_chunk());
        }
        assert_eq!(chunked.rows(), 10);
        stream.extend_from_slice(&chunked.finish());
        assert_eq!(stream, whole.finish());
    }
}
