//! Makes what happens between two nights.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use super::change::{Change, Profile, Upload};
use crate::generate::dirt::{odd_city, odd_number};
use crate::generate::jobs::JobMaker;
use crate::generate::random::{Draw, Stream};
use crate::generate::resumes::{Resume, ResumeFile};
use crate::generate::users::{UserMaker, experience, resume_row, work_modes};
use crate::generate::{DAY_US, Dirt, HOUR_US, Options};
use crate::tables::{CompanyPrefRow, JobRow, Numeric, Tables, UserRow};

/// What happened before a night, and when the night is.
#[derive(Clone, Debug, PartialEq)]
pub struct Night {
    /// The first night, which nothing precedes, is 1.
    pub night: u32,
    /// The night's instant, in microseconds since the Unix epoch.
    pub as_of_us: i64,
    /// What happened, in order.
    pub changes: Vec<Change>,
}

/// How much happens.
#[derive(Clone, Debug)]
pub struct NightOptions {
    /// Seed, first instant, dirt and shares, as the tables were made with.
    pub base: Options,
    /// New jobs, in thousandths of the pool; at least one.
    pub new_jobs_per_mille: usize,
    /// Active jobs that go stale; three times as many of those that are likely stored.
    pub stale_jobs_per_mille: u64,
    /// Users who change something; at least one.
    pub changed_users_per_mille: u64,
    /// New users, in thousandths; at least one.
    pub new_users_per_mille: usize,
}

impl NightOptions {
    /// The usual pace: 4 % of new jobs, 1 % of changing users.
    #[must_use]
    pub fn new(base: Options) -> Self {
        Self {
            base,
            new_jobs_per_mille: 40,
            stale_jobs_per_mille: 10,
            changed_users_per_mille: 10,
            new_users_per_mille: 2,
        }
    }
}

/// What happens before night number `night` (2 or later) to the tables as they are after the
/// night before: the same tables and options give the same changes.
#[must_use]
pub fn night(tables: &Tables, night: u32, options: &NightOptions) -> Night {
    let base = &options.base;
    let as_of_us = instant(base.as_of_us, night);
    let mut plan = Plan {
        tables,
        options,
        night,
        as_of_us,
        scrape_us: as_of_us - 3 * HOUR_US,
        changes: vec![],
    };
    plan.scrape_begins();
    plan.pool();
    plan.new_jobs();
    plan.scrape_ends();
    plan.users();
    plan.new_users();
    Night { night, as_of_us, changes: plan.changes }
}

/// Nights are at 17:00 UTC, half past ten in India, a day apart.
fn instant(first_us: i64, night: u32) -> i64 {
    if night <= 1 {
        return first_us;
    }
    first_us - first_us.rem_euclid(DAY_US) + i64::from(night - 1) * DAY_US + 17 * HOUR_US
}

struct Plan<'a> {
    tables: &'a Tables,
    options: &'a NightOptions,
    night: u32,
    as_of_us: i64,
    scrape_us: i64,
    changes: Vec<Change>,
}

