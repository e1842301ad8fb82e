//! The alias table: other names of a skill.

use super::canonical;
use foldhash::fast::FixedState;
use sha2::{Digest, Sha256};
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

/// Why a table of aliases cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AliasError {
    /// The text is not CSV, or lacks a column.
    #[error("line {line}: expected the two columns `alias,canonical`: {reason}")]
    Csv {
        /// 1-based.
        line: u64,
        /// What the reader found.
        reason: String,
    },
    /// One alias, two skills.
    #[error("alias `{alias}` stands for both `{first}` and `{second}`: keep one of the rows")]
    Ambiguous {
        /// The alias.
        alias: String,
        /// The canonical name it had.
        first: String,
        /// The canonical name it was given again.
        second: String,
    },
    /// An alias of an alias.
    #[error(
        "alias `{alias}` stands for `{canonical}`, which is itself an alias of `{further}`: \
         name `{further}` directly"
    )]
    Chain {
        /// The alias.
        alias: String,
        /// Its canonical name.
        canonical: String,
        /// What that stands for in turn.
        further: String,
    },
}

/// Other names of skills, each with the canonical name it stands for.
///
/// Both sides are in canonical form, and no canonical name is itself an alias.
#[derive(Clone, Debug)]
pub struct AliasTable {
    canonical_of: HashMap<Box<str>, Box<str>, FixedState>,
    /// The aliases of a canonical name.
    aliases_of: HashMap<Box<str>, Vec<Box<str>>, FixedState>,
    sha256: String,
}

impl AliasTable {
    /// The table that talvix comes with.
    ///
    /// # Panics
    ///
    /// Never: a test parses the table.
    #[must_use]
    pub fn built_in() -> Self {
        Self::parse(include_str!("../../data/skill_aliases.csv"))
            .expect("the built-in alias table is well formed")
    }

    /// Reads CSV with a header that names the columns `alias` and `canonical`; lines that begin
    /// with `#` are comments, further columns are ignored.
    pub fn parse(csv: &str) -> Result<Self, AliasError> {
        let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(csv.as_bytes());
        let headers = reader.headers().map_err(|e| csv_error(&e))?.clone();
        let column = |name: &str| {
            headers.iter().position(|header| header.trim() == name).ok_or_else(|| AliasError::Csv {
                line: 1,
                reason: format!("the header has no column `{name}`"),
            })
        };
        let (alias_at, canonical_at) = (column("alias")?, column("canonical")?);

        let mut pairs = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|e| csv_error(&e))?;
            pairs.push((record[alias_at].to_owned(), record[canonical_at].to_owned()));
        }
        Self::new(pairs.iter().map(|(alias, name)| (alias.as_str(), name.as_str())))
    }

    /// A table of `(alias, canonical)` pairs; either side may be spelt in any way. A pair of which
    /// a side is empty, or whose sides are the same, says nothing and is left out.
    pub fn new<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, AliasError> {
        let mut sorted: BTreeMap<String, String> = BTreeMap::new();
        for (alias, name) in pairs {
            let (alias, name) = (canonical(alias).into_owned(), canonical(name).into_owned());
            if alias.is_empty() || name.is_empty() || alias == name {
                continue;
            }
            match sorted.get(&alias) {
                Some(first) if *first != name => {
                    return Err(AliasError::Ambiguous {
                        alias,
                        first: first.clone(),
                        second: name,
                    });
                }
                _ => sorted.insert(alias, name),
            };
        }

        let mut hash = Sha256::new();
        let mut table = AliasTable {
            canonical_of: HashMap::default(),
            aliases_of: HashMap::default(),
            sha256: String::new(),
        };
        for (alias, name) in &sorted {
            if let Some(further) = sorted.get(name) {
                return Err(AliasError::Chain {
                    alias: alias.clone(),
                    canonical: name.clone(),
                    further: further.clone(),
                });
            }
            hash.update(alias);
            hash.update([0]);
            hash.update(name);
            hash.update([0]);
            table.canonical_of.insert(alias.as_str().into(), name.as_str().into());
            table.aliases_of.entry(name.as_str().into()).or_default().push(alias.as_str().into());
        }
        table.sha256 = crate::model::hex(&hash.finalize());
        Ok(table)
    }

    /// The canonical name of a skill as somebody spelt it; `None` when nothing is left of it.
    #[must_use]
    pub fn canonical<'a>(&'a self, skill: &'a str) -> Option<Cow<'a, str>> {
        let form = canonical(skill);
        if form.is_empty() {
            return None;
        }
        Some(match self.canonical_of.get(form.as_ref()) {
            Some(name) => Cow::Borrowed(name),
            None => form,
        })
    }

    /// The aliases of a canonical name, by code point.
    #[must_use]
    pub fn aliases_of(&self, name: &str) -> &[Box<str>] {
        self.aliases_of.get(name).map_or(&[], Vec::as_slice)
    }

    /// SHA-256 over the table, in hex: equal for tables that mean the same.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

fn csv_error(error: &csv::Error) -> AliasError {
    AliasError::Csv {
        line: error.position().map_or(1, csv::Position::line),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_are_canonical() {
        let table = AliasTable::parse("alias,canonical\n# note\n React JS ,React\n").unwrap();
        assert_eq!(table.canonical("REACT  js").unwrap(), "react");
        assert_eq!(table.canonical("Vue").unwrap(), "vue");
        assert!(table.canonical(" \t").is_none());
        assert_eq!(table.aliases_of("react"), ["react js".into()]);
    }

    #[test]
    fn the_hash_follows_the_meaning() {
        let hash = |csv: &str| AliasTable::parse(csv).unwrap().sha256;
        assert_eq!(hash("alias,canonical\na,b\nc,d\n"), hash("canonical,alias\nD,c\nb,A\n"));
        assert_ne!(hash("alias,canonical\na,b\n"), hash("alias,canonical\na,c\n"));
    }

    #[test]
    fn refuses_what_has_two_meanings() {
        let error = |csv: &str| AliasTable::parse(csv).unwrap_err().to_string();
        assert_eq!(
            error("alias,canonical\njs,javascript\nJS,joist\n"),
            "alias `js` stands for both `javascript` and `joist`: keep one of the rows"
        );
        assert_eq!(
            error("alias,canonical\na,b\nb,c\n"),
            "alias `a` stands for `b`, which is itself an alias of `c`: name `c` directly"
        );
        assert!(error("name,canonical\na,b\n").contains("no column `alias`"));
    }

    #[test]
    fn the_built_in_table_is_well_formed() {
        assert!(AliasTable::built_in().canonical_of.len() > 500);
    }
}
