//! A night made of real postings and resumes.
//!
//! The folder holds `jobs.parquet` and `resumes.parquet`; nothing of them is part of this
//! repository. What they do not say is decided here, the same way every time:
//!
//! - role family and level come from the title, by the ordered rules of `data/roles.toml`; a posting
//!   without a family stays uncleaned, hence unscored
//! - the first six tenths of a posting's skills are required, the rest nice to have
//! - a resume becomes a user, every fifth a paying one, after the roles of its category
//! - a city that a resume leaves out is drawn as often as postings name it, and six users in ten
//!   expect a salary around what their experience usually brings
//! - a date of posting is midnight in India
//!
//! Modules, in the order of the data:
//!
//! - `source`: the two files, column by column
//! - `rules`, `roles`: from titles and categories to families and levels
//! - `companies`: names without their legal form
//! - `draw`: ids and chances out of hashes
//! - `jobs`, `benchmarks`, `people`: the rows

mod benchmarks;
mod companies;
mod draw;
mod jobs;
mod people;
mod roles;
mod rules;
mod source;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use arrow::error::ArrowError;
use parquet::errors::ParquetError;
use serde::de::DeserializeOwned;

use crate::tables::{ScrapeRunRow, Tables};
use crate::weights::model_weights;
use companies::LegalForms;
use roles::Roles;

const HOUR_US: i64 = 3_600_000_000;
const DAY_US: i64 = 24 * HOUR_US;
/// India keeps five and a half hours ahead of UTC all year.
const INDIA_AHEAD_US: i64 = 5 * HOUR_US + HOUR_US / 2;
/// The scrape began this long before the night and took an hour.
const SCRAPE_BEFORE_US: i64 = 6 * HOUR_US;

/// What to make of the files.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Instant of the night, in microseconds since the Unix epoch.
    pub as_of_us: i64,
    /// Other cities and salaries for other seeds; postings stay the same.
    pub seed: u64,
    /// Only the first jobs of the file.
    pub max_jobs: Option<usize>,
}

/// Why the files could not be imported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file is missing or cannot be read; the cause names its path.
    #[error(
        "cannot open a file of the real data; give the folder of jobs.parquet and resumes.parquet"
    )]
    Open(#[source] std::io::Error),
    /// A file is no Parquet, or damaged.
    #[error("{path}: not readable as Parquet")]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the reader met.
        source: ParquetError,
    },
    /// A batch of rows is damaged.
    #[error("{path}: row {row} or later cannot be decoded")]
    Rows {
        /// The file.
        path: PathBuf,
        /// The first row of the batch, from 0.
        row: usize,
        /// What the reader met.
        source: ArrowError,
    },
    /// A column is missing.
    #[error("{path}: column {column} is missing")]
    Missing {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
    },
    /// A column has another type than its name promises.
    #[error("{path}: column {column}: expected {expected}, found {found}")]
    Type {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
        /// What would do.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// A value that every row needs is null.
    #[error("{path}: column {column}, row {row}: expected a value, found null")]
    Null {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
        /// From 0.
        row: usize,
    },
    /// Two rows have one id.
    #[error("{path}: row {row}: source_id \"{id}\" stands in an earlier row too")]
    Duplicate {
        /// The file.
        path: PathBuf,
        /// From 0.
        row: usize,
        /// The id.
        id: String,
    },
    /// The rules that ship with this crate contradict themselves.
    #[error("data/{file}: {reason}")]
    Rules {
        /// The file, of this crate's `data` folder.
        file: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The night lies outside the years that a calendar knows.
    #[error(
        "{as_of_us} microseconds since 1970 is no instant that a calendar knows; give one near today"
    )]
    AsOf {
        /// What was asked for.
        as_of_us: i64,
    },
}

/// Reads the files of `folder` and makes a night of them: the jobs still new, nobody scored yet.
///
/// Postings that share a fingerprint are one job, as they would be for the scraper: the first of the
/// file stays. A posting with an empty title is left out.
pub fn import(folder: &Path, options: &Options) -> Result<Tables, Error> {
    let roles = Roles::built_in()?;
    let legal_forms = LegalForms::built_in()?;
    let data_month = benchmarks::data_month(options.as_of_us)?;

    let postings = source::postings(&folder.join("jobs.parquet"))?;
    let resumes = source::resumes(&folder.join("resumes.parquet"))?;

    let (jobs, job_skills) = jobs::make(&postings, &roles, &legal_forms, options);
    let people = people::make(&resumes, &roles, &jobs, options);
    Ok(Tables {
        salary_benchmarks: benchmarks::make(&jobs, data_month),
        jobs,
        job_skills,
        users: people.users,
        user_target_roles: people.target_roles,
        resumes: people.resumes,
        parsed_resumes: people.parsed,
        scrape_runs: vec![ScrapeRunRow {
            id: draw::uuid("scrape_run", &options.as_of_us.to_string()),
            started_at: options.as_of_us - SCRAPE_BEFORE_US,
            completed_at: Some(options.as_of_us - SCRAPE_BEFORE_US + HOUR_US),
            scoring_complete: false,
        }],
        model_weights: model_weights(),
        ..Tables::default()
    })
}

/// A few lines on what an import made: how much of it can be scored, and the jobs and users of each
/// role family, the largest first.
#[must_use]
pub fn summary(tables: &Tables) -> String {
    let mut families: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut scoreable = 0;
    for family in tables.jobs.iter().filter_map(|job| job.role_family.as_deref()) {
        families.entry(family).or_default().0 += 1;
        scoreable += 1;
    }
    let mut users_with_role = std::collections::HashSet::new();
    for role in &tables.user_target_roles {
        families.entry(&role.role_family).or_default().1 += 1;
        users_with_role.insert(role.user_id);
    }
    let mut families: Vec<_> = families.into_iter().collect();
    // Stable: families of one size stay in the order of their names.
    families.sort_by_key(|&(_, (jobs, _))| std::cmp::Reverse(jobs));

    let mut text = format!(
        "{} jobs, {scoreable} with a role family ({}); {} skills listed; {} salary benchmarks\n\
         {} users, {} with a target role ({})\n\n{:<28} {:>7} {:>7}\n",
        tables.jobs.len(),
        percent(scoreable, tables.jobs.len()),
        tables.job_skills.len(),
        tables.salary_benchmarks.len(),
        tables.users.len(),
        users_with_role.len(),
        percent(users_with_role.len(), tables.users.len()),
        "role family",
        "jobs",
        "users",
    );
    for (family, (jobs, users)) in families {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{family:<28} {jobs:>7} {users:>7}");
    }
    text
}

fn percent(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "none".to_owned();
    }
    format!("{:.1} %", 100.0 * part as f64 / whole as f64)
}

/// A rules file of this crate.
fn rules_file<T: DeserializeOwned>(file: &'static str, text: &str) -> Result<T, Error> {
    toml::from_str(text).map_err(|error| Error::Rules { file, reason: error.to_string() })
}

/// Text that the database can store: without `NUL`, and without white space around it. Empty is none.
fn storable(text: &str) -> Option<String> {
    let text = text.replace('\0', "");
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
