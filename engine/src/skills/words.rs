//! The words of a running text, folded and hashed, without an allocation a text.

use super::fold;

/// Bytes that are classified at once: one bit each of a 64-bit mask.
const BLOCK: usize = 64;

/// Bytes of a word that are compared and hashed at once: all of nearly every word.
const HEAD: usize = 16;

/// What an end of the buffer stands for: no part of a word.
const SEPARATOR: u8 = b' ';

/// The words of one text, in order. Kept and filled again for the next text.
///
/// A word is a run of letters, digits, `+`, `#` and `.` of the folded text ([`fold`]), without
/// trailing `.`. The slow lines that this equals, in words and in their order:
///
/// ```text
/// fold(text)
///     .split(|c: char| !(c.is_alphanumeric() || matches!(c, '+' | '#' | '.')))
///     .map(|word| word.trim_end_matches('.'))
///     .filter(|word| !word.is_empty())
/// ```
///
/// 1. The text is folded into a buffer in which every byte either belongs to a word or separates
///    two. Nearly all of a resume is ASCII, for which folding is lower case; what is not is folded
///    between its white spaces, which no rule of Unicode looks across.
/// 2. Word bytes become bits, 64 at once; where a bit differs from the one before, a word begins or
///    ends. So there is no branch a byte.
/// 3. Words are hashed 16 bytes at once.
#[derive(Debug, Default)]
pub struct Words {
    folded: Vec<u8>,
    edges: Vec<u32>,
    spans: Vec<Span>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    end: u32,
    hash: u64,
}

/// A word of a folded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// UTF-8.
    pub bytes: &'a [u8],
    /// The first 16 bytes, as a little-endian number; what is missing is 0, which no word has.
    pub head: u128,
    /// Equal for equal words, in every run and on every machine.
    pub hash: u64,
}

impl Word<'_> {
    /// What follows the first 16 bytes.
    #[must_use]
    pub fn tail(&self) -> &[u8] {
        self.bytes.get(HEAD..).unwrap_or_default()
    }
}

impl Words {
    /// Takes the words of a text, which must be shorter than 4 GiB, in place of those it holds.
    pub fn split(&mut self, text: &str) {
        self.folded.clear();
        fold_into(text, &mut self.folded);
        // A block more than needed: the last word ends, and 16 bytes can be read anywhere in a word.
        self.folded.resize((self.folded.len() / BLOCK + 2) * BLOCK, SEPARATOR);
        find_edges(&self.folded, &mut self.edges);

        self.spans.clear();
        for edge in self.edges.chunks_exact(2) {
            let (start, mut end) = (edge[0], edge[1]);
            while end > start && self.folded[end as usize - 1] == b'.' {
                end -= 1;
            }
            if end > start {
                let hash = hash(&self.folded[start as usize..], (end - start) as usize);
                self.spans.push(Span { start, end, hash });
            }
        }
    }

    /// How many words there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is no word.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// What it keeps for the next text.
    #[must_use]
    pub fn capacity_bytes(&self) -> usize {
        self.folded.capacity()
            + 4 * self.edges.capacity()
            + size_of::<Span>() * self.spans.capacity()
    }

    /// The word at a position.
    ///
    /// # Panics
    ///
    /// If there are not that many.
    #[must_use]
    pub fn get(&self, at: usize) -> Word<'_> {
        let Span { start, end, hash } = self.spans[at];
        let (start, end) = (start as usize, end as usize);
        let head = head(&self.folded[start..], end - start);
        Word { bytes: &self.folded[start..end], head, hash }
    }

    /// The words in their order.
    pub fn iter(&self) -> impl Iterator<Item = Word<'_>> {
        (0..self.len()).map(|at| self.get(at))
    }

    /// The words' hashes, in the order of the words.
    pub fn hashes(&self) -> impl Iterator<Item = u64> {
        self.spans.iter().map(|word| word.hash)
    }
}

/// Appends a text folded, with something that is in no word wherever a word ends.
fn fold_into(text: &str, folded: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(odd) = first_odd(rest.as_bytes()) {
        // The whole run between white spaces in which the odd character stands: composition, final
        // sigma and NUL concern its neighbours.
        let (before, after) = rest.as_bytes().split_at(odd);
        let start = before.iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1);
        let end = after.iter().position(u8::is_ascii_whitespace).map_or(rest.len(), |at| odd + at);
        append_lower(&rest[..start], folded);
        let run = &rest[start..end];
        if run.chars().all(|c| c.is_ascii() && c != '\0' || is_mere_mark(c)) {
            // Bytes of a mark become separators below: no run of them is a word.
            folded.extend(
                run.bytes().map(|b| if b.is_ascii() { b.to_ascii_lowercase() } else { SEPARATOR }),
            );
        } else {
            for c in fold(run).chars() {
                if c.is_ascii() || c.is_alphanumeric() {
                    folded.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                } else {
                    folded.push(SEPARATOR);
                }
            }
        }
        rest = &rest[end..];
    }
    append_lower(rest, folded);
}

fn append_lower(ascii: &str, folded: &mut Vec<u8>) {
    let start = folded.len();
    folded.extend_from_slice(ascii.as_bytes());
    folded[start..].make_ascii_lowercase();
}

/// Dashes, quotation marks and bullets: folding leaves them and their ASCII neighbours alone, and
/// they are in no word. What real resumes have most often beside ASCII.
fn is_mere_mark(c: char) -> bool {
    matches!(c, '\u{2010}' | '\u{2012}'..='\u{2016}' | '\u{2018}'..='\u{2023}')
}

