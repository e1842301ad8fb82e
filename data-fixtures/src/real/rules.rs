//! Words of a title, and ordered rules over them: the first that matches wins.

use std::collections::{HashMap, HashSet};

/// How a title is cut into words.
#[derive(Debug)]
pub(crate) struct Cutter {
    keep_plural: HashSet<String>,
    /// One word, or two with a space between.
    spellings: HashMap<String, Vec<String>>,
}

impl Cutter {
    pub(crate) fn new<'a>(
        keep_plural: Vec<String>,
        spellings: impl IntoIterator<Item = (&'a String, &'a String)>,
    ) -> Self {
        let mut cutter =
            Self { keep_plural: keep_plural.into_iter().collect(), spellings: HashMap::new() };
        for (written, meant) in spellings {
            let singular = |text: &str| -> Vec<String> {
                text.split(' ').map(|word| cutter.singular(word)).collect()
            };
            let (written, meant) = (singular(written).join(" "), singular(meant));
            cutter.spellings.insert(written, meant);
        }
        cutter
    }

    /// The words of `text`, each in the one form that rules know.
    pub(crate) fn words(&self, text: &str) -> Vec<String> {
        let plain = self.plain_words(text);
        let mut words = Vec::with_capacity(plain.len());
        let mut rest = plain.as_slice();
        while let [first, tail @ ..] = rest {
            let pair = tail.first().and_then(|second| {
                self.spellings.get(&format!("{first} {second}")).map(|meant| (meant, &tail[1..]))
            });
            let known = pair.or_else(|| self.spellings.get(first).map(|meant| (meant, tail)));
            if let Some((meant, after)) = known {
                words.extend(meant.iter().cloned());
                rest = after;
            } else {
                words.push(first.clone());
                rest = tail;
            }
        }
        words
    }

    fn plain_words(&self, text: &str) -> Vec<String> {
        let lower = text.to_lowercase();
        let mut words = Vec::new();
        for word in lower.split(|c: char| !c.is_alphanumeric() && !"+#.".contains(c)) {
            let word = self.singular(word.trim_end_matches('.'));
            if word.contains('.') && !self.spellings.contains_key(&word) {
                let parts = word.split('.').filter(|part| !part.is_empty());
                words.extend(parts.map(|part| self.singular(part)));
            } else if !word.is_empty() {
                words.push(word);
            }
        }
        words
    }

    /// Without a plural `s`; "sass" and "ios" keep theirs.
    fn singular(&self, word: &str) -> String {
        let plural = word.len() > 3
            && word.bytes().all(|byte| byte.is_ascii_alphabetic())
            && word.ends_with('s')
            && !word.ends_with("ss")
            && !self.keep_plural.contains(word);
        word[..word.len() - usize::from(plural)].to_owned()
    }
}

/// Parts that must all stand in a title, each a run of words with a space at both ends.
type Phrase = Vec<String>;

#[derive(Debug)]
struct Rule {
    name: String,
    phrases: Vec<Phrase>,
    unless: Vec<Phrase>,
}

/// Rules in their order.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    rules: Vec<Rule>,
    /// From the first word of a phrase to (rule, phrase): few phrases share one, so that a title is
    /// held against a handful of the thousands.
    by_first_word: HashMap<String, Vec<(usize, usize)>>,
}

impl Rules {
    /// A rule that comes after all before it. A phrase without a word never matches.
    pub(crate) fn push(
        &mut self,
        cutter: &Cutter,
        name: &str,
        phrases: &[String],
        unless: &[String],
    ) {
        let index = self.rules.len();
        let rule = Rule {
            name: name.to_owned(),
            phrases: phrases.iter().map(|text| phrase(cutter, text)).collect(),
            unless: unless.iter().map(|text| phrase(cutter, text)).collect(),
        };
        for (n, phrase) in rule.phrases.iter().enumerate() {
            let first = phrase.first().and_then(|part| part.split_whitespace().next());
            if let Some(first) = first {
                self.by_first_word.entry(first.to_owned()).or_default().push((index, n));
            }
        }
        self.rules.push(rule);
    }

    /// The name of the first rule that matches.
    pub(crate) fn first_match(&self, words: &[String]) -> Option<&str> {
        let title = format!(" {} ", words.join(" "));
        let stands = |phrase: &Phrase| phrase.iter().all(|part| title.contains(part.as_str()));
        let mut matching: Vec<usize> = words
            .iter()
            .filter_map(|word| self.by_first_word.get(word))
            .flatten()
            .filter(|&&(rule, n)| stands(&self.rules[rule].phrases[n]))
            .map(|&(rule, _)| rule)
            .collect();
        matching.sort_unstable();
        matching
            .into_iter()
            .map(|rule| &self.rules[rule])
            .find(|rule| !rule.unless.iter().any(stands))
            .map(|rule| rule.name.as_str())
    }

    /// Every rule's name, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.name.as_str())
    }
}

fn phrase(cutter: &Cutter, text: &str) -> Phrase {
    text.split(" & ").map(|part| format!(" {} ", cutter.words(part).join(" "))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    fn cutter() -> Cutter {
        let spellings =
            [(".net", ".net"), ("dot net", ".net"), ("node.js", "node"), ("sr", "senior")]
                .map(|(written, meant)| (written.to_owned(), meant.to_owned()));
        Cutter::new(strings(&["accounts"]), spellings.iter().map(|(a, b)| (a, b)))
    }

    #[test]
    fn words_are_cut_spelt_and_singular() {
        let cutter = cutter();
        for (text, words) in [
            ("Sr. Dot-Net Developers (C#/C++)", vec!["senior", ".net", "developer", "c#", "c++"]),
            ("ASP/.NET, Node.js.", vec!["asp", ".net", "node"]),
            ("Accounts_Managers b.tech", vec!["accounts", "manager", "b", "tech"]),
            ("Business iOS process", vec!["business", "ios", "process"]),
            ("  ... ", vec![]),
        ] {
            assert_eq!(cutter.words(text), words, "{text}");
        }
    }

    #[test]
    fn first_rule_wins_and_unless_steps_aside() {
        let cutter = cutter();
        let mut rules = Rules::default();
        rules.push(
            &cutter,
            "tester",
            &strings(&["test engineer", "testing & api"]),
            &strings(&["sales"]),
        );
        rules.push(&cutter, "engineer", &strings(&["engineer", "sales", "api", "..."]), &[]);
        for (title, name) in [
            ("Test Engineers", Some("tester")),
            ("Engineer, Test", Some("engineer")),
            ("API services testing", Some("tester")),
            ("Sales test engineer", Some("engineer")),
            ("Contest engineering", None),
            ("", None),
        ] {
            assert_eq!(rules.first_match(&cutter.words(title)), name, "{title}");
        }
    }
}
