//! A look at a file's footer before it is decoded.
//!
//! The decoder makes room for as many row groups as a footer says there are before it reads the
//! first: thirty hostile bytes could ask for more memory than there is, which ends the process. So
//! every length in a footer is held against the bytes that are left of it. A footer is Thrift in its
//! compact form; what its fields mean does not matter here.

/// Structs in structs: a footer needs six.
const MAX_DEPTH: u32 = 32;

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

/// Whether every list and text of a footer is within the footer.
pub(crate) fn fits(footer: &[u8]) -> bool {
    Rest::new(footer).structure(0).is_some()
}

/// Whether the header of a page that starts like this asks the decoder for far more than the page
/// can hold. That is damage, or somebody's attempt; the decoder would notice, but late:
///
/// - It makes room for the unpacked page, up to 2 GiB, before it unpacks the first byte.
/// - It skips a list of truths without a byte for each, so that six bytes keep it busy for seconds.
///   No header has one.
pub(crate) fn is_unsound_page(header: &[u8]) -> bool {
    // The footer is behind every page: bytes do not run out here.
    let Some((unpacked, packed)) = Rest::new(header).unpacked_and_packed() else { return true };
    if unpacked > MAX_UNPACKED_BYTES && unpacked / MAX_RATIO > packed {
        return true;
    }
    let mut rest = Rest::new(header);
    rest.structure(0);
    rest.lists_truths
}

/// What is left to read.
struct Rest<'a> {
    bytes: &'a [u8],
    /// Whether what was read has a list or map of truths.
    lists_truths: bool,
}

/// A type in the compact form.
#[derive(Clone, Copy)]
struct Kind(u8);

impl<'a> Rest<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, lists_truths: false }
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*byte)
    }

    fn skip(&mut self, length: u64) -> Option<()> {
        self.bytes = self.bytes.get(usize::try_from(length).ok()?..)?;
        Some(())
    }

    /// A number in groups of seven bits, ten at most. The decoder takes any number of them.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// The sizes of a page, from the second and third field of its header. All writers begin with the
    /// first three, in their order.
    fn unpacked_and_packed(&mut self) -> Option<(u64, u64)> {
        let mut sizes = [0; 3];
        for size in &mut sizes {
            // Of whatever type it says it is, the decoder reads a number.
            self.byte()?;
            let number = self.number()?;
            // The sign is in the last bit. The decoder keeps 32 bits, and refuses what is negative.
            let signed = (number >> 1) as i32 ^ -((number & 1) as i32);
            *size = u64::try_from(signed).unwrap_or(0);
        }
        Some((sizes[1], sizes[2]))
    }

    fn structure(&mut self, depth: u32) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        loop {
            let head = self.byte()?;
            let (step, kind) = (head >> 4, Kind(head & 0x0f));
            if kind.0 == 0 {
                return Some(());
            }
            if step == 0 {
                self.number()?;
            }
            // A field that is true or false says so in its head.
            if ![1, 2].contains(&kind.0) {
                self.value(kind, depth)?;
            }
        }
    }

    fn value(&mut self, kind: Kind, depth: u32) -> Option<()> {
        match kind.0 {
            1..=3 => self.skip(1),
            4..=6 => self.number().map(drop),
            7 => self.skip(8),
            8 => {
                let length = self.number()?;
                self.skip(length)
            }
            9 | 10 => {
                let head = self.byte()?;
                let (short, of) = (head >> 4, Kind(head & 0x0f));
                let size = if short == 15 { self.number()? } else { u64::from(short) };
                self.values(size, &[of], depth)
            }
            11 => match self.number()? {
                0 => Some(()),
                size => {
                    let kinds = self.byte()?;
                    self.values(size, &[Kind(kinds >> 4), Kind(kinds & 0x0f)], depth)
                }
            },
            12 => self.structure(depth + 1),
            _ => None,
        }
    }

    /// So many times these; each takes a byte at least. None are truths: those take the decoder no
    /// byte, so that it would find other lengths than we do.
    fn values(&mut self, size: u64, kinds: &[Kind], depth: u32) -> Option<()> {
        self.lists_truths |= size > 0 && kinds.iter().any(|kind| [1, 2].contains(&kind.0));
        if self.lists_truths || size > self.bytes.len() as u64 || depth > MAX_DEPTH {
            return None;
        }
        for _ in 0..size {
            for kind in kinds {
                self.value(*kind, depth + 1)?;
            }
        }
        Some(())
    }
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
        assert!(lists_truths(&[0xf9, 0xf2, 0xff, 0xff, 0xff, 0xff, 7]));
        assert!(lists_truths(&[0x1c, 0x19, 0x29, 0x03, 0x11, 0]), "in a list in a struct");
        assert!(!lists_truths(&[0x5c, 0x11, 0, 0]), "a truth");
        assert!(!lists_truths(&[0x19, 0x02, 0x15, 0]), "none of them");
        assert!(!lists_truths(&[0x15]), "cut short");
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
        assert!(!fits(&[0x19, 0x11, 1, 0]), "a list of truths");
        assert!(!fits(&[0x1b, 1, 0x52, 2, 1, 0]), "a map to truths");
        assert!(fits(&[0x19, 0x13, 1, 0]), "a list of bytes");
        assert!(fits(&[0x11, 0x12, 0x13, 1, 0x17, 0, 0, 0, 0, 0, 0, 0, 0, 0]), "the other kinds");
    }
}
