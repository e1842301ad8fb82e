//! The slow oracle: the rules of a night once more, in the order in which they are stated, to hold
//! the engine against. It shares no code with the engine, and none is to be moved here from there.
//!
//! - `text`: texts as they are compared
//! - `resume`: a parsed resume
//! - `rules`: the formulas
//! - `people`: who and what can be scored
//! - `explain`: the texts that paid users read
//! - `verdict`: each pair of a user, kept or not
//!
//! Left out of its domain, because the rules do not say what they mean: two aliases that fold to
//! one spelling and chains of aliases, a tier nobody knows, a weight that is missing or out of its
//! bounds, and JSON numbers of more than 15 digits or within half a tenth below zero.

mod explain;
mod people;
mod resume;
mod rules;
mod text;
mod verdict;

pub use self::verdict::Verdict;

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use self::people::{Job, Reader, User, scoreable_jobs};
use self::rules::{
    demand_bp, experience_bp, iso_week, points_to_bp, points_up, possible, rarity, salary_bp,
    skills_bp,
};
use self::text::{Aliases, stored, term};
use self::verdict::stopped_by;
use crate::tables::{BenchmarkRow, Numeric, Tables, WeightRow};

/// The weights that scoring reads, in ten-thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// `skills_match_weight`.
    pub skills: u64,
    /// `experience_weight`.
    pub experience: u64,
    /// `market_demand_weight`.
    pub demand: u64,
    /// `salary_align_weight`.
    pub salary: u64,
    /// `min_fit_score_threshold`, in ten-thousandths of a point.
    pub min_fit: i64,
    /// `apply_recommend_threshold`, in ten-thousandths of a point.
    pub apply: i64,
    /// `dream_company_score_bonus`, in ten-thousandths of a point.
    pub dream_bonus: i64,
}

impl Weights {
    /// The weights in the rows of `model_weights`.
    ///
    /// # Panics
    ///
    /// Where one is missing or not a number: a night does not start with such weights.
    #[must_use]
    pub fn from_rows(rows: &[WeightRow]) -> Self {
        let weight = |name| match rows.iter().find(|row| row.weight_name == name) {
            Some(WeightRow { weight_value: Numeric::Units(units), .. }) => *units,
            other => panic!("weight {name} is {other:?}"),
        };
        Self {
            skills: weight("skills_match_weight") as u64,
            experience: weight("experience_weight") as u64,
            demand: weight("market_demand_weight") as u64,
            salary: weight("salary_align_weight") as u64,
            min_fit: weight("min_fit_score_threshold"),
            apply: weight("apply_recommend_threshold"),
            dream_bonus: weight("dream_company_score_bonus"),
        }
    }
}

/// One kept pair: the values that a night stores for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Whose.
    pub user_id: Uuid,
    /// Which job.
    pub job_id: Uuid,
    /// Fit before rounding, bonus included, in basis points.
    pub raw_bp: u32,
    /// 40 to 100.
    pub fit_score: i32,
    /// `strong`, `good` or `fair`.
    pub fit_label: String,
    /// `apply`, `consider` or `skip`.
    pub recommendation: String,
    /// None for free users.
    pub fit_reasons: Option<Vec<String>>,
    /// None for free users.
    pub missing_skills: Option<Vec<String>>,
    /// None for free users.
    pub strengths: Option<Vec<String>>,
    /// The user pays.
    pub is_full_score: bool,
    /// ISO week.
    pub week_number: i32,
    /// ISO week-year.
    pub year_number: i32,
    /// Fourteen days after the run's instant, in microseconds.
    pub expires_at: i64,
}

/// What a full scan finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The kept pairs by user id, each user's best first.
    pub rows: Vec<Expected>,
    /// Why a user was not scored: `no_resume`, `resume_unreadable` or `no_target_role`.
    pub skipped: BTreeMap<Uuid, &'static str>,
    /// For each user that was scored, how many jobs passed the hard rules.
    pub prefiltered: BTreeMap<Uuid, u64>,
}

/// What is pinned for a week: counts, benchmarks and weights, from one state of the tables.
#[derive(Clone, Debug)]
pub struct Model {
    jobs: i64,
    jobs_with_skill: HashMap<String, i64>,
    jobs_in_market: HashMap<(String, String), i64>,
    benchmarks: HashMap<(String, String), Vec<Benchmark>>,
    weights: Weights,
}

