//! Lists of a published run: its kept pairs, scored again.
//!
//! Of pairs whose scores are equal under the other weights the one comes first that came first
//! before: the date of posting, by which a run tells them apart, is not in a snapshot.

use super::{
    Taker,
    answer::{Answer, Source},
    jobs::Jobs,
    lists::{Match, UserLists},
    unseen::Unseen,
    weights::{self, File},
};
use crate::{
    args::WhatIfArgs,
    failure::Failure,
    frame,
    nights::{Nights, Opened, collect},
    rows_file::RowsFile,
    slices::Slice,
};
use polars::prelude::*;
use std::{cmp::Reverse, collections::HashMap, path::Path};
use talvix_engine::{columns::Tier, components::Components, model::Weights};
use talvix_snapshot::sets::{JOB_FIT_SCORES, SCORED_USERS};

/// No raw score is above this: full components, and the greatest bonus that a weight can be.
const MOST_BP: u32 = 10_000 + 1_000_000;

/// A scored user.
struct User {
    id: String,
    k: usize,
    kept: usize,
    /// Every pair that passed the prefilter was kept.
    knows_all: bool,
}

/// A kept pair: its job, its score, and what the score is made of.
struct Pair {
    kept: Match,
    components: Components,
    is_dream: bool,
}

/// Scores a run's kept pairs again.
pub fn run(
    args: &WhatIfArgs,
    folder: &Path,
    file: &File,
    rows: Option<RowsFile>,
) -> Result<Answer, Failure> {
    let nights = Nights::list(folder)?;
    let run = nights.open(nights.find(&args.run)?)?;
    let before = weights::of_run(&run.meta.weights, &run.meta.run_id)?;
    let after = file.over(before)?;
    let jobs = Jobs::of_run(&run)?;
    let numbers = jobs.numbers();
    let users = users(&run)?;
    let mut taker = Taker::new(&jobs, before, after, rows);
    let mut waiting = users.iter().peekable();
    let rows_of_each = users.iter().map(|user| (user.id.as_str(), user.kept as u64));
    for slice in Slice::cut(rows_of_each, args.slice_rows) {
        let slice = rows_of(&run, &slice)?;
        let pairs = pairs(&slice, &numbers, &run, before)?;
        let mut owners = frame::texts(&slice, "user_id")?.peekable();
        let mut at = 0;
        // Users are in the order of their rows, and a user without rows is in no slice.
        while let Some(user) = waiting.next_if(|user| user.kept == 0 || owners.peek().is_some()) {
            let start = at;
            while owners.next_if(|owner| *owner == user.id).is_some() {
                at += 1;
            }
            let of_user = &pairs[start..at];
            check_kept(&run, user, of_user.len())?;
            take(&mut taker, user, of_user, before, after)?;
        }
        if let Some(owner) = owners.next() {
            return Err(Failure::unfit(format!(
                "run {}: user {owner} has kept pairs and is not among `{}`",
                run.meta.run_id, SCORED_USERS.name
            )));
        }
    }
    // Behind the last row there may still be users without any.
    for user in waiting {
        check_kept(&run, user, 0)?;
        take(&mut taker, user, &[], before, after)?;
    }
    let mut warnings = file.warnings();
    if before.dream_bonus_bp() == 0 && after.dream_bonus_bp() > 0 {
        warnings.push(
            "the run gave dream companies no bonus, so its pairs do not say which they are: no \
             pair gets the new one"
                .to_owned(),
        );
    }
    taker.finish(Source::Snapshot(run.meta), warnings, args.top)
}

/// The users that the run scored, by id.
fn users(run: &Opened) -> Result<Vec<User>, Failure> {
    let all = col("mode").eq(lit("full")).and(col("candidates").eq(col("kept")));
    let users = frame::scored(run.scan(&SCORED_USERS)?)
        .select([
            col("user_id"),
            col("kept"),
            col("tier").eq(lit("free")).alias("is_free"),
            all.fill_null(lit(false)).alias("knows_all"),
        ])
        .sort(["user_id"], SortMultipleOptions::default());
    let users = collect(users, &SCORED_USERS, &[run])?;
    let kept = frame::numbers(&users, "kept")?;
    let is_free = users.column("is_free")?.bool()?;
    let knows_all = users.column("knows_all")?.bool()?;
    let ids = frame::texts(&users, "user_id")?;
    let users = ids.zip(kept).zip(is_free.iter().zip(knows_all.iter()));
    Ok(users
        .map(|((id, kept), (is_free, knows_all))| User {
            id: id.to_owned(),
            k: if is_free == Some(true) { Tier::Free.k() } else { Tier::Paid.k() },
            kept: kept.max(0) as usize,
            knows_all: knows_all == Some(true),
        })
        .collect())
}

