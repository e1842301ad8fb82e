//! The few things of polars that are said the same way everywhere.

use crate::failure::Failure;
use polars::prelude::*;

/// Runs a query with the streaming engine: rows go through in batches, and only the answer is held
/// whole.
pub fn collect(query: LazyFrame) -> Result<DataFrame, Failure> {
    // Several answers come of a query with several sinks; ours have none.
    Ok(query.collect_with_engine(Engine::Streaming)?.unwrap_single())
}

/// Joins on columns that both sides have, each key once in the answer.
pub fn join(left: LazyFrame, right: LazyFrame, on: &[&str], how: JoinType) -> LazyFrame {
    let on: Vec<Expr> = on.iter().map(|name| col(*name)).collect();
    left.join_builder().with(right).on(on).how(how).coalesce(JoinCoalesce::CoalesceColumns).finish()
}

/// The users of `scored_users` whom the run scored, and whose result it stored.
pub fn scored(users: LazyFrame) -> LazyFrame {
    users.filter(col("mode").is_not_null().and(col("skipped_reason").is_null()))
}

/// A flag as it is, or false where a join found nothing.
pub fn flag(name: &str) -> Expr {
    col(name).fill_null(lit(false))
}

/// How many rows have the flag.
pub fn count_of(flag: Expr) -> Expr {
    flag.cast(DataType::Int64).sum()
}

/// The whole numbers of a column; none of them is null.
pub fn numbers(frame: &DataFrame, name: &str) -> Result<Vec<i64>, Failure> {
    let column = frame.column(name)?.cast(&DataType::Int64)?;
    Ok(column.i64()?.iter().map(Option::unwrap_or_default).collect())
}

/// The whole number in the first row, 0 in place of null.
pub fn number(frame: &DataFrame, name: &str) -> Result<u64, Failure> {
    let numbers = numbers(frame, name)?;
    Ok(numbers.first().copied().unwrap_or_default().max(0) as u64)
}

/// The texts of a column, an empty one in place of null.
pub fn texts<'a>(
    frame: &'a DataFrame,
    name: &str,
) -> Result<impl Iterator<Item = &'a str> + use<'a>, Failure> {
    Ok(frame.column(name)?.str()?.iter().map(Option::unwrap_or_default))
}
