//! Kept pairs by role family, by city, and by job.

use super::{
    jobs::Jobs,
    tally::{JobTally, Tally},
};
use serde::Serialize;
use std::cmp::Reverse;
use talvix_engine::ids::Dictionary;

/// Kept pairs of some jobs.
#[derive(Debug, Serialize)]
pub struct Group {
    /// Role family or city.
    pub name: String,
    /// Under the run's weights.
    pub before: u64,
    /// Under the other weights.
    pub after: u64,
    /// That came.
    pub gained: u64,
    /// That went.
    pub lost: u64,
}

/// Jobs by how much more or less they are kept.
#[derive(Debug, Serialize)]
pub struct WinnersAndLosers {
    /// Kept at least once on either side.
    pub kept: u64,
    /// Kept more often.
    pub more: u64,
    /// Kept less often.
    pub less: u64,
    /// Those that win most.
    pub winners: Vec<NamedJob>,
    /// Those that lose most.
    pub losers: Vec<NamedJob>,
}

/// A job.
#[derive(Debug, Serialize)]
pub struct NamedJob {
    /// Its id.
    pub job_id: String,
    /// Its role family.
    pub role_family: String,
    /// The city of its market.
    pub city: String,
    /// Kept under the run's weights.
    pub before: u64,
    /// Kept under the other weights.
    pub after: u64,
}

/// Adds up jobs by the number of their group; most rows first.
pub fn groups(names: &Dictionary, of_job: &[u32], tally: &Tally) -> Vec<Group> {
    let mut sums = vec![JobTally::default(); names.len()];
    for (group, job) in of_job.iter().zip(&tally.jobs) {
        let sum = &mut sums[*group as usize];
        *sum = sum.plus(*job);
    }
    let mut groups: Vec<Group> = names
        .texts()
        .zip(sums)
        .map(|(name, JobTally { before, after, gained, lost })| Group {
            name: name.to_owned(),
            before,
            after,
            gained,
            lost,
        })
        .collect();
    groups.sort_by(|a, b| {
        (Reverse(a.before + a.after), &a.name).cmp(&(Reverse(b.before + b.after), &b.name))
    });
    groups
}

impl WinnersAndLosers {
    /// Compares how often each job is kept, and names this many on each side.
    pub fn of(jobs: &Jobs, tally: &Tally, num_named: usize) -> Self {
        let counted: Vec<(usize, JobTally)> = tally.jobs.iter().copied().enumerate().collect();
        let pick = |by_how_much: &dyn Fn(JobTally) -> u64| {
            let mut moved: Vec<_> =
                counted.iter().filter(|(_, tally)| by_how_much(*tally) > 0).collect();
            moved.sort_unstable_by_key(|(job, tally)| {
                (Reverse(by_how_much(*tally)), &jobs.id[*job])
            });
            let named = moved.iter().take(num_named).map(|(job, tally)| NamedJob {
                job_id: jobs.id[*job].clone(),
                role_family: jobs.families.text(jobs.family[*job]).to_owned(),
                city: jobs.cities.text(jobs.city[*job]).to_owned(),
                before: tally.before,
                after: tally.after,
            });
            (moved.len() as u64, named.collect::<Vec<_>>())
        };
        let (more, winners) = pick(&|tally| tally.after.saturating_sub(tally.before));
        let (less, losers) = pick(&|tally| tally.before.saturating_sub(tally.after));
        let kept = counted.iter().filter(|(_, tally)| tally.before + tally.after > 0).count();
        WinnersAndLosers { kept: kept as u64, more, less, winners, losers }
    }
}
