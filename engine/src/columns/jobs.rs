//! The scoreable jobs and their skills.

use super::{
    batch::{Batch, DoorError, text},
    job_skills::{JobSkill, JobSkillsBuilder},
    numbers::{JOB_EXPERIENCE, MAX_HUNDREDTHS, MAX_TENTHS, SALARY, check},
    plain, without_nul,
};
use crate::{
    components::Band,
    faults::Faults,
    ids::{CityNo, CompanyNo, Dictionary, JobNo, Lists, RoleNo, Uuid, uuid_text},
    skills::AliasTable,
    topk,
};
use arrow::{
    array::{Array, PrimitiveArray, RecordBatch},
    datatypes::{Int64Type, TimestampMicrosecondType, UInt32Type},
};
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// How senior a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// Null, `not_specified`, or a word we do not know: open to everyone.
    Unspecified,
    /// `intern`.
    Intern,
    /// `junior`.
    Junior,
    /// `mid`.
    Mid,
    /// `senior`.
    Senior,
    /// `lead`.
    Lead,
}

impl Level {
    /// All levels, in the order that buckets are sorted by.
    pub const ALL: [Level; 6] =
        [Level::Unspecified, Level::Intern, Level::Junior, Level::Mid, Level::Senior, Level::Lead];

    /// The level's bit in a set of levels.
    #[must_use]
    pub const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// The name in a database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Level::Unspecified => "not_specified",
            Level::Intern => "intern",
            Level::Junior => "junior",
            Level::Mid => "mid",
            Level::Senior => "senior",
            Level::Lead => "lead",
        }
    }

    /// The band of experience of a job that names none, in tenths of a year.
    #[must_use]
    pub const fn default_band(self) -> Option<Band> {
        let (lo_tenths, hi_tenths) = match self {
            Level::Unspecified => return None,
            Level::Intern => (0, 10),
            Level::Junior => (0, 30),
            Level::Mid => (30, 60),
            Level::Senior => (60, 100),
            Level::Lead => (100, 400),
        };
        Some(Band { lo_tenths, hi_tenths })
    }
}

/// Where a job is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum WorkMode {
    /// Null, or a word we do not know: fits everyone.
    Unknown,
    /// `remote`.
    Remote,
    /// `hybrid`.
    Hybrid,
    /// `onsite`.
    Onsite,
}

impl WorkMode {
    /// All modes, in the order that buckets are sorted by.
    pub const ALL: [WorkMode; 4] =
        [WorkMode::Unknown, WorkMode::Remote, WorkMode::Hybrid, WorkMode::Onsite];

    /// The mode's bit in a set of modes.
    #[must_use]
    pub const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// The name in a database; none where nothing is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            WorkMode::Unknown => None,
            WorkMode::Remote => Some("remote"),
            WorkMode::Hybrid => Some("hybrid"),
            WorkMode::Onsite => Some("onsite"),
        }
    }

    /// The mode that a word names.
    #[must_use]
    pub fn named(word: &str) -> Option<WorkMode> {
        match word {
            "remote" => Some(WorkMode::Remote),
            "hybrid" => Some(WorkMode::Hybrid),
            "onsite" => Some(WorkMode::Onsite),
            _ => None,
        }
    }
}

/// The scoreable jobs, one element per [`JobNo`].
#[derive(Debug, Default)]
pub struct JobColumns {
    /// Database ids.
    pub id: Vec<Uuid>,
    /// Role family.
    pub role: Vec<RoleNo>,
    /// The city of the job's market: `remote`, or its city, or `-`.
    pub market_city: Vec<CityNo>,
    /// The job's own city, whether remote or not.
    pub city: Vec<Option<CityNo>>,
    /// Work mode.
    pub mode: Vec<WorkMode>,
    /// Seniority.
    pub level: Vec<Level>,
    /// Company.
    pub company: Vec<CompanyNo>,
    /// The listed salary, in hundredths of an LPA: the upper end, else the lower; never 0.
    pub salary_hundredths: Vec<Option<u32>>,
    /// The band of experience, named or by level.
    pub band: Vec<Option<Band>>,
    /// The job's place by (`posted_at` descending with nulls last, id ascending).
    pub rank: Vec<u32>,
    /// The job at each rank: the inverse of `rank`.
    pub by_rank: Vec<JobNo>,
    /// No night has scored it yet.
    pub is_new: Vec<bool>,
    /// Version of the row as loaded (PostgreSQL's `xmin`; 0 in a dataset).
    pub row_version: Vec<u32>,
    /// The skills that each job lists, by skill number, each once.
    pub skills: Lists<JobSkill>,
    /// Texts of the role families.
    pub roles: Dictionary,
    /// Texts of the cities, `remote` and `-`.
    pub cities: Dictionary,
    /// Names of the companies.
    pub companies: Dictionary,
    /// Canonical names of the skills.
    pub skill_names: Dictionary,
    number_of: HashMap<Uuid, u32, FixedState>,
}

