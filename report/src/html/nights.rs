//! The last nights side by side.

use super::{
    chart::{
        Frame,
        columns::{Column, ColumnChart},
        scale::Axis,
    },
    section::{self, numbers, panel},
};
use crate::{
    night::{Night, NightInBrief},
    words::{compact, count, duration, memory, short_date},
};
use maud::{Markup, html};

/// Something that is compared.
struct Measure {
    id: &'static str,
    name: &'static str,
    of: fn(&NightInBrief) -> f64,
    show: fn(f64) -> String,
    tick: fn(f64) -> String,
}

const MEASURES: [Measure; 6] = [
    Measure {
        id: "kept",
        name: "Kept pairs",
        of: |night| night.kept as f64,
        show: whole,
        tick: compact,
    },
    Measure {
        id: "new",
        name: "New jobs",
        of: |night| night.new_jobs as f64,
        show: whole,
        tick: compact,
    },
    Measure {
        id: "scored",
        name: "Users scored",
        of: |night| night.users_scored as f64,
        show: whole,
        tick: compact,
    },
    Measure {
        id: "without",
        name: "Users without a match",
        of: |night| night.users_without_match as f64,
        show: whole,
        tick: compact,
    },
    Measure {
        id: "seconds",
        name: "Duration",
        of: |night| night.seconds,
        show: duration,
        tick: |seconds| format!("{} s", compact(seconds)),
    },
    Measure {
        id: "memory",
        name: "Memory at most",
        of: |night| night.peak_rss_bytes as f64,
        show: |bytes| memory(bytes as u64),
        tick: |bytes| format!("{}B", compact(bytes)),
    },
];

fn whole(number: f64) -> String {
    count(number as u64)
}

/// The section.
pub fn section(night: &Night) -> Markup {
    let nights = &*night.history;
    section::section(
        "nights",
        "Beside earlier nights",
        &html! {
            @match nights {
                [] => p { "Earlier nights are not known." },
                [_] => p { "This is the only night there is: nothing to compare with yet." },
                [earlier @ .., this] => {
                    p { (caption(earlier, this)) }
                    div.three { @for measure in &MEASURES { (chart(measure, nights)) } }
                    p.note {
                        "One column is a run, this one is coloured; the dashed line is the median of \
                         the earlier ones. Two runs of one date stand side by side."
                    }
                    (table(nights))
                }
            }
        },
    )
}

/// What is far from usual, in words.
fn caption(earlier: &[NightInBrief], this: &NightInBrief) -> String {
    /// A night is out of the ordinary where it has this many times the median, or that part of it.
    const FAR: f64 = 1.5;
    let odd: Vec<_> = MEASURES
        .iter()
        .filter_map(|measure| {
            let (now, usual) = ((measure.of)(this), median(earlier, measure.of)?);
            let is_odd = now.is_finite() && (now > usual * FAR || now * FAR < usual);
            is_odd.then(|| {
                let name = measure.name.to_lowercase();
                format!("{name} {} (usually {})", (measure.show)(now), (measure.show)(usual))
            })
        })
        .collect();
    let earlier = match earlier.len() {
        1 => "the run before".to_owned(),
        several => format!("the {several} runs before"),
    };
    if odd.is_empty() {
        return format!("Nothing is far from the median of {earlier}.");
    }
    format!("Far from the median of {earlier}: {}.", odd.join(", "))
}

/// Of the nights that have a number.
fn median(nights: &[NightInBrief], of: fn(&NightInBrief) -> f64) -> Option<f64> {
    let mut values: Vec<_> = nights.iter().map(of).filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let (low, high) =
        (values.get(values.len().checked_sub(1)? / 2)?, values.get(values.len() / 2)?);
    Some(low + (high - low) / 2.0)
}

/// Columns between two labels that do not run into each other.
const LABELS_APART: usize = 4;