/// The first byte that is not ASCII, or NUL.
fn first_odd(bytes: &[u8]) -> Option<usize> {
    let is_odd = |byte: u8| byte.wrapping_sub(1) >= 0x7f;
    // A block is looked through whole, which needs no branch a byte.
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    for (number, block) in blocks.iter().enumerate() {
        if block.iter().fold(0, |odd, byte| odd | u8::from(is_odd(*byte))) != 0 {
            let at = block.iter().position(|byte| is_odd(*byte))?;
            return Some(number * BLOCK + at);
        }
    }
    let at = rest.iter().position(|byte| is_odd(*byte))?;
    Some(blocks.len() * BLOCK + at)
}

/// Where words begin and end, in turns. The last block must separate.
fn find_edges(folded: &[u8], edges: &mut Vec<u32>) {
    edges.clear();
    let mut last = 0;
    for (number, block) in folded.as_chunks::<BLOCK>().0.iter().enumerate() {
        let mask = word_mask(block);
        let mut changes = mask ^ (mask << 1 | last);
        last = mask >> (BLOCK - 1);
        while changes != 0 {
            edges.push((number * BLOCK) as u32 + changes.trailing_zeros());
            changes &= changes - 1;
        }
    }
}

/// A bit for each byte of a word.
fn word_mask(block: &[u8; BLOCK]) -> u64 {
    let mut is_word = [0_u8; BLOCK];
    for (is_word, &byte) in is_word.iter_mut().zip(block) {
        let letter = u8::from(byte.wrapping_sub(b'a') < 26);
        let digit = u8::from(byte.wrapping_sub(b'0') < 10);
        let sign = u8::from(byte == b'+' || byte == b'#' || byte == b'.');
        *is_word = letter | digit | sign | byte >> 7;
    }
    let mut mask = 0;
    for (number, eight) in is_word.as_chunks::<8>().0.iter().enumerate() {
        // Gathers the lowest bits of eight bytes in the highest byte.
        let bits = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        mask |= bits << (8 * number);
    }
    mask
}

/// The hash of the first `len` bytes: each eight are mixed in by a multiplication whose halves are
/// folded together. The first 16, which are all of nearly every word, take no branch.
///
/// The cache of resumes stores it: whoever changes it changes the cache's version.
fn hash(bytes: &[u8], len: usize) -> u64 {
    const SEED: u64 = 0x243f_6a88_85a3_08d3;
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |state: u64, chunk: u64| {
        let wide = u128::from(state ^ chunk) * u128::from(FACTOR);
        (wide as u64) ^ (wide >> 64) as u64
    };
    let mix_16 = |state: u64, chunk: u128| mix(mix(state, chunk as u64), (chunk >> 64) as u64);
    let mut state = mix_16(SEED ^ len as u64, head(bytes, len));
    for at in (HEAD..len).step_by(HEAD) {
        state = mix_16(state, head(&bytes[at..], len - at));
    }
    state
}

/// The first bytes of `len`, at least one, as a little-endian number.
fn head(bytes: &[u8], len: usize) -> u128 {
    let head = bytes.first_chunk().map_or(0, |head| u128::from_le_bytes(*head));
    head & (u128::MAX >> (8 * HEAD.saturating_sub(len)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(text: &str) -> Vec<String> {
        let mut words = Words::default();
        // What was there before must not show.
        words.split("Something before, which is longer than what follows. ".repeat(5).as_str());
        words.split(text);
        words.iter().map(|word| String::from_utf8(word.bytes.to_vec()).unwrap()).collect()
    }

    /// The slow lines.
    fn slow(text: &str) -> Vec<String> {
        fold(text)
            .split(|c: char| !(c.is_alphanumeric() || matches!(c, '+' | '#' | '.')))
            .map(|word| word.trim_end_matches('.').to_owned())
            .filter(|word| !word.is_empty())
            .collect()
    }

    #[test]
    fn words_keep_plus_hash_and_inner_dots() {
        assert_eq!(
            split("C++/C#, Node.js... (.NET) e.g. CI-CD; 5G... ..."),
            ["c++", "c#", "node.js", ".net", "e.g", "ci", "cd", "5g"]
        );
        assert_eq!(split("naïve日本 ½ py\0thon “SQL”—R’s"), slow("naïve日本 ½ py\0thon “SQL”—R’s"));
        assert!(split(" -- ... \u{200b}").is_empty());
        assert!(split("").is_empty());
    }

    #[test]
    fn every_character_alone_and_between_others() {
        let mut words = Words::default();
        for c in '\0'..=char::MAX {
            let text = format!("a{c}B ΑΣ{c} {c}\ne{c}\u{301}’. x");
            words.split(&text);
            let found = words.iter().map(|word| std::str::from_utf8(word.bytes).unwrap());
            assert!(found.eq(slow(&text).iter()), "{c:?}");
        }
    }

    #[test]
    fn the_hash_is_part_of_what_is_stored() {
        let mut words = Words::default();
        words.split("sql machine-learning postgresql16");
        let hashes: Vec<u64> = words.hashes().collect();
        assert_eq!(
            hashes,
            [
                494_691_011_023_814_609,
                7_004_359_559_389_443_490,
                7_209_371_644_638_233_945,
                1_264_783_407_898_194_335
            ]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn equals_the_slow_lines(
            text in "([ -~\\x00\n\t]|[a-zA-Z.+#]{1,12}|[ΣσςİßéÅﬁ½①’“•–…\u{a0}\u{301}\u{2011}\u{200b}]|\\PC){0,120}"
        ) {
            prop_assert_eq!(split(&text), slow(&text));
        }

        #[test]
        fn equal_words_have_equal_hashes(a in "[ab.]{1,20}", gap in "[ ,\n]{1,90}") {
            let mut words = Words::default();
            words.split(&format!("{a}{gap}{a}{gap}"));
            let found: Vec<Word<'_>> = words.iter().collect();
            prop_assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "{:?}", found);
        }
    }
}
