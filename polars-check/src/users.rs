//! Scoreable users.

use polars::prelude::*;
use talvix_fixtures::tables::Tables;

use crate::text::Aliases;
use crate::{first_of_each, frames, join, left, one_of, possible, sort};

pub(crate) struct Users {
    /// `user` (place by id), `user_id`, `pays`, `expected`, `years`, `user_level`, `any_city`,
    /// `any_mode`.
    pub(crate) attributes: DataFrame,
    /// `user`, `family`.
    pub(crate) roles: DataFrame,
    /// `user`, `skill`, `has`: true.
    pub(crate) skills: DataFrame,
    /// `user`, `city`, `in_city`: true.
    pub(crate) cities: DataFrame,
    /// `user`, `mode`, `named`: true.
    pub(crate) modes: DataFrame,
    /// `user`, `company`, `dream`: true.
    pub(crate) dreams: DataFrame,
    /// `user`, `company`.
    pub(crate) blacklist: DataFrame,
}

impl Users {
    pub(crate) fn new(tables: &Tables, aliases: &Aliases) -> PolarsResult<Self> {
        let (resumes, skills) = frames::parsed(tables, aliases)?;
        let roles = sort(frames::roles(tables)?, &["user_id", "priority", "role_id"]);
        let roles = first_of_each(roles, "user_id", lit(5_i64))?;
        let cities = frames::cities(tables, "city")?;
        let modes = frames::modes(tables, "mode")?
            .with_column(one_of("mode", &["remote", "hybrid", "onsite"]))
            .filter(col("mode").is_not_null());
        let companies = frames::companies(tables)?;
        let of_kind = |kind: &'static str| companies.clone().filter(col("kind").eq(lit(kind)));

        let users = scoreable(tables, resumes, &roles)?;
        let users = sort(users, &["user_id"])
            .with_row_index("user", None)
            .with_column(col("user").cast(DataType::Int64));
        let users = none_named(users, &cities, "any_city");
        let users = none_named(users, &modes, "any_mode").collect()?;

        let places = users.clone().lazy().select([col("user_id"), col("user")]);
        let named = |frame: LazyFrame, name: &str, mark: &str| {
            join(frame, places.clone(), &["user_id"], JoinType::Inner)
                .select([col("user"), col(name)])
                .unique(None, UniqueKeepStrategy::Any)
                .with_column(lit(true).alias(mark))
                .collect()
        };
        Ok(Self {
            roles: named(roles, "family", "wanted")?,
            skills: named(skills, "skill", "has")?,
            cities: named(cities, "city", "in_city")?,
            modes: named(modes, "mode", "named")?,
            dreams: named(of_kind("dream"), "company", "dream")?,
            blacklist: named(of_kind("blacklist"), "company", "blacklisted")?,
            attributes: users,
        })
    }

    /// The users of these places.
    pub(crate) fn between(&self, first: i64, end: i64) -> LazyFrame {
        let within = col("user").gt_eq(lit(first)).and(col("user").lt(lit(end)));
        self.attributes.clone().lazy().filter(within)
    }
}

fn scoreable(tables: &Tables, resumes: LazyFrame, roles: &LazyFrame) -> PolarsResult<LazyFrame> {
    let by_years = when(col("years").lt(lit(10_i64)))
        .then(lit("entry"))
        .when(col("years").lt(lit(30_i64)))
        .then(lit("junior"))
        .when(col("years").lt(lit(60_i64)))
        .then(lit("mid"))
        .when(col("years").lt(lit(100_i64)))
        .then(lit("senior"))
        .when(col("years").is_not_null())
        .then(lit("lead"))
        .otherwise(lit(NULL));
    let users = join(
        frames::users(tables)?,
        frames::primary_resumes(tables)?,
        &["user_id"],
        JoinType::Semi,
    );
    let users = join(users, resumes, &["user_id"], JoinType::Inner);
    Ok(join(users, roles.clone(), &["user_id"], JoinType::Semi)
        .with_columns([
            possible("expected"),
            possible("years"),
            one_of("user_level", &["intern", "entry", "junior", "mid", "senior", "lead"]),
        ])
        .with_column(coalesce(&[col("years"), col("resume_years")]).alias("years"))
        .with_column(coalesce(&[col("user_level"), by_years]).alias("user_level"))
        .drop(cols(["resume_years"])))
}

/// Column `mark`: the user is not in `names`.
fn none_named(users: LazyFrame, names: &LazyFrame, mark: &str) -> LazyFrame {
    let named = (names.clone())
        .select([col("user_id"), lit(false).alias(mark)])
        .unique(None, UniqueKeepStrategy::Any);
    left(users, named, &["user_id"]).with_column(col(mark).fill_null(lit(true)))
}
