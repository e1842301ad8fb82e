//! The rows of a night, as plain structs: what the generator and the importer make, what the
//! oracle reads, and what tests compare.
//!
//! A row holds what the database stores, dirt included: a `NaN` in a numeric, a level nobody
//! knows, an empty city. Times are microseconds since the Unix epoch, UTC.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A PostgreSQL `numeric(p, s)`: an integer in units of the column's scale, or `NaN`, which the
/// type accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Numeric {
    /// Hundredths of an LPA in `numeric(6,2)`, tenths of a year in `numeric(4,1)`,
    /// ten-thousandths in `numeric(8,4)`.
    Units(i64),
    /// Not a number.
    NaN,
}

/// A row of `jobs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobRow {
    /// Primary key.
    pub id: Uuid,
    /// SHA-256 of title, company, city and employment type, 64 lower-case hex digits.
    pub fingerprint: String,
    /// As posted.
    pub title: String,
    /// As posted.
    pub company: String,
    /// Lower case.
    pub company_canonical: String,
    /// Lower case where the cleaner knew the city.
    pub city_canonical: Option<String>,
    /// `remote`, `hybrid` or `onsite`.
    pub work_mode: Option<String>,
    /// `full_time`, `part_time`, `contract` or `internship`.
    pub employment_type: Option<String>,
    /// `intern`, `junior`, `mid`, `senior`, `lead` or `not_specified`.
    pub seniority_level: Option<String>,
    /// Null until cleaned.
    pub role_family: Option<String>,
    /// Lakh rupees a year, in hundredths.
    pub salary_min_lpa: Option<Numeric>,
    /// Lakh rupees a year, in hundredths.
    pub salary_max_lpa: Option<Numeric>,
    /// Years, in tenths.
    pub exp_min_years: Option<Numeric>,
    /// Years, in tenths.
    pub exp_max_years: Option<Numeric>,
    /// When the job board published it.
    pub posted_at: Option<i64>,
    /// When the scraper saw it last.
    pub last_seen_at: i64,
    /// False once stale.
    pub is_active: bool,
    /// True until a run has scored it.
    pub is_new: bool,
    /// True once the cleaner has been there.
    pub jd_cleaned: bool,
    /// When the scraper saw it first.
    pub created_at: i64,
}

/// A row of `job_skills`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobSkillRow {
    /// Primary key.
    pub id: Uuid,
    /// The job that lists it.
    pub job_id: Uuid,
    /// As the posting spells it.
    pub skill_name: String,
    /// `required` or `nice_to_have`.
    pub skill_type: String,
}

/// A row of `users`: the columns that a run reads, and those that a row cannot do without.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserRow {
    /// Primary key.
    pub id: Uuid,
    /// Unique; never read by a run.
    pub email: String,
    /// Never read by a run.
    pub full_name: String,
    /// `free` or `paid`.
    pub tier: String,
    /// The user's city.
    pub city_canonical: Option<String>,
    /// Further cities; a text array may hold nulls.
    pub cities_preferred: Vec<Option<String>>,
    /// `remote`, `hybrid`, `onsite`.
    pub work_modes_preferred: Vec<Option<String>>,
    /// Lakh rupees a year, in hundredths.
    pub expected_salary_lpa: Option<Numeric>,
    /// Years, in tenths.
    pub experience_years: Option<Numeric>,
    /// The user's data changed since the last full scan.
    pub fit_scores_stale: bool,
    /// The skill gap report is out of date.
    pub skill_gap_stale: bool,
    /// The career report is out of date.
    pub career_intel_stale: bool,
    /// The dashboard can be shown.
    pub dashboard_ready: bool,
    /// When the account was made.
    pub created_at: i64,
    /// When the row changed last.
    pub updated_at: i64,
}

/// A row of `user_target_roles`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetRoleRow {
    /// Primary key.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// A role family.
    pub role_family: String,
    /// What the user reads.
    pub display_name: String,
    /// 1 is first.
    pub priority: i32,
    /// When it was chosen.
    pub created_at: i64,
}

/// A row of `user_company_prefs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompanyPrefRow {
    /// Primary key.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// Lower case.
    pub company_canonical: String,
    /// `dream` or `blacklist`.
    pub pref_type: String,
    /// When it was chosen.
    pub created_at: i64,
}