impl JobColumns {
    /// How many scoreable jobs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.id.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.id.is_empty()
    }

    /// The job with a database id, if it is scoreable.
    #[must_use]
    pub fn number_of(&self, id: &Uuid) -> Option<JobNo> {
        self.number_of.get(id).map(|&job| JobNo(job))
    }

    /// All jobs.
    pub fn numbers(&self) -> impl Iterator<Item = JobNo> + use<> {
        (0..self.len() as u32).map(JobNo)
    }
}

/// Collects the rows of `jobs`.
#[derive(Debug, Default)]
pub struct JobColumnsBuilder {
    columns: JobColumns,
    posted_at_us: Vec<Option<i64>>,
}

impl JobColumnsBuilder {
    /// Takes a batch of scoreable jobs with the columns `id`, `company_canonical`,
    /// `city_canonical`, `work_mode`, `seniority_level`, `role_family`, `salary_min_lpa` and
    /// `salary_max_lpa` (hundredths), `exp_min_years` and `exp_max_years` (tenths), `posted_at`,
    /// `is_new`, `row_version`.
    pub fn push(&mut self, batch: &RecordBatch, faults: &mut Faults) -> Result<(), DoorError> {
        let JobColumnsBuilder { columns, posted_at_us } = self;
        let batch = Batch::new("jobs", batch);
        let ids = batch.ids("id")?;
        let companies = batch.texts("company_canonical")?;
        let cities = batch.nullable_texts("city_canonical")?;
        let modes = batch.nullable_texts("work_mode")?;
        let levels = batch.nullable_texts("seniority_level")?;
        let roles = batch.texts("role_family")?;
        let salary_min = batch.nullable_numbers::<Int64Type>("salary_min_lpa")?;
        let salary_max = batch.nullable_numbers::<Int64Type>("salary_max_lpa")?;
        let exp_min = batch.nullable_numbers::<Int64Type>("exp_min_years")?;
        let exp_max = batch.nullable_numbers::<Int64Type>("exp_max_years")?;
        let posted_at = batch.nullable_numbers::<TimestampMicrosecondType>("posted_at")?;
        let is_new = batch.bools("is_new")?;
        let row_versions = batch.numbers::<UInt32Type>("row_version")?;

        for row in 0..batch.num_rows() {
            let id = ids.get(row);
            let job = u32::try_from(columns.len())
                .ok()
                .filter(|&job| job < u32::MAX)
                .ok_or(DoorError::TooMany { table: "jobs" })?;
            if columns.number_of.insert(id, job).is_some() {
                return Err(DoorError::DuplicateId { table: "jobs", id: uuid_text(&id) });
            }
            let mode = check_mode(text(modes, row), &id, faults);
            let level = check_level(text(levels, row), &id, faults);
            let city =
                text(cities, row).and_then(plain).map(|city| CityNo(columns.cities.intern(&city)));
            let market_city = match (mode, city) {
                (WorkMode::Remote, _) => CityNo(columns.cities.intern("remote")),
                (_, Some(city)) => city,
                (_, None) => CityNo(columns.cities.intern("-")),
            };

            columns.id.push(id);
            columns.role.push(RoleNo(columns.roles.intern(&without_nul(roles.value(row)))));
            columns.market_city.push(market_city);
            columns.city.push(city);
            columns.mode.push(mode);
            columns.level.push(level);
            columns
                .company
                .push(CompanyNo(columns.companies.intern(&without_nul(companies.value(row)))));
            columns.salary_hundredths.push(check_salary(
                value(salary_min, row),
                value(salary_max, row),
                &id,
                faults,
            ));
            columns.band.push(
                check_band(value(exp_min, row), value(exp_max, row), &id, faults)
                    .or_else(|| level.default_band()),
            );
            posted_at_us.push(posted_at.is_valid(row).then(|| posted_at.value(row)));
            columns.is_new.push(is_new.value(row));
            columns.row_version.push(row_versions.value(row));
        }
        Ok(())
    }

