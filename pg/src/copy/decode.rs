//! The bytes of `COPY … TO STDOUT (FORMAT binary)` to rows.

use bytes::{Buf, Bytes, BytesMut};

use super::{
    EPOCH_DAYS, EPOCH_US, NAN_UNITS, NULL, NUMERIC_NAN, NUMERIC_NEGATIVE,
    NUMERIC_NEGATIVE_INFINITY, NUMERIC_POSITIVE, NUMERIC_POSITIVE_INFINITY, SIGNATURE, TEXT_OID,
    TRAILER, VARCHAR_OID,
};

/// Signature, flags, length of the extension.
const HEADER_BYTES: usize = SIGNATURE.len() + 8;

/// PostgreSQL's own limit.
const MAX_DIMENSIONS: i32 = 6;

/// What does not fit in a stream. No message holds a value of the row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The stream opens with something else than the format's header.
    #[error("not a binary COPY stream: {0}")]
    Header(&'static str),
    /// A row has another number of fields than the statement has columns.
    #[error("COPY row {row}: expected {expected} fields, found {found}")]
    FieldCount {
        /// Number of the row, the first being 0.
        row: u64,
        /// Columns of the statement.
        expected: usize,
        /// What the row says.
        found: i16,
    },
    /// A field says that it has a negative length.
    #[error("COPY row {row}, column {name} ({column}): impossible length {length}")]
    Length {
        /// Number of the row, the first being 0.
        row: u64,
        /// Number of the column, the first being 0.
        column: usize,
        /// Its name.
        name: &'static str,
        /// What the field says.
        length: i32,
    },
    /// A field does not hold what is read from it.
    #[error("COPY row {row}, column {name} ({column}): expected {expected}, found {found}")]
    Field {
        /// Number of the row, the first being 0.
        row: u64,
        /// Number of the column, the first being 0.
        column: usize,
        /// Its name.
        name: &'static str,
        /// The type, or the part of it that is wrong.
        expected: &'static str,
        /// Kind, length or count of what is there, never the value.
        found: String,
    },
    /// More fields were read from a row than it has.
    #[error("COPY row {row}: a field was read after its last column ({columns})")]
    PastLastColumn {
        /// Number of the row, the first being 0.
        row: u64,
        /// Columns of the statement.
        columns: usize,
    },
    /// The stream ended before its trailer: rows are missing.
    #[error("the COPY stream broke off after {rows} rows with {bytes} bytes of another")]
    Truncated {
        /// Rows read.
        rows: u64,
        /// Bytes left over.
        bytes: usize,
    },
    /// Something follows the trailer.
    #[error("{bytes} bytes follow the end of the COPY stream after {rows} rows")]
    AfterTrailer {
        /// Rows read.
        rows: u64,
        /// Bytes left over.
        bytes: usize,
    },
}

type Result<T, E = DecodeError> = std::result::Result<T, E>;

/// Reads rows from a stream that arrives in pieces.
///
/// [`feed`](Self::feed) a piece, then take rows with [`next_row`](Self::next_row) until there is
/// none, and so on; [`finish`](Self::finish) when the stream ends. The server sends a row as a
/// message, and such a piece is read where it lies; a piece that ends within a row costs a copy.
/// After an error the stream cannot be read on.
#[derive(Debug)]
pub struct CopyDecoder {
    columns: &'static [&'static str],
    /// The piece fed last; read unless there is a tail.
    fed: Bytes,
    /// What earlier pieces left over, and all that was fed since.
    tail: BytesMut,
    /// Bytes read of the one or the other.
    position: usize,
    rows: u64,
    header_read: bool,
    ended: bool,
}

