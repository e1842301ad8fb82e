//! The columns of each row, once for every place where rows are stored.
//!
//! A store implements [`Put`] and [`Take`]; [`Record`] hands it a row's values in the order of
//! [`Record::COLUMNS`].

use talvix_dataset::{Column, Kind, Null};
use uuid::Uuid;

use crate::tables::{
    AgentLogRow, BenchmarkRow, CompanyPrefRow, CursorRow, JobRow, JobSkillRow, Numeric, ResumeRow,
    ScoreRow, ScrapeRunRow, Tables, TargetRoleRow, UserRow, WeightRow,
};

/// Takes a row's values in order; none is null.
pub(crate) trait Put {
    type Error;

    fn uuid(&mut self, value: Option<Uuid>) -> Result<(), Self::Error>;
    fn text(&mut self, value: Option<&str>) -> Result<(), Self::Error>;
    fn list<'a>(
        &mut self,
        value: Option<impl ExactSizeIterator<Item = Option<&'a str>>>,
    ) -> Result<(), Self::Error>;
    fn bool(&mut self, value: Option<bool>) -> Result<(), Self::Error>;
    fn int(&mut self, value: Option<i32>) -> Result<(), Self::Error>;
    fn date(&mut self, value: Option<i32>) -> Result<(), Self::Error>;
    fn time(&mut self, value: Option<i64>) -> Result<(), Self::Error>;
    fn numeric(&mut self, value: Option<Numeric>, scale: u8) -> Result<(), Self::Error>;
}

/// Gives a row's values in order; none is null.
pub(crate) trait Take {
    type Error;

    fn uuid(&mut self) -> Result<Option<Uuid>, Self::Error>;
    fn text(&mut self) -> Result<Option<String>, Self::Error>;
    fn list(&mut self) -> Result<Option<Vec<Option<String>>>, Self::Error>;
    fn bool(&mut self) -> Result<Option<bool>, Self::Error>;
    fn int(&mut self) -> Result<Option<i32>, Self::Error>;
    fn date(&mut self) -> Result<Option<i32>, Self::Error>;
    fn time(&mut self) -> Result<Option<i64>, Self::Error>;
    fn numeric(&mut self, scale: u8) -> Result<Option<Numeric>, Self::Error>;
    /// The error for a null where none may be.
    fn null(&self, column: &'static str) -> Self::Error;
}

/// A table's row.
pub(crate) trait Record: Sized + 'static {
    const TABLE: &'static str;
    const COLUMNS: &'static [Column];
    const NAMES: &'static [&'static str];

    fn put<S: Put>(&self, to: &mut S) -> Result<(), S::Error>;
    fn take<S: Take>(from: &mut S) -> Result<Self, S::Error>;
}

/// A value that a column of some kind holds.
trait Value: Sized {
    fn put<S: Put>(value: Option<&Self>, kind: Kind, to: &mut S) -> Result<(), S::Error>;
    fn take<S: Take>(kind: Kind, from: &mut S) -> Result<Option<Self>, S::Error>;
}

/// A field: a value, or an option of one.
trait Cell: Sized {
    const NULL: Null;

    fn put<S: Put>(&self, kind: Kind, to: &mut S) -> Result<(), S::Error>;
    fn take<S: Take>(name: &'static str, kind: Kind, from: &mut S) -> Result<Self, S::Error>;
}

impl<T: Value> Cell for T {
    const NULL: Null = Null::Refused;

    fn put<S: Put>(&self, kind: Kind, to: &mut S) -> Result<(), S::Error> {
        Value::put(Some(self), kind, to)
    }

    fn take<S: Take>(name: &'static str, kind: Kind, from: &mut S) -> Result<Self, S::Error> {
        match Value::take(kind, from)? {
            Some(value) => Ok(value),
            None => Err(from.null(name)),
        }
    }
}

impl<T: Value> Cell for Option<T> {
    const NULL: Null = Null::Absent;

    fn put<S: Put>(&self, kind: Kind, to: &mut S) -> Result<(), S::Error> {
        Value::put(self.as_ref(), kind, to)
    }

    fn take<S: Take>(_: &'static str, kind: Kind, from: &mut S) -> Result<Self, S::Error> {
        Value::take(kind, from)
    }
}

/// The arrays of `users`: nobody distinguishes a null one from an empty one.
impl Cell for Vec<Option<String>> {
    const NULL: Null = Null::Absent;

    fn put<S: Put>(&self, _: Kind, to: &mut S) -> Result<(), S::Error> {
        to.list(Some(self.iter().map(Option::as_deref)))
    }

    fn take<S: Take>(_: &'static str, _: Kind, from: &mut S) -> Result<Self, S::Error> {
        from.list().map(Option::unwrap_or_default)
    }
}

impl Value for Vec<String> {
    fn put<S: Put>(value: Option<&Self>, _: Kind, to: &mut S) -> Result<(), S::Error> {
        to.list(value.map(|texts| texts.iter().map(|text| Some(text.as_str()))))
    }

