//! A pair of both runs beside each other, and what became of it.

use super::{jobs::Jobs, users::Users};
use crate::{
    failure::Failure,
    frame,
    nights::{Opened, collect},
    slices::Slice,
};
use polars::prelude::*;
use talvix_snapshot::sets::JOB_FIT_SCORES;

/// What a row is named by; every other column is a value that can change.
const KEY: [&str; 2] = ["user_id", "job_id"];

/// What is known of a user.
const OF_USER: [&str; 5] = ["user_id", "full_a", "full_b", "last_a", "last_b"];

/// The columns that can change, in the order of the set.
pub fn values() -> impl Iterator<Item = &'static str> {
    JOB_FIT_SCORES.columns.iter().map(|column| column.name).filter(|name| !KEY.contains(name))
}

/// The flag that says that a value changed.
pub fn flag_of(value: &str) -> String {
    format!("differs_{value}")
}

/// What became of a pair, or why: flags, of which the frame of [`of_slice`] has one column each.
/// Of the last six a pair that came or went has exactly one.
pub const FLAGS: [&str; 11] = [
    "in_both",
    "added",
    "removed",
    "changed",
    "same",
    "lost_job_gone",
    "lost_outranked",
    "lost_other",
    "gained_job_came",
    "gained_moved_up",
    "gained_other",
];

/// The pairs of some compared users: both keys, every value with `_a` and `_b` behind its name,
/// `change`, [`FLAGS`], a flag for each value that changed, `family_a`, `family_b`, `family`, and
/// `points`, by how much the fit score of a pair in both rose. By user and job.
pub fn of_slice(
    a: &Opened,
    b: &Opened,
    users: &Users,
    jobs: &Jobs,
    slice: &Slice,
) -> Result<DataFrame, Failure> {
    let side = |run: &Opened, suffix: &str| {
        let rows = slice.of(run.scan(&JOB_FIT_SCORES)?);
        let named = values().map(|name| col(name).alias(format!("{name}_{suffix}")));
        let columns: Vec<Expr> = KEY
            .map(col)
            .into_iter()
            .chain(named)
            .chain([lit(true).alias(format!("in_{suffix}"))])
            .collect();
        Ok::<_, Failure>(rows.select(columns))
    };
    let pairs = frame::join(side(a, "a")?, side(b, "b")?, &KEY, JoinType::Full);
    let users = slice.of(users.compared.clone().lazy()).select(OF_USER.map(col));
    let pairs = frame::join(pairs, users, &["user_id"], JoinType::Inner);
    let pairs = frame::join(pairs, jobs.frame.clone().lazy(), &["job_id"], JoinType::Left)
        .with_columns([frame::flag("in_a"), frame::flag("in_b")])
        .with_columns(changes())
        .with_columns(causes())
        .sort(KEY, SortMultipleOptions::default());
    let pairs = collect(pairs, &JOB_FIT_SCORES, &[a, b])?;
    check_unique(&pairs, a, b)?;
    Ok(pairs)
}

fn changes() -> Vec<Expr> {
    let in_both = || col("in_a").and(col("in_b"));
    let differs =
        |name: &str| col(format!("{name}_a")).neq_missing(col(format!("{name}_b"))).and(in_both());
    let any = values().map(differs).reduce(Expr::or).unwrap_or_else(|| lit(false));
    let change = when(col("in_b").not())
        .then(lit("removed"))
        .when(col("in_a").not())
        .then(lit("added"))
        .when(any.clone())
        .then(lit("changed"))
        .otherwise(lit("same"));
    let points = when(in_both()).then(col("fit_score_b") - col("fit_score_a")).otherwise(lit(0));
    let family = when(col("family_b").is_null()).then(col("family_a")).otherwise(col("family_b"));
    let mut columns = vec![
        change.alias("change"),
        points.alias("points"),
        family.alias("family"),
        in_both().alias("in_both"),
        col("in_b").not().alias("removed"),
        col("in_a").not().alias("added"),
        any.clone().alias("changed"),
        in_both().and(any.not()).alias("same"),
    ];
    columns.extend(values().map(|name| differs(name).alias(flag_of(name))));
    columns
}

/// Why a pair came or went.
///
/// A pair whose job is gone went with it. One whose job is there was outranked where the list is
/// full and the pair, with the score that it had, would have no place in it; else its own score
/// fell or a rule stops it now. The same the other way round for pairs that came.
fn causes() -> Vec<Expr> {
    let (job_gone, job_came) = (col("family_b").is_null(), col("family_a").is_null());
    let outranked = col("full_b").and(col("raw_bp_a").lt_eq(col("last_b")).fill_null(lit(false)));
    let moved_up = col("full_a").and(col("raw_bp_b").lt_eq(col("last_a")).fill_null(lit(false)));
    let lost = |cause: Expr, name: &str| col("removed").and(cause).alias(name);
    let gained = |cause: Expr, name: &str| col("added").and(cause).alias(name);
    vec![
        lost(job_gone.clone(), "lost_job_gone"),
        lost(job_gone.clone().not().and(outranked.clone()), "lost_outranked"),
        lost(job_gone.not().and(outranked.not()), "lost_other"),
        gained(job_came.clone(), "gained_job_came"),
        gained(job_came.clone().not().and(moved_up.clone()), "gained_moved_up"),
        gained(job_came.not().and(moved_up.not()), "gained_other"),
    ]
}

/// Fails where a run holds a pair twice: it would be counted more than twice.
fn check_unique(pairs: &DataFrame, a: &Opened, b: &Opened) -> Result<(), Failure> {
    let mut before = ("", "");
    for pair in frame::texts(pairs, "user_id")?.zip(frame::texts(pairs, "job_id")?) {
        if pair == before {
            return Err(Failure::unfit(format!(
                "user {} and job {} are twice in run {} or {}: its files are damaged",
                pair.0, pair.1, a.meta.run_id, b.meta.run_id
            )));
        }
        before = pair;
    }
    Ok(())
}

/// The pairs that differ, with what `--rows` writes of them.
pub fn different(pairs: DataFrame) -> Result<DataFrame, Failure> {
    let both = values().flat_map(|name| [col(format!("{name}_a")), col(format!("{name}_b"))]);
    let columns: Vec<Expr> = KEY.map(col).into_iter().chain([col("change")]).chain(both).collect();
    Ok(pairs.lazy().filter(col("same").not()).select(columns).collect()?)
}
