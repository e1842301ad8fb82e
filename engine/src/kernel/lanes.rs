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
//! The bounds are integers (`super::block`); floats have no part in it.

use super::{
    Processor, UserScores,
    block::{Bounds, CandidateBlock, Lanes, Reached, Sources, UserCodes},
    user_lanes::UserLanes,
};
use crate::{
    components::MAX_RARITY,
    ids::{SkillNo, UserNo},
    index::{Candidates, ExactJob, HALF_BP, JobIndex, LANES, MAX_MATCHED, Stored},
    pair::Inputs,
    topk::{PairKey, TopK},
};
use std::cmp::Reverse;

/// Room that scoring a user needs, made once per thread.
#[derive(Debug)]
pub struct Scratch {
    processor: Processor,
    /// Per block of the index, the weight of the user's rare skills; all 0 between users.
    rare: Vec<Lanes<u8>>,
    /// The positions at which `rare` is not 0.
    rare_at: Vec<u32>,
    /// Of each target role, the user's common skills.
    common: Vec<Vec<UserCodes>>,
    /// The user's skills, the rarest first: by how much each is commoner than the rarest can be,
    /// and its number.
    skills: Vec<u64>,
    candidates: Vec<Candidates>,
    blocks: Vec<CandidateBlock>,
    /// Positions of dream and blacklisted companies' jobs.
    apart: Vec<u32>,
    /// Positions of dream companies' jobs.
    dream: Vec<u32>,
    /// Per candidate block.
    bounds: Vec<Bounds>,
    /// Places in `bounds`.
    found: Vec<u32>,
}

