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
