//! A made-up night of any size: the same seed gives the same bytes on any machine.
//!
//! - [`Options`], [`Dirt`]: what to make
//! - [`generate`]: makes it
//! - `random`: draws by seed, stream and row
//! - `market`: families, cities, companies and skills
//! - `jobs`, `users`, `resumes`, `benchmarks`, `runs`: the rows
//! - `dirt`: what spoils them

mod benchmarks;
pub(crate) mod dirt;
pub(crate) mod jobs;
pub(crate) mod market;
pub(crate) mod random;
pub(crate) mod resumes;
mod runs;
pub(crate) mod users;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::tables::Tables;
use crate::weights::model_weights;
use jobs::JobMaker;
use users::UserMaker;

pub use resumes::ResumeFile;
pub use users::NewUser;

/// 2026-11-22T17:00:00Z, half past ten at night in India.
pub const DEFAULT_AS_OF_US: i64 = 1_795_366_800_000_000;

pub(crate) const HOUR_US: i64 = 3_600_000_000;
pub(crate) const DAY_US: i64 = 24 * HOUR_US;

/// How wrong the data may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dirt {
    /// Missing values only, and the few resumes that cannot be read.
    #[default]
    None,
    /// What PostgreSQL accepts under the constraints of the data model: `NaN`, negative and
    /// crossed numbers, odd spellings, empty texts, nulls among cities, odd resumes.
    Database,
    /// What a Parquet file may hold besides: unknown words in enums, `NUL`, six target roles, roles
    /// of white space.
    Anything,
}

/// What to make.
#[derive(Clone, Debug)]
pub struct Options {
    /// Rows of `jobs`; about 88 % of them can be scored.
    pub jobs: usize,
    /// Rows of `users`; about 97 % of them can be scored.
    pub users: usize,
    /// The same seed gives the same rows.
    pub seed: u64,
    /// Share of paying users, 0 to 1.
    pub paid_share: f64,
    /// Skills a job, on average.
    pub skills_per_job: usize,
    /// Instant of the first night, in microseconds since the Unix epoch.
    pub as_of_us: i64,
    /// How wrong the data may be.
    pub dirt: Dirt,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            jobs: 2000,
            users: 500,
            seed: 1,
            paid_share: 0.1,
            skills_per_job: 10,
            as_of_us: DEFAULT_AS_OF_US,
            dirt: Dirt::None,
        }
    }
}

