//! The users: what they want, what they have, and where their last night left them.

mod read;

use super::{JobColumns, batch::DoorError, jobs::Level, plain};
use crate::{
    faults::Faults,
    ids::{CityNo, CompanyNo, Lists, RoleNo, SkillNo, UserNo, Uuid},
    model::UserTerms,
};
use arrow::array::RecordBatch;
use read::{push_company_prefs, push_cursors, push_resumes, push_roles, push_users};

/// What a user pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// The best three pairs a week, without texts.
    Free,
    /// The best 25 pairs a week, with reasons, strengths and missing skills.
    Paid,
}

impl Tier {
    /// The names of all tiers.
    pub const NAMES: [&str; 4] = ["free", "paid", "student", "professional"];

    /// How many pairs are kept a week.
    #[must_use]
    pub const fn k(self) -> usize {
        match self {
            Tier::Free => 3,
            Tier::Paid => 25,
        }
    }

    /// What the tier is called in talk of it: three of the names mean the same.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Tier::Free => "free",
            Tier::Paid => "paid",
        }
    }

    pub(super) fn named(word: &str) -> Option<Tier> {
        match word {
            "free" => Some(Tier::Free),
            "paid" | "student" | "professional" => Some(Tier::Paid),
            _ => None,
        }
    }
}

/// How senior a user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UserLevel {
    /// `intern`.
    Intern,
    /// `entry`: matches intern and junior jobs.
    Entry,
    /// `junior`.
    Junior,
    /// `mid`.
    Mid,
    /// `senior`.
    Senior,
    /// `lead`.
    Lead,
}

impl UserLevel {
    /// The level that a resume's word names.
    #[must_use]
    pub fn named(word: &str) -> Option<UserLevel> {
        match &*plain(word)? {
            "intern" => Some(UserLevel::Intern),
            "entry" => Some(UserLevel::Entry),
            "junior" => Some(UserLevel::Junior),
            "mid" => Some(UserLevel::Mid),
            "senior" => Some(UserLevel::Senior),
            "lead" => Some(UserLevel::Lead),
            _ => None,
        }
    }

    /// The name in a resume.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            UserLevel::Intern => "intern",
            UserLevel::Entry => "entry",
            UserLevel::Junior => "junior",
            UserLevel::Mid => "mid",
            UserLevel::Senior => "senior",
            UserLevel::Lead => "lead",
        }
    }

    /// The level that an experience in tenths of a year stands for.
    #[must_use]
    pub fn by_experience(tenths: u16) -> UserLevel {
        match tenths {
            0..10 => UserLevel::Entry,
            10..30 => UserLevel::Junior,
            30..60 => UserLevel::Mid,
            60..100 => UserLevel::Senior,
            100.. => UserLevel::Lead,
        }
    }

    /// The set of job levels that suit a user of this level, or of unknown level.
    #[must_use]
    pub fn suits(level: Option<UserLevel>) -> u8 {
        let own = match level {
            None => return u8::MAX,
            Some(UserLevel::Intern) => Level::Intern.bit(),
            Some(UserLevel::Entry) => Level::Intern.bit() | Level::Junior.bit(),
            Some(UserLevel::Junior) => Level::Junior.bit(),
            Some(UserLevel::Mid) => Level::Mid.bit(),
            Some(UserLevel::Senior) => Level::Senior.bit(),
            Some(UserLevel::Lead) => Level::Lead.bit(),
        };
        own | Level::Unspecified.bit()
    }
}

/// Why a user cannot be scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkipReason {
    /// No primary resume that is parsed.
    NoResume,
    /// The parsed resume cannot be read.
    ResumeUnreadable,
    /// No target role.
    NoTargetRole,
}

impl SkipReason {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            SkipReason::NoResume => "no_resume",
            SkipReason::ResumeUnreadable => "resume_unreadable",
            SkipReason::NoTargetRole => "no_target_role",
        }
    }
}

