//! Scoreable jobs, with all that does not depend on a user.

use polars::prelude::*;
use talvix_fixtures::tables::Tables;

use crate::text::Aliases;
use crate::{at_least, at_most, frames, left, one_of, possible, sort};

pub(crate) struct Jobs {
    /// `job` (place by id), `job_id`, `family`, `level`, `mode`, `remote`, `city`, `company`,
    /// `posted_at`, `lo`, `hi`, `listed`, `offer`, `demand_bp`.
    pub(crate) jobs: DataFrame,
    /// `job`, `skill`, `required`, `weight`: a skill of a job once.
    pub(crate) skills: DataFrame,
}

impl Jobs {
    pub(crate) fn new(tables: &Tables, aliases: &Aliases) -> PolarsResult<Self> {
        let jobs = scoreable(tables)?.collect()?;
        let skills = weighted(frames::job_skills(tables, aliases)?, &jobs).collect()?;

        let market = [col("family"), col("place")];
        let sizes = (jobs.clone().lazy()).group_by(market).agg([at_most(
            lit(20_i64) * len().cast(DataType::Int64),
            10_000,
        )
        .alias("demand_bp")]);
        let p50 = benchmarked(jobs.clone().lazy(), frames::benchmarks(tables)?);
        let jobs = left(jobs.lazy(), sizes, &["family", "place"]);
        let jobs = left(jobs, p50, &["job"])
            .with_column(coalesce(&[col("listed"), col("p50")]).alias("offer"))
            .collect()?;
        Ok(Self { jobs, skills })
    }
}

fn scoreable(tables: &Tables) -> PolarsResult<LazyFrame> {
    let jobs = frames::jobs(tables)?.filter(col("scoreable").and(col("family").is_not_null()));
    let listed = |name| when(col(name).gt(lit(0_i64))).then(col(name)).otherwise(lit(NULL));
    // Two ends that contradict each other are both unknown.
    let unless = |a: &str, b: &str, name: &str| {
        let contradict = col(a).gt(col(b)).fill_null(lit(false));
        when(contradict).then(lit(NULL)).otherwise(col(name)).alias(name)
    };
    let by_level = |ends: [i64; 5]| {
        let levels = ["intern", "junior", "mid", "senior", "lead"];
        levels.into_iter().zip(ends).fold(lit(NULL).cast(DataType::Int64), |other, (level, end)| {
            when(col("level").eq(lit(level))).then(lit(end)).otherwise(other)
        })
    };
    let given = col("exp_min").is_not_null().or(col("exp_max").is_not_null());
    let end = |name, missing: i64, by_level| {
        when(given.clone()).then(col(name).fill_null(lit(missing))).otherwise(by_level)
    };
    Ok(sort(jobs, &["job_id"])
        .with_row_index("job", None)
        .with_columns([
            col("job").cast(DataType::Int64),
            one_of("level", &["intern", "junior", "mid", "senior", "lead", "not_specified"]),
            one_of("mode", &["remote", "hybrid", "onsite"]),
            possible("exp_min"),
            possible("exp_max"),
            listed("salary_min").alias("salary_min"),
            listed("salary_max").alias("salary_max"),
        ])
        .with_columns([
            unless("exp_min", "exp_max", "exp_min"),
            unless("exp_min", "exp_max", "exp_max"),
            unless("salary_min", "salary_max", "salary_min"),
            unless("salary_min", "salary_max", "salary_max"),
            col("mode").eq(lit("remote")).fill_null(lit(false)).alias("remote"),
        ])
        .with_columns([
            end("exp_min", 0, by_level([0, 0, 30, 60, 100])).alias("lo"),
            end("exp_max", 600, by_level([10, 30, 60, 100, 400])).alias("hi"),
            coalesce(&[col("salary_max"), col("salary_min")]).alias("listed"),
            when(col("remote"))
                .then(lit("remote"))
                .otherwise(col("city").fill_null(lit("-")))
                .alias("place"),
        ])
        .drop(cols(["scoreable", "exp_min", "exp_max", "salary_min", "salary_max"])))
}

fn weighted(listed: LazyFrame, jobs: &DataFrame) -> LazyFrame {
    let num_jobs = lit(jobs.height() as i64);
    let skills = listed
        .inner_join(
            jobs.clone().lazy().select([col("job_id"), col("job")]),
            col("job_id"),
            col("job_id"),
        )
        .group_by([col("job"), col("skill")])
        .agg([col("required").any(true)]);
    let counts =
        (skills.clone()).group_by([col("skill")]).agg([len().cast(DataType::Int64).alias("df")]);
    // The whole part of the logarithm, up to 8: how many powers of two do not exceed the quotient.
    let quotient = num_jobs / col("df");
    let log2 = (1..=8)
        .map(|power| quotient.clone().gt_eq(lit(1_i64 << power)).cast(DataType::Int64))
        .fold(lit(0_i64), |sum, reached| sum + reached);
    let rarity = when(col("df").lt(lit(5_i64))).then(lit(1_i64)).otherwise(at_least(log2, 1));
    left(skills, counts, &["skill"])
        .with_column(
            (rarity * (lit(1_i64) + col("required").cast(DataType::Int64))).alias("weight"),
        )
        .drop(cols(["df"]))
}

/// `job` and `p50`: the benchmark of each job that has one.
fn benchmarked(jobs: LazyFrame, benchmarks: LazyFrame) -> LazyFrame {
    let possible = (["from", "below", "p50"].iter())
        .map(|name| col(*name).gt_eq(lit(0_i64)))
        .fold(lit(true), Expr::and);
    let matching = jobs
        .select([col("job"), col("family"), col("place"), col("lo")])
        .join(
            benchmarks.filter(possible),
            [col("family"), col("place")],
            [col("family"), col("place")],
            JoinArgs::new(JoinType::Inner),
        )
        .filter(col("from").lt_eq(col("lo")).and(col("lo").lt(col("below"))));
    sort(matching, &["job", "-month", "from", "below", "p50"])
        .group_by_stable([col("job")])
        .agg([col("p50").first()])
}
