//! The users: what they want, what they have, and where their last night left them.

use super::{
    JobColumns, WorkMode,
    batch::{Batch, DoorError, text},
    numbers::{EXPECTED_SALARY, MAX_HUNDREDTHS, MAX_TENTHS, USER_EXPERIENCE, check},
    plain, without_nul,
};
use crate::{
    faults::Faults,
    ids::{CityNo, CompanyNo, Lists, RoleNo, SkillNo, UserNo, Uuid, uuid_text},
};
use arrow::{
    array::{Array, RecordBatch},
    datatypes::{Int32Type, Int64Type, TimestampMicrosecondType, UInt32Type},
};
use std::collections::BTreeMap;

use super::jobs::Level;

/// The most target roles that count for a user.
const MAX_TARGET_ROLES: usize = 5;

/// What a user pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// The best three pairs a week, without texts.
    Free,
    /// The best 25 pairs a week, with reasons, strengths and missing skills.
    Paid,
}

impl Tier {
    /// How many pairs are kept a week.
    #[must_use]
    pub const fn k(self) -> usize {
        match self {
            Tier::Free => 3,
            Tier::Paid => 25,
        }
    }

    fn named(word: &str) -> Option<Tier> {
        match word {
            "free" => Some(Tier::Free),
            "paid" | "student" | "professional" => Some(Tier::Paid),
            _ => None,
        }
    }
}

/// How senior a user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

fn push_users(
    batches: &[RecordBatch],
    jobs: &JobColumns,
    columns: &mut UserColumns,
    faults: &mut Faults,
) -> Result<(), DoorError> {
    let batches: Vec<_> = batches.iter().map(|batch| Batch::new("users", batch)).collect();
    let mut order: Vec<(Uuid, usize, usize)> = Vec::new();
    for (at, batch) in batches.iter().enumerate() {
        let ids = batch.ids("id")?;
        order.extend((0..batch.num_rows()).map(|row| (ids.get(row), at, row)));
    }
    order.sort_unstable();
    if order.len() >= u32::MAX as usize {
        return Err(DoorError::TooMany { table: "users" });
    }
    if let Some(pair) = order.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(DoorError::DuplicateId { table: "users", id: uuid_text(&pair[0].0) });
    }

    let batches = batches.into_iter().map(UserBatch::new).collect::<Result<Vec<_>, _>>()?;
    let mut unknown_tiers: BTreeMap<String, u64> = BTreeMap::new();
    for (id, at, row) in order {
        let batch = &batches[at];
        let tier = Tier::named(batch.tiers.value(row)).unwrap_or_else(|| {
            // Such as a tier that a newer release of the product brought in.
            let word: String = batch.tiers.value(row).chars().take(40).collect();
            *unknown_tiers.entry(word).or_default() += 1;
            Tier::Free
        });
        columns.id.push(id);
        columns.tier.push(tier);
        batch.push_wishes(row, &id, jobs, columns, faults);
        columns.fit_scores_stale.push(batch.fit_scores_stale.value(row));
        columns.awaits_dashboard.push(
            !batch.dashboard_ready.value(row)
                && !batch.skill_gap_stale.value(row)
                && !batch.career_intel_stale.value(row),
        );
        columns.row_version.push(batch.row_versions.value(row));
    }
    if unknown_tiers.is_empty() {
        return Ok(());
    }
    let found = unknown_tiers.iter().map(|(tier, count)| format!("`{tier}` ({count} users)"));
    Err(DoorError::UnknownTier { found: found.collect() })
}

/// The columns of a batch of users.
struct UserBatch<'a> {
    tiers: &'a arrow::array::StringArray,
    city: &'a arrow::array::StringArray,
    cities: super::batch::Texts<'a>,
    modes: super::batch::Texts<'a>,
    expected: &'a arrow::array::Int64Array,
    experience: &'a arrow::array::Int64Array,
    fit_scores_stale: &'a arrow::array::BooleanArray,
    skill_gap_stale: &'a arrow::array::BooleanArray,
    career_intel_stale: &'a arrow::array::BooleanArray,
    dashboard_ready: &'a arrow::array::BooleanArray,
    row_versions: &'a arrow::array::UInt32Array,
}

impl<'a> UserBatch<'a> {
    fn new(batch: Batch<'a>) -> Result<Self, DoorError> {
        Ok(UserBatch {
            tiers: batch.texts("tier")?,
            city: batch.nullable_texts("city_canonical")?,
            cities: batch.lists("cities_preferred")?,
            modes: batch.lists("work_modes_preferred")?,
            expected: batch.nullable_numbers::<Int64Type>("expected_salary_lpa")?,
            experience: batch.nullable_numbers::<Int64Type>("experience_years")?,
            fit_scores_stale: batch.bools("fit_scores_stale")?,
            skill_gap_stale: batch.bools("skill_gap_stale")?,
            career_intel_stale: batch.bools("career_intel_stale")?,
            dashboard_ready: batch.bools("dashboard_ready")?,
            row_versions: batch.numbers::<UInt32Type>("row_version")?,
        })
    }