/// What a parsed resume says, as far as it matters tonight.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResumeFeatures {
    /// Skills of tonight's jobs that it lists or says, by number, each once.
    pub skills: Vec<SkillNo>,
    /// Tenths of a year.
    pub experience_tenths: Option<u16>,
    /// Named level.
    pub level: Option<UserLevel>,
}

/// A user's parsed resume after reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResumeState {
    /// There is no primary resume that is parsed.
    Missing,
    /// It cannot be read.
    Unreadable,
    /// It was read.
    Read(ResumeFeatures),
}

/// Where a user's last night left them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The scrape run that the user was scored with; `None` asks for a full scan.
    pub last_scrape_run_id: Option<Uuid>,
    /// The instant of that night, in microseconds since the Unix epoch.
    pub last_scored_at_us: Option<i64>,
}

/// The tables that say who the users are, as a loader read them.
#[derive(Clone, Copy, Debug, Default)]
pub struct UserTables<'a> {
    /// `id`, `tier`, `city_canonical`, `cities_preferred`, `work_modes_preferred`,
    /// `expected_salary_lpa` (hundredths), `experience_years` (tenths), `fit_scores_stale`,
    /// `skill_gap_stale`, `career_intel_stale`, `dashboard_ready`, `row_version`.
    pub users: &'a [RecordBatch],
    /// `id`, `user_id`, `role_family`, `priority`.
    pub target_roles: &'a [RecordBatch],
    /// `user_id`, `company_canonical`, `pref_type`.
    pub company_prefs: &'a [RecordBatch],
    /// The primary resumes that are parsed: `user_id`, `row_version`.
    pub resumes: &'a [RecordBatch],
    /// `user_id`, `last_scrape_run_id`, `last_scored_at`.
    pub cursors: &'a [RecordBatch],
}

/// The users, one element per [`UserNo`], in the order of their ids.
#[derive(Debug, Default)]
pub struct UserColumns {
    /// Database ids, ascending.
    pub id: Vec<Uuid>,
    /// Tier.
    pub tier: Vec<Tier>,
    /// Seniority: the resume's, else by experience.
    pub level: Vec<Option<UserLevel>>,
    /// Experience in tenths of a year: the user's, else the resume's.
    pub experience_tenths: Vec<Option<u16>>,
    /// Expected salary in hundredths of an LPA; 0 is unknown.
    pub expected_hundredths: Vec<u32>,
    /// The user named at least one city, known to tonight's jobs or not.
    pub has_city: Vec<bool>,
    /// The user's cities that tonight's jobs know, by number.
    pub cities: Lists<CityNo>,
    /// The set of work modes the user named; 0 is any.
    pub modes: Vec<u8>,
    /// Target roles that tonight's jobs know, by number.
    pub roles: Lists<RoleNo>,
    /// Dream companies that tonight's jobs know and that are not blacklisted, by number.
    pub dream: Lists<CompanyNo>,
    /// Blacklisted companies that tonight's jobs know, by number.
    pub blacklist: Lists<CompanyNo>,
    /// Skills of tonight's jobs that the user has, by number.
    pub skills: Lists<SkillNo>,
    /// Why the user cannot be scored.
    pub skip: Vec<Option<SkipReason>>,
    /// The user's data changed since the last full scan.
    pub fit_scores_stale: Vec<bool>,
    /// The dashboard lacks nothing but this night: it becomes ready with a full scan.
    pub awaits_dashboard: Vec<bool>,
    /// The cursor row, if there is one.
    pub cursor: Vec<Option<Cursor>>,
    /// Version of the user's row as loaded (PostgreSQL's `xmin`; 0 in a dataset).
    pub row_version: Vec<u32>,
    /// Version of the primary resume's row as loaded, 0 where there is none.
    pub resume_version: Vec<u32>,
}

