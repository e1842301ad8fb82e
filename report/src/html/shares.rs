//! Kept pairs by role family and by city.

use super::{
    chart::bars::{self, Bar, cut},
    section::{self, numbers, panel},
};
use crate::{
    night::{Night, Share},
    words::{count, counted, share, sum},
};
use maud::{Markup, html};

/// How many are drawn; the others are a sentence.
const DRAWN: usize = 15;

/// The section.
pub fn section(night: &Night) -> Markup {
    section::section(
        "shares",
        "Where kept pairs are",
        &html! {
            div.two {
                (panel(&html! { "By role family" }, "", &ranking(&night.roles, "family", "families")))
                (panel(&html! { "By city" }, "", &ranking(&night.cities, "city", "cities")))
            }
        },
    )
}

fn ranking(shares: &[Share], one: &str, many: &str) -> Markup {
    let kept = sum(shares.iter().map(|share| share.kept));
    if kept == 0 {
        return html! { p { "No pairs were kept." } };
    }
    let bars: Vec<_> = shares
        .iter()
        .take(DRAWN)
        .map(|part| Bar {
            name: city(&part.name).to_owned(),
            note: format!(
                "{}, {}",
                counted(part.jobs, "job", "jobs"),
                counted(part.users, "user", "users")
            ),
            length: part.kept as f64,
            shown: count(part.kept),
        })
        .collect();
    let rest = shares.get(DRAWN..).unwrap_or_default();
    let rows: Vec<_> = shares
        .iter()
        .map(|part| {
            vec![city(&part.name).to_owned(), count(part.kept), count(part.jobs), count(part.users)]
        })
        .collect();
    html! {
        p { (caption(shares, kept, one, many)) }
        (bars::list(&bars, "a"))
        @if !rest.is_empty() {
            p.note {
                "And " (counted(rest.len() as u64, &format!("more {one}"), &format!("more {many}")))
                " with " (counted(sum(rest.iter().map(|part| part.kept)), "pair", "pairs")) "."
            }
            (numbers(
                &format!("All {}", counted(shares.len() as u64, one, many)),
                &[one, "kept", "jobs", "users"],
                &rows,
            ))
        }
    }
}

/// `qa has most (12 %); half of all are in 5 of 74 families.`
fn caption(shares: &[Share], kept: u64, one: &str, many: &str) -> String {
    let Some(first) = shares.first() else { return String::new() };
    if shares.len() == 1 {
        return format!("All kept pairs are in one {one}: {}.", cut(city(&first.name)));
    }
    let half = half(shares);
    format!(
        "{} has most ({}); half of all are in {} of {} {many}.",
        cut(city(&first.name)),
        share(first.kept, kept),
        count(half as u64),
        count(shares.len() as u64),
    )
}

/// How many of the first ones hold half of the pairs.
fn half(shares: &[Share]) -> usize {
    let kept: u128 = shares.iter().map(|share| u128::from(share.kept)).sum();
    let mut seen = 0;
    let enough = shares.iter().position(|share| {
        seen += u128::from(share.kept);
        seen * 2 >= kept
    });
    enough.map_or(0, |at| at + 1)
}

/// The market city of jobs that are neither remote nor have one is `-`.
pub fn city(name: &str) -> &str {
    if name == "-" { "no city" } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(kept: &[u64]) -> Vec<Share> {
        (1..)
            .zip(kept)
            .map(|(nth, kept)| Share {
                name: format!("role {nth}"),
                jobs: 2,
                users: 1,
                kept: *kept,
            })
            .collect()
    }

    #[test]
    fn half_of_the_pairs_are_in_the_first_ones() {
        assert_eq!(half(&shares(&[5, 3, 2])), 1);
        assert_eq!(half(&shares(&[4, 3, 3])), 2);
        assert_eq!(half(&shares(&[u64::MAX, u64::MAX])), 1);
        assert_eq!(half(&[]), 0);
    }

    #[test]
    fn the_rest_is_a_sentence() {
        let html = ranking(&shares(&[10; 17]), "family", "families").into_string();
        assert!(html.contains("And 2 more families with 20 pairs."), "{html}");
        assert!(
            html.contains("role 1 has most (5.9\u{a0}%); half of all are in 9 of 17 families."),
            "{html}"
        );
        assert!(html.contains("2 jobs, 1 user"), "{html}");
    }

    #[test]
    fn nothing_kept_is_no_chart() {
        let html = ranking(&shares(&[0, 0]), "city", "cities").into_string();
        assert_eq!(html, "<p>No pairs were kept.</p>");
    }
}
