//! Users, their target roles, company preferences and resumes.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::market::{Market, market};
use super::random::{Draw, Stream, Zipf};
use super::resumes::{Resume, ResumeFile};
use super::{DAY_US, Dirt, Options, dirt};
use crate::tables::{CompanyPrefRow, Numeric, ResumeRow, TargetRoleRow, UserRow};

/// A user with all that hangs on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewUser {
    /// The user's row.
    pub user: UserRow,
    /// Target roles.
    pub roles: Vec<TargetRoleRow>,
    /// Dream and blacklisted companies.
    pub prefs: Vec<CompanyPrefRow>,
    /// Rows of resumes.
    pub resumes: Vec<ResumeRow>,
    /// The parsed resume in storage.
    pub file: Option<ResumeFile>,
}

/// Makes the users of one night.
pub(crate) struct UserMaker {
    seed: u64,
    night: u32,
    as_of_us: i64,
    paid_per_million: u64,
    pub(crate) dirt: Dirt,
    companies: Zipf,
    pub(crate) market: &'static Market,
}

impl UserMaker {
    pub(crate) fn first(options: &Options) -> Self {
        Self::of_night(options, options.jobs, 1, options.as_of_us)
    }

    pub(crate) fn of_night(options: &Options, pool: usize, night: u32, as_of_us: i64) -> Self {
        Self {
            seed: options.seed,
            night,
            as_of_us,
            paid_per_million: (options.paid_share.clamp(0.0, 1.0) * 1e6) as u64,
            dirt: options.dirt,
            companies: Zipf::new(Market::num_companies(pool), 5),
            market: market(),
        }
    }

    /// User number `index` of this night.
    pub(crate) fn user(&self, index: usize) -> NewUser {
        let draw = &mut Draw::new(self.seed, self.night, Stream::Users, index);
        let id = draw.uuid();
        let age_us = if self.night == 1 { draw.between(1, 400) * DAY_US } else { 0 };
        let created_at = self.as_of_us - age_us - draw.between(0, DAY_US / 2);
        let families = self.families(draw);
        let tenths = experience(draw);

        let mut new = NewUser {
            user: UserRow {
                id,
                email: format!("user-{}-{index}@example.invalid", self.night),
                full_name: format!("User {}-{index}", self.night),
                tier: self.tier(draw).to_owned(),
                city_canonical: self.city(draw),
                cities_preferred: self.cities(draw),
                work_modes_preferred: work_modes(draw),
                expected_salary_lpa: self.expected(families[0], tenths, draw),
                experience_years: draw.per_mille(900).then_some(Numeric::Units(tenths)),
                fit_scores_stale: true,
                skill_gap_stale: draw.per_mille(300),
                career_intel_stale: draw.per_mille(300),
                dashboard_ready: false,
                created_at,
                updated_at: created_at,
            },
            roles: Vec::new(),
            prefs: Vec::new(),
            resumes: Vec::new(),
            file: None,
        };
        // One in two hundred never chose a role.
        if !draw.per_mille(5) {
            new.roles = families
                .iter()
                .zip(1..)
                .map(|(family, priority)| self.role(id, *family, priority, created_at, draw))
                .collect();
        }
        new.prefs = self.prefs(id, created_at, draw);
        self.resume(&mut new, &families, tenths, draw);
        dirt::spoil_user(self.dirt, &mut new, draw);
        new
    }

    pub(crate) fn role(
        &self,
        user_id: Uuid,
        family: usize,
        priority: i32,
        created_at: i64,
        draw: &mut Draw,
    ) -> TargetRoleRow {
        let family = &self.market.families[family];
        TargetRoleRow {
            id: draw.uuid(),
            user_id,
            role_family: family.name.clone(),
            display_name: family.title.clone(),
            priority,
            created_at,
        }
    }

    fn families(&self, draw: &mut Draw) -> Vec<usize> {
        let wanted = 1 + draw.share(&[20, 60, 20]);
        let mut families = Vec::with_capacity(wanted);
        while families.len() < wanted {
            let family = self.market.family(draw);
            if !families.contains(&family) {
                families.push(family);
            }
        }
        families
    }

