//! Where the time went: the phases of the run on one clock.

use super::{
    chart::{bars::cut, timeline},
    section,
};
use crate::{night::Night, run::Span, words::duration};
use maud::{Markup, html};

/// The section.
pub fn section(night: &Night) -> Markup {
    let report = &night.report;
    let seconds = &report.seconds;
    let spans: Vec<_> = report.timeline.iter().filter(|span| is_sound(span)).cloned().collect();
    let caption = caption(&spans, seconds.total);
    section::section(
        "time",
        "Where the time went",
        &html! {
            p { (caption) }
            @if !spans.is_empty() {
                div.panel.wide { (timeline::svg("timeline", &caption, &spans, seconds.total)) }
                p.note {
                    "Pale: from first to last having something to do. Filled: how much of that it \
                     was busy; the rest it waited for others."
                }
            }
            p.note {
                "As the report counts it: load " (duration(seconds.load))
                ", pin " (duration(seconds.pin)) ", score " (duration(seconds.score))
                ", write " (duration(seconds.write)) ", publish " (duration(seconds.publish))
                ". Phases work side by side, so they can add up to more than the run."
            }
        },
    )
}

fn is_sound(span: &Span) -> bool {
    [span.from, span.to, span.busy].iter().all(|at| at.is_finite() && *at >= 0.0)
        && span.to >= span.from
}

fn caption(spans: &[Span], total: f64) -> String {
    let Some(longest) = spans.iter().max_by(|a, b| a.busy.total_cmp(&b.busy)) else {
        return format!("The run took {}. No times of phases were noted.", duration(total));
    };
    let part = if total > 0.0 && longest.busy <= total {
        format!(" ({:.0}\u{a0}% of it)", longest.busy / total * 100.0)
    } else {
        String::new()
    };
    let mut sentences = vec![
        format!("The run took {}.", duration(total)),
        format!(
            "{} was busy longest, {}{part}.",
            sentence_case(&longest.phase),
            duration(longest.busy)
        ),
    ];
    // Less is no finding: neighbours always touch.
    if let Some((one, other, together)) = overlap(spans)
        && together > total * 0.05
    {
        sentences.push(format!(
            "{} and {} worked side by side for {}.",
            sentence_case(one),
            cut(other),
            duration(together)
        ));
    }
    sentences.join(" ")
}

fn sentence_case(name: &str) -> String {
    let name = cut(name);
    let mut letters = name.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// The two phases that were at work together for longest.
fn overlap(spans: &[Span]) -> Option<(&str, &str, f64)> {
    let pairs = spans.iter().enumerate().flat_map(|(nth, one)| {
        spans[nth + 1..].iter().map(move |other| {
            let together = one.to.min(other.to) - one.from.max(other.from);
            (&*one.phase, &*other.phase, together)
        })
    });
    pairs.filter(|(.., together)| *together > 0.0).max_by(|a, b| a.2.total_cmp(&b.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(phase: &str, from: f64, to: f64, busy: f64) -> Span {
        Span { phase: phase.to_owned(), from, to, busy }
    }

    #[test]
    fn the_caption_names_the_slowest_and_what_overlapped() {
        let spans = [
            span("load", 0.0, 3.0, 3.0),
            span("score", 2.0, 20.0, 15.0),
            span("write", 5.0, 21.0, 8.0),
        ];
        assert_eq!(
            caption(&spans, 21.0),
            "The run took 21\u{a0}s. Score was busy longest, 15\u{a0}s (71\u{a0}% of it). Score and write worked \
             side by side for 15\u{a0}s."
        );
        assert_eq!(caption(&[], 2.0), "The run took 2.00\u{a0}s. No times of phases were noted.");
    }

    #[test]
    fn phases_one_after_the_other_do_not_overlap() {
        assert_eq!(overlap(&[span("a", 0.0, 1.0, 1.0), span("b", 1.0, 2.0, 1.0)]), None);
    }
}
