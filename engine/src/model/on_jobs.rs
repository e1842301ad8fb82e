//! A scoring model applied to tonight's jobs: everything of a score that no user changes.

use super::{Benchmark, ScoringModel, Weights};
use crate::{
    columns::{JobColumns, JobSkill},
    components::{self, Band, Components},
    ids::{JobNo, SkillNo},
};
use std::{cmp::Reverse, collections::HashMap};

/// What a job brings to a score, which of its skills the user has aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobTerms {
    /// The weight of all its skills.
    pub total_weight: u32,
    /// The market demand component, in bp.
    pub demand_bp: u16,
    /// The band of experience, named or by level.
    pub band: Option<Band>,
    /// What it offers, listed or benchmarked, in hundredths of an LPA.
    pub offer_hundredths: Option<u32>,
}

/// What a user brings to a score, skills aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserTerms {
    /// Experience in tenths of a year.
    pub experience_tenths: Option<u16>,
    /// Expected salary in hundredths of an LPA; 0 is unknown.
    pub expected_hundredths: u32,
}

impl JobTerms {
    /// What the score of a pair is made of. `matched_weight` is the weight of the job's skills that
    /// the user has.
    #[inline]
    #[must_use]
    pub fn components(&self, user: UserTerms, matched_weight: u32) -> Components {
        Components {
            skills_bp: components::skills_bp(matched_weight, self.total_weight),
            experience_bp: components::experience_bp(user.experience_tenths, self.band),
            demand_bp: u32::from(self.demand_bp),
            salary_bp: components::salary_bp(self.offer_hundredths, user.expected_hundredths),
        }
    }

    /// The raw score of a pair that passes the prefilter, in bp.
    #[inline]
    #[must_use]
    pub fn raw_bp(
        &self,
        weights: Weights,
        user: UserTerms,
        matched_weight: u32,
        is_dream: bool,
    ) -> u32 {
        self.components(user, matched_weight).raw_bp(weights, is_dream)
    }
}

/// Weights, rarities and terms for tonight's jobs.
#[derive(Debug)]
pub struct ModelOnJobs {
    /// The weights.
    pub weights: Weights,
    /// Rarity of each [`SkillNo`], 1 to 8.
    pub rarity: Vec<u8>,
    /// What each job brings to a score.
    pub terms: Vec<JobTerms>,
}

impl ModelOnJobs {
    /// Looks up every job in the model. A skill or market that the model does not know counts as
    /// listed by no job and as empty.
    #[must_use]
    pub fn new(model: &ScoringModel, jobs: &JobColumns) -> Self {
        let rarity: Vec<u8> = jobs
            .skill_names
            .texts()
            .map(|name| {
                let listed_by = model.listed_by.get(name).copied().unwrap_or(0);
                components::rarity(model.num_jobs, listed_by)
            })
            .collect();

        let benchmarks = by_market(&model.benchmarks);
        let terms = (0..jobs.len()).map(|job| {
            let role = jobs.roles.text(jobs.role[job].0);
            let city = jobs.cities.text(jobs.market_city[job].0);
            let num_jobs = model.markets.get(role).and_then(|cities| cities.get(city));
            let benchmarked = || {
                let lo = jobs.band[job]?.lo_tenths;
                let bands = benchmarks.get(&(role, city))?;
                bands
                    .iter()
                    .find(|band| band.exp_min_tenths <= lo && lo < band.exp_max_tenths)
                    .map(|band| band.p50_hundredths)
            };
            JobTerms {
                total_weight: jobs.skills.row(job).iter().map(|s| weight(&rarity, *s)).sum(),
                demand_bp: components::demand_bp(num_jobs.copied().unwrap_or(0)) as u16,
                band: jobs.band[job],
                offer_hundredths: jobs.salary_hundredths[job].or_else(benchmarked),
            }
        });
        let terms = terms.collect();
        ModelOnJobs { weights: model.weights, rarity, terms }
    }

    /// What a listed skill weighs: twice its rarity when required, else once.
    #[must_use]
    pub fn weight(&self, listed: JobSkill) -> u32 {
        weight(&self.rarity, listed)
    }

    /// The rarity of a skill.
    #[must_use]
    pub fn rarity(&self, skill: SkillNo) -> u8 {
        self.rarity[skill.ix()]
    }

    /// What a job brings to a score.
    #[must_use]
    pub fn terms(&self, job: JobNo) -> &JobTerms {
        &self.terms[job.ix()]
    }
}

fn weight(rarity: &[u8], listed: JobSkill) -> u32 {
    u32::from(rarity[listed.skill().ix()]) << u32::from(listed.required())
}

/// The benchmarks of each (role family, city), the one to prefer first: newest, then the band that
/// begins lowest, then the one that ends lowest, then the lower salary.
fn by_market(benchmarks: &[Benchmark]) -> HashMap<(&str, &str), Vec<&Benchmark>> {
    let mut by_market: HashMap<_, Vec<&Benchmark>> = HashMap::new();
    for benchmark in benchmarks {
        let market = (benchmark.role_family.as_str(), benchmark.city.as_str());
        by_market.entry(market).or_default().push(benchmark);
    }
    for bands in by_market.values_mut() {
        bands.sort_unstable_by_key(|band| {
            let Benchmark {
                data_month_days, exp_min_tenths, exp_max_tenths, p50_hundredths, ..
            } = **band;
            (Reverse(data_month_days), exp_min_tenths, exp_max_tenths, p50_hundredths)
        });
    }
    by_market
}
