//! Prefilter and score of one pair: the reference that every faster path equals.

use crate::{
    columns::{JobColumns, UserColumns, UserLevel, WorkMode},
    components::Components,
    ids::{JobNo, UserNo},
    model::ModelOnJobs,
};

/// The hard rule that keeps a pair from being scored, in the order they are tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The job's role family is none of the user's target roles.
    RoleFamily,
    /// The job's level does not suit the user's.
    Seniority,
    /// The job is neither remote nor in one of the user's cities.
    Place,
    /// The job's work mode is none of those the user named.
    WorkMode,
    /// The user blacklisted the company.
    Blacklisted,
}

/// What pairs are made of.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The scoreable jobs.
    pub jobs: &'a JobColumns,
    /// The users.
    pub users: &'a UserColumns,
    /// The model, applied to the jobs.
    pub model: &'a ModelOnJobs,
}

impl Inputs<'_> {
    /// Whether a pair may be scored.
    pub fn prefilter(&self, user: UserNo, job: JobNo) -> Result<(), Stop> {
        let Inputs { jobs, users, .. } = self;
        let (u, j) = (user.ix(), job.ix());
        if !users.roles.row(u).contains(&jobs.role[j]) {
            return Err(Stop::RoleFamily);
        }
        if UserLevel::suits(users.level[u]) & jobs.level[j].bit() == 0 {
            return Err(Stop::Seniority);
        }
        let is_remote = jobs.mode[j] == WorkMode::Remote;
        let in_city = || jobs.city[j].is_some_and(|city| users.cities.row(u).contains(&city));
        if users.has_city[u] && !is_remote && !in_city() {
            return Err(Stop::Place);
        }
        let modes = users.modes[u];
        if modes != 0 && jobs.mode[j] != WorkMode::Unknown && modes & jobs.mode[j].bit() == 0 {
            return Err(Stop::WorkMode);
        }
        if users.blacklist.row(u).contains(&jobs.company[j]) {
            return Err(Stop::Blacklisted);
        }
        Ok(())
    }

    /// The weight of the job's skills that the user has.
    #[must_use]
    pub fn matched_weight(&self, user: UserNo, job: JobNo) -> u32 {
        let skills = self.users.skills.row(user.ix());
        self.jobs
            .skills
            .row(job.ix())
            .iter()
            .filter(|listed| skills.binary_search(&listed.skill()).is_ok())
            .map(|listed| self.model.weight(*listed))
            .sum()
    }

    /// Whether the job's company is one of the user's dream companies.
    #[must_use]
    pub fn is_dream(&self, user: UserNo, job: JobNo) -> bool {
        self.users.dream.row(user.ix()).contains(&self.jobs.company[job.ix()])
    }

    /// What the score of a pair is made of, whether or not a rule stops it.
    #[must_use]
    pub fn components(&self, user: UserNo, job: JobNo) -> Components {
        let matched_weight = self.matched_weight(user, job);
        self.model.terms(job).components(self.users.terms(user), matched_weight)
    }

    /// The raw score of a pair in bp, or the rule that stops it.
    pub fn raw_bp(&self, user: UserNo, job: JobNo) -> Result<u32, Stop> {
        self.prefilter(user, job)?;
        let is_dream = self.is_dream(user, job);
        Ok(self.components(user, job).raw_bp(self.model.weights, is_dream))
    }
}
