//! The four sets of a night, said once: what is written, what is read back, what the docs tell.
//!
//! Columns are only ever added, at the end and nullable; [`SCHEMA_VERSION`] rises when one is.

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::sync::Arc;

/// The version of the sets' columns.
pub const SCHEMA_VERSION: u32 = 1;

/// What a column holds, in types that every reader shows as they are meant: no unsigned integers,
/// no UUIDs, no dictionaries or views in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An id as 36 characters: Spark refuses the UUID type, Polars shows raw bytes.
    Id,
    /// Text of which there are few values: dictionary-encoded in the file.
    Word,
    /// Any text.
    Text,
    /// 32 bits, signed.
    Int32,
    /// 64 bits, signed.
    Int64,
    /// A double.
    Double,
    /// True or false.
    Bool,
    /// Microseconds, UTC.
    Time,
    /// A list of words; no element is null.
    Words,
}

impl Kind {
    /// The type in Arrow, and so in the file.
    #[must_use]
    pub fn data_type(self) -> DataType {
        match self {
            Kind::Id | Kind::Word | Kind::Text => DataType::Utf8,
            Kind::Int32 => DataType::Int32,
            Kind::Int64 => DataType::Int64,
            Kind::Double => DataType::Float64,
            Kind::Bool => DataType::Boolean,
            Kind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Kind::Words => DataType::List(Arc::new(Field::new("element", DataType::Utf8, false))),
        }
    }
}

/// A column of a set.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Name, with the unit where it has one.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it can be null, and the meaning says when.
    pub nullable: bool,
    /// What it means, in a line of Markdown.
    pub meaning: &'static str,
}

/// A set: one folder of files, partitioned by night and run.
#[derive(Clone, Copy, Debug)]
pub struct Set {
    /// The folder's name.
    pub name: &'static str,
    /// What a row is.
    pub row: &'static str,
    /// The columns that rows are sorted by.
    pub sorted_by: &'static [&'static str],
    /// The column with a bloom filter: one that is looked up by, and not sorted by.
    pub bloom: Option<&'static str>,
    /// The columns.
    pub columns: &'static [Column],
}

impl Set {
    /// The columns as Arrow has them.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        let field =
            |column: &Column| Field::new(column.name, column.kind.data_type(), column.nullable);
        Arc::new(Schema::new(self.columns.iter().map(field).collect::<Vec<_>>()))
    }
}

/// All sets, in the order in which they are published: a run that is in [`RUNS`] is complete.
pub const ALL: [&Set; 4] = [&JOB_FIT_SCORES, &SCORED_USERS, &SCORED_JOBS, &RUNS];

/// The pairs that are kept.
pub const JOB_FIT_SCORES: Set = Set {
    name: "job_fit_scores",
    row: "a pair that the run kept for a user whom it scored",
    sorted_by: &["user_id", "rank"],
    bloom: Some("job_id"),
    columns: &[
        required("user_id", Kind::Id, "`users.id`"),
        required("rank", Kind::Int32, "place among the user's pairs, 1 is the best"),
        required("job_id", Kind::Id, "`jobs.id`"),
        required("fit_score", Kind::Int32, "points, 40 to 100"),
        required(
            "raw_bp",
            Kind::Int32,
            "the score before rounding, in basis points, dream bonus included: may exceed 10,000",
        ),
        required("skills_bp", Kind::Int32, "component skills, basis points"),
        required("experience_bp", Kind::Int32, "component experience, basis points"),
        required("demand_bp", Kind::Int32, "component market demand, basis points"),
        required("salary_bp", Kind::Int32, "component salary, basis points"),
        required("dream_bonus_bp", Kind::Int32, "added for a dream company, basis points, else 0"),
        required("fit_label", Kind::Word, "`strong`, `good` or `fair`"),
        required("recommendation", Kind::Word, "`apply`, `consider` or `skip`"),
        required("is_full_score", Kind::Bool, "the user pays, and reads the three lists"),
        optional("fit_reasons", Kind::Words, "sentences; null for free users"),
        optional(
            "missing_skills",
            Kind::Words,
            "required skills that the user lacks, heaviest first, at most 10; null for free users",
        ),
        optional(
            "strengths",
            Kind::Words,
            "the job's skills that the user has, heaviest first, at most 5; null for free users",
        ),
    ],
};

