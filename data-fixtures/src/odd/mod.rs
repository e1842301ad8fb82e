//! Small nights, dense with odd values: what a careless scraper, an old migration or a hostile
//! upload leaves behind, and few enough families, cities and skills that they collide.
//!
//! They keep primary keys and foreign keys, but no other constraint of the database: they are
//! what Parquet files may hold.

mod resume;
mod values;

use std::collections::BTreeSet;

use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

use self::values::{
    ALIASES, BLANK_ROLES, CITIES, COMPANIES, FAMILIES, LEVELS, LPA, MODES, ROLES, SKILLS, TENTHS,
};
use crate::tables::{
    BenchmarkRow, CompanyPrefRow, JobRow, JobSkillRow, Numeric, ResumeRow, ScrapeRunRow, Tables,
    TargetRoleRow, UserRow,
};
use crate::weights::model_weights;

/// 22 November 2026, 12:00 UTC.
const NOW_US: i64 = 1_795_348_800_000_000;

/// A night and an alias table. The same seed gives the same; seeds that 25 divides give a night
/// with so many jobs that skills get rare and markets full.
///
/// The alias table has no alias twice and no chains, weights are there and within their bounds,
/// and tiers are known: a night does not start otherwise.
#[must_use]
pub fn odd_tables(seed: u64) -> (Tables, Vec<(String, String)>) {
    let mut odd = Odd { rng: ChaCha8Rng::seed_from_u64(seed), tables: Tables::default() };
    let aliases = (ALIASES.iter())
        .filter(|_| odd.rng.random_bool(0.8))
        .map(|&(alias, canonical)| (alias.to_owned(), canonical.to_owned()))
        .collect();
    odd.weights();
    for _ in 0..odd.rng.random_range(0..20) {
        odd.benchmark();
    }
    for _ in 0..odd.rng.random_range(20..80) {
        odd.jobs();
    }
    if seed.is_multiple_of(25) {
        odd.crowd();
    }
    for _ in 0..odd.rng.random_range(10..24) {
        odd.user();
    }
    let run = ScrapeRunRow {
        id: odd.id(),
        started_at: NOW_US - 7_200_000_000,
        completed_at: Some(NOW_US - 3_600_000_000),
        scoring_complete: false,
    };
    odd.tables.scrape_runs.push(run);
    let Odd { mut rng, mut tables } = odd;
    tables.jobs.shuffle(&mut rng);
    tables.job_skills.shuffle(&mut rng);
    tables.user_target_roles.shuffle(&mut rng);
    tables.salary_benchmarks.shuffle(&mut rng);
    (tables, aliases)
}

struct Odd {
    rng: ChaCha8Rng,
    tables: Tables,
}

impl Odd {
    fn id(&mut self) -> Uuid {
        Uuid::from_u128(self.rng.random())
    }

    fn pick(&mut self, from: &[&str]) -> String {
        (*from.choose(&mut self.rng).unwrap_or(&"")).to_owned()
    }

    fn maybe(&mut self, from: &[&str]) -> Option<String> {
        self.rng.random_bool(0.6).then(|| self.pick(from))
    }

    fn number(&mut self, from: &[i64]) -> Numeric {
        match from.choose(&mut self.rng) {
            Some(&units) if self.rng.random_bool(0.95) => Numeric::Units(units),
            _ => Numeric::NaN,
        }
    }

    fn maybe_number(&mut self, from: &[i64], probability: f64) -> Option<Numeric> {
        self.rng.random_bool(probability).then(|| self.number(from))
    }

    /// Within the bounds, mostly off the beaten values.
    fn weights(&mut self) {
        self.tables.model_weights = model_weights();
        for row in &mut self.tables.model_weights {
            if let (Numeric::Units(min), Numeric::Units(max)) = (row.min_value, row.max_value)
                && self.rng.random_bool(0.5)
            {
                row.weight_value = Numeric::Units(self.rng.random_range(min..=max));
            }
        }
    }

