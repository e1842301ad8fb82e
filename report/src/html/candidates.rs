//! How many jobs users can be offered at all.

use super::{
    chart::{
        Frame,
        columns::{Column, ColumnChart},
        scale::{Axis, log_bin},
    },
    section::{self, numbers},
};
use crate::{
    night::Night,
    words::{compact, count, counted, share, sum},
};
use maud::{Markup, html};

/// The section.
pub fn section(night: &Night) -> Markup {
    let bins = &night.users_by_candidates;
    let len = bins.iter().rposition(|users| *users > 0).map_or(0, |last| last + 1);
    section::section(
        "candidates",
        "How much choice users have",
        &body(&bins[..len], night.report.users.delta > 0),
    )
}

fn body(bins: &[u64], with_delta: bool) -> Markup {
    let Some(caption) = caption(bins) else { return html! { p { "No user was scored." } } };
    let largest = bins.iter().copied().max().unwrap_or(0);
    let total = sum(bins.iter().copied());
    let columns: Vec<_> = bins
        .iter()
        .enumerate()
        .map(|(nth, users)| Column {
            value: *users as f64,
            class: if nth == 0 { "b" } else { "a" },
            hint: format!(
                "{}: {} ({})",
                range(nth),
                counted(*users, "user", "users"),
                share(*users, total)
            ),
            // Every other label, and the first: all of them do not fit on a phone.
            label: if nth == 0 || nth % 2 == 1 { power(nth) } else { String::new() },
        })
        .collect();
    let chart = ColumnChart {
        frame: Frame {
            id: "candidates-chart",
            title: "Users by candidates",
            desc: &caption,
            height: 220,
        },
        columns: &columns,
        room: 10,
        axis: &Axis::to(largest as f64, 4, 1.0),
        tick: compact,
        marks: &[],
        across: None,
    };
    let rows: Vec<_> = bins
        .iter()
        .enumerate()
        .map(|(nth, users)| vec![range(nth), count(*users), share(*users, total)])
        .collect();
    html! {
        p { (caption) }
        div.panel.wide { (chart.svg()) }
        p.note {
            "A candidate is a job that passes the prefilter for the user. Each column counts users, \
             from the number of candidates below it to just under twice as many."
            @if with_delta {
                " Of users who were scored with the new jobs only, those and what was stored for \
                 them are all that counts: they have more to choose from."
            }
        }
        (numbers("Numbers of users by candidates", &["candidates", "users", "part"], &rows))
    }
}

fn caption(bins: &[u64]) -> Option<String> {
    let total = sum(bins.iter().copied());
    let middle = middle(bins)?;
    let none = bins.first().copied().unwrap_or(0);
    let none = match none {
        0 => "Everybody has at least one.".to_owned(),
        1 => format!("1 user ({}) has none.", share(none, total)),
        _ => format!("{} users ({}) have none.", count(none), share(none, total)),
    };
    Some(format!("The user in the middle has {}. {none}", range(middle)))
}

/// The bin in which the user in the middle is.
fn middle(bins: &[u64]) -> Option<usize> {
    let total: u128 = bins.iter().map(|users| u128::from(*users)).sum();
    let mut seen = 0;
    bins.iter().position(|users| {
        seen += u128::from(*users);
        *users > 0 && seen * 2 >= total
    })
}

/// `512`, `1k`, `2k`: the first number of a bin, in thousands of 1,024.
fn power(nth: usize) -> String {
    let mut from = log_bin(nth).0;
    let mut unit = "";
    for next in ["k", "M", "G", "T", "P", "E"] {
        if from >= 1_024 {
            (from, unit) = (from / 1_024, next);
        }
    }
    format!("{from}{unit}")
}

fn range(nth: usize) -> String {
    match log_bin(nth) {
        (0, _) => "no candidate".to_owned(),
        (1, 1) => "1 candidate".to_owned(),
        (from, to) => format!("{} to {} candidates", count(from), count(to)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_in_the_middle() {
        assert_eq!(middle(&[]), None);
        assert_eq!(middle(&[0, 0]), None);
        assert_eq!(middle(&[5]), Some(0));
        assert_eq!(middle(&[1, 1, 1]), Some(1));
        assert_eq!(middle(&[0, 3, 0, 3]), Some(1));
        assert_eq!(middle(&[u64::MAX, u64::MAX, 1]), Some(1));
    }

    #[test]
    fn powers_of_two_are_short() {
        assert_eq!(
            [0, 1, 10, 11, 17, 31, 64].map(power),
            ["0", "1", "512", "1k", "64k", "1G", "8E"]
        );
    }

    #[test]
    fn the_caption_says_who_has_none() {
        assert_eq!(
            caption(&[1, 0, 3]).unwrap(),
            "The user in the middle has 2 to 3 candidates. 1 user (25\u{a0}%) has none."
        );
    }

    #[test]
    fn nobody_is_no_chart() {
        let night = Night { users_by_candidates: vec![0; 9], ..Night::default() };
        let html = section(&night).into_string();
        assert!(html.contains("No user was scored.") && !html.contains("<svg"), "{html}");
    }
}
