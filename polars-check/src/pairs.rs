//! Pairs: the hard rules, the components, the order.

use polars::prelude::*;
use talvix_fixtures::oracle::Weights;
use uuid::Uuid;

use crate::jobs::Jobs;
use crate::users::Users;
use crate::{at_least, at_most, first_of_each, frames, join, left, sort};

/// The pairs of some users that pass the hard rules, with the columns of both.
pub(crate) fn candidates(some: &LazyFrame, users: &Users, jobs: &Jobs) -> LazyFrame {
    let pairs = join(some.clone(), users.roles.clone().lazy(), &["user"], JoinType::Inner);
    let pairs = join(pairs, jobs.jobs.clone().lazy(), &["family"], JoinType::Inner);

    let entry = col("user_level")
        .eq(lit("entry"))
        .and(col("level").eq(lit("intern")).or(col("level").eq(lit("junior"))));
    let suits = (col("level").is_null())
        .or(col("level").eq(lit("not_specified")))
        .or(col("user_level").is_null())
        .or(col("level").eq(col("user_level")))
        .or(entry);
    let pairs = left(pairs.filter(suits), users.cities.clone().lazy(), &["user", "city"])
        .with_column(col("in_city").fill_null(lit(false)))
        .filter(col("remote").or(col("any_city")).or(col("in_city")));
    let pairs = left(pairs, users.modes.clone().lazy(), &["user", "mode"])
        .filter(col("any_mode").or(col("mode").is_null()).or(col("named").is_not_null()));
    let on = ["user", "company"];
    let pairs = join(pairs, users.blacklist.clone().lazy(), &on, JoinType::Anti);
    left(pairs, users.dreams.clone().lazy(), &on).with_column(col("dream").fill_null(lit(false)))
}

/// How many candidates each of some users has.
pub(crate) fn count(some: LazyFrame, candidates: &DataFrame) -> PolarsResult<Vec<(Uuid, u64)>> {
    let counts = (candidates.clone().lazy())
        .group_by([col("user")])
        .agg([len().cast(DataType::UInt64).alias("count")]);
    let counts = left(some, counts, &["user"]).collect()?;
    let users = counts.column("user_id")?.str()?.iter();
    let counts = counts.column("count")?.u64()?.iter();
    Ok(users.zip(counts).map(|(id, n)| (frames::id(id.unwrap_or("")), n.unwrap_or(0))).collect())
}

/// The best candidates of each user, best first, scored.
pub(crate) fn kept(
    candidates: DataFrame,
    users: &Users,
    jobs: &Jobs,
    weights: &Weights,
) -> PolarsResult<LazyFrame> {
    let pairs = candidates.lazy();
    let skills = skill_sums(&pairs, users, jobs);
    let threshold = at_least_forty(weights.min_fit);
    let apply = rounded_up(weights.apply);
    let parts = [
        (weights.skills, skills_bp()),
        (weights.experience, experience_bp()),
        (weights.demand, col("demand_bp")),
        (weights.salary, salary_bp()),
    ];
    let all_weights: u64 = parts.iter().map(|(weight, _)| weight).sum();
    let sum = (parts.into_iter())
        .map(|(weight, bp)| lit(weight as i64) * bp)
        .fold(lit(0_i64), |sum, part| sum + part);
    let bonus_bp = (weights.dream_bonus + 50) / 100;
    let bonus = when(col("dream")).then(lit(bonus_bp)).otherwise(lit(0_i64));

    let scored = left(pairs, skills, &["user", "job"])
        .with_column((sum / lit(all_weights as i64) + bonus).alias("raw_bp"))
        .with_column(at_most((col("raw_bp") + lit(50_i64)) / lit(100_i64), 100).alias("fit_score"))
        .filter(col("fit_score").gt_eq(lit(threshold)));
    let scored = sort(scored, &["user", "-raw_bp", "-posted_at", "job"]);
    let num = when(col("pays")).then(lit(25_i64)).otherwise(lit(3_i64));
    let kept = first_of_each(scored, "user", num)?.with_columns([
        when(col("fit_score").gt_eq(lit(75_i64)))
            .then(lit("strong"))
            .when(col("fit_score").gt_eq(lit(60_i64)))
            .then(lit("good"))
            .otherwise(lit("fair"))
            .alias("fit_label"),
        when(col("fit_score").gt_eq(lit(apply)))
            .then(lit("apply"))
            .when(col("fit_score").gt_eq(lit(apply - 20)))
            .then(lit("consider"))
            .otherwise(lit("skip"))
            .alias("recommendation"),
    ]);
    Ok(kept.collect()?.lazy())
}

/// Per pair of `user` and `job`: `all_weight`, `has_weight`, `num_required`, `num_covered`.
fn skill_sums(pairs: &LazyFrame, users: &Users, jobs: &Jobs) -> LazyFrame {
    let has = col("has").fill_null(lit(false));
    let count = |flag: Expr| flag.cast(DataType::Int64).sum();
    pair_skills(pairs.clone(), users, jobs).group_by([col("user"), col("job")]).agg([
        col("weight").sum().alias("all_weight"),
        (col("weight") * has.clone().cast(DataType::Int64)).sum().alias("has_weight"),
        count(col("required")).alias("num_required"),
        count(col("required").and(has)).alias("num_covered"),
    ])
}

/// Each skill of the job of each pair, and whether the user has it.
pub(crate) fn pair_skills(pairs: LazyFrame, users: &Users, jobs: &Jobs) -> LazyFrame {
    let pairs = pairs.select([col("user"), col("job")]);
    let listed = join(pairs, jobs.skills.clone().lazy(), &["job"], JoinType::Inner);
    left(listed, users.skills.clone().lazy(), &["user", "skill"])
}

fn skills_bp() -> Expr {
    when(col("all_weight").is_null())
        .then(lit(5_000_i64))
        .otherwise(lit(10_000_i64) * col("has_weight") / (col("all_weight") + lit(8_i64)))
}

fn experience_bp() -> Expr {
    let below = lit(10_000_i64) - lit(250_i64) * (col("lo") - col("years"));
    let above = lit(10_000_i64) - lit(100_i64) * (col("years") - col("hi"));
    when(col("years").is_null().or(col("lo").is_null()))
        .then(lit(5_000_i64))
        .when(col("years").lt(col("lo")))
        .then(at_least(below, 0))
        .when(col("years").gt(col("hi")))
        .then(at_least(above, 5_000))
        .otherwise(lit(10_000_i64))
}

fn salary_bp() -> Expr {
    // Never zero, so that rows for which this is not the answer can be divided, too.
    let expected = at_least(col("expected"), 1);
    let short = lit(20_000_i64) * (expected.clone() - col("offer")) / expected;
    when(col("offer").is_null().or(col("expected").is_null()).or(col("expected").eq(lit(0_i64))))
        .then(lit(5_000_i64))
        .when(col("offer").gt_eq(col("expected")))
        .then(lit(10_000_i64))
        .otherwise(at_least(lit(10_000_i64) - short, 0))
}

fn rounded_up(ten_thousandths: i64) -> i64 {
    (ten_thousandths + 9_999) / 10_000
}

fn at_least_forty(min_fit: i64) -> i64 {
    rounded_up(min_fit).max(40)
}
