//! A night's changes in memory and in storage.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use fs_err as fs;
use uuid::Uuid;

use super::change::{Change, Profile};
use crate::error::Error;
use crate::tables::{ScrapeRunRow, Tables, UserRow};

/// Applies what happened, in order. A change of a row that is not there changes nothing, as in a
/// database.
pub fn apply_to_tables(tables: &mut Tables, changes: &[Change]) {
    let mut jobs: HashMap<Uuid, usize> =
        tables.jobs.iter().enumerate().map(|(at, job)| (job.id, at)).collect();
    let mut users: HashMap<Uuid, usize> =
        tables.users.iter().enumerate().map(|(at, user)| (user.id, at)).collect();
    // Rows go at the end, all at once: ids do not come back, so their order means nothing.
    let mut dead_jobs: HashSet<Uuid> = HashSet::new();
    let mut dead_users: HashSet<Uuid> = HashSet::new();

    for change in changes {
        let user = |tables: &mut Tables, id: &Uuid, at: i64| {
            if let Some(user) = users.get(id).map(|at| &mut tables.users[*at]) {
                user.fit_scores_stale = true;
                user.updated_at = at;
            }
        };
        match change {
            Change::StartScrape { id, started_at } => tables.scrape_runs.push(ScrapeRunRow {
                id: *id,
                started_at: *started_at,
                completed_at: None,
                scoring_complete: false,
            }),
            Change::CompleteScrape { id, completed_at } => {
                for run in tables.scrape_runs.iter_mut().filter(|run| run.id == *id) {
                    run.completed_at = Some(*completed_at);
                }
            }
            Change::InsertJob { job, skills } => {
                jobs.insert(job.id, tables.jobs.len());
                tables.jobs.push(job.as_ref().clone());
                tables.job_skills.extend_from_slice(skills);
            }
            Change::CleanJob { id, role_family, seniority_level, skills } => {
                if let Some(job) = jobs.get(id).map(|at| &mut tables.jobs[*at]) {
                    job.jd_cleaned = true;
                    job.role_family.clone_from(role_family);
                    job.seniority_level.clone_from(seniority_level);
                    tables.job_skills.extend_from_slice(skills);
                }
            }
            Change::SeeJobs { ids, at } => {
                for job in ids.iter().filter_map(|id| jobs.get(id)) {
                    tables.jobs[*job].last_seen_at = *at;
                }
            }
            Change::StaleJobs { ids } => {
                for job in ids.iter().filter_map(|id| jobs.get(id)) {
                    tables.jobs[*job].is_active = false;
                }
            }
            Change::DeleteJobs { ids } => dead_jobs.extend(ids),
            Change::InsertUser(new) => {
                users.insert(new.user.id, tables.users.len());
                tables.users.push(new.user.clone());
                tables.user_target_roles.extend_from_slice(&new.roles);
                tables.user_company_prefs.extend_from_slice(&new.prefs);
                tables.resumes.extend_from_slice(&new.resumes);
                let file = new.file.as_ref().map(|file| (new.user.id, file.bytes()));
                tables.parsed_resumes.extend(file);
            }
            Change::EditProfile { user_id, profile, at } => {
                if let Some(row) = users.get(user_id) {
                    profile.edit(&mut tables.users[*row]);
                }
                user(tables, user_id, *at);
            }
            Change::UploadResume { upload, at } => {
                let id = upload.resume.user_id;
                let of_user = tables.resumes.iter_mut().filter(|row| row.user_id == id);
                for row in of_user.filter(|row| row.is_primary) {
                    row.is_primary = false;
                    row.updated_at = *at;
                }
                tables.resumes.push(upload.resume.clone());
                tables.parsed_resumes.insert(id, upload.file.bytes());
                user(tables, &id, *at);
            }
            Change::AddRole { role } => {
                tables.user_target_roles.push(role.clone());
                user(tables, &role.user_id, role.created_at);
            }
            Change::RemoveRole { user_id, role_family, at } => {
                tables
                    .user_target_roles
                    .retain(|row| row.user_id != *user_id || row.role_family != *role_family);
                user(tables, user_id, *at);
            }
            Change::PreferCompany { pref, marks_stale } => {
                tables.user_company_prefs.push(pref.clone());
                if *marks_stale {
                    user(tables, &pref.user_id, pref.created_at);
                }
            }
            Change::DeleteUser { id } => drop(dead_users.insert(*id)),
        }
    }

    if !dead_jobs.is_empty() {
        tables.jobs.retain(|job| !dead_jobs.contains(&job.id));
        tables.job_skills.retain(|row| !dead_jobs.contains(&row.job_id));
        tables.job_fit_scores.retain(|row| !dead_jobs.contains(&row.job_id));
    }
    if !dead_users.is_empty() {
        tables.users.retain(|user| !dead_users.contains(&user.id));
        tables.user_target_roles.retain(|row| !dead_users.contains(&row.user_id));
        tables.user_company_prefs.retain(|row| !dead_users.contains(&row.user_id));
        tables.resumes.retain(|row| !dead_users.contains(&row.user_id));
        tables.job_fit_scores.retain(|row| !dead_users.contains(&row.user_id));
        tables.user_fit_score_cursors.retain(|row| !dead_users.contains(&row.user_id));
        tables.parsed_resumes.retain(|id, _| !dead_users.contains(id));
    }
}

/// Applies what happened to the files of resumes.
pub fn apply_to_storage(storage: &Path, changes: &[Change]) -> Result<(), Error> {
    let folder = storage.join("parsed-resumes");
    fs::create_dir_all(&folder)?;
    let path = |user: &Uuid| -> PathBuf { folder.join(format!("{user}.json.gz")) };
    for change in changes {
        match change {
            Change::InsertUser(new) => {
                if let Some(file) = &new.file {
                    fs::write(path(&new.user.id), file.bytes())?;
                }
            }
            Change::UploadResume { upload, .. } => {
                fs::write(path(&upload.resume.user_id), upload.file.bytes())?;
            }
            // Not everyone has a file.
            Change::DeleteUser { id } if path(id).exists() => fs::remove_file(path(id))?,
            _ => {}
        }
    }
    Ok(())
}

impl Profile {
    /// The profile of a row.
    pub(crate) fn of(user: &UserRow) -> Self {
        Self {
            tier: user.tier.clone(),
            city_canonical: user.city_canonical.clone(),
            cities_preferred: user.cities_preferred.clone(),
            work_modes_preferred: user.work_modes_preferred.clone(),
            expected_salary_lpa: user.expected_salary_lpa,
            experience_years: user.experience_years,
        }
    }

    fn edit(&self, user: &mut UserRow) {
        user.tier.clone_from(&self.tier);
        user.city_canonical.clone_from(&self.city_canonical);
        user.cities_preferred.clone_from(&self.cities_preferred);
        user.work_modes_preferred.clone_from(&self.work_modes_preferred);
        user.expected_salary_lpa = self.expected_salary_lpa;
        user.experience_years = self.experience_years;
    }
}
