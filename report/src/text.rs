//! A page for a terminal of 80 columns: what ran and why, what came out, what was slow, what was
//! skipped and what to do about it.

mod lines;

pub use crate::words::count;

use crate::{
    advice,
    run::{Outcome, Report},
    scores::{LOWEST, Scores},
    words::{duration, share, sum},
};
use lines::{Page, bar};
use std::collections::BTreeMap;

impl Report {
    /// The report as a page. No line is longer than 78 columns but where a word is.
    #[must_use]
    pub fn text(&self) -> String {
        let mut page = Page::default();
        self.run(&mut page);
        self.users(&mut page);
        self.pairs(&mut page);
        self.histogram(&mut page);
        self.time(&mut page);
        self.faults(&mut page);
        for warning in &self.warnings {
            page.line("warning", warning);
        }
        page.done()
    }

    /// What ran.
    fn run(&self, page: &mut Page) {
        let dry = if self.dry_run { ", dry run: nothing was written" } else { "" };
        page.line("run", &format!("{} of week {} at {}{dry}", self.run_id, self.week, self.as_of));
        if self.outcome == Outcome::NothingToDo {
            page.line(
                "outcome",
                "nothing to do: no scrape run waits, no job is new, nobody needs a full scan",
            );
        }
        page.line("model", &self.model_id.chars().take(19).collect::<String>());
        page.line(
            "jobs",
            &format!(
                "{} scoreable, {} of them new",
                count(self.jobs.scoreable as u64),
                count(self.jobs.new as u64)
            ),
        );
    }

    /// Who was scored and how, who was not, and why.
    fn users(&self, page: &mut Page) {
        let users = &self.users;
        page.line(
            "users",
            &format!(
                "{} scored: {} with every job{}, {} with the new jobs only",
                count(users.scored as u64),
                count(users.full as u64),
                among(&users.full_reasons),
                count(users.delta as u64)
            ),
        );
        page.advice(users.full_reasons.keys(), advice::full_reason);
        let without = users.without_candidate.saturating_add(users.below_threshold);
        if without > 0 {
            page.line(
                "",
                &format!(
                    "{} of them without a match: {} no candidate, {} none good enough",
                    count(without),
                    count(users.without_candidate),
                    count(users.below_threshold)
                ),
            );
        }
        let skipped = sum(users.skipped.values().map(|number| *number as u64));
        if skipped > 0 {
            page.line("", &format!("{} skipped{}", count(skipped), among(&users.skipped)));
            page.advice(users.skipped.keys(), advice::skipped);
        }
        for (number, what) in [
            (users.left_alone as u64, "left alone: nothing is new for them"),
            (users.left_out as u64, "left out: they need a full scan"),
            (users.deleted_meanwhile, "deleted while the run worked"),
            (users.reset_meanwhile, "reset while the run worked: full scan next time"),
            (users.changed_meanwhile, "changed while the run worked: full scan next time"),
        ] {
            if number > 0 {
                page.line("", &format!("{} {what}", count(number)));
            }
        }
        let resumes = &self.resumes;
        if resumes.read > 0 || resumes.from_cache > 0 {
            page.line(
                "resumes",
                &format!(
                    "{} opened, {} known from an earlier night",
                    count(resumes.read as u64),
                    count(resumes.from_cache as u64)
                ),
            );
        }
    }

    /// What came out.
    fn pairs(&self, page: &mut Page) {
        page.line(
            "pairs",
            &format!(
                "{} passed the prefilter, {} had to be scored in full",
                count(self.pairs.prefiltered),
                count(self.pairs.scored)
            ),
        );
        if self.pairs.deleted_meanwhile > 0 {
            page.line(
                "",
                &format!(
                    "{} left out: their job was deleted while the run worked",
                    count(self.pairs.deleted_meanwhile)
                ),
            );
        }
        let rows = &self.rows;
        page.line(
            "rows",
            &format!(
                "{} kept: {} inserted, {} updated, {} unchanged; {} deleted",
                count(rows.kept),
                count(rows.inserted),
                count(rows.updated),
                count(rows.unchanged),
                count(rows.deleted)
            ),
        );
    }

    /// Kept pairs by five points of score each.
    fn histogram(&self, page: &mut Page) {
        /// 100 is among the last five.
        const BINS: usize = 12;
        const COLUMNS: u64 = 34;
        let scores = Scores::of_report(&self.scores);
        let Some(median) = scores.reached_by(0.5) else { return };
        let from = |bin: usize| LOWEST + bin * 5;
        let to = |bin: usize| if bin + 1 == BINS { 100 } else { from(bin) + 4 };
        let bins: Vec<_> = (0..BINS).map(|bin| scores.between(from(bin), to(bin) + 1)).collect();
        let most = bins.iter().copied().max().unwrap_or(0);
        let last = bins.iter().rposition(|pairs| *pairs > 0).unwrap_or(0);
        page.line("scores", &format!("half of the pairs score {median} or more"));
        for (bin, pairs) in bins.iter().enumerate().take(last + 1) {
            let bar = bar(*pairs, most, COLUMNS);
            let range = format!("{}-{}", from(bin), to(bin));
            let line = format!(
                "{range:\u{a0}<7}{bar}{}{}",
                if bar.is_empty() { "" } else { " " },
                count(*pairs)
            );
            page.line("", &line);
        }
    }

