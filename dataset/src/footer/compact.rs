//! Thrift in its [compact
//! form](https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md), walked
//! over without keeping anything.

use super::shapes::{Is, Shape};

/// Structs in structs: a footer needs six.
const MAX_DEPTH: u32 = 32;

/// The greatest step from one field to the next that the short form has.
const MAX_STEP: u64 = 15;

/// Why bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// They end too soon.
    Ends,
    /// They are what no writer writes.
    Odd,
}

type Walked<T = ()> = Result<T, Fault>;

/// Types as they stand in the form.
const STOP: u8 = 0;
const TRUTHS: [u8; 2] = [1, 2];
const BYTE: u8 = 3;
const INTEGERS: [u8; 3] = [4, 5, 6];
const DOUBLE: u8 = 7;
const TEXT: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;

impl Is {
    fn is_kind(self, kind: u8) -> bool {
        match self {
            Is::Truth => TRUTHS.contains(&kind),
            Is::Byte => kind == BYTE,
            Is::Integer => INTEGERS.contains(&kind),
            Is::Double => kind == DOUBLE,
            Is::Text => kind == TEXT,
            Is::List(_) => kind == LIST,
            Is::Struct(_) => kind == STRUCT,
        }
    }
}

/// What is left to read.
pub(super) struct Rest<'a>(pub(super) &'a [u8]);

impl Rest<'_> {
    fn byte(&mut self) -> Walked<u8> {
        let (byte, rest) = self.0.split_first().ok_or(Fault::Ends)?;
        self.0 = rest;
        Ok(*byte)
    }

    fn skip(&mut self, length: u64) -> Walked {
        let length = usize::try_from(length).map_err(|_| Fault::Ends)?;
        self.0 = self.0.get(length..).ok_or(Fault::Ends)?;
        Ok(())
    }

    /// A number in groups of seven bits, ten at most. The decoder takes any number of them.
    fn number(&mut self) -> Walked<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Fault::Odd)
    }

    /// The number and type of the field after another one; none at the end of a struct. Numbers
    /// only grow, so that no field comes twice.
    fn field(&mut self, last: u64) -> Walked<Option<(u64, u8)>> {
        let head = self.byte()?;
        let (step, kind) = (u64::from(head >> 4), head & 0x0f);
        if kind == STOP {
            return Ok(None);
        }
        if step > 0 {
            return Ok(Some((last + step, kind)));
        }
        // The long form, with the sign in the last bit.
        let number = self.number()?;
        let field = number >> 1;
        if number & 1 == 1 || field <= last + MAX_STEP || field > i16::MAX as u64 {
            return Err(Fault::Odd);
        }
        Ok(Some((field, kind)))
    }

    /// An integer of 32 bits that is not negative, as the next field.
    pub(super) fn integer_field(&mut self) -> Walked<u64> {
        match self.field(0)? {
            Some((1, kind)) if Is::Integer.is_kind(kind) => {}
            _ => return Err(Fault::Odd),
        }
        // The sign is in the last bit.
        let number = self.number()?;
        let is_negative = number & 1 == 1;
        if is_negative || number >> 1 > i32::MAX as u64 {
            return Err(Fault::Odd);
        }
        Ok(number >> 1)
    }

    /// A struct whose known fields have this shape. Others are walked over by their type, as the
    /// decoder skips them.
    pub(super) fn structure(&mut self, shape: Shape, depth: u32) -> Walked {
        if depth > MAX_DEPTH {
            return Err(Fault::Odd);
        }
        let mut last = 0;
        while let Some((field, kind)) = self.field(last)? {
            last = field;
            let known = shape.iter().find(|(known, _)| *known == field).map(|(_, is)| *is);
            if known.is_some_and(|is| !is.is_kind(kind)) {
                return Err(Fault::Odd);
            }
            // A field that is true or false says so in its type.
            if !TRUTHS.contains(&kind) {
                self.value(kind, known, depth)?;
            }
        }
        Ok(())
    }

    fn value(&mut self, kind: u8, known: Option<Is>, depth: u32) -> Walked {
        match kind {
            BYTE => self.skip(1),
            kind if INTEGERS.contains(&kind) => self.number().map(drop),
            DOUBLE => self.skip(8),
            TEXT => {
                let length = self.number()?;
                self.skip(length)
            }
            LIST | SET => {
                let head = self.byte()?;
                let (short, of) = (head >> 4, head & 0x0f);
                let size = if short == 15 { self.number()? } else { u64::from(short) };
                let element = match known {
                    Some(Is::List(element)) => Some(*element),
                    _ => None,
                };
                if size > 0 && element.is_some_and(|is| !is.is_kind(of)) {
                    return Err(Fault::Odd);
                }
                self.values(size, &[of], element, depth)
            }
            MAP => match self.number()? {
                0 => Ok(()),
                size => {
                    let kinds = self.byte()?;
                    self.values(size, &[kinds >> 4, kinds & 0x0f], None, depth)
                }
            },
            STRUCT => {
                let shape = match known {
                    Some(Is::Struct(shape)) => shape,
                    _ => &[],
                };
                self.structure(shape, depth + 1)
            }
            _ => Err(Fault::Odd),
        }
    }

    /// So many times these; each takes a byte at least. None are truths: the decoder skips those
    /// without a byte, so that six bytes would keep it busy for seconds. No footer has them.
    fn values(&mut self, size: u64, kinds: &[u8], known: Option<Is>, depth: u32) -> Walked {
        if depth > MAX_DEPTH || size > 0 && kinds.iter().any(|kind| TRUTHS.contains(kind)) {
            return Err(Fault::Odd);
        }
        if size > self.0.len() as u64 {
            return Err(Fault::Ends);
        }
        for _ in 0..size {
            for kind in kinds {
                self.value(*kind, known, depth + 1)?;
            }
        }
        Ok(())
    }
}