impl Plan<'_> {
    fn draw(&self, stream: Stream, index: usize) -> Draw {
        Draw::new(self.options.base.seed, self.night, stream, index)
    }

    fn scrape_begins(&mut self) {
        let id = self.draw(Stream::Runs, 0).uuid();
        self.changes.push(Change::StartScrape { id, started_at: self.as_of_us - 4 * HOUR_US });
        // One in three nights a second scrape is still going on when the night begins.
        if self.night.is_multiple_of(3) {
            let id = self.draw(Stream::Runs, 1).uuid();
            self.changes.push(Change::StartScrape { id, started_at: self.as_of_us - HOUR_US });
        }
    }

    fn scrape_ends(&mut self) {
        let id = self.draw(Stream::Runs, 0).uuid();
        self.changes.push(Change::CompleteScrape { id, completed_at: self.as_of_us - 2 * HOUR_US });
        // The second scrape of the night before has ended meanwhile.
        let open = self.tables.scrape_runs.iter().filter(|run| run.completed_at.is_none());
        for run in open.filter(|run| run.started_at == self.as_of_us - 25 * HOUR_US) {
            let completed_at = run.started_at + 2 * HOUR_US;
            self.changes.push(Change::CompleteScrape { id: run.id, completed_at });
        }
    }

    /// What becomes of the jobs that are known.
    fn pool(&mut self) {
        let maker = self.job_maker();
        let stored: BTreeSet<Uuid> =
            self.tables.job_fit_scores.iter().map(|row| row.job_id).collect();
        let (mut dead, mut stale, mut seen) = (Vec::new(), Vec::new(), Vec::new());
        let mut cleaned = Vec::new();
        for (index, job) in self.tables.jobs.iter().enumerate() {
            let draw = &mut self.draw(Stream::JobChanges, index);
            let unseen_us = self.as_of_us - job.last_seen_at;
            if !job.is_active {
                if unseen_us > 30 * DAY_US {
                    dead.push(job.id);
                }
                continue;
            }
            let likely = if stored.is_empty() { popular(job) } else { stored.contains(&job.id) };
            let rate = self.options.stale_jobs_per_mille * if likely { 3 } else { 1 };
            if draw.per_mille(rate) || unseen_us > 14 * DAY_US {
                stale.push(job.id);
                continue;
            }
            if draw.per_mille(if unseen_us > 10 * DAY_US { 850 } else { 100 }) {
                seen.push(job.id);
            }
            if !job.jd_cleaned && draw.per_mille(500) {
                let found = maker.clean(index, job);
                cleaned.push(Change::CleanJob {
                    id: job.id,
                    role_family: found.role_family,
                    seniority_level: found.seniority_level,
                    skills: found.skills,
                });
            }
        }
        self.changes.push(Change::SeeJobs { ids: seen, at: self.scrape_us });
        self.changes.push(Change::StaleJobs { ids: stale });
        self.changes.push(Change::DeleteJobs { ids: dead });
        self.changes.extend(cleaned);
    }

    fn job_maker(&self) -> JobMaker {
        let base = &self.options.base;
        JobMaker::of_night(base, base.jobs, self.night, self.as_of_us)
    }

    fn new_jobs(&mut self) {
        let maker = self.job_maker();
        let wanted = (self.tables.jobs.len() * self.options.new_jobs_per_mille / 1000).max(1);
        for index in 0..wanted {
            let (job, skills) = maker.job(index);
            self.changes.push(Change::InsertJob { job: Box::new(job), skills });
        }
    }

    fn users(&mut self) {
        let base = &self.options.base;
        let maker = UserMaker::of_night(base, base.jobs, self.night, self.as_of_us);
        let known = Known::of(self.tables);
        let users = &self.tables.users;
        for (index, user) in users.iter().enumerate() {
            let draw = &mut self.draw(Stream::UserChanges, index);
            // In a small set of users one must change all the same.
            let turn = self.night as usize % users.len() == index;
            if draw.per_mille(self.options.changed_users_per_mille) || turn {
                self.changes.extend(change_user(&maker, &known, user, self.as_of_us, draw));
            }
        }
    }

    fn new_users(&mut self) {
        let base = &self.options.base;
        let maker = UserMaker::of_night(base, base.jobs, self.night, self.as_of_us);
        let wanted = (self.tables.users.len() * self.options.new_users_per_mille / 1000).max(1);
        self.changes.extend((0..wanted).map(|i| Change::InsertUser(Box::new(maker.user(i)))));
    }
}

/// Where nothing is stored yet: the jobs of the largest markets, which many users are shown.
fn popular(job: &JobRow) -> bool {
    let large = ["backend_engineer", "sales_executive", "frontend_engineer"];
    let family = job.role_family.as_deref().unwrap_or_default();
    let city = job.city_canonical.as_deref().unwrap_or_default();
    large.contains(&family) && ["bangalore", "hyderabad", "mumbai"].contains(&city)
}

/// What the tables say about users, by user.
struct Known<'a> {
    roles: HashMap<Uuid, Vec<&'a str>>,
    prefs: HashMap<Uuid, Vec<(&'a str, &'a str)>>,
    /// The company of a job that is stored for the user.
    stored: BTreeMap<Uuid, &'a str>,
}

