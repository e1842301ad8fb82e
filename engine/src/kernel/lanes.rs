//! The fast path: a bound on many candidates at once, and an exact score for those alone that can
//! still win.
//!
//! ```text
//! find the codes of the user's common skills; add the weights of the rare ones to their jobs
//! set jobs of dream companies apart: a bonus must not loosen the bound of all others
//! bound every candidate; keep the greatest bound of each lane
//! the k-th greatest of those, less what a bound may be off, is a score that k jobs reach
//! score the jobs of dream companies exactly, then those bounded at that score or above, the
//!     greatest bound first, until the next bound has lost
//! undo the weights
//! ```
//!
//! The bounds are integers (`super::bounds`); floats have no part in it.

use super::{
    Processor, UserScores,
    bounds::{Bounds, CandidateGroup, CommonSkills, Found, Group, Reached, Sources},
    prefetch::prefetch,
    user_lanes::UserLanes,
};
use crate::{
    components::MAX_RARITY,
    ids::UserNo,
    index::{
        Candidates, ExactJob, GROUP_BLOCKS, GROUP_LANES, HALF_BP, JobIndex, LANES, MAX_MATCHED,
        Stored,
    },
    pair::Inputs,
    topk::{PairKey, TopK},
};

/// Room that scoring a user needs, made once per thread.
#[derive(Debug)]
pub struct Scratch {
    processor: Processor,
    /// Per group of the index, the weight of the user's rare skills; all 0 between users.
    rare: Vec<Group<u8>>,
    /// The positions at which `rare` is not 0.
    rare_at: Vec<u32>,
    /// Per target role.
    common: Vec<CommonSkills>,
    candidates: Vec<Candidates>,
    groups: Vec<CandidateGroup>,
    /// Per group of the index, where it is among `groups` if it is one of them.
    numbers: Vec<u32>,
    /// Positions of dream companies' jobs.
    dream: Vec<u32>,
    /// Per candidate group.
    bounds: Vec<Bounds>,
    found: Vec<Found>,
}

impl Scratch {
    /// Room for an index.
    #[must_use]
    pub fn new(index: &JobIndex, processor: Processor) -> Self {
        Scratch {
            processor,
            rare: vec![[[0; LANES]; GROUP_BLOCKS]; index.lanes.len()],
            rare_at: Vec::new(),
            common: Vec::new(),
            candidates: Vec::new(),
            groups: Vec::new(),
            numbers: vec![0; index.lanes.len()],
            dream: Vec::new(),
            bounds: Vec::new(),
            found: Vec::new(),
        }
    }
}

/// Scores a user with the jobs of an index; equals [`super::scalar::score_user`] with the same jobs,
/// but for the count of exact scores.
#[must_use]
pub fn score_user(
    inputs: Inputs<'_>,
    index: &JobIndex,
    user: UserNo,
    scratch: &mut Scratch,
) -> UserScores {
    scratch.candidates.clear();
    index.candidates(inputs.users, user, &mut scratch.candidates);
    if scratch.candidates.is_empty() {
        return UserScores::default();
    }
    let k = inputs.users.tier[user.ix()].k();
    let mut pass = Pass {
        inputs,
        index,
        user,
        topk: TopK::new(k, inputs.model.weights.cut_raw_bp()),
        num_prefiltered: scratch.candidates.iter().map(|c| c.positions.len() as u64).sum(),
        num_scored: 0,
    };
    groups(&scratch.candidates, &mut scratch.groups, &mut scratch.numbers);
    pass.mark_skills(scratch);
    pass.companies(scratch);
    pass.candidates(k, scratch);
    let rare = scratch.rare.as_flattened_mut().as_flattened_mut();
    for position in scratch.rare_at.drain(..) {
        rare[position as usize] = 0;
    }
    UserScores {
        kept: pass.topk.into_keys(),
        num_prefiltered: pass.num_prefiltered,
        num_scored: pass.num_scored,
        nanoseconds: 0,
    }
}

/// One user's way through the candidates.
struct Pass<'a> {
    inputs: Inputs<'a>,
    index: &'a JobIndex,
    user: UserNo,
    topk: TopK,
    num_prefiltered: u64,
    num_scored: u64,
}

