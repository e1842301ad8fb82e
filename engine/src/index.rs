//! Jobs in buckets, and the candidate ranges of a user.
//!
//! Jobs are laid out by (role family, place, level, work mode, rank), so that the jobs a user may
//! be offered are a few contiguous ranges, and everything that a score needs of a job lies in
//! order beside them. Within a range only the blacklist is left to test.

mod lane_columns;
mod skill_codes;

pub(crate) use lane_columns::{
    GROUP_BLOCKS, GROUP_LANES, HALF_BP, LANES, LaneBlock, MAX_MATCHED, TENTHS_OFFSET, factor_bits,
    weighted,
};
pub(crate) use skill_codes::{CODE_BITS, CodeGroup, SkillCodes, Stored};

use crate::{
    columns::{JobColumns, Level, UserColumns, UserLevel, WorkMode},
    ids::{CityNo, CompanyNo, JobNo, RoleNo, UserNo},
    model::{JobTerms, ModelOnJobs},
};
use foldhash::fast::FixedState;
use std::{collections::HashMap, ops::Range};

/// Where a job is offered: everywhere, in a city, or only to users who named no city.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Place {
    Remote,
    Nowhere,
    City(CityNo),
}

/// Parts of a bucket: one for each level and work mode.
const NUM_PARTS: usize = Level::ALL.len() * WorkMode::ALL.len();

/// The jobs of a role family in one place, by level and work mode.
#[derive(Clone, Debug)]
struct Bucket {
    place: Place,
    /// Where each part begins, and where the last one ends.
    starts: [u32; NUM_PARTS + 1],
}

/// Positions that pass role, seniority, place and work mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidates {
    /// Which of the user's target roles.
    pub(crate) role_at: usize,
    pub(crate) positions: Range<usize>,
}

/// What an exact score needs of a job, side by side.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ExactJob {
    pub(crate) job: JobNo,
    pub(crate) rank: u32,
    pub(crate) terms: JobTerms,
}

/// A selection of jobs, laid out for scanning.
///
/// A *position* is a lane of a block: block `position / LANES`, lane `position % LANES`. Every role
/// family begins with a group of blocks of its own, so that the last lanes of a family may be empty.
#[derive(Debug)]
pub struct JobIndex {
    num_jobs: usize,
    /// Per position.
    pub(crate) exact: Vec<ExactJob>,
    /// Per group of blocks.
    pub(crate) lanes: Vec<[LaneBlock; GROUP_BLOCKS]>,
    /// By how much a bound may exceed the truth, in half bp, where its block says it is tight.
    pub(crate) looseness: u16,
    pub(crate) skills: SkillCodes,
    /// Per [`RoleNo`], by place.
    buckets: Vec<Vec<Bucket>>,
    /// Per [`RoleNo`], the first group of blocks.
    pub(crate) first_group: Vec<u32>,
    bucket_at: HashMap<(RoleNo, Place), u32, FixedState>,
    /// Per [`RoleNo`], where in `company_positions` a company's jobs are.
    company_jobs: Vec<HashMap<CompanyNo, Range<u32>, FixedState>>,
    company_positions: Vec<u32>,
}

/// The order of the jobs.
struct Layout(Vec<JobNo>);

impl Layout {
    fn new(jobs: &JobColumns, selected: impl Iterator<Item = JobNo>) -> Self {
        let mut order: Vec<JobNo> = selected.collect();
        order.sort_unstable_by_key(|&job| {
            let j = job.ix();
            (jobs.role[j], place(jobs, job), jobs.level[j], jobs.mode[j], jobs.rank[j])
        });
        Layout(order)
    }

    /// The role families, each with its first position and its jobs.
    fn roles(&self, jobs: &JobColumns) -> impl Iterator<Item = (RoleNo, usize, &[JobNo])> {
        let mut next_position = 0;
        self.0.chunk_by(|a, b| jobs.role[a.ix()] == jobs.role[b.ix()]).map(move |of_role| {
            let first_position = next_position;
            next_position += of_role.len().next_multiple_of(GROUP_LANES);
            (jobs.role[of_role[0].ix()], first_position, of_role)
        })
    }

    /// All jobs with their positions.
    fn positions(&self, jobs: &JobColumns) -> impl Iterator<Item = (usize, JobNo)> {
        self.roles(jobs).flat_map(|(_, first, of_role)| (first..).zip(of_role.iter().copied()))
    }
}

impl JobIndex {
    /// Lays out some of the jobs.
    #[must_use]
    pub fn new(
        jobs: &JobColumns,
        model: &ModelOnJobs,
        selected: impl Iterator<Item = JobNo>,
    ) -> Self {
        let layout = Layout::new(jobs, selected);
        let room = layout.positions(jobs).last().map_or(0, |(last, _)| last + 1);
        let num_groups = room.div_ceil(GROUP_LANES);
        let mut exact = vec![ExactJob::default(); num_groups * GROUP_LANES];
        let mut lanes = vec![[LaneBlock::EMPTY; GROUP_BLOCKS]; num_groups];
        let mut looseness = 0;
        let mut by_company: Vec<(RoleNo, CompanyNo, u32)> = Vec::with_capacity(layout.0.len());
        for (position, job) in layout.positions(jobs) {
            let terms = *model.terms(job);
            let block = &mut lanes.as_flattened_mut()[position / LANES];
            let tight = block.set(position % LANES, &terms, model.weights);
            looseness = looseness.max(tight.unwrap_or(0));
            exact[position] = ExactJob { job, rank: jobs.rank[job.ix()], terms };
            by_company.push((jobs.role[job.ix()], jobs.company[job.ix()], position as u32));
        }
        by_company.sort_unstable();
        let mut company_jobs = vec![HashMap::default(); jobs.roles.len()];
        let mut end = 0;
        for group in by_company.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let start = end;
            end += group.len() as u32;
            company_jobs[group[0].0.ix()].insert(group[0].1, start..end);
        }