impl<'a> Known<'a> {
    fn of(tables: &'a Tables) -> Self {
        let mut roles: HashMap<Uuid, Vec<&str>> = HashMap::new();
        for row in &tables.user_target_roles {
            roles.entry(row.user_id).or_default().push(&row.role_family);
        }
        let mut prefs: HashMap<Uuid, Vec<_>> = HashMap::new();
        for row in &tables.user_company_prefs {
            let pref = (row.company_canonical.as_str(), row.pref_type.as_str());
            prefs.entry(row.user_id).or_default().push(pref);
        }
        let companies: HashMap<Uuid, &str> =
            tables.jobs.iter().map(|job| (job.id, job.company_canonical.as_str())).collect();
        let mut stored = BTreeMap::new();
        for row in &tables.job_fit_scores {
            if let Some(company) = companies.get(&row.job_id) {
                stored.entry(row.user_id).or_insert(*company);
            }
        }
        Self { roles, prefs, stored }
    }
}

/// What one user does; nothing where it cannot be done.
fn change_user(
    maker: &UserMaker,
    known: &Known<'_>,
    user: &UserRow,
    as_of_us: i64,
    draw: &mut Draw,
) -> Option<Change> {
    let user_id = user.id;
    let at = as_of_us - draw.between(HOUR_US, 20 * HOUR_US);
    let roles = known.roles.get(&user_id).map_or(&[][..], Vec::as_slice);
    let family_of = |name: &str| maker.market.families.iter().position(|f| f.name == name);
    let family = roles.first().and_then(|name| family_of(name));
    match draw.share(&[35, 15, 10, 8, 12, 15, 5]) {
        0 => {
            let mut profile = Profile::of(user);
            for _ in 0..=draw.below(2) {
                edit(&mut profile, maker, family.unwrap_or(0), draw);
            }
            Some(Change::EditProfile { user_id, profile, at })
        }
        1 => {
            let family = family.unwrap_or_else(|| maker.market.family(draw));
            let json = Resume::new(maker.market, user_id, family, family, experience(draw), draw);
            let (json, broken) = (json.json(), draw.per_mille(100));
            let file = if broken { ResumeFile::Truncated(json) } else { ResumeFile::Text(json) };
            let resume = resume_row(user_id, "done", true, at, draw);
            Some(Change::UploadResume { upload: Upload { resume, file }, at })
        }
        2 => {
            let family = maker.market.family(draw);
            let name = maker.market.families[family].name.as_str();
            let possible = roles.len() < 5 && !roles.contains(&name);
            let priority = roles.len() as i32 + 1;
            possible
                .then(|| Change::AddRole { role: maker.role(user_id, family, priority, at, draw) })
        }
        3 => (!roles.is_empty()).then(|| {
            let role_family = draw.pick(roles).to_owned();
            Change::RemoveRole { user_id, role_family, at }
        }),
        4 => {
            let kind = draw.pick(&["dream", "blacklist"]);
            prefer(maker, known, user_id, kind, at, draw)
        }
        // Without the flag only a blacklisting: it takes stored pairs away and adds none unseen.
        5 => match prefer(maker, known, user_id, "blacklist", at, draw)? {
            Change::PreferCompany { pref, .. } => {
                Some(Change::PreferCompany { pref, marks_stale: false })
            }
            change => Some(change),
        },
        _ => Some(Change::DeleteUser { id: user_id }),
    }
}

fn edit(profile: &mut Profile, maker: &UserMaker, family: usize, draw: &mut Draw) {
    let tenths = match profile.experience_years {
        Some(Numeric::Units(tenths @ 0..=990)) => tenths,
        _ => experience(draw),
    };
    let odd = maker.dirt > Dirt::None && draw.per_mille(100);
    match draw.below(6) {
        0 if odd => {
            profile.city_canonical = Some(odd_city(profile.city_canonical.take(), draw));
        }
        0 => profile.city_canonical = maker.city(draw),
        1 => profile.cities_preferred = maker.cities(draw),
        2 => profile.work_modes_preferred = work_modes(draw),
        3 if odd => profile.expected_salary_lpa = Some(odd_number(draw)),
        3 => profile.expected_salary_lpa = maker.expected(family, tenths, draw),
        4 if odd => profile.experience_years = Some(odd_number(draw)),
        4 => profile.experience_years = Some(Numeric::Units((tenths + 5).min(9_990))),
        _ => maker.tier(draw).clone_into(&mut profile.tier),
    }
}