/// A possible salary benchmark of a market. The derived order puts the one to use first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Benchmark {
    newest_first: std::cmp::Reverse<i32>,
    from_tenths: i64,
    below_tenths: i64,
    p50: i64,
}

/// A job with what the model says of it.
struct Offer<'a> {
    job: &'a Job,
    /// Skill, weight, required.
    skills: Vec<(&'a str, i64, bool)>,
    demand_bp: i64,
    /// Listed, else the benchmark's.
    salary: Option<i64>,
}

impl Model {
    /// The model of the scoreable jobs in `tables`.
    #[must_use]
    pub fn pin(tables: &Tables, aliases: &[(String, String)], weights: Weights) -> Self {
        let jobs = scoreable_jobs(tables, &Aliases::new(aliases));
        let mut jobs_with_skill = HashMap::new();
        let mut jobs_in_market = HashMap::new();
        for job in &jobs {
            for skill in job.skills.keys() {
                *jobs_with_skill.entry(skill.clone()).or_default() += 1;
            }
            *jobs_in_market.entry(job.market()).or_default() += 1;
        }
        let mut benchmarks: HashMap<_, Vec<_>> = HashMap::new();
        for row in &tables.salary_benchmarks {
            if let (Some(market), Some(benchmark)) = (market_of(row), Benchmark::of(row)) {
                benchmarks.entry(market).or_default().push(benchmark);
            }
        }
        Self { jobs: jobs.len() as i64, jobs_with_skill, jobs_in_market, benchmarks, weights }
    }

    /// Every scoreable user (or those of `only`) against every scoreable job in `tables`.
    #[must_use]
    pub fn full_scan(
        &self,
        tables: &Tables,
        aliases: &[(String, String)],
        as_of_us: i64,
        only: Option<&[Uuid]>,
    ) -> Outcome {
        let aliases = Aliases::new(aliases);
        let jobs = scoreable_jobs(tables, &aliases);
        let mut offers_of_family: HashMap<&str, Vec<Offer>> = HashMap::new();
        for job in &jobs {
            offers_of_family.entry(&job.family).or_default().push(self.offer(job));
        }
        let reader = Reader::new(tables, &aliases, &jobs);

        let mut outcome = Outcome::default();
        let mut rows: Vec<_> = tables.users.iter().collect();
        rows.sort_by_key(|row| row.id);
        for row in rows {
            if only.is_some_and(|only| !only.contains(&row.id)) {
                continue;
            }
            let user = match reader.user(row) {
                Ok(user) => user,
                Err(reason) => {
                    outcome.skipped.insert(row.id, reason);
                    continue;
                }
            };
            let candidates: Vec<_> = (user.roles.iter())
                .filter_map(|role| offers_of_family.get(role.as_str()))
                .flatten()
                .filter(|offer| stopped_by(&user, offer.job).is_none())
                .collect();
            outcome.prefiltered.insert(user.id, candidates.len() as u64);

            let mut scored: Vec<_> = (candidates.into_iter())
                .map(|offer| (self.raw_bp(&user, offer), offer))
                .filter(|&(raw_bp, _)| fit_score(raw_bp) >= points_up(self.weights.min_fit).max(40))
                .collect();
            scored.sort_by_key(|(raw_bp, Offer { job, .. })| {
                use std::cmp::Reverse;
                // Some is above None, so nulls come last.
                (Reverse(*raw_bp), Reverse(job.posted_at), job.id)
            });
            scored.truncate(if user.pays { 25 } else { 3 });
            outcome.rows.extend(
                scored.iter().map(|&(raw_bp, offer)| self.expected(&user, offer, raw_bp, as_of_us)),
            );
        }
        outcome
    }

