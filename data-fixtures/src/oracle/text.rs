//! Texts as they are compared: skills, words, cities.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

/// A text without its NUL characters, which the database cannot store: the same night must come
/// out of a Parquet file that has them.
pub(super) fn stored(s: &str) -> String {
    s.replace('\0', "")
}

/// A city, level or work mode: trimmed, in lower case; empty is null.
pub(super) fn term(s: Option<&str>) -> Option<String> {
    let s = stored(s?).trim().to_lowercase();
    (!s.is_empty()).then_some(s)
}

/// NFKC and lower case, repeated until nothing changes: either can undo the other once.
pub(super) fn fold(s: &str) -> String {
    let mut folded = stored(s);
    for _ in 0..4 {
        let again = folded.nfkc().collect::<String>().to_lowercase();
        if again == folded {
            break;
        }
        folded = again;
    }
    folded
}

/// The words of a text: runs of letters, digits, `+`, `#` and `.`, without trailing `.`.
pub(super) fn words(s: &str) -> Vec<String> {
    fold(s)
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '+' | '#' | '.')))
        .map(|word| word.trim_end_matches('.').to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

/// The alias table: what a skill is called, and what else it is called.
pub(super) struct Aliases {
    canonical_of: HashMap<String, String>,
    aliases_of: HashMap<String, Vec<String>>,
}

impl Aliases {
    /// From pairs of alias and canonical form; no alias may stand in them twice.
    pub(super) fn new(pairs: &[(String, String)]) -> Self {
        let mut canonical_of = HashMap::new();
        let mut aliases_of: HashMap<String, Vec<String>> = HashMap::new();
        for (alias, canonical) in pairs {
            let (alias, canonical) = (spelling(alias), spelling(canonical));
            aliases_of.entry(canonical.clone()).or_default().push(alias.clone());
            canonical_of.insert(alias, canonical);
        }
        Self { canonical_of, aliases_of }
    }

    /// The form in which a skill is compared and shown; none if nothing is left of it.
    pub(super) fn canonical(&self, skill: &str) -> Option<String> {
        let skill = spelling(skill);
        let skill = self.canonical_of.get(&skill).cloned().unwrap_or(skill);
        (!skill.is_empty()).then_some(skill)
    }

    /// The runs of words, joined by one space, that say the skill in a text.
    pub(super) fn forms(&self, skill: &str) -> Vec<String> {
        let aliases = self.aliases_of.get(skill).into_iter().flatten().map(String::as_str);
        std::iter::once(skill)
            .chain(aliases)
            .map(|name| words(name).join(" "))
            .filter(|form| !form.is_empty() && !says_too_little(form))
            .collect()
    }
}

/// Folded, white space collapsed and trimmed: canonical but for the alias table.
fn spelling(s: &str) -> String {
    fold(s).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `c`, `go` and `r` stand in many a text that does not mean the language.
fn says_too_little(form: &str) -> bool {
    form.chars().count() < 3 && form.chars().all(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aliases() -> Aliases {
        let pairs = [("K8s", "Kubernetes"), ("ＮＯＤＥ  JS", "Node.js"), ("Golang", "Go")];
        Aliases::new(&pairs.map(|(a, c)| (a.to_owned(), c.to_owned())))
    }

    #[test]
    fn skills_that_differ_in_case_width_composition_and_space_are_one() {
        let aliases = aliases();
        for (skill, canonical) in [
            ("  Power \u{a0}\t BI ", "power bi"),
            ("Ｃ＋＋", "c++"),
            ("Cafe\u{301}", "café"),
            ("k8S", "kubernetes"),
            ("node js", "node.js"),
            ("Node.JS", "node.js"),
            ("GO", "go"),
            ("\u{130}stanbul", "i\u{307}stanbul"),
            ("Py\0thon", "python"),
            ("ﬁnance", "finance"),
        ] {
            assert_eq!(aliases.canonical(skill).as_deref(), Some(canonical), "{skill:?}");
        }
        for nothing in ["", " \u{3000} ", "\0"] {
            assert_eq!(aliases.canonical(nothing), None);
        }
    }

    #[test]
    fn folding_again_changes_nothing_for_any_character() {
        for c in '\0'..=char::MAX {
            let folded = fold(&c.to_string());
            assert_eq!(fold(&folded), folded, "{c:?}");
        }
    }

    #[test]
    fn words_keep_plus_hash_and_inner_dots() {
        assert_eq!(
            words("C++/C#, Node.js... (.NET) e.g. CI-CD; 5G... ..."),
            ["c++", "c#", "node.js", ".net", "e.g", "ci", "cd", "5g"]
        );
        assert_eq!(words("naïve日本 ½"), ["naïve日本", "1", "2"]);
        assert!(words(" -- ... \u{200b}").is_empty());
    }

    #[test]
    fn short_forms_of_letters_say_nothing() {
        let aliases = aliases();
        assert_eq!(aliases.forms("go"), ["golang"]);
        assert_eq!(aliases.forms("kubernetes"), ["kubernetes", "k8s"]);
        assert_eq!(aliases.forms("node.js"), ["node.js", "node js"]);
        assert_eq!(aliases.forms("c++"), ["c++"]);
        assert_eq!(aliases.forms("c/d"), ["c d"]);
        assert_eq!(aliases.forms("5g"), ["5g"]);
        assert_eq!(aliases.forms("r."), [""; 0]);
        assert_eq!(aliases.forms("(-)"), [""; 0]);
    }

    #[test]
    fn terms_are_trimmed_and_lower_case() {
        assert_eq!(term(Some(" Navi Mumbai\0 ")).as_deref(), Some("navi mumbai"));
        assert_eq!(term(Some("\0 \0")), None);
        assert_eq!(term(None), None);
    }
}
