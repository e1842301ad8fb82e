//! The answer, as it stands in JSON. Keys are only ever added.

use super::{
    jobs::{JobCounts, Jobs},
    pairs::{flag_of, values},
    tally::{FamilyTally, Tally, UserChange},
    users::UserCounts,
};
use crate::{failure::Failure, nights::Meta};
use serde::Serialize;
use std::collections::BTreeMap;

/// What is different between two nights.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The earlier run.
    pub a: Meta,
    /// The later run.
    pub b: Meta,
    /// Users.
    pub users: Users,
    /// Rows of the users who were scored in both.
    pub rows: Rows,
    /// Why pairs went.
    pub lost: Lost,
    /// Why pairs came.
    pub gained: Gained,
    /// Jobs.
    pub jobs: JobCounts,
    /// How scores of pairs in both moved.
    pub drift: Family,
    /// The same by role family, most rows first.
    pub role_families: Vec<Family>,
    /// The users with the most pairs that came or went.
    pub users_most_changed: Vec<UserChange>,
    /// What makes the two nights hard to compare.
    pub warnings: Vec<String>,
}

/// How many users; the last five make up `both`.
#[derive(Debug, Serialize)]
pub struct Users {
    /// Who was scored in which run.
    #[serde(flatten)]
    pub scored: UserCounts,
    /// At least one pair came, none went.
    pub gained: u64,
    /// At least one pair went, none came.
    pub lost: u64,
    /// Pairs came and went.
    pub gained_and_lost: u64,
    /// The pairs are the same and some values are not.
    pub changed: u64,
    /// Every row is the same.
    pub same: u64,
}

/// How many rows.
#[derive(Debug, Serialize)]
pub struct Rows {
    /// All rows of run A.
    pub a: u64,
    /// All rows of run B.
    pub b: u64,
    /// Rows of A of users who are compared.
    pub compared_a: u64,
    /// Rows of B of users who are compared.
    pub compared_b: u64,
    /// Pairs in both.
    pub both: u64,
    /// Pairs that went.
    pub only_a: u64,
    /// Pairs that came.
    pub only_b: u64,
    /// Pairs in both with the same values.
    pub same: u64,
    /// Pairs in both with other values.
    pub changed: u64,
    /// Of these: in which columns.
    pub changed_columns: BTreeMap<&'static str, u64>,
}

/// Why pairs went.
#[derive(Debug, Serialize)]
pub struct Lost {
    /// All of them.
    pub pairs: u64,
    /// The job cannot be scored any more.
    pub job_gone: u64,
    /// The job is there; the list is full of pairs at least as good as this one was.
    pub outranked: u64,
    /// The job is there and would have a place: the score fell, or a rule stops the pair.
    pub other: u64,
}

/// Why pairs came.
#[derive(Debug, Serialize)]
pub struct Gained {
    /// All of them.
    pub pairs: u64,
    /// The job could not be scored before.
    pub job_came: u64,
    /// The job was there; the list was full of pairs at least as good as this one is.
    pub moved_up: u64,
    /// The job was there and would have had a place: the score rose, or no rule stops it now.
    pub other: u64,
}

/// How the scores of some pairs moved.
#[derive(Debug, Serialize)]
pub struct Family {
    /// Role family; `all` of all of them.
    pub name: String,
    /// Rows in A.
    pub kept_a: u64,
    /// Rows in B.
    pub kept_b: u64,
    /// Pairs in both: those whose scores can have moved.
    pub pairs: u64,
    /// Pairs whose fit score rose.
    pub rose: u64,
    /// Pairs whose fit score fell.
    pub fell: u64,
    /// Mean change of the fit score in points; null without pairs.
    pub mean_points: Option<f64>,
    /// Median change; null without pairs.
    pub median_points: Option<f64>,
    /// Jobs that came.
    pub jobs_came: u64,
    /// Jobs that went.
    pub jobs_went: u64,
}

