//! Jobs in buckets, and the candidate ranges of a user.
//!
//! Jobs are laid out by (role family, place, level, rank), so that the jobs a user may be offered
//! are a few contiguous ranges, and everything that a score needs of a job lies in order beside
//! them. Within a range only work mode and blacklist are left to test.

use crate::{
    columns::{JobColumns, Level, UserColumns, UserLevel, WorkMode},
    ids::{CityNo, CompanyNo, JobNo, Lists, RoleNo, SkillNo, UserNo},
    model::ModelOnJobs,
};
use std::ops::Range;

/// Where a job is offered: everywhere, in a city, or only to users who named no city.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Remote,
    Nowhere,
    City(CityNo),
}

/// The jobs of a role family in one place, by level.
#[derive(Clone, Debug)]
struct Bucket {
    place: Place,
    /// Where each level begins, and where the last one ends.
    level_starts: [u32; Level::ALL.len() + 1],
}

/// Where a skill is listed by jobs of one role family.
#[derive(Clone, Copy, Debug, Default)]
struct SkillPostings {
    role: u32,
    start: u32,
    end: u32,
}

/// An upper end that no experience is below: stands for an unknown band, where it gives every
/// known experience the 5 000 bp of an unknown one.
const UNKNOWN_HI: i32 = i32::MIN / 2;

/// A selection of jobs, laid out for scanning. A position is an index into every column.
#[derive(Debug)]
pub struct JobIndex {
    pub(crate) job: Vec<JobNo>,
    pub(crate) company: Vec<CompanyNo>,
    /// [`WorkMode::bit`].
    pub(crate) mode: Vec<u8>,
    /// 10 000 · skills weight / (total weight + 8): a matched unit's share of the weighted sum;
    /// 0 where the job lists no skill.
    pub(crate) skill_share: Vec<f32>,
    /// The part of the weighted sum that no user changes: demand, and skills where the job lists
    /// none.
    pub(crate) fixed: Vec<f32>,
    /// Offer in hundredths of an LPA, negative where unknown.
    pub(crate) offer: Vec<f32>,
    pub(crate) lo_tenths: Vec<i32>,
    pub(crate) hi_tenths: Vec<i32>,
    /// Per [`RoleNo`], by place.
    buckets: Vec<Vec<Bucket>>,
    /// Per [`RoleNo`], the positions of all its jobs.
    role_ranges: Vec<Range<u32>>,
    /// Per [`SkillNo`], by role.
    skill_postings: Lists<SkillPostings>,
    posting_positions: Vec<u32>,
    posting_weights: Vec<u8>,
    /// Per [`CompanyNo`], the positions of its jobs.
    company_positions: Lists<u32>,
}

impl JobIndex {
    /// Lays out some of the jobs.
    #[must_use]
    pub fn new(
        jobs: &JobColumns,
        model: &ModelOnJobs,
        selected: impl Iterator<Item = JobNo>,
    ) -> Self {
        let mut job: Vec<JobNo> = selected.collect();
        job.sort_unstable_by_key(|&job| {
            let j = job.ix();
            (jobs.role[j], place(jobs, job), jobs.level[j], jobs.rank[j])
        });

        let weights = model.weights;
        let skills_weight = weights.skills as f32;
        let share = |job: &JobNo| match model.total_weight[job.ix()] {
            0 => 0.0,
            total => skills_weight * 10_000.0 / (total as f32 + 8.0),
        };
        let fixed = |job: &JobNo| {
            let demand = weights.demand as f32 * f32::from(model.demand_bp[job.ix()]);
            let no_skills = model.total_weight[job.ix()] == 0;
            demand + if no_skills { skills_weight * 5_000.0 } else { 0.0 }
        };
        let (buckets, role_ranges) = buckets(jobs, &job);
        let (skill_postings, posting_positions, posting_weights) = postings(jobs, model, &job);
        let by_company: Vec<(u32, u32)> = job
            .iter()
            .enumerate()
            .map(|(position, job)| (jobs.company[job.ix()].0, position as u32))
            .collect();
        JobIndex {
            company: job.iter().map(|job| jobs.company[job.ix()]).collect(),
            mode: job.iter().map(|job| jobs.mode[job.ix()].bit()).collect(),
            skill_share: job.iter().map(share).collect(),
            fixed: job.iter().map(fixed).collect(),
            offer: job
                .iter()
                .map(|job| model.offer_hundredths[job.ix()].map_or(-1.0, |offer| offer as f32))
                .collect(),
            lo_tenths: job
                .iter()
                .map(|job| jobs.band[job.ix()].map_or(0, |band| i32::from(band.lo_tenths)))
                .collect(),
            hi_tenths: job
                .iter()
                .map(|job| jobs.band[job.ix()].map_or(UNKNOWN_HI, |band| i32::from(band.hi_tenths)))
                .collect(),
            buckets,
            role_ranges,
            skill_postings,
            posting_positions,
            posting_weights,
            company_positions: Lists::group(jobs.companies.len(), &by_company),
            job,
        }
    }