    /// What was slow, and what it cost.
    fn time(&self, page: &mut Page) {
        const NAMED: usize = 3;
        let seconds = &self.seconds;
        let publish = if seconds.publish > 0.0 {
            format!(", publish {:.2}", seconds.publish)
        } else {
            String::new()
        };
        page.line(
            "seconds",
            &format!(
                "{:.2}: load {:.2}, pin {:.2}, score {:.2}, write {:.2}{publish}",
                seconds.total, seconds.load, seconds.pin, seconds.score, seconds.write
            ),
        );
        let mut phases: Vec<_> = self.timeline.iter().filter(|span| span.busy > 0.0).collect();
        phases.sort_by(|a, b| b.busy.total_cmp(&a.busy));
        let named: Vec<_> = phases
            .iter()
            .take(NAMED)
            .map(|span| {
                let time = format!("{} {}", span.phase, duration(span.busy));
                if seconds.total > 0.0 && span.busy <= seconds.total {
                    format!("{time} ({:.0}\u{a0}%)", span.busy / seconds.total * 100.0)
                } else {
                    time
                }
            })
            .collect();
        if !named.is_empty() {
            page.line("slowest", &named.join(", "));
        }
        page.line("memory", &format!("{} MB at most", self.peak_rss_bytes / 1_000_000));
        if let Some(snapshot) = &self.snapshot {
            page.line("snapshot", snapshot);
        }
    }

    /// What was wrong with the input, most frequent first, and what to do.
    fn faults(&self, page: &mut Page) {
        /// A page that does not end on the screen is not read.
        const NAMED: usize = 5;
        if self.input_faults.is_empty() {
            return;
        }
        let total = sum(self.input_faults.values().copied());
        page.line(
            "faults",
            &format!(
                "{} impossible values and unreadable resumes; --json has examples",
                count(total)
            ),
        );
        let mut kinds: Vec<_> = self.input_faults.iter().collect();
        kinds.sort_by_key(|(_, number)| std::cmp::Reverse(**number));
        for &(kind, number) in kinds.iter().take(NAMED) {
            let line = format!("{kind} {} ({})", count(*number), share(*number, total));
            match advice::fault(kind) {
                Some(advice) => page.below(&format!("{line}: {advice}")),
                None => page.below(&line),
            }
        }
        if let Some(others) = kinds.get(NAMED..).filter(|others| !others.is_empty()) {
            let rows = sum(others.iter().map(|(_, number)| **number));
            page.below(&format!("{} more kinds, {} in all", others.len(), count(rows)));
        }
    }
}

