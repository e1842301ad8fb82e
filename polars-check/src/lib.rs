//! An independent second computation of a night, with polars.
//!
//! Where the oracle loops over users and jobs, this joins, groups and sorts frames, so that both
//! are unlikely to share a mistake; it shares no code with the engine either. Only texts are read
//! row by row, in Rust: what a skill's name folds to, what a resume holds and says.
//!
//! `/` of two integer expressions rounds towards zero, which for what is divided here is down.
//!
//! - `text`, `resume`: texts and resumes
//! - `frames`: the rows of a night as frames
//! - `jobs`, `users`: who and what can be scored
//! - `pairs`: hard rules, components, order
//! - `lists`: the texts that paid users read

mod frames;
mod jobs;
mod lists;
mod pairs;
mod resume;
mod text;
mod users;

use std::collections::BTreeMap;

use polars::prelude::*;
use talvix_fixtures::oracle::{Expected, Weights};
use talvix_fixtures::tables::Tables;
use uuid::Uuid;

use crate::jobs::Jobs;
use crate::text::Aliases;
use crate::users::Users;

/// Users whose candidates are in memory at once: with a real night's jobs, about a gigabyte.
const USERS_AT_ONCE: i64 = 128;

/// What a full scan finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// The kept pairs by user id, each user's best first.
    pub rows: Vec<Expected>,
    /// For each user that was scored, how many jobs passed the hard rules.
    pub candidates: BTreeMap<Uuid, u64>,
}

/// Pins a model of `tables` and scores every scoreable user with every scoreable job.
///
/// `aliases` are alias and canonical form; no alias may stand in them twice.
pub fn full_scan(
    tables: &Tables,
    aliases: &[(String, String)],
    weights: &Weights,
    as_of_us: i64,
) -> PolarsResult<Scan> {
    let aliases = Aliases::new(aliases);
    let jobs = Jobs::new(tables, &aliases)?;
    let users = Users::new(tables, &aliases)?;
    let (year, week) = iso_week(as_of_us)?;

    let mut scan = Scan::default();
    let num_users = users.attributes.height() as i64;
    for first in (0..num_users).step_by(USERS_AT_ONCE as usize) {
        let some = users.between(first, first + USERS_AT_ONCE);
        let candidates = pairs::candidates(&some, &users, &jobs).collect()?;
        for (user, count) in pairs::count(some, &candidates)? {
            scan.candidates.insert(user, count);
        }
        let kept = pairs::kept(candidates, &users, &jobs, weights)?;
        let kept = lists::explained(kept, &users, &jobs)?;
        for row in frames::rows(&kept)? {
            scan.rows.push(Expected {
                week_number: week,
                year_number: year,
                expires_at: as_of_us + 1_209_600_000_000,
                ..row
            });
        }
    }
    Ok(scan)
}

/// ISO week-year and week in India, 5½ hours ahead of UTC.
fn iso_week(as_of_us: i64) -> PolarsResult<(i32, i32)> {
    let india = || col("us").cast(DataType::Datetime(TimeUnit::Microseconds, None)).dt();
    let week = df!("us" => [as_of_us + 19_800_000_000])?
        .lazy()
        .select([
            india().iso_year().cast(DataType::Int32).alias("year"),
            india().week().cast(DataType::Int32).alias("week"),
        ])
        .collect()?;
    let number = |name| PolarsResult::Ok(week.column(name)?.i32()?.get(0).unwrap_or_default());
    Ok((number("year")?, number("week")?))
}

/// The smaller of the two.
fn at_most(value: Expr, most: i64) -> Expr {
    when(value.clone().gt(lit(most))).then(lit(most)).otherwise(value)
}

/// The larger of the two.
fn at_least(value: Expr, least: i64) -> Expr {
    when(value.clone().lt(lit(least))).then(lit(least)).otherwise(value)
}

/// The text where it is one of `known`, else null.
fn one_of(text: &str, known: &[&str]) -> Expr {
    let is_known =
        (known.iter()).map(|word| col(text).eq(lit((*word).to_owned()))).fold(lit(false), Expr::or);
    when(is_known).then(col(text)).otherwise(lit(NULL)).alias(text)
}

/// The number where it is not negative, else null.
fn possible(number: &str) -> Expr {
    when(col(number).gt_eq(lit(0_i64))).then(col(number)).otherwise(lit(NULL)).alias(number)
}

fn left(frame: LazyFrame, other: LazyFrame, on: &[&str]) -> LazyFrame {
    join(frame, other, on, JoinType::Left)
}

fn join(frame: LazyFrame, other: LazyFrame, on: &[&str], how: JoinType) -> LazyFrame {
    let on: Vec<_> = on.iter().map(|name| col(*name)).collect();
    frame.join(other, on.clone(), on, JoinArgs::new(how))
}

/// Sorts by columns, ascending but for those named with a `-` before them, nulls last.
fn sort(frame: LazyFrame, by: &[&str]) -> LazyFrame {
    let descending: Vec<_> = by.iter().map(|name| name.starts_with('-')).collect();
    let names: Vec<_> = by.iter().map(|name| name.trim_start_matches('-')).collect();
    let options = SortMultipleOptions::default()
        .with_order_descending_multi(descending)
        .with_nulls_last(true);
    frame.sort(names, options)
}

/// The first rows of each group of a sorted frame, as many as `num` says of a row.
fn first_of_each(frame: LazyFrame, group: &str, num: Expr) -> PolarsResult<LazyFrame> {
    let frame = frame.collect()?.lazy().with_row_index("row", None);
    let row = col("row").cast(DataType::Int64);
    let nth = row.clone() - row.min().over([col(group)])?;
    Ok(frame.filter(nth.lt(num)).drop(cols(["row"])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday_in_india() {
        // 22 November 2026, 18:29:59.999999 UTC is still Sunday there.
        let monday = 1_795_372_200_000_000;
        assert_eq!(iso_week(monday - 1).unwrap(), (2026, 47));
        assert_eq!(iso_week(monday).unwrap(), (2026, 48));
    }
}
