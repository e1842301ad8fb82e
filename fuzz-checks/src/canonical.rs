//! Skills and texts, as people spell them.

use std::sync::LazyLock;

use talvix_engine::skills::{AliasTable, Words, canonical, fold};

static ALIASES: LazyLock<AliasTable> = LazyLock::new(AliasTable::built_in);

/// Folds a text, and takes it apart into words.
///
/// # Panics
///
/// Where a form is not final, or words are others than the slow rule finds.
pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let folded = fold(&text);
    assert_eq!(fold(&folded), folded, "folding {text:?} twice");
    assert!(!folded.contains('\0'));

    let form = canonical(&text);
    assert_eq!(canonical(&form), form, "the canonical form of {text:?}");
    let collapsed: Vec<&str> = form.split_whitespace().collect();
    assert_eq!(collapsed.join(" "), form, "white space in {text:?}");
    match ALIASES.canonical(&text) {
        Some(name) => assert_eq!(ALIASES.canonical(&name).as_ref(), Some(&name), "{text:?}"),
        None => assert!(form.is_empty()),
    }

    let mut words = Words::default();
    words.split(&text);
    let slow = folded
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '+' | '#' | '.')))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| !word.is_empty());
    assert!(words.iter().map(|word| word.bytes).eq(slow.map(str::as_bytes)), "words of {text:?}");
}
