//! What two nights must have in common, and what the oracle expects of one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use talvix_fixtures::{
    oracle::{Expected, Model},
    tables::{ScoreRow, Tables},
};
use uuid::Uuid;

/// What a night decides, a line each: stored scores, cursors, flags of users, which jobs are new
/// and which scrape runs are scored. Ids and times of insertion are left out.
pub fn canonical(tables: &Tables) -> Vec<String> {
    let mut lines = score_rows(tables, |_| true);
    for row in &tables.user_fit_score_cursors {
        let scored = row.last_scored_at.map(time);
        lines.push(format!("cursor {} {:?} {scored:?}", row.user_id, row.last_scrape_run_id));
    }
    for row in &tables.users {
        lines.push(format!(
            "user {} stale {} {} {}, ready {}",
            row.id,
            row.fit_scores_stale,
            row.skill_gap_stale,
            row.career_intel_stale,
            row.dashboard_ready
        ));
    }
    lines.extend(tables.jobs.iter().map(|row| format!("job {} new {}", row.id, row.is_new)));
    for row in &tables.scrape_runs {
        lines.push(format!("scrape run {} scored {}", row.id, row.scoring_complete));
    }
    lines.sort_unstable();
    lines
}

/// The stored scores of some users, a line each.
pub fn score_rows(tables: &Tables, of: impl Fn(&Uuid) -> bool) -> Vec<String> {
    let rows = tables.job_fit_scores.iter().filter(|row| of(&row.user_id));
    let mut lines: Vec<String> =
        rows.map(|row| line(&Values::of_stored(row), row.expires_at)).collect();
    lines.sort_unstable();
    lines
}

/// What must be stored for everyone who can be scored after a night on `tables`: a full scan's
/// pairs, of which those that were stored already keep the time at which they expire.
pub fn expected_scores(tables: &Tables, model: &Model, as_of_us: i64) -> Vec<String> {
    expected(tables, model, as_of_us).0
}

/// Everyone who can be scored has stored what a full scan of the tables before the night gives.
#[track_caller]
pub fn assert_scores(found: &Tables, before: &Tables, model: &Model, as_of_us: i64, when: &str) {
    let (expected, users) = expected(before, model, as_of_us);
    assert!(!users.is_empty(), "{when}: nobody can be scored");
    assert_rows(&score_rows(found, |user| users.contains(user)), &expected, when);
}

/// Fails with the lines that only one side has.
#[track_caller]
pub fn assert_rows(found: &[String], expected: &[String], when: &str) {
    if found == expected {
        return;
    }
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    for line in found {
        *counts.entry(line).or_default() += 1;
    }
    for line in expected {
        *counts.entry(line).or_default() -= 1;
    }
    let differ = counts.iter().filter(|(_, count)| **count != 0);
    let lines: Vec<String> = differ
        .map(|(line, count)| format!("{} {line}", if *count > 0 { "found   " } else { "expected" }))
        .collect();
    panic!(
        "{when}: {} rows found, {} expected, {} differ:\n{}",
        found.len(),
        expected.len(),
        lines.len(),
        lines[..lines.len().min(20)].join("\n")
    );
}

/// The same tables in an order that does not depend on ids drawn at random.
pub fn sorted(mut tables: Tables) -> Tables {
    talvix_fixtures::sort(&mut tables);
    tables.job_fit_scores.sort_by_key(|row| (row.user_id, row.job_id));
    tables
}

/// The built-in names of skills, as the oracle takes them.
pub fn aliases() -> Vec<(String, String)> {
    include_str!("../../engine/data/skill_aliases.csv")
        .lines()
        .filter(|line| !line.starts_with('#') && *line != "alias,canonical")
        .filter_map(|line| line.split_once(','))
        .map(|(alias, canonical)| (alias.to_owned(), canonical.to_owned()))
        .collect()
}

/// An instant as people write it, and as `--as-of` takes it.
pub fn time(us: i64) -> String {
    Timestamp::from_microsecond(us).unwrap().to_string()
}

/// What a stored row says.
#[derive(PartialEq)]
struct Values<'a> {
    user_id: Uuid,
    job_id: Uuid,
    fit_score: i32,
    labels: [&'a str; 2],
    texts: [Option<&'a [String]>; 3],
    is_full_score: bool,
    week: (i32, i32),
}

impl<'a> Values<'a> {
    fn of_stored(row: &'a ScoreRow) -> Self {
        Values {
            user_id: row.user_id,
            job_id: row.job_id,
            fit_score: row.fit_score,
            labels: [&row.fit_label, &row.recommendation],
            texts: [&row.fit_reasons, &row.missing_skills, &row.strengths]
                .map(|texts| texts.as_deref()),
            is_full_score: row.is_full_score,
            week: (row.year_number, row.week_number),
        }
    }

    fn of_expected(row: &'a Expected) -> Self {
        Values {
            user_id: row.user_id,
            job_id: row.job_id,
            fit_score: row.fit_score,
            labels: [&row.fit_label, &row.recommendation],
            texts: [&row.fit_reasons, &row.missing_skills, &row.strengths]
                .map(|texts| texts.as_deref()),
            is_full_score: row.is_full_score,
            week: (row.year_number, row.week_number),
        }
    }
}

fn line(row: &Values<'_>, expires_at: i64) -> String {
    let ((year, week), [label, recommendation]) = (row.week, row.labels);
    format!(
        "score {} {} {} {label} {recommendation} {:?} full {} {year}-W{week:02} until {}",
        row.user_id,
        row.job_id,
        row.fit_score,
        row.texts,
        row.is_full_score,
        time(expires_at)
    )
}

fn expected(tables: &Tables, model: &Model, as_of_us: i64) -> (Vec<String>, BTreeSet<Uuid>) {
    let outcome = model.full_scan(tables, &aliases(), as_of_us, None);
    let stored: HashMap<(Uuid, Uuid), &ScoreRow> =
        tables.job_fit_scores.iter().map(|row| ((row.user_id, row.job_id), row)).collect();
    let mut lines: Vec<String> = (outcome.rows.iter())
        .map(|row| {
            let values = Values::of_expected(row);
            let kept = stored
                .get(&(row.user_id, row.job_id))
                .filter(|stored| Values::of_stored(stored) == values);
            line(&values, kept.map_or(row.expires_at, |stored| stored.expires_at))
        })
        .collect();
    lines.sort_unstable();
    (lines, outcome.prefiltered.into_keys().collect())
}