/// ` (reason 3, other 2)`, or nothing. A reason and its number stay on one line.
fn among(reasons: &BTreeMap<String, usize>) -> String {
    if reasons.is_empty() {
        return String::new();
    }
    let each: Vec<_> = reasons
        .iter()
        .map(|(reason, number)| format!("{reason}\u{a0}{}", count(*number as u64)))
        .collect();
    format!(" ({})", each.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{
        lines::{WIDTH, columns},
        *,
    };
    use crate::run::{Jobs, Pairs, Resumes, Rows, Seconds, Span, Users};
    use proptest::prelude::*;

    fn named(names: &[(&str, usize)]) -> BTreeMap<String, usize> {
        names.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect()
    }

    fn report() -> Report {
        let span = |phase: &str, busy| Span { phase: phase.to_owned(), busy, ..Span::default() };
        Report {
            run_id: "01a204ed-a453-729c-8bbe-40308f636fc7".to_owned(),
            as_of: "2026-11-17T17:00:00Z".to_owned(),
            week: "2026-W47".to_owned(),
            model_id: "sha256:4affbdf99c16aaaaaaaaaaaaaaaa".to_owned(),
            jobs: Jobs { scoreable: 17_977, new: 700 },
            users: Users {
                scored: 4_814,
                full: 805,
                delta: 4_009,
                full_reasons: named(&[("stale", 48), ("stored_differs", 757)]),
                skipped: named(&[("no_resume", 120), ("resume_unreadable", 43)]),
                without_candidate: 12,
                below_threshold: 85,
                changed_meanwhile: 2,
                ..Users::default()
            },
            resumes: Resumes { read: 27, from_cache: 4_787 },
            pairs: Pairs { prefiltered: 542_364, scored: 80_216, deleted_meanwhile: 0 },
            rows: Rows {
                kept: 24_141,
                inserted: 2_172,
                updated: 30,
                unchanged: 21_939,
                deleted: 2_080,
            },
            scores: [
                ("40", 500),
                ("47", 4_000),
                ("52", 8_000),
                ("61", 7_000),
                ("66", 4_000),
                ("75", 600),
                ("100", 41),
            ]
            .map(|(score, pairs)| (score.to_owned(), pairs))
            .into(),
            seconds: Seconds {
                load: 0.61,
                score: 0.84,
                write: 0.32,
                publish: 0.2,
                total: 2.0,
                ..Seconds::default()
            },
            timeline: vec![
                span("read", 0.61),
                span("score", 0.84),
                span("write", 0.32),
                span("finish", 0.01),
            ],
            peak_rss_bytes: 214_000_000,
            snapshot: Some("data/current".to_owned()),
            input_faults: [("salary_zero", 3), ("resume_file_missing", 43)]
                .map(|(kind, number)| (kind.to_owned(), number))
                .into(),
            warnings: vec![
                "weights were read from the table model_weights: storage has no file \
                            model-data/weights_current.json"
                    .to_owned(),
            ],
            ..Report::default()
        }
    }

    #[test]
    fn a_page_reads_like_this() {
        let want = "\
run      01a204ed-a453-729c-8bbe-40308f636fc7 of week 2026-W47 at
         2026-11-17T17:00:00Z
model    sha256:4affbdf99c16
jobs     17,977 scoreable, 700 of them new
users    4,814 scored: 805 with every job (stale 48, stored_differs 757),
         4,009 with the new jobs only
           stale: their profile or resume changed
           stored_differs: a stored job went stale, or their profile changed
         97 of them without a match: 12 no candidate, 85 none good enough
         163 skipped (no_resume 120, resume_unreadable 43)
           no_resume: they have not uploaded one; nothing to do
           resume_unreadable: it is damaged or missing: see
             input_fault_examples with --json
         2 changed while the run worked: full scan next time
resumes  27 opened, 4,787 known from an earlier night
pairs    542,364 passed the prefilter, 80,216 had to be scored in full
rows     24,141 kept: 2,172 inserted, 30 updated, 21,939 unchanged; 2,080
         deleted
scores   half of the pairs score 52 or more
         40-44  ██▏ 500
         45-49  █████████████████ 4,000
         50-54  ██████████████████████████████████ 8,000
         55-59  0
         60-64  █████████████████████████████▊ 7,000
         65-69  █████████████████ 4,000
         70-74  0
         75-79  ██▌ 600
         80-84  0
         85-89  0
         90-94  0
         95-100 ▏ 41
seconds  2.00: load 0.61, pin 0.00, score 0.84, write 0.32, publish 0.20
slowest  score 0.84 s (42 %), read 0.61 s (30 %), write 0.32 s (16 %)
memory   214 MB at most
snapshot data/current
faults   46 impossible values and unreadable resumes; --json has examples
           resume_file_missing 43 (93 %): the table says it is parsed, but
             there is no file: parse it again
           salary_zero 3 (6.5 %): read as not given: correct the job, or what
             scrapes it
warning  weights were read from the table model_weights: storage has no file
         model-data/weights_current.json
";
        assert_eq!(report().text(), want);
    }

    #[test]
    fn a_night_of_nothing_is_short() {
        let nothing = Report { outcome: Outcome::NothingToDo, ..Report::default() };
        let text = nothing.text();
        assert!(text.contains("outcome  nothing to do: no scrape run waits"), "{text}");
        assert!(text.lines().count() < 12 && !text.contains("scores"), "{text}");
    }

    #[test]
    fn every_line_fits_whatever_a_report_holds() {
        let mut report = report();
        report.dry_run = true;
        report.users.scored = usize::MAX;
        report.rows = Rows {
            kept: u64::MAX,
            inserted: u64::MAX,
            updated: u64::MAX,
            unchanged: u64::MAX,
            deleted: u64::MAX,
        };
        report.scores.insert("58".to_owned(), u64::MAX);
        report.users.full_reasons.insert("a reason that nobody knows".to_owned(), usize::MAX);
        report.warnings.push("word ".repeat(400));
        report.warnings.push("line\nline\r\n\u{1b}[31mred".to_owned());
        let text = report.text();
        for line in text.lines() {
            assert!(columns(line) <= WIDTH, "{line}");
            assert!(!line.contains(char::is_control), "{line:?}");
        }
    }

    #[test]
    fn a_word_that_is_too_long_stands_alone() {
        let report =
            Report { snapshot: Some(format!("/{}", "deep/".repeat(40))), ..Report::default() };
        assert!(report.text().contains(&"deep/".repeat(40)));
    }

    proptest! {
        #[test]
        fn any_text_wraps_without_loss(text in "[a-z ]{0,300}") {
            let report = Report { warnings: vec![text.clone()], ..Report::default() };
            let page = report.text();
            let (_, wrapped) = page.split_once("warning").unwrap();
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(wrapped), words(&text));
        }
    }
}