    fn push_wishes(
        &self,
        row: usize,
        id: &Uuid,
        jobs: &JobColumns,
        columns: &mut UserColumns,
        faults: &mut Faults,
    ) {
        let cities: Vec<_> = text(self.city, row)
            .into_iter()
            .chain(self.cities.get(row).into_iter().flatten().flatten())
            .filter_map(plain)
            .collect();
        columns.has_city.push(!cities.is_empty());
        columns
            .cities
            .push(distinct(cities.iter().filter_map(|city| jobs.cities.get(city)).map(CityNo)));

        let mut modes = 0;
        for word in self.modes.get(row).into_iter().flatten().flatten().filter_map(plain) {
            match WorkMode::named(&word) {
                Some(mode) => modes |= mode.bit(),
                None => faults.add("work_mode_preferred_unknown", "user", id),
            }
        }
        columns.modes.push(modes);

        let number =
            |array: &arrow::array::Int64Array| array.is_valid(row).then(|| array.value(row));
        let who = ("user", id);
        let expected = check(number(self.expected), MAX_HUNDREDTHS, &EXPECTED_SALARY, faults, who);
        columns.expected_hundredths.push(expected.unwrap_or(0));
        let experience = check(number(self.experience), MAX_TENTHS, &USER_EXPERIENCE, faults, who);
        columns.experience_tenths.push(experience.map(|tenths| tenths as u16));
    }
}

/// Says who has a target role.
fn push_roles(
    batches: &[RecordBatch],
    jobs: &JobColumns,
    columns: &mut UserColumns,
    faults: &mut Faults,
) -> Result<Vec<bool>, DoorError> {
    struct Target<'a> {
        user: UserNo,
        priority: i32,
        id: Uuid,
        family: &'a str,
    }
    let mut targets = Vec::new();
    for batch in batches {
        let batch = Batch::new("user_target_roles", batch);
        let ids = batch.ids("id")?;
        let users = batch.ids("user_id")?;
        let families = batch.texts("role_family")?;
        let priorities = batch.numbers::<Int32Type>("priority")?;
        for row in 0..batch.num_rows() {
            let Some(user) = columns.number_of(&users.get(row)) else { continue };
            let family = families.value(row);
            if plain(family).is_none() {
                faults.add("target_role_blank", "user", &columns.id[user.ix()]);
                continue;
            }
            targets.push(Target {
                user,
                priority: priorities.value(row),
                id: ids.get(row),
                family,
            });
        }
    }
    targets.sort_unstable_by_key(|target| (target.user, target.priority, target.id));

    let mut has_target_role = vec![false; columns.len()];
    let mut targets = targets.as_slice();
    for user in columns.numbers() {
        let (mine, rest) = targets.split_at(targets.partition_point(|target| target.user <= user));
        targets = rest;
        has_target_role[user.ix()] = !mine.is_empty();
        if mine.len() > MAX_TARGET_ROLES {
            faults.add("target_roles_above_five", "user", &columns.id[user.ix()]);
        }
        let counted = &mine[..mine.len().min(MAX_TARGET_ROLES)];
        columns.roles.push(distinct(
            counted
                .iter()
                .filter_map(|target| jobs.roles.get(&without_nul(target.family)))
                .map(RoleNo),
        ));
    }
    Ok(has_target_role)
}

fn push_company_prefs(
    batches: &[RecordBatch],
    jobs: &JobColumns,
    columns: &mut UserColumns,
) -> Result<(), DoorError> {
    let mut prefs: Vec<(UserNo, CompanyNo, bool)> = Vec::new();
    for batch in batches {
        let batch = Batch::new("user_company_prefs", batch);
        let users = batch.ids("user_id")?;
        let companies = batch.texts("company_canonical")?;
        let kinds = batch.texts("pref_type")?;
        for row in 0..batch.num_rows() {
            let Some(user) = columns.number_of(&users.get(row)) else { continue };
            let Some(company) = jobs.companies.get(&without_nul(companies.value(row))) else {
                continue;
            };
            let blacklisted = match kinds.value(row) {
                "blacklist" => true,
                "dream" => false,
                _ => continue,
            };
            prefs.push((user, CompanyNo(company), blacklisted));
        }
    }
    prefs.sort_unstable();

    let mut prefs = prefs.as_slice();
    for user in columns.numbers() {
        let (mine, rest) = prefs.split_at(prefs.partition_point(|pref| pref.0 <= user));
        prefs = rest;
        let blacklist = distinct(mine.iter().filter(|pref| pref.2).map(|pref| pref.1));
        let dream = distinct(mine.iter().filter(|pref| !pref.2).map(|pref| pref.1));
        // Who is both is blacklisted.
        columns.dream.push(dream.into_iter().filter(|company| !blacklist.contains(company)));
        columns.blacklist.push(blacklist);
    }
    Ok(())
}

/// Says who has a primary resume that is parsed.
fn push_resumes(
    batches: &[RecordBatch],
    columns: &mut UserColumns,
) -> Result<Vec<bool>, DoorError> {
    let mut has_resume = vec![false; columns.len()];
    columns.resume_version = vec![0; columns.len()];
    for batch in batches {
        let batch = Batch::new("resumes", batch);
        let users = batch.ids("user_id")?;
        let row_versions = batch.numbers::<UInt32Type>("row_version")?;
        for row in 0..batch.num_rows() {
            let Some(user) = columns.number_of(&users.get(row)) else { continue };
            has_resume[user.ix()] = true;
            columns.resume_version[user.ix()] = row_versions.value(row);
        }
    }
    Ok(has_resume)
}

fn push_cursors(batches: &[RecordBatch], columns: &mut UserColumns) -> Result<(), DoorError> {
    columns.cursor = vec![None; columns.len()];
    for batch in batches {
        let batch = Batch::new("user_fit_score_cursors", batch);
        let users = batch.ids("user_id")?;
        let runs = batch.nullable_ids("last_scrape_run_id")?;
        let scored_at = batch.nullable_numbers::<TimestampMicrosecondType>("last_scored_at")?;
        for row in 0..batch.num_rows() {
            let Some(user) = columns.number_of(&users.get(row)) else { continue };
            columns.cursor[user.ix()] = Some(Cursor {
                last_scrape_run_id: runs.get_nullable(row),
                last_scored_at_us: scored_at.is_valid(row).then(|| scored_at.value(row)),
            });
        }
    }
    Ok(())
}

fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
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
