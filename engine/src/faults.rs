//! Impossible input values: counted by kind, with a few examples by id, never by content.

use crate::ids::{Uuid, uuid_text};
use std::collections::BTreeMap;

/// How many examples of a kind are kept.
pub const MAX_EXAMPLES: usize = 20;

/// Counts of impossible values, by kind, such as `salary_negative`.
///
/// Each such value reads as if it were not given; nothing else of its row is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(BTreeMap<&'static str, Fault>);

/// One kind of fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// How often it was met.
    pub count: u64,
    /// The first few rows, such as `job 0190…`.
    pub examples: Vec<String>,
}

impl Faults {
    /// Counts a fault of the row `what` `id`.
    pub fn add(&mut self, kind: &'static str, what: &str, id: &Uuid) {
        let fault = self.0.entry(kind).or_default();
        fault.count += 1;
        if fault.examples.len() < MAX_EXAMPLES {
            fault.examples.push(format!("{what} {}", uuid_text(id)));
        }
    }

    /// Adds the counts of another set.
    pub fn merge(&mut self, other: Faults) {
        for (kind, fault) in other.0 {
            let mine = self.0.entry(kind).or_default();
            mine.count += fault.count;
            let room = MAX_EXAMPLES - mine.examples.len();
            mine.examples.extend(fault.examples.into_iter().take(room));
        }
    }

    /// The kinds that were met, in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Fault)> {
        self.0.iter().map(|(kind, fault)| (*kind, fault))
    }

    /// How often a kind was met.
    #[must_use]
    pub fn count(&self, kind: &str) -> u64 {
        self.0.get(kind).map_or(0, |fault| fault.count)
    }
}