impl UserColumns {
    /// How many users there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.id.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.id.is_empty()
    }

    /// All users.
    pub fn numbers(&self) -> impl Iterator<Item = UserNo> + use<> {
        (0..self.len() as u32).map(UserNo)
    }

    /// What a user brings to a score.
    #[must_use]
    pub fn terms(&self, user: UserNo) -> UserTerms {
        UserTerms {
            experience_tenths: self.experience_tenths[user.ix()],
            expected_hundredths: self.expected_hundredths[user.ix()],
        }
    }

    /// The user with a database id.
    #[must_use]
    pub fn number_of(&self, id: &Uuid) -> Option<UserNo> {
        self.id.binary_search(id).ok().map(|at| UserNo(at as u32))
    }
}

/// The users before their resumes are read.
#[derive(Debug)]
pub struct UserDraft {
    columns: UserColumns,
    has_resume: Vec<bool>,
    has_target_role: Vec<bool>,
}

impl UserDraft {
    /// Checks and converts all that the tables say.
    pub fn new(
        tables: UserTables<'_>,
        jobs: &JobColumns,
        faults: &mut Faults,
    ) -> Result<Self, DoorError> {
        let mut columns = UserColumns::default();
        push_users(tables.users, jobs, &mut columns, faults)?;
        let has_target_role = push_roles(tables.target_roles, jobs, &mut columns, faults)?;
        push_company_prefs(tables.company_prefs, jobs, &mut columns)?;
        let has_resume = push_resumes(tables.resumes, &mut columns)?;
        push_cursors(tables.cursors, &mut columns)?;
        Ok(UserDraft { columns, has_resume, has_target_role })
    }

    /// The users' database ids, ascending: the order in which [`UserDraft::finish`] wants the
    /// resumes, each with whether there is a resume to read.
    #[must_use]
    pub fn resumes_to_read(&self) -> Vec<(Uuid, bool)> {
        self.columns.id.iter().copied().zip(self.has_resume.iter().copied()).collect()
    }

    /// Adds what the resumes say, one per user in the order of ids.
    ///
    /// # Panics
    ///
    /// If there are fewer or more resumes than users.
    #[must_use]
    pub fn finish(self, resumes: Vec<ResumeState>) -> UserColumns {
        let UserDraft { mut columns, has_target_role, .. } = self;
        assert_eq!(resumes.len(), columns.len(), "one resume state for each user");
        for (user, resume) in resumes.into_iter().enumerate() {
            let (skip, features) = match resume {
                ResumeState::Missing => (Some(SkipReason::NoResume), ResumeFeatures::default()),
                ResumeState::Unreadable => {
                    (Some(SkipReason::ResumeUnreadable), ResumeFeatures::default())
                }
                ResumeState::Read(features) => {
                    let no_role = (!has_target_role[user]).then_some(SkipReason::NoTargetRole);
                    (no_role, features)
                }
            };
            let experience = columns.experience_tenths[user].or(features.experience_tenths);
            columns.experience_tenths[user] = experience;
            columns.level.push(features.level.or(experience.map(UserLevel::by_experience)));
            columns.skills.push(features.skills);
            columns.skip.push(skip);
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn experience_stands_for_a_level() {
        use UserLevel::{Entry, Junior, Lead, Mid, Senior};
        let levels = [0, 9, 10, 29, 30, 59, 60, 99, 100, 9_999].map(UserLevel::by_experience);
        assert_eq!(levels, [Entry, Entry, Junior, Junior, Mid, Mid, Senior, Senior, Lead, Lead]);
    }

    #[test]
    fn levels_suit() {
        let suits = |level| {
            Level::ALL.into_iter().filter(|job| UserLevel::suits(level) & job.bit() != 0).collect()
        };
        let all: Vec<Level> = suits(None);
        assert_eq!(all, Level::ALL);
        let entry: Vec<Level> = suits(UserLevel::named(" Entry "));
        assert_eq!(entry, [Level::Unspecified, Level::Intern, Level::Junior]);
        let lead: Vec<Level> = suits(Some(UserLevel::Lead));
        assert_eq!(lead, [Level::Unspecified, Level::Lead]);
        assert_eq!(UserLevel::named("vp"), None);
    }
}
