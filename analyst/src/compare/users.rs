//! Who was scored in both runs.
//!
//! Users for whom nothing was new are left alone by a night and have no row in it, though what is
//! stored for them stays. So a user who is in one run only has neither gained nor lost: only users
//! who were scored in both are compared.

use crate::{
    failure::Failure,
    frame,
    nights::{Opened, collect},
};
use polars::prelude::*;
use serde::Serialize;
use talvix_engine::columns::Tier;
use talvix_snapshot::sets::SCORED_USERS;

/// How many users were scored.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct UserCounts {
    /// In run A.
    pub a: u64,
    /// In run B.
    pub b: u64,
    /// In both.
    pub both: u64,
    /// In A and not in B.
    pub only_a: u64,
    /// In B and not in A.
    pub only_b: u64,
}

/// The users who are compared.
pub struct Users {
    /// `user_id`, `full_a`, `full_b` (the list had no room left), `last_a`, `last_b` (raw score of
    /// the last kept pair), `rows` (of both runs); by user.
    pub compared: DataFrame,
    /// How many there are.
    pub counts: UserCounts,
}

impl Users {
    /// Each user with the number of rows in both runs.
    pub fn rows_of_each(&self) -> Result<impl Iterator<Item = (&str, u64)>, Failure> {
        let rows = frame::numbers(&self.compared, "rows")?.into_iter().map(|rows| rows as u64);
        Ok(frame::texts(&self.compared, "user_id")?.zip(rows))
    }
}

/// Whether a list holds as many pairs as the tier may keep.
fn is_full() -> Expr {
    let k = when(col("tier").eq(lit("free")))
        .then(lit(Tier::Free.k() as i32))
        .otherwise(lit(Tier::Paid.k() as i32));
    col("kept").gt_eq(k)
}

/// Reads the users of both runs.
pub fn load(a: &Opened, b: &Opened) -> Result<Users, Failure> {
    let side = |run: &Opened, suffix: &str| {
        let name = |column: &str| format!("{column}_{suffix}");
        let users = frame::scored(run.scan(&SCORED_USERS)?);
        Ok::<_, Failure>(users.select([
            col("user_id"),
            lit(true).alias(name("scored")),
            is_full().alias(name("full")),
            col("last_raw_bp").alias(name("last")),
            col("kept").alias(name("kept")),
        ]))
    };
    let users = frame::join(side(a, "a")?, side(b, "b")?, &["user_id"], JoinType::Full);
    let users = collect(users, &SCORED_USERS, &[a, b])?;
    let in_run = |suffix: &str| frame::flag(&format!("scored_{suffix}"));
    let counted = users.clone().lazy().select([
        frame::count_of(in_run("a")).alias("a"),
        frame::count_of(in_run("b")).alias("b"),
        frame::count_of(in_run("a").and(in_run("b"))).alias("both"),
    ]);
    let counted = counted.collect()?;
    let count = |name| frame::number(&counted, name);
    let (num_a, num_b, both) = (count("a")?, count("b")?, count("both")?);
    let compared = users
        .lazy()
        .filter(in_run("a").and(in_run("b")))
        .with_column((col("kept_a") + col("kept_b")).alias("rows"))
        .select(["user_id", "full_a", "full_b", "last_a", "last_b", "rows"].map(col))
        .sort(["user_id"], SortMultipleOptions::default())
        .collect()?;
    let counts =
        UserCounts { a: num_a, b: num_b, both, only_a: num_a - both, only_b: num_b - both };
    Ok(Users { compared, counts })
}