impl Pass<'_> {
    /// Finds the user's skills among the jobs of the target roles.
    fn mark_skills(&self, scratch: &mut Scratch) {
        let Inputs { users, model, .. } = self.inputs;
        let roles = users.roles.row(self.user.ix());
        let Scratch { common, rare, rare_at, .. } = scratch;
        let rare = rare.as_flattened_mut().as_flattened_mut();
        common.resize_with(roles.len().max(common.len()), CommonSkills::default);
        common.as_flattened_mut().iter_mut().for_each(Vec::clear);
        for (role, common) in roles.iter().zip(common) {
            let listed = self.index.skills.of_role(*role);
            let first_group = self.index.first_group[role.ix()];
            for &skill in users.skills.row(self.user.ix()) {
                let rarity = model.rarity(skill);
                match listed.stored(skill) {
                    Some(Stored::Codes(start)) => {
                        let base = start.wrapping_sub(first_group);
                        common[usize::from(MAX_RARITY - rarity)].push(base);
                    }
                    Some(Stored::Postings(start)) => {
                        for posting in self.index.skills.postings(start) {
                            let sum = &mut rare[posting.position()];
                            *sum = sum.saturating_add(posting.code() * rarity);
                            rare_at.push(posting.position() as u32);
                        }
                    }
                    None => {}
                }
            }
        }
    }

    /// Takes jobs of blacklisted companies out, and sets those of dream companies apart.
    fn companies(&mut self, scratch: &mut Scratch) {
        let users = self.inputs.users;
        let u = self.user.ix();
        let Scratch { groups, numbers, dream, .. } = scratch;
        dream.clear();
        let mut take = |position: u32| take(groups, numbers, position as usize);
        for role in users.roles.row(u) {
            for company in users.blacklist.row(u) {
                let positions = self.index.company_positions(*company, *role);
                let num_taken = positions.iter().filter(|position| take(**position)).count();
                self.num_prefiltered -= num_taken as u64;
            }
            for company in users.dream.row(u) {
                let positions = self.index.company_positions(*company, *role);
                dream.extend(positions.iter().copied().filter(|position| take(*position)));
            }
        }
    }

    /// Scores a position exactly. `counted` is the weight of the user's skills, where it was
    /// counted with a block.
    fn offer(&mut self, position: usize, counted: Option<u8>, is_dream: bool) {
        let Inputs { users, model, .. } = self.inputs;
        let ExactJob { job, rank, terms } = &self.index.exact[position];
        let matched_weight = match counted {
            Some(counted) if terms.total_weight <= MAX_MATCHED => u32::from(counted),
            _ => self.inputs.matched_weight(self.user, *job),
        };
        let user = users.terms(self.user);
        let raw_bp = terms.raw_bp(model.weights, user, matched_weight, is_dream);
        self.num_scored += 1;
        self.topk.push(PairKey::new(raw_bp, *rank));
    }

    fn candidates(&mut self, k: usize, scratch: &mut Scratch) {
        let Inputs { users, model, .. } = self.inputs;
        let user = UserLanes::new(model.weights, users.terms(self.user));
        let Scratch { processor, groups, numbers, bounds, found, dream, .. } = scratch;
        if bounds.len() < groups.len() {
            bounds.resize(groups.len(), Bounds::NONE);
        }
        let bounds = &mut bounds[..groups.len()];
        let sources = Sources {
            lanes: &self.index.lanes,
            codes: &self.index.skills.codes,
            rare: &scratch.rare,
            common: &scratch.common,
            user: &user,
        };
        let mut reached = Reached::new();
        processor.bounds(sources, groups, bounds, &mut reached);

        let off = self.index.looseness.saturating_add(user.looseness);
        for position in dream.iter().map(|position| *position as usize) {
            let at = number_of(groups, numbers, position);
            let lane = position % GROUP_LANES;
            let counted = at.map(|at| bounds[at].matched.as_flattened()[lane]);
            self.offer(position, counted, true);
        }
        let reached = reached.by(k).saturating_sub(off);
        let threshold = half_bp(self.topk.threshold_bp()).max(reached);
        found.clear();
        processor.reaching(bounds, threshold, found);
        found.sort_unstable();
        let position =
            |at: usize| groups[at / GROUP_LANES].group as usize * GROUP_LANES + at % GROUP_LANES;
        for found in found.iter().take(2 * k) {
            prefetch(&self.index.exact, position(found.at()));
        }
        for found in found.iter() {
            if found.half_bp() < half_bp(self.topk.threshold_bp()) {
                break;
            }
            let at = found.at();
            let matched = bounds[at / GROUP_LANES].matched.as_flattened()[at % GROUP_LANES];
            self.offer(position(at), Some(matched), false);
        }
    }
}

