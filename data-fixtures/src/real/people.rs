//! Resumes become users with target roles, and the parsed resumes of the storage.

use std::collections::BTreeMap;
use std::io;

use flate2::{Compression, GzBuilder};
use serde::Serialize;
use uuid::Uuid;

use super::jobs::{cities, units};
use super::roles::Roles;
use super::source::Resume;
use super::{DAY_US, Options, draw, storable};
use crate::tables::{JobRow, Numeric, ResumeRow, TargetRoleRow, UserRow};

/// Every so many users one pays.
const PAID_EVERY: usize = 5;
/// Share of users who say what they expect to earn, of 100.
const SALARY_PERCENT: u64 = 60;
/// What people expect, in hundredths of an LPA: to begin with, a tenth of a year on top, at most.
const SALARY_START: i64 = 300;
const SALARY_PER_TENTH: i64 = 18;
const SALARY_MAX: i64 = 4_500;
/// Expectations are said in steps of half a lakh.
const SALARY_STEP: i64 = 50;
/// The accounts are this old.
const ACCOUNT_AGE_US: i64 = 30 * DAY_US;
/// Largest number of tenths in `numeric(4,1)`.
const MAX_YEARS_UNITS: i64 = 9_999;

/// Everything that resumes become.
#[derive(Default)]
pub(super) struct People {
    pub(super) users: Vec<UserRow>,
    pub(super) target_roles: Vec<TargetRoleRow>,
    pub(super) resumes: Vec<ResumeRow>,
    pub(super) parsed: BTreeMap<Uuid, Vec<u8>>,
}

/// What the resume parser writes.
#[derive(Serialize)]
struct ParsedResume<'a> {
    user_id: Uuid,
    skills: &'a [String],
    top_5_skills: &'a [String],
    experience_years: Option<f64>,
    current_title: Option<&'a str>,
    seniority_level: Option<&'a str>,
    education: [&'a str; 0],
    certifications: [&'a str; 0],
    work_experience: [&'a str; 0],
    raw_text: &'a str,
}

/// One user of each resume, in the order of the file.
pub(super) fn make(
    resumes: &[Resume],
    roles: &Roles,
    jobs: &[JobRow],
    options: &Options,
) -> People {
    let cities = cities(jobs);
    let created_at = options.as_of_us - ACCOUNT_AGE_US;
    let mut people = People::default();
    for (index, resume) in resumes.iter().enumerate() {
        let user_id = draw::uuid("user", &resume.source_id);
        let title = resume.title.as_deref().and_then(storable);
        let experience =
            resume.experience_years.and_then(|years| units(years, 10, MAX_YEARS_UNITS));
        let city = resume.city.as_deref().and_then(storable).map(|city| city.to_lowercase());
        let number = index + 1;
        people.users.push(UserRow {
            id: user_id,
            email: format!("user-{number}@example.invalid"),
            full_name: format!("User {number}"),
            tier: if number % PAID_EVERY == 0 { "paid" } else { "free" }.to_owned(),
            city_canonical: city.or_else(|| drawn_city(&cities, resume, options.seed)),
            cities_preferred: Vec::new(),
            work_modes_preferred: Vec::new(),
            expected_salary_lpa: drawn_salary(experience, resume, options.seed),
            experience_years: experience,
            fit_scores_stale: true,
            skill_gap_stale: true,
            career_intel_stale: true,
            dashboard_ready: false,
            created_at,
            updated_at: created_at,
        });
        let targets = roles.target_roles(resume.category.as_deref(), title.as_deref());
        for (family, priority) in targets.into_iter().zip(1..) {
            people.target_roles.push(TargetRoleRow {
                id: draw::uuid("target_role", &format!("{}\u{1f}{family}", resume.source_id)),
                user_id,
                role_family: family.to_owned(),
                display_name: roles.display_name(family),
                priority,
                created_at,
            });
        }
        people.resumes.push(ResumeRow {
            id: draw::uuid("resume", &resume.source_id),
            user_id,
            file_hash: draw::hex(&[&resume.text]),
            parse_status: "done".to_owned(),
            is_primary: true,
            created_at,
            updated_at: created_at,
        });
        let skills: Vec<String> =
            resume.skills.iter().filter_map(|skill| storable(skill)).collect();
        let parsed = ParsedResume {
            user_id,
            skills: &skills,
            top_5_skills: &skills[..skills.len().min(5)],
            experience_years: resume.experience_years.filter(|years| years.is_finite()),
            current_title: title.as_deref(),
            seniority_level: title.as_deref().and_then(|title| roles.level(title)),
            education: [],
            certifications: [],
            work_experience: [],
            raw_text: &resume.text,
        };
        people.parsed.insert(user_id, gzip(&parsed));
    }
    people
}

/// A city, as often as jobs name it. None without jobs.
fn drawn_city(cities: &BTreeMap<&str, u64>, resume: &Resume, seed: u64) -> Option<String> {
    let total: u64 = cities.values().sum();
    let mut left = draw::number(seed, "city", &resume.source_id).checked_rem(total)?;
    for (city, &count) in cities {
        if left < count {
            return Some((*city).to_owned());
        }
        left -= count;
    }
    None
}

/// Around what the experience brings, a quarter less or more; none for four users in ten.
fn drawn_salary(experience: Option<Numeric>, resume: &Resume, seed: u64) -> Option<Numeric> {
    if draw::number(seed, "expects", &resume.source_id) % 100 >= SALARY_PERCENT {
        return None;
    }
    let tenths = match experience {
        Some(Numeric::Units(tenths)) => tenths.max(0),
        _ => 0,
    };
    let usual = (SALARY_START + SALARY_PER_TENTH * tenths).min(SALARY_MAX);
    let percent = 75 + (draw::number(seed, "salary", &resume.source_id) % 51) as i64;
    let steps = usual * percent / (100 * SALARY_STEP);
    Some(Numeric::Units(steps * SALARY_STEP))
}

/// Without a time in the header: the same resume gives the same bytes.
fn gzip(resume: &ParsedResume<'_>) -> Vec<u8> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    let written = serde_json::to_writer(&mut encoder, resume)
        .map_err(io::Error::from)
        .and_then(|()| encoder.finish());
    #[expect(clippy::expect_used, reason = "a vector takes what it is given")]
    written.expect("writing to memory")
}
