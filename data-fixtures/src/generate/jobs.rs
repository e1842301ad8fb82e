//! Jobs and their skills.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::market::{Family, Market, market, title_case};
use super::random::{Draw, Stream, Zipf, hex};
use super::{DAY_US, Dirt, HOUR_US, Options, dirt};
use crate::tables::{JobRow, JobSkillRow, Numeric};

/// The scraper has been at work for this long before the first night.
const HISTORY_DAYS: i64 = 60;

/// What postings say of seniority.
struct Level {
    name: Option<&'static str>,
    /// In a hundred postings.
    share: u64,
    /// Salary in per cent of the family's.
    pay: i64,
    /// Years that are asked for.
    years: (i64, i64),
}

const LEVELS: [Level; 7] = [
    Level { name: Some("intern"), share: 3, pay: 25, years: (0, 1) },
    Level { name: Some("junior"), share: 16, pay: 55, years: (0, 3) },
    Level { name: Some("mid"), share: 24, pay: 100, years: (3, 6) },
    Level { name: Some("senior"), share: 15, pay: 165, years: (5, 10) },
    Level { name: Some("lead"), share: 5, pay: 240, years: (9, 16) },
    Level { name: Some("not_specified"), share: 18, pay: 90, years: (1, 8) },
    Level { name: None, share: 19, pay: 85, years: (1, 7) },
];

/// What a cleaner finds in a posting.
pub(crate) struct Cleaned {
    pub(crate) role_family: Option<String>,
    pub(crate) seniority_level: Option<String>,
    pub(crate) skills: Vec<JobSkillRow>,
}

/// Makes the jobs of one night.
pub(crate) struct JobMaker {
    seed: u64,
    night: u32,
    as_of_us: i64,
    skills_per_job: usize,
    dirt: Dirt,
    companies: Zipf,
    market: &'static Market,
}

impl JobMaker {
    /// The pool that the first night finds.
    pub(crate) fn first(options: &Options) -> Self {
        Self::of_night(options, options.jobs, 1, options.as_of_us)
    }

    /// What the scraper brings before a later night, to a pool of this many jobs.
    pub(crate) fn of_night(options: &Options, pool: usize, night: u32, as_of_us: i64) -> Self {
        Self {
            seed: options.seed,
            night,
            as_of_us,
            skills_per_job: options.skills_per_job,
            dirt: options.dirt,
            companies: Zipf::new(Market::num_companies(pool), 5),
            market: market(),
        }
    }

    /// Job number `index` of this night, and its skills.
    pub(crate) fn job(&self, index: usize) -> (JobRow, Vec<JobSkillRow>) {
        let draw = &mut Draw::new(self.seed, self.night, Stream::Jobs, index);
        let market = self.market;
        let id = draw.uuid();
        let family = market.family(draw);
        let Level { name: level, pay, years, .. } =
            LEVELS[draw.share(&LEVELS.map(|level| level.share))];
        let company = market.company(self.companies.draw(draw));

        let work_mode = match draw.share(&[15, 12, 30, 43]) {
            0 => Some("remote"),
            1 => Some("hybrid"),
            2 => Some("onsite"),
            _ => None,
        };
        let city_missing = if work_mode == Some("remote") { 600 } else { 30 };
        let city = (!draw.per_mille(city_missing)).then(|| market.city(draw).to_owned());
        let employment_type = match draw.share(&[75, 5, 8, 7, 5]) {
            _ if level == Some("intern") => Some("internship"),
            0 => Some("full_time"),
            1 => Some("part_time"),
            2 => Some("contract"),
            3 => Some("internship"),
            _ => None,
        };

        let pay = market.families[family].pay * pay / 100;
        let pay = pay * market.city_pay(city.as_deref()) / 100 * draw.between(70, 150) / 100;
        let (salary_min_lpa, salary_max_lpa) = salary(pay, draw);
        let (exp_min_years, exp_max_years) = band(years, draw);

        let age_us = if self.night == 1 {
            draw.below((HISTORY_DAYS * DAY_US) as u64) as i64
        } else {
            // Between the last night and this one's scrape, two hours before it.
            2 * HOUR_US + draw.below((20 * HOUR_US) as u64) as i64
        };
        let created_at = self.as_of_us - age_us;
        let posted_at = (!draw.per_mille(150)).then(|| {
            let posted_us = created_at - draw.between(0, 5 * DAY_US);
            // Most boards say the day only: this is what ties are made of.
            if draw.per_mille(650) { posted_us - posted_us.rem_euclid(DAY_US) } else { posted_us }
        });

        // The cleaner is behind with what came today.
        let shares = if self.night == 1 { [86, 9, 3, 2] } else { [78, 0, 20, 2] };
        let (is_active, jd_cleaned, has_family) = match draw.share(&shares) {
            // Nothing goes stale within its first two weeks.
            1 if age_us > 14 * DAY_US => (false, true, true),
            2 => (true, false, false),
            3 => (true, true, false),
            _ => (true, true, true),
        };
        let unseen_us = if is_active {
            draw.below(age_us.min(13 * DAY_US) as u64)
        } else {
            14 * DAY_US as u64 + draw.below((age_us.min(31 * DAY_US) - 14 * DAY_US) as u64)
        };

        let mut job = JobRow {
            id,
            fingerprint: String::new(),
            title: self.title(family, level, index),
            company_canonical: company.to_lowercase(),
            company: if draw.per_mille(300) { format!("{company} Pvt Ltd") } else { company },
            city_canonical: city,
            work_mode: work_mode.map(str::to_owned),
            employment_type: employment_type.map(str::to_owned),
            seniority_level: level.map(str::to_owned),
            role_family: has_family.then(|| market.families[family].name.clone()),
            salary_min_lpa,
            salary_max_lpa,
            exp_min_years,
            exp_max_years,
            posted_at,
            last_seen_at: self.as_of_us - unseen_us as i64,
            is_active,
            is_new: age_us < DAY_US || !jd_cleaned,
            jd_cleaned,
            created_at,
        };
        job.fingerprint = fingerprint(&job);
        let mut skills = if jd_cleaned { self.skills(id, family, draw) } else { Vec::new() };
        dirt::spoil_job(self.dirt, &mut job, &mut skills, draw);
        (job, skills)
    }

