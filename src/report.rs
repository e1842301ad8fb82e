//! What a run did, as JSON and as text.

use serde::Serialize;
use std::{collections::BTreeMap, fmt::Write};
use talvix_engine::faults::Faults;

/// The report of a run. Keys are only ever added.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    pub run_id: String,
    pub as_of: String,
    pub week: String,
    pub model_id: String,
    pub outcome: Outcome,
    pub dry_run: bool,
    pub jobs: Jobs,
    pub users: Users,
    pub resumes: Resumes,
    pub pairs: Pairs,
    pub rows: Rows,
    pub seconds: Seconds,
    pub peak_rss_bytes: u64,
    pub input_faults: BTreeMap<&'static str, u64>,
    /// Up to 20 rows of each kind of fault.
    pub input_fault_examples: BTreeMap<&'static str, Vec<String>>,
    pub warnings: Vec<String>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    #[default]
    Completed,
    NothingToDo,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Jobs {
    pub scoreable: usize,
    pub new: usize,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Users {
    pub scored: usize,
    pub full: usize,
    pub delta: usize,
    pub skipped: BTreeMap<&'static str, usize>,
    /// Why users were scored in full.
    pub full_reasons: BTreeMap<&'static str, usize>,
    /// Nothing new for them: not looked at.
    pub left_alone: usize,
    /// They need a full scan, and `--mode delta` leaves those out.
    pub left_out: usize,
    /// Deleted while the run worked.
    pub deleted_meanwhile: u64,
    /// Their scores were reset while the run worked: left as they are, full scan next.
    pub reset_meanwhile: u64,
    /// Changed while the run worked: scored as they were, full scan next.
    pub changed_meanwhile: u64,
}

/// Where what resumes say came from.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Resumes {
    pub read: usize,
    pub from_cache: usize,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Pairs {
    pub prefiltered: u64,
    pub scored: u64,
    /// Kept, but the job was deleted while the run worked.
    pub deleted_meanwhile: u64,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Rows {
    pub kept: u64,
    pub inserted: u64,
    pub updated: u64,
    pub deleted: u64,
    pub unchanged: u64,
}

/// Seconds of each phase. Chunks are scored while others are written: the two overlap.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Seconds {
    pub load: f64,
    pub pin: f64,
    pub score: f64,
    pub write: f64,
    pub publish: f64,
    pub total: f64,
}

impl Report {
    /// Adds what was wrong with the input.
    pub fn set_faults(&mut self, faults: &Faults) {
        for (kind, fault) in faults.iter() {
            self.input_faults.insert(kind, fault.count);
            self.input_fault_examples.insert(kind, fault.examples.clone());
        }
    }

    /// The most frequent faults, on one line.
    fn worst_faults(&self) -> String {
        const NAMED: usize = 3;
        let mut kinds: Vec<_> =
            self.input_faults.iter().map(|(kind, number)| (*number, *kind)).collect();
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
fn among(reasons: &BTreeMap<&'static str, usize>) -> String {
    if reasons.is_empty() {
        return String::new();
    }
    let each: Vec<_> = reasons
        .iter()
        .map(|(reason, number)| format!("{reason} {}", count(*number as u64)))
        .collect();
    format!(" ({})", each.join(", "))
}

/// The most memory that the process has held.
pub fn peak_rss_bytes() -> u64 {
    use nix::sys::resource::{UsageWho, getrusage};
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return 0 };
    // Kilobytes on Linux, bytes on macOS.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1_024 };
    u64::try_from(usage.max_rss()).unwrap_or(0) * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_commas() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
    }
}
