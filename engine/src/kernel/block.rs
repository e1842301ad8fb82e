//! Bounds on the scores of many jobs with one user: plain loops over fixed-size blocks, for the
//! vectoriser.

use super::user_lanes::{MAX_OVER_TENTHS, MAX_SHORT_TENTHS, UserLanes};
use crate::{
    components::MAX_RARITY,
    index::{CodeBlock, LANES, LaneBlock},
};

/// A number for each lane.
pub(super) type Lanes<T> = [T; LANES];

/// Blocks whose greatest lower bounds are kept apart: twice the lanes, so that fewer of a user's
/// best jobs share one.
const REACHED_BLOCKS: usize = 2;

/// In each lane the greatest tight bound, in half bp, of a job of that lane. No job is in two
/// lanes: the k-th greatest, less what a tight bound may be off, is a score that k jobs reach.
#[derive(Clone, Debug)]
pub(super) struct Reached([Lanes<u16>; REACHED_BLOCKS]);

impl Reached {
    pub(super) fn new() -> Self {
        Reached([[0; LANES]; REACHED_BLOCKS])
    }

    /// The lanes that the block of this number raises.
    #[inline]
    pub(super) fn of(&mut self, number: usize) -> &mut Lanes<u16> {
        &mut self.0[number % REACHED_BLOCKS]
    }

    /// The k-th greatest; 0 where there are too few lanes.
    pub(super) fn by(&mut self, k: usize) -> u16 {
        let reached = self.0.as_flattened_mut();
        match k.checked_sub(1) {
            Some(at) if at < reached.len() => {
                *reached.select_nth_unstable_by(at, |a, b| b.cmp(a)).1
            }
            _ => 0,
        }
    }
}

/// What is found for each lane of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// The weight of the user's skills, saturating; of lanes without a candidate, too.
    pub(super) matched: Lanes<u8>,
    /// The bound; 0 in lanes without a candidate.
    pub(super) half_bp: Lanes<u16>,
}

impl Bounds {
    pub(super) const NONE: Bounds = Bounds { matched: [0; LANES], half_bp: [0; LANES] };
}

/// Candidates within a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct CandidateBlock {
    pub(super) block: u32,
    /// Which of the user's target roles.
    pub(super) role_at: u32,
    /// The lanes that hold candidates, as bits: never 0.
    pub(super) lanes: u64,
}

/// A common skill of the user.
#[derive(Clone, Copy, Debug)]
pub(super) struct UserCodes {
    /// Where the codes of a block are: at this plus its number, wrapping around.
    pub(super) base: u32,
    pub(super) rarity: u8,
}

/// What bounds are made of.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    pub(super) lanes: &'a [LaneBlock],
    pub(super) codes: &'a [CodeBlock],
    /// Per block, the weight of the user's rare skills.
    pub(super) rare: &'a [Lanes<u8>],
    /// Of each of the user's roles, the user's common skills, the rarest first.
    pub(super) common: &'a [Vec<UserCodes>],
    pub(super) user: &'a UserLanes,
}

impl<'a> Sources<'a> {
    /// The user's common skills with the codes of a block.
    #[inline]
    pub(super) fn codes(
        self,
        candidates: CandidateBlock,
    ) -> impl Iterator<Item = (&'a CodeBlock, u8)> {
        let common = &self.common[candidates.role_at as usize];
        common.iter().map(move |skill| {
            (&self.codes[skill.base.wrapping_add(candidates.block) as usize], skill.rarity)
        })
    }
}

/// The lanes whose bits are set.
fn lanes_of(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lane = (bits != 0).then_some(bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some(lane)
    })
}

/// Bounds of candidates, a block for each of theirs, 0 in other lanes.
#[inline]
pub(super) fn bounds(
    sources: Sources<'_>,
    candidates: &[CandidateBlock],
    bounds: &mut [Bounds],
    reached: &mut Reached,
) {
    for (number, (candidates, bounds)) in candidates.iter().zip(bounds).enumerate() {
        bound_block(sources, *candidates, bounds, reached.of(number));
    }
}

/// The places in `bounds`, counted through the blocks, of those that reach a threshold.
#[inline]
pub(super) fn reaching(bounds: &[Bounds], threshold: u16, found: &mut Vec<u32>) {
    for (number, Bounds { half_bp: block, .. }) in bounds.iter().enumerate() {
        let best = block.iter().fold(0, |best, bound| best.max(*bound));
        if best >= threshold {
            let first = (number * LANES) as u32;
            found.extend((first..).zip(block).filter(|(_, b)| **b >= threshold).map(|(at, _)| at));
        }
    }
}

