//! Bounds on the scores of many jobs with one user: plain loops over fixed-size blocks, for the
//! vectoriser.

#![allow(clippy::inline_always, reason = "compiled into callers that know their processor")]

use super::{
    prefetch::prefetch,
    user_lanes::{MAX_OVER_TENTHS, MAX_SHORT_TENTHS, UserLanes},
};
use crate::{
    components::MAX_RARITY,
    index::{CODE_BITS, CodeGroup, GROUP_BLOCKS, LANES, LaneBlock},
};
use std::hint::black_box;

/// A number for each lane.
pub(super) type Lanes<T> = [T; LANES];

/// The same for a group of blocks.
pub(super) type Group<T> = [Lanes<T>; GROUP_BLOCKS];

/// Blocks of a group whose greatest bounds are kept apart, so that fewer of a user's best jobs
/// share one.
const REACHED_BLOCKS: usize = 2;

/// In each lane the greatest tight bound, in half bp, of a job of that lane. No job is in two
/// lanes: the k-th greatest, less what a tight bound may be off, is a score that k jobs reach.
#[derive(Clone, Debug)]
pub(super) struct Reached([Lanes<u16>; REACHED_BLOCKS]);

impl Reached {
    pub(super) fn new() -> Self {
        Reached([[0; LANES]; REACHED_BLOCKS])
    }

    /// The lanes that a block of a group raises.
    #[inline]
    pub(super) fn of(&mut self, block: usize) -> &mut Lanes<u16> {
        &mut self.0[block % REACHED_BLOCKS]
    }

    /// The k-th greatest; 0 where there are too few lanes.
    pub(super) fn by(&mut self, k: usize) -> u16 {
        let reached = self.0.as_flattened_mut();
        match reached.len().checked_sub(k) {
            Some(at) if k > 0 => *reached.select_nth_unstable(at).1,
            _ => 0,
        }
    }
}

/// What is found for each lane of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// The weight of the user's skills, saturating; of lanes without a candidate, too.
    pub(super) matched: Group<u8>,
    /// The bound; 0 in lanes without a candidate.
    pub(super) half_bp: Group<u16>,
}

impl Bounds {
    pub(super) const NONE: Bounds =
        Bounds { matched: [[0; LANES]; GROUP_BLOCKS], half_bp: [[0; LANES]; GROUP_BLOCKS] };
}

/// Candidates within a group of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CandidateGroup {
    pub(super) group: u32,
    /// Which of the user's target roles.
    pub(super) role_at: u32,
    /// Per block the lanes that hold candidates, as bits.
    pub(super) lanes: [u64; GROUP_BLOCKS],
}

/// Of each rarity, the greatest first, the user's common skills in a role family, each as where the
/// codes of a group are: at this plus its number, wrapping around.
pub(super) type CommonSkills = [Vec<u32>; MAX_RARITY as usize];

/// Codes that are summed in four bits each before they are given eight: no sum exceeds 15.
pub(super) const SUMMED_IN_FOUR_BITS: usize = 7;

/// Every other code of a byte, so that each has four bits.
pub(super) const EVERY_OTHER_CODE: u8 = 0b0011_0011;

/// The four bits of the first of two sums.
pub(super) const FIRST_SUM: u8 = 0b1111;

/// What bounds are made of.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    pub(super) lanes: &'a [[LaneBlock; GROUP_BLOCKS]],
    pub(super) codes: &'a [CodeGroup],
    /// Per group, the weight of the user's rare skills.
    pub(super) rare: &'a [Group<u8>],
    /// Per role of the user.
    pub(super) common: &'a [CommonSkills],
    pub(super) user: &'a UserLanes,
}

impl<'a> Sources<'a> {
    /// The codes of one of the user's common skills in a group.
    #[inline(always)]
    pub(super) fn codes(self, base: u32, group: u32) -> &'a Lanes<u8> {
        self.codes[base.wrapping_add(group) as usize].bytes()
    }

    /// Asks for codes ahead of time: a user's skills are a dozen streams, each too short for the
    /// processor to see where it goes.
    #[inline(always)]
    pub(super) fn prefetch_codes(self, base: u32, group: u32) {
        prefetch(self.codes, base.wrapping_add(group) as usize);
    }
}

