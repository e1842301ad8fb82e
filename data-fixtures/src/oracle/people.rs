//! Who and what can be scored: rows as the rules see them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use uuid::Uuid;

use super::resume;
use super::rules::{band, possible, range, seniority};
use super::text::{Aliases, stored, term, words};
use crate::tables::{JobRow, Tables, UserRow};

const WORK_MODES: [&str; 3] = ["remote", "hybrid", "onsite"];

/// A scoreable job.
pub(super) struct Job {
    pub(super) id: Uuid,
    pub(super) family: String,
    /// One of the six levels a job can have.
    pub(super) level: Option<String>,
    /// One of the three work modes.
    pub(super) mode: Option<String>,
    pub(super) city: Option<String>,
    pub(super) company: String,
    pub(super) posted_at: Option<i64>,
    /// Canonical skill to whether it is required.
    pub(super) skills: BTreeMap<String, bool>,
    /// In tenths of a year.
    pub(super) band: Option<(i64, i64)>,
    /// In hundredths of an LPA.
    pub(super) listed_salary: Option<i64>,
}

impl Job {
    fn new(row: &JobRow, family: &str, skills: BTreeMap<String, bool>) -> Self {
        let level = term(row.seniority_level.as_deref()).filter(|level| {
            ["intern", "junior", "mid", "senior", "lead", "not_specified"].contains(&level.as_str())
        });
        let (exp_min, exp_max) = range(possible(row.exp_min_years), possible(row.exp_max_years));
        let listed = |salary| possible(salary).filter(|&salary| salary > 0);
        let (salary_min, salary_max) =
            range(listed(row.salary_min_lpa), listed(row.salary_max_lpa));
        Self {
            id: row.id,
            family: stored(family),
            mode: term(row.work_mode.as_deref()).filter(|mode| WORK_MODES.contains(&mode.as_str())),
            city: term(row.city_canonical.as_deref()),
            company: stored(&row.company_canonical),
            posted_at: row.posted_at,
            skills,
            band: band(exp_min, exp_max, level.as_deref()),
            level,
            listed_salary: salary_max.or(salary_min),
        }
    }

    pub(super) fn is_remote(&self) -> bool {
        self.mode.as_deref() == Some("remote")
    }

    /// Role family and place.
    pub(super) fn market(&self) -> (String, String) {
        let place = if self.is_remote() { "remote" } else { self.city.as_deref().unwrap_or("-") };
        (self.family.clone(), place.to_owned())
    }
}

/// The jobs that are active, cleaned and have a role family.
pub(super) fn scoreable_jobs(tables: &Tables, aliases: &Aliases) -> Vec<Job> {
    let mut skills_of: HashMap<Uuid, BTreeMap<String, bool>> = HashMap::new();
    for row in &tables.job_skills {
        if let Some(skill) = aliases.canonical(&row.skill_name) {
            let skills = skills_of.entry(row.job_id).or_default();
            *skills.entry(skill).or_default() |= stored(&row.skill_type) == "required";
        }
    }
    (tables.jobs.iter())
        .filter(|row| row.is_active && row.jd_cleaned)
        .filter_map(|row| {
            let family = row.role_family.as_deref()?;
            Some(Job::new(row, family, skills_of.remove(&row.id).unwrap_or_default()))
        })
        .collect()
}

/// A scoreable user.
pub(super) struct User {
    pub(super) id: Uuid,
    pub(super) roles: BTreeSet<String>,
    pub(super) skills: HashSet<String>,
    /// In tenths of a year.
    pub(super) experience: Option<i64>,
    pub(super) seniority: Option<String>,
    pub(super) cities: BTreeSet<String>,
    /// Empty for any.
    pub(super) modes: BTreeSet<String>,
    /// In hundredths of an LPA.
    pub(super) expected_salary: Option<i64>,
    pub(super) pays: bool,
    pub(super) dreams: HashSet<String>,
    pub(super) blacklist: HashSet<String>,
}