/// Bounds of a block; raises what its lanes are bounded by.
#[inline]
fn bound_block(
    sources: Sources<'_>,
    candidates: CandidateBlock,
    bounds: &mut Bounds,
    reached: &mut Lanes<u16>,
) {
    let Bounds { matched, half_bp: bounds } = bounds;
    *matched = self::matched(sources, candidates);
    let (jobs, user) = (&sources.lanes[candidates.block as usize], *sources.user);
    // A loop of its own: the product needs 32 bits, the others do with half the registers.
    let mut salary_penalty = [0; LANES];
    for (penalty, offer) in salary_penalty.iter_mut().zip(jobs.offer) {
        let short = user.expected.saturating_sub(offer).min(user.max_salary_short);
        let short = u32::from(short * user.salary_scale);
        *penalty = ((short * u32::from(user.salary_penalty)) >> 16) as u16;
    }
    for lane in 0..LANES {
        // Fits: what is counted of a job's weights is no more than their sum.
        let skills = u16::from(matched[lane]).wrapping_mul(jobs.per_weight[lane]);

        let short = jobs.lo_tenths[lane].saturating_sub(user.experience_tenths);
        let over = user.experience_tenths.saturating_sub(jobs.hi_tenths[lane]);
        // One of the two is 0.
        let experience_penalty = short.min(MAX_SHORT_TENTHS) * user.short_penalty
            + over.min(MAX_OVER_TENTHS) * user.over_penalty;

        let is_known = jobs.offer[lane] != 0;
        let salary_penalty =
            if is_known { salary_penalty[lane] } else { user.unknown_offer_penalty };

        // The product lost less than one.
        bounds[lane] =
            (skills >> user.skills_bits) + 1 + jobs.fixed[lane] + user.experience_and_salary
                - (experience_penalty >> user.experience_bits)
                - salary_penalty;
    }

    if candidates.lanes != u64::MAX {
        // Mostly one run of lanes.
        let first = candidates.lanes.trailing_zeros();
        let end = u64::BITS - candidates.lanes.leading_zeros();
        bounds[..first as usize].fill(0);
        bounds[end as usize..].fill(0);
        let run = u64::MAX << first & u64::MAX >> (u64::BITS - end);
        for lane in lanes_of(!candidates.lanes & run) {
            bounds[lane] = 0;
        }
    }
    if jobs.tight == u64::MAX {
        for lane in 0..LANES {
            reached[lane] = reached[lane].max(bounds[lane]);
        }
    } else {
        for lane in lanes_of(jobs.tight) {
            reached[lane] = reached[lane].max(bounds[lane]);
        }
    }
}

/// The weight of the user's skills in each job of a block, saturating.
#[inline]
fn matched(sources: Sources<'_>, candidates: CandidateBlock) -> Lanes<u8> {
    let mut matched = sources.rare[candidates.block as usize];
    // Codes of skills of this rarity and above: added once for each step down to 0, a code is
    // multiplied by its skill's rarity.
    let mut codes_above = [0; LANES];
    let mut rarity = MAX_RARITY;
    for (codes, rarity_of_skill) in sources.codes(candidates) {
        while rarity > rarity_of_skill {
            add_all(&mut matched, &codes_above);
            rarity -= 1;
        }
        codes.add_to(&mut codes_above);
    }
    for _ in 0..rarity {
        add_all(&mut matched, &codes_above);
    }
    matched
}