/// The kept pairs of some users, by user and rank.
fn rows_of(run: &Opened, slice: &Slice) -> Result<DataFrame, Failure> {
    let columns = [
        "user_id",
        "rank",
        "job_id",
        "raw_bp",
        "skills_bp",
        "experience_bp",
        "demand_bp",
        "salary_bp",
        "dream_bonus_bp",
    ];
    let rows = slice.of(run.scan(&JOB_FIT_SCORES)?);
    let by = SortMultipleOptions::default();
    let rows = rows.select(columns.map(col)).sort(["user_id", "rank"], by);
    collect(rows, &JOB_FIT_SCORES, &[run])
}

/// The same as pairs. Each must come to the score that it has: what other weights make of it is
/// then as exact.
fn pairs(
    rows: &DataFrame,
    numbers: &HashMap<&str, u32>,
    run: &Opened,
    before: Weights,
) -> Result<Vec<Pair>, Failure> {
    let column = |name| {
        let numbers = frame::numbers(rows, name)?;
        Ok::<_, Failure>(numbers.into_iter().map(|number| number as u32).collect::<Vec<_>>())
    };
    let raw = column("raw_bp")?;
    let [skills, experience] = [column("skills_bp")?, column("experience_bp")?];
    let [demand, salary] = [column("demand_bp")?, column("salary_bp")?];
    let bonus = column("dream_bonus_bp")?;
    let mut pairs = Vec::with_capacity(rows.height());
    for (at, job_id) in frame::texts(rows, "job_id")?.enumerate() {
        let unfit = |reason: String| {
            Err(Failure::unfit(format!("run {}, job {job_id}: {reason}", run.meta.run_id)))
        };
        let Some(&job) = numbers.get(job_id) else {
            return unfit("it was kept and is not among `scored_jobs`".to_owned());
        };
        let components = Components {
            skills_bp: skills[at],
            experience_bp: experience[at],
            demand_bp: demand[at],
            salary_bp: salary[at],
        };
        let is_dream = bonus[at] > 0;
        let again_bp = components.raw_bp(before, is_dream);
        if again_bp != raw[at] {
            return unfit(format!(
                "its score is {} bp, and its components with the run's weights give {again_bp}: \
                 the files are damaged or follow another formula",
                raw[at]
            ));
        }
        pairs.push(Pair { kept: Match { job, raw_bp: raw[at] }, components, is_dream });
    }
    Ok(pairs)
}

fn check_kept(run: &Opened, user: &User, found: usize) -> Result<(), Failure> {
    if user.kept == found {
        return Ok(());
    }
    Err(Failure::unfit(format!(
        "run {}, user {}: {} pairs were kept, and {found} are in `{}`: its files are damaged",
        run.meta.run_id, user.id, user.kept, JOB_FIT_SCORES.name
    )))
}

/// Scores a user's pairs again.
fn take(
    taker: &mut Taker<'_>,
    user: &User,
    pairs: &[Pair],
    old: Weights,
    new: Weights,
) -> Result<(), Failure> {
    let before: Vec<Match> = pairs.iter().map(|pair| pair.kept).collect();
    let scored = pairs
        .iter()
        .map(|pair| Match { raw_bp: pair.components.raw_bp(new, pair.is_dream), ..pair.kept });
    let mut after: Vec<Match> = scored.filter(|pair| pair.raw_bp >= new.cut_raw_bp()).collect();
    // The sort is stable: equals stay in the order that they were in.
    after.sort_by_key(|pair| Reverse(pair.raw_bp));
    let most_bp = match before.last() {
        Some(last) if before.len() >= user.k => last.raw_bp,
        _ => old.cut_raw_bp().saturating_sub(1).min(MOST_BP),
    };
    let unseen = (!user.knows_all).then(|| Unseen::of(most_bp, old, new));
    let lists = UserLists { user_id: &user.id, k: user.k, before: &before, after: &after, unseen };
    taker.take(&lists)
}
