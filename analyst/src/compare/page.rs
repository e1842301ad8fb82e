//! The answer for a terminal of 80 columns.

use super::{
    answer::{Answer, Family},
    tally::UserChange,
};
use crate::{
    nights::Meta,
    table::{Table, count, decimal, percent, signed, wrapped},
};
use std::fmt::Write;

/// Role families that are shown.
const FAMILIES: usize = 20;

/// The answer as a page.
pub fn text(answer: &Answer) -> String {
    let mut text = String::new();
    run(&mut text, "A", &answer.a);
    run(&mut text, "B", &answer.b);
    for warning in &answer.warnings {
        text.push_str(&wrapped(&format!("warning: {warning}")));
    }
    let sections = [users(answer), rows(answer), causes(answer), drift(answer), named(answer)];
    for section in sections.iter().filter(|section| !section.is_empty()) {
        text.push('\n');
        text.push_str(section);
    }
    text
}

fn run(text: &mut String, name: &str, run: &Meta) {
    let _ = writeln!(text, "{name}  {}  {}  week {}", run.run_date, run.run_id, run.week);
}

fn users(answer: &Answer) -> String {
    let users = &answer.users;
    let both = users.scored.both;
    let mut table = Table::new(1, &["USERS", "", ""]);
    let mut row = |what: &str, number: u64, of: Option<u64>| {
        let share = of.map_or_else(String::new, |of| percent(number, of));
        table.row([what.to_owned(), count(number), share]);
    };
    row("scored in both runs: compared", both, None);
    row("  gained matches", users.gained, Some(both));
    row("  lost matches", users.lost, Some(both));
    row("  gained and lost", users.gained_and_lost, Some(both));
    row("  same matches, other values", users.changed, Some(both));
    row("  all the same", users.same, Some(both));
    row("scored in A only: not compared", users.scored.only_a, None);
    row("scored in B only: not compared", users.scored.only_b, None);
    table.text()
}

fn rows(answer: &Answer) -> String {
    let rows = &answer.rows;
    let mut table = Table::new(1, &["ROWS of users who are compared", "A", "B"]);
    let mut row = |what: &str, a: u64, b: u64| table.row([what.to_owned(), count(a), count(b)]);
    row("kept", rows.compared_a, rows.compared_b);
    row("  in this run only", rows.only_a, rows.only_b);
    row("  in both, the same", rows.same, rows.same);
    row("  in both, changed", rows.changed, rows.changed);
    row("rows of other users", rows.a - rows.compared_a, rows.b - rows.compared_b);
    let mut text = table.text();
    let mut columns: Vec<_> =
        rows.changed_columns.iter().filter(|(_, changed)| **changed > 0).collect();
    columns.sort_by_key(|(_, changed)| std::cmp::Reverse(**changed));
    if !columns.is_empty() {
        let mut table = Table::new(1, &["CHANGED VALUES by column", "rows"]);
        for (name, changed) in columns {
            table.row([(*name).to_owned(), count(*changed)]);
        }
        text.push('\n');
        text.push_str(&table.text());
    }
    text
}

fn causes(answer: &Answer) -> String {
    let (jobs, lost, gained) = (&answer.jobs, &answer.lost, &answer.gained);
    let mut table = Table::new(1, &["MATCHES that came or went, and why", "lost", "gained"]);
    let mut row = |what: &str, lost: u64, gained: u64| {
        table.row([what.to_owned(), count(lost), count(gained)]);
    };
    row("all", lost.pairs, gained.pairs);
    row("  the job went, or came", lost.job_gone, gained.job_came);
    row("  outranked, or no longer so", lost.outranked, gained.moved_up);
    row("  score or rules changed", lost.other, gained.other);
    let mut text = table.text();
    let _ = writeln!(
        text,
        "\nJOBS {} in A, {} in B: {} went, {} came",
        count(jobs.a),
        count(jobs.b),
        count(jobs.went),
        count(jobs.came)
    );
    text
}

fn drift(answer: &Answer) -> String {
    let headings = ["SCORE DRIFT", "kept A", "kept B", "rose", "fell", "mean", "median"];
    let mut table = Table::new(1, &headings);
    let mut row = |family: &Family| {
        table.row([
            family.name.clone(),
            count(family.kept_a),
            count(family.kept_b),
            count(family.rose),
            count(family.fell),
            decimal(family.mean_points, 2),
            decimal(family.median_points, 1),
        ]);
    };
    row(&answer.drift);
    answer.role_families.iter().take(FAMILIES).for_each(row);
    let mut text = table.text();
    let hidden = answer.role_families.len().saturating_sub(FAMILIES);
    if hidden > 0 {
        let _ = writeln!(text, "{hidden} smaller role families are not shown; --json has all");
    }
    text.push_str("(points of fit score, of pairs in both runs)\n");
    text
}

fn named(answer: &Answer) -> String {
    let mut table = Table::new(1, &["MOST CHANGED USERS", "gained", "lost", "points"]);
    for user in &answer.users_most_changed {
        let UserChange { user_id, gained, lost, points } = user;
        table.row([user_id.clone(), count(*gained), count(*lost), signed(*points)]);
    }
    if table.is_empty() { String::new() } else { table.text() }
}