/// A night before its first run: nothing scored yet, everybody stale, one scrape run waiting.
#[must_use]
pub fn generate(options: &Options) -> Tables {
    let maker = JobMaker::first(options);
    let made: Vec<_> = (0..options.jobs).into_par_iter().map(|i| maker.job(i)).collect();
    let mut tables = Tables {
        scrape_runs: runs::scrape_runs(options),
        salary_benchmarks: benchmarks::benchmarks(options),
        model_weights: model_weights(),
        agent_logs: runs::agent_logs(options),
        ..Tables::default()
    };
    for (job, skills) in made {
        tables.jobs.push(job);
        tables.job_skills.extend(skills);
    }

    let maker = UserMaker::first(options);
    let made: Vec<_> = (0..options.users).into_par_iter().map(|i| maker.user(i)).collect();
    for new in made {
        let id = new.user.id;
        tables.users.push(new.user);
        tables.user_target_roles.extend(new.roles);
        tables.user_company_prefs.extend(new.prefs);
        tables.resumes.extend(new.resumes);
        tables.parsed_resumes.extend(new.file.map(|file| (id, file.bytes())));
    }
    tables
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use sha2::{Digest, Sha256};

    use super::*;
    use crate::tables::{JobRow, Numeric, UserRow};

    #[test]
    fn the_same_seed_gives_the_same_tables() {
        for dirt in [Dirt::None, Dirt::Database, Dirt::Anything] {
            let options = Options { jobs: 300, users: 80, seed: 9, dirt, ..Options::default() };
            assert!(generate(&options) == generate(&options));
            assert!(generate(&Options { seed: 10, ..options.clone() }) != generate(&options));
        }
    }

    #[test]
    fn threads_change_nothing() {
        let options = Options { jobs: 300, users: 80, ..Options::default() };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(7).build().unwrap();
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert!(pool.install(|| generate(&options)) == one.install(|| generate(&options)));
    }

    /// Whoever changes what the generator makes changes it for every recorded result: on purpose.
    #[test]
    fn the_bytes_are_those_of_every_other_machine() {
        let options = Options { jobs: 100, users: 50, dirt: Dirt::Anything, ..Options::default() };
        let tables = generate(&options);
        let mut sha = Sha256::new();
        sha.update(format!("{:?}{:?}", tables.jobs, tables.job_skills));
        sha.update(format!("{:?}{:?}", tables.users, tables.user_target_roles));
        sha.update(format!("{:?}{:?}", tables.salary_benchmarks, tables.resumes));
        for file in tables.parsed_resumes.values() {
            sha.update(file);
        }
        assert_eq!(
            random::hex(&sha.finalize()),
            "4bc05d6ad25088c9e62d81104a0d04fdee76dc00806d62f1f7ec7566fd7cce40"
        );
    }

    fn share<T>(rows: &[T], test: impl Fn(&T) -> bool) -> f64 {
        rows.iter().filter(|row| test(row)).count() as f64 / rows.len() as f64
    }

    #[test]
    fn the_pool_has_the_skew_of_a_real_one() {
        let options = Options { jobs: 20_000, users: 10, ..Options::default() };
        let tables = generate(&options);
        let jobs = &tables.jobs;
        assert_eq!(jobs.len(), 20_000);
        let near = |name: &str, share: f64, wanted: f64| {
            assert!((share - wanted).abs() < 0.02, "{name}: {share}, not {wanted}");
        };
        let scoreable = |job: &JobRow| job.is_active && job.jd_cleaned && job.role_family.is_some();
        near("scoreable", share(jobs, scoreable), 0.88);
        let of =
            |family: &'static str| move |job: &JobRow| job.role_family.as_deref() == Some(family);
        near("first family", share(jobs, of("backend_engineer")), 0.25);
        near("last family", share(jobs, of("nurse")), 0.011);
        let in_city = |job: &JobRow| job.city_canonical.as_deref() == Some("bangalore");
        near("first city", share(jobs, in_city), 0.205);
        let remote = |job: &JobRow| job.work_mode.as_deref() == Some("remote");
        near("remote", share(jobs, remote), 0.15);
        near("no mode", share(jobs, |job| job.work_mode.is_none()), 0.43);
        let paid = |job: &JobRow| job.salary_min_lpa.or(job.salary_max_lpa).is_some();
        near("salary", share(jobs, paid), 0.30);
        near("no date", share(jobs, |job| job.posted_at.is_none()), 0.15);
        let skills = tables.job_skills.len() as f64 / share(jobs, |job| job.jd_cleaned) / 20_000.0;
        assert!((9.5..10.5).contains(&skills), "{skills} skills a job");
        let required = share(&tables.job_skills, |skill| skill.skill_type == "required");
        near("required", required, 0.60);
        let days: BTreeSet<i64> = jobs.iter().filter_map(|job| job.posted_at).collect();
        assert!(days.len() < 8_000, "postings of a day tie: {}", days.len());
    }

    #[test]
    fn what_is_clean_is_clean() {
        let tables = generate(&Options { jobs: 3000, users: 500, ..Options::default() });
        let positive =
            |value: Option<Numeric>| !matches!(value, Some(Numeric::NaN | Numeric::Units(..0)));
        assert!(tables.jobs.iter().all(|job| {
            [job.salary_min_lpa, job.salary_max_lpa, job.exp_min_years, job.exp_max_years]
                .into_iter()
                .all(positive)
        }));
        assert!(tables.users.iter().all(|user| positive(user.expected_salary_lpa)));
        let waiting = tables.scrape_runs.iter().filter(|run| !run.scoring_complete);
        assert_eq!(waiting.filter(|run| run.completed_at.is_some()).count(), 1);
        assert_eq!(tables.model_weights.len(), 23);
        assert!(tables.user_fit_score_cursors.is_empty() && tables.job_fit_scores.is_empty());
    }

    /// What the database's constraints refuse must not be in tables meant for a database.
    #[test]
    fn dirt_for_a_database_keeps_its_constraints() {
        let options =
            Options { jobs: 3000, users: 1500, dirt: Dirt::Database, ..Options::default() };
        let tables = generate(&options);
        let mut skills = BTreeSet::new();
        for row in &tables.job_skills {
            assert!(["required", "nice_to_have"].contains(&row.skill_type.as_str()));
            assert!(skills.insert((row.job_id, row.skill_name.to_lowercase())), "{row:?}");
            assert!(!row.skill_name.contains('\0'));
        }
        let mut roles = BTreeMap::new();
        for row in &tables.user_target_roles {
            assert!((1..=5).contains(&row.priority));
            *roles.entry(row.user_id).or_insert(0) += 1;
        }
        assert!(roles.values().all(|count| *count <= 5));
        let modes = ["remote", "hybrid", "onsite"];
        let known = |user: &UserRow| {
            user.work_modes_preferred.iter().flatten().all(|mode| modes.contains(&mode.as_str()))
                && user.work_modes_preferred.iter().all(Option::is_some)
        };
        assert!(tables.users.iter().all(known));
        let mut prefs = BTreeSet::new();
        for row in &tables.user_company_prefs {
            assert_eq!(row.company_canonical, row.company_canonical.to_lowercase());
            let key = (row.user_id, &row.company_canonical, &row.pref_type);
            assert!(prefs.insert(key), "{row:?}");
        }
        let odd = |job: &JobRow| job.salary_max_lpa == Some(Numeric::NaN);
        assert!(tables.jobs.iter().any(odd));
    }

    /// Pairs that pass the hard rules: what a night's time depends on.
    #[test]
    fn a_user_has_enough_candidates() {
        let options = Options { jobs: 20_000, users: 300, ..Options::default() };
        let tables = generate(&options);
        let mut pairs = 0;
        for user in &tables.users {
            let roles: BTreeSet<&str> = tables
                .user_target_roles
                .iter()
                .filter(|row| row.user_id == user.id)
                .map(|row| row.role_family.as_str())
                .collect();
            let tenths = match user.experience_years {
                Some(Numeric::Units(tenths)) => Some(tenths),
                _ => None,
            };
            let level = tenths.map(resumes::seniority);
            let cities: BTreeSet<&str> = user
                .city_canonical
                .iter()
                .chain(user.cities_preferred.iter().flatten())
                .map(String::as_str)
                .collect();
            let modes: Vec<&str> =
                user.work_modes_preferred.iter().flatten().map(String::as_str).collect();
            let passes = |job: &&JobRow| {
                let mode = job.work_mode.as_deref();
                let fits = match (job.seniority_level.as_deref(), level) {
                    (None | Some("not_specified"), _) | (_, None) => true,
                    (Some(job), Some("entry")) => ["intern", "junior"].contains(&job),
                    (Some(job), Some(level)) => job == level,
                };
                job.is_active
                    && job.role_family.as_deref().is_some_and(|family| roles.contains(family))
                    && fits
                    && (mode == Some("remote")
                        || cities.is_empty()
                        || job.city_canonical.as_deref().is_some_and(|city| cities.contains(city)))
                    && (modes.is_empty() || mode.is_none_or(|mode| modes.contains(&mode)))
            };
            pairs += tables.jobs.iter().filter(passes).count();
        }
        let of_ten = pairs / tables.users.len() * 10;
        assert!((4500..9000).contains(&of_ten), "{of_ten} pairs a user among 200,000 jobs");
    }
}
