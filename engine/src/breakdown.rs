//! One pair with everything that its score is made of, or the rule that stops it.
//!
//! Nothing is computed here: rules and formulas are those of [`crate::pair`] and
//! [`crate::components`], and what went into them stands beside what came out.

mod facts;

pub use facts::{
    DemandPart, ExperiencePart, JobFacts, ListedSkill, SalaryPart, Scored, SkillsPart, Stopped,
    Weighed,
};

use crate::{
    columns::{JobSkill, Level, UserLevel, WorkMode},
    components::{Band, SKILLS_PRIOR},
    explain::{Explainer, PairRow},
    ids::{CityNo, JobNo, RoleNo, UserNo},
    model::ScoringModel,
    pair::{Inputs, Stop},
};

/// Takes pairs apart.
#[derive(Clone, Copy, Debug)]
pub struct Breakdown<'a> {
    /// Says what is stored of pairs, and what they are made of.
    pub explainer: Explainer<'a>,
    /// The model that was applied to the jobs.
    pub model: &'a ScoringModel,
}

impl<'a> Breakdown<'a> {
    /// What a job is.
    #[must_use]
    pub fn job(&self, job: JobNo) -> JobFacts<'a> {
        let jobs = self.explainer.inputs.jobs;
        JobFacts {
            company: jobs.companies.text(jobs.company[job.ix()].0),
            role_family: self.role(jobs.role[job.ix()]),
            city: jobs.city[job.ix()].map(|city| self.city(city)),
            work_mode: jobs.mode[job.ix()].name(),
            seniority_level: jobs.level[job.ix()].name(),
            is_new: jobs.is_new[job.ix()],
        }
    }

    /// What a pair's score is made of, or the first rule that stops it.
    pub fn pair(&self, user: UserNo, job: JobNo) -> Result<Scored<'a>, Stopped<'a>> {
        self.explainer.inputs.prefilter(user, job).map_err(|stop| self.stopped(stop, user, job))?;
        Ok(self.scored(user, job))
    }

    fn stopped(&self, stop: Stop, user: UserNo, job: JobNo) -> Stopped<'a> {
        let users = self.explainer.inputs.users;
        let facts = self.job(job);
        match stop {
            Stop::RoleFamily => {
                let user = users.roles.row(user.ix()).iter().map(|role| self.role(*role));
                Stopped::RoleFamily { job: facts.role_family, user: user.collect() }
            }
            Stop::Seniority => {
                let level = users.level[user.ix()];
                let suitable = UserLevel::suits(level);
                let suits = |level: &Level| suitable & level.bit() != 0;
                Stopped::Seniority {
                    job: facts.seniority_level,
                    user: level.map(UserLevel::name),
                    suitable: Level::ALL.into_iter().filter(suits).map(Level::name).collect(),
                }
            }
            Stop::Place => {
                let user = users.cities.row(user.ix()).iter().map(|city| self.city(*city));
                Stopped::Place { job: facts.city, user: user.collect() }
            }
            Stop::WorkMode => {
                let modes = users.modes[user.ix()];
                let named = |mode: &WorkMode| modes & mode.bit() != 0;
                let user = WorkMode::ALL.into_iter().filter(named).filter_map(WorkMode::name);
                Stopped::WorkMode { job: facts.work_mode, user: user.collect() }
            }
            Stop::Blacklisted => Stopped::Blacklisted { job: facts.company },
        }
    }

    fn scored(&self, user: UserNo, job: JobNo) -> Scored<'a> {
        let Inputs { jobs, users, model: on_jobs } = self.explainer.inputs;
        let weights = on_jobs.weights;
        let terms = on_jobs.terms(job);
        let of_user = users.terms(user);
        let components = self.explainer.inputs.components(user, job);
        let is_dream = self.explainer.inputs.is_dream(user, job);
        let [skills, experience, demand, salary] = components.weighed(weights);
        let base_bp = components.base_bp(weights);
        let raw_bp = components.raw_bp(weights, is_dream);
        let PairRow { fit_score, fit_label, recommendation, texts, digest } =
            self.explainer.row(user, job, raw_bp);
        let level_band = jobs.level[job.ix()].default_band();
        let (role_family, city) =
            (self.role(jobs.role[job.ix()]), self.city(jobs.market_city[job.ix()]));
        let num_jobs = self.model.markets.get(role_family).and_then(|cities| cities.get(city));
        Scored {
            skills: SkillsPart {
                weighed: weighed(components.skills_bp, weights.skills, skills),
                matched_weight: self.explainer.inputs.matched_weight(user, job),
                total_weight: terms.total_weight,
                prior_weight: SKILLS_PRIOR,
                listed: self.listed(user, job),
            },
            experience: ExperiencePart {
                weighed: weighed(components.experience_bp, weights.experience, experience),
                user_years: of_user.experience_tenths.map(years),
                from_years: terms.band.map(|Band { lo_tenths, .. }| years(lo_tenths)),
                to_years: terms.band.map(|Band { hi_tenths, .. }| years(hi_tenths)),
                is_band_of_level: terms.band.is_some() && terms.band == level_band,
            },
            demand: DemandPart {
                weighed: weighed(components.demand_bp, weights.demand, demand),
                role_family,
                city,
                num_jobs: num_jobs.copied().unwrap_or(0),
            },
            salary: SalaryPart {
                weighed: weighed(components.salary_bp, weights.salary, salary),
                offer_lpa: terms.offer_hundredths.map(lpa),
                is_listed: jobs.salary_hundredths[job.ix()].is_some(),
                expected_lpa: Some(of_user.expected_hundredths).filter(|e| *e != 0).map(lpa),
            },
            sum: skills + experience + demand + salary,
            weights_e4: weights.sum(),
            base_bp,
            dream_bonus_bp: raw_bp - base_bp,
            raw_bp,
            fit_score,
            fit_label,
            recommendation,
            texts,
            digest,
        }
    }

    fn listed(&self, user: UserNo, job: JobNo) -> Vec<ListedSkill<'a>> {
        let Inputs { jobs, users, model: on_jobs } = self.explainer.inputs;
        let has = users.skills.row(user.ix());
        let skill = |listed: &JobSkill| {
            let name = jobs.skill_names.text(listed.skill().0);
            ListedSkill {
                name,
                is_required: listed.required(),
                is_matched: has.binary_search(&listed.skill()).is_ok(),
                num_jobs: self.model.listed_by.get(name).copied().unwrap_or(0),
                rarity: on_jobs.rarity(listed.skill()),
                weight: on_jobs.weight(*listed),
            }
        };
        let mut listed: Vec<_> = jobs.skills.row(job.ix()).iter().map(skill).collect();
        listed.sort_unstable_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.name.cmp(b.name)));
        listed
    }

    fn role(&self, role: RoleNo) -> &'a str {
        self.explainer.inputs.jobs.roles.text(role.0)
    }

    fn city(&self, city: CityNo) -> &'a str {
        self.explainer.inputs.jobs.cities.text(city.0)
    }
}

