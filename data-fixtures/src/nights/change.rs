//! One thing that happened between two nights.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::generate::{NewUser, ResumeFile};
use crate::tables::{CompanyPrefRow, JobRow, JobSkillRow, Numeric, ResumeRow, TargetRoleRow};

/// One thing that happened between two nights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A scrape began.
    StartScrape {
        /// The run.
        id: Uuid,
        /// When.
        started_at: i64,
    },
    /// A scrape ended: its run waits to be scored.
    CompleteScrape {
        /// The run.
        id: Uuid,
        /// When.
        completed_at: i64,
    },
    /// The scraper found a posting; the cleaner may have been there already.
    InsertJob {
        /// Its row.
        job: Box<JobRow>,
        /// What the cleaner found.
        skills: Vec<JobSkillRow>,
    },
    /// The cleaner reached a posting of an earlier night; it stays new.
    CleanJob {
        /// The job.
        id: Uuid,
        /// What the title says.
        role_family: Option<String>,
        /// What the text says.
        seniority_level: Option<String>,
        /// What the text asks for.
        skills: Vec<JobSkillRow>,
    },
    /// The scraper saw postings again.
    SeeJobs {
        /// The jobs.
        ids: Vec<Uuid>,
        /// When.
        at: i64,
    },
    /// Postings were not seen for too long: no longer active.
    StaleJobs {
        /// The jobs.
        ids: Vec<Uuid>,
    },
    /// Long inactive postings went, with their skills and scores.
    DeleteJobs {
        /// The jobs.
        ids: Vec<Uuid>,
    },
    /// Somebody joined.
    InsertUser(Box<NewUser>),
    /// A user edited the profile.
    EditProfile {
        /// Who.
        user_id: Uuid,
        /// All that can be edited, as it is now.
        profile: Profile,
        /// When.
        at: i64,
    },
    /// A user uploaded another resume: the one before is no longer primary.
    UploadResume {
        /// The new one.
        upload: Upload,
        /// When.
        at: i64,
    },
    /// A user looks for one more role.
    AddRole {
        /// Its row.
        role: TargetRoleRow,
    },
    /// A user no longer looks for a role.
    RemoveRole {
        /// Who.
        user_id: Uuid,
        /// The role.
        role_family: String,
        /// When.
        at: i64,
    },
    /// A user dreams of a company, or wants to see it no more.
    PreferCompany {
        /// Its row.
        pref: CompanyPrefRow,
        /// Some services set a preference and forget to mark the user.
        marks_stale: bool,
    },
    /// Somebody left, with everything.
    DeleteUser {
        /// Who.
        id: Uuid,
    },
}

/// What a user can edit and a run reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// `free` or `paid`.
    pub tier: String,
    /// The user's city.
    pub city_canonical: Option<String>,
    /// Further cities.
    pub cities_preferred: Vec<Option<String>>,
    /// Work modes.
    pub work_modes_preferred: Vec<Option<String>>,
    /// Hundredths of an LPA.
    pub expected_salary_lpa: Option<Numeric>,
    /// Tenths of a year.
    pub experience_years: Option<Numeric>,
}

/// A resume and its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Upload {
    /// Its row.
    pub resume: ResumeRow,
    /// What the parser wrote.
    pub file: ResumeFile,
}