fn chart(measure: &Measure, nights: &[NightInBrief]) -> Markup {
    let [earlier @ .., this] = nights else { return Markup::default() };
    let usual = median(earlier, measure.of);
    let values = nights.iter().map(measure.of);
    let highest = values.clone().filter(|value| value.is_finite()).fold(0.0, f64::max);
    let shown = (measure.show)((measure.of)(this));
    let told = usual.map_or(String::new(), |usual| format!("usually {}", (measure.show)(usual)));
    let heading = html! { (measure.name) " " strong { (shown) } };
    if highest <= 0.0 {
        return panel(&heading, "", &html! { p { "Always 0." } });
    }
    let last = nights.len() - 1;
    let columns: Vec<_> = nights
        .iter()
        .zip(values)
        .enumerate()
        .map(|(nth, (night, value))| Column {
            value,
            class: if nth == last { "a" } else { "quiet" },
            hint: format!("{}: {}", short_date(&night.run_date), (measure.show)(value)),
            label: if nth == last || (nth == 0 && last >= LABELS_APART) {
                label(&night.run_date)
            } else {
                String::new()
            },
        })
        .collect();
    let chart = ColumnChart {
        frame: Frame {
            id: &format!("nights-{}", measure.id),
            title: &format!("{} of the last {} runs", measure.name, nights.len()),
            desc: &format!("This run {shown}, {told}."),
            height: 130,
        },
        columns: &columns,
        room: 8,
        axis: &Axis::to(highest, 2, f64::MIN_POSITIVE),
        tick: measure.tick,
        marks: &[],
        across: usual,
    };
    panel(&heading, &told, &chart.svg())
}

/// What is no date may be long.
fn label(date: &str) -> String {
    short_date(date).chars().take(10).collect()
}

fn table(nights: &[NightInBrief]) -> Markup {
    let rows: Vec<_> = nights
        .iter()
        .rev()
        .map(|night| {
            let mut row = vec![night.run_date.clone()];
            row.extend(MEASURES.iter().map(|measure| (measure.show)((measure.of)(night))));
            row.extend(
                [night.jobs, night.users_full, night.users_skipped, night.inserted, night.deleted]
                    .map(count),
            );
            row.push(night.run_id.chars().take(8).collect());
            row
        })
        .collect();
    let columns = [
        "date",
        "kept",
        "new jobs",
        "scored",
        "no match",
        "duration",
        "memory",
        "jobs",
        "with every job",
        "skipped",
        "inserted",
        "deleted",
        "run",
    ];
    numbers("Numbers by night", &columns, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn night(date: &str, kept: u64, seconds: f64) -> NightInBrief {
        NightInBrief { run_date: date.to_owned(), kept, seconds, ..NightInBrief::default() }
    }

    #[test]
    fn the_median_of_two_lies_between() {
        let of = |values: &[f64]| {
            let nights: Vec<_> = values.iter().map(|value| night("", 0, *value)).collect();
            median(&nights, |night| night.seconds)
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[3.0]), Some(3.0));
        assert_eq!(of(&[4.0, 1.0]), Some(2.5));
        assert_eq!(of(&[9.0, 1.0, 2.0, f64::NAN]), Some(2.0));
    }

    #[test]
    fn what_is_unusual_is_said() {
        let earlier = [night("", 100, 10.0), night("", 110, 11.0), night("", 120, 12.0)];
        assert_eq!(
            caption(&earlier, &night("", 115, 40.0)),
            "Far from the median of the 3 runs before: duration 40\u{a0}s (usually 11\u{a0}s)."
        );
        assert_eq!(
            caption(&earlier[..1], &night("", 100, 9.0)),
            "Nothing is far from the median of the run before."
        );
    }

    #[test]
    fn two_runs_of_one_date_are_two_columns() {
        let history = vec![night("2026-11-16", 5, 1.0), night("2026-11-16", 6, 1.0)];
        let html = section(&Night { history, ..Night::default() }).into_string();
        assert!(html.contains("16 Nov: 5") && html.contains("16 Nov: 6"), "{html}");
        assert!(html.contains("Always 0."), "{html}");
    }

    #[test]
    fn a_single_night_is_not_compared() {
        let history = vec![night("2026-11-16", 5, 1.0)];
        let html = section(&Night { history, ..Night::default() }).into_string();
        assert!(html.contains("the only night") && !html.contains("<svg"), "{html}");
    }
}
