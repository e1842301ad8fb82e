//! What a run reads, said once for both sources.
//!
//! A [`Column`] has a kind; the database's binary rows and a Parquet file's columns both become
//! the Arrow type of that kind, so that the engine's door cannot tell them apart.

use talvix_dataset::{Column, Kind, Null};

/// A table, and the columns of it that a run reads.
#[derive(Clone, Copy, Debug)]
pub struct InputTable {
    /// Its name.
    pub name: &'static str,
    /// The columns.
    pub columns: &'static [Column],
    /// The column that says whose row it is: a run for one user reads that user's rows only.
    pub user_column: Option<&'static str>,
    /// Whether a dataset can do without it.
    pub optional: bool,
    /// Whether the version of each row is read along, as `row_version`.
    pub versioned: bool,
    /// Which rows are read from a database.
    pub filter: Option<&'static str>,
}

const fn required(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, null: Null::Refused }
}

const fn nullable(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, null: Null::Allowed }
}

const fn absent(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, null: Null::Absent }
}

const LPA: Kind = Kind::Numeric { precision: 6, scale: 2 };
const YEARS: Kind = Kind::Numeric { precision: 4, scale: 1 };
const WEIGHT: Kind = Kind::Numeric { precision: 8, scale: 4 };

const TABLE: InputTable = InputTable {
    name: "",
    columns: &[],
    user_column: None,
    optional: false,
    versioned: false,
    filter: None,
};

/// The scoreable jobs.
pub const JOBS: InputTable = InputTable {
    name: "jobs",
    columns: &[
        required("id", Kind::Uuid),
        required("company_canonical", Kind::Text),
        nullable("city_canonical", Kind::Text),
        nullable("work_mode", Kind::Text),
        nullable("seniority_level", Kind::Text),
        nullable("role_family", Kind::Text),
        nullable("salary_min_lpa", LPA),
        nullable("salary_max_lpa", LPA),
        absent("exp_min_years", YEARS),
        absent("exp_max_years", YEARS),
        nullable("posted_at", Kind::Timestamp),
        required("is_new", Kind::Bool),
        required("is_active", Kind::Bool),
        required("jd_cleaned", Kind::Bool),
    ],
    versioned: true,
    filter: Some("is_active and jd_cleaned and role_family is not null"),
    ..TABLE
};

/// Every job, with what says whether it can be scored.
pub const JOB_STATES: InputTable = InputTable {
    name: JOBS.name,
    columns: &[
        required("id", Kind::Uuid),
        nullable("role_family", Kind::Text),
        required("is_active", Kind::Bool),
        required("jd_cleaned", Kind::Bool),
    ],
    ..TABLE
};

/// The skills that jobs list.
pub const JOB_SKILLS: InputTable = InputTable {
    name: "job_skills",
    columns: &[
        required("job_id", Kind::Uuid),
        nullable("skill_name", Kind::Text),
        nullable("skill_type", Kind::Text),
    ],
    ..TABLE
};

/// The users, without names, addresses and tokens.
pub const USERS: InputTable = InputTable {
    name: "users",
    columns: &[
        required("id", Kind::Uuid),
        required("tier", Kind::Text),
        nullable("city_canonical", Kind::Text),
        nullable("cities_preferred", Kind::TextList),
        nullable("work_modes_preferred", Kind::TextList),
        nullable("expected_salary_lpa", LPA),
        nullable("experience_years", YEARS),
        required("fit_scores_stale", Kind::Bool),
        required("skill_gap_stale", Kind::Bool),
        required("career_intel_stale", Kind::Bool),
        required("dashboard_ready", Kind::Bool),
    ],
    user_column: Some("id"),
    versioned: true,
    ..TABLE
};

/// The id of the user who is selected, if there is such a one.
pub const USER_ID: InputTable =
    InputTable { columns: &[required("id", Kind::Uuid)], versioned: false, ..USERS };

/// The ids of all users, whoever is selected.
pub const USER_IDS: InputTable = InputTable { user_column: None, ..USER_ID };

