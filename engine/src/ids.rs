//! Dense numbers for jobs, users, skills, roles, cities and companies, and the dictionaries that
//! hand them out.
//!
//! A number means its position in this night's columns and nothing beyond: it never leaves the
//! process.

use foldhash::fast::FixedState;
use std::collections::HashMap;

macro_rules! dense {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in the columns.
            #[must_use]
            pub fn ix(self) -> usize {
                self.0 as usize
            }
        }

        impl From<u32> for $name {
            fn from(value: u32) -> Self {
                $name(value)
            }
        }
    };
}

dense!(
    /// A scoreable job: its position in [`crate::columns::JobColumns`]. Fewer than 2³².
    JobNo
);
dense!(
    /// A user: its position in [`crate::columns::UserColumns`], in the order of user ids.
    UserNo
);
dense!(
    /// A canonical skill that at least one scoreable job lists.
    SkillNo
);
dense!(
    /// A role family of at least one scoreable job.
    RoleNo
);
dense!(
    /// A city, or `remote`, or `-`: the text of a market of at least one scoreable job.
    CityNo
);
dense!(
    /// A company of at least one scoreable job.
    CompanyNo
);

/// A 16-byte UUID as the database orders it.
pub type Uuid = [u8; 16];

/// The 36-character lower-case form of an id, for messages.
#[must_use]
pub fn uuid_text(id: &Uuid) -> String {
    let mut text = String::with_capacity(36);
    for (i, byte) in id.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
        }
    }
    text
}

/// Distinct texts, numbered in order of first sight.
///
/// The numbers depend on the order of the input; nothing that leaves the engine does.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    numbers: HashMap<Box<str>, u32, FixedState>,
    texts: Vec<Box<str>>,
}

impl Dictionary {
    /// The number of a text, new if it was not seen before.
    pub fn intern(&mut self, text: &str) -> u32 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.texts.len() as u32;
        self.numbers.insert(text.into(), number);
        self.texts.push(text.into());
        number
    }

    /// The number of a text that was seen.
    #[must_use]
    pub fn get(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    /// The text behind a number that this dictionary handed out.
    #[must_use]
    pub fn text(&self, number: u32) -> &str {
        &self.texts[number as usize]
    }

    /// How many distinct texts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether no text was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// All texts, in the order of their numbers.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(AsRef::as_ref)
    }
}

/// Lists of values, one list per row, in two flat vectors.
#[derive(Clone, Debug)]
pub struct Lists<T> {
    starts: Vec<u32>,
    values: Vec<T>,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Lists { starts: vec![0], values: Vec::new() }
    }
}

impl<T> Lists<T> {
    /// No rows, with room for some.
    #[must_use]
    pub fn with_capacity(num_rows: usize, num_values: usize) -> Self {
        let mut starts = Vec::with_capacity(num_rows + 1);
        starts.push(0);
        Lists { starts, values: Vec::with_capacity(num_values) }
    }

    /// Appends a row with these values.
    pub fn push(&mut self, values: impl IntoIterator<Item = T>) {
        self.values.extend(values);
        self.starts.push(self.values.len() as u32);
    }

    /// The values of a row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[T] {
        &self.values[self.starts[row] as usize..self.starts[row + 1] as usize]
    }

    /// How many rows there are.
    #[must_use]
    pub fn num_rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// All values, row after row.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuid_text_is_the_usual_form() {
        let id = [0x01, 0x90, 0xab, 0xcd, 0, 1, 0x7f, 3, 0x80, 5, 6, 7, 8, 9, 10, 0xff];
        assert_eq!(uuid_text(&id), "0190abcd-0001-7f03-8005-060708090aff");
    }
}
