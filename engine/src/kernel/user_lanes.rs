//! What of a user enters a bound, in the units of [`LaneBlock`](crate::index::LaneBlock).

use crate::{
    components::{MAX_BP, UNKNOWN_BP},
    index::{HALF_BP, TENTHS_OFFSET, factor_bits, weighted},
    model::{UserTerms, Weights},
};

/// A missing year costs 2 500 bp, nothing is left after four.
const BP_PER_TENTH_SHORT: u32 = 250;
pub(super) const MAX_SHORT_TENTHS: u16 = 40;

/// A year too many costs 1 000 bp, half is left after five.
const BP_PER_TENTH_OVER: u32 = 100;
pub(super) const MAX_OVER_TENTHS: u16 = 50;

/// A user, as one bound after the other needs it. Every number is rounded so that the bound is not
/// below the truth.
#[derive(Clone, Copy, Debug)]
pub(super) struct UserLanes {
    /// Bits behind the point of what a unit of matched weight gives.
    pub(super) skills_bits: u32,
    /// What experience gives inside the band, and salary where the offer reaches what is expected.
    pub(super) experience_and_salary: u16,
    /// Tenths of a year, plus [`TENTHS_OFFSET`].
    pub(super) experience_tenths: u16,
    /// Bits behind the point of the next two.
    pub(super) experience_bits: u32,
    /// For a tenth short of the band.
    pub(super) short_penalty: u16,
    /// The same for a tenth over it.
    pub(super) over_penalty: u16,
    /// Expected salary in hundredths of an LPA.
    pub(super) expected: u16,
    /// Half of it: where an offer is short by that much, nothing is left.
    pub(super) max_salary_short: u16,
    /// What a salary that is short is multiplied by before it meets the penalty, a power of two.
    pub(super) salary_scale: u16,
    /// For each unit of the scaled salary that is short, times 65 536.
    pub(super) salary_penalty: u16,
    /// Taken off where the offer is unknown.
    pub(super) unknown_offer_penalty: u16,
    /// By how much more than the job's looseness a bound may exceed the truth.
    pub(super) looseness: u16,
}

impl UserLanes {
    pub(super) fn new(weights: Weights, user: UserTerms) -> Self {
        let sum = weights.sum();
        let weigh = |weight, component_bp| weighted(weight, sum, component_bp) as u16;
        let mut lanes = UserLanes {
            skills_bits: factor_bits(weights.skills, sum),
            experience_bits: factor_bits(weights.experience, sum),
            experience_and_salary: 0,
            experience_tenths: TENTHS_OFFSET,
            short_penalty: 0,
            over_penalty: 0,
            expected: 0,
            max_salary_short: 0,
            salary_scale: 1,
            salary_penalty: 0,
            unknown_offer_penalty: 0,
            looseness: 0,
        };

        match user.experience_tenths {
            None => lanes.experience_and_salary = weigh(weights.experience, UNKNOWN_BP),
            Some(tenths) => {
                let penalty = |bp: u32| {
                    let half_bp = u64::from(weights.experience) * u64::from(bp * HALF_BP);
                    ((half_bp << lanes.experience_bits) / sum) as u16
                };
                lanes.experience_and_salary = weigh(weights.experience, MAX_BP);
                // A tenth's penalty is rounded down by less than one.
                lanes.looseness = (MAX_OVER_TENTHS >> lanes.experience_bits) + 1;
                lanes.experience_tenths = tenths.saturating_add(TENTHS_OFFSET);
                lanes.short_penalty = penalty(BP_PER_TENTH_SHORT);
                lanes.over_penalty = penalty(BP_PER_TENTH_OVER);
            }
        }

        let full = weigh(weights.salary, MAX_BP);
        let unknown = weigh(weights.salary, UNKNOWN_BP);
        match u16::try_from(user.expected_hundredths) {
            Ok(0) => lanes.experience_and_salary += unknown,
            // No offer is held against expectations that sixteen bits cannot hold, nor against
            // one of 0.01 LPA.
            Err(_) | Ok(1) => {
                lanes.experience_and_salary += full;
                lanes.looseness += full;
            }
            Ok(expected) => {
                let shift = (expected / 2).leading_zeros();
                let full_half_bp = u128::from(weights.salary) * u128::from(MAX_BP * HALF_BP);
                let penalty =
                    (full_half_bp << 17) / (u128::from(sum) * (u128::from(expected) << shift));
                lanes.experience_and_salary += full;
                lanes.expected = expected;
                lanes.max_salary_short = expected / 2;
                lanes.salary_scale = 1 << shift;
                lanes.salary_penalty = penalty as u16;
                lanes.unknown_offer_penalty = full - unknown;
                // Half of an odd number is cut off.
                lanes.looseness += full.div_ceil(expected);
            }
        }
        lanes
    }
}
