//! All of a user's pairs in order: where one stands, and what is near it.

use crate::{
    components,
    ids::{JobNo, UserNo},
    pair::Inputs,
    topk::PairKey,
};
use serde::Serialize;

/// The pairs of one user that pass the prefilter, best first.
///
/// Scores every job by the reference: a few milliseconds for one user, and nothing for a night.
#[derive(Clone, Debug)]
pub struct Ranking {
    keys: Vec<PairKey>,
    num_kept: usize,
    cut: Cut,
}

/// What a pair must reach to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// What sets it.
    pub by: CutBy,
    /// The least raw score.
    pub raw_bp: u32,
    /// The points that it rounds to.
    pub fit_score: u8,
}

/// What sets a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CutBy {
    /// As many pairs are kept as the tier allows: a further one must be better than the last.
    LastKept,
    /// There is room: whatever reaches the least score is kept.
    MinimumScore,
}

/// Where a pair stands among those of its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// From 1.
    pub rank: usize,
    /// Whether it is kept.
    pub is_kept: bool,
    /// How far above it the next better pair is.
    pub below_better_bp: Option<u32>,
    /// How far below it the next worse pair is.
    pub above_worse_bp: Option<u32>,
    /// How far above the cut it is; negative where it falls short. 0 is kept unless the last kept
    /// pair has the same score and a newer job.
    pub above_cut_bp: i64,
}

impl Ranking {
    /// Scores a user with every job.
    #[must_use]
    pub fn new(inputs: Inputs<'_>, user: UserNo) -> Self {
        let key = |job: JobNo| {
            let raw_bp = inputs.raw_bp(user, job).ok()?;
            Some(PairKey::new(raw_bp, inputs.jobs.rank[job.ix()]))
        };
        let keys = inputs.jobs.numbers().filter_map(key).collect();
        let k = inputs.users.tier[user.ix()].k();
        Ranking::of(keys, k, inputs.model.weights.cut_raw_bp())
    }

    /// Ranks keys of which the best `k` are kept, none with a raw score below `least_raw_bp`.
    fn of(mut keys: Vec<PairKey>, k: usize, least_raw_bp: u32) -> Self {
        keys.sort_unstable_by(|a, b| b.cmp(a));
        let num_enough = keys.partition_point(|key| key.raw_bp() >= least_raw_bp);
        let num_kept = num_enough.min(k);
        let (by, raw_bp) = match keys[..num_kept].last() {
            Some(last) if num_kept == k => (CutBy::LastKept, last.raw_bp()),
            _ => (CutBy::MinimumScore, least_raw_bp),
        };
        // A least score above 100 is met by nobody; its raw score is the greatest number.
        let fit_score = components::fit_score(raw_bp.min(u32::MAX - 50));
        Ranking { keys, num_kept, cut: Cut { by, raw_bp, fit_score } }
    }

    /// The pairs, best first.
    #[must_use]
    pub fn keys(&self) -> &[PairKey] {
        &self.keys
    }

    /// How many of them are kept: so many from the first.
    #[must_use]
    pub fn num_kept(&self) -> usize {
        self.num_kept
    }

    /// What a pair must reach to be kept.
    #[must_use]
    pub fn cut(&self) -> Cut {
        self.cut
    }

    /// Where a pair stands; none where it is not among these.
    #[must_use]
    pub fn standing(&self, key: PairKey) -> Option<Standing> {
        let at = self.keys.binary_search_by(|other| key.cmp(other)).ok()?;
        let raw_bp = |at: usize| self.keys.get(at).map(|key| key.raw_bp());
        let own_bp = key.raw_bp();
        Some(Standing {
            rank: at + 1,
            is_kept: at < self.num_kept,
            below_better_bp: at.checked_sub(1).and_then(raw_bp).map(|better| better - own_bp),
            above_worse_bp: raw_bp(at + 1).map(|worse| own_bp - worse),
            above_cut_bp: i64::from(own_bp) - i64::from(self.cut.raw_bp),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topk::TopK;
    use proptest::prelude::*;

    fn keys(raw_bp: &[u32]) -> Vec<PairKey> {
        (0..).zip(raw_bp).map(|(rank, raw)| PairKey::new(*raw, rank)).collect()
    }

    #[test]
    fn distances_by_hand() {
        let keys = keys(&[4_000, 7_000, 5_000, 5_000]);
        let ranking = Ranking::of(keys.clone(), 2, 3_950);
        assert_eq!(ranking.cut(), Cut { by: CutBy::LastKept, raw_bp: 5_000, fit_score: 50 });
        // The same score as the last kept one, but an older job.
        let tied = ranking.standing(keys[3]).unwrap();
        assert_eq!((tied.rank, tied.is_kept, tied.above_cut_bp), (3, false, 0));
        assert_eq!((tied.below_better_bp, tied.above_worse_bp), (Some(0), Some(1_000)));
        let best = ranking.standing(keys[1]).unwrap();
        assert_eq!((best.below_better_bp, best.above_worse_bp), (None, Some(2_000)));
        assert_eq!(ranking.standing(keys[0]).unwrap().above_cut_bp, -1_000);
        assert_eq!(ranking.standing(PairKey::new(7_000, 9)), None);
    }

    #[test]
    fn with_room_left_the_least_score_is_the_cut() {
        let keys = keys(&[4_000, 3_949]);
        let ranking = Ranking::of(keys.clone(), 3, 3_950);
        assert_eq!(ranking.cut(), Cut { by: CutBy::MinimumScore, raw_bp: 3_950, fit_score: 40 });
        assert_eq!(ranking.num_kept(), 1);
        assert_eq!(ranking.standing(keys[1]).unwrap().above_cut_bp, -1);
        let impossible = Ranking::of(keys, 3, u32::MAX);
        assert_eq!((impossible.num_kept(), impossible.cut().fit_score), (0, 100));
    }

    proptest! {
        #[test]
        fn keeps_what_a_night_keeps(
            raw_bp in proptest::collection::vec(0_u32..50, 0..60),
            k in prop::sample::select(vec![1_usize, 3, 25, 100]),
            least in 0_u32..60,
        ) {
            let ranking = Ranking::of(keys(&raw_bp), k, least);
            let mut topk = TopK::new(k, least);
            for key in keys(&raw_bp) {
                topk.push(key);
            }
            prop_assert_eq!(&ranking.keys()[..ranking.num_kept()], topk.into_keys());
            for key in keys(&raw_bp) {
                let standing = ranking.standing(key).unwrap();
                prop_assert_eq!(ranking.keys()[standing.rank - 1], key);
                prop_assert!(standing.above_cut_bp >= 0 || !standing.is_kept);
                prop_assert!(standing.above_cut_bp <= 0 || standing.is_kept);
            }
        }
    }
}
