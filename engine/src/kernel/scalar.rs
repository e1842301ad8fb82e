//! The reference: every job of a selection, one after the other.

use super::UserScores;
use crate::{
    ids::{JobNo, UserNo},
    pair::Inputs,
    topk::{PairKey, TopK},
};

/// Scores a user with each of the jobs.
#[must_use]
pub fn score_user(
    inputs: Inputs<'_>,
    user: UserNo,
    jobs: impl Iterator<Item = JobNo>,
) -> UserScores {
    let k = inputs.users.tier[user.ix()].k();
    let mut topk = TopK::new(k, inputs.model.weights.cut_raw_bp());
    let mut num_prefiltered = 0;
    for job in jobs {
        if let Ok(raw_bp) = inputs.raw_bp(user, job) {
            num_prefiltered += 1;
            topk.push(PairKey::new(raw_bp, inputs.jobs.rank[job.ix()]));
        }
    }
    UserScores {
        kept: topk.into_keys(),
        num_prefiltered,
        num_scored: num_prefiltered,
        nanoseconds: 0,
    }
}