/// What users look for.
pub const TARGET_ROLES: InputTable = InputTable {
    name: "user_target_roles",
    columns: &[
        required("id", Kind::Uuid),
        required("user_id", Kind::Uuid),
        required("role_family", Kind::Text),
        required("priority", Kind::Int32),
    ],
    user_column: Some("user_id"),
    ..TABLE
};

/// What users think of companies.
pub const COMPANY_PREFS: InputTable = InputTable {
    name: "user_company_prefs",
    columns: &[
        required("user_id", Kind::Uuid),
        required("company_canonical", Kind::Text),
        required("pref_type", Kind::Text),
    ],
    user_column: Some("user_id"),
    optional: true,
    ..TABLE
};

/// The primary resumes that are parsed.
pub const RESUMES: InputTable = InputTable {
    name: "resumes",
    columns: &[
        required("user_id", Kind::Uuid),
        required("parse_status", Kind::Text),
        required("is_primary", Kind::Bool),
    ],
    user_column: Some("user_id"),
    versioned: true,
    filter: Some("is_primary and parse_status = 'done'"),
    ..TABLE
};

/// Where users' last nights left them.
pub const CURSORS: InputTable = InputTable {
    name: "user_fit_score_cursors",
    columns: &[
        required("user_id", Kind::Uuid),
        nullable("last_scrape_run_id", Kind::Uuid),
        nullable("last_scored_at", Kind::Timestamp),
    ],
    user_column: Some("user_id"),
    optional: true,
    ..TABLE
};

/// The scrape runs.
pub const SCRAPE_RUNS: InputTable = InputTable {
    name: "scrape_runs",
    columns: &[
        required("id", Kind::Uuid),
        required("started_at", Kind::Timestamp),
        nullable("completed_at", Kind::Timestamp),
        required("scoring_complete", Kind::Bool),
    ],
    optional: true,
    ..TABLE
};

/// What is stored for users.
pub const SCORES: InputTable = InputTable {
    name: "job_fit_scores",
    columns: &[
        required("id", Kind::Uuid),
        required("user_id", Kind::Uuid),
        required("job_id", Kind::Uuid),
        required("fit_score", Kind::Int32),
        required("fit_label", Kind::Text),
        required("recommendation", Kind::Text),
        nullable("fit_reasons", Kind::TextList),
        nullable("missing_skills", Kind::TextList),
        nullable("strengths", Kind::TextList),
        required("is_full_score", Kind::Bool),
        required("week_number", Kind::Int32),
        required("year_number", Kind::Int32),
        required("created_at", Kind::Timestamp),
    ],
    user_column: Some("user_id"),
    optional: true,
    versioned: true,
    ..TABLE
};

/// Which rows are stored for users, in which version.
pub const SCORE_VERSIONS: InputTable = InputTable {
    columns: &[required("user_id", Kind::Uuid), required("id", Kind::Uuid)],
    ..SCORES
};

/// What is paid in markets.
pub const BENCHMARKS: InputTable = InputTable {
    name: "salary_benchmarks",
    columns: &[
        required("id", Kind::Uuid),
        required("role_category", Kind::Text),
        required("city", Kind::Text),
        required("exp_years_min", YEARS),
        required("exp_years_max", YEARS),
        required("p50_lpa", LPA),
        required("data_month", Kind::Date),
    ],
    optional: true,
    ..TABLE
};

/// The weights as the database knows them.
pub const MODEL_WEIGHTS: InputTable = InputTable {
    name: "model_weights",
    columns: &[
        required("weight_name", Kind::Text),
        required("weight_value", WEIGHT),
        required("min_value", WEIGHT),
        required("max_value", WEIGHT),
    ],
    optional: true,
    ..TABLE
};

impl InputTable {
    /// Every table that a run reads.
    pub const ALL: [InputTable; 11] = [
        JOB_SKILLS,
        SCORES,
        JOBS,
        USERS,
        TARGET_ROLES,
        RESUMES,
        CURSORS,
        COMPANY_PREFS,
        BENCHMARKS,
        SCRAPE_RUNS,
        MODEL_WEIGHTS,
    ];

    /// Parts of these tables, each with a number of columns of its own, that are read besides.
    pub const PARTS: [InputTable; 4] = [SCORE_VERSIONS, JOB_STATES, USER_ID, USER_IDS];
}
