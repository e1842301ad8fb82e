//! A list of names with lying bars: rankings.
//!
//! Names and numbers are HTML: names wrap, copy and read aloud as text does. Only the bar is SVG,
//! and says nothing that the number beside it does not.

use super::scale::percent;
use maud::{Markup, html};

/// A line of the list.
#[derive(Clone, Debug, Default)]
pub struct Bar {
    /// What it is about.
    pub name: String,
    /// More about it, in small print.
    pub note: String,
    /// How long the bar is, in the unit of the longest one.
    pub length: f64,
    /// The number at its end.
    pub shown: String,
}

/// The list, longest bar as wide as there is room, in the colour of a class.
#[must_use]
pub fn list(bars: &[Bar], class: &str) -> Markup {
    let longest = bars.iter().map(|bar| bar.length).filter(|length| length.is_finite());
    let longest = longest.fold(0.0, f64::max);
    html! {
        ul.bars {
            @for bar in bars {
                li {
                    span.name {
                        (name(&bar.name))
                        @if !bar.note.is_empty() { " " span.note { (bar.note) } }
                    }
                    span.number { (bar.shown) }
                    svg aria-hidden="true" width="100%" height="8" {
                        rect.track width="100%" height="8" rx="2" {}
                        @if bar.length > 0.0 {
                            rect class=(class) width=(percent((bar.length / longest).max(0.004)))
                                height="8" rx="2" {}
                        }
                    }
                }
            }
        }
    }
}

/// A name that somebody else chose: isolated, so that its direction does not reach its
/// neighbours, and cut where it is far longer than a name.
#[must_use]
pub fn name(name: &str) -> Markup {
    html! { bdi { (cut(name)) } }
}

/// A name of the report's own, which may break after its underscores.
#[must_use]
pub fn code(name: &str) -> Markup {
    let name = cut(name);
    html! {
        code {
            @for (nth, part) in name.split('_').enumerate() {
                @if nth > 0 { "_" wbr; }
                (part)
            }
        }
    }
}

/// The first 60 characters; something also of a name that is empty.
#[must_use]
pub fn cut(name: &str) -> String {
    const LONGEST: usize = 60;
    if name.trim().is_empty() {
        return "(no name)".to_owned();
    }
    match name.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &name[..at]),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(lengths: &[f64]) -> Vec<String> {
        let bars: Vec<_> =
            lengths.iter().map(|length| Bar { length: *length, ..Bar::default() }).collect();
        let html = list(&bars, "a").into_string();
        let doc = roxmltree::Document::parse(&html).unwrap();
        let widths = doc.descendants().filter(|node| node.attribute("class") == Some("a"));
        widths.map(|bar| bar.attribute("width").unwrap().to_owned()).collect()
    }

    #[test]
    fn the_longest_bar_is_all_of_the_width() {
        assert_eq!(lengths(&[200.0, 50.0, 0.0]), ["100%", "25%"]);
        assert_eq!(lengths(&[1e12, 1.0]), ["100%", "0.4%"]);
        assert_eq!(lengths(&[0.0, f64::NAN]), [""; 0]);
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        assert_eq!((cut("short"), cut(" ")), ("short".to_owned(), "(no name)".to_owned()));
        assert_eq!(cut(&"₹".repeat(61)), format!("{}…", "₹".repeat(60)));
    }
}
