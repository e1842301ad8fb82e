//! What a pair that a snapshot does not hold could score under other weights.
//!
//! A snapshot holds the pairs that were kept. One that was not had a lower score than those, and
//! may come out ahead of them under other weights. Nobody knows its components, but its score was
//! at most that of the last kept pair, or, where the list had room, below the threshold. Among all
//! components that allow this, the best score under the other weights is a bound; a list whose
//! pairs are all above it is what a full scan would give.

use super::lists::Match;
use talvix_engine::{components::MAX_BP, model::Weights};

/// The best raw score that an unseen pair could have, in bp. Never below the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unseen(pub u32);

/// Where an unseen pair could stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// At the top.
    pub top1: bool,
    /// Among the first three.
    pub top3: bool,
    /// Anywhere in the list.
    pub list: bool,
}

impl Unseen {
    /// The bound for pairs whose raw score was at most `most_bp` under `before`.
    pub fn of(most_bp: u32, before: Weights, after: Weights) -> Self {
        let plain = best_base_bp(most_bp, before, after);
        let dream = most_bp
            .checked_sub(before.dream_bonus_bp())
            .map(|most_bp| best_base_bp(most_bp, before, after) + after.dream_bonus_bp());
        Unseen(dream.map_or(plain, |dream| dream.max(plain)))
    }

    /// Where such a pair could stand in a list of at most `k` pairs, none of them below `cut_bp`.
    /// With the score of a pair in the list it may come before it.
    pub fn reach(self, list: &[Match], k: usize, cut_bp: u32) -> Reach {
        let enters = |places: usize| {
            let places = places.min(k);
            let least = places.checked_sub(1).and_then(|last| list.get(last));
            places > 0 && self.0 >= cut_bp && self.0 >= least.map_or(cut_bp, |pair| pair.raw_bp)
        };
        Reach { top1: enters(1), top3: enters(3), list: enters(k) }
    }
}

/// The best mean of components under `after` whose mean under `before` is at most `most_bp`:
/// a knapsack whose room goes first to the component that gains most for what it costs.
fn best_base_bp(most_bp: u32, before: Weights, after: Weights) -> u32 {
    let of = |weights: Weights| {
        [weights.skills, weights.experience, weights.demand, weights.salary].map(u128::from)
    };
    // What a component costs under the one and gains under the other.
    let each = of(before).into_iter().zip(of(after));
    let (mut priced, free): (Vec<_>, Vec<_>) = each.partition(|(cost, _)| *cost > 0);
    priced.sort_by(|(cost, gain), (other_cost, other_gain)| {
        (other_gain * cost).cmp(&(gain * other_cost))
    });
    let whole = u128::from(MAX_BP);
    let mut sum: u128 = free.iter().map(|(_, gain)| whole * gain).sum();
    // Division by the sum rounds down, so this much is not too much yet.
    let mut room = (u128::from(most_bp) + 1) * u128::from(before.sum()) - 1;
    for (cost, gain) in priced {
        let used = (whole * cost).min(room);
        room -= used;
        sum += (used * gain).div_ceil(cost);
    }
    (sum / u128::from(after.sum())).min(whole) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use talvix_engine::components::Components;

    fn weights(components: [u32; 4], dream_bonus: u32) -> Weights {
        let [skills, experience, demand, salary] = components;
        let (min_fit_score, apply_score) = (400_000, 750_000);
        Weights { skills, experience, demand, salary, min_fit_score, apply_score, dream_bonus }
    }

    #[test]
    fn no_pair_scores_more_and_some_pair_scores_nearly_as_much() {
        let before = weights([3_500, 2_500, 2_500, 2_000], 100_000);
        for after in [
            before,
            weights([5_000, 1_500, 1_500, 1_000], 50_000),
            weights([2_000, 3_500, 0, 3_000], 200_000),
            weights([1, 0, 0, 0], 0),
        ] {
            for most_bp in [0, 700, 3_949, 6_200, 9_999, 11_000] {
                let bound = Unseen::of(most_bp, before, after).0;
                let mut best = 0;
                let steps = || (0..=20).map(|step| step * 500);
                for skills_bp in steps() {
                    for experience_bp in steps() {
                        for demand_bp in steps() {
                            for salary_bp in steps() {
                                let pair =
                                    Components { skills_bp, experience_bp, demand_bp, salary_bp };
                                for is_dream in [false, true] {
                                    if pair.raw_bp(before, is_dream) <= most_bp {
                                        best = best.max(pair.raw_bp(after, is_dream));
                                    }
                                }
                            }
                        }
                    }
                }
                assert!(best <= bound, "{after:?}, {most_bp}: {best} is above {bound}");
                // The grid is 500 bp wide, and weights of half the sum see half of that.
                assert!(bound - best <= 1_500, "{after:?}, {most_bp}: {best}, {bound}");
            }
        }
        // Other weights that are the same weights say nothing new.
        assert_eq!(Unseen::of(6_200, before, before), Unseen(6_200));
    }

    #[test]
    fn reach_by_hand() {
        let list: Vec<Match> =
            [8_000, 7_000, 6_000, 5_000].map(|raw_bp| Match { job: 0, raw_bp }).to_vec();
        let reach = |unseen, k| {
            let Reach { top1, top3, list } = Unseen(unseen).reach(&list, k, 3_950);
            (top1, top3, list)
        };
        assert_eq!(reach(8_000, 4), (true, true, true));
        assert_eq!(reach(6_000, 4), (false, true, true));
        assert_eq!(reach(5_999, 4), (false, false, true));
        assert_eq!(reach(4_999, 4), (false, false, false));
        assert_eq!(reach(4_999, 25), (false, false, true));
        assert_eq!(reach(3_949, 25), (false, false, false));
        assert!(Unseen(3_950).reach(&[], 3, 3_950).top1);
    }
}