/// A row of `resumes`; the parsed resume itself is in storage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResumeRow {
    /// Primary key.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// SHA-256 of the uploaded file, 64 lower-case hex digits.
    pub file_hash: String,
    /// `pending`, `processing`, `done` or `failed`.
    pub parse_status: String,
    /// At most one of a user's resumes.
    pub is_primary: bool,
    /// When it was uploaded.
    pub created_at: i64,
    /// When the row changed last.
    pub updated_at: i64,
}

/// A row of `scrape_runs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScrapeRunRow {
    /// Primary key.
    pub id: Uuid,
    /// Start of the scrape.
    pub started_at: i64,
    /// Null while it runs.
    pub completed_at: Option<i64>,
    /// A night has scored what it brought.
    pub scoring_complete: bool,
}

/// A row of `job_fit_scores`: what a night writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreRow {
    /// Primary key.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// Which job.
    pub job_id: Uuid,
    /// 40 to 100.
    pub fit_score: i32,
    /// `strong`, `good` or `fair`.
    pub fit_label: String,
    /// `apply`, `consider` or `skip`.
    pub recommendation: String,
    /// Null for free users.
    pub fit_reasons: Option<Vec<String>>,
    /// Null for free users.
    pub missing_skills: Option<Vec<String>>,
    /// Null for free users.
    pub strengths: Option<Vec<String>>,
    /// The user pays.
    pub is_full_score: bool,
    /// ISO week.
    pub week_number: i32,
    /// ISO week-year.
    pub year_number: i32,
    /// When the row may go.
    pub expires_at: i64,
    /// When it was written.
    pub created_at: i64,
}

/// A row of `user_fit_score_cursors`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CursorRow {
    /// Primary key.
    pub user_id: Uuid,
    /// The newest scrape run the user was scored with; null asks for a full scan.
    pub last_scrape_run_id: Option<Uuid>,
    /// The instant of that night.
    pub last_scored_at: Option<i64>,
    /// When the row changed last.
    pub updated_at: i64,
}

/// A row of `salary_benchmarks`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BenchmarkRow {
    /// Primary key.
    pub id: Uuid,
    /// A role family.
    pub role_category: String,
    /// A canonical city or `remote`.
    pub city: String,
    /// Years, in tenths.
    pub exp_years_min: Numeric,
    /// Years, in tenths.
    pub exp_years_max: Numeric,
    /// Lakh rupees a year, in hundredths.
    pub p50_lpa: Numeric,
    /// Days since 1970-01-01, the first of a month.
    pub data_month: i32,
}

/// A row of `model_weights`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightRow {
    /// Unique.
    pub weight_name: String,
    /// In ten-thousandths.
    pub weight_value: Numeric,
    /// In ten-thousandths.
    pub min_value: Numeric,
    /// In ten-thousandths.
    pub max_value: Numeric,
}

/// A row of `agent_logs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentLogRow {
    /// Primary key.
    pub id: Uuid,
    /// `fit_scorer` for a night.
    pub agent_name: String,
    /// `completed` for a night that ended.
    pub status: String,
    /// When the row was written.
    pub created_at: i64,
}

/// Everything a night reads and writes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tables {
    /// Table `jobs`.
    pub jobs: Vec<JobRow>,
    /// Table `job_skills`.
    pub job_skills: Vec<JobSkillRow>,
    /// Table `users`.
    pub users: Vec<UserRow>,
    /// Table `user_target_roles`.
    pub user_target_roles: Vec<TargetRoleRow>,
    /// Table `user_company_prefs`.
    pub user_company_prefs: Vec<CompanyPrefRow>,
    /// Table `resumes`.
    pub resumes: Vec<ResumeRow>,
    /// Table `scrape_runs`.
    pub scrape_runs: Vec<ScrapeRunRow>,
    /// Table `job_fit_scores`.
    pub job_fit_scores: Vec<ScoreRow>,
    /// Table `user_fit_score_cursors`.
    pub user_fit_score_cursors: Vec<CursorRow>,
    /// Table `salary_benchmarks`.
    pub salary_benchmarks: Vec<BenchmarkRow>,
    /// Table `model_weights`.
    pub model_weights: Vec<WeightRow>,
    /// Table `agent_logs`.
    pub agent_logs: Vec<AgentLogRow>,
    /// Storage `parsed-resumes/{user_id}.json.gz`: the file's bytes, gzip and all.
    pub parsed_resumes: BTreeMap<Uuid, Vec<u8>>,
}
