//! The fast path: a bound on many candidates at once, and an exact score for those alone that can
//! still win.
//!
//! ```text
//! mark the user's role families; add the weights of the user's skills to the jobs that list them
//! score the jobs of dream companies exactly: a bonus must not loosen the bound of all others
//! for each candidate range, for each block of LANES positions:
//!     bound = share·matched + w·experience + fixed + w·salary      in f32, never below the truth
//!     for each lane whose bound reaches the threshold:
//!         score it exactly, offer it to the top k, which may raise the threshold
//! undo the marks
//! ```
//!
//! The loops over a block are plain Rust without branches on data, for the vectoriser.

use super::UserScores;
use crate::{
    columns::WorkMode,
    components::MAX_BP,
    ids::UserNo,
    index::JobIndex,
    pair::Inputs,
    topk::{PairKey, TopK},
};
use std::ops::Range;

/// Positions whose bounds are computed together.
const LANES: usize = 64;

/// The bound is a sum of four products, each rounded to 24 bits a few times: it is within one part
/// in a million of the exact sum. Thresholds are lowered by ten times that.
const SLACK: f32 = 1.0 - 1e-5;

/// What a user thinks of a company, while the user is scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    None,
    Dream,
    Blacklisted,
}

/// Room that scoring a user needs, made once per thread.
#[derive(Debug)]
pub struct Scratch {
    /// Per position of the index: weight of the job's skills that the user has.
    matched: Vec<u32>,
    /// Per role family: the user wants it.
    wants: Vec<bool>,
    /// Per company.
    marks: Vec<Mark>,
    ranges: Vec<Range<usize>>,
}

impl Scratch {
    /// Room for an index over some of the jobs.
    #[must_use]
    pub fn new(inputs: Inputs<'_>, index: &JobIndex) -> Self {
        Scratch {
            matched: vec![0; index.len()],
            wants: vec![false; inputs.jobs.roles.len()],
            marks: vec![Mark::None; inputs.jobs.companies.len()],
            ranges: Vec::new(),
        }
    }
}

/// What of a user enters the bound.
#[derive(Clone, Copy)]
struct Bounds {
    experience_weight: f32,
    experience_tenths: Option<i32>,
    salary_weight: f32,
    /// 0 where unknown.
    expected: f32,
}

/// Scores a user with the jobs of an index; equals
/// `scalar::score_user(inputs, user, index.jobs())`, but for the count of exact scores.
#[must_use]
pub fn score_user(
    inputs: Inputs<'_>,
    index: &JobIndex,
    user: UserNo,
    scratch: &mut Scratch,
) -> UserScores {
    let users = inputs.users;
    let u = user.ix();
    let mut pass = Pass {
        inputs,
        index,
        user,
        modes: if users.modes[u] == 0 { u8::MAX } else { users.modes[u] | WorkMode::Unknown.bit() },
        topk: TopK::new(users.tier[u].k(), inputs.model.weights.cut_raw_bp()),
        num_prefiltered: 0,
        num_scored: 0,
    };
    scratch.ranges.clear();
    index.candidate_ranges(users, user, &mut scratch.ranges);
    if scratch.ranges.is_empty() {
        return UserScores::default();
    }

    for role in users.roles.row(u) {
        scratch.wants[role.ix()] = true;
    }
    index.add_matched(users.skills.row(u), &scratch.wants, &mut scratch.matched);
    for (companies, mark) in
        [(users.dream.row(u), Mark::Dream), (users.blacklist.row(u), Mark::Blacklisted)]
    {
        for company in companies {
            scratch.marks[company.ix()] = mark;
        }
    }

    for range in &scratch.ranges {
        pass.count(range.clone());
    }
    pass.favourites(scratch);
    pass.candidates(scratch);

    for role in users.roles.row(u) {
        scratch.wants[role.ix()] = false;
        scratch.matched[index.role_range(*role)].fill(0);
    }
    for company in users.dream.row(u).iter().chain(users.blacklist.row(u)) {
        scratch.marks[company.ix()] = Mark::None;
    }
    UserScores {
        kept: pass.topk.into_keys(),
        num_prefiltered: pass.num_prefiltered,
        num_scored: pass.num_scored,
    }
}

/// One user's way through the candidates.
struct Pass<'a> {
    inputs: Inputs<'a>,
    index: &'a JobIndex,
    user: UserNo,
    /// The set of work modes that suit.
    modes: u8,
    topk: TopK,
    num_prefiltered: u64,
    num_scored: u64,
}