impl CopyDecoder {
    /// A decoder of rows with these columns.
    #[must_use]
    pub fn new(columns: &'static [&'static str]) -> Self {
        Self {
            columns,
            fed: Bytes::new(),
            tail: BytesMut::new(),
            position: 0,
            rows: 0,
            header_read: false,
            ended: false,
        }
    }

    /// Adds the next piece of the stream.
    pub fn feed(&mut self, piece: Bytes) {
        if self.left() == 0 {
            self.tail.clear();
            self.fed = piece;
        } else {
            if self.tail.is_empty() {
                self.tail.extend_from_slice(&self.fed[self.position..]);
                self.fed = Bytes::new();
            } else {
                self.tail.advance(self.position);
            }
            self.tail.extend_from_slice(&piece);
        }
        self.position = 0;
    }

    /// The next row, or none when a piece has to be fed, or the stream is at its end.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>> {
        if !self.header_read {
            match header_bytes(self.data())? {
                None => return Ok(None),
                Some(bytes) => self.position = bytes,
            }
            self.header_read = true;
        }
        if self.ended {
            return self.nothing_left().map(|()| None);
        }
        let Some(count) = self.data()[self.position..].first_chunk().copied() else {
            return Ok(None);
        };
        let found = i16::from_be_bytes(count);
        if found == TRAILER {
            self.position += 2;
            self.ended = true;
            return self.nothing_left().map(|()| None);
        }
        let expected = self.columns.len();
        if usize::try_from(found) != Ok(expected) {
            return Err(DecodeError::FieldCount { row: self.rows, expected, found });
        }
        let start = self.position + 2;
        let Some(bytes) = self.row_bytes(start)? else {
            return Ok(None);
        };
        let number = self.rows;
        self.rows += 1;
        self.position = start + bytes;
        let rest = &self.data()[start..self.position];
        Ok(Some(Row { columns: self.columns, rest, number, next_column: 0 }))
    }

    /// Ends the stream: its number of rows, or an error when it broke off.
    pub fn finish(self) -> Result<u64> {
        if !self.ended {
            return Err(DecodeError::Truncated { rows: self.rows, bytes: self.left() });
        }
        self.nothing_left()?;
        Ok(self.rows)
    }

    fn data(&self) -> &[u8] {
        if self.tail.is_empty() { &self.fed } else { &self.tail }
    }

    fn left(&self) -> usize {
        self.data().len() - self.position
    }

    fn nothing_left(&self) -> Result<()> {
        match self.left() {
            0 => Ok(()),
            bytes => Err(DecodeError::AfterTrailer { rows: self.rows, bytes }),
        }
    }

    /// Length of the fields of the row that begin at `start`; none when they are not all there.
    fn row_bytes(&self, start: usize) -> Result<Option<usize>> {
        let mut rest = &self.data()[start..];
        let available = rest.len();
        for (column, name) in self.columns.iter().enumerate() {
            let Some((length, after)) = rest.split_first_chunk() else {
                return Ok(None);
            };
            let length = i32::from_be_bytes(*length);
            rest = match usize::try_from(length) {
                Ok(length) => match after.get(length..) {
                    Some(rest) => rest,
                    None => return Ok(None),
                },
                Err(_) if length == NULL => after,
                Err(_) => return Err(DecodeError::Length { row: self.rows, column, name, length }),
            };
        }
        Ok(Some(available - rest.len()))
    }
}

/// Length of the header; none when it is not all there.
fn header_bytes(data: &[u8]) -> Result<Option<usize>> {
    let known = data.len().min(SIGNATURE.len());
    if data[..known] != SIGNATURE[..known] {
        return Err(DecodeError::Header("it does not begin with the signature"));
    }
    let Some((header, extension)) = data.split_at_checked(HEADER_BYTES) else {
        return Ok(None);
    };
    let word = |at| u32::from_be_bytes(std::array::from_fn(|i| header[SIGNATURE.len() + at + i]));
    // The lower 16 flags are for readers to ignore; of the upper ones none is in use since the
    // one for object ids went.
    if word(0) >> 16 != 0 {
        return Err(DecodeError::Header("it has flags that this version does not know"));
    }
    match i32::try_from(word(4)) {
        Ok(bytes) if extension.len() >= bytes as usize => Ok(Some(HEADER_BYTES + bytes as usize)),
        Ok(_) => Ok(None),
        Err(_) => Err(DecodeError::Header("its extension has a negative length")),
    }
}

/// A row: call one method for each column, in order. Each gives none for a null.
#[derive(Debug)]
pub struct Row<'a> {
    columns: &'static [&'static str],
    /// The fields from `next_column` on; their lengths were checked.
    rest: &'a [u8],
    number: u64,
    next_column: usize,
}