    fn take<S: Take>(_: Kind, from: &mut S) -> Result<Option<Self>, S::Error> {
        Ok(from.list()?.map(|texts| texts.into_iter().flatten().collect()))
    }
}

impl Value for Uuid {
    fn put<S: Put>(value: Option<&Self>, _: Kind, to: &mut S) -> Result<(), S::Error> {
        to.uuid(value.copied())
    }

    fn take<S: Take>(_: Kind, from: &mut S) -> Result<Option<Self>, S::Error> {
        from.uuid()
    }
}

impl Value for String {
    fn put<S: Put>(value: Option<&Self>, _: Kind, to: &mut S) -> Result<(), S::Error> {
        to.text(value.map(String::as_str))
    }

    fn take<S: Take>(_: Kind, from: &mut S) -> Result<Option<Self>, S::Error> {
        from.text()
    }
}

impl Value for bool {
    fn put<S: Put>(value: Option<&Self>, _: Kind, to: &mut S) -> Result<(), S::Error> {
        to.bool(value.copied())
    }

    fn take<S: Take>(_: Kind, from: &mut S) -> Result<Option<Self>, S::Error> {
        from.bool()
    }
}

impl Value for i32 {
    fn put<S: Put>(value: Option<&Self>, kind: Kind, to: &mut S) -> Result<(), S::Error> {
        match kind {
            Kind::Date => to.date(value.copied()),
            _ => to.int(value.copied()),
        }
    }

    fn take<S: Take>(kind: Kind, from: &mut S) -> Result<Option<Self>, S::Error> {
        match kind {
            Kind::Date => from.date(),
            _ => from.int(),
        }
    }
}

impl Value for i64 {
    fn put<S: Put>(value: Option<&Self>, _: Kind, to: &mut S) -> Result<(), S::Error> {
        to.time(value.copied())
    }

    fn take<S: Take>(_: Kind, from: &mut S) -> Result<Option<Self>, S::Error> {
        from.time()
    }
}

impl Value for Numeric {
    fn put<S: Put>(value: Option<&Self>, kind: Kind, to: &mut S) -> Result<(), S::Error> {
        to.numeric(value.copied(), scale(kind))
    }

    fn take<S: Take>(kind: Kind, from: &mut S) -> Result<Option<Self>, S::Error> {
        from.numeric(scale(kind))
    }
}

fn scale(kind: Kind) -> u8 {
    match kind {
        Kind::Numeric { scale, .. } => scale,
        _ => 0,
    }
}

/// Whether a field may be null, from its type.
const fn null_of<R, C: Cell>(_: fn(&R) -> &C) -> Null {
    C::NULL
}

const YEARS: Kind = Kind::Numeric { precision: 4, scale: 1 };
const LPA: Kind = Kind::Numeric { precision: 6, scale: 2 };
const WEIGHT: Kind = Kind::Numeric { precision: 8, scale: 4 };

macro_rules! records {
    ($($row:ident = $table:ident { $($field:ident: $kind:expr),* $(,)? })*) => {
        $(impl Record for $row {
            const TABLE: &'static str = stringify!($table);
            const COLUMNS: &'static [Column] = &[$(Column {
                name: stringify!($field),
                kind: $kind,
                null: null_of(|row: &$row| &row.$field),
            }),*];
            const NAMES: &'static [&'static str] = &[$(stringify!($field)),*];

            fn put<S: Put>(&self, to: &mut S) -> Result<(), S::Error> {
                $(Cell::put(&self.$field, $kind, to)?;)*
                Ok(())
            }

            fn take<S: Take>(from: &mut S) -> Result<Self, S::Error> {
                Ok(Self { $($field: Cell::take(stringify!($field), $kind, from)?),* })
            }
        })*

        /// Does the same with each table, in an order in which references point back.
        pub(crate) fn for_each_table<V: Visit>(tables: &Tables, visit: &mut V) -> Result<(), V::Error> {
            $(visit.table(&tables.$table)?;)*
            Ok(())
        }

        /// Fills each table.
        pub(crate) fn read_tables<R: ReadTable>(read: &mut R) -> Result<Tables, R::Error> {
            let parsed_resumes = std::collections::BTreeMap::new();
            Ok(Tables { $($table: read.table()?,)* parsed_resumes })
        }
    };
}

/// What is done with each table.
pub(crate) trait Visit {
    type Error;

    fn table<R: Record>(&mut self, rows: &[R]) -> Result<(), Self::Error>;
}

/// Where each table comes from.
pub(crate) trait ReadTable {
    type Error;

    fn table<R: Record>(&mut self) -> Result<Vec<R>, Self::Error>;
}