impl Pass<'_> {
    /// Scores the jobs of dream companies, and takes those of blacklisted ones out of the count.
    fn favourites(&mut self, scratch: &Scratch) {
        let users = self.inputs.users;
        let u = self.user.ix();
        for company in users.dream.row(u) {
            for &position in self.index.company_positions(*company) {
                let position = position as usize;
                if self.is_candidate(&scratch.ranges, position) {
                    self.offer(position, scratch.matched[position], true);
                }
            }
        }
        for company in users.blacklist.row(u) {
            for &position in self.index.company_positions(*company) {
                if self.is_candidate(&scratch.ranges, position as usize) {
                    self.num_prefiltered -= 1;
                }
            }
        }
    }

    fn is_candidate(&self, ranges: &[Range<usize>], position: usize) -> bool {
        self.modes & self.index.mode[position] != 0
            && ranges.iter().any(|range| range.contains(&position))
    }

    /// Scores a position exactly.
    fn offer(&mut self, position: usize, matched_weight: u32, is_dream: bool) {
        let Inputs { jobs, users, model } = self.inputs;
        let job = self.index.job[position];
        let raw_bp = model.raw_bp(
            jobs,
            job,
            matched_weight,
            users.experience_tenths[self.user.ix()],
            users.expected_hundredths[self.user.ix()],
            is_dream,
        );
        self.num_scored += 1;
        self.topk.push(PairKey::new(raw_bp, jobs.rank[job.ix()]));
    }

    fn candidates(&mut self, scratch: &Scratch) {
        let Inputs { users, model, .. } = self.inputs;
        let bounds = Bounds {
            experience_weight: model.weights.experience as f32,
            experience_tenths: users.experience_tenths[self.user.ix()].map(i32::from),
            salary_weight: model.weights.salary as f32,
            expected: users.expected_hundredths[self.user.ix()] as f32,
        };
        let weight_sum = model.weights.sum() as f32;
        let mut threshold_bp = self.topk.threshold_bp();
        let mut threshold = threshold_bp as f32 * weight_sum * SLACK;

        for range in &scratch.ranges {
            let mut start = range.start;
            while start < range.end {
                let end = range.end.min(start + LANES);
                let block = bounds.of(self.index, start..end, &scratch.matched);
                let best = block[..end - start].iter().fold(0.0_f32, |best, x| best.max(*x));
                if best >= threshold {
                    for (lane, bound) in block[..end - start].iter().enumerate() {
                        let position = start + lane;
                        let company = self.index.company[position];
                        if *bound < threshold
                            || self.modes & self.index.mode[position] == 0
                            || scratch.marks[company.ix()] != Mark::None
                        {
                            continue;
                        }
                        self.offer(position, scratch.matched[position], false);
                        if self.topk.threshold_bp() != threshold_bp {
                            threshold_bp = self.topk.threshold_bp();
                            threshold = threshold_bp as f32 * weight_sum * SLACK;
                        }
                    }
                }
                start = end;
            }
        }
    }

    /// Counts the positions whose work mode suits.
    fn count(&mut self, range: Range<usize>) {
        self.num_prefiltered += if self.modes == u8::MAX {
            range.len() as u64
        } else {
            let modes = self.modes;
            self.index.mode[range].iter().map(|mode| u64::from(mode & modes != 0)).sum()
        };
    }
}

impl Bounds {
    /// Upper bounds on the weighted sums of a block, without a bonus; lanes past the block's end
    /// hold nothing of use.
    fn of(self, index: &JobIndex, block: Range<usize>, matched: &[u32]) -> [f32; LANES] {
        const MAX: f32 = MAX_BP as f32;
        let mut bounds = [0.0; LANES];
        let num_lanes = block.len();
        let bounds_used = &mut bounds[..num_lanes];

        let matched = &matched[block.clone()];
        let share = &index.skill_share[block.clone()];
        let fixed = &index.fixed[block.clone()];
        for lane in 0..num_lanes {
            bounds_used[lane] = matched[lane] as f32 * share[lane] + fixed[lane];
        }

        let lo = &index.lo_tenths[block.clone()];
        let hi = &index.hi_tenths[block.clone()];
        match self.experience_tenths {
            None => add_to_all(bounds_used, self.experience_weight * 5_000.0),
            Some(years) => {
                for lane in 0..num_lanes {
                    let short = (lo[lane] - years).clamp(0, 40);
                    let over = (years - hi[lane]).clamp(0, 50);
                    let experience =
                        if short > 0 { 10_000 - 250 * short } else { 10_000 - 100 * over };
                    bounds_used[lane] += self.experience_weight * experience as f32;
                }
            }
        }

        if self.expected == 0.0 {
            add_to_all(bounds_used, self.salary_weight * 5_000.0);
        } else {
            let offer = &index.offer[block];
            let per_expected = 20_000.0 / self.expected;
            for lane in 0..num_lanes {
                // One more than the quotient: the formula rounds what is lost down.
                let known =
                    (MAX + 1.0 - (self.expected - offer[lane]) * per_expected).clamp(0.0, MAX);
                let salary = if offer[lane] < 0.0 { 5_000.0 } else { known };
                bounds_used[lane] += self.salary_weight * salary;
            }
        }
        bounds
    }
}

fn add_to_all(sums: &mut [f32], value: f32) {
    for sum in sums {
        *sum += value;
    }
}
