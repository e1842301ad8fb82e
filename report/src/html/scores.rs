//! How well kept pairs fit, by tier.

use super::{
    chart::{
        Frame,
        bars::{cut, name},
        columns::{Column, ColumnChart, Mark},
        scale::Axis,
    },
    section::{self, numbers, panel},
};
use crate::{
    night::Night,
    scores::{GOOD, LOWEST, STRONG, Scores},
    words::{count, counted, share},
};
use maud::{Markup, html};

/// The section.
pub fn section(night: &Night) -> Markup {
    let tiers = tiers(night);
    let all = Scores::together(tiers.iter().map(|(_, scores)| *scores));
    section::section(
        "scores",
        "How well they fit",
        &html! {
            @if all.total() == 0 {
                p { "No pairs were kept." }
            } @else {
                p { (caption(&tiers, &all)) }
                (charts(&tiers))
                p.note {
                    "Each column is a fit score, as high as its part of the tier's pairs. A fit is \
                     good from 60, strong from 75. The column of the median stands out."
                }
                (table(&tiers))
            }
        },
    )
}

/// Tiers with their scores; where they are not known apart, all of them.
fn tiers(night: &Night) -> Vec<(String, Scores)> {
    if night.scores_by_tier.is_empty() {
        return vec![("all users".to_owned(), Scores::of_report(&night.report.scores))];
    }
    night
        .scores_by_tier
        .iter()
        .map(|(tier, points)| (format!("{tier} users"), Scores(*points)))
        .collect()
}

/// Every tier but `free` pays.
pub fn paying(night: &Night) -> Scores {
    let paying = night.scores_by_tier.iter().filter(|(tier, _)| tier != "free");
    Scores::together(paying.map(|(_, points)| Scores(*points)))
}

fn caption(tiers: &[(String, Scores)], all: &Scores) -> String {
    let mut sentences = vec![format!(
        "{} of the kept pairs are a strong fit, {} a good one.",
        share(all.between(STRONG, 101), all.total()),
        share(all.between(GOOD, STRONG), all.total())
    )];
    for (tier, scores) in tiers {
        if let Some(median) = scores.reached_by(0.5) {
            sentences.push(format!("Half of the pairs of {} score {median} or more.", cut(tier)));
        }
    }
    sentences.join(" ")
}

fn charts(tiers: &[(String, Scores)]) -> Markup {
    let part = |pairs: u64, scores: &Scores| pairs as f64 / scores.total().max(1) as f64 * 100.0;
    let highest = tiers
        .iter()
        .flat_map(|(_, scores)| scores.0.iter().map(move |pairs| part(*pairs, scores)))
        .fold(0.0, f64::max);
    // One axis for all, so that shapes can be compared.
    let axis = Axis::to(highest, 3, 1.0);
    html! {
        div.two {
            @for (nth, (tier, scores)) in tiers.iter().enumerate() {
                (panel(
                    &name(tier),
                    &format!("{} kept", counted(scores.total(), "pair", "pairs")),
                    &chart(nth, tier, scores, &axis),
                ))
            }
        }
    }
}

fn chart(nth: usize, tier: &str, scores: &Scores, axis: &Axis) -> Markup {
    let Some(median) = scores.reached_by(0.5) else {
        return html! { p { "No pairs were kept." } };
    };
    let total = scores.total();
    let columns: Vec<_> = (LOWEST..)
        .zip(scores.0)
        .map(|(score, pairs)| Column {
            value: pairs as f64 / total as f64 * 100.0,
            class: match score {
                _ if score == median => "ink",
                ..GOOD => "quiet",
                GOOD..STRONG => "pale",
                _ => "a",
            },
            hint: format!(
                "score {score}: {} ({})",
                counted(pairs, "pair", "pairs"),
                share(pairs, total)
            ),
            label: if score % 10 == 0 { score.to_string() } else { String::new() },
        })
        .collect();
    let desc = format!(
        "{} fair, {} good, {} strong; the median is {median}.",
        share(scores.between(LOWEST, GOOD), total),
        share(scores.between(GOOD, STRONG), total),
        share(scores.between(STRONG, 101), total),
    );
    ColumnChart {
        frame: Frame {
            id: &format!("scores-{nth}"),
            title: &format!("Fit scores of {}", cut(tier)),
            desc: &desc,
            height: 190,
        },
        columns: &columns,
        room: 0,
        axis,
        tick: |percent| format!("{percent} %"),
        marks: &[
            Mark { before: GOOD - LOWEST, text: "good" },
            Mark { before: STRONG - LOWEST, text: "strong" },
        ],
        across: None,
    }
    .svg()
}

fn table(tiers: &[(String, Scores)]) -> Markup {
    let rows: Vec<_> = tiers
        .iter()
        .map(|(tier, scores)| {
            let reached =
                |part| scores.reached_by(part).map_or("–".to_owned(), |score| score.to_string());
            vec![
                tier.clone(),
                count(scores.total()),
                count(scores.between(LOWEST, GOOD)),
                count(scores.between(GOOD, STRONG)),
                count(scores.between(STRONG, 101)),
                reached(0.75),
                reached(0.5),
                reached(0.25),
            ]
        })
        .collect();
    let columns = ["tier", "pairs", "fair", "good", "strong", "¾ reach", "half reach", "¼ reach"];
    numbers("Numbers by tier", &columns, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caption_says_what_half_reach() {
        let mut points = [0; 61];
        (points[58 - 40], points[80 - 40]) = (3, 1);
        let night = Night { scores_by_tier: vec![("paid".to_owned(), points)], ..Night::default() };
        let html = section(&night).into_string();
        assert!(html.contains("Half of the pairs of paid users score 58 or more."), "{html}");
        assert!(
            html.contains("25\u{a0}% of the kept pairs are a strong fit, 0\u{a0}% a good one."),
            "{html}"
        );
    }

    #[test]
    fn the_report_stands_in_for_tiers() {
        let mut night = Night::default();
        assert!(section(&night).into_string().contains("No pairs were kept."));
        night.report.scores.insert("61".to_owned(), 7);
        assert!(section(&night).into_string().contains("pairs of all users score 61 or more"));
    }

    #[test]
    fn a_tier_without_pairs_has_no_chart() {
        let mut points = [0; 61];
        points[9] = 5;
        let tiers = vec![("free".to_owned(), points), ("paid".to_owned(), [0; 61])];
        let night = Night { scores_by_tier: tiers, ..Night::default() };
        let html = section(&night).into_string();
        assert_eq!(
            (html.matches("<svg").count(), html.matches("No pairs were kept").count()),
            (1, 1)
        );
        assert_eq!(paying(&night).total(), 0);
    }
}
