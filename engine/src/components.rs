//! The component formulas, one pair at a time: the meaning that every kernel must keep.
//!
//! All integers; `/` on non-negative integers is floor division. Components are basis points
//! (bp), 0 to 10 000.

use crate::model::Weights;

/// A component of which one side is unknown.
pub const UNKNOWN_BP: u32 = 5_000;

/// The most that a component can be.
pub const MAX_BP: u32 = 10_000;

/// The greatest rarity of a skill.
pub const MAX_RARITY: u8 = 8;

/// Added to the weight of a job's skills: a short list proves less, and one common skill of one
/// is no perfect match.
pub const SKILLS_PRIOR: u32 = 8;

/// A job's band of experience, both ends in tenths of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// Least experience asked for.
    pub lo_tenths: u16,
    /// Most experience asked for; 400 or more reads as "or more".
    pub hi_tenths: u16,
}

/// What a score is made of, in bp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Components {
    /// See [`skills_bp`].
    pub skills_bp: u32,
    /// See [`experience_bp`].
    pub experience_bp: u32,
    /// See [`demand_bp`].
    pub demand_bp: u32,
    /// See [`salary_bp`].
    pub salary_bp: u32,
}

impl Components {
    /// Each component times its weight: ten-thousandths of a bp.
    #[inline]
    #[must_use]
    pub fn weighed(self, weights: Weights) -> [u64; 4] {
        let weigh = |weight: u32, component_bp: u32| u64::from(weight) * u64::from(component_bp);
        [
            weigh(weights.skills, self.skills_bp),
            weigh(weights.experience, self.experience_bp),
            weigh(weights.demand, self.demand_bp),
            weigh(weights.salary, self.salary_bp),
        ]
    }

    /// The weighed mean.
    #[inline]
    #[must_use]
    pub fn base_bp(self, weights: Weights) -> u32 {
        let [skills, experience, demand, salary] = self.weighed(weights);
        ((skills + experience + demand + salary) / weights.sum()) as u32
    }

    /// The raw score: the mean, and what a dream company adds.
    #[inline]
    #[must_use]
    pub fn raw_bp(self, weights: Weights, is_dream: bool) -> u32 {
        self.base_bp(weights) + if is_dream { weights.dream_bonus_bp() } else { 0 }
    }
}

/// Skills: `matched` is the weight of the job's skills that the user has, `total` the weight of
/// them all.
#[must_use]
pub fn skills_bp(matched: u32, total: u32) -> u32 {
    if total == 0 {
        return UNKNOWN_BP;
    }
    (u64::from(MAX_BP) * u64::from(matched) / (u64::from(total) + u64::from(SKILLS_PRIOR))) as u32
}

/// Experience: full inside the band; a missing year costs 2 500, a year too many 1 000, and too
/// much never costs more than half.
#[must_use]
pub fn experience_bp(user_tenths: Option<u16>, band: Option<Band>) -> u32 {
    let (Some(y), Some(band)) = (user_tenths, band) else { return UNKNOWN_BP };
    if y < band.lo_tenths {
        MAX_BP.saturating_sub(250 * u32::from(band.lo_tenths - y))
    } else if y > band.hi_tenths {
        MAX_BP.saturating_sub(100 * u32::from(y - band.hi_tenths)).max(5_000)
    } else {
        MAX_BP
    }
}

/// Market demand: 500 scoreable jobs in the job's market are all one can ask for.
#[must_use]
pub fn demand_bp(jobs_in_market: u32) -> u32 {
    jobs_in_market.saturating_mul(20).min(MAX_BP)
}

/// Salary: full when the offer reaches what the user expects; nothing when it is half of it.
/// Both in hundredths of an LPA; an expectation of 0 is unknown.
#[must_use]
pub fn salary_bp(offer: Option<u32>, expected: u32) -> u32 {
    let Some(offer) = offer else { return UNKNOWN_BP };
    if expected == 0 {
        return UNKNOWN_BP;
    }
    if offer >= expected {
        return MAX_BP;
    }
    let short = u64::from(expected - offer);
    u64::from(MAX_BP).saturating_sub(20_000 * short / u64::from(expected)) as u32
}

/// How rare a skill is, 1 to 8: `num_jobs` scoreable jobs, `listed_by` of them list it.
#[must_use]
pub fn rarity(num_jobs: u32, listed_by: u32) -> u8 {
    if listed_by < 5 {
        return 1;
    }
    match num_jobs / listed_by {
        0 => 1,
        ratio => (ratio.ilog2() as u8).clamp(1, MAX_RARITY),
    }
}

/// The fit score of a raw score in bp: whole points, rounded half up, at most 100.
#[must_use]
pub fn fit_score(raw_bp: u32) -> u8 {
    ((raw_bp + 50) / 100).min(100) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn band(lo_tenths: u16, hi_tenths: u16) -> Band {
        Band { lo_tenths, hi_tenths }
    }

    #[test]
    fn skills_by_hand() {
        // 10 000 · 7 / (10 + 8) = 3 888.8…
        assert_eq!(skills_bp(7, 10), 3_888);
        assert_eq!(skills_bp(0, 0), 5_000);
        assert_eq!(skills_bp(2, 2), 2_000);
        assert_eq!(skills_bp(u32::MAX, u32::MAX), 9_999);
    }

    #[test]
    fn experience_by_hand() {
        assert_eq!(experience_bp(Some(45), Some(band(30, 60))), 10_000);
        assert_eq!(experience_bp(Some(20), Some(band(30, 60))), 7_500);
        assert_eq!(experience_bp(Some(0), Some(band(60, 90))), 0);
        assert_eq!(experience_bp(Some(80), Some(band(30, 60))), 8_000);
        assert_eq!(experience_bp(Some(400), Some(band(30, 60))), 5_000);
        assert_eq!(experience_bp(None, Some(band(30, 60))), 5_000);
        assert_eq!(experience_bp(Some(4), None), 5_000);
        // A least experience beyond the default most: short of the one comes first.
        assert_eq!(experience_bp(Some(650), Some(band(700, 600))), 0);
    }

    #[test]
    fn salary_by_hand() {
        // 20 000 · 300 / 1 500 = 4 000.
        assert_eq!(salary_bp(Some(1_200), 1_500), 6_000);
        assert_eq!(salary_bp(Some(700), 1_500), 0);
        assert_eq!(salary_bp(Some(1_500), 1_500), 10_000);
        assert_eq!(salary_bp(Some(1_500), 0), 5_000);
        assert_eq!(salary_bp(None, 1_500), 5_000);
    }

    #[test]
    fn rarity_by_hand() {
        assert_eq!(rarity(200_000, 4), 1);
        assert_eq!(rarity(200_000, 5), 8);
        assert_eq!(rarity(200_000, 3_125), 6);
        assert_eq!(rarity(200_000, 150_000), 1);
        assert_eq!(rarity(5, 9), 1);
    }

    #[test]
    fn scores_round_half_up() {
        assert_eq!(fit_score(7_449), 74);
        assert_eq!(fit_score(7_450), 75);
        assert_eq!(fit_score(11_000), 100);
    }

    #[test]
    fn demand_is_capped() {
        assert_eq!(demand_bp(0), 0);
        assert_eq!(demand_bp(499), 9_980);
        assert_eq!(demand_bp(u32::MAX), 10_000);
    }
}
