//! A page for a terminal of 80 columns.

use crate::run::{Outcome, Report};
use std::{collections::BTreeMap, fmt::Write};

impl Report {
    /// The most frequent faults, on one line.
    fn worst_faults(&self) -> String {
        const NAMED: usize = 3;
        let mut kinds: Vec<_> =
            self.input_faults.iter().map(|(kind, number)| (*number, kind)).collect();
        kinds.sort_unstable_by(|a, b| b.cmp(a));
        let named: Vec<_> = kinds
            .iter()
            .take(NAMED)
            .map(|(number, kind)| format!("{kind} {}", count(*number)))
            .collect();
        let more = if kinds.len() > NAMED { ", …" } else { "" };
        let total = kinds.iter().map(|(number, _)| number).sum();
        format!(
            "{} impossible values and unreadable resumes ({}{more}); --json has examples",
            count(total),
            named.join(", ")
        )
    }

    /// The report as a page.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            let _ = writeln!(text, "{name:<9}{value}");
        };
        let dry = if self.dry_run { ", dry run: nothing was written" } else { "" };
        line("run", format!("{} of week {} at {}{dry}", self.run_id, self.week, self.as_of));
        if self.outcome == Outcome::NothingToDo {
            line(
                "outcome",
                "nothing to do: no scrape run waits, no job is new, nobody needs a full scan"
                    .to_owned(),
            );
        }
        line("model", self.model_id.chars().take(19).collect());
        line(
            "jobs",
            format!(
                "{} scoreable, {} of them new",
                count(self.jobs.scoreable as u64),
                count(self.jobs.new as u64)
            ),
        );
        let users = &self.users;
        line(
            "users",
            format!(
                "{} scored: {} with every job{}, {} with the new jobs only",
                count(users.scored as u64),
                count(users.full as u64),
                among(&users.full_reasons),
                count(users.delta as u64)
            ),
        );
        let skipped: usize = users.skipped.values().sum();
        if skipped > 0 {
            line("", format!("{} skipped{}", count(skipped as u64), among(&users.skipped)));
        }
        for (number, what) in [
            (users.left_alone as u64, "left alone: nothing is new for them"),
            (users.left_out as u64, "left out: they need a full scan"),
            (users.deleted_meanwhile, "deleted while the run worked"),
            (users.reset_meanwhile, "reset while the run worked: full scan next time"),
            (users.changed_meanwhile, "changed while the run worked: full scan next time"),
        ] {
            if number > 0 {
                line("", format!("{} {what}", count(number)));
            }
        }
        line(
            "pairs",
            format!(
                "{} passed the prefilter, {} had to be scored in full",
                count(self.pairs.prefiltered),
                count(self.pairs.scored)
            ),
        );
        let rows = &self.rows;
        line(
            "rows",
            format!(
                "{} kept: {} inserted, {} updated, {} unchanged; {} deleted",
                count(rows.kept),
                count(rows.inserted),
                count(rows.updated),
                count(rows.unchanged),
                count(rows.deleted)
            ),
        );
        let seconds = &self.seconds;
        line(
            "seconds",
            format!(
                "{:.2}: load {:.2}, pin {:.2}, score {:.2}, write {:.2}",
                seconds.total, seconds.load, seconds.pin, seconds.score, seconds.write
            ),
        );
        line("memory", format!("{} MB at most", self.peak_rss_bytes / 1_000_000));
        if !self.input_faults.is_empty() {
            line("faults", self.worst_faults());
        }
        for warning in &self.warnings {
            line("warning", warning.clone());
        }
        text
    }
}

/// A number with commas between thousands.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// ` (reason 3, other 2)`, or nothing.
fn among(reasons: &BTreeMap<String, usize>) -> String {
    if reasons.is_empty() {
        return String::new();
    }
    let each: Vec<_> = reasons
        .iter()
        .map(|(reason, number)| format!("{reason} {}", count(*number as u64)))
        .collect();
    format!(" ({})", each.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_commas() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
    }
}
