//! The rows of a night as frames, and kept pairs back as rows.
//!
//! Ids are their 36 characters, whose order is that of their bytes. A `NaN` becomes null here;
//! other impossible values stay.

use polars::prelude::*;
use talvix_fixtures::oracle::Expected;
use talvix_fixtures::tables::{Numeric, Tables};
use uuid::Uuid;

use crate::resume;
use crate::text::{Aliases, Forms, term, without_nul};

fn units(number: Option<Numeric>) -> Option<i64> {
    match number {
        Some(Numeric::Units(units)) => Some(units),
        Some(Numeric::NaN) | None => None,
    }
}

/// A column: one value of each row.
fn each<R, T>(rows: &[R], value: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

pub(crate) fn jobs(tables: &Tables) -> PolarsResult<LazyFrame> {
    let jobs = &tables.jobs;
    let frame = df!(
        "job_id" => each(jobs, |job| job.id.to_string()),
        "scoreable" => each(jobs, |job| job.is_active && job.jd_cleaned),
        "family" => each(jobs, |job| job.role_family.as_deref().map(without_nul)),
        "level" => each(jobs, |job| term(job.seniority_level.as_deref())),
        "mode" => each(jobs, |job| term(job.work_mode.as_deref())),
        "city" => each(jobs, |job| term(job.city_canonical.as_deref())),
        "company" => each(jobs, |job| without_nul(&job.company_canonical)),
        "posted_at" => each(jobs, |job| job.posted_at),
        "salary_min" => each(jobs, |job| units(job.salary_min_lpa)),
        "salary_max" => each(jobs, |job| units(job.salary_max_lpa)),
        "exp_min" => each(jobs, |job| units(job.exp_min_years)),
        "exp_max" => each(jobs, |job| units(job.exp_max_years)),
    )?;
    Ok(frame.lazy())
}

pub(crate) fn job_skills(tables: &Tables, aliases: &Aliases) -> PolarsResult<LazyFrame> {
    let skills = &tables.job_skills;
    let frame = df!(
        "job_id" => each(skills, |skill| skill.job_id.to_string()),
        "skill" => each(skills, |skill| aliases.canonical(&skill.skill_name)),
        "required" => each(skills, |skill| without_nul(&skill.skill_type) == "required"),
    )?;
    Ok(frame.lazy().filter(col("skill").is_not_null()))
}

pub(crate) fn benchmarks(tables: &Tables) -> PolarsResult<LazyFrame> {
    let rows = &tables.salary_benchmarks;
    let frame = df!(
        "family" => each(rows, |row| without_nul(&row.role_category)),
        "place" => each(rows, |row| term(Some(&row.city))),
        "from" => each(rows, |row| units(Some(row.exp_years_min))),
        "below" => each(rows, |row| units(Some(row.exp_years_max))),
        "p50" => each(rows, |row| units(Some(row.p50_lpa))),
        "month" => each(rows, |row| row.data_month),
    )?;
    Ok(frame.lazy())
}

pub(crate) fn users(tables: &Tables) -> PolarsResult<LazyFrame> {
    let users = &tables.users;
    let frame = df!(
        "user_id" => each(users, |user| user.id.to_string()),
        "pays" => each(users, |user| user.tier != "free"),
        "expected" => each(users, |user| units(user.expected_salary_lpa)),
        "years" => each(users, |user| units(user.experience_years)),
    )?;
    Ok(frame.lazy())
}

pub(crate) fn primary_resumes(tables: &Tables) -> PolarsResult<LazyFrame> {
    let rows = &tables.resumes;
    let frame = df!(
        "user_id" => each(rows, |row| row.user_id.to_string()),
        "primary" => each(rows, |row| row.is_primary),
        "status" => each(rows, |row| row.parse_status.clone()),
    )?;
    Ok(frame.lazy().filter(col("primary").and(col("status").eq(lit("done")))))
}

pub(crate) fn roles(tables: &Tables) -> PolarsResult<LazyFrame> {
    let rows = &tables.user_target_roles;
    let frame = df!(
        "user_id" => each(rows, |row| row.user_id.to_string()),
        "role_id" => each(rows, |row| row.id.to_string()),
        "priority" => each(rows, |row| row.priority),
        "family" => each(rows, |row| without_nul(&row.role_family)),
        "blank" => each(rows, |row| without_nul(&row.role_family).trim().is_empty()),
    )?;
    Ok(frame.lazy().filter(col("blank").not()))
}

pub(crate) fn companies(tables: &Tables) -> PolarsResult<LazyFrame> {
    let rows = &tables.user_company_prefs;
    let frame = df!(
        "user_id" => each(rows, |row| row.user_id.to_string()),
        "company" => each(rows, |row| without_nul(&row.company_canonical)),
        "kind" => each(rows, |row| row.pref_type.clone()),
    )?;
    Ok(frame.lazy())
}

/// Column `name`: every city a user names.
pub(crate) fn cities(tables: &Tables, name: &str) -> PolarsResult<LazyFrame> {
    terms(tables, name, |user| {
        user.cities_preferred.iter().chain([&user.city_canonical]).cloned().collect()
    })
}

/// Column `name`: every work mode a user names.
pub(crate) fn modes(tables: &Tables, name: &str) -> PolarsResult<LazyFrame> {
    terms(tables, name, |user| user.work_modes_preferred.clone())
}

fn terms(
    tables: &Tables,
    name: &str,
    of: impl Fn(&talvix_fixtures::tables::UserRow) -> Vec<Option<String>>,
) -> PolarsResult<LazyFrame> {
    let rows: Vec<_> = (tables.users.iter())
        .flat_map(|user| of(user).into_iter().map(|text| (user.id, term(text.as_deref()))))
        .collect();
    let frame = df!(
        "user_id" => each(&rows, |(id, _)| id.to_string()),
        name => each(&rows, |(_, text)| text.clone()),
    )?;
    Ok(frame.lazy().filter(col(name).is_not_null()))
}

/// The readable resumes, and the skills that they list or say.
pub(crate) fn parsed(tables: &Tables, aliases: &Aliases) -> PolarsResult<(LazyFrame, LazyFrame)> {
    let sought =
        (tables.job_skills.iter()).filter_map(|row| aliases.canonical(&row.skill_name)).collect();
    let forms = Forms::new(&sought, aliases);
    let (mut resumes, mut skills) = (Vec::new(), Vec::new());
    for (&user, file) in &tables.parsed_resumes {
        let Some(resume) = resume::read(file, user) else { continue };
        let user = user.to_string();
        for skill in resume.skills.iter().filter_map(|skill| aliases.canonical(skill)) {
            skills.push((user.clone(), skill));
        }
        for skill in forms.said(&resume.text) {
            skills.push((user.clone(), skill.to_owned()));
        }
        resumes.push((user, resume.years, resume.level));
    }
    let resumes = df!(
        "user_id" => each(&resumes, |row| row.0.clone()),
        "resume_years" => each(&resumes, |row| row.1),
        "user_level" => each(&resumes, |row| row.2.clone()),
    )?;
    let skills = df!(
        "user_id" => each(&skills, |row| row.0.clone()),
        "skill" => each(&skills, |row| row.1.clone()),
    )?;
    Ok((resumes.lazy(), skills.lazy()))
}

/// Kept pairs as rows, without week and expiry.
pub(crate) fn rows(kept: &DataFrame) -> PolarsResult<Vec<Expected>> {
    let user_id = kept.column("user_id")?.str()?;
    let job_id = kept.column("job_id")?.str()?;
    let raw_bp = kept.column("raw_bp")?.i64()?;
    let fit_score = kept.column("fit_score")?.i64()?;
    let fit_label = kept.column("fit_label")?.str()?;
    let recommendation = kept.column("recommendation")?.str()?;
    let pays = kept.column("pays")?.bool()?;
    let lists = ["fit_reasons", "missing_skills", "strengths"]
        .iter()
        .map(|name| kept.column(name)?.list())
        .collect::<PolarsResult<Vec<_>>>()?;

    let text = |column: &StringChunked, i| column.get(i).unwrap_or_default().to_owned();
    (0..kept.height())
        .map(|i| {
            let pays = pays.get(i).unwrap_or_default();
            let list = |list: usize| -> PolarsResult<Option<Vec<String>>> {
                let Some(series) = lists[list].get_as_series(i) else {
                    return Ok(pays.then(Vec::new));
                };
                Ok(Some(series.str()?.iter().flatten().map(str::to_owned).collect()))
            };
            Ok(Expected {
                user_id: id(&text(user_id, i)),
                job_id: id(&text(job_id, i)),
                raw_bp: raw_bp.get(i).unwrap_or_default() as u32,
                fit_score: fit_score.get(i).unwrap_or_default() as i32,
                fit_label: text(fit_label, i),
                recommendation: text(recommendation, i),
                fit_reasons: list(0)?,
                missing_skills: list(1)?,
                strengths: list(2)?,
                is_full_score: pays,
                week_number: 0,
                year_number: 0,
                expires_at: 0,
            })
        })
        .collect()
}

/// The id whose 36 characters a frame holds.
pub(crate) fn id(text: &str) -> Uuid {
    text.parse().unwrap_or_default()
}