/// Bounds of candidates, a group for each of theirs, 0 in other lanes.
#[inline(always)]
pub(super) fn bounds(
    sources: Sources<'_>,
    candidates: &[CandidateGroup],
    bounds: &mut [Bounds],
    reached: &mut Reached,
) {
    for (number, bounds) in bounds.iter_mut().enumerate() {
        let (candidates, next) = this_and_next(candidates, number);
        bounds.matched = matched(sources, candidates, next.group);
        let jobs = &sources.lanes[candidates.group as usize];
        let blocks = jobs.iter().zip(&bounds.matched).zip(&mut bounds.half_bp);
        for (block, ((jobs, matched), half_bp)) in blocks.enumerate() {
            match candidates.lanes[block] {
                0 => *half_bp = [0; LANES],
                lanes => {
                    let reached = reached.of(block);
                    bound_block(jobs, *sources.user, lanes, matched, half_bp, reached);
                }
            }
        }
    }
}

/// Candidates by number, and those that come after them; the last ones are their own.
#[inline(always)]
pub(super) fn this_and_next(
    candidates: &[CandidateGroup],
    number: usize,
) -> (&CandidateGroup, &CandidateGroup) {
    let this = &candidates[number];
    (this, candidates.get(number + 1).unwrap_or(this))
}

/// A bound that reaches a threshold, and its place, counted through the groups. In order, the
/// greatest bound comes first, and of equal ones the first place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found(u64);

impl Found {
    #[inline(always)]
    pub(super) fn new(half_bp: u16, at: usize) -> Self {
        Found(u64::from(u16::MAX - half_bp) << u32::BITS | at as u64)
    }

    pub(super) fn half_bp(self) -> u16 {
        u16::MAX - (self.0 >> u32::BITS) as u16
    }

    pub(super) fn at(self) -> usize {
        self.0 as u32 as usize
    }
}

/// Finds the bounds that reach a threshold, by place.
#[inline(always)]
pub(super) fn reaching(bounds: &[Bounds], threshold: u16, found: &mut Vec<Found>) {
    let blocks = bounds.iter().flat_map(|bounds| &bounds.half_bp);
    for (number, block) in blocks.enumerate() {
        let best = block.iter().fold(0, |best, bound| best.max(*bound));
        if best >= threshold {
            let reaching = (number * LANES..).zip(block).filter(|(_, bound)| **bound >= threshold);
            found.extend(reaching.map(|(at, bound)| Found::new(*bound, at)));
        }
    }
}

