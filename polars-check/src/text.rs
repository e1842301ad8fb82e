//! Texts: what they fold to, and which skills they say.

use std::collections::{BTreeSet, HashMap};

use unicode_normalization::UnicodeNormalization;

/// A city, level or work mode: trimmed, in lower case; empty is null.
pub(crate) fn term(text: Option<&str>) -> Option<String> {
    text.map(|text| without_nul(text).trim().to_lowercase()).filter(|text| !text.is_empty())
}

/// The text as the database could store it.
pub(crate) fn without_nul(text: &str) -> String {
    text.chars().filter(|&c| c != '\0').collect()
}

fn folded(text: &str, rounds: u32) -> String {
    let next: String = text.nfkc().collect::<String>().to_lowercase();
    if rounds == 1 || next == text { next } else { folded(&next, rounds - 1) }
}

fn spelling(skill: &str) -> String {
    let mut spelling = String::new();
    for part in folded(&without_nul(skill), 4).split(char::is_whitespace) {
        if !part.is_empty() && !spelling.is_empty() {
            spelling.push(' ');
        }
        spelling.push_str(part);
    }
    spelling
}

/// The words of a text, each followed by a space.
fn words(text: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || c == '+' || c == '#' || c == '.';
    let parts: String =
        folded(&without_nul(text), 4).chars().map(|c| if is_part(c) { c } else { ' ' }).collect();
    let mut words = String::new();
    for word in parts.split(' ').map(|part| part.trim_end_matches('.')) {
        if !word.is_empty() {
            words.push_str(word);
            words.push(' ');
        }
    }
    words
}

/// The alias table.
pub(crate) struct Aliases(HashMap<String, String>);

impl Aliases {
    pub(crate) fn new(aliases: &[(String, String)]) -> Self {
        Self(aliases.iter().map(|(alias, name)| (spelling(alias), spelling(name))).collect())
    }

    /// The canonical form of a skill; none if nothing is left of it.
    pub(crate) fn canonical(&self, skill: &str) -> Option<String> {
        let skill = spelling(skill);
        Some(self.0.get(&skill).unwrap_or(&skill).clone()).filter(|skill| !skill.is_empty())
    }
}

/// What says a skill in a text, by its first word.
pub(crate) struct Forms(HashMap<String, Vec<(String, String)>>);

impl Forms {
    pub(crate) fn new(skills: &BTreeSet<String>, aliases: &Aliases) -> Self {
        let names = skills.iter().map(|skill| (skill, skill));
        let aliases = aliases.0.iter().filter(|(_, skill)| skills.contains(*skill));
        let mut forms: HashMap<_, Vec<_>> = HashMap::new();
        for (name, skill) in names.chain(aliases) {
            let form = words(name);
            let Some((first, _)) = form.split_once(' ') else { continue };
            let is_short = form.chars().count() - 1 < 3;
            if !(is_short && form.trim_end().chars().all(char::is_alphabetic)) {
                let first = first.to_owned();
                forms.entry(first).or_default().push((form, skill.clone()));
            }
        }
        Self(forms)
    }

    /// The skills that a text says; one may come more than once.
    pub(crate) fn said<'a>(&'a self, text: &str) -> Vec<&'a str> {
        let words = words(text);
        let mut rest = words.as_str();
        let mut said = Vec::new();
        while let Some((word, after)) = rest.split_once(' ') {
            for (form, skill) in self.0.get(word).into_iter().flatten() {
                if rest.starts_with(form.as_str()) {
                    said.push(skill.as_str());
                }
            }
            rest = after;
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skills_said_in_a_text() {
        let aliases = [("golang", "go"), ("Power-BI", "power bi")];
        let aliases = Aliases::new(&aliases.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert_eq!(aliases.canonical(" GoLang\u{a0}").as_deref(), Some("go"));
        assert_eq!(aliases.canonical("\0 "), None);
        let skills = ["go", "power bi", "c++", "c", "node.js", "a b c"].map(str::to_owned);
        let forms = Forms::new(&BTreeSet::from(skills), &aliases);
        let mut said = forms.said("C++, Node.js. Go/GOLANG (power—BI) a-b; A B\nc powerbi");
        said.sort_unstable();
        said.dedup();
        assert_eq!(said, ["a b c", "c++", "go", "node.js", "power bi"]);
        assert!(forms.said("go c power, node js").is_empty());
    }
}