/// The users whom the run scored or had to skip.
pub const SCORED_USERS: Set = Set {
    name: "scored_users",
    row: "a user whom the run scored, or could not score; users left alone, for whom nothing is \
          new, have no row",
    sorted_by: &["user_id"],
    bloom: None,
    columns: &[
        required("user_id", Kind::Id, "`users.id`"),
        required("tier", Kind::Word, "`free` or `paid`"),
        optional("mode", Kind::Word, "`full` or `delta`; null for who was not scored"),
        optional("mode_reason", Kind::Word, "why in full; null for others"),
        optional(
            "skipped_reason",
            Kind::Word,
            "why not scored, or why the result was not stored; null for who was scored",
        ),
        required("role_families", Kind::Words, "target roles that tonight's jobs have"),
        required("cities", Kind::Words, "cities that tonight's jobs have"),
        optional("seniority_level", Kind::Word, "from the resume, else by experience"),
        optional("experience_years", Kind::Double, "years, to a tenth"),
        optional(
            "skills",
            Kind::Int32,
            "how many of the skills of tonight's jobs the resume lists or says; null for who was \
             not scored",
        ),
        optional(
            "candidates",
            Kind::Int64,
            "pairs that passed the prefilter: in delta of new and stored jobs only; null for who \
             was not scored",
        ),
        optional(
            "scored_pairs",
            Kind::Int64,
            "how many of them had to be scored exactly; null for who was not scored",
        ),
        required("kept", Kind::Int32, "rows of the user in `job_fit_scores`"),
        optional("best_score", Kind::Int32, "points of the best kept pair; null where none is"),
        optional("last_score", Kind::Int32, "points of the last kept pair; null where none is"),
        optional("best_raw_bp", Kind::Int32, "the same in basis points"),
        optional("last_raw_bp", Kind::Int32, "the same in basis points"),
        optional(
            "milliseconds",
            Kind::Double,
            "time to score the user on one thread; null for who was not scored",
        ),
    ],
};

/// The jobs that users were scored with.
pub const SCORED_JOBS: Set = Set {
    name: "scored_jobs",
    row: "a job that could be scored",
    sorted_by: &["job_id"],
    bloom: None,
    columns: &[
        required("job_id", Kind::Id, "`jobs.id`"),
        required("role_family", Kind::Word, "role family"),
        required("market_city", Kind::Word, "city of the job's market: `remote`, its city or `-`"),
        optional("city", Kind::Word, "the job's own city"),
        optional("work_mode", Kind::Word, "`remote`, `hybrid` or `onsite`"),
        optional("seniority_level", Kind::Word, "`intern` to `lead`; null: open to everyone"),
        required("company", Kind::Word, "`jobs.company_canonical`"),
        required("is_new", Kind::Bool, "no night had scored it yet"),
        optional("experience_min_years", Kind::Double, "the band asked for, named or by level"),
        optional("experience_max_years", Kind::Double, "its other end"),
        optional("listed_salary_lpa", Kind::Double, "lakh rupees a year, upper end first"),
        optional("offer_lpa", Kind::Double, "listed, else by benchmark; lakh rupees a year"),
        required("market_jobs", Kind::Int32, "tonight's jobs in its market"),
        required("demand_bp", Kind::Int32, "component market demand, basis points"),
        required("required_skills", Kind::Words, "canonical names"),
        required("nice_to_have_skills", Kind::Words, "canonical names"),
        required("times_kept", Kind::Int32, "rows of the job in `job_fit_scores`"),
        optional("best_score", Kind::Int32, "points of its best kept pair; null where none is"),
    ],
};

/// The run.
pub const RUNS: Set = Set {
    name: "runs",
    row: "the run; published last: a run that is here is complete",
    sorted_by: &[],
    bloom: None,
    columns: &[
        required("as_of", Kind::Time, "the run's instant"),
        required("started_at", Kind::Time, "when it began, by the machine's clock"),
        required("staged_at", Kind::Time, "when everything but its finish was done"),
        required("year_number", Kind::Int32, "ISO week-year in India"),
        required("week_number", Kind::Int32, "ISO week in India"),
        required("model_id", Kind::Text, "the pinned scoring model"),
        required("talvix_version", Kind::Word, "who wrote it"),
        required("schema_version", Kind::Int32, "version of these columns"),
        required("jobs_scoreable", Kind::Int64, "rows of `scored_jobs`"),
        required("jobs_new", Kind::Int64, "of them new"),
        required("users_scored", Kind::Int64, "rows of `scored_users` with a mode"),
        required("users_full", Kind::Int64, "of them with every job"),
        required("users_delta", Kind::Int64, "of them with the new jobs only"),
        required("users_skipped", Kind::Int64, "could not be scored"),
        required("users_left_alone", Kind::Int64, "nothing new for them: no row"),
        required("users_left_out", Kind::Int64, "needed a full scan under `--mode delta`"),
        required("users_without_match", Kind::Int64, "scored, and nothing was kept"),
        required("pairs_prefiltered", Kind::Int64, "pairs that passed the prefilter"),
        required("pairs_scored", Kind::Int64, "of them scored exactly"),
        required("rows_kept", Kind::Int64, "rows of `job_fit_scores`"),
        required("rows_inserted", Kind::Int64, "of them new in the database"),
        required("rows_updated", Kind::Int64, "of them changed"),
        required("rows_unchanged", Kind::Int64, "of them left as they were"),
        required("rows_deleted", Kind::Int64, "rows that went from the database"),
        required("seconds_load", Kind::Double, "seconds; phases overlap, see the report"),
        required("seconds_score", Kind::Double, "seconds"),
        required("seconds_write", Kind::Double, "seconds"),
        required("seconds_total", Kind::Double, "seconds until it was staged"),
        required("peak_rss_bytes", Kind::Int64, "the most memory that it held"),
        required("report", Kind::Text, "the report of the run as JSON"),
    ],
};

const fn required(name: &'static str, kind: Kind, meaning: &'static str) -> Column {
    Column { name, kind, nullable: false, meaning }
}

const fn optional(name: &'static str, kind: Kind, meaning: &'static str) -> Column {
    Column { name, kind, nullable: true, meaning }
}