/// A score in the units of bounds; one above all bounds stays so.
fn half_bp(score_bp: u32) -> u16 {
    score_bp.saturating_mul(HALF_BP).min(u32::from(u16::MAX)) as u16
}

/// The groups that ranges of positions lie in; both ascend.
fn groups(candidates: &[Candidates], groups: &mut Vec<CandidateGroup>, numbers: &mut [u32]) {
    groups.clear();
    for Candidates { role_at, positions } in candidates {
        let mut start = positions.start;
        while start < positions.end {
            let group = (start / GROUP_LANES) as u32;
            let first = start - start % GROUP_LANES;
            let end = positions.end.min(first + GROUP_LANES);
            if groups.last().is_none_or(|last| last.group != group) {
                let role_at = *role_at as u32;
                numbers[group as usize] = groups.len() as u32;
                groups.push(CandidateGroup { group, role_at, lanes: [0; GROUP_BLOCKS] });
            }
            let Some(last) = groups.last_mut() else { unreachable!("just pushed") };
            for (first, lanes) in (first..).step_by(LANES).zip(&mut last.lanes) {
                let below = |position: usize| match position.saturating_sub(first) {
                    lanes @ ..LANES => (1 << lanes) - 1,
                    _ => u64::MAX,
                };
                *lanes |= below(end) & !below(start);
            }
            start = end;
        }
    }
}

/// Which of the groups a position lies in.
fn number_of(groups: &[CandidateGroup], numbers: &[u32], position: usize) -> Option<usize> {
    let group = position / GROUP_LANES;
    let number = numbers[group] as usize;
    groups.get(number).is_some_and(|of| of.group as usize == group).then_some(number)
}

/// Takes a position out of the candidates; says whether it was one.
fn take(groups: &mut [CandidateGroup], numbers: &[u32], position: usize) -> bool {
    let Some(at) = number_of(groups, numbers, position) else { return false };
    let lanes = &mut groups[at].lanes[position % GROUP_LANES / LANES];
    let bit = 1 << (position % LANES);
    let is_candidate = *lanes & bit != 0;
    *lanes &= !bit;
    is_candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_the_positions_of_their_ranges() {
        let next_role = 2 * GROUP_LANES;
        let candidates = [
            Candidates { role_at: 0, positions: 1..3 },
            Candidates { role_at: 0, positions: 5..LANES + 2 },
            Candidates { role_at: 0, positions: GROUP_LANES - 1..GROUP_LANES + 1 },
            Candidates { role_at: 1, positions: next_role..next_role + GROUP_LANES },
        ];
        let mut found = Vec::new();
        let mut numbers = vec![0; 4];
        groups(&candidates, &mut found, &mut numbers);
        let of = |group, role_at, lanes| CandidateGroup { group, role_at, lanes };
        assert_eq!(
            found,
            [
                of(0, 0, [!0b11001, 0b11, 0, 1 << (LANES - 1)]),
                of(1, 0, [1, 0, 0, 0]),
                of(2, 1, [u64::MAX; GROUP_BLOCKS]),
            ]
        );

        assert!(take(&mut found, &numbers, LANES));
        assert!(!take(&mut found, &numbers, LANES), "taken already");
        assert!(!take(&mut found, &numbers, 4), "of no range");
        assert!(!take(&mut found, &numbers, 3 * GROUP_LANES), "of no group");
        assert_eq!(found[0].lanes[1], 0b10);
    }
}
