//! The first things to know: which night, how it ended, six figures beside the night before.

use super::chart::bars::cut;
use crate::{
    night::{Night, NightInBrief},
    run::Outcome,
    words::{count, counted, duration, long_date, memory, short_date, sum},
};
use maud::{Markup, html};

/// The top of the page.
pub fn header(night: &Night) -> Markup {
    let report = &night.report;
    html! {
        header {
            p.kicker { "Talvix, the nightly match scores" }
            h1 { (title(night)) }
            @if report.dry_run {
                p.notice { "This was a dry run: nothing was written. The rows are what would change." }
            }
            p.lead { (lead(night)) " " (to_look_at(night)) }
            (figures(night))
            dl.meta {
                (fact("run", &cut(&report.run_id)))
                (fact("as of", &cut(&report.as_of)))
                (fact("week", &cut(&report.week)))
                (fact("model", &report.model_id.chars().take(19).collect::<String>()))
                @if let Some(snapshot) = &report.snapshot { (fact("snapshot", snapshot)) }
                (fact("talvix", &night.talvix_version))
            }
        }
    }
}

/// What a tab of the browser says, too.
pub fn title(night: &Night) -> String {
    if night.run_date.is_empty() {
        "Night without a date".to_owned()
    } else {
        cut(&long_date(&night.run_date))
    }
}

fn fact(name: &str, value: &str) -> Markup {
    html! { @if !value.is_empty() { div { dt { (name) } dd { (value) } } } }
}

fn lead(night: &Night) -> String {
    let report = &night.report;
    let took = duration(report.seconds.total);
    if report.outcome == Outcome::NothingToDo {
        return format!(
            "There was nothing to do: no scrape run waits, no job is new, and nobody needs a full \
             scan. The run took {took}."
        );
    }
    let users = &report.users;
    if users.scored == 0 {
        return format!("No user was scored. The run took {took}.");
    }
    format!(
        "{} scored in {took}: {} with every job, {} with the new jobs only. {} kept, {} of them \
         not stored before; {} went.",
        counted(users.scored as u64, "user was", "users were"),
        count(users.full as u64),
        count(users.delta as u64),
        counted(report.rows.kept, "pair is", "pairs are"),
        count(report.rows.inserted),
        count(report.rows.deleted),
    )
}

fn to_look_at(night: &Night) -> Markup {
    let report = &night.report;
    let faults = sum(report.input_faults.values().copied());
    let warnings = report.warnings.len() as u64;
    html! {
        @match (warnings, faults) {
            (0, 0) => "No warnings, and no faults in the input.",
            (_, 0) => { a href="#attention" { (counted(warnings, "warning", "warnings")) } "." }
            (0, _) => { a href="#attention" { (counted(faults, "fault", "faults")) " in the input" } "." }
            _ => {
                a href="#attention" {
                    (counted(warnings, "warning", "warnings")) " and "
                    (counted(faults, "fault", "faults")) " in the input"
                }
                "."
            }
        }
    }
}

/// A figure, and what it was the night before.
struct Figure {
    name: &'static str,
    shown: String,
    now: f64,
    before: Option<f64>,
    show: fn(f64) -> String,
}

fn figures(night: &Night) -> Markup {
    let report = &night.report;
    let before = previous(night);
    let users = &report.users;
    let number = |name, now: u64, of: fn(&NightInBrief) -> u64| Figure {
        name,
        shown: count(now),
        now: now as f64,
        before: before.map(|night| of(night) as f64),
        show: |number| count(number as u64),
    };
    let figures = [
        number("users scored", users.scored as u64, |night| night.users_scored),
        number("kept pairs", report.rows.kept, |night| night.kept),
        number("users without a match", without_match(night), |night| night.users_without_match),
        number("new jobs", report.jobs.new as u64, |night| night.new_jobs),
        Figure {
            name: "duration",
            shown: duration(report.seconds.total),
            now: report.seconds.total,
            before: before.map(|night| night.seconds),
            show: duration,
        },
        Figure {
            name: "memory at most",
            shown: memory(report.peak_rss_bytes),
            now: report.peak_rss_bytes as f64,
            before: before.map(|night| night.peak_rss_bytes as f64),
            show: |bytes| memory(bytes as u64),
        },
    ];
    html! {
        ul.figures {
            @for figure in figures {
                li {
                    span.name { (figure.name) }
                    strong { (figure.shown) }
                    @if let Some(change) = change(&figure) { span.note { (change) } }
                }
            }
        }
        @if let Some(before) = before {
            p.note {
                "Changes are against the run before"
                @if !before.run_date.is_empty() { ", of " (cut(&short_date(&before.run_date))) }
                "."
            }
        } @else if night.report.outcome != Outcome::NothingToDo {
            p.note { "There is no earlier night to compare with." }
        }
    }
}

/// Scored users of whom nothing was kept.
pub fn without_match(night: &Night) -> u64 {
    let users = &night.report.users;
    users.without_candidate.saturating_add(users.below_threshold)
}

/// The night before, where a comparison says something.
fn previous(night: &Night) -> Option<&NightInBrief> {
    let nothing = night.report.outcome == Outcome::NothingToDo;
    night.history.iter().rev().nth(1).filter(|_| !nothing)
}

/// `+312 (+0.4 %)`
fn change(figure: &Figure) -> Option<String> {
    let before = figure.before.filter(|before| before.is_finite())?;
    let difference = figure.now - before;
    if !difference.is_finite() {
        return None;
    }
    let size = (figure.show)(difference.abs());
    if difference == 0.0 || size == (figure.show)(0.0) {
        return Some("as before".to_owned());
    }
    let sign = if difference < 0.0 { '−' } else { '+' };
    let percent = difference / before * 100.0;
    Some(match percent.abs() {
        _ if before <= 0.0 => format!("{sign}{size}"),
        ..0.05 => format!("{sign}{size}"),
        ..9.95 => format!("{sign}{size} ({sign}{:.1}\u{a0}%)", percent.abs()),
        ..1_000.0 => format!("{sign}{size} ({sign}{:.0}\u{a0}%)", percent.abs()),
        _ => format!("{sign}{size}, {} times", count((figure.now / before) as u64)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_its_sign_and_part() {
        let of = |now: f64, before: f64| {
            let show = |number: f64| count(number as u64);
            let figure = Figure { name: "", shown: String::new(), now, before: Some(before), show };
            change(&figure)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(of(100.0, 100.0), some("as before"));
        assert_eq!(of(101.0, 100.0), some("+1 (+1.0\u{a0}%)"));
        assert_eq!(of(50.0, 100.0), some("−50 (−50\u{a0}%)"));
        assert_eq!(of(7.0, 0.0), some("+7"));
        assert_eq!(of(9_000.0, 3.0), some("+8,997, 3,000 times"));
        assert_eq!(of(f64::NAN, 3.0), None);
        assert_eq!(of(3.0, f64::INFINITY), None);
    }

    #[test]
    fn a_night_that_had_nothing_to_do_is_not_compared() {
        let history = vec![NightInBrief::default(); 2];
        let mut night = Night { history, ..Night::default() };
        assert!(previous(&night).is_some());
        night.report.outcome = Outcome::NothingToDo;
        assert!(previous(&night).is_none());
    }
}
