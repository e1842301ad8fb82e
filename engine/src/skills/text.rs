//! Which skills a text names: all forms of all skills at once, word by word.

use super::{AliasTable, Word, Words};
use crate::ids::{Dictionary, SkillNo};
use hashbrown::HashTable;

/// The root of the tree of forms.
const ROOT: u32 = 0;

/// Bits of the filter for each form's first word: one word in sixteen that begins no form passes.
const FILTER_BITS_PER_FORM: usize = 16;

/// The most bits of the filter, 64 KiB: what a core's second cache holds beside the rest.
const MAX_FILTER_BITS: usize = 1 << 19;

/// Finds skills in running text: a skill is said where its words, or those of one of its aliases,
/// stand in a row.
///
/// Words are those of [`Words`]. A form of fewer than three characters that are all letters (`c`,
/// `go`, `r`) is not looked for: as a word of a text it says too little.
///
/// The forms are a tree of words. A word that begins no form costs a bit in a filter that stays in
/// the processor's cache; another one a look-up, and more only where a form goes on.
#[derive(Debug)]
pub struct SkillSearch {
    /// A bit for each hash that some form's first word has.
    filter: Vec<u64>,
    /// From node to node by a word.
    steps: HashTable<Step>,
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Step {
    from: u32,
    to: u32,
    hash: u64,
    word: Box<[u8]>,
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
        let (filter, steps) = (Vec::new(), HashTable::new());
        let mut search = SkillSearch { filter, steps, nodes: vec![Node::default()] };
        let mut words = Words::default();
        for (number, name) in skills.texts().enumerate() {
            for form in forms(name, aliases) {
                words.split(form);
                search.add(&words, SkillNo(number as u32));
            }
        }
        search.make_filter();
        search
    }

    fn add(&mut self, form: &Words, skill: SkillNo) {
        if !is_looked_for(form) {
            return;
        }
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
        let step = Step { from, to, hash: step_hash(word.hash, from), word: word.bytes.into() };
        self.steps.insert_unique(step.hash, step, |step| step.hash);
        to
    }

    fn make_filter(&mut self) {
        let first = || self.steps.iter().filter(|step| step.from == ROOT);
        let num_bits = (first().count() * FILTER_BITS_PER_FORM).next_power_of_two();
        let mut filter = vec![0_u64; num_bits.clamp(64, MAX_FILTER_BITS) / 64];
        for step in first() {
            let (slot, bit) = place(step.hash, filter.len());
            filter[slot] |= bit;
        }
        self.filter = filter;
    }

    /// Where a word leads.
    fn step(&self, from: u32, word: Word<'_>) -> Option<u32> {
        let hash = step_hash(word.hash, from);
        let same = |step: &Step| step.from == from && *step.word == *word.bytes;
        self.steps.find(hash, same).map(|step| step.to)
    }

    /// Appends the skills that a text names to `found`, some perhaps more than once.
    pub fn find(&self, text: &Words, found: &mut Vec<SkillNo>) {
        for (start, hash) in text.hashes().enumerate() {
            let (slot, bit) = place(step_hash(hash, ROOT), self.filter.len());
            if self.filter[slot] & bit != 0 {
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

/// The slot of a filter and the bit in it.
fn place(hash: u64, num_slots: usize) -> (usize, u64) {
    // The number of slots is a power of two. The table of steps takes the highest and lowest bits.
    ((hash >> 32) as usize & (num_slots - 1), 1 << (hash >> 26 & 63))
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
            let text = text_of(&text).replace("b", "alias ");
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