    /// The jobs with their skills; a skill of a job that is not among them is passed over.
    #[must_use]
    pub fn finish(self, skills: JobSkillsBuilder, aliases: &AliasTable) -> JobColumns {
        let JobColumnsBuilder { mut columns, posted_at_us } = self;
        columns.rank = topk::ranks(&posted_at_us, &columns.id);
        columns.by_rank = vec![JobNo(0); columns.len()];
        for (job, &rank) in columns.rank.iter().enumerate() {
            columns.by_rank[rank as usize] = JobNo(job as u32);
        }
        let number_of = |id: &Uuid| columns.number_of(id);
        let (skills, skill_names) = skills.finish(columns.len(), number_of, aliases);
        columns.skills = skills;
        columns.skill_names = skill_names;
        columns
    }
}

fn value(array: &PrimitiveArray<Int64Type>, row: usize) -> Option<i64> {
    array.is_valid(row).then(|| array.value(row))
}

fn check_mode(word: Option<&str>, id: &Uuid, faults: &mut Faults) -> WorkMode {
    let Some(word) = word.and_then(plain) else { return WorkMode::Unknown };
    WorkMode::named(&word).unwrap_or_else(|| {
        faults.add("work_mode_unknown", "job", id);
        WorkMode::Unknown
    })
}

fn check_level(word: Option<&str>, id: &Uuid, faults: &mut Faults) -> Level {
    let Some(word) = word.and_then(plain) else { return Level::Unspecified };
    match &*word {
        "not_specified" => Level::Unspecified,
        "intern" => Level::Intern,
        "junior" => Level::Junior,
        "mid" => Level::Mid,
        "senior" => Level::Senior,
        "lead" => Level::Lead,
        _ => {
            faults.add("seniority_level_unknown", "job", id);
            Level::Unspecified
        }
    }
}

/// The listed salary: the upper end, else the lower.
fn check_salary(min: Option<i64>, max: Option<i64>, id: &Uuid, faults: &mut Faults) -> Option<u32> {
    let mut end = |units| {
        let checked = check(units, MAX_HUNDREDTHS, &SALARY, faults, ("job", id));
        if checked == Some(0) {
            faults.add("salary_zero", "job", id);
            return None;
        }
        checked
    };
    let (min, max) = (end(min), end(max));
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        faults.add("salary_min_above_max", "job", id);
        return None;
    }
    max.or(min)
}

/// The band that a job names; a missing end is open.
fn check_band(min: Option<i64>, max: Option<i64>, id: &Uuid, faults: &mut Faults) -> Option<Band> {
    const OPEN_LO_TENTHS: u16 = 0;
    const OPEN_HI_TENTHS: u16 = 600;
    let mut end = |units| {
        check(units, MAX_TENTHS, &JOB_EXPERIENCE, faults, ("job", id)).map(|tenths| tenths as u16)
    };
    match (end(min), end(max)) {
        (None, None) => None,
        (Some(lo), Some(hi)) if lo > hi => {
            faults.add("job_experience_min_above_max", "job", id);
            None
        }
        (lo, hi) => Some(Band {
            lo_tenths: lo.unwrap_or(OPEN_LO_TENTHS),
            hi_tenths: hi.unwrap_or(OPEN_HI_TENTHS),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = [7; 16];

    #[test]
    fn salary_is_the_upper_end_else_the_lower() {
        let mut faults = Faults::default();
        let mut salary = |min, max| check_salary(min, max, &ID, &mut faults);
        assert_eq!(salary(Some(1_000), Some(1_800)), Some(1_800));
        assert_eq!(salary(Some(1_000), None), Some(1_000));
        assert_eq!(salary(Some(1_000), Some(0)), Some(1_000));
        assert_eq!(salary(Some(-1), Some(1_800)), Some(1_800));
        assert_eq!(salary(Some(2_000), Some(1_800)), None);
        assert_eq!(salary(Some(super::super::NOT_A_NUMBER), None), None);
        let counts: Vec<_> = faults.iter().map(|(kind, fault)| (kind, fault.count)).collect();
        assert_eq!(
            counts,
            [
                ("salary_min_above_max", 1),
                ("salary_negative", 1),
                ("salary_not_a_number", 1),
                ("salary_zero", 1)
            ]
        );
    }

    #[test]
    fn a_band_with_one_end_is_open() {
        let mut faults = Faults::default();
        let mut band = |min, max| {
            check_band(min, max, &ID, &mut faults).map(|band| (band.lo_tenths, band.hi_tenths))
        };
        assert_eq!(band(Some(30), None), Some((30, 600)));
        assert_eq!(band(None, Some(60)), Some((0, 60)));
        assert_eq!(band(Some(60), Some(30)), None);
        assert_eq!(band(Some(-5), Some(30)), Some((0, 30)));
        assert_eq!(band(None, None), None);
    }
}