records! {
    JobRow = jobs {
        id: Kind::Uuid,
        fingerprint: Kind::Text,
        title: Kind::Text,
        company: Kind::Text,
        company_canonical: Kind::Text,
        city_canonical: Kind::Text,
        work_mode: Kind::Text,
        employment_type: Kind::Text,
        seniority_level: Kind::Text,
        role_family: Kind::Text,
        salary_min_lpa: LPA,
        salary_max_lpa: LPA,
        exp_min_years: YEARS,
        exp_max_years: YEARS,
        posted_at: Kind::Timestamp,
        last_seen_at: Kind::Timestamp,
        is_active: Kind::Bool,
        is_new: Kind::Bool,
        jd_cleaned: Kind::Bool,
        created_at: Kind::Timestamp,
    }
    JobSkillRow = job_skills {
        id: Kind::Uuid,
        job_id: Kind::Uuid,
        skill_name: Kind::Text,
        skill_type: Kind::Text,
    }
    UserRow = users {
        id: Kind::Uuid,
        email: Kind::Text,
        full_name: Kind::Text,
        tier: Kind::Text,
        city_canonical: Kind::Text,
        cities_preferred: Kind::TextList,
        work_modes_preferred: Kind::TextList,
        expected_salary_lpa: LPA,
        experience_years: YEARS,
        fit_scores_stale: Kind::Bool,
        skill_gap_stale: Kind::Bool,
        career_intel_stale: Kind::Bool,
        dashboard_ready: Kind::Bool,
        created_at: Kind::Timestamp,
        updated_at: Kind::Timestamp,
    }
    TargetRoleRow = user_target_roles {
        id: Kind::Uuid,
        user_id: Kind::Uuid,
        role_family: Kind::Text,
        display_name: Kind::Text,
        priority: Kind::Int32,
        created_at: Kind::Timestamp,
    }
    CompanyPrefRow = user_company_prefs {
        id: Kind::Uuid,
        user_id: Kind::Uuid,
        company_canonical: Kind::Text,
        pref_type: Kind::Text,
        created_at: Kind::Timestamp,
    }
    ResumeRow = resumes {
        id: Kind::Uuid,
        user_id: Kind::Uuid,
        file_hash: Kind::Text,
        parse_status: Kind::Text,
        is_primary: Kind::Bool,
        created_at: Kind::Timestamp,
        updated_at: Kind::Timestamp,
    }
    ScrapeRunRow = scrape_runs {
        id: Kind::Uuid,
        started_at: Kind::Timestamp,
        completed_at: Kind::Timestamp,
        scoring_complete: Kind::Bool,
    }
    ScoreRow = job_fit_scores {
        id: Kind::Uuid,
        user_id: Kind::Uuid,
        job_id: Kind::Uuid,
        fit_score: Kind::Int32,
        fit_label: Kind::Text,
        recommendation: Kind::Text,
        fit_reasons: Kind::TextList,
        missing_skills: Kind::TextList,
        strengths: Kind::TextList,
        is_full_score: Kind::Bool,
        week_number: Kind::Int32,
        year_number: Kind::Int32,
        expires_at: Kind::Timestamp,
        created_at: Kind::Timestamp,
    }
    CursorRow = user_fit_score_cursors {
        user_id: Kind::Uuid,
        last_scrape_run_id: Kind::Uuid,
        last_scored_at: Kind::Timestamp,
        updated_at: Kind::Timestamp,
    }
    BenchmarkRow = salary_benchmarks {
        id: Kind::Uuid,
        role_category: Kind::Text,
        city: Kind::Text,
        exp_years_min: YEARS,
        exp_years_max: YEARS,
        p50_lpa: LPA,
        data_month: Kind::Date,
    }
    WeightRow = model_weights {
        weight_name: Kind::Text,
        weight_value: WEIGHT,
        min_value: WEIGHT,
        max_value: WEIGHT,
    }
    AgentLogRow = agent_logs {
        id: Kind::Uuid,
        agent_name: Kind::Text,
        status: Kind::Text,
        created_at: Kind::Timestamp,
    }
}

/// Puts each table in the order of its key: a database gives its rows in no order at all.
pub fn sort(tables: &mut Tables) {
    tables.jobs.sort_unstable_by_key(|row| row.id);
    tables.job_skills.sort_unstable_by_key(|row| row.id);
    tables.users.sort_unstable_by_key(|row| row.id);
    tables.user_target_roles.sort_unstable_by_key(|row| row.id);
    tables.user_company_prefs.sort_unstable_by_key(|row| row.id);
    tables.resumes.sort_unstable_by_key(|row| row.id);
    tables.scrape_runs.sort_unstable_by_key(|row| row.id);
    tables.job_fit_scores.sort_unstable_by_key(|row| row.id);
    tables.user_fit_score_cursors.sort_unstable_by_key(|row| row.user_id);
    tables.salary_benchmarks.sort_unstable_by_key(|row| row.id);
    tables.model_weights.sort_unstable_by(|a, b| a.weight_name.cmp(&b.weight_name));
    tables.agent_logs.sort_unstable_by_key(|row| row.id);
}
