//! What becomes of all pairs, added up range by range of users.
//!
//! Only whole numbers are added, and of score changes how often each occurs: means and medians of
//! the whole come out exactly, however the users are cut.

use super::pairs::{FLAGS, flag_of, values};
use crate::{failure::Failure, frame};
use polars::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;

/// What becomes of the pairs of one role family.
#[derive(Clone, Debug, Default)]
pub struct FamilyTally {
    /// Rows in run A.
    pub kept_a: u64,
    /// Rows in run B.
    pub kept_b: u64,
    /// Of pairs in both: how often the fit score rose by this many points.
    pub points: BTreeMap<i64, u64>,
}

/// A user and what became of the user's pairs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserChange {
    /// Who.
    pub user_id: String,
    /// Pairs of B that are not in A.
    pub gained: u64,
    /// Pairs of A that are not in B.
    pub lost: u64,
    /// By how much the fit scores of pairs in both rose, all together.
    pub points: i64,
}

/// What becomes of compared users' pairs.
#[derive(Clone, Debug)]
pub struct Tally {
    /// How many pairs have each of [`FLAGS`], and how many each value's flag.
    pub flags: BTreeMap<String, u64>,
    /// By role family.
    pub families: BTreeMap<String, FamilyTally>,
    /// Users who gained and lost nothing and whose pairs have other values.
    pub users_changed: u64,
    /// Users who gained and did not lose.
    pub users_gained: u64,
    /// Users who lost and did not gain.
    pub users_lost: u64,
    /// Users who gained and lost.
    pub users_gained_and_lost: u64,
    /// The users with the most pairs that came or went.
    pub most: Vec<UserChange>,
    num_named: usize,
}

impl Tally {
    /// Nothing yet; this many users will be named.
    pub fn new(num_named: usize) -> Self {
        Tally {
            flags: BTreeMap::new(),
            families: BTreeMap::new(),
            users_changed: 0,
            users_gained: 0,
            users_lost: 0,
            users_gained_and_lost: 0,
            most: Vec::new(),
            num_named,
        }
    }

    /// How many pairs have a flag.
    pub fn flag(&self, name: &str) -> u64 {
        self.flags.get(name).copied().unwrap_or(0)
    }

    /// Adds the pairs of a range of users.
    pub fn add(&mut self, pairs: &DataFrame) -> Result<(), Failure> {
        self.add_flags(pairs)?;
        self.add_families(pairs)?;
        self.add_users(pairs)
    }

    fn add_flags(&mut self, pairs: &DataFrame) -> Result<(), Failure> {
        let names: Vec<String> =
            FLAGS.iter().map(ToString::to_string).chain(values().map(flag_of)).collect();
        let counts: Vec<Expr> =
            names.iter().map(|name| frame::count_of(col(name.as_str()))).collect();
        let counts = pairs.clone().lazy().select(counts).collect()?;
        for name in names {
            let count = frame::number(&counts, &name)?;
            *self.flags.entry(name).or_default() += count;
        }
        Ok(())
    }

    fn add_families(&mut self, pairs: &DataFrame) -> Result<(), Failure> {
        let by = |family: &str, flag: &str, also: Option<&str>| {
            let mut keys = vec![col(family).alias("name")];
            keys.extend(also.map(col));
            let counted = pairs.clone().lazy().filter(col(flag)).group_by(keys);
            counted.agg([len().alias("pairs")]).collect()
        };
        let (kept_a, kept_b) = (by("family_a", "in_a", None)?, by("family_b", "in_b", None)?);
        for (name, pairs) in frame::texts(&kept_a, "name")?.zip(frame::numbers(&kept_a, "pairs")?) {
            self.families.entry(name.to_owned()).or_default().kept_a += pairs as u64;
        }
        for (name, pairs) in frame::texts(&kept_b, "name")?.zip(frame::numbers(&kept_b, "pairs")?) {
            self.families.entry(name.to_owned()).or_default().kept_b += pairs as u64;
        }
        let moved = by("family", "in_both", Some("points"))?;
        let points = frame::numbers(&moved, "points")?.into_iter();
        let counts = points.zip(frame::numbers(&moved, "pairs")?);
        for (name, (points, pairs)) in frame::texts(&moved, "name")?.zip(counts) {
            let family = self.families.entry(name.to_owned()).or_default();
            *family.points.entry(points).or_default() += pairs as u64;
        }
        Ok(())
    }

    fn add_users(&mut self, pairs: &DataFrame) -> Result<(), Failure> {
        let users = pairs
            .clone()
            .lazy()
            .group_by([col("user_id")])
            .agg([
                frame::count_of(col("added")).alias("gained"),
                frame::count_of(col("removed")).alias("lost"),
                frame::count_of(col("changed")).alias("changed"),
                col("points").cast(DataType::Int64).sum(),
            ])
            .collect()?;
        let gained = frame::numbers(&users, "gained")?;
        let lost = frame::numbers(&users, "lost")?;
        let changed = frame::numbers(&users, "changed")?;
        let points = frame::numbers(&users, "points")?;
        for (at, user) in frame::texts(&users, "user_id")?.enumerate() {
            let counter = match (gained[at], lost[at]) {
                (0, 0) if changed[at] == 0 => continue,
                (0, 0) => &mut self.users_changed,
                (_, 0) => &mut self.users_gained,
                (0, _) => &mut self.users_lost,
                (_, _) => &mut self.users_gained_and_lost,
            };
            *counter += 1;
            if gained[at] + lost[at] > 0 {
                self.name(UserChange {
                    user_id: user.to_owned(),
                    gained: gained[at] as u64,
                    lost: lost[at] as u64,
                    points: points[at],
                });
            }
        }
        Ok(())
    }

    /// Keeps the user if few have more pairs that came or went; of equals the lesser id.
    fn name(&mut self, user: UserChange) {
        let more_first =
            |user: &UserChange| (std::cmp::Reverse(user.gained + user.lost), user.user_id.clone());
        let is_worse = |last: &UserChange| more_first(last) < more_first(&user);
        if self.most.len() == self.num_named && self.most.last().is_none_or(is_worse) {
            return;
        }
        let at = self.most.partition_point(|named| more_first(named) < more_first(&user));
        self.most.insert(at, user);
        self.most.truncate(self.num_named);
    }
}
