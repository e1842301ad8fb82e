//! Any bytes as a binary `COPY` stream, in one piece and in many.

use bytes::Bytes;
use talvix_pg::copy::{CopyDecoder, DecodeError, Row};

const COLUMNS: &[&str] =
    &["uuid", "int4", "int8", "xid", "bool", "text", "texts", "time", "date", "number"];

/// What a stream says: each row in words, and how it ends.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    rows: Vec<String>,
    end: Result<u64, DecodeError>,
}

/// Decodes a stream; its first two bytes say how it is cut and how numbers are read.
///
/// # Panics
///
/// Where it says something else when it is cut.
pub fn check(bytes: &[u8]) {
    let [piece_bytes, scale, stream @ ..] = bytes else { return };
    let scale = u16::from(*scale);
    let whole = read(stream, stream.len().max(1), scale);
    let pieces = read(stream, usize::from(*piece_bytes).max(1), scale);
    match (&whole.end, &pieces.end) {
        // Which of two faults is met first, and how much follows one, depends on what is there.
        (Err(_), Err(_)) => {
            let same = whole.rows.iter().zip(&pieces.rows).all(|(a, b)| a == b);
            assert!(same, "{whole:?} {pieces:?}");
        }
        _ => assert_eq!(whole, pieces),
    }
}

fn read(stream: &[u8], piece_bytes: usize, scale: u16) -> Read {
    let mut decoder = CopyDecoder::new(COLUMNS);
    let mut rows = Vec::new();
    for piece in stream.chunks(piece_bytes) {
        decoder.feed(Bytes::copy_from_slice(piece));
        loop {
            match decoder.next_row() {
                Ok(Some(row)) => rows.push(in_words(row, scale)),
                Ok(None) => break,
                Err(error) => return Read { rows, end: Err(error) },
            }
        }
    }
    Read { rows, end: decoder.finish() }
}

fn in_words(mut row: Row<'_>, scale: u16) -> String {
    let row = &mut row;
    let values = (
        (row.uuid(), row.int4(), row.int8(), row.xid(), row.bool()),
        (row.text(), row.text_array(), row.timestamptz(), row.date(), row.numeric(scale)),
        row.skip(),
    );
    format!("{}: {values:?}", row.number())
}
