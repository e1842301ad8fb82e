//! A scoring model applied to tonight's jobs: everything of a score that no user changes.

use super::{Benchmark, ScoringModel, Weights};
use crate::{
    columns::{JobColumns, JobSkill},
    components,
    ids::{JobNo, SkillNo},
};
use std::{cmp::Reverse, collections::HashMap};

/// Weights, rarities, demand and offers for tonight's jobs.
#[derive(Debug)]
pub struct ModelOnJobs {
    /// The weights.
    pub weights: Weights,
    /// Rarity of each [`SkillNo`], 1 to 8.
    pub rarity: Vec<u8>,
    /// The weight of all skills of each job.
    pub total_weight: Vec<u32>,
    /// The market demand component of each job, in bp.
    pub demand_bp: Vec<u16>,
    /// What each job offers, listed or benchmarked, in hundredths of an LPA.
    pub offer_hundredths: Vec<Option<u32>>,
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
        let total_weight = (0..jobs.len())
            .map(|job| jobs.skills.row(job).iter().map(|skill| weight(&rarity, *skill)).sum())
            .collect();

        let benchmarks = by_market(&model.benchmarks);
        let market = |job: usize| {
            (jobs.roles.text(jobs.role[job].0), jobs.cities.text(jobs.market_city[job].0))
        };
        let demand_bp = (0..jobs.len())
            .map(|job| {
                let (role, city) = market(job);
                let num_jobs = model.markets.get(role).and_then(|cities| cities.get(city));
                components::demand_bp(num_jobs.copied().unwrap_or(0)) as u16
            })
            .collect();
        let offer_hundredths = (0..jobs.len())
            .map(|job| {
                jobs.salary_hundredths[job].or_else(|| {
                    let lo = jobs.band[job]?.lo_tenths;
                    let bands = benchmarks.get(&market(job))?;
                    bands
                        .iter()
                        .find(|band| band.exp_min_tenths <= lo && lo < band.exp_max_tenths)
                        .map(|band| band.p50_hundredths)
                })
            })
            .collect();
        ModelOnJobs { weights: model.weights, rarity, total_weight, demand_bp, offer_hundredths }
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

    /// The raw score of a pair that passes the prefilter, in bp, from the weight of the job's
    /// skills that the user has and what else of the user counts.
    #[must_use]
    pub fn raw_bp(
        &self,
        jobs: &JobColumns,
        job: JobNo,
        matched_weight: u32,
        experience_tenths: Option<u16>,
        expected_hundredths: u32,
        is_dream: bool,
    ) -> u32 {
        let job = job.ix();
        let weights = self.weights;
        let weigh = |weight: u32, component_bp: u32| u64::from(weight) * u64::from(component_bp);
        let sum =
            weigh(weights.skills, components::skills_bp(matched_weight, self.total_weight[job]))
                + weigh(
                    weights.experience,
                    components::experience_bp(experience_tenths, jobs.band[job]),
                )
                + weigh(weights.demand, u32::from(self.demand_bp[job]))
                + weigh(
                    weights.salary,
                    components::salary_bp(self.offer_hundredths[job], expected_hundredths),
                );
        let base = (sum / weights.sum()) as u32;
        base + if is_dream { weights.dream_bonus_bp() } else { 0 }
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
