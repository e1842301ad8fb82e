//! A reader of binary `COPY`, written from PostgreSQL's documentation and sharing nothing with
//! `talvix_pg`: what the encoder writes is held against it.

use std::fmt::Write;

/// A field of a row; null is none.
pub(crate) type Field = Option<Vec<u8>>;

/// The rows of a stream.
///
/// # Panics
///
/// Where the stream is not one.
pub(crate) fn rows(stream: &[u8]) -> Vec<Vec<Field>> {
    let mut rest = stream;
    assert_eq!(take(&mut rest, 11), b"PGCOPY\n\xff\r\n\0");
    assert_eq!(int32(&mut rest), 0, "flags");
    assert_eq!(int32(&mut rest), 0, "length of the header's extension");
    let mut rows = Vec::new();
    loop {
        match int16(&mut rest) {
            -1 => break,
            num_fields => rows.push((0..num_fields).map(|_| field(&mut rest)).collect()),
        }
    }
    assert!(rest.is_empty(), "{} bytes after the trailer", rest.len());
    rows
}

fn field(rest: &mut &[u8]) -> Field {
    match int32(rest) {
        -1 => None,
        length => Some(take(rest, usize::try_from(length).expect("a length")).to_vec()),
    }
}

/// The elements of an array of text, of one dimension at most.
pub(crate) fn text_array(mut bytes: &[u8]) -> Vec<Field> {
    let rest = &mut bytes;
    let num_dimensions = int32(rest);
    let has_nulls = int32(rest);
    assert_eq!(int32(rest), 25, "the type of the elements is text");
    let elements: Vec<Field> = match num_dimensions {
        0 => Vec::new(),
        1 => {
            let num_elements = int32(rest);
            assert_eq!(int32(rest), 1, "the first element is number 1");
            (0..num_elements).map(|_| field(rest)).collect()
        }
        more => panic!("{more} dimensions"),
    };
    assert!(rest.is_empty(), "bytes after an array");
    assert!(has_nulls == 1 || elements.iter().all(Option::is_some), "a null that is not announced");
    elements
}

/// A number as PostgreSQL prints it.
pub(crate) fn numeric(mut bytes: &[u8]) -> String {
    let rest = &mut bytes;
    let num_digits = int16(rest);
    let weight = i32::from(int16(rest));
    let sign = int16(rest).cast_unsigned();
    let num_decimals = usize::try_from(int16(rest)).expect("a number of decimals");
    let digits: Vec<i16> = (0..num_digits).map(|_| int16(rest)).collect();
    assert!(rest.is_empty(), "bytes after a number");
    if sign == 0xc000 {
        return "NaN".to_owned();
    }
    // Digits have base 10,000; the first one counts 10,000 to the power of the weight.
    let digit = |power: i32| {
        let at = usize::try_from(weight - power).ok();
        at.and_then(|at| digits.get(at)).copied().unwrap_or(0)
    };
    let mut text = String::new();
    for power in (0..=weight.max(0)).rev() {
        let _ = write!(text, "{:04}", digit(power));
    }
    let whole = text.trim_start_matches('0');
    let mut text = if whole.is_empty() { "0".to_owned() } else { whole.to_owned() };
    let mut decimals = String::new();
    let mut power = -1;
    while decimals.len() < num_decimals || power > weight - i32::from(num_digits) {
        let _ = write!(decimals, "{:04}", digit(power));
        power -= 1;
    }
    assert!(decimals[num_decimals..].bytes().all(|c| c == b'0'), "decimals that are not shown");
    if num_decimals > 0 {
        text = format!("{text}.{}", &decimals[..num_decimals]);
    }
    match sign {
        0 => text,
        0x4000 => format!("-{text}"),
        other => panic!("sign {other:#x}"),
    }
}

pub(crate) fn int16(rest: &mut &[u8]) -> i16 {
    i16::from_be_bytes(take(rest, 2).try_into().expect("2 bytes"))
}

pub(crate) fn int32(rest: &mut &[u8]) -> i32 {
    i32::from_be_bytes(take(rest, 4).try_into().expect("4 bytes"))
}

fn take<'a>(rest: &mut &'a [u8], num_bytes: usize) -> &'a [u8] {
    let (taken, after) = rest.split_at(num_bytes);
    *rest = after;
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes are those that PostgreSQL 15 writes for the numbers.
    #[test]
    fn numbers_read_as_postgresql_prints_them() {
        for (bytes, text) in [
            (&[0, 2, 0, 0, 0, 0, 0, 2, 0, 0x12, 0x13, 0x88][..], "18.50"),
            (&[0, 0, 0, 0, 0, 0, 0, 2], "0.00"),
            (&[0, 1, 0xff, 0xff, 0x40, 0, 0, 2, 0x01, 0xf4], "-0.05"),
            (&[0, 1, 0, 1, 0, 0, 0, 0, 0, 1], "10000"),
            (&[0, 1, 0xff, 0xfe, 0, 0, 0, 7, 0, 0x0a], "0.0000001"),
            (&[0, 0, 0, 0, 0xc0, 0, 0, 0], "NaN"),
        ] {
            assert_eq!(numeric(bytes), text);
        }
    }
}