/// Reads users: tables by user, and which skills a text can say.
pub(super) struct Reader<'a> {
    tables: &'a Tables,
    aliases: &'a Aliases,
    with_resume: HashSet<Uuid>,
    /// By priority and id.
    roles_of: HashMap<Uuid, BTreeMap<(i32, Uuid), String>>,
    /// Whose, and `dream` or `blacklist`, to companies.
    companies_of: HashMap<(Uuid, &'a str), HashSet<String>>,
    /// Words in a row, joined by one space, to the skills that they say.
    skills_said_by: HashMap<String, Vec<&'a str>>,
    longest_form: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(tables: &'a Tables, aliases: &'a Aliases, jobs: &'a [Job]) -> Self {
        let with_resume = (tables.resumes.iter())
            .filter(|row| row.is_primary && row.parse_status == "done")
            .map(|row| row.user_id)
            .collect();
        let mut roles_of: HashMap<_, BTreeMap<_, _>> = HashMap::new();
        for row in &tables.user_target_roles {
            let role = stored(&row.role_family);
            if !role.trim().is_empty() {
                roles_of.entry(row.user_id).or_default().insert((row.priority, row.id), role);
            }
        }
        let mut companies_of: HashMap<_, HashSet<_>> = HashMap::new();
        for row in &tables.user_company_prefs {
            let key = (row.user_id, row.pref_type.as_str());
            companies_of.entry(key).or_default().insert(stored(&row.company_canonical));
        }
        let mut skills_said_by: HashMap<_, Vec<_>> = HashMap::new();
        for skill in jobs.iter().flat_map(|job| job.skills.keys()).collect::<BTreeSet<_>>() {
            for form in aliases.forms(skill) {
                skills_said_by.entry(form).or_default().push(skill.as_str());
            }
        }
        let num_words = |form: &String| form.split(' ').count();
        let longest_form = skills_said_by.keys().map(num_words).max().unwrap_or(0);
        Self { tables, aliases, with_resume, roles_of, companies_of, skills_said_by, longest_form }
    }

    /// The user as the rules see them, or why they cannot be scored.
    pub(super) fn user(&self, row: &UserRow) -> Result<User, &'static str> {
        if !self.with_resume.contains(&row.id) {
            return Err("no_resume");
        }
        let file = self.tables.parsed_resumes.get(&row.id).map(Vec::as_slice);
        let resume = resume::read(file, row.id).ok_or("resume_unreadable")?;
        let roles = self.roles_of.get(&row.id).ok_or("no_target_role")?;

        let experience = possible(row.experience_years).or(resume.experience_tenths);
        let cities = row.cities_preferred.iter().chain([&row.city_canonical]);
        let modes = row.work_modes_preferred.iter();
        let companies = |pref| self.companies_of.get(&(row.id, pref)).cloned().unwrap_or_default();
        let listed = resume.skills.iter().filter_map(|skill| self.aliases.canonical(skill));
        Ok(User {
            id: row.id,
            roles: roles.values().take(5).cloned().collect(),
            skills: listed.chain(self.skills_said(&resume.raw_text)).collect(),
            experience,
            seniority: seniority(resume.seniority, experience),
            cities: cities.filter_map(|city| term(city.as_deref())).collect(),
            modes: modes
                .filter_map(|mode| term(mode.as_deref()))
                .filter(|mode| WORK_MODES.contains(&mode.as_str()))
                .collect(),
            expected_salary: possible(row.expected_salary_lpa),
            pays: row.tier != "free",
            dreams: companies("dream"),
            blacklist: companies("blacklist"),
        })
    }

    /// The jobs' skills that a text says.
    fn skills_said(&self, text: &str) -> HashSet<String> {
        let words = words(text);
        let mut said = HashSet::new();
        for start in 0..words.len() {
            for end in start + 1..=words.len().min(start + self.longest_form) {
                let skills = self.skills_said_by.get(&words[start..end].join(" "));
                said.extend(skills.into_iter().flatten().map(ToString::to_string));
            }
        }
        said
    }
}
