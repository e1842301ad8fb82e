//! A published night in numbers: its four sets, read once each.

mod shares;

use arrow::{
    array::{Array, AsArray, RecordBatch, StringArray},
    datatypes::{Float64Type, Int32Type, Int64Type},
};
use shares::Shares;
use std::collections::HashMap;
use talvix_report::night::{Night, NightInBrief};
use talvix_snapshot::{
    Error,
    read::{PublishedRun, SetReader},
    sets::{JOB_FIT_SCORES, RUNS, SCORED_JOBS, SCORED_USERS, Set},
};
use talvix_storage::Storage;

/// The nights that stand beside one.
const MAX_HISTORY: usize = 30;

/// Skills that a page can name.
const MAX_SKILLS: usize = 100;

/// The least fit score that is kept.
const LEAST_SCORE: usize = 40;

/// Reads a night, and in brief those of `runs` before it. Runs are oldest first.
pub async fn night(
    storage: &Storage,
    runs: &[PublishedRun],
    run: &PublishedRun,
) -> Result<Night, Error> {
    let mut night = Night { run_date: run.run_date.clone(), ..Night::default() };
    for batch in batches(storage, run, &RUNS, &["report", "talvix_version"]).await? {
        let batch = batch?;
        let (report, version) = (text(&batch, "report"), text(&batch, "talvix_version"));
        for row in 0..batch.num_rows() {
            night.report =
                serde_json::from_str(report.value(row)).map_err(|error| Error::NotOurs {
                    place: storage.place(RUNS.name),
                    reason: format!("the report of run {} is damaged: {error}", run.run_id),
                })?;
            version.value(row).clone_into(&mut night.talvix_version);
        }
    }
    let mut shares = Shares::default();
    jobs(storage, run, &mut night, &mut shares).await?;
    users(storage, run, &mut night, &mut shares).await?;
    scores(storage, run, &mut night).await?;
    (night.roles, night.cities, night.markets) = shares.finish();

    let before = runs.iter().filter(|other| *other <= run);
    let first = before.clone().count().saturating_sub(MAX_HISTORY);
    for run in before.skip(first) {
        match brief(storage, run).await {
            Ok(brief) => night.history.extend(brief),
            Err(error) => tracing::warn!("run {} is left out of the history: {error}", run.run_id),
        }
    }
    Ok(night)
}

async fn jobs(
    storage: &Storage,
    run: &PublishedRun,
    night: &mut Night,
    shares: &mut Shares,
) -> Result<(), Error> {
    let mut skills = Counts::default();
    let columns =
        ["role_family", "market_city", "required_skills", "nice_to_have_skills", "times_kept"];
    for batch in batches(storage, run, &SCORED_JOBS, &columns).await? {
        let batch = batch?;
        let (roles, cities) = (text(&batch, "role_family"), text(&batch, "market_city"));
        let kept = column(&batch, "times_kept").as_primitive::<Int32Type>();
        for row in 0..batch.num_rows() {
            let kept = u64::try_from(kept.value(row)).unwrap_or_default();
            shares.add_job(roles.value(row), cities.value(row), kept);
        }
        for list in ["required_skills", "nice_to_have_skills"] {
            skills.add_all(column(&batch, list).as_list::<i32>().values().as_string());
        }
    }
    night.skills_asked = skills.most(MAX_SKILLS);
    Ok(())
}

async fn users(
    storage: &Storage,
    run: &PublishedRun,
    night: &mut Night,
    shares: &mut Shares,
) -> Result<(), Error> {
    let columns = ["role_families", "cities", "candidates"];
    for batch in batches(storage, run, &SCORED_USERS, &columns).await? {
        let batch = batch?;
        let [roles, cities] =
            ["role_families", "cities"].map(|name| column(&batch, name).as_list::<i32>());
        let candidates = column(&batch, "candidates").as_primitive::<Int64Type>();
        for row in (0..batch.num_rows()).filter(|row| candidates.is_valid(*row)) {
            // None, one, two or three, four to seven …
            let bin = match u64::try_from(candidates.value(row)).unwrap_or_default() {
                0 => 0,
                number => number.ilog2() as usize + 1,
            };
            if night.users_by_candidates.len() <= bin {
                night.users_by_candidates.resize(bin + 1, 0);
            }
            night.users_by_candidates[bin] += 1;
            let (roles, cities) = (roles.value(row), cities.value(row));
            shares.add_user(&words(roles.as_string()), &words(cities.as_string()));
        }
    }
    Ok(())
}

