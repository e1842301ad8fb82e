//! The answer for a terminal of 80 columns.

use super::{
    answer::{Answer, Move, Source},
    groups::{Group, NamedJob},
};
use crate::table::{Table, count, decimal, percent, signed, wrapped};
use std::fmt::Write;

/// Role families and cities that are shown.
const GROUPS: usize = 15;

/// The answer as a page.
pub fn text(answer: &Answer) -> String {
    let mut text = String::new();
    match &answer.source {
        Source::Snapshot(run) => {
            let _ = writeln!(text, "kept pairs of run {} of {}", run.run_id, run.run_date);
        }
        Source::Dataset(dataset) => {
            let _ = writeln!(text, "dataset {}, week {}", dataset.dataset, dataset.week);
        }
    }
    for warning in &answer.warnings {
        text.push_str(&wrapped(&format!("warning: {warning}")));
    }
    let jobs = &answer.jobs;
    for section in [
        weights(answer),
        users(answer),
        unsure(answer),
        pairs(answer),
        moves("LABELS of pairs in both", &answer.labels),
        moves("RECOMMENDATIONS of pairs in both", &answer.recommendations),
        groups("ROLE FAMILIES", "role families", &answer.role_families),
        groups("CITIES", "cities", &answer.cities),
        named(&format!("JOBS kept more often ({} in all)", count(jobs.more)), &jobs.winners),
        named(&format!("JOBS kept less often ({} in all)", count(jobs.less)), &jobs.losers),
    ] {
        if !section.is_empty() {
            text.push('\n');
            text.push_str(&section);
        }
    }
    text
}

/// The weights that are other ones.
fn weights(answer: &Answer) -> String {
    let mut table = Table::new(1, &["WEIGHTS", "before", "after"]);
    if let (Some(before), Some(after)) =
        (answer.weights.before.as_object(), answer.weights.after.as_object())
    {
        for (name, before) in before {
            let after = &after[name];
            if before != after {
                table.row([name.clone(), before.to_string(), after.to_string()]);
            }
        }
    }
    if table.is_empty() { "the weights are the run's own\n".to_owned() } else { table.text() }
}

fn users(answer: &Answer) -> String {
    let users = &answer.users;
    let mut table = Table::new(1, &["USERS", "", ""]);
    let mut row = |what: &str, number: u64| {
        table.row([what.to_owned(), count(number), percent(number, users.scored)]);
    };
    row("scored", users.scored);
    row("  another best match", users.top1_changed);
    row("  other jobs among the first three", users.top3_changed);
    row("  other jobs", users.jobs_changed);
    row("  the same jobs in another order", users.order_changed);
    row("  the same jobs in the same order", users.unchanged);
    row("  gained a match", users.gained);
    row("  lost a match", users.lost);
    row("  with a match before", users.with_matches.before);
    row("  with a match after", users.with_matches.after);
    table.text()
}

fn unsure(answer: &Answer) -> String {
    let Some(unsure) = &answer.unsure else { return String::new() };
    let scored = answer.users.scored;
    let mut table = Table::new(1, &["NOT IN THE SNAPSHOT", "users", ""]);
    let mut row = |what: &str, number: u64| {
        table.row([what.to_owned(), count(number), percent(number, scored)]);
    };
    row("a pair may be the best match", unsure.top1);
    row("… may be among the first three", unsure.top3);
    row("… may be in the list", unsure.list);
    row("lists that were full", unsure.full_lists);
    let mut text = table.text();
    text.push_str("(a pair that was not kept cannot come in here; --dataset scores all of them)\n");
    text
}

fn pairs(answer: &Answer) -> String {
    let pairs = &answer.pairs;
    let mut table = Table::new(1, &["PAIRS", ""]);
    let mut row = |what: &str, number: String| table.row([what.to_owned(), number]);
    row("kept before", count(pairs.before));
    row("kept after", count(pairs.after));
    row("  in both", count(pairs.both));
    row("  of these with another fit score", count(pairs.scores_changed));
    row("  gained", count(pairs.gained));
    row("  lost", count(pairs.lost));
    row("mean overlap of a user's lists", decimal(answer.overlap_mean, 4));
    row("mean rank correlation (Spearman)", decimal(answer.spearman_mean, 4));
    table.text()
}

/// From the words before, down, to those after, across.
fn moves(title: &str, moves: &[Move]) -> String {
    if moves.iter().all(|each| each.pairs == 0) {
        return String::new();
    }
    let size = moves.len().isqrt();
    let mut headings = vec![title.to_owned()];
    headings.extend(moves.iter().take(size).map(|each| each.after.to_owned()));
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let mut table = Table::new(1, &headings);
    for row in moves.chunks(size) {
        let word = row.first().map_or_else(String::new, |first| format!("from {}", first.before));
        table.row(std::iter::once(word).chain(row.iter().map(|each| count(each.pairs))));
    }
    table.text()
}

fn groups(title: &str, what: &str, groups: &[Group]) -> String {
    let mut table = Table::new(1, &[title, "before", "after", "change", "gained", "lost"]);
    let kept: Vec<&Group> = groups.iter().filter(|group| group.before + group.after > 0).collect();
    for group in kept.iter().take(GROUPS) {
        table.row([
            group.name.clone(),
            count(group.before),
            count(group.after),
            signed(group.after as i64 - group.before as i64),
            count(group.gained),
            count(group.lost),
        ]);
    }
    if table.is_empty() {
        return String::new();
    }
    let mut text = table.text();
    if kept.len() > GROUPS {
        let hidden = kept.len() - GROUPS;
        let _ = writeln!(text, "{hidden} smaller {what} are not shown; --json has all");
    }
    text
}

fn named(title: &str, jobs: &[NamedJob]) -> String {
    let mut table = Table::new(2, &[title, "role family", "before", "after"]);
    for job in jobs {
        table.row([
            job.job_id.clone(),
            job.role_family.chars().take(20).collect(),
            count(job.before),
            count(job.after),
        ]);
    }
    if table.is_empty() { String::new() } else { table.text() }
}
