//! The score of a kept pair under any weights.

use talvix_engine::model::Weights;

/// What a snapshot holds of a pair's score, in bp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "a unit stands in every name")]
pub struct Components {
    /// Skills.
    pub skills_bp: u32,
    /// Experience.
    pub experience_bp: u32,
    /// Market demand.
    pub demand_bp: u32,
    /// Salary.
    pub salary_bp: u32,
}

/// The raw score of a pair in bp. The bonus counts for a dream company, whatever it was before.
///
/// Same as `talvix_engine::model::JobTerms::raw_bp`, which takes what components are made of.
pub fn raw_bp(components: Components, is_dream: bool, weights: Weights) -> u32 {
    let weigh = |weight: u32, component_bp: u32| u64::from(weight) * u64::from(component_bp);
    let sum = weigh(weights.skills, components.skills_bp)
        + weigh(weights.experience, components.experience_bp)
        + weigh(weights.demand, components.demand_bp)
        + weigh(weights.salary, components.salary_bp);
    let base = (sum / weights.sum()) as u32;
    base + if is_dream { weights.dream_bonus_bp() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use talvix_engine::{
        components::{Band, experience_bp, salary_bp, skills_bp},
        model::{JobTerms, UserTerms},
    };

    #[test]
    fn equals_the_engine() {
        let mut state = 7_u32;
        let mut random = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        for round in 0..10_000 {
            let total = random(60);
            let matched = random(total + 1);
            let user = UserTerms {
                experience_tenths: (round % 5 > 0).then(|| random(200) as u16),
                expected_hundredths: random(3_000),
            };
            let lo_tenths = random(100) as u16;
            let job = JobTerms {
                total_weight: total,
                demand_bp: random(10_001) as u16,
                band: (round % 7 > 0).then(|| Band { lo_tenths, hi_tenths: lo_tenths + 30 }),
                offer_hundredths: (round % 3 > 0).then(|| random(3_000)),
            };
            let weights = Weights {
                skills: random(5_000) + 1,
                experience: random(5_000),
                demand: random(5_000),
                salary: random(5_000),
                min_fit_score: 400_000,
                apply_score: 750_000,
                dream_bonus: random(200_000),
            };
            let components = Components {
                skills_bp: skills_bp(matched, total),
                experience_bp: experience_bp(user.experience_tenths, job.band),
                demand_bp: u32::from(job.demand_bp),
                salary_bp: salary_bp(job.offer_hundredths, user.expected_hundredths),
            };
            let is_dream = round % 2 == 0;
            assert_eq!(
                raw_bp(components, is_dream, weights),
                job.raw_bp(weights, user, matched, is_dream)
            );
        }
    }
}