    pub(crate) fn tier(&self, draw: &mut Draw) -> &'static str {
        if draw.below(1_000_000) < self.paid_per_million { "paid" } else { "free" }
    }

    pub(crate) fn city(&self, draw: &mut Draw) -> Option<String> {
        draw.per_mille(850).then(|| self.market.city(draw).to_owned())
    }

    pub(crate) fn cities(&self, draw: &mut Draw) -> Vec<Option<String>> {
        let wanted = draw.share(&[30, 30, 25, 15]);
        (0..wanted).map(|_| Some(self.market.city(draw).to_owned())).collect()
    }

    /// 70 % say what they expect: somewhat more than the family pays.
    pub(crate) fn expected(&self, family: usize, tenths: i64, draw: &mut Draw) -> Option<Numeric> {
        let level = (45 + tenths * 2).min(300);
        let pay = self.market.families[family].pay * level / 100 * draw.between(80, 140) / 100;
        draw.per_mille(700).then_some(Numeric::Units((pay / 50 * 50).clamp(100, 999_950)))
    }

    pub(crate) fn company(&self, draw: &mut Draw) -> String {
        self.market.company(self.companies.draw(draw)).to_lowercase()
    }

    fn prefs(&self, user_id: Uuid, created_at: i64, draw: &mut Draw) -> Vec<CompanyPrefRow> {
        let mut rows: Vec<CompanyPrefRow> = Vec::new();
        for (pref_type, share, most) in [("dream", 150, 3), ("blacklist", 120, 2)] {
            let wanted = if draw.per_mille(share) { draw.between(1, most) } else { 0 };
            for _ in 0..wanted {
                let company_canonical = self.company(draw);
                let twice = |row: &CompanyPrefRow| {
                    row.company_canonical == company_canonical && row.pref_type == pref_type
                };
                if !rows.iter().any(twice) {
                    rows.push(CompanyPrefRow {
                        id: draw.uuid(),
                        user_id,
                        company_canonical,
                        pref_type: pref_type.to_owned(),
                        created_at,
                    });
                }
            }
        }
        rows
    }

    /// 97 % have a resume that can be read; the rest none, one that failed, or a broken file.
    fn resume(&self, new: &mut NewUser, families: &[usize], tenths: i64, draw: &mut Draw) {
        let (id, at) = (new.user.id, new.user.created_at);
        let other = families[families.len() - 1];
        let resume = Resume::new(self.market, id, families[0], other, tenths, draw);
        let json = resume.json();
        let (status, file) = match draw.share(&[970, 9, 7, 6, 3, 3, 2]) {
            0 => ("done", Some(ResumeFile::Text(json))),
            1 => return,
            2 => ("failed", None),
            3 => ("pending", None),
            4 => ("done", Some(ResumeFile::Truncated(json))),
            5 => ("done", Some(ResumeFile::Plain("The file could not be parsed.".to_owned()))),
            _ => {
                let user_id = draw.uuid().to_string();
                ("done", Some(ResumeFile::Text(Resume { user_id, ..resume }.json())))
            }
        };
        if draw.per_mille(80) {
            new.resumes.push(resume_row(id, "done", false, at, draw));
        }
        new.resumes.push(resume_row(id, status, true, at, draw));
        new.file = file;
    }
}

pub(crate) fn resume_row(
    user_id: Uuid,
    parse_status: &str,
    is_primary: bool,
    at: i64,
    draw: &mut Draw,
) -> ResumeRow {
    ResumeRow {
        id: draw.uuid(),
        user_id,
        file_hash: draw.hash(),
        parse_status: parse_status.to_owned(),
        is_primary,
        created_at: at,
        updated_at: at,
    }
}

pub(crate) fn work_modes(draw: &mut Draw) -> Vec<Option<String>> {
    let named: &[&str] = match draw.share(&[70, 10, 8, 6, 6]) {
        0 => &[],
        1 => &["remote"],
        2 => &["remote", "hybrid"],
        3 => &["hybrid", "onsite"],
        _ => &["onsite"],
    };
    named.iter().map(|mode| Some((*mode).to_owned())).collect()
}

/// Tenths of a year.
pub(crate) fn experience(draw: &mut Draw) -> i64 {
    match draw.share(&[12, 25, 31, 21, 11]) {
        0 => draw.between(0, 9),
        1 => draw.between(10, 29),
        2 => draw.between(30, 59),
        3 => draw.between(60, 99),
        _ => draw.between(100, 250),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_as_rare_in_their_kinds_as_said() {
        let options = Options { paid_share: 0.25, ..Options::default() };
        let maker = UserMaker::first(&options);
        let users: Vec<NewUser> = (0..2000).map(|index| maker.user(index)).collect();
        let share = |test: &dyn Fn(&NewUser) -> bool| {
            users.iter().filter(|new| test(new)).count() as f64 / users.len() as f64
        };
        let near = |share: f64, wanted: f64| assert!((share - wanted).abs() < 0.04, "{share}");
        near(share(&|new| new.user.tier == "paid"), 0.25);
        near(share(&|new| new.user.city_canonical.is_some()), 0.85);
        near(share(&|new| new.user.expected_salary_lpa.is_some()), 0.7);
        near(share(&|new| new.user.experience_years.is_some()), 0.9);
        near(share(&|new| new.roles.len() == 2), 0.6);
        near(share(&|new| matches!(new.file, Some(ResumeFile::Text(_)))), 0.97);
        assert!(users.iter().all(|new| new.user.fit_scores_stale));
    }
}