        let buckets = buckets(jobs, &layout);
        let mut bucket_at = HashMap::default();
        for (role, of_role) in (0..).map(RoleNo).zip(&buckets) {
            for (at, bucket) in (0..).zip(of_role) {
                bucket_at.insert((role, bucket.place), at);
            }
        }
        let mut first_group = vec![0; jobs.roles.len()];
        for (role, first_position, _) in layout.roles(jobs) {
            first_group[role.ix()] = (first_position / GROUP_LANES) as u32;
        }
        JobIndex {
            num_jobs: layout.0.len(),
            exact,
            lanes,
            looseness,
            skills: SkillCodes::new(jobs, &layout),
            buckets,
            first_group,
            bucket_at,
            company_jobs,
            company_positions: by_company.into_iter().map(|(.., position)| position).collect(),
        }
    }

    /// How many jobs are laid out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.num_jobs
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.num_jobs == 0
    }

    /// Appends the positions that a user may be offered, but for the blacklist; the ranges do not
    /// overlap, and those of a role are together.
    pub(crate) fn candidates(
        &self,
        users: &UserColumns,
        user: UserNo,
        candidates: &mut Vec<Candidates>,
    ) {
        let user = user.ix();
        let levels = UserLevel::suits(users.level[user]);
        let modes = match users.modes[user] {
            0 => u8::MAX,
            named => named | WorkMode::Unknown.bit(),
        };
        let parts = parts(levels, modes);
        for (role_at, role) in users.roles.row(user).iter().enumerate() {
            let buckets = &self.buckets[role.ix()];
            let mut add = |bucket: &Bucket| {
                for part in parts.clone() {
                    let positions =
                        bucket.starts[part.start] as usize..bucket.starts[part.end] as usize;
                    match candidates.last_mut() {
                        _ if positions.is_empty() => {}
                        Some(last)
                            if last.positions.end == positions.start && last.role_at == role_at =>
                        {
                            last.positions.end = positions.end;
                        }
                        _ => candidates.push(Candidates { role_at, positions }),
                    }
                }
            };
            if !users.has_city[user] {
                buckets.iter().for_each(&mut add);
                continue;
            }
            let cities = users.cities.row(user).iter().map(|city| Place::City(*city));
            for place in std::iter::once(Place::Remote).chain(cities) {
                if let Some(at) = self.bucket_at.get(&(*role, place)) {
                    add(&buckets[*at as usize]);
                }
            }
        }
    }

    /// The positions of a company's jobs of a role family, ascending.
    pub(crate) fn company_positions(&self, company: CompanyNo, role: RoleNo) -> &[u32] {
        let range = self.company_jobs[role.ix()].get(&company).cloned().unwrap_or_default();
        &self.company_positions[range.start as usize..range.end as usize]
    }
}

/// The parts of a bucket that hold these levels and work modes, as few ranges as there can be.
fn parts(levels: u8, modes: u8) -> impl Iterator<Item = Range<usize>> + Clone {
    /// The most ranges that a set of parts falls into.
    const MAX: usize = NUM_PARTS.div_ceil(2);
    let mut ranges = [const { 0..0 }; MAX];
    let mut num_ranges = 0;
    for part in 0..NUM_PARTS {
        let (level, mode) = (part / WorkMode::ALL.len(), part % WorkMode::ALL.len());
        if levels >> level & 1 == 0 || modes >> mode & 1 == 0 {
            continue;
        }
        if num_ranges > 0 && ranges[num_ranges - 1].end == part {
            ranges[num_ranges - 1].end += 1;
        } else {
            ranges[num_ranges] = part..part + 1;
            num_ranges += 1;
        }
    }
    ranges.into_iter().take(num_ranges)
}

fn place(jobs: &JobColumns, job: JobNo) -> Place {
    match (jobs.mode[job.ix()], jobs.city[job.ix()]) {
        (WorkMode::Remote, _) => Place::Remote,
        (_, Some(city)) => Place::City(city),
        (_, None) => Place::Nowhere,
    }
}

/// The buckets of each role family.
fn buckets(jobs: &JobColumns, layout: &Layout) -> Vec<Vec<Bucket>> {
    let mut buckets: Vec<Vec<Bucket>> = vec![Vec::new(); jobs.roles.len()];
    let part = |job: &JobNo| {
        jobs.level[job.ix()] as usize * WorkMode::ALL.len() + jobs.mode[job.ix()] as usize
    };
    for (role, first_position, of_role) in layout.roles(jobs) {
        let mut start = first_position as u32;
        for bucket in of_role.chunk_by(|a, b| place(jobs, *a) == place(jobs, *b)) {
            let mut starts = [0; NUM_PARTS + 1];
            for job in bucket {
                starts[part(job) + 1] += 1;
            }
            starts[0] = start;
            for part in 0..NUM_PARTS {
                starts[part + 1] += starts[part];
            }
            start = starts[NUM_PARTS];
            buckets[role.ix()].push(Bucket { place: place(jobs, bucket[0]), starts });
        }
    }
    buckets
}