/// Bounds of a block; raises what its lanes are bounded by.
#[inline(always)]
fn bound_block(
    jobs: &LaneBlock,
    user: UserLanes,
    candidates: u64,
    matched: &Lanes<u8>,
    bounds: &mut Lanes<u16>,
    reached: &mut Lanes<u16>,
) {
    let mut short = [0; LANES];
    for (short, offer) in short.iter_mut().zip(jobs.offer) {
        *short = user.expected.saturating_sub(offer).min(user.max_salary_short) * user.salary_scale;
    }
    // The vectoriser knows the high half of a product where it stands alone, and sees both factors
    // widened beside it: the user's must not be widened once and for all.
    let factor = black_box(user.salary_penalty);
    let mut salary_penalty = [0; LANES];
    for lane in 0..LANES {
        let product = u32::from(short[lane]) * u32::from(factor);
        salary_penalty[lane] = (product >> 16) as u16;
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

    if candidates != u64::MAX {
        let kept = kept(candidates);
        for lane in 0..LANES {
            bounds[lane] &= kept[lane];
        }
    }
    if jobs.tight == u64::MAX {
        for lane in 0..LANES {
            reached[lane] = reached[lane].max(bounds[lane]);
        }
    } else {
        let kept = kept(jobs.tight);
        for lane in 0..LANES {
            reached[lane] = reached[lane].max(bounds[lane] & kept[lane]);
        }
    }
}

/// All bits of the lanes whose bit is set.
#[inline(always)]
fn kept(lanes: u64) -> Lanes<u16> {
    const WORD: usize = u16::BITS as usize;
    let mut kept = [0; LANES];
    for (number, kept) in kept.chunks_exact_mut(WORD).enumerate() {
        let lanes = (lanes >> (number * WORD)) as u16;
        for (lane, kept) in kept.iter_mut().enumerate() {
            *kept = if lanes & 1 << lane == 0 { 0 } else { u16::MAX };
        }
    }
    kept
}

/// The weight of the user's skills in each job of a group, saturating.
#[inline(always)]
fn matched(sources: Sources<'_>, candidates: &CandidateGroup, next_group: u32) -> Group<u8> {
    let mut matched = sources.rare[candidates.group as usize];
    // Codes of skills of a rarity and above: added once for each step down to 0, a code is
    // multiplied by its skill's rarity.
    let mut codes_above = [[0_u8; LANES]; GROUP_BLOCKS];
    for of_rarity in &sources.common[candidates.role_at as usize] {
        for bases in of_rarity.chunks(SUMMED_IN_FOUR_BITS) {
            let (mut even, mut odd) = ([0; LANES], [0; LANES]);
            for base in bases {
                sources.prefetch_codes(*base, next_group);
                let codes = sources.codes(*base, candidates.group);
                for lane in 0..LANES {
                    even[lane] += codes[lane] & EVERY_OTHER_CODE;
                    odd[lane] += codes[lane] >> CODE_BITS & EVERY_OTHER_CODE;
                }
            }
            let [first, second, third, fourth] = &mut codes_above;
            for lane in 0..LANES {
                first[lane] = first[lane].saturating_add(even[lane] & FIRST_SUM);
                second[lane] = second[lane].saturating_add(odd[lane] & FIRST_SUM);
                third[lane] = third[lane].saturating_add(even[lane] >> 4);
                fourth[lane] = fourth[lane].saturating_add(odd[lane] >> 4);
            }
        }
        for (matched, above) in matched.iter_mut().zip(&codes_above) {
            for lane in 0..LANES {
                matched[lane] = matched[lane].saturating_add(above[lane]);
            }
        }
    }
    matched
}

#[cfg(test)]
mod tests {
    use super::{super::Processor, *};
    use crate::{
        components::Band,
        index::{GROUP_LANES, HALF_BP},
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

    /// Many skills of one rarity, too: their codes are summed in few bits.
    fn rarities() -> impl Strategy<Value = Vec<u8>> {
        let rarity = 1..=MAX_RARITY;
        prop_oneof![
            proptest::collection::vec(rarity.clone(), 0..24),
            (rarity, 0..24_usize).prop_map(|(rarity, n)| vec![rarity; n]),
        ]
    }

    prop_compose! {
        /// A job's terms, and the code of each of the user's skills in it.
        fn job(num_skills: usize)(
            unmatched in prop_oneof![0..100_u32, 0..2_000_u32],
            demand_bp in 0..=10_000_u16,
            band in proptest::option::of((tenths(), tenths())),
            offer_hundredths in proptest::option::of(hundredths()),
            codes in prop_oneof![
                proptest::collection::vec(0..=2_u8, num_skills),
                Just(vec![2; num_skills]),
            ],
        ) -> (JobTerms, Vec<u8>) {
            let band = band.map(|(lo_tenths, hi_tenths)| Band { lo_tenths, hi_tenths });
            (JobTerms { total_weight: unmatched, demand_bp, band, offer_hundredths }, codes)
        }
    }

    proptest! {
        #[test]
        fn bounds_are_not_below_the_truth_and_not_far_above(
            weights in weights(),
            rarities in rarities(),
            jobs in (0..24_usize)
                .prop_flat_map(|n| proptest::collection::vec(job(n), GROUP_LANES)),
            user in (proptest::option::of(tenths()), hundredths()),
            lanes in any::<[u64; GROUP_BLOCKS]>(),
            empty_block in proptest::option::of(0..GROUP_BLOCKS),
        ) {
            let num_skills = jobs[0].1.len().min(rarities.len());
            let user = UserTerms { experience_tenths: user.0, expected_hundredths: user.1 };

            // The last skill is a rare one: it comes as a weight and not as codes.
            let mut codes = vec![CodeGroup::NONE; num_skills];
            let mut common = CommonSkills::default();
            let mut rare = [[0; LANES]; GROUP_BLOCKS];
            let mut blocks = [LaneBlock::EMPTY; GROUP_BLOCKS];
            for (at, rarity) in (0..num_skills.saturating_sub(1)).zip(&rarities) {
                common[usize::from(MAX_RARITY - rarity)].push(at as u32);
            }
            let mut exact = Vec::new();
            for (lane, (terms, of_job)) in jobs.iter().enumerate() {
                let mut matched = 0;
                for (at, (code, rarity)) in of_job.iter().zip(&rarities).enumerate() {
                    matched += u32::from(code * rarity);
                    if at + 1 < num_skills {
                        codes[at].set(lane, *code);
                    } else {
                        rare.as_flattened_mut()[lane] = code * rarity;
                    }
                }
                let terms =
                    JobTerms { total_weight: terms.total_weight + matched, ..*terms };
                let tight = blocks[lane / LANES].set(lane % LANES, &terms, weights);
                exact.push((terms.raw_bp(weights, user, matched, false), tight, matched));
            }

            let user = UserLanes::new(weights, user);
            let sources = Sources {
                lanes: &[blocks],
                codes: &codes,
                rare: &[rare],
                common: &[common],
                user: &user,
            };
            let mut lanes = lanes;
            if let Some(block) = empty_block {
                lanes[block] = 0;
            }
            let candidates = [CandidateGroup { group: 0, role_at: 0, lanes }];
            let by = |processor: Processor| {
                let (mut bounds, mut reached) = ([Bounds::NONE], Reached::new());
                processor.bounds(sources, &candidates, &mut bounds, &mut reached);
                let mut found = Vec::new();
                processor.reaching(&bounds, 9_000, &mut found);
                (bounds[0], reached.0, found)
            };
            let plain = by(Processor::here()[0]);
            for processor in Processor::here() {
                prop_assert_eq!(&by(processor), &plain, "{}", processor);
            }

            let (Bounds { matched, half_bp }, reached, found) = plain;
            let mut most_tight = [[0; LANES]; REACHED_BLOCKS];
            for (lane, (raw_bp, tight, weight)) in exact.into_iter().enumerate() {
                let counted = matched.as_flattened()[lane];
                prop_assert_eq!(u32::from(counted), weight.min(u8::MAX.into()));
                let truth = raw_bp * HALF_BP;
                let bound = half_bp.as_flattened()[lane];
                let is_found = found.contains(&Found::new(bound, lane));
                prop_assert_eq!(is_found, bound >= 9_000);
                if lanes[lane / LANES] >> (lane % LANES) & 1 == 0 {
                    prop_assert_eq!(bound, 0);
                    continue;
                }
                prop_assert!(u32::from(bound) >= truth, "lane {lane}: {bound} < {truth}");
                if let Some(looseness) = tight {
                    let most = &mut most_tight[lane / LANES % REACHED_BLOCKS][lane % LANES];
                    *most = bound.max(*most);
                    let off = u32::from(looseness) + u32::from(user.looseness);
                    prop_assert!(u32::from(bound) <= truth + off, "lane {lane}: {bound} > {truth}");
                }
            }
            prop_assert_eq!(reached, most_tight);
            prop_assert!(found.is_sorted_by_key(|found| found.at()), "by place");
            for found in found {
                prop_assert_eq!(found.half_bp(), half_bp.as_flattened()[found.at()]);
            }
        }

        #[test]
        fn the_kth_greatest_is_found(
            reached in proptest::collection::vec(0..50_u16, REACHED_BLOCKS * LANES),
            k in 0..200_usize,
        ) {
            let mut sorted = reached.clone();
            sorted.sort_unstable_by(|a, b| b.cmp(a));
            let expected = k.checked_sub(1).and_then(|at| sorted.get(at)).copied();
            let mut lanes = Reached::new();
            lanes.0.as_flattened_mut().copy_from_slice(&reached);
            prop_assert_eq!(lanes.by(k), expected.unwrap_or(0));
        }
    }
}
