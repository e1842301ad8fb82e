//! Postings become rows of `jobs` and `job_skills`.

use std::collections::{BTreeMap, HashSet};

use super::companies::LegalForms;
use super::roles::Roles;
use super::source::Posting;
use super::{DAY_US, HOUR_US, INDIA_AHEAD_US, Options, SCRAPE_BEFORE_US, draw, storable};
use crate::tables::{JobRow, JobSkillRow, Numeric};

/// Largest number of units in `numeric(6,2)` and in `numeric(4,1)`.
const MAX_SALARY_UNITS: i64 = 999_999;
const MAX_YEARS_UNITS: i64 = 9_999;

/// Share of a posting's skills that are required, in tenths: boards name the ones that matter first.
const REQUIRED_TENTHS: usize = 6;

/// The jobs of the postings, in their order, and their skills.
pub(super) fn make(
    postings: &[Posting],
    roles: &Roles,
    legal_forms: &LegalForms,
    options: &Options,
) -> (Vec<JobRow>, Vec<JobSkillRow>) {
    let (mut jobs, mut skills) = (Vec::new(), Vec::new());
    let mut fingerprints = HashSet::new();
    for posting in postings {
        if options.max_jobs.is_some_and(|max| jobs.len() >= max) {
            break;
        }
        let Some(job) = job(posting, roles, legal_forms, options.as_of_us) else { continue };
        if fingerprints.insert(job.fingerprint.clone()) {
            skills.extend(job_skills(posting, &job));
            jobs.push(job);
        }
    }
    (jobs, skills)
}

/// None for a posting without a title.
fn job(
    posting: &Posting,
    roles: &Roles,
    legal_forms: &LegalForms,
    as_of_us: i64,
) -> Option<JobRow> {
    let title = storable(&posting.title)?;
    let company =
        posting.company.as_deref().and_then(storable).unwrap_or_else(|| "unknown".to_owned());
    let city = lower(posting.city_canonical.as_deref());
    let employment_type = lower(posting.employment_type.as_deref());
    let role_family = roles.family(&title, posting.role_raw.as_deref()).map(str::to_owned);
    let seen_at = as_of_us - SCRAPE_BEFORE_US;
    Some(JobRow {
        id: draw::uuid("job", &posting.source_id),
        fingerprint: draw::hex(&[
            &title.to_lowercase(),
            &company.to_lowercase(),
            city.as_deref().unwrap_or_default(),
            employment_type.as_deref().unwrap_or_default(),
        ]),
        company_canonical: legal_forms.canonical(&company),
        company,
        city_canonical: city,
        work_mode: lower(posting.work_mode.as_deref()),
        employment_type,
        seniority_level: Some(roles.level(&title).unwrap_or("not_specified").to_owned()),
        salary_min_lpa: posting.salary_min_lpa.and_then(|lpa| units(lpa, 100, MAX_SALARY_UNITS)),
        salary_max_lpa: posting.salary_max_lpa.and_then(|lpa| units(lpa, 100, MAX_SALARY_UNITS)),
        exp_min_years: posting.exp_min_years.and_then(|years| units(years, 10, MAX_YEARS_UNITS)),
        exp_max_years: posting.exp_max_years.and_then(|years| units(years, 10, MAX_YEARS_UNITS)),
        posted_at: posting.posted_at.map(|day| i64::from(day) * DAY_US - INDIA_AHEAD_US),
        last_seen_at: seen_at + HOUR_US,
        is_active: true,
        is_new: true,
        jd_cleaned: role_family.is_some(),
        role_family,
        created_at: seen_at,
        title,
    })
}

/// Each skill once, however it is spelt; the first of the list are the required ones.
fn job_skills(posting: &Posting, job: &JobRow) -> Vec<JobSkillRow> {
    let mut seen = HashSet::new();
    let mut names: Vec<(String, String)> = Vec::new();
    for name in posting.skills.iter().filter_map(|skill| storable(skill)) {
        let key = name.to_lowercase();
        if seen.insert(key.clone()) {
            names.push((key, name));
        }
    }
    let num_required = (names.len() * REQUIRED_TENTHS).div_ceil(10);
    let rows = names.into_iter().enumerate().map(|(n, (key, skill_name))| JobSkillRow {
        id: draw::uuid("job_skill", &format!("{}\u{1f}{key}", posting.source_id)),
        job_id: job.id,
        skill_name,
        skill_type: if n < num_required { "required" } else { "nice_to_have" }.to_owned(),
    });
    rows.collect()
}