    fn offer<'a>(&self, job: &'a Job) -> Offer<'a> {
        let weight = |skill: &str, required| {
            let df = self.jobs_with_skill.get(skill).copied().unwrap_or(0);
            rarity(self.jobs, df) * if required { 2 } else { 1 }
        };
        let skills = (job.skills.iter())
            .map(|(skill, &required)| (skill.as_str(), weight(skill, required), required))
            .collect();
        let market = job.market();
        let benchmark = || {
            let (lo, _) = job.band?;
            let rows = self.benchmarks.get(&market)?.iter();
            let row = rows.filter(|row| (row.from_tenths..row.below_tenths).contains(&lo)).min()?;
            Some(row.p50)
        };
        Offer {
            job,
            skills,
            demand_bp: demand_bp(self.jobs_in_market.get(&market).copied().unwrap_or(0)),
            salary: job.listed_salary.or_else(benchmark),
        }
    }

    fn raw_bp(&self, user: &User, offer: &Offer) -> i64 {
        let all = offer.skills.iter().map(|(_, weight, _)| weight).sum();
        let has = (offer.skills.iter())
            .filter(|(skill, _, _)| user.skills.contains(*skill))
            .map(|(_, weight, _)| weight)
            .sum();
        let parts = [
            (self.weights.skills as i64, skills_bp(has, all)),
            (self.weights.experience as i64, experience_bp(user.experience, offer.job.band)),
            (self.weights.demand as i64, offer.demand_bp),
            (self.weights.salary as i64, salary_bp(offer.salary, user.expected_salary)),
        ];
        let sum: i64 = parts.iter().map(|(weight, bp)| weight * bp).sum();
        let base = sum / parts.iter().map(|(weight, _)| weight).sum::<i64>();
        let dream = user.dreams.contains(&offer.job.company);
        base + if dream { points_to_bp(self.weights.dream_bonus) } else { 0 }
    }

    fn expected(&self, user: &User, offer: &Offer, raw_bp: i64, as_of_us: i64) -> Expected {
        let fit_score = fit_score(raw_bp);
        let apply = points_up(self.weights.apply);
        let (year_number, week_number) = iso_week(as_of_us);
        Expected {
            user_id: user.id,
            job_id: offer.job.id,
            raw_bp: raw_bp as u32,
            fit_score: fit_score as i32,
            fit_label: match fit_score {
                75.. => "strong",
                60.. => "good",
                _ => "fair",
            }
            .to_owned(),
            recommendation: if fit_score >= apply {
                "apply"
            } else if fit_score >= apply - 20 {
                "consider"
            } else {
                "skip"
            }
            .to_owned(),
            fit_reasons: user.pays.then(|| explain::fit_reasons(user, offer)),
            missing_skills: user.pays.then(|| explain::missing_skills(user, offer)),
            strengths: user.pays.then(|| explain::strengths(user, offer)),
            is_full_score: user.pays,
            week_number,
            year_number,
            expires_at: as_of_us + 14 * 86_400 * 1_000_000,
        }
    }
}

impl Benchmark {
    fn of(row: &BenchmarkRow) -> Option<Self> {
        Some(Self {
            newest_first: std::cmp::Reverse(row.data_month),
            from_tenths: possible(Some(row.exp_years_min))?,
            below_tenths: possible(Some(row.exp_years_max))?,
            p50: possible(Some(row.p50_lpa))?,
        })
    }
}

fn market_of(row: &BenchmarkRow) -> Option<(String, String)> {
    Some((stored(&row.role_category), term(Some(&row.city))?))
}