impl Answer {
    /// Puts together what was counted; `rows` are all rows of either run.
    pub fn new(
        a: Meta,
        b: Meta,
        scored: UserCounts,
        jobs: &Jobs,
        tally: Tally,
        rows: (u64, u64),
    ) -> Result<Self, Failure> {
        let warnings = warnings(&a, &b);
        let flag = |name| tally.flag(name);
        let (only_a, only_b, both) = (flag("removed"), flag("added"), flag("in_both"));
        let touched = tally.users_gained
            + tally.users_lost
            + tally.users_gained_and_lost
            + tally.users_changed;
        let users = Users {
            scored,
            gained: tally.users_gained,
            lost: tally.users_lost,
            gained_and_lost: tally.users_gained_and_lost,
            changed: tally.users_changed,
            same: scored.both - touched,
        };
        let changed_columns = values().map(|name| (name, tally.flag(&flag_of(name))));
        let rows = Rows {
            a: rows.0,
            b: rows.1,
            compared_a: both + only_a,
            compared_b: both + only_b,
            both,
            only_a,
            only_b,
            same: flag("same"),
            changed: flag("changed"),
            changed_columns: changed_columns.collect(),
        };
        let lost = Lost {
            pairs: only_a,
            job_gone: flag("lost_job_gone"),
            outranked: flag("lost_outranked"),
            other: flag("lost_other"),
        };
        let gained = Gained {
            pairs: only_b,
            job_came: flag("gained_job_came"),
            moved_up: flag("gained_moved_up"),
            other: flag("gained_other"),
        };
        let (all_jobs, of_family) = jobs.counts()?;
        let mut all = FamilyTally::default();
        let mut families = tally.families;
        for name in of_family.keys() {
            families.entry((*name).to_owned()).or_default();
        }
        let mut role_families = Vec::new();
        for (name, family) in families {
            all.kept_a += family.kept_a;
            all.kept_b += family.kept_b;
            for (points, pairs) in &family.points {
                *all.points.entry(*points).or_default() += pairs;
            }
            let jobs = of_family.get(name.as_str()).copied().unwrap_or_default();
            role_families.push(Family::new(name, &family, jobs));
        }
        role_families.sort_by_key(|family| std::cmp::Reverse(family.kept_a + family.kept_b));
        let drift = Family::new("all".to_owned(), &all, all_jobs);
        Ok(Answer {
            a,
            b,
            users,
            rows,
            lost,
            gained,
            jobs: all_jobs,
            drift,
            role_families,
            users_most_changed: tally.most,
            warnings,
        })
    }
}

impl Family {
    fn new(name: String, tally: &FamilyTally, jobs: JobCounts) -> Self {
        let of = |wanted: &dyn Fn(i64) -> bool| {
            tally.points.iter().filter(|(points, _)| wanted(**points)).map(|(_, pairs)| pairs).sum()
        };
        let pairs: u64 = of(&|_| true);
        let sum: i64 = tally.points.iter().map(|(points, pairs)| points * *pairs as i64).sum();
        Family {
            name,
            kept_a: tally.kept_a,
            kept_b: tally.kept_b,
            pairs,
            rose: of(&|points| points > 0),
            fell: of(&|points| points < 0),
            mean_points: (pairs > 0).then(|| sum as f64 / pairs as f64),
            median_points: median(&tally.points, pairs),
            jobs_came: jobs.came,
            jobs_went: jobs.went,
        }
    }
}

/// The middle value, or the mean of the two in the middle.
fn median(counts: &BTreeMap<i64, u64>, total: u64) -> Option<f64> {
    let nth = |nth: u64| {
        let mut below = 0;
        counts.iter().find_map(|(value, count)| {
            below += count;
            (below > nth).then_some(*value)
        })
    };
    let (low, high) = (nth(total.checked_sub(1)? / 2)?, nth(total / 2)?);
    Some((low + high) as f64 / 2.0)
}

fn warnings(a: &Meta, b: &Meta) -> Vec<String> {
    let mut warnings = Vec::new();
    if (&a.run_date, &a.run_id) > (&b.run_date, &b.run_id) {
        warnings.push("run A is the later one: what it says was gained was lost".to_owned());
    }
    if a.model_id != b.model_id {
        let weights = if a.weights == b.weights { "the same" } else { "other" };
        warnings.push(format!(
            "the runs have different models, of {} and {}, with {weights} weights: scores move \
             without anything that a user or job did",
            a.week, b.week
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_counts() {
        let median = |counts: &[(i64, u64)]| {
            let counts: BTreeMap<i64, u64> = counts.iter().copied().collect();
            median(&counts, counts.values().sum())
        };
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[(-3, 1)]), Some(-3.0));
        assert_eq!(median(&[(-3, 1), (4, 1)]), Some(0.5));
        assert_eq!(median(&[(-3, 1), (0, 1), (4, 1)]), Some(0.0));
        assert_eq!(median(&[(0, 2), (1, 2)]), Some(0.5));
        assert_eq!(median(&[(0, 2), (1, 3)]), Some(1.0));
    }
}