/// Often the company of a stored job: that is where people find the ones they do not want.
fn prefer(
    maker: &UserMaker,
    known: &Known<'_>,
    user_id: Uuid,
    kind: &str,
    at: i64,
    draw: &mut Draw,
) -> Option<Change> {
    let stored = known
        .stored
        .get(&user_id)
        .filter(|company| !company.contains('\0') && company.to_lowercase() == **company);
    let company = match stored {
        Some(company) if draw.per_mille(700) => (*company).to_owned(),
        _ => maker.company(draw),
    };
    let prefs = known.prefs.get(&user_id).map_or(&[][..], Vec::as_slice);
    let pref = CompanyPrefRow {
        id: draw.uuid(),
        user_id,
        company_canonical: company,
        pref_type: kind.to_owned(),
        created_at: at,
    };
    let twice = prefs.contains(&(pref.company_canonical.as_str(), kind));
    (!twice).then_some(Change::PreferCompany { pref, marks_stale: true })
}

#[cfg(test)]
mod tests {
    use super::super::apply_to_tables;
    use super::*;
    use crate::generate::{DEFAULT_AS_OF_US, generate};

    fn options() -> NightOptions {
        let base = Options { jobs: 1500, users: 400, ..Options::default() };
        NightOptions { changed_users_per_mille: 200, ..NightOptions::new(base) }
    }

    #[test]
    fn nights_follow_each_other_at_half_past_ten_in_india() {
        assert_eq!(instant(DEFAULT_AS_OF_US, 1), DEFAULT_AS_OF_US);
        assert_eq!(instant(DEFAULT_AS_OF_US, 2), DEFAULT_AS_OF_US + DAY_US);
        assert_eq!(instant(DEFAULT_AS_OF_US - HOUR_US, 3), DEFAULT_AS_OF_US + 2 * DAY_US);
    }

    #[test]
    fn the_same_tables_have_the_same_night() {
        let (options, tables) = (options(), generate(&options().base));
        assert_eq!(night(&tables, 2, &options), night(&tables, 2, &options));
        assert_ne!(night(&tables, 2, &options).changes, night(&tables, 3, &options).changes);
    }

    #[test]
    fn ten_nights_bring_every_kind_of_change_and_keep_keys_unique() {
        let options = options();
        let mut tables = generate(&options.base);
        let mut kinds = BTreeSet::new();
        for number in 2..=10 {
            let night = night(&tables, number, &options);
            for change in &night.changes {
                let json = serde_json::to_value(change).unwrap();
                kinds.insert(json["change"].as_str().unwrap().to_owned());
                if let Change::PreferCompany { marks_stale: false, pref } = change {
                    assert_eq!(pref.pref_type, "blacklist");
                    kinds.insert("unmarked blacklisting".to_owned());
                }
            }
            apply_to_tables(&mut tables, &night.changes);
            let mut ids: Vec<Uuid> = tables.jobs.iter().map(|job| job.id).collect();
            ids.extend(tables.job_skills.iter().map(|row| row.id));
            ids.extend(tables.users.iter().map(|row| row.id));
            ids.extend(tables.user_target_roles.iter().map(|row| row.id));
            ids.extend(tables.resumes.iter().map(|row| row.id));
            let rows = ids.len();
            let different: BTreeSet<Uuid> = ids.into_iter().collect();
            assert_eq!(different.len(), rows, "night {number}");
            let primary: Vec<_> = tables.resumes.iter().filter(|row| row.is_primary).collect();
            let users: BTreeSet<_> = primary.iter().map(|row| row.user_id).collect();
            assert_eq!(users.len(), primary.len(), "one primary resume a user");
            let prints: BTreeSet<_> = tables.jobs.iter().map(|job| &job.fingerprint).collect();
            assert_eq!(prints.len(), tables.jobs.len());
        }
        assert_eq!(kinds.len(), 15, "{kinds:?}");
    }

    #[test]
    fn a_late_cleaned_job_was_new_all_along() {
        let options = options();
        let mut tables = generate(&options.base);
        let changes = night(&tables, 2, &options).changes;
        let cleaned: Vec<Uuid> = changes
            .iter()
            .filter_map(|change| match change {
                Change::CleanJob { id, .. } => Some(*id),
                _ => None,
            })
            .collect();
        assert!(!cleaned.is_empty());
        apply_to_tables(&mut tables, &changes);
        for job in tables.jobs.iter().filter(|job| cleaned.contains(&job.id)) {
            assert!(job.is_new && job.jd_cleaned && job.role_family.is_some(), "{job:?}");
        }
    }
}