    /// How many jobs are laid out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.job.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.job.is_empty()
    }

    /// The positions of a role family's jobs.
    pub(crate) fn role_range(&self, role: RoleNo) -> Range<usize> {
        let range = &self.role_ranges[role.ix()];
        range.start as usize..range.end as usize
    }

    /// Appends the ranges of positions that pass role, seniority and place for a user; they do not
    /// overlap.
    pub(crate) fn candidate_ranges(
        &self,
        users: &UserColumns,
        user: UserNo,
        ranges: &mut Vec<Range<usize>>,
    ) {
        let user = user.ix();
        let suits = UserLevel::suits(users.level[user]);
        let mut add = |bucket: &Bucket| {
            for level in Level::ALL {
                if suits & level.bit() == 0 {
                    continue;
                }
                let [start, end] =
                    [level as usize, level as usize + 1].map(|at| bucket.level_starts[at] as usize);
                match ranges.last_mut() {
                    _ if start == end => {}
                    Some(last) if last.end == start => last.end = end,
                    _ => ranges.push(start..end),
                }
            }
        };
        for role in users.roles.row(user) {
            let buckets = &self.buckets[role.ix()];
            if !users.has_city[user] {
                buckets.iter().for_each(&mut add);
                continue;
            }
            let cities = users.cities.row(user).iter().map(|city| Place::City(*city));
            for place in std::iter::once(Place::Remote).chain(cities) {
                if let Ok(at) = buckets.binary_search_by_key(&place, |bucket| bucket.place) {
                    add(&buckets[at]);
                }
            }
        }
    }

    /// Adds the weights of the user's skills to the jobs that list them, in the role families
    /// that `wants` marks.
    pub(crate) fn add_matched(&self, skills: &[SkillNo], wants: &[bool], matched: &mut [u32]) {
        for skill in skills {
            for postings in self.skill_postings.row(skill.ix()) {
                if !wants[postings.role as usize] {
                    continue;
                }
                let range = postings.start as usize..postings.end as usize;
                let weights = &self.posting_weights[range.clone()];
                for (position, weight) in self.posting_positions[range].iter().zip(weights) {
                    matched[*position as usize] += u32::from(*weight);
                }
            }
        }
    }

    /// The positions of a company's jobs, ascending.
    pub(crate) fn company_positions(&self, company: CompanyNo) -> &[u32] {
        self.company_positions.row(company.ix())
    }
}

fn place(jobs: &JobColumns, job: JobNo) -> Place {
    match (jobs.mode[job.ix()], jobs.city[job.ix()]) {
        (WorkMode::Remote, _) => Place::Remote,
        (_, Some(city)) => Place::City(city),
        (_, None) => Place::Nowhere,
    }
}

/// The buckets and the whole range of each role family, of jobs in bucket order.
fn buckets(jobs: &JobColumns, order: &[JobNo]) -> (Vec<Vec<Bucket>>, Vec<Range<u32>>) {
    let mut buckets: Vec<Vec<Bucket>> = vec![Vec::new(); jobs.roles.len()];
    let mut role_ranges = vec![0..0; jobs.roles.len()];
    let mut start = 0_u32;
    for group in order.chunk_by(|a, b| jobs.role[a.ix()] == jobs.role[b.ix()]) {
        let role = jobs.role[group[0].ix()].ix();
        role_ranges[role] = start..start + group.len() as u32;
        for bucket in group.chunk_by(|a, b| place(jobs, *a) == place(jobs, *b)) {
            let mut level_starts = [start; Level::ALL.len() + 1];
            for level in Level::ALL {
                let at = level as usize;
                let num_jobs = bucket.iter().filter(|job| jobs.level[job.ix()] == level).count();
                level_starts[at + 1] = level_starts[at] + num_jobs as u32;
            }
            start += bucket.len() as u32;
            buckets[role].push(Bucket { place: place(jobs, bucket[0]), level_starts });
        }
    }
    (buckets, role_ranges)
}

/// The postings of every skill, split by role family: per skill its role families, and positions
/// and weights that they point into.
fn postings(
    jobs: &JobColumns,
    model: &ModelOnJobs,
    order: &[JobNo],
) -> (Lists<SkillPostings>, Vec<u32>, Vec<u8>) {
    let mut listed: Vec<(u32, (u32, u8))> = Vec::new();
    for (position, job) in order.iter().enumerate() {
        for skill in jobs.skills.row(job.ix()) {
            // At most 8 · 2: fits a byte.
            let weight = model.weight(*skill) as u8;
            listed.push((skill.skill().0, (position as u32, weight)));
        }
    }
    let by_skill = Lists::group(jobs.skill_names.len(), &listed);
    drop(listed);

    // Positions ascend within a skill, and role families are contiguous in them.
    let role_of = |position: u32| jobs.role[order[position as usize].ix()].0;
    let mut postings = Lists::default();
    let mut start = 0_u32;
    for skill in 0..by_skill.num_rows() {
        let by_role = by_skill.row(skill).chunk_by(|a, b| role_of(a.0) == role_of(b.0));
        postings.push(by_role.map(|group| {
            let end = start + group.len() as u32;
            let entry = SkillPostings { role: role_of(group[0].0), start, end };
            start = end;
            entry
        }));
    }
    let (positions, weights) = by_skill.values().iter().copied().unzip();
    (postings, positions, weights)
}
