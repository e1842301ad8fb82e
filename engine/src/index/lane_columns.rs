//! What a bound on a score needs of each job, in sixteen bits a number, for many jobs at once.
//!
//! Scores in here are *half basis points* of the weighted mean, 0 to 20 000: fine enough for a
//! bound, and any sum of the four components fits.

use crate::{
    components::{MAX_BP, SKILLS_PRIOR, UNKNOWN_BP},
    model::{JobTerms, Weights},
};

/// Jobs whose bounds are computed together.
pub(crate) const LANES: usize = 64;

/// Blocks whose skills are summed together: every role family begins with a group of its own.
pub(crate) const GROUP_BLOCKS: usize = 4;

/// Jobs in a group of blocks.
pub(crate) const GROUP_LANES: usize = GROUP_BLOCKS * LANES;

/// Half basis points in a basis point.
pub(crate) const HALF_BP: u32 = 2;

/// Added to both ends of a band, so that an unknown one can end below every experience.
pub(crate) const TENTHS_OFFSET: u16 = 64;

/// The greatest weight of a job's skills that a bound counts: the sum saturates.
pub(crate) const MAX_MATCHED: u32 = u8::MAX as u32;

/// The most by which a bound exceeds the truth, the factors of products aside: three products and
/// five constants are rounded up by less than one, the quotients of the skills' and the salary's
/// formula and the mean round down by less than one bp.
const ROUNDING: u64 = 16;

/// Bits that the factors of skills and experience have behind the point: as many as leave the
/// greatest product, and what its factor is rounded by, within sixteen bits.
pub(crate) fn factor_bits(weight: u32, weight_sum: u64) -> u32 {
    let most = u64::from(weighted(weight, weight_sum, MAX_BP));
    (0..15)
        .take_while(|bits| (most << bits) + u64::from(MAX_MATCHED) <= u16::MAX.into())
        .last()
        .unwrap_or(0)
}

/// `component_bp` weighed, in half bp, rounded up.
pub(crate) fn weighted(weight: u32, weight_sum: u64, component_bp: u32) -> u32 {
    let half_bp = u64::from(weight) * u64::from(component_bp * HALF_BP);
    half_bp.div_ceil(weight_sum) as u32
}

/// A block of jobs.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct LaneBlock {
    /// What a unit of matched weight gives, with [`factor_bits`] behind the point, rounded up; 0
    /// where the job lists no skill.
    pub(crate) per_weight: [u16; LANES],
    /// Demand, and what of skills does not depend on the weight counted.
    pub(crate) fixed: [u16; LANES],
    /// The band, each end plus [`TENTHS_OFFSET`]; 0 and 0 where unknown.
    pub(crate) lo_tenths: [u16; LANES],
    pub(crate) hi_tenths: [u16; LANES],
    /// The offer in hundredths of an LPA, at most `u16::MAX`; 0 where unknown.
    pub(crate) offer: [u16; LANES],
    /// The lanes, as bits, of which the bounds exceed the truth by no more than the index says.
    pub(crate) tight: u64,
}

impl LaneBlock {
    /// A block without jobs.
    pub(crate) const EMPTY: LaneBlock = LaneBlock {
        per_weight: [0; LANES],
        fixed: [0; LANES],
        lo_tenths: [0; LANES],
        hi_tenths: [0; LANES],
        offer: [0; LANES],
        tight: 0,
    };

    /// Puts a job into a lane; if its bound is tight, returns the most by which it may exceed the
    /// truth.
    pub(crate) fn set(&mut self, lane: usize, terms: &JobTerms, weights: Weights) -> Option<u16> {
        let sum = weights.sum();
        let bits = factor_bits(weights.skills, sum);
        let total = u64::from(terms.total_weight);
        let full = total + u64::from(SKILLS_PRIOR);
        let (per_weight, skills) = if total == 0 {
            (0, u64::from(weighted(weights.skills, sum, UNKNOWN_BP)))
        } else {
            let most = u64::from(weights.skills) * u64::from(MAX_BP * HALF_BP);
            // What is not counted may all be matched.
            let uncounted = total.saturating_sub(u64::from(MAX_MATCHED));
            ((most << bits).div_ceil(sum * full), (most * uncounted).div_ceil(sum * full))
        };
        let demand = weighted(weights.demand, sum, u32::from(terms.demand_bp));
        self.per_weight[lane] = per_weight as u16;
        self.fixed[lane] = (u64::from(demand) + skills) as u16;

        // Who is short of a band that ends before it begins must not be over it, too.
        let is_reversed = terms.band.is_some_and(|band| band.lo_tenths > band.hi_tenths);
        if let Some(band) = terms.band {
            let end = |tenths: u16| tenths.saturating_add(TENTHS_OFFSET);
            self.lo_tenths[lane] = end(band.lo_tenths);
            self.hi_tenths[lane] = end(band.hi_tenths.max(band.lo_tenths));
        }
        // A benchmark of 0 is bounded as an unknown offer.
        let is_nothing = terms.offer_hundredths == Some(0);
        self.offer[lane] = terms.offer_hundredths.unwrap_or(0).min(u32::from(u16::MAX)) as u16;

        if is_reversed || is_nothing || terms.total_weight > MAX_MATCHED {
            return None;
        }
        self.tight |= 1 << lane;
        // Each unit of a matched weight is rounded up by less than one.
        Some(((total >> bits) + 1 + ROUNDING) as u16)
    }
}
