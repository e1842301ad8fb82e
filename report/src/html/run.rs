//! What ran and why: users by mode and reason, who was left out, pairs and rows.

use super::{
    chart::bars::{self, Bar},
    section::{self, panel},
};
use crate::{
    advice,
    night::Night,
    run::Report,
    words::{count, counted, share, sum},
};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// The section.
pub fn section(night: &Night) -> Markup {
    let report = &night.report;
    let users = &report.users;
    let skipped = sum(users.skipped.values().map(|number| *number as u64));
    section::section(
        "run",
        "What ran, and why",
        &html! {
            p { (sentence(report)) }
            div.two {
                (panel(&html! { "Users" }, "", &users_by_mode(report, skipped)))
                (panel(&html! { "Pairs and rows" }, "", &pairs_and_rows(report)))
            }
            (reasons("Why with every job", &users.full_reasons, advice::full_reason))
            (reasons("Why skipped, and what to do", &users.skipped, advice::skipped))
            (notes(report))
        },
    )
}

fn sentence(report: &Report) -> String {
    let users = &report.users;
    let reason = users.full_reasons.iter().max_by_key(|(_, number)| **number);
    let jobs = format!(
        "{} could be scored, {} of them new.",
        counted(report.jobs.scoreable as u64, "job", "jobs"),
        count(report.jobs.new as u64)
    );
    match (users.scored as u64, users.full as u64, reason) {
        (0, _, _) => format!("{jobs} No user was scored."),
        (_, 0, _) => {
            format!("{jobs} Nobody needed every job: all users were compared with the new ones.")
        }
        (scored, full, Some((name, number))) => {
            let most = advice::full_reason(name).unwrap_or(name);
            format!(
                "{jobs} {} of the scored users were compared with every job; the most frequent \
                 reason ({}): {most}.",
                share(full, scored),
                count(*number as u64)
            )
        }
        (scored, full, None) => format!(
            "{jobs} {} of the scored users were compared with every job.",
            share(full, scored)
        ),
    }
}

fn bar(name: &str, number: u64, note: &str) -> Bar {
    Bar {
        name: name.to_owned(),
        note: note.to_owned(),
        length: number as f64,
        shown: count(number),
    }
}

fn users_by_mode(report: &Report, skipped: u64) -> Markup {
    let users = &report.users;
    let mut bars = vec![
        bar("scored with every job", users.full as u64, ""),
        bar("scored with the new jobs only", users.delta as u64, ""),
        bar("skipped", skipped, "could not be scored"),
    ];
    for (name, number, note) in [
        ("left alone", users.left_alone, "nothing is new for them"),
        ("left out", users.left_out, "they need a full scan, --mode delta does none"),
    ] {
        if number > 0 {
            bars.push(bar(name, number as u64, note));
        }
    }
    if bars.iter().all(|bar| bar.length == 0.0) {
        return html! { p { "There were no users." } };
    }
    let without = users.without_candidate.saturating_add(users.below_threshold);
    html! {
        p.note {
            @if without == 0 {
                "Every scored user has a match."
            } @else {
                (counted(without, "scored user has", "scored users have")) " no match: "
                (count(users.without_candidate)) " no candidate at all, "
                (count(users.below_threshold)) " none that reaches the least score."
            }
        }
        (bars::list(&bars, "a"))
    }
}

fn pairs_and_rows(report: &Report) -> Markup {
    let (pairs, rows) = (&report.pairs, &report.rows);
    let bars = [
        bar("unchanged", rows.unchanged, ""),
        bar("inserted", rows.inserted, "not stored before"),
        bar("updated", rows.updated, "other values than before"),
        bar("deleted", rows.deleted, "no longer kept, or of another week"),
    ];
    html! {
        p.note {
            @if pairs.prefiltered == 0 {
                "No pair passed the prefilter."
            } @else {
                (counted(pairs.prefiltered, "pair", "pairs")) " passed the prefilter; "
                (count(pairs.scored)) " (" (share(pairs.scored, pairs.prefiltered))
                ") had to be scored in full, the others could not win. "
                (count(rows.kept)) " are kept."
            }
        }
        @if bars.iter().all(|bar| bar.length == 0.0) {
            p { "No rows: none kept, none deleted." }
        } @else {
            (bars::list(&bars, "a"))
        }
    }
}

fn reasons(
    heading: &str,
    reasons: &BTreeMap<String, usize>,
    advice: fn(&str) -> Option<&'static str>,
) -> Markup {
    let mut reasons: Vec<_> = reasons.iter().collect();
    reasons.sort_by_key(|(_, number)| std::cmp::Reverse(**number));
    html! {
        @if !reasons.is_empty() {
            h3 { (heading) }
            div.scrolls { table {
                thead { tr { th scope="col" { "reason" } th.number scope="col" { "users" } th scope="col" { } } }
                tbody {
                    @for (name, number) in reasons {
                        tr {
                            th scope="row" { (bars::code(name)) }
                            td.number { (count(*number as u64)) }
                            td { (advice(name).unwrap_or("")) }
                        }
                    }
                }
            } }
        }
    }
}

fn notes(report: &Report) -> Markup {
    let (users, resumes) = (&report.users, &report.resumes);
    let notes = [
        (users.deleted_meanwhile, "deleted while the run worked: left out"),
        (users.reset_meanwhile, "reset while the run worked: left as they are, full scan next"),
        (users.changed_meanwhile, "changed while the run worked: full scan next"),
    ];
    let resumes_known = resumes.read > 0 || resumes.from_cache > 0;
    html! {
        @if resumes_known || notes.iter().any(|note| note.0 > 0) || report.pairs.deleted_meanwhile > 0 {
            ul.plain {
                @if resumes_known {
                    li {
                        (counted(resumes.read as u64, "resume was", "resumes were")) " opened, "
                        (count(resumes.from_cache as u64)) " known from an earlier night."
                    }
                }
                @for (number, what) in notes {
                    @if number > 0 { li { (counted(number, "user", "users")) " " (what) "." } }
                }
                @if report.pairs.deleted_meanwhile > 0 {
                    li {
                        (counted(report.pairs.deleted_meanwhile, "pair", "pairs"))
                        " left out: the job was deleted while the run worked."
                    }
                }
            }
        }
    }
}