    fn benchmark(&mut self) {
        let row = BenchmarkRow {
            id: self.id(),
            role_category: self.pick(&["backend", "backend", "backend", "data", "Backend", "qa\0"]),
            city: self.pick(&["pune", "Pune ", "pune", "remote", "-", "", "navi mumbai"]),
            exp_years_min: self.number(&[0, 0, 0, 10, 30, -10]),
            exp_years_max: self.number(&[30, 60, 101, 400, 0]),
            p50_lpa: self.number(&LPA),
            data_month: *[20_393, 20_393, 20_423, -31].choose(&mut self.rng).unwrap_or(&0),
        };
        if self.rng.random_bool(0.4) {
            let p50_lpa = self.number(&LPA);
            self.tables.salary_benchmarks.push(BenchmarkRow { p50_lpa, ..row.clone() });
        }
        self.tables.salary_benchmarks.push(row);
    }

    /// A job, and often more of the same that differ in little, so that pairs tie.
    fn jobs(&mut self) {
        let posted_at = [None, Some(NOW_US), Some(NOW_US), Some(NOW_US - 1), Some(0), Some(-1)];
        let job = JobRow {
            id: self.id(),
            fingerprint: String::new(),
            title: self.pick(&["Engineer", "", "Ingénieur\0"]),
            company: "Acme".to_owned(),
            company_canonical: self.pick(&COMPANIES),
            city_canonical: self.maybe(&CITIES),
            work_mode: self.maybe(&MODES),
            employment_type: None,
            seniority_level: self.maybe(&LEVELS),
            role_family: (!self.rng.random_bool(0.07)).then(|| self.pick(&FAMILIES)),
            salary_min_lpa: self.maybe_number(&LPA, 0.4),
            salary_max_lpa: self.maybe_number(&LPA, 0.4),
            exp_min_years: self.maybe_number(&TENTHS, 0.4),
            exp_max_years: self.maybe_number(&TENTHS, 0.4),
            posted_at: *posted_at.choose(&mut self.rng).unwrap_or(&None),
            last_seen_at: NOW_US,
            is_active: !self.rng.random_bool(0.07),
            is_new: self.rng.random_bool(0.5),
            jd_cleaned: !self.rng.random_bool(0.07),
            created_at: NOW_US,
        };
        let skills: Vec<_> = (0..*[0, 1, 3, 8, 20, 40].choose(&mut self.rng).unwrap_or(&0))
            .map(|_| (self.pick(&SKILLS), self.skill_type()))
            .collect();
        let copies = if self.rng.random_bool(0.3) { self.rng.random_range(2..6) } else { 1 };
        for _ in 0..copies {
            let mut job = JobRow { id: self.id(), ..job.clone() };
            if self.rng.random_bool(0.3) {
                job.posted_at = *posted_at.choose(&mut self.rng).unwrap_or(&None);
            }
            self.add_job(job, &skills);
        }
    }

    fn skill_type(&mut self) -> String {
        self.pick(&["required", "required", "required", "nice_to_have", "nice_to_have", "liked"])
    }

    fn add_job(&mut self, mut job: JobRow, skills: &[(String, String)]) {
        job.fingerprint = format!("{:064x}", job.id.as_u128());
        for (skill_name, skill_type) in skills {
            self.tables.job_skills.push(JobSkillRow {
                id: Uuid::from_u128(self.rng.random()),
                job_id: job.id,
                skill_name: skill_name.clone(),
                skill_type: skill_type.clone(),
            });
        }
        self.tables.jobs.push(job);
    }

    /// Plain jobs that fill a market beyond its cap and make the skills of the others rare.
    fn crowd(&mut self) {
        let Some(plain) = self.tables.jobs.first().cloned() else { return };
        for n in 0..2_700 {
            let job = JobRow {
                id: self.id(),
                role_family: Some(if n < 800 { "backend" } else { "ops" }.to_owned()),
                city_canonical: Some("pune".to_owned()),
                work_mode: None,
                seniority_level: Some("mid".to_owned()),
                is_active: true,
                jd_cleaned: true,
                ..plain.clone()
            };
            let rare = [("rare", 5), ("less rare", 10), ("common", 300), ("C++", 40)];
            let skills: Vec<_> = (rare.iter())
                .filter(|(_, jobs)| n < *jobs)
                .map(|(skill, _)| ((*skill).to_owned(), self.skill_type()))
                .collect();
            self.add_job(job, &skills);
        }
    }