fn fit_score(raw_bp: i64) -> i64 {
    ((raw_bp + 50) / 100).min(100)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::tables::{CompanyPrefRow, JobRow, JobSkillRow, ResumeRow, TargetRoleRow, UserRow};

    /// Sunday, 22 November 2026, 12:00 UTC: ISO week 47.
    const AS_OF_US: i64 = 1_795_348_800_000_000;
    const WEIGHTS: Weights = Weights {
        skills: 3_500,
        experience: 2_500,
        demand: 2_500,
        salary: 2_000,
        min_fit: 400_000,
        apply: 750_000,
        dream_bonus: 100_000,
    };

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn add_job(
        tables: &mut Tables,
        n: u128,
        skills: &[(&str, &str)],
        edit: impl FnOnce(&mut JobRow),
    ) {
        let mut job = JobRow {
            id: id(n),
            fingerprint: format!("{n:064x}"),
            title: String::new(),
            company: String::new(),
            company_canonical: "acme".to_owned(),
            city_canonical: Some("pune".into()),
            work_mode: None,
            employment_type: None,
            seniority_level: None,
            role_family: Some("backend".into()),
            salary_min_lpa: None,
            salary_max_lpa: None,
            exp_min_years: None,
            exp_max_years: None,
            posted_at: None,
            last_seen_at: 0,
            is_active: true,
            is_new: true,
            jd_cleaned: true,
            created_at: 0,
        };
        edit(&mut job);
        tables.jobs.push(job);
        for (i, (name, kind)) in skills.iter().enumerate() {
            tables.job_skills.push(JobSkillRow {
                id: id(n * 1_000 + i as u128),
                job_id: id(n),
                skill_name: (*name).to_owned(),
                skill_type: (*kind).to_owned(),
            });
        }
    }

    fn add_user(
        tables: &mut Tables,
        n: u128,
        tier: &str,
        resume: &str,
        edit: impl FnOnce(&mut UserRow),
    ) {
        let mut user = UserRow {
            id: id(n),
            email: String::new(),
            full_name: String::new(),
            tier: tier.to_owned(),
            city_canonical: None,
            cities_preferred: Vec::new(),
            work_modes_preferred: Vec::new(),
            expected_salary_lpa: None,
            experience_years: None,
            fit_scores_stale: true,
            skill_gap_stale: true,
            career_intel_stale: true,
            dashboard_ready: false,
            created_at: 0,
            updated_at: 0,
        };
        edit(&mut user);
        tables.users.push(user);
        tables.resumes.push(ResumeRow {
            id: id(n),
            user_id: id(n),
            file_hash: String::new(),
            parse_status: "done".to_owned(),
            is_primary: true,
            created_at: 0,
            updated_at: 0,
        });
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(resume.as_bytes()).unwrap();
        tables.parsed_resumes.insert(id(n), gzip.finish().unwrap());
        add_role(tables, n, 1, "backend");
    }

    fn add_role(tables: &mut Tables, user: u128, priority: i32, family: &str) {
        tables.user_target_roles.push(TargetRoleRow {
            id: id(tables.user_target_roles.len() as u128),
            user_id: id(user),
            role_family: family.to_owned(),
            display_name: String::new(),
            priority,
            created_at: 0,
        });
    }

    fn add_pref(tables: &mut Tables, user: u128, company: &str, kind: &str) {
        tables.user_company_prefs.push(CompanyPrefRow {
            id: id(tables.user_company_prefs.len() as u128),
            user_id: id(user),
            company_canonical: company.to_owned(),
            pref_type: kind.to_owned(),
            created_at: 0,
        });
    }

    fn scan(tables: &Tables) -> Outcome {
        let aliases = [("Golang".to_owned(), "Go".to_owned())];
        let model = Model::pin(tables, &aliases, WEIGHTS);
        model.full_scan(tables, &aliases, AS_OF_US, None)
    }

    fn jobs_of(outcome: &Outcome) -> Vec<u128> {
        outcome.rows.iter().map(|row| row.job_id.as_u128()).collect()
    }

    #[test]
    fn one_pair_by_hand() {
        let mut tables = Tables::default();
        let skills = [
            ("GoLang", "required"),
            ("go", "nice_to_have"),
            ("SQL", "required"),
            ("Rust", "required"),
            ("C++", "nice_to_have"),
        ];
        add_job(&mut tables, 7, &skills, |job| {
            job.exp_min_years = Some(Numeric::Units(30));
            job.exp_max_years = Some(Numeric::Units(60));
            job.salary_min_lpa = Some(Numeric::Units(1_200));
            job.salary_max_lpa = Some(Numeric::Units(1_855));
            job.city_canonical = Some(" Pune".into());
        });
        let resume =
            r#"{"skills": ["GO"], "raw_text": "Go, c++/SQL-Rusty", "experience_years": 4.45}"#;
        add_user(&mut tables, 1, "student", resume, |user| {
            user.cities_preferred = vec![None, Some("PUNE ".into())];
            user.expected_salary_lpa = Some(Numeric::Units(1_500));
        });
        add_pref(&mut tables, 1, "acme", "dream");

        // Every df is 1, so r = 1. T = 2 (go) + 2 (sql) + 2 (rust) + 1 (c++) = 7; M = 2 + 2 + 1 = 5.
        // skills 10 000·5 / 15 = 3333; experience 10 000; demand 20·1 = 20; salary 10 000.
        // base = (3500·3333 + 2500·10 000 + 2500·20 + 2000·10 000) / 10 500
        //      = (11 665 500 + 25 000 000 + 50 000 + 20 000 000) / 10 500 = 5401.47
        // raw = 5401 + 1000 = 6401; fit = (6401 + 50) / 100 = 64
        let expected = Expected {
            user_id: id(1),
            job_id: id(7),
            raw_bp: 6_401,
            fit_score: 64,
            fit_label: "good".to_owned(),
            recommendation: "consider".to_owned(),
            fit_reasons: Some(
                [
                    "Covers 2 of 3 required skills",
                    "4.5 years of experience fits the 3–6 year band",
                    "Offers ₹18.55 LPA against ₹15 LPA expected",
                    "In pune",
                    "Dream company",
                ]
                .map(str::to_owned)
                .to_vec(),
            ),
            missing_skills: Some(vec!["rust".to_owned()]),
            strengths: Some(["go", "sql", "c++"].map(str::to_owned).to_vec()),
            is_full_score: true,
            week_number: 47,
            year_number: 2026,
            expires_at: AS_OF_US + 1_209_600_000_000,
        };
        let outcome = scan(&tables);
        assert_eq!(outcome.rows, [expected]);
        assert_eq!(outcome.prefiltered, BTreeMap::from([(id(1), 1)]));
        assert!(outcome.skipped.is_empty());
    }

    #[test]
    fn what_is_unknown_counts_half() {
        let mut tables = Tables::default();
        add_job(&mut tables, 7, &[], |job| {
            job.exp_min_years = Some(Numeric::Units(60));
            job.exp_max_years = Some(Numeric::Units(30));
            job.salary_min_lpa = Some(Numeric::Units(0));
            job.salary_max_lpa = Some(Numeric::NaN);
            job.seniority_level = Some("wizard".into());
            job.work_mode = Some("REMOTE".into());
        });
        add_user(&mut tables, 1, "paid", "{}", |user| {
            user.experience_years = Some(Numeric::Units(-10));
            user.expected_salary_lpa = Some(Numeric::Units(0));
        });
        // 5000 but for demand, 20: (8000·5000 + 2500·20) / 10 500 = 40 050 000 / 10 500 = 3814.3,
        // which is 38 points and not kept; the dream company lifts it to 48.
        assert_eq!(scan(&tables).rows, []);
        add_pref(&mut tables, 1, "acme", "dream");
        let outcome = scan(&tables);
        assert_eq!(outcome.rows[0].raw_bp, 4_814);
        assert_eq!(outcome.rows[0].fit_score, 48);
        assert_eq!(outcome.rows[0].fit_label, "fair");
        assert_eq!(outcome.rows[0].recommendation, "skip");
        let reasons = outcome.rows[0].fit_reasons.as_ref().unwrap();
        assert_eq!(reasons, &["Remote", "Dream company"]);
        assert_eq!(outcome.rows[0].missing_skills, Some(Vec::new()));
        assert_eq!(outcome.rows[0].strengths, Some(Vec::new()));
        // Blacklisted and dreamt of is blacklisted.
        add_pref(&mut tables, 1, "acme", "blacklist");
        assert_eq!(scan(&tables).rows, []);
        assert_eq!(scan(&tables).prefiltered[&id(1)], 0);
    }

    #[test]
    fn the_best_three_by_raw_then_newest_then_id() {
        let mut tables = Tables::default();
        for (n, posted_at) in [(9, Some(5)), (8, None), (4, Some(5)), (3, None), (2, Some(6))] {
            add_job(&mut tables, n, &[], |job| {
                job.posted_at = posted_at;
                job.seniority_level = Some("mid".into());
            });
        }
        let experienced = r#"{"experience_years": 4}"#;
        add_user(&mut tables, 1, "free", experienced, |_| {});
        add_user(&mut tables, 0, "paid", experienced, |_| {});
        let outcome = scan(&tables);
        assert_eq!(jobs_of(&outcome), [2, 4, 9, 3, 8, 2, 4, 9]);
        let free = &outcome.rows[5];
        assert!(!free.is_full_score);
        assert_eq!(
            (&free.fit_reasons, &free.missing_skills, &free.strengths),
            (&None, &None, &None)
        );
        let reasons = outcome.rows[0].fit_reasons.as_ref().unwrap();
        assert_eq!(reasons, &["4 years of experience fits the 3–6 year band"]);
    }

    #[test]
    fn place_and_work_mode() {
        let mut tables = Tables::default();
        let places = [
            (1, None, None),
            (2, Some("delhi"), None),
            (3, Some("pune"), Some("onsite")),
            (4, Some("delhi"), Some("remote")),
            (5, Some(" PUNE "), Some("anywhere")),
            (6, Some(""), Some("hybrid")),
        ];
        for (n, city, mode) in places {
            add_job(&mut tables, n, &[], |job| {
                job.city_canonical = city.map(str::to_owned);
                job.work_mode = mode.map(str::to_owned);
                job.seniority_level = Some("mid".into());
            });
        }
        let candidates = |city: &str, modes: &[&str]| {
            let mut tables = tables.clone();
            add_user(&mut tables, 1, "paid", r#"{"experience_years": 4}"#, |user| {
                user.city_canonical = Some(city.into());
                user.work_modes_preferred = modes.iter().map(|&mode| Some(mode.into())).collect();
            });
            let mut jobs = jobs_of(&scan(&tables));
            jobs.sort_unstable();
            jobs
        };
        assert_eq!(candidates(" ", &[]), [1, 2, 3, 4, 5, 6]);
        assert_eq!(candidates("Pune", &[]), [3, 4, 5]);
        assert_eq!(candidates("Pune", &["on site"]), [3, 4, 5]);
        assert_eq!(candidates("Pune", &["Onsite ", "on site"]), [3, 5]);
        assert_eq!(candidates("", &["remote"]), [1, 2, 4, 5]);
    }

    #[test]
    fn benchmarks_stand_in_for_a_salary() {
        let mut tables = Tables::default();
        add_job(&mut tables, 7, &[], |job| job.seniority_level = Some("mid".into()));
        add_user(&mut tables, 1, "paid", r#"{"experience_years": 4}"#, |user| {
            user.expected_salary_lpa = Some(Numeric::Units(1_000));
        });
        let raw = |benchmarks: &[(&str, i64, i64, i64, i32)]| {
            let mut tables = tables.clone();
            tables.salary_benchmarks = (benchmarks.iter())
                .map(|&(city, from, below, p50, data_month)| BenchmarkRow {
                    id: id(0),
                    role_category: "backend".to_owned(),
                    city: city.to_owned(),
                    exp_years_min: Numeric::Units(from),
                    exp_years_max: Numeric::Units(below),
                    p50_lpa: Numeric::Units(p50),
                    data_month,
                })
                .collect();
            let row = &scan(&tables).rows[0];
            assert_eq!(row.fit_reasons.as_ref().unwrap().len(), 1, "a benchmark is not an offer");
            row.raw_bp
        };
        // 3500·5000 + 2500·10 000 + 2500·20 = 42 550 000, and 2000 of the salary.
        let unknown = 5_004; // 52 550 000 / 10 500
        let met = 5_957; // 62 550 000 / 10 500
        let missed = 4_052; // 42 550 000 / 10 500
        assert_eq!(raw(&[]), unknown);
        assert_eq!(raw(&[(" Pune", 30, 60, 1_000, 1)]), met); // the mid band begins at 30
        assert_eq!(raw(&[("pune", 0, 30, 1_000, 1)]), unknown);
        assert_eq!(raw(&[("remote", 30, 60, 1_000, 1)]), unknown);
        assert_eq!(raw(&[("pune", 30, 60, 500, 1), ("pune", 0, 60, 1_000, 2)]), met);
        assert_eq!(raw(&[("pune", 30, 60, 1_000, 1), ("pune", 0, 60, 500, 1)]), missed);
        assert_eq!(raw(&[("pune", 0, 60, 500, 1), ("pune", 0, 50, 1_000, 1)]), met);
        assert_eq!(raw(&[("pune", 0, 60, -1, 2), ("pune", 0, 60, 1_000, 1)]), met);
    }

    #[test]
    fn the_model_is_that_of_the_pinned_tables() {
        let mut tables = Tables::default();
        add_job(&mut tables, 7, &[], |job| job.seniority_level = Some("mid".into()));
        add_user(&mut tables, 1, "free", r#"{"experience_years": 4}"#, |_| {});
        let model = Model::pin(&tables, &[], WEIGHTS);
        for n in 100..600 {
            add_job(&mut tables, n, &[], |job| job.seniority_level = Some("lead".into()));
        }
        let pinned = model.full_scan(&tables, &[], AS_OF_US, None);
        assert_eq!(pinned.rows[0].raw_bp, 5_004); // one job in the market, as above
        let now = Model::pin(&tables, &[], WEIGHTS).full_scan(&tables, &[], AS_OF_US, None);
        assert_eq!(now.rows[0].raw_bp, 7_380); // (52 500 000 + 2500·10 000) / 10 500 = 7380.95
    }

    #[test]
    fn why_users_are_skipped() {
        let mut tables = Tables::default();
        for n in 1..=6 {
            add_user(&mut tables, n, "free", "{}", |_| {});
        }
        tables.resumes[1].parse_status = "failed".to_owned();
        tables.resumes[2].is_primary = false;
        tables.parsed_resumes.remove(&id(4));
        tables.parsed_resumes.insert(id(5), b"{}".to_vec());
        tables.user_target_roles.retain(|row| row.user_id != id(6) && row.user_id != id(3));
        add_role(&mut tables, 6, 1, " \0");
        let outcome = scan(&tables);
        let skipped = BTreeMap::from([
            (id(2), "no_resume"),
            (id(3), "no_resume"),
            (id(4), "resume_unreadable"),
            (id(5), "resume_unreadable"),
            (id(6), "no_target_role"),
        ]);
        assert_eq!(outcome.skipped, skipped);
        assert_eq!(outcome.prefiltered, BTreeMap::from([(id(1), 0)]));

        let model = Model::pin(&tables, &[], WEIGHTS);
        let only = model.full_scan(&tables, &[], AS_OF_US, Some(&[id(2)]));
        assert_eq!(only.skipped.len() + only.prefiltered.len(), 1);
    }

    #[test]
    fn the_first_five_roles_count() {
        let mut tables = Tables::default();
        add_user(&mut tables, 1, "paid", r#"{"experience_years": 4}"#, |_| {});
        for (priority, family) in [(5, "e"), (2, "\0 "), (2, "a"), (2, "b"), (4, "d"), (3, "c")] {
            add_role(&mut tables, 1, priority, family);
        }
        for (n, family) in [(2, "a"), (3, "b"), (4, "c"), (5, "d"), (6, "e"), (7, " a")] {
            add_job(&mut tables, n, &[], |job| {
                job.role_family = Some(family.into());
                job.seniority_level = Some("mid".into());
            });
        }
        assert_eq!(jobs_of(&scan(&tables)), [2, 3, 4, 5]);
    }

    #[test]
    fn heaviest_skills_come_first_and_lists_end() {
        let mut tables = Tables::default();
        let names: Vec<_> = (10..22).map(|n| format!("skill {n}")).collect();
        let mut skills: Vec<_> = names.iter().map(|name| (name.as_str(), "required")).collect();
        skills.extend([
            ("a nice one", "nice_to_have"),
            ("éclair", "required"),
            ("zoo", "required"),
        ]);
        add_job(&mut tables, 7, &skills, |job| job.seniority_level = Some("mid".into()));
        // Forty jobs, five of them with `zoo`: r = log2(40 / 5) = 3.
        for n in 100..139 {
            let skills: &[_] = if n < 104 { &[("zoo", "required")] } else { &[] };
            add_job(&mut tables, n, skills, |job| job.role_family = Some("other".into()));
        }
        let missing = |resume: &str| {
            let mut tables = tables.clone();
            add_user(&mut tables, 1, "paid", resume, |user| {
                user.experience_years = Some(Numeric::Units(40));
            });
            // Without the bonus, lacking every skill is not kept.
            add_pref(&mut tables, 1, "acme", "dream");
            scan(&tables).rows.remove(0)
        };
        let lacks_all = missing("{}").missing_skills.unwrap();
        let first: Vec<_> =
            ["zoo"].into_iter().chain(names[..9].iter().map(String::as_str)).collect();
        assert_eq!(lacks_all, first);
        let skills = r#"{"skills": ["A nice one", "Zoo", "E\u0301clair", "skill 10", "skill 21", "skill 20"]}"#;
        let has_some = missing(skills);
        assert_eq!(
            has_some.strengths.unwrap(),
            ["zoo", "skill 10", "skill 20", "skill 21", "éclair"]
        );
        assert_eq!(has_some.missing_skills.unwrap(), names[1..10]);
    }

    #[test]
    fn weights_are_read_by_name() {
        let rows = crate::weights::model_weights();
        assert_eq!(Weights::from_rows(&rows), WEIGHTS);
    }
}
