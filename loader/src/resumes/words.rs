//! Which words a text has, as a set of short hashes: enough to tell that a form cannot stand in
//! it, and no word of it.

use std::collections::HashMap;
use talvix_engine::skills::{AliasTable, Words, forms, is_looked_for};

/// Bytes of a hash. Of a resume's 200 words one in 80,000 others is thought to be among them, which
/// costs reading the resume once more; four bytes would make the cache a third larger.
const HASH_BYTES: usize = 3;

/// Bits of the filter before the look-up of a form.
const FILTER_BITS: usize = 1 << 16;

/// A word's hash, shortened.
fn short(hash: u64) -> u32 {
    (hash >> (64 - 8 * HASH_BYTES)) as u32
}

/// The words of a text: their hashes, big-endian, ascending, each once.
pub(super) fn pack(words: &Words) -> Vec<u8> {
    let mut hashes: Vec<u32> = words.hashes().map(short).collect();
    hashes.sort_unstable();
    hashes.dedup();
    let mut packed = Vec::with_capacity(hashes.len() * HASH_BYTES);
    for hash in hashes {
        packed.extend_from_slice(&hash.to_be_bytes()[4 - HASH_BYTES..]);
    }
    packed
}

fn unpack(packed: &[u8]) -> impl Iterator<Item = u32> {
    let hashes = packed.as_chunks::<HASH_BYTES>().0.iter();
    hashes.map(|[a, b, c]| u32::from_be_bytes([0, *a, *b, *c]))
}

fn has(packed: &[u8], hash: u32) -> bool {
    let hashes = packed.as_chunks::<HASH_BYTES>().0;
    let [_, bytes @ ..] = hash.to_be_bytes();
    hashes.binary_search(&bytes).is_ok()
}

/// Forms that were not searched for when a cache was written.
#[derive(Debug)]
pub(super) struct NewForms {
    /// The words of the forms, by their first.
    by_first: HashMap<u32, Vec<Vec<u32>>>,
    /// A bit for each first word.
    filter: Vec<u64>,
}

impl NewForms {
    /// The forms of canonical names; `None` where there is none that is looked for.
    pub(super) fn new<'a>(
        names: impl Iterator<Item = &'a str>,
        aliases: &AliasTable,
    ) -> Option<Self> {
        let mut new = NewForms { by_first: HashMap::new(), filter: vec![0; FILTER_BITS / 64] };
        let mut words = Words::default();
        for name in names {
            for form in forms(name, aliases) {
                words.split(form);
                if is_looked_for(&words) {
                    let hashes: Vec<u32> = words.hashes().map(short).collect();
                    let (slot, bit) = place(hashes[0]);
                    new.filter[slot] |= bit;
                    new.by_first.entry(hashes[0]).or_default().push(hashes);
                }
            }
        }
        (!new.by_first.is_empty()).then_some(new)
    }

    /// Whether one of the forms may stand in a text with these words. Never false where one does.
    pub(super) fn may_stand_in(&self, packed: &[u8]) -> bool {
        unpack(packed).any(|word| {
            let (slot, bit) = place(word);
            self.filter[slot] & bit != 0
                && self.by_first.get(&word).is_some_and(|forms| {
                    forms.iter().any(|form| form.iter().all(|word| has(packed, *word)))
                })
        })
    }
}

fn place(hash: u32) -> (usize, u64) {
    let bit = hash as usize % FILTER_BITS;
    (bit / 64, 1 << (bit % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_may_stand_where_all_its_words_do() {
        let aliases = AliasTable::new([("k8s", "kubernetes"), ("go lang", "go")]).unwrap();
        let may = |names: &[&str], text: &str| {
            let mut words = Words::default();
            words.split(text);
            let forms = NewForms::new(names.iter().copied(), &aliases);
            forms.is_some_and(|forms| forms.may_stand_in(&pack(&words)))
        };
        assert!(may(&["machine learning"], "Machine-Learning."));
        assert!(may(&["machine learning"], "learning about a machine"));
        assert!(!may(&["machine learning"], "machine"));
        assert!(may(&["rust", "kubernetes"], "K8s"));
        assert!(may(&["go"], "go, lang"));
        assert!(!may(&["go", "c"], "go c"), "a form that says too little");
        assert!(!may(&["rust"], ""));
    }
}
