//! What changes for all users, added up.

use super::lists::{Distance, Match, UserLists};
use crate::what_if::unseen::Reach;
use talvix_engine::{
    components::fit_score,
    explain::{fit_label, recommendation},
    model::Weights,
};

/// The labels, best first.
pub const LABELS: [&str; 3] = ["strong", "good", "fair"];

/// The recommendations, best first.
pub const RECOMMENDATIONS: [&str; 3] = ["apply", "consider", "skip"];

/// A word before and a word after: how many pairs in both lists.
pub type Moves = [[u64; 3]; 3];

/// How often a job is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobTally {
    /// Under the run's weights.
    pub before: u64,
    /// Under the other weights.
    pub after: u64,
    /// For users whose list did not have it.
    pub gained: u64,
    /// For users whose list has it no more.
    pub lost: u64,
}

impl JobTally {
    /// Both together.
    pub fn plus(self, other: JobTally) -> JobTally {
        JobTally {
            before: self.before + other.before,
            after: self.after + other.after,
            gained: self.gained + other.gained,
            lost: self.lost + other.lost,
        }
    }
}

/// A sum and how many values it is of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mean {
    sum: f64,
    /// Values.
    pub count: u64,
}

impl Mean {
    fn add(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.sum += value;
            self.count += 1;
        }
    }

    /// The mean; none of nothing.
    pub fn value(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

/// What changes.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Users.
    pub users: u64,
    /// With a match before.
    pub with_matches_before: u64,
    /// With a match after.
    pub with_matches_after: u64,
    /// Another best match.
    pub top1_changed: u64,
    /// Other jobs among the first three.
    pub top3_changed: u64,
    /// Other jobs in the list.
    pub jobs_changed: u64,
    /// The same jobs in another order.
    pub order_changed: u64,
    /// At least one job came.
    pub gained: u64,
    /// At least one job went.
    pub lost: u64,
    /// The list was full.
    pub full_before: u64,
    /// A pair that is not known may stand at the top.
    pub unsure_top1: u64,
    /// … among the first three.
    pub unsure_top3: u64,
    /// … anywhere in the list.
    pub unsure_list: u64,
    /// Pairs in both lists.
    pub pairs_both: u64,
    /// Of them with another fit score.
    pub scores_changed: u64,
    /// Labels of pairs in both.
    pub labels: Moves,
    /// Recommendations of pairs in both.
    pub recommendations: Moves,
    /// Jobs in both lists over jobs in either.
    pub overlap: Mean,
    /// Spearman's rank correlation.
    pub spearman: Mean,
    /// By the number of the job.
    pub jobs: Vec<JobTally>,
}

impl Tally {
    /// Nothing yet, for this many jobs.
    pub fn new(num_jobs: usize) -> Self {
        Tally { jobs: vec![JobTally::default(); num_jobs], ..Tally::default() }
    }

    /// Adds a user.
    pub fn add(&mut self, lists: &UserLists<'_>, old: Weights, new: Weights) {
        let UserLists { k, before, after, unseen, .. } = *lists;
        let distance = Distance::new(before, after);
        self.users += 1;
        for (counter, counts) in [
            (&mut self.with_matches_before, !before.is_empty()),
            (&mut self.with_matches_after, !after.is_empty()),
            (&mut self.top1_changed, distance.top1_changed),
            (&mut self.top3_changed, distance.top3_changed),
            (&mut self.jobs_changed, distance.jobs_changed),
            (&mut self.order_changed, distance.order_changed),
            (&mut self.gained, distance.num_common < after.len()),
            (&mut self.lost, distance.num_common < before.len()),
            (&mut self.full_before, before.len() >= k),
        ] {
            *counter += u64::from(counts);
        }
        let reach =
            unseen.map_or_else(Reach::default, |unseen| unseen.reach(after, k, new.cut_raw_bp()));
        self.unsure_top1 += u64::from(reach.top1);
        self.unsure_top3 += u64::from(reach.top3);
        self.unsure_list += u64::from(reach.list);
        self.overlap.add(distance.overlap);
        self.spearman.add(distance.spearman);
        self.add_pairs(before, after, old, new);
    }

    fn add_pairs(&mut self, before: &[Match], after: &[Match], old: Weights, new: Weights) {
        for pair in before {
            let job = &mut self.jobs[pair.job as usize];
            job.before += 1;
            let Some(now) = after.iter().find(|now| now.job == pair.job) else {
                job.lost += 1;
                continue;
            };
            let scores = [fit_score(pair.raw_bp), fit_score(now.raw_bp)];
            self.pairs_both += 1;
            self.scores_changed += u64::from(scores[0] != scores[1]);
            let [from, to] = scores.map(|score| place(&LABELS, fit_label(score)));
            self.labels[from][to] += 1;
            let from = place(&RECOMMENDATIONS, recommendation(scores[0], old.apply_from()));
            let to = place(&RECOMMENDATIONS, recommendation(scores[1], new.apply_from()));
            self.recommendations[from][to] += 1;
        }
        for now in after {
            let job = &mut self.jobs[now.job as usize];
            job.after += 1;
            job.gained += u64::from(!before.iter().any(|pair| pair.job == now.job));
        }
    }
}

/// The place of a word; the engine knows no others.
fn place(words: &[&str; 3], word: &str) -> usize {
    words.iter().position(|known| *known == word).unwrap_or(2)
}