fn weighed(bp: u32, weight_e4: u32, product: u64) -> Weighed {
    Weighed { bp, weight_e4, product }
}

/// Tenths of a year as the shortest decimal.
fn years(tenths: u16) -> f64 {
    f64::from(tenths) / 10.0
}

/// Hundredths of an LPA as the shortest decimal.
fn lpa(hundredths: u32) -> f64 {
    f64::from(hundredths) / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        columns::{JobColumns, SkipReason, Tier, UserColumns},
        ids::{CompanyNo, Lists, SkillNo},
        model::{ModelOnJobs, Weights},
        week::IsoWeek,
    };

    const WEEK: IsoWeek = IsoWeek { year: 2026, week: 47 };

    fn one_row<T>(values: impl IntoIterator<Item = T>) -> Lists<T> {
        let mut lists = Lists::default();
        lists.push(values);
        lists
    }

    /// One mid-level job in pune that requires `sql` and would like `go`.
    fn jobs() -> JobColumns {
        let mut jobs = JobColumns::default();
        jobs.id = vec![[7; 16]];
        jobs.role = vec![RoleNo(0)];
        jobs.city = vec![Some(CityNo(0))];
        jobs.market_city = vec![CityNo(0)];
        jobs.mode = vec![WorkMode::Onsite];
        jobs.level = vec![Level::Mid];
        jobs.company = vec![CompanyNo(0)];
        jobs.salary_hundredths = vec![Some(1_200)];
        jobs.band = vec![Level::Mid.default_band()];
        jobs.rank = vec![0];
        jobs.by_rank = vec![JobNo(0)];
        jobs.is_new = vec![false];
        jobs.row_version = vec![0];
        jobs.skills.push([JobSkill::new(SkillNo(0), true), JobSkill::new(SkillNo(1), false)]);
        jobs.roles.intern("backend");
        jobs.cities.intern("pune");
        jobs.companies.intern("acme");
        jobs.skill_names.intern("sql");
        jobs.skill_names.intern("go");
        jobs
    }

    /// Somebody whom nothing stops: two years, `go`, 15 LPA expected.
    fn user() -> UserColumns {
        let mut user = UserColumns {
            id: vec![[1; 16]],
            tier: vec![Tier::Paid],
            level: vec![None],
            experience_tenths: vec![Some(20)],
            expected_hundredths: vec![1_500],
            has_city: vec![true],
            modes: vec![0],
            skip: vec![None::<SkipReason>],
            ..UserColumns::default()
        };
        user.cities.push([CityNo(0)]);
        user.roles.push([RoleNo(0)]);
        user.dream.push([CompanyNo(0)]);
        user.blacklist.push([]);
        user.skills.push([SkillNo(1)]);
        user
    }

    fn with<T>(users: &UserColumns, look: impl FnOnce(Breakdown<'_>) -> T) -> T {
        let jobs = jobs();
        let weights = Weights {
            skills: 3_500,
            experience: 2_500,
            demand: 2_500,
            salary: 2_000,
            min_fit_score: 400_000,
            apply_score: 750_000,
            dream_bonus: 100_000,
        };
        let model = ScoringModel::pin(&jobs, weights, Vec::new(), "", WEEK, 0);
        let on_jobs = ModelOnJobs::new(&model, &jobs);
        let inputs = Inputs { jobs: &jobs, users, model: &on_jobs };
        look(Breakdown { explainer: Explainer { inputs, week: WEEK }, model: &model })
    }

    #[test]
    fn a_score_by_hand() {
        with(&user(), |breakdown| {
            let scored = breakdown.pair(UserNo(0), JobNo(0)).unwrap();
            // Every rarity is 1: 10 000 · 1 / (3 + 8); a year short; 20 · 1; three of 15 short.
            let bp = [
                scored.skills.weighed.bp,
                scored.experience.weighed.bp,
                scored.demand.weighed.bp,
                scored.salary.weighed.bp,
            ];
            assert_eq!(bp, [909, 7_500, 20, 6_000]);
            assert_eq!(scored.sum, 3_500 * 909 + 2_500 * 7_520 + 2_000 * 6_000);
            // 33 981 500 / 10 500 = 3 236.3
            assert_eq!((scored.base_bp, scored.raw_bp, scored.fit_score), (3_236, 4_236, 42));
            let listed: Vec<_> =
                scored.skills.listed.iter().map(|s| (s.name, s.weight, s.is_matched)).collect();
            assert_eq!(listed, [("sql", 2, false), ("go", 1, true)]);
            assert!(scored.experience.is_band_of_level && scored.salary.is_listed);
            assert_eq!(scored.salary.expected_lpa, Some(15.0));
            assert_eq!(scored.demand.num_jobs, 1);
            assert_eq!(scored.texts.unwrap().strengths, ["go"]);
        });
    }

    #[test]
    fn the_first_rule_that_stops_is_named_with_what_it_compared() {
        let stopped = |change: fn(&mut UserColumns)| {
            let mut users = user();
            change(&mut users);
            with(&users, |breakdown| {
                let stopped = breakdown.pair(UserNo(0), JobNo(0)).unwrap_err();
                serde_json::to_value(stopped).unwrap()
            })
        };
        assert_eq!(
            stopped(|users| users.blacklist = one_row([CompanyNo(0)])),
            serde_json::json!({ "rule": "blacklisted", "job": "acme" })
        );
        assert_eq!(
            stopped(|users| users.level = vec![Some(UserLevel::Entry)]),
            serde_json::json!({ "rule": "seniority", "job": "mid", "user": "entry",
                "suitable": ["not_specified", "intern", "junior"] })
        );
        assert_eq!(
            stopped(|users| users.modes = vec![WorkMode::Remote.bit()]),
            serde_json::json!({ "rule": "work_mode", "job": "onsite", "user": ["remote"] })
        );
        assert_eq!(
            stopped(|users| users.cities = one_row([])),
            serde_json::json!({ "rule": "place", "job": "pune", "user": [] })
        );
        assert_eq!(
            stopped(|users| users.roles = one_row([])),
            serde_json::json!({ "rule": "role_family", "job": "backend", "user": [] })
        );
    }
}