    /// What the cleaner finds in a posting, some nights after the scraper: number `index` of this
    /// night.
    pub(crate) fn clean(&self, index: usize, job: &JobRow) -> Cleaned {
        let draw = &mut Draw::new(self.seed, self.night, Stream::Cleaning, index);
        let titled = |family: &Family| job.title.contains(&family.title);
        let families = &self.market.families;
        let family = families.iter().position(titled).unwrap_or_else(|| self.market.family(draw));
        let mut cleaned = job.clone();
        cleaned.role_family = Some(families[family].name.clone());
        let mut skills = self.skills(job.id, family, draw);
        dirt::spoil_job(self.dirt, &mut cleaned, &mut skills, draw);
        Cleaned {
            role_family: cleaned.role_family,
            seniority_level: cleaned.seniority_level,
            skills,
        }
    }

    /// The number makes it, and with it the fingerprint, the only one.
    fn title(&self, family: usize, level: Option<&str>, index: usize) -> String {
        let title = &self.market.families[family].title;
        let level = match level {
            Some(level @ ("junior" | "senior" | "lead")) => title_case(level) + " ",
            _ => String::new(),
        };
        let role =
            if level.is_empty() && index.is_multiple_of(7) { " (Immediate Joiner)" } else { "" };
        format!("{level}{title}{role} - JR{}-{index:06}", self.night)
    }

    fn skills(&self, job_id: Uuid, family: usize, draw: &mut Draw) -> Vec<JobSkillRow> {
        if self.skills_per_job == 0 {
            return Vec::new();
        }
        let wanted = 1 + draw.below(2 * self.skills_per_job as u64 - 1) as usize;
        let mut seen = BTreeSet::new();
        self.market
            .skills(family, wanted, draw)
            .into_iter()
            .map(|skill| JobSkillRow {
                id: draw.uuid(),
                job_id,
                skill_name: self.market.spelling(skill, draw),
                skill_type: if draw.per_mille(600) { "required" } else { "nice_to_have" }
                    .to_owned(),
            })
            .filter(|row| seen.insert(row.skill_name.to_lowercase()))
            .collect()
    }
}

/// 30 % of the postings name a salary; a few of them only one end.
fn salary(pay: i64, draw: &mut Draw) -> (Option<Numeric>, Option<Numeric>) {
    let at =
        |per_cent: i64| Some(Numeric::Units((pay * per_cent / 100 / 25 * 25).clamp(25, 999_975)));
    match draw.share(&[70, 24, 3, 3]) {
        0 => (None, None),
        1 => (at(85), at(120)),
        2 => (at(90), None),
        _ => (None, at(115)),
    }
}

/// Two thirds of the postings name years; a few of them only one end.
fn band((low, high): (i64, i64), draw: &mut Draw) -> (Option<Numeric>, Option<Numeric>) {
    let half = if draw.per_mille(60) { 5 } else { 0 };
    let low = (low + draw.between(-1, 1)).max(0) * 10 + half;
    let high = ((high + draw.between(-1, 2)) * 10).max(low);
    match draw.share(&[35, 55, 7, 3]) {
        0 => (None, None),
        1 => (Some(Numeric::Units(low)), Some(Numeric::Units(high))),
        2 => (Some(Numeric::Units(low)), None),
        _ => (None, Some(Numeric::Units(high))),
    }
}

/// SHA-256 of title, company, city and employment type, as the scraper makes it.
fn fingerprint(job: &JobRow) -> String {
    let parts = [
        job.title.as_str(),
        job.company.as_str(),
        job.city_canonical.as_deref().unwrap_or_default(),
    ];
    let mut sha = Sha256::new();
    for part in parts {
        sha.update(part.trim().to_lowercase());
        sha.update([0x1F]);
    }
    sha.update(job.employment_type.as_deref().unwrap_or_default());
    hex(&sha.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_that_of_the_scraper() {
        let options = Options::default();
        let (mut job, _) = JobMaker::first(&options).job(0);
        job.title = "  Data Analyst ".to_owned();
        job.company = "Kirana Foods".to_owned();
        job.city_canonical = None;
        job.employment_type = Some("full_time".to_owned());
        // printf 'data analyst\x1fkirana foods\x1f\x1ffull_time' | sha256sum
        assert_eq!(
            fingerprint(&job),
            "219a1599577887cf4691ee8f617e72d9ab11b8609e4e8448c094207ec2ae311e"
        );
    }

    #[test]
    fn bands_are_never_crossed_without_dirt() {
        let maker = JobMaker::first(&Options::default());
        for index in 0..2000 {
            let (job, _) = maker.job(index);
            if let (Some(Numeric::Units(low)), Some(Numeric::Units(high))) =
                (job.exp_min_years, job.exp_max_years)
            {
                assert!(low <= high, "{job:?}");
            }
            assert!(job.last_seen_at >= job.created_at, "{job:?}");
        }
    }
}