impl Scratch {
    /// Room for an index.
    #[must_use]
    pub fn new(index: &JobIndex, processor: Processor) -> Self {
        Scratch {
            processor,
            rare: vec![[0; LANES]; index.lanes.len()],
            rare_at: Vec::new(),
            common: Vec::new(),
            skills: Vec::new(),
            candidates: Vec::new(),
            blocks: Vec::new(),
            apart: Vec::new(),
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
    pass.mark_skills(scratch);
    pass.companies(scratch);
    pass.candidates(k, scratch);
    for position in scratch.rare_at.drain(..) {
        scratch.rare[position as usize / LANES][position as usize % LANES] = 0;
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
        let Scratch { common, rare, rare_at, skills, .. } = scratch;
        common.resize_with(roles.len().max(common.len()), Vec::new);
        common.iter_mut().for_each(Vec::clear);
        skills.clear();
        let own = users.skills.row(self.user.ix());
        let commonness = |skill: SkillNo| u64::from(MAX_RARITY - model.rarity(skill));
        skills.extend(own.iter().map(|skill| commonness(*skill) << 32 | u64::from(skill.0)));
        skills.sort_unstable();
        for &key in &*skills {
            let (rarity, skill) = (MAX_RARITY - (key >> 32) as u8, SkillNo(key as u32));
            for (role_at, stored) in self.index.skills.stored(skill, roles) {
                match stored {
                    Stored::Codes(start) => {
                        let first_block = self.index.first_block[roles[role_at].ix()];
                        let base = start.wrapping_sub(first_block);
                        common[role_at].push(UserCodes { base, rarity });
                    }
                    Stored::Postings(number) => {
                        for posting in self.index.skills.postings(number) {
                            let position = posting.position();
                            let sum = &mut rare[position / LANES][position % LANES];
                            *sum = sum.saturating_add(posting.code() * rarity);
                            rare_at.push(position as u32);
                        }
                    }
                }
            }
        }
    }

    /// Sets jobs of dream companies apart, and those of blacklisted ones, which also leave the
    /// count.
    fn companies(&mut self, scratch: &mut Scratch) {
        let users = self.inputs.users;
        let u = self.user.ix();
        let Scratch { candidates, apart, dream, .. } = scratch;
        apart.clear();
        dream.clear();
        for of_role in candidates.chunk_by(|a, b| a.role_at == b.role_at) {
            let role = users.roles.row(u)[of_role[0].role_at];
            for company in users.dream.row(u) {
                let positions = self.index.company_positions(*company, role);
                dream.extend(within(positions, of_role));
            }
            for company in users.blacklist.row(u) {
                let positions = self.index.company_positions(*company, role);
                let num_before = apart.len();
                apart.extend(within(positions, of_role));
                self.num_prefiltered -= (apart.len() - num_before) as u64;
            }
        }
        apart.extend_from_slice(dream);
        apart.sort_unstable();
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
        blocks(&scratch.candidates, &scratch.apart, &mut scratch.blocks);
        if scratch.bounds.len() < scratch.blocks.len() {
            scratch.bounds.resize(scratch.blocks.len(), Bounds::NONE);
        }
        let bounds = &mut scratch.bounds[..scratch.blocks.len()];
        let sources = Sources {
            lanes: &self.index.lanes,
            codes: &self.index.skills.codes,
            rare: &scratch.rare,
            common: &scratch.common,
            user: &user,
        };
        let mut reached = Reached::new();
        scratch.processor.bounds(sources, &scratch.blocks, bounds, &mut reached);

        let off = self.index.looseness.saturating_add(user.looseness);
        for &position in &scratch.dream {
            let (block, lane) = (position / LANES as u32, position as usize % LANES);
            let at = scratch.blocks.binary_search_by_key(&block, |candidates| candidates.block);
            let counted = at.ok().map(|at| bounds[at].matched[lane]);
            self.offer(position as usize, counted, true);
        }
        let reached = reached.by(k).saturating_sub(off);
        let threshold = half_bp(self.topk.threshold_bp()).max(reached);
        scratch.found.clear();
        scratch.processor.reaching(bounds, threshold, &mut scratch.found);
        let of = |at: u32| (&bounds[at as usize / LANES], at as usize % LANES);
        let bound = |at: u32| {
            let (block, lane) = of(at);
            block.half_bp[lane]
        };
        scratch.found.sort_unstable_by_key(|at| (Reverse(bound(*at)), *at));
        for &at in &scratch.found {
            if bound(at) < half_bp(self.topk.threshold_bp()) {
                break;
            }
            let (block, lane) = of(at);
            let position = scratch.blocks[at as usize / LANES].block as usize * LANES + lane;
            self.offer(position, Some(block.matched[lane]), false);
        }
    }
}

/// A score in the units of bounds; one above all bounds stays so.
fn half_bp(score_bp: u32) -> u16 {
    score_bp.saturating_mul(HALF_BP).min(u32::from(u16::MAX)) as u16
}

/// The blocks that ranges of positions lie in, those apart left out.
fn blocks(candidates: &[Candidates], apart: &[u32], blocks: &mut Vec<CandidateBlock>) {
    let mut apart = apart.iter().map(|position| *position as usize).peekable();
    blocks.clear();
    for Candidates { role_at, positions } in candidates {
        let mut start = positions.start;
        while start < positions.end {
            let first = start - start % LANES;
            let end = positions.end.min(first + LANES);
            let mut lanes = u64::MAX << (start - first) & u64::MAX >> (first + LANES - end);
            while let Some(position) = apart.next_if(|position| *position < end) {
                lanes &= !(1 << (position % LANES));
            }
            if lanes != 0 {
                let block = (first / LANES) as u32;
                blocks.push(CandidateBlock { block, role_at: *role_at as u32, lanes });
            }
            start = end;
        }
    }
}

/// The positions that lie in some ranges; both ascend.
fn within(positions: &[u32], candidates: &[Candidates]) -> impl Iterator<Item = u32> {
    let mut candidates = candidates.iter().peekable();
    positions.iter().copied().filter(move |&position| {
        let position = position as usize;
        while candidates.next_if(|range| range.positions.end <= position).is_some() {}
        candidates.peek().is_some_and(|range| range.positions.start <= position)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bound shifts by the first candidate's lane: where there was none, it overflowed.
    #[test]
    fn a_block_whose_jobs_are_all_set_apart_is_left_out() {
        let lanes = LANES as u32;
        let candidates = [
            Candidates { role_at: 0, positions: 0..LANES + 2 },
            Candidates { role_at: 1, positions: 2 * LANES..2 * LANES + 3 },
        ];
        let apart = [1, lanes, lanes + 1, 2 * lanes + 1];
        let mut found = Vec::new();
        blocks(&candidates, &apart, &mut found);
        let found: Vec<_> = found.iter().map(|of| (of.block, of.role_at, of.lanes)).collect();
        assert_eq!(found, [(0, 0, !0b10), (2, 1, 0b101)]);
    }
}