/// How often each city is named by a job that can be scored.
pub(super) fn cities(jobs: &[JobRow]) -> BTreeMap<&str, u64> {
    let mut cities = BTreeMap::new();
    for job in jobs.iter().filter(|job| job.jd_cleaned) {
        if let Some(city) = &job.city_canonical {
            *cities.entry(city.as_str()).or_default() += 1;
        }
    }
    cities
}

fn lower(text: Option<&str>) -> Option<String> {
    text.and_then(storable).map(|text| text.to_lowercase())
}

/// `number` in units of 1/`scale`, half away from zero. None where the column is too narrow for it.
pub(super) fn units(number: f64, scale: i64, max: i64) -> Option<Numeric> {
    if number.is_nan() {
        return Some(Numeric::NaN);
    }
    // Binary fractions lie a hair beside the decimals they stand for: 1.005 must not become 1.00.
    let fine = (number * scale as f64 * 1e6).round() / 1e6;
    let units = fine.round();
    (units.abs() <= max as f64).then_some(Numeric::Units(units as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posting() -> Posting {
        Posting {
            source_id: "board:1".to_owned(),
            title: " Data Engineer\0 ".to_owned(),
            company: Some("Nila Labs Pvt Ltd".to_owned()),
            city_canonical: Some("Pune".to_owned()),
            employment_type: Some("full_time".to_owned()),
            ..Posting::default()
        }
    }

    fn made(posting: &Posting) -> Option<JobRow> {
        job(posting, &Roles::built_in().unwrap(), &LegalForms::built_in().unwrap(), 0)
    }

    #[test]
    fn the_fingerprint_is_made_of_what_is_stored() {
        let job = made(&posting()).unwrap();
        // printf 'data engineer\x1fnila labs pvt ltd\x1fpune\x1ffull_time' | sha256sum
        assert_eq!(
            job.fingerprint,
            draw::hex(&["data engineer\u{1f}nila labs pvt ltd\u{1f}pune\u{1f}full_time"])
        );
        assert_eq!(
            (job.title.as_str(), job.company_canonical.as_str()),
            ("Data Engineer", "nila labs")
        );
        assert_eq!(job.role_family.as_deref(), Some("data_engineer"));
    }

    #[test]
    fn missing_parts_are_said_to_be_missing() {
        let bare = Posting { company: None, city_canonical: Some(" ".to_owned()), ..posting() };
        let job = made(&bare).unwrap();
        assert_eq!((job.company.as_str(), job.city_canonical), ("unknown", None));
        assert!(made(&Posting { title: " \0".to_owned(), ..posting() }).is_none());
    }

    #[test]
    fn a_title_that_no_rule_knows_stays_uncleaned() {
        let job = made(&Posting { title: "Wanted".to_owned(), ..posting() }).unwrap();
        assert!(!job.jd_cleaned && job.role_family.is_none());
    }

    #[test]
    fn a_day_begins_at_midnight_in_india() {
        let job = made(&Posting { posted_at: Some(1), ..posting() }).unwrap();
        assert_eq!(job.posted_at, Some(18 * HOUR_US + HOUR_US / 2));
    }

    #[test]
    fn six_tenths_of_the_skills_are_required() {
        let skills = ["Python", "python ", "", "SQL", "Kafka", "Spark"].map(str::to_owned).to_vec();
        let posting = Posting { skills, ..posting() };
        let rows = job_skills(&posting, &made(&posting).unwrap());
        let rows: Vec<_> =
            rows.iter().map(|row| (row.skill_name.as_str(), row.skill_type.as_str())).collect();
        assert_eq!(
            rows,
            [
                ("Python", "required"),
                ("SQL", "required"),
                ("Kafka", "required"),
                ("Spark", "nice_to_have")
            ]
        );
    }

    #[test]
    fn units_are_rounded_half_away_from_zero() {
        for (number, scale, expected) in [
            (1.005, 100, Some(Numeric::Units(101))),
            (4.25, 10, Some(Numeric::Units(43))),
            (-0.05, 10, Some(Numeric::Units(-1))),
            (2.004_9, 100, Some(Numeric::Units(200))),
            (f64::NAN, 10, Some(Numeric::NaN)),
            (f64::INFINITY, 10, None),
            (1e9, 100, None),
        ] {
            assert_eq!(units(number, scale, 9_999), expected, "{number}");
        }
    }
}
