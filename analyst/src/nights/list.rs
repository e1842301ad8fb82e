//! `runs`: the nights of a folder of snapshots.

use super::{Nights, open::scan, wait};
use crate::{
    args::RunsArgs,
    failure::Failure,
    frame, json,
    table::{Table, count},
};
use polars::prelude::*;
use serde::Serialize;
use std::{fmt::Write, path::Path};
use talvix_snapshot::{
    read::{PublishedRun, SetReader},
    sets::RUNS,
};
use talvix_storage::Storage;

/// The nights.
#[derive(Debug, Serialize)]
struct Answer {
    /// All complete runs, those that are not listed included.
    runs_published: usize,
    /// The last ones, oldest first.
    runs: Vec<Listed>,
}

/// A night.
#[derive(Debug, Serialize)]
struct Listed {
    run_date: String,
    run_id: String,
    week: String,
    jobs: u64,
    users_scored: u64,
    rows_kept: u64,
}

/// Lists the last nights.
pub fn run(args: &RunsArgs) -> Result<String, Failure> {
    let nights = Nights::list(&args.snapshots)?;
    let all = nights.runs();
    let skipped = all.len().saturating_sub(args.last);
    let runs = all[skipped..].iter().map(|run| brief(&args.snapshots, run));
    let answer = Answer { runs_published: all.len(), runs: runs.collect::<Result<_, _>>()? };
    if args.json {
        return json(&answer);
    }
    let mut table = Table::new(3, &["date", "run", "week", "jobs", "users", "kept"]);
    for run in &answer.runs {
        table.row([
            run.run_date.clone(),
            run.run_id.clone(),
            run.week.clone(),
            count(run.jobs),
            count(run.users_scored),
            count(run.rows_kept),
        ]);
    }
    let mut text = table.text();
    if skipped > 0 {
        let _ = writeln!(text, "{} earlier ones are not shown (--last)", count(skipped as u64));
    }
    Ok(text)
}

/// Reads the one row of a run.
fn brief(root: &Path, run: &PublishedRun) -> Result<Listed, Failure> {
    let file = wait(SetReader::open(&Storage::Folder(root.to_owned()), run, &RUNS))?;
    let columns =
        ["year_number", "week_number", "jobs_scoreable", "users_scored", "rows_kept"].map(col);
    let row = frame::collect(scan(root, run, &RUNS)?.select(columns))
        .map_err(|error| Failure::unfit(format!("{}: {error}", file.place())))?;
    let number = |name| frame::number(&row, name);
    Ok(Listed {
        run_date: run.run_date.clone(),
        run_id: run.run_id.to_string(),
        week: format!("{}-W{:02}", number("year_number")?, number("week_number")?),
        jobs: number("jobs_scoreable")?,
        users_scored: number("users_scored")?,
        rows_kept: number("rows_kept")?,
    })
}