#[inline]
fn add_all(sums: &mut Lanes<u8>, addends: &Lanes<u8>) {
    for lane in 0..LANES {
        sums[lane] = sums[lane].saturating_add(addends[lane]);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Processor, *};
    use crate::{
        components::Band,
        index::HALF_BP,
        model::{JobTerms, UserTerms, Weights},
    };
    use proptest::prelude::*;

    fn weights() -> impl Strategy<Value = Weights> {
        let any = 0_u32..=1_000_000;
        let component = prop_oneof![0..=5_000_u32, any, Just(u32::MAX)];
        [component.clone(), component.clone(), component.clone(), component]
            .prop_filter("one is not 0", |weights| weights.iter().any(|weight| *weight > 0))
            .prop_map(|[skills, experience, demand, salary]| Weights {
                skills,
                experience,
                demand,
                salary,
                min_fit_score: 400_000,
                apply_score: 750_000,
                dream_bonus: 100_000,
            })
    }

    fn tenths() -> impl Strategy<Value = u16> {
        prop_oneof![0..200_u16, any::<u16>()]
    }

    fn hundredths() -> impl Strategy<Value = u32> {
        prop_oneof![0..10_u32, 300..4_000_u32, 65_000..66_000_u32, any::<u32>()]
    }

    prop_compose! {
        /// A job's terms, and the code of each of the user's skills in it.
        fn job(num_skills: usize)(
            unmatched in prop_oneof![0..100_u32, 0..2_000_u32],
            demand_bp in 0..=10_000_u16,
            band in proptest::option::of((tenths(), tenths())),
            offer_hundredths in proptest::option::of(hundredths()),
            codes in proptest::collection::vec(0..=2_u8, num_skills),
        ) -> (JobTerms, Vec<u8>) {
            let band = band.map(|(lo_tenths, hi_tenths)| Band { lo_tenths, hi_tenths });
            (JobTerms { total_weight: unmatched, demand_bp, band, offer_hundredths }, codes)
        }
    }

    proptest! {
        #[test]
        fn bounds_are_not_below_the_truth_and_not_far_above(
            weights in weights(),
            rarities in proptest::collection::vec(1..=MAX_RARITY, 0..12),
            jobs in (0..12_usize).prop_flat_map(|n| proptest::collection::vec(job(n), LANES)),
            user in (proptest::option::of(tenths()), hundredths()),
            lanes in 1..=u64::MAX,
        ) {
            let num_skills = jobs[0].1.len().min(rarities.len());
            let mut rarities = rarities[..num_skills].to_vec();
            rarities.sort_unstable_by(|a, b| b.cmp(a));
            let user = UserTerms { experience_tenths: user.0, expected_hundredths: user.1 };

            // The last skill is a rare one: it comes as a weight and not as codes.
            let mut codes = vec![CodeBlock::default(); num_skills];
            let mut rare = [0; LANES];
            let mut block = LaneBlock::EMPTY;
            let mut exact = Vec::new();
            for (lane, (terms, of_job)) in jobs.iter().enumerate() {
                let mut matched = 0;
                for (at, (code, rarity)) in of_job.iter().zip(&rarities).enumerate() {
                    matched += u32::from(code * rarity);
                    if at + 1 < num_skills {
                        codes[at].set(lane, *code);
                    } else {
                        rare[lane] = code * rarity;
                    }
                }
                let terms =
                    JobTerms { total_weight: terms.total_weight + matched, ..*terms };
                let tight = block.set(lane, &terms, weights);
                exact.push((terms.raw_bp(weights, user, matched, false), tight, matched));
            }

            let user = UserLanes::new(weights, user);
            let common: Vec<UserCodes> = (0..num_skills.saturating_sub(1))
                .map(|at| UserCodes { base: at as u32, rarity: rarities[at] })
                .collect();
            let sources = Sources {
                lanes: &[block],
                codes: &codes,
                rare: &[rare],
                common: &[common],
                user: &user,
            };
            let candidates = [CandidateBlock { block: 0, role_at: 0, lanes }];
            let by = |processor: Processor| {
                let (mut bounds, mut reached) = ([Bounds::NONE], Reached::new());
                processor.bounds(sources, &candidates, &mut bounds, &mut reached);
                let mut found = Vec::new();
                processor.reaching(&bounds, 9_000, &mut found);
                (bounds[0], reached.0[0], found)
            };
            let plain = by(Processor::here()[0]);
            for processor in Processor::here() {
                prop_assert_eq!(&by(processor), &plain, "{}", processor);
            }

            let (Bounds { matched, half_bp: bounds }, reached, found) = plain;
            for (lane, (raw_bp, tight, weight)) in exact.into_iter().enumerate() {
                prop_assert_eq!(u32::from(matched[lane]), weight);
                let truth = raw_bp * HALF_BP;
                let bound = u32::from(bounds[lane]);
                if lanes >> lane & 1 == 0 {
                    prop_assert_eq!(bound, 0);
                    continue;
                }
                prop_assert!(bound >= truth, "lane {}: {} < {}", lane, bound, truth);
                prop_assert_eq!(found.contains(&(lane as u32)), bound >= 9_000);
                if let Some(looseness) = tight {
                    prop_assert_eq!(reached[lane], bounds[lane]);
                    let off = u32::from(looseness) + u32::from(user.looseness);
                    prop_assert!(bound <= truth + off, "lane {}: {} > {}", lane, bound, truth);
                } else {
                    prop_assert_eq!(reached[lane], 0);
                }
            }
        }
    }
}