    fn user(&mut self) {
        let id = self.id();
        let num_cities = *[0, 0, 1, 3].choose(&mut self.rng).unwrap_or(&0);
        let num_modes = *[0, 0, 1, 2].choose(&mut self.rng).unwrap_or(&0);
        let user = UserRow {
            id,
            email: format!("{id}@example.invalid"),
            full_name: "User".to_owned(),
            tier: self.pick(&["free", "free", "paid", "student", "professional"]),
            city_canonical: self.rng.random_bool(0.4).then(|| self.pick(&CITIES)),
            cities_preferred: (0..num_cities).map(|_| self.maybe(&CITIES)).collect(),
            work_modes_preferred: (0..num_modes).map(|_| self.maybe(&MODES)).collect(),
            expected_salary_lpa: self.maybe_number(&LPA, 0.7),
            experience_years: self.maybe_number(&TENTHS, 0.5),
            fit_scores_stale: self.rng.random_bool(0.5),
            skill_gap_stale: self.rng.random_bool(0.5),
            career_intel_stale: self.rng.random_bool(0.5),
            dashboard_ready: self.rng.random_bool(0.5),
            created_at: NOW_US,
            updated_at: NOW_US,
        };
        self.tables.users.push(user);
        self.roles(id);
        for _ in 0..self.rng.random_range(0..4) {
            let pref = CompanyPrefRow {
                id: self.id(),
                user_id: id,
                company_canonical: self.pick(&COMPANIES),
                pref_type: self.pick(&["dream", "dream", "dream", "blacklist", "liked"]),
                created_at: NOW_US,
            };
            self.tables.user_company_prefs.push(pref);
        }
        for is_primary in [false, true] {
            if self.rng.random_bool(if is_primary { 0.95 } else { 0.2 }) {
                let resume = ResumeRow {
                    id: self.id(),
                    user_id: id,
                    file_hash: format!("{:064x}", self.id().as_u128()),
                    parse_status: if self.rng.random_bool(0.95) { "done" } else { "failed" }
                        .to_owned(),
                    is_primary,
                    created_at: NOW_US,
                    updated_at: NOW_US,
                };
                self.tables.resumes.push(resume);
            }
        }
        if let Some(file) = self.resume_file(id) {
            self.tables.parsed_resumes.insert(id, file);
        }
    }

    /// None, a few, or more than the five that count, with some blank ones.
    fn roles(&mut self, user_id: Uuid) {
        let num_roles = *[0, 1, 2, 2, 3, 3, 3, 6, 8].choose(&mut self.rng).unwrap_or(&0);
        let mut families: BTreeSet<_> = (0..num_roles).map(|_| self.pick(&ROLES)).collect();
        if num_roles > 0 && self.rng.random_bool(0.8) {
            families.insert("backend".to_owned());
        }
        if num_roles == 8 {
            families.extend(ROLES.map(str::to_owned));
        }
        if self.rng.random_bool(0.3) {
            families.insert(self.pick(&BLANK_ROLES));
        }
        for role_family in families {
            let role = TargetRoleRow {
                id: self.id(),
                user_id,
                role_family,
                display_name: "Role".to_owned(),
                priority: self.rng.random_range(1..=5),
                created_at: NOW_US,
            };
            self.tables.user_target_roles.push(role);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_night() {
        assert_eq!(odd_tables(3), odd_tables(3));
        assert_ne!(odd_tables(3), odd_tables(4));
    }

    #[test]
    fn odd_nights_have_something_to_score() {
        use crate::oracle::{Model, Weights};

        let mut kept = 0;
        let mut reasons = BTreeSet::new();
        let mut free_users_cut = 0;
        for seed in 1..=40 {
            let (tables, aliases) = odd_tables(seed);
            let weights = Weights::from_rows(&tables.model_weights);
            let model = Model::pin(&tables, &aliases, weights);
            let outcome = model.full_scan(&tables, &aliases, NOW_US, None);
            kept += outcome.rows.len();
            reasons.extend(outcome.skipped.values().copied());
            free_users_cut += outcome.prefiltered.values().filter(|&&jobs| jobs > 25).count();
        }
        assert!(kept > 1_000, "{kept} pairs in 40 nights");
        assert!(free_users_cut > 20, "{free_users_cut} users with more than 25 candidates");
        assert_eq!(reasons.len(), 3);
    }
}