async fn scores(storage: &Storage, run: &PublishedRun, night: &mut Night) -> Result<(), Error> {
    let mut skills = Counts::default();
    let mut by_tier = [("free", [0; 61]), ("paid", [0; 61])];
    let columns = ["fit_score", "is_full_score", "missing_skills"];
    for batch in batches(storage, run, &JOB_FIT_SCORES, &columns).await? {
        let batch = batch?;
        let scores = column(&batch, "fit_score").as_primitive::<Int32Type>();
        let pays = column(&batch, "is_full_score").as_boolean();
        for row in 0..batch.num_rows() {
            let score = usize::try_from(scores.value(row)).unwrap_or_default();
            let (_, scores) = &mut by_tier[usize::from(pays.value(row))];
            if let Some(number) = score.checked_sub(LEAST_SCORE).and_then(|at| scores.get_mut(at)) {
                *number += 1;
            }
        }
        skills.add_all(column(&batch, "missing_skills").as_list::<i32>().values().as_string());
    }
    night.scores_by_tier =
        by_tier.into_iter().map(|(tier, scores)| (tier.to_owned(), scores)).collect();
    night.skills_missing = skills.most(MAX_SKILLS);
    Ok(())
}

async fn brief(storage: &Storage, run: &PublishedRun) -> Result<Option<NightInBrief>, Error> {
    let numbers = [
        "jobs_scoreable",
        "jobs_new",
        "users_scored",
        "users_full",
        "users_without_match",
        "users_skipped",
        "rows_kept",
        "rows_inserted",
        "rows_deleted",
        "peak_rss_bytes",
    ];
    let columns: Vec<&str> = numbers.into_iter().chain(["seconds_total"]).collect();
    let mut found = None;
    for batch in batches(storage, run, &RUNS, &columns).await? {
        let batch = batch?;
        if batch.num_rows() == 0 {
            continue;
        }
        let number = |name: &str| {
            let numbers = column(&batch, name).as_primitive::<Int64Type>();
            u64::try_from(numbers.value(0)).unwrap_or_default()
        };
        found = Some(NightInBrief {
            run_date: run.run_date.clone(),
            run_id: run.run_id.to_string(),
            jobs: number("jobs_scoreable"),
            new_jobs: number("jobs_new"),
            users_scored: number("users_scored"),
            users_full: number("users_full"),
            users_without_match: number("users_without_match"),
            users_skipped: number("users_skipped"),
            kept: number("rows_kept"),
            inserted: number("rows_inserted"),
            deleted: number("rows_deleted"),
            seconds: column(&batch, "seconds_total").as_primitive::<Float64Type>().value(0),
            peak_rss_bytes: number("peak_rss_bytes"),
        });
    }
    Ok(found)
}

/// The rows of a set with some of its columns.
async fn batches(
    storage: &Storage,
    run: &PublishedRun,
    set: &Set,
    columns: &[&str],
) -> Result<impl Iterator<Item = Result<RecordBatch, Error>>, Error> {
    let reader = SetReader::open(storage, run, set).await?;
    let place = reader.place().to_owned();
    Ok(reader.read(columns)?.map(move |batch| {
        batch.map_err(|error| Error::Parquet { place: place.clone(), source: error.into() })
    }))
}

/// A column that was asked for, of the type that the set has: the reader has checked it.
fn column<'a>(batch: &'a RecordBatch, name: &str) -> &'a dyn Array {
    &batch[name]
}

fn text<'a>(batch: &'a RecordBatch, name: &str) -> &'a StringArray {
    column(batch, name).as_string()
}

fn words(words: &StringArray) -> Vec<&str> {
    words.iter().flatten().collect()
}

/// How often each word comes.
#[derive(Default)]
struct Counts(HashMap<String, u64>);

impl Counts {
    fn add_all(&mut self, words: &StringArray) {
        for word in words.iter().flatten() {
            match self.0.get_mut(word) {
                Some(number) => *number += 1,
                None => {
                    self.0.insert(word.to_owned(), 1);
                }
            }
        }
    }

    /// The most frequent, most first.
    fn most(self, at_most: usize) -> Vec<(String, u64)> {
        let mut counts: Vec<(String, u64)> = self.0.into_iter().collect();
        counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        counts.truncate(at_most);
        counts
    }
}
