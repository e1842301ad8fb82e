//! Which skills a text names: all forms of all skills at once, word by word.

use super::{AliasTable, fold};
use crate::ids::{Dictionary, SkillNo};
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// The root of the tree of forms.
const ROOT: u32 = 0;

/// Finds skills in running text: a skill is said where its words, or those of one of its aliases,
/// stand in a row.
///
/// A word is a run of letters, digits, `+`, `#` and `.`, without trailing `.`. A form of fewer
/// than three characters that are all letters (`c`, `go`, `r`) is not looked for: as a word of a
/// text it says too little.
///
/// The forms are a tree of words. A text costs one look-up a word, and more only where a form
/// begins.
#[derive(Debug, Default)]
pub struct SkillSearch {
    /// Words that occur in a form.
    words: Dictionary,
    /// `(node, word)` to the next node.
    next: HashMap<(u32, u32), u32, FixedState>,
    /// The skills whose form ends at a node.
    ends: Vec<Vec<SkillNo>>,
}

impl SkillSearch {
    /// Prepares the search for the skills of a dictionary: their own names and all their aliases.
    #[must_use]
    pub fn new(skills: &Dictionary, aliases: &AliasTable) -> Self {
        let mut search = SkillSearch { ends: vec![Vec::new()], ..Self::default() };
        for (number, name) in skills.texts().enumerate() {
            let skill = SkillNo(number as u32);
            search.add(name, skill);
            for alias in aliases.aliases_of(name) {
                search.add(alias, skill);
            }
        }
        search
    }

    fn add(&mut self, form: &str, skill: SkillNo) {
        let mut node = ROOT;
        let mut length = 0;
        let mut only_letters = true;
        for word in words(form) {
            length += word.chars().count() + usize::from(length > 0);
            only_letters &= word.chars().all(char::is_alphabetic);
        }
        if length == 0 || (length < 3 && only_letters) {
            return;
        }
        for word in words(form) {
            let word = self.words.intern(word);
            let fresh = self.ends.len() as u32;
            node = *self.next.entry((node, word)).or_insert(fresh);
            if node == fresh {
                self.ends.push(Vec::new());
            }
        }
        let ends = &mut self.ends[node as usize];
        if !ends.contains(&skill) {
            ends.push(skill);
        }
    }

    /// Appends the skills that a text names to `found`, some perhaps more than once.
    pub fn find(&self, text: &str, found: &mut Vec<SkillNo>) {
        let folded = fold(text);
        let words: Vec<Option<u32>> = words(&folded).map(|word| self.words.get(word)).collect();
        for start in 0..words.len() {
            let mut node = ROOT;
            for word in &words[start..] {
                let Some(word) = word else { break };
                let Some(&next) = self.next.get(&(node, *word)) else { break };
                node = next;
                found.extend_from_slice(&self.ends[node as usize]);
            }
        }
    }
}

/// The words of a folded text.
fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '+' | '#' | '.')))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn found(skills: &[&str], aliases: &[(&str, &str)], text: &str) -> Vec<String> {
        let mut dictionary = Dictionary::default();
        for skill in skills {
            dictionary.intern(skill);
        }
        let aliases = AliasTable::new(aliases.iter().copied()).unwrap();
        let mut found = Vec::new();
        SkillSearch::new(&dictionary, &aliases).find(text, &mut found);
        let mut found: Vec<_> =
            found.iter().map(|skill| dictionary.text(skill.0).to_owned()).collect();
        found.sort();
        found.dedup();
        found
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
}
