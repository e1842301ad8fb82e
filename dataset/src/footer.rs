//! A look at a file's footer, and at the header of each page, before they are decoded.
//!
//! The decoder believes both: it makes room for as many row groups as a footer says there are before
//! it reads the first, and for a page as large as its header says. Thirty hostile bytes could ask for
//! more memory than there is, which ends the process, and others keep it busy for hours. So every
//! length is held against the bytes that are left, and every field that the decoder reads against the
//! type that it reads: it does not compare types itself, and would find other lengths than we do.
//!
//! - `shapes`: what footers and headers are made of
//! - `compact`: the form in which they are written

mod compact;
mod shapes;

use compact::{Fault, Rest};

/// An unpacked page that needs no reason: writers aim at one megabyte, some at a hundred.
const MAX_UNPACKED_BYTES: u64 = 32 << 20;

/// How much smaller a larger one may be in the file. One of nothing but the same value is encoded in
/// a few bytes before it is packed, so that hundreds do not occur.
const MAX_RATIO: u64 = 1_024;

/// The last bytes of a file: the footer's length, and the mark of a plain one.
pub(crate) const TAIL_BYTES: usize = 8;
const MARK: &[u8] = b"PAR1";

/// The length of the footer that ends with this tail; `None` where it is no Parquet, which the
/// decoder says better.
pub(crate) fn length(tail: [u8; TAIL_BYTES]) -> Option<u64> {
    let (length, mark) = tail.split_first_chunk::<4>()?;
    (mark == MARK).then_some(u64::from(u32::from_le_bytes(*length)))
}

/// Whether a footer is what it should be, and within its bytes.
pub(crate) fn fits(footer: &[u8]) -> bool {
    Rest(footer).structure(shapes::FOOTER, 0).is_ok()
}

/// Whether the header of a page that starts like this is what none should be, or asks the decoder for
/// far more than the page can hold. It may go on behind these bytes, with statistics.
pub(crate) fn is_unsound_page(header: &[u8]) -> bool {
    // All writers begin with these three, in their order. The footer is behind every page, so that
    // bytes do not run out here.
    let mut rest = Rest(header);
    let mut next = || rest.integer_field();
    let (Ok(_kind), Ok(unpacked), Ok(packed)) = (next(), next(), next()) else { return true };
    if unpacked > MAX_UNPACKED_BYTES && unpacked / MAX_RATIO > packed {
        return true;
    }
    Rest(header).structure(shapes::PAGE_HEADER, 0) == Err(Fault::Odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version 1, and a schema of one root without columns.
    const START: &[u8] = &[0x15, 2, 0x19, 0x1c, 0x48, 4, b'r', b'o', b'o', b't', 0x15, 0, 0];
    const HUGE: [u8; 5] = [0xff, 0xff, 0xff, 0xff, 7];

    #[test]
    fn a_list_of_truths_is_found_wherever_it_is() {
        let lists_truths =
            |rest: &[u8]| is_unsound_page(&[&[0x15, 0, 0x15, 2, 0x15, 2], rest].concat());
        assert!(lists_truths(&[0x99, 0xf2, 0xff, 0xff, 0xff, 0xff, 7]));
        assert!(lists_truths(&[0x9c, 0x19, 0x29, 0x03, 0x11, 0]), "in a list in a struct");
        assert!(!lists_truths(&[0x9c, 0x11, 0, 0]), "a truth");
        assert!(!lists_truths(&[0x99, 0x02, 0x15, 0, 0]), "none of them");
        assert!(!lists_truths(&[0x2c]), "cut short");
    }

    #[test]
    fn a_page_far_larger_than_what_is_there_of_it_is_found() {
        let page = |unpacked: u64, packed: u64| {
            let mut header = vec![0x15, 0];
            for size in [unpacked, packed] {
                header.push(0x15);
                let mut left = size << 1;
                while left > 0x7f {
                    header.push(left as u8 | 0x80);
                    left >>= 7;
                }
                header.push(left as u8);
            }
            is_unsound_page(&[&header[..], &[0x2c, 0x15, 2, 0, 0]].concat())
        };
        assert!(page((2 << 30) - 1, 300));
        assert!(page((9 << 32) + (2 << 30) - 1, 300), "cut to 32 bits");
        assert!(page(100 << 20, 99 << 10));
        let long = [&[0x15, 0, 0x15][..], &[0x89; 20], &[4, 0x15, 2, 0]].concat();
        assert!(is_unsound_page(&long), "more groups than a number has");
        let huge = [0x88, 0xe6, 0xb4, 0xe7, 0xb7, 0x61];
        let start = [0x15, 0, 0x15, 2, 0x15, 2];
        assert!(is_unsound_page(&[&start[..], &[0x05], &huge[1..], &[0]].concat()), "once more");
        assert!(is_unsound_page(&[&start[..2], &huge[..], &start[4..]].concat()), "a text");
        assert!(!page(100 << 20, 100 << 10), "packed well");
        assert!(!page(32 << 20, 0), "small");
        assert!(!page(1 << 30, 1 << 30), "not packed");
    }

    #[test]
    fn lengths_are_held_against_what_is_left() {
        let with = |rest: &[u8]| fits(&[START, rest].concat());
        assert!(with(&[0x16, 0, 0x19, 0x0c, 0]), "no rows, no row groups");
        assert!(with(&[0x16, 0, 0x19, 0xfc, 0, 0]), "none in the long form");
        assert!(!with(&[]), "no end");
        assert!(!with(&[&[0x16, 0, 0x19, 0xfc], &HUGE[..], &[0]].concat()), "row groups");
        assert!(!fits(&[&[0x15, 2, 0x19, 0xfc], &HUGE[..], &[0]].concat()), "a schema");
        assert!(!with(&[&[0x38], &HUGE[..], &[0]].concat()), "a text");
        assert!(!with(&[&[0x3b], &HUGE[..], &[0x88, 0]].concat()), "a map");
        assert!(!with(&[0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]));
        assert!(!fits(&[0x1c; 99]), "structs without end");
        assert!(!fits(&[&[0x19][..], &[0x19; 99]].concat()), "lists without end");
        assert!(!fits(&[0x99, 0x11, 1, 0]), "a list of truths");
        assert!(!fits(&[0x9b, 1, 0x52, 2, 1, 0]), "a map to truths");
        assert!(fits(&[0x99, 0x13, 1, 0]), "a list of bytes");
        assert!(fits(&[0x91, 0x12, 0x13, 1, 0x17, 0, 0, 0, 0, 0, 0, 0, 0, 0]), "the other kinds");
    }

    #[test]
    fn what_the_decoder_reads_has_its_type_and_comes_once() {
        assert!(fits(&[0x15, 2, 0x19, 0x0c, 0]), "in their order");
        assert!(!fits(&[0x18, 1, 2, 0]), "a text for the version");
        assert!(!fits(&[0x25, 2, 0]), "a number for the schema");
        assert!(!fits(&[0x29, 0x15, 2, 0]), "numbers for the schema's elements");
        assert!(!fits(&[0x15, 2, 0x05, 2, 2, 0]), "twice");
        assert!(!fits(&[0x35, 2, 0x05, 2, 2, 0]), "back");
        assert!(fits(&[0x15, 2, 0x05, 0x22, 2, 0]), "far ahead");
    }
}
