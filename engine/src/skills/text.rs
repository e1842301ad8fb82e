//! Which skills a text names: all forms of all skills at once, word by word.

use super::{AliasTable, Word, Words};
use crate::ids::{Dictionary, SkillNo};
use hashbrown::HashTable;

/// The root of the tree of forms.
const ROOT: u32 = 0;

/// Bits of a filter for each of its members: one in sixteen others passes.
const FILTER_BITS_PER_MEMBER: usize = 16;

/// The most bits of a filter, 64 KiB: what a core's second cache holds beside the rest.
const MAX_FILTER_BITS: usize = 1 << 19;

/// Finds skills in running text: a skill is said where its words, or those of one of its aliases,
/// stand in a row.
///
/// Words are those of [`Words`]. A form of fewer than three characters that are all letters (`c`,
/// `go`, `r`) is not looked for: as a word of a text it says too little.
///
/// The forms are a tree of words. Where neither a word is a form nor it and the next one begin one,
/// it costs two bits in filters that stay in the processor's cache; else a look-up for each step.
#[derive(Debug)]
pub struct SkillSearch {
    /// Forms of one word.
    single: Filter,
    /// The first two words of the others.
    pairs: Filter,
    /// From the root by a word: few enough to stay in the processor's cache.
    first_steps: HashTable<Step>,
    /// From any other node by a word.
    further_steps: HashTable<Step>,
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Step {
    hash: u64,
    /// The word's first bytes: all of nearly every word, so that no other memory is touched.
    head: u128,
    tail: Box<[u8]>,
    from: u32,
    to: u32,
}

#[derive(Debug, Default)]
struct Node {
    /// The skills whose form ends here.
    ends: Vec<SkillNo>,
    /// Whether some form goes on.
    goes_on: bool,
}

/// What a table of steps is looked up by.
fn step_hash(word_hash: u64, from: u32) -> u64 {
    (word_hash ^ u64::from(from)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl SkillSearch {
    /// Prepares the search for the skills of a dictionary: their own names and all their aliases.
    #[must_use]
    pub fn new(skills: &Dictionary, aliases: &AliasTable) -> Self {
        let mut search = SkillSearch {
            single: Filter::default(),
            pairs: Filter::default(),
            first_steps: HashTable::new(),
            further_steps: HashTable::new(),
            nodes: vec![Node::default()],
        };
        let mut words = Words::default();
        let (mut single, mut pairs) = (Vec::new(), Vec::new());
        for (number, name) in skills.texts().enumerate() {
            for form in forms(name, aliases) {
                words.split(form);
                if !is_looked_for(&words) {
                    continue;
                }
                search.add(&words, SkillNo(number as u32));
                let mut hashes = words.hashes();
                match (hashes.next(), hashes.next()) {
                    (Some(first), Some(second)) => pairs.push(pair_hash(first, second)),
                    (first, _) => single.extend(first),
                }
            }
        }
        search.single = Filter::new(&single);
        search.pairs = Filter::new(&pairs);
        search
    }

    fn add(&mut self, form: &Words, skill: SkillNo) {
        let mut node = ROOT;
        for word in form.iter() {
            node = self.step(node, word).unwrap_or_else(|| self.add_step(node, word));
        }
        let ends = &mut self.nodes[node as usize].ends;
        if !ends.contains(&skill) {
            ends.push(skill);
        }
    }

    fn add_step(&mut self, from: u32, word: Word<'_>) -> u32 {
        let to = self.nodes.len() as u32;
        self.nodes.push(Node::default());
        self.nodes[from as usize].goes_on = true;
        let hash = step_hash(word.hash, from);
        let step = Step { hash, head: word.head, tail: word.tail().into(), from, to };
        let steps = if from == ROOT { &mut self.first_steps } else { &mut self.further_steps };
        steps.insert_unique(step.hash, step, |step| step.hash);
        to
    }

    /// Where a word leads.
    fn step(&self, from: u32, word: Word<'_>) -> Option<u32> {
        let hash = step_hash(word.hash, from);
        let same = |step: &Step| {
            step.head == word.head && step.from == from && is_same(&step.tail, word.tail())
        };
        let steps = if from == ROOT { &self.first_steps } else { &self.further_steps };
        steps.find(hash, same).map(|step| step.to)
    }

    /// Appends the skills that a text names to `found`, some perhaps more than once.
    pub fn find(&self, text: &Words, found: &mut Vec<SkillNo>) {
        // Nothing comes after the last word.
        let next = text.hashes().skip(1).chain([0]);
        for (start, (first, second)) in text.hashes().zip(next).enumerate() {
            // Both are looked at: a branch would cost more than it saves.
            if self.single.may_have(first) | self.pairs.may_have(pair_hash(first, second)) {
                self.find_from(text, start, found);
            }
        }
    }

    /// Appends the skills whose forms begin at a word.
    fn find_from(&self, text: &Words, start: usize, found: &mut Vec<SkillNo>) {
        let mut node = ROOT;
        for at in start..text.len() {
            let Some(next) = self.step(node, text.get(at)) else { return };
            node = next;
            let Node { ends, goes_on } = &self.nodes[node as usize];
            found.extend_from_slice(ends);
            if !goes_on {
                return;
            }
        }
    }
}

/// Whether two ends of words are the same. Nearly all are empty, and to compare nothing with nothing
/// takes glibc on AVX-512 a fault in microcode: that was half of a search.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && (a.is_empty() || a == b)
}

/// What two words in a row are known by.
fn pair_hash(first: u64, second: u64) -> u64 {
    first.rotate_left(32) ^ second
}

/// A set of hashes that may have more than were put in.
#[derive(Debug)]
struct Filter {
    /// A power of two of them.
    slots: Vec<u64>,
}

impl Default for Filter {
    fn default() -> Self {
        Filter { slots: vec![0] }
    }
}

impl Filter {
    fn new(members: &[u64]) -> Self {
        let num_bits = (members.len() * FILTER_BITS_PER_MEMBER).next_power_of_two();
        let mut filter = Filter { slots: vec![0; num_bits.clamp(64, MAX_FILTER_BITS) / 64] };
        for hash in members {
            let (slot, bit) = filter.place(*hash);
            filter.slots[slot] |= bit;
        }
        filter
    }

    fn may_have(&self, hash: u64) -> bool {
        let (slot, bit) = self.place(hash);
        self.slots[slot] & bit != 0
    }

    fn place(&self, hash: u64) -> (usize, u64) {
        (hash as usize & (self.slots.len() - 1), 1 << (hash >> 58))
    }
}

/// What a skill is called: its canonical name and its aliases.
pub fn forms<'a>(name: &'a str, aliases: &'a AliasTable) -> impl Iterator<Item = &'a str> {
    std::iter::once(name).chain(aliases.aliases_of(name).iter().map(AsRef::as_ref))
}

/// Whether a form of these words is looked for in texts.
#[must_use]
pub fn is_looked_for(form: &Words) -> bool {
    let mut length = 0;
    let mut only_letters = true;
    for word in form.iter() {
        let word = String::from_utf8_lossy(word.bytes);
        length += word.chars().count() + usize::from(length > 0);
        only_letters &= word.chars().all(char::is_alphabetic);
    }
    length >= 3 || (length > 0 && !only_letters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skills::fold;
    use proptest::prelude::*;

    #[track_caller]
    fn found(skills: &[&str], aliases: &[(&str, &str)], text: &str) -> Vec<String> {
        let mut dictionary = Dictionary::default();
        for skill in skills {
            dictionary.intern(skill);
        }
        let aliases = AliasTable::new(aliases.iter().copied()).unwrap();
        let mut words = Words::default();
        words.split(text);
        let mut found = Vec::new();
        SkillSearch::new(&dictionary, &aliases).find(&words, &mut found);
        found.sort();
        found.dedup();
        assert_eq!(found, by_twin(&dictionary, &aliases, text), "{text:?}");
        let mut found: Vec<_> =
            found.iter().map(|skill| dictionary.text(skill.0).to_owned()).collect();
        found.sort();
        found
    }

    /// The straightforward search: every form at every word.
    fn by_twin(skills: &Dictionary, aliases: &AliasTable, text: &str) -> Vec<SkillNo> {
        let words = |text: &str| -> Vec<String> {
            fold(text)
                .split(|c: char| !(c.is_alphanumeric() || matches!(c, '+' | '#' | '.')))
                .map(|word| word.trim_end_matches('.').to_owned())
                .filter(|word| !word.is_empty())
                .collect()
        };
        let text = words(text);
        let says = |form: &str| {
            let form = words(form);
            let joined = form.join(" ");
            let says_too_little =
                joined.chars().count() < 3 && joined.chars().all(char::is_alphabetic);
            !form.is_empty() && !says_too_little && text.windows(form.len()).any(|w| w == form)
        };
        let numbered = skills.texts().enumerate();
        let said = numbered.filter(|(_, name)| forms(name, aliases).any(says));
        said.map(|(number, _)| SkillNo(number as u32)).collect()
    }

    #[test]
    fn words_stand_in_a_row() {
        let skills = ["machine learning", "machine", "ci/cd", "c++", ".net", "node.js"];
        assert_eq!(
            found(&skills, &[], "Machine\nLearning, CI-CD; C++ and .NET (Node.js)..."),
            [".net", "c++", "ci/cd", "machine", "machine learning", "node.js"]
        );
        assert!(found(&["machine learning"], &[], "machine and learning").is_empty());
        assert!(found(&["java"], &[], "javascript").is_empty());
    }

    #[test]
    fn aliases_count() {
        assert_eq!(found(&["react"], &[("react js", "react")], "React.js, React JS"), ["react"]);
        assert_eq!(found(&["react"], &[("reactjs", "react")], "ReactJS"), ["react"]);
        assert!(found(&["vue"], &[("react js", "react")], "react js").is_empty());
    }

    #[test]
    fn short_words_say_too_little() {
        let skills = ["c", "go", "r", "c#", "k8", "sql", "c d"];
        assert_eq!(found(&skills, &[], "c go r c# k8 sql c d"), ["c d", "c#", "k8", "sql"]);
    }

    #[test]
    fn forms_without_words_are_not_looked_for() {
        assert!(found(&["&&", "..."], &[], "a && b ...").is_empty());
    }

    /// Pieces of which texts and names are made, so that they meet.
    const PIECES: [&str; 24] = [
        "a", "b", "ab", "Sql", "c++", "C#", ".net", "node.js", "5G", "...", "+", "İ", "ΑΣ", "ß",
        "ﬁn", "é", "e\u{301}", "½", "\0", "日本", "x\0y", "’s", "–", "•",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn equals_the_straightforward_search(
            names in prop::collection::vec(prop::collection::vec((0..24_usize, " |-|\n|"), 1..4), 1..30),
            alias in prop::collection::vec((0..24_usize, " |-"), 1..4),
            text in prop::collection::vec((0..24_usize, " |, |\n|\\. |\\.|\u{a0}|"), 0..60),
        ) {
            let text_of = |parts: &[(usize, String)]| -> String {
                parts.iter().flat_map(|(at, gap)| [PIECES[*at], gap]).collect()
            };
            let mut dictionary = Dictionary::default();
            for name in &names {
                dictionary.intern(&crate::skills::canonical(&text_of(name)));
            }
            let alias = format!("alias {}", text_of(&alias));
            let text = text_of(&text).replace('b', "alias ");
            let aliases = AliasTable::new([(alias.as_str(), dictionary.text(0))]).unwrap();
            let mut words = Words::default();
            words.split(&text);
            let mut found = Vec::new();
            SkillSearch::new(&dictionary, &aliases).find(&words, &mut found);
            found.sort();
            found.dedup();
            prop_assert_eq!(found, by_twin(&dictionary, &aliases, &text));
        }
    }
}