impl<'a> Row<'a> {
    /// Number of the row, the first being 0.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// A value of a column that cannot be null: `row.not_null(Row::uuid)?`.
    pub fn not_null<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<Option<T>>) -> Result<T> {
        match read(self)? {
            Some(value) => Ok(value),
            None => Err(self.mismatch("a value", "null")),
        }
    }

    /// Leaves a column out.
    pub fn skip(&mut self) -> Result<()> {
        self.field().map(|_| ())
    }

    /// A `uuid`.
    pub fn uuid(&mut self) -> Result<Option<[u8; 16]>> {
        self.fixed("uuid (16 bytes)")
    }

    /// An `int4` (`integer`).
    pub fn int4(&mut self) -> Result<Option<i32>> {
        Ok(self.fixed("int4 (4 bytes)")?.map(i32::from_be_bytes))
    }

    /// An `int8` (`bigint`).
    pub fn int8(&mut self) -> Result<Option<i64>> {
        Ok(self.fixed("int8 (8 bytes)")?.map(i64::from_be_bytes))
    }

    /// An `xid`, such as `xmin`.
    pub fn xid(&mut self) -> Result<Option<u32>> {
        Ok(self.fixed("xid (4 bytes)")?.map(u32::from_be_bytes))
    }

    /// A `bool`.
    pub fn bool(&mut self) -> Result<Option<bool>> {
        match self.fixed("bool (1 byte)")? {
            None => Ok(None),
            Some([byte @ (0 | 1)]) => Ok(Some(byte == 1)),
            Some([byte]) => Err(self.mismatch("a bool of 0 or 1", format!("{byte}"))),
        }
    }

    /// A `text`, or a `varchar`.
    pub fn text(&mut self) -> Result<Option<&'a str>> {
        let field = self.field()?;
        field.map(|bytes| self.utf8(bytes)).transpose()
    }

    /// A `text[]` or `varchar[]`; one of several dimensions is read as one of its elements in
    /// storage order.
    pub fn text_array(&mut self) -> Result<Option<Vec<Option<&'a str>>>> {
        let Some(field) = self.field()? else {
            return Ok(None);
        };
        let cut = || self.mismatch("a whole text[]", format!("{} bytes", field.len()));
        let mut rest = field;
        let dimensions = take_i32(&mut rest).ok_or_else(cut)?;
        take_i32(&mut rest).ok_or_else(cut)?; // whether there are nulls: seen at the elements
        let oid = take_i32(&mut rest).ok_or_else(cut)?.cast_unsigned();
        if !(0..=MAX_DIMENSIONS).contains(&dimensions) {
            return Err(self.mismatch("an array", format!("{dimensions} dimensions")));
        }
        if oid != TEXT_OID && oid != VARCHAR_OID {
            return Err(self.mismatch("an array of text", format!("one of type {oid}")));
        }
        let mut num_values = usize::from(dimensions > 0);
        for _ in 0..dimensions {
            let length = take_i32(&mut rest).ok_or_else(cut)?;
            take_i32(&mut rest).ok_or_else(cut)?; // index of the first element
            num_values = usize::try_from(length)
                .ok()
                .and_then(|length| num_values.checked_mul(length))
                .ok_or_else(|| self.mismatch("an array", format!("a length of {length}")))?;
        }
        // Each element has a length of its own: more of them than that cannot be there.
        if num_values > rest.len() / 4 {
            return Err(cut());
        }
        let mut values = Vec::with_capacity(num_values);
        for _ in 0..num_values {
            let length = take_i32(&mut rest).ok_or_else(cut)?;
            if length == NULL {
                values.push(None);
                continue;
            }
            let (value, after) = usize::try_from(length)
                .ok()
                .and_then(|length| rest.split_at_checked(length))
                .ok_or_else(cut)?;
            values.push(Some(self.utf8(value)?));
            rest = after;
        }
        if rest.is_empty() { Ok(Some(values)) } else { Err(cut()) }
    }

    /// A `timestamptz` in microseconds since 1970. `infinity` is [`i64::MAX`], as is a time
    /// after the year 294246; `-infinity` is [`i64::MIN`].
    pub fn timestamptz(&mut self) -> Result<Option<i64>> {
        let since_2000 = self.fixed("timestamptz (8 bytes)")?.map(i64::from_be_bytes);
        Ok(since_2000.map(|us| match us {
            i64::MIN => i64::MIN,
            us => us.saturating_add(EPOCH_US),
        }))
    }

    /// A `date` in days since 1970. `infinity` is [`i32::MAX`], `-infinity` [`i32::MIN`].
    pub fn date(&mut self) -> Result<Option<i32>> {
        let since_2000 = self.fixed("date (4 bytes)")?.map(i32::from_be_bytes);
        Ok(since_2000.map(|days| match days {
            i32::MIN => i32::MIN,
            days => days.saturating_add(EPOCH_DAYS),
        }))
    }

    /// A `numeric` in units of 10^-`scale`, rounded half away from zero; NaN and the infinities
    /// are [`NAN_UNITS`].
    pub fn numeric(&mut self, scale: u16) -> Result<Option<i64>> {
        let Some(field) = self.field()? else {
            return Ok(None);
        };
        let mut rest = field;
        let head =
            [take_u16(&mut rest), take_u16(&mut rest), take_u16(&mut rest), take_u16(&mut rest)];
        // The fourth says how many decimals to show.
        let ([Some(num_digits), Some(weight), Some(sign), Some(_)], digits) = (head, rest) else {
            return Err(self.mismatch("a numeric", format!("{} bytes", field.len())));
        };
        match sign {
            NUMERIC_POSITIVE | NUMERIC_NEGATIVE => {}
            NUMERIC_NAN | NUMERIC_POSITIVE_INFINITY | NUMERIC_NEGATIVE_INFINITY => {
                return Ok(Some(NAN_UNITS));
            }
            sign => return Err(self.mismatch("a numeric", format!("sign {sign:#06x}"))),
        }
        if usize::from(num_digits) * 2 != digits.len() {
            let found = format!("{num_digits} digits in {} bytes", digits.len());
            return Err(self.mismatch("a numeric", found));
        }
        let mut units = 0_i128;
        // Power of ten, in units, of the digit's last decimal.
        let mut power = 4 * i32::from(weight.cast_signed()) + i32::from(scale);
        for digit in digits.chunks_exact(2) {
            let digit = i128::from(u16::from_be_bytes([digit[0], digit[1]]));
            if digit > 9_999 {
                return Err(self.mismatch("a numeric", format!("digit {digit}")));
            }
            match power {
                _ if digit == 0 => {}
                19.. => return Err(self.mismatch("a number below 2^63 units", "a greater one")),
                0..19 => units += digit * 10_i128.pow(power.cast_unsigned()),
                // The digit that holds the decimal after the last unit: it alone says which
                // half of a unit the number lies in.
                -4..0 => {
                    let unit = 10_i128.pow(power.unsigned_abs());
                    units += (digit + unit / 2) / unit;
                }
                _ => {}
            }
            power -= 4;
        }
        if sign == NUMERIC_NEGATIVE {
            units = -units;
        }
        match i64::try_from(units) {
            Ok(units) if units != NAN_UNITS => Ok(Some(units)),
            _ => Err(self.mismatch("a number below 2^63 units", "a greater one")),
        }
    }

    fn field(&mut self) -> Result<Option<&'a [u8]>> {
        let past_last =
            DecodeError::PastLastColumn { row: self.number, columns: self.columns.len() };
        let Some((length, rest)) = self.rest.split_first_chunk() else {
            return Err(past_last);
        };
        self.next_column += 1;
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            self.rest = rest;
            return Ok(None);
        };
        let Some((field, rest)) = rest.split_at_checked(length) else {
            return Err(past_last);
        };
        self.rest = rest;
        Ok(Some(field))
    }

    fn fixed<const N: usize>(&mut self, expected: &'static str) -> Result<Option<[u8; N]>> {
        match self.field()? {
            None => Ok(None),
            Some(field) => match field.try_into() {
                Ok(bytes) => Ok(Some(bytes)),
                Err(_) => Err(self.mismatch(expected, format!("{} bytes", field.len()))),
            },
        }
    }

    fn utf8(&self, bytes: &'a [u8]) -> Result<&'a str> {
        std::str::from_utf8(bytes).map_err(|error| {
            self.mismatch("text in UTF-8", format!("a bad byte at {}", error.valid_up_to()))
        })
    }

    /// The error of the field read last.
    fn mismatch(&self, expected: &'static str, found: impl Into<String>) -> DecodeError {
        let column = self.next_column.saturating_sub(1);
        let name = self.columns.get(column).copied().unwrap_or("?");
        DecodeError::Field { row: self.number, column, name, expected, found: found.into() }
    }
}

