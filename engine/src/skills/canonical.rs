//! The canonical form of a text.

use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// Unicode NFKC and lower case, with NUL removed (PostgreSQL cannot store it, so that a dataset
/// that holds one gives what the database would).
///
/// Lower-casing can undo NFKC for a few letters; the two are repeated until nothing changes, so
/// that folding twice is folding once.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|byte| byte.is_ascii_uppercase() || byte == 0) {
            Cow::Owned(text.replace('\0', "").to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    let mut folded = fold_once(text);
    // Two rounds settle every letter known today; the bound is for letters not known yet.
    for _ in 0..3 {
        let again = fold_once(&folded);
        if again == folded {
            break;
        }
        folded = again;
    }
    Cow::Owned(folded)
}

/// Which versions of Unicode decide what is a letter, and what its canonical form is: stored texts
/// that were folded by others may differ.
#[must_use]
pub fn unicode_version() -> String {
    format!("{:?} {:?}", char::UNICODE_VERSION, unicode_normalization::UNICODE_VERSION)
}

fn fold_once(text: &str) -> String {
    let text: Cow<'_, str> =
        if text.contains('\0') { text.replace('\0', "").into() } else { text.into() };
    if is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        text.to_lowercase()
    } else {
        text.nfkc().collect::<String>().to_lowercase()
    }
}

/// A skill's form before the alias table: folded, inner white space collapsed to one space,
/// trimmed. May be empty.
#[must_use]
pub fn canonical(text: &str) -> Cow<'_, str> {
    match fold(text) {
        Cow::Borrowed(folded) => collapse(folded),
        Cow::Owned(folded) => Cow::Owned(collapse(&folded).into_owned()),
    }
}

fn collapse(text: &str) -> Cow<'_, str> {
    let mut was_space = true;
    let collapsed = text.chars().all(|c| {
        let is_space = c.is_whitespace();
        let fits = !is_space || (c == ' ' && !was_space);
        was_space = is_space;
        fits
    });
    if collapsed && !text.ends_with(' ') {
        return Cow::Borrowed(text);
    }
    let mut words = text.split_whitespace();
    let mut out = String::with_capacity(text.len());
    out.push_str(words.next().unwrap_or_default());
    for word in words {
        out.push(' ');
        out.push_str(word);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_form_for_case_width_composition_and_space() {
        assert_eq!(canonical("  Node.JS \t 20 "), "node.js 20");
        assert_eq!(canonical("ＳＱＬ"), "sql");
        assert_eq!(canonical("cafe\u{301}"), "caf\u{e9}");
        assert_eq!(canonical("machine\u{a0}learning"), "machine learning");
        assert_eq!(canonical("a\0b"), "ab");
        assert_eq!(canonical(" \u{3000}\t"), "");
        assert_eq!(canonical("sql"), "sql");
    }

    /// Letters whose lower case, width or composition surprises; marks without end; directions.
    #[test]
    fn odd_letters_have_one_form() {
        let marks = format!("z{}", "\u{301}".repeat(64));
        for (text, want) in [
            ("İstanbul", "i\u{307}stanbul"),
            ("I\u{307}stanbul", "i\u{307}stanbul"),
            ("ISPARTA", "isparta"),
            ("ıspanak", "ıspanak"),
            ("STRAßE", "straße"),
            ("STRAẞE", "straße"),
            ("ΟΔΟΣ", "οδος"),
            ("K (the sign of kelvin)", "k (the sign of kelvin)"),
            ("ﬁnance", "finance"),
            ("①②", "12"),
            ("हिन्दी", "हिन्दी"),
            ("\u{958}", "\u{915}\u{93c}"),
            ("क\u{94d}\u{200d}ष", "क\u{94d}\u{200d}ष"),
            ("\u{1F469}\u{200D}\u{1F680}", "\u{1F469}\u{200D}\u{1F680}"),
            ("\u{202e}SQL\u{202c}", "\u{202e}sql\u{202c}"),
            ("עברית", "עברית"),
            ("한국어", "한국어"),
            ("ﾃﾞｰﾀ", "データ"),
            ("c\u{327}\u{301}", "ḉ"),
            ("c\u{301}\u{327}", "ḉ"),
        ] {
            let once = canonical(text).into_owned();
            assert_eq!(once, fold(want), "{text}");
            assert_eq!(canonical(&once), once, "{text}");
        }
        let once = canonical(&marks).into_owned();
        assert_eq!(once.chars().count(), 64);
        assert_eq!(canonical(&once), once);
    }

    proptest! {
        /// Letters that fold oddly, in any order with any marks, more often than chance has them.
        #[test]
        fn twice_is_once_for_odd_letters(
            text in "[İıIißẞςΣσﬁﷺ①ḉ\u{345}\u{300}-\u{36f}\u{900}-\u{94f}\u{ac00}-\u{ac10}\u{1100}-\u{1115}\u{1161}-\u{1175}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{1d400}-\u{1d440} \t\u{a0}\u{3000}\u{0}]{0,40}",
        ) {
            let once = canonical(&text).into_owned();
            prop_assert_eq!(canonical(&once), once.as_str());
        }

        #[test]
        fn twice_is_once(text in any::<String>()) {
            let once = canonical(&text).into_owned();
            prop_assert_eq!(canonical(&once), once.as_str());
        }

        #[test]
        fn equals_the_slow_line(text in "[ -~\\x00\t]{0,20}") {
            let slow = text.replace('\0', "").to_lowercase();
            let slow = slow.split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assert_eq!(canonical(&text), slow.as_str());
        }
    }
}
