//! What the rules say of each pair of one user, kept or not.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::Model;
use super::people::{Job, Reader, User, scoreable_jobs};
use super::rules::level_suits;
use super::text::Aliases;
use crate::tables::Tables;

/// What the rules say of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its fit before rounding, bonus included, in basis points.
    Raw(i64),
    /// The first hard rule that it fails: `role_family`, `seniority`, `place`, `work_mode` or
    /// `blacklisted`.
    Stopped(&'static str),
}

impl Model {
    /// The verdict on every scoreable job, by its id; or why the user is not scored.
    ///
    /// # Panics
    ///
    /// Where `tables` has no such user.
    pub fn verdicts(
        &self,
        tables: &Tables,
        aliases: &[(String, String)],
        user: Uuid,
    ) -> Result<BTreeMap<Uuid, Verdict>, &'static str> {
        let aliases = Aliases::new(aliases);
        let jobs = scoreable_jobs(tables, &aliases);
        let row = tables.users.iter().find(|row| row.id == user);
        let row = row.unwrap_or_else(|| panic!("there is no user {user}"));
        let user = Reader::new(tables, &aliases, &jobs).user(row)?;
        let verdict = |job: &Job| match stopped_by(&user, job) {
            Some(rule) => Verdict::Stopped(rule),
            None => Verdict::Raw(self.raw_bp(&user, &self.offer(job))),
        };
        Ok(jobs.iter().map(|job| (job.id, verdict(job))).collect())
    }
}

/// The first hard rule that a pair fails.
pub(super) fn stopped_by(user: &User, job: &Job) -> Option<&'static str> {
    if !user.roles.contains(&job.family) {
        return Some("role_family");
    }
    if !level_suits(job.level.as_deref(), user.seniority.as_deref()) {
        return Some("seniority");
    }
    let in_city = job.city.as_ref().is_some_and(|city| user.cities.contains(city));
    if !job.is_remote() && !user.cities.is_empty() && !in_city {
        return Some("place");
    }
    let suits = job.mode.as_ref().is_none_or(|mode| user.modes.contains(mode));
    if !user.modes.is_empty() && !suits {
        return Some("work_mode");
    }
    user.blacklist.contains(&job.company).then_some("blacklisted")
}