fn take_u16(bytes: &mut &[u8]) -> Option<u16> {
    let (value, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u16::from_be_bytes(*value))
}

fn take_i32(bytes: &mut &[u8]) -> Option<i32> {
    let (value, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(i32::from_be_bytes(*value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "5047434f50590aff0d0a000000000000000000";

    fn bytes(hex: &str) -> Bytes {
        let pairs = hex.as_bytes().chunks_exact(2);
        pairs.map(|p| u8::from_str_radix(std::str::from_utf8(p).unwrap(), 16).unwrap()).collect()
    }

    /// Decodes one row, given as PostgreSQL 15 wrote it, without header and trailer.
    fn row<T>(
        columns: &'static [&'static str],
        hex: &str,
        read: impl FnOnce(&mut Row<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut decoder = CopyDecoder::new(columns);
        decoder.feed(bytes(&format!("{HEADER}{hex}ffff")));
        let value = read(&mut decoder.next_row().unwrap().unwrap())?;
        assert!(decoder.next_row().unwrap().is_none());
        assert_eq!(decoder.finish(), Ok(1));
        Ok(value)
    }

    fn numeric(hex: &str, scale: u16) -> Result<Option<i64>> {
        row(&["n"], &format!("0001{hex}"), |row| row.numeric(scale))
    }

    #[test]
    fn plain_types() {
        let hex = "00070000001000112233445566778899aabbccddeeff0000000400000007\
                   00000008fffffffffffffffe0000000101000000010000000003c3a924ffffffff";
        row(&["id", "a", "b", "c", "d", "e", "f"], hex, |row| {
            assert_eq!(
                row.uuid()?.map(u128::from_be_bytes),
                Some(0x11_2233_4455_6677_8899_aabb_ccdd_eeff)
            );
            assert_eq!(row.int4()?, Some(7));
            assert_eq!(row.int8()?, Some(-2));
            assert_eq!(row.bool()?, Some(true));
            assert!(!row.not_null(Row::bool)?);
            assert_eq!(row.text()?, Some("é$"));
            assert_eq!(row.text()?, None);
            assert_eq!(row.text(), Err(DecodeError::PastLastColumn { row: 0, columns: 7 }),);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn arrays() {
        let hex = "000400000024000000010000000000000019000000030000000100000001610000\
                   0000000000036ec3a90000000c0000000000000000000000190000001d00000001\
                   000000010000001900000002000000010000000178ffffffff0000003000000002\
                   000000000000001900000002000000010000000200000001000000016100000001\
                   6200000001630000000164";
        row(&["a", "b", "c", "d"], hex, |row| {
            assert_eq!(row.text_array()?.unwrap(), [Some("a"), Some(""), Some("né")]);
            assert_eq!(row.text_array()?.unwrap(), []);
            assert_eq!(row.text_array()?.unwrap(), [Some("x"), None]);
            assert_eq!(row.text_array()?.unwrap(), [Some("a"), Some("b"), Some("c"), Some("d")]);
            Ok(())
        })
        .unwrap();
        // varchar[]; an array whose index begins at 5
        let hex = "00020000001900000001000000000000041300000001000000010000000176\
                   0000001e0000000100000000000000190000000200000005000000017a000000017a";
        row(&["a", "b"], hex, |row| {
            assert_eq!(row.text_array()?.unwrap(), [Some("v")]);
            assert_eq!(row.text_array()?.unwrap(), [Some("z"), Some("z")]);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn bad_arrays() {
        let cases = [
            ("0000000000000000000000", "11 bytes"),
            ("000000070000000000000019", "7 dimensions"),
            ("000000000000000000000017", "one of type 23"),
            ("00000001000000000000001980000000ffffffff", "a length of -2147483648"),
            ("0000000100000000000000197fffffff00000001", "20 bytes"),
            ("00000000000000000000001900", "13 bytes"),
            ("00000001000000000000001900000001000000010000000961", "25 bytes"),
            ("000000010000000000000019000000010000000100000001ff", "a bad byte at 0"),
        ];
        for (hex, expected) in cases {
            let hex = format!("0001{:08x}{hex}", hex.len() / 2);
            let error = row(&["a"], &hex, |row| row.text_array().map(drop)).unwrap_err();
            let DecodeError::Field { found, column: 0, name: "a", .. } = error else {
                panic!("{error}")
            };
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn times_and_dates() {
        let hex = "000500000008fffca2fec4c82001000000087fffffffffffffff00000008800000\
                   000000000000000008000303dbd2d4940000000008ff1af9deec5b2000";
        row(&["a", "b", "c", "d", "e"], hex, |row| {
            assert_eq!(row.timestamptz()?, Some(1));
            assert_eq!(row.timestamptz()?, Some(i64::MAX));
            assert_eq!(row.timestamptz()?, Some(i64::MIN));
            assert_eq!(row.timestamptz()?, Some(1_795_352_400_000_000)); // 2026-11-22 13:00 UTC
            assert_eq!(row.timestamptz()?, Some(-63_517_824_000_000_000)); // 44-03-15 BC
            Ok(())
        })
        .unwrap();
        let hex = "000400000004ffffd533000000040000265e000000047fffffff0000000480000000";
        row(&["a", "b", "c", "d"], hex, |row| {
            assert_eq!(row.date()?, Some(0));
            assert_eq!(row.date()?, Some(20_779)); // 2026-11-22
            assert_eq!(row.date()?, Some(i32::MAX));
            assert_eq!(row.date()?, Some(i32::MIN));
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn numerics() {
        let cases = [
            ("0000000c000200000000000200121388", 2, 1850),
            ("000000080000000000000000", 2, 0),
            ("000000080000000000000002", 0, 0),
            ("0000000a0001ffff4000000201f4", 2, -5),
            ("0000000e0003000100000004000109291a85", 4, 123_456_789),
            ("0000000a00010001000000000001", 2, 1_000_000),
            ("0000000c0002000000000002270f26ac", 2, 999_999),
            ("0000000a0001ffff000000040001", 4, 1),
            ("0000000a00010002000000000001", 1, 1_000_000_000),
            ("000000120005000340000004000c0d801ed204d2162e", 4, -123_456_789_012_345_678),
            ("0000000a0001fffe00000007000a", 7, 1),
            ("0000000a0001fffe00000007000a", 2, 0),
            ("000000140006000400000002000908b91c231ac61e4e02bc", 2, i64::MAX),
            ("0000000800000000c0000000", 2, NAN_UNITS),
            ("0000000800000000d0000020", 2, NAN_UNITS),
            ("0000000800000000f0000020", 2, NAN_UNITS),
        ];
        for (hex, scale, expected) in cases {
            assert_eq!(numeric(hex, scale).unwrap(), Some(expected), "{hex}");
        }
    }

    #[test]
    fn numerics_are_rounded_half_away_from_zero() {
        // 4.25, -4.25, 4.2499…, 0.5, 0.4999 9999, 12345.6789, 9999.9999 5
        let cases = [
            ("0000000c00020000000000020004 09c4", 1, 43),
            ("0000000c00020000400000020004 09c4", 1, -43),
            ("0000000e00030000000000080004 09c3 270f", 1, 42),
            ("0000000a0001ffff00000001 1388", 0, 1),
            ("0000000c0002ffff00000008 1387 270f", 0, 0),
            ("0000000e0003000100000004 0001 0929 1a85", 0, 12_346),
            ("0000000e0003000100000004 0001 0929 1a85", 3, 12_345_679),
            ("0000000e0003000000000005 270f 270f 1388", 4, 100_000_000),
        ];
        for (hex, scale, expected) in cases {
            assert_eq!(numeric(&hex.replace(' ', ""), scale).unwrap(), Some(expected), "{hex}");
        }
    }

    #[test]
    fn numerics_that_do_not_fit() {
        for hex in [
            "000000140006000440000002000908b91c231ac61e4e0320", // -2^63 units: taken by NaN
            "0000000a000100ff000000000001",
            "0000000a00017fff000000000001",
        ] {
            let error = numeric(hex, 2).unwrap_err();
            assert_eq!(
                error.to_string(),
                "COPY row 0, column n (0): expected a number below 2^63 units, found a greater one"
            );
        }
        for (hex, found) in [
            ("0000000700000000000000", "7 bytes"),
            ("000000080001000000000000", "1 digits in 0 bytes"),
            ("0000000a00010000000000002710", "digit 10000"),
            ("000000080000000012340000", "sign 0x1234"),
        ] {
            let error = numeric(hex, 2).unwrap_err().to_string();
            assert!(error.ends_with(&format!("expected a numeric, found {found}")), "{error}");
        }
    }

    #[test]
    fn transaction_ids_are_unsigned() {
        let xid = row(&["xmin"], "000100000004ffffffff", |row| row.not_null(Row::xid));
        assert_eq!(xid, Ok(u32::MAX));
    }

    #[test]
    fn a_null_where_none_may_be_names_its_column() {
        let read =
            row(&["id", "city"], "000200000001 01ffffffff".replace(' ', "").as_str(), |row| {
                row.skip()?;
                row.not_null(Row::text).map(str::to_owned)
            });
        assert_eq!(
            read.unwrap_err().to_string(),
            "COPY row 0, column city (1): expected a value, found null"
        );
    }

    #[test]
    fn another_type_is_refused() {
        let error = row(&["n"], "00010000000400000007", |row| row.not_null(Row::int8)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "COPY row 0, column n (0): expected int8 (8 bytes), found 4 bytes"
        );
        assert!(row(&["b"], "00010000000102", |row| row.not_null(Row::bool)).is_err());
    }

    #[test]
    fn headers() {
        let next = |hex: &str| {
            let mut decoder = CopyDecoder::new(&["a"]);
            decoder.feed(bytes(hex));
            decoder.next_row().map(|row| row.is_some())
        };
        assert!(matches!(next("5047434f5058"), Err(DecodeError::Header(_))));
        assert_eq!(next("5047434f5059"), Ok(false));
        let signature = "5047434f50590aff0d0a00";
        assert!(next(&format!("{signature}0001000000000000")).is_err());
        assert!(next(&format!("{signature}00000000ffffffff")).is_err());
        // Flags that may be ignored, and an extension to skip.
        assert_eq!(next(&format!("{signature}0000ffff00000003abcdef0001ffffffff")), Ok(true));
        assert_eq!(next(&format!("{signature}0000000000000003abcd")), Ok(false));
    }

    #[test]
    fn framing() {
        let start = |hex: &str| {
            let mut decoder = CopyDecoder::new(&["a"]);
            decoder.feed(bytes(&format!("{HEADER}{hex}")));
            decoder
        };
        let found = DecodeError::FieldCount { row: 0, expected: 1, found: 2 };
        assert_eq!(start("0002").next_row().unwrap_err(), found);
        assert!(start("fffe").next_row().is_err());
        assert!(matches!(
            start("0001fffffffe").next_row().unwrap_err(),
            DecodeError::Length { length: -2, name: "a", .. }
        ));
        assert!(matches!(
            start("ffff00").next_row().unwrap_err(),
            DecodeError::AfterTrailer { bytes: 1, .. }
        ));

        let mut broken_off = start("0001ffffffff000100");
        assert!(broken_off.next_row().unwrap().is_some());
        assert!(broken_off.next_row().unwrap().is_none());
        assert_eq!(broken_off.finish(), Err(DecodeError::Truncated { rows: 1, bytes: 3 }));

        let mut late = start("ffff");
        assert!(late.next_row().unwrap().is_none());
        late.feed(bytes("00"));
        assert!(late.next_row().is_err());
        assert!(late.finish().is_err());
    }
}
