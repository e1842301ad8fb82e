//! Which jobs list a skill: two bits a job for the common skills of a role family, postings for
//! the rare ones.

use super::{Layout, lane_columns::LANES};
use crate::{
    columns::JobColumns,
    ids::{Lists, RoleNo, SkillNo},
};

/// A skill has codes in a role family when at least one job in this many lists it.
///
/// Codes cost a quarter of a byte for each of the family's jobs and are read from end to end; a
/// posting costs five bytes and two scattered writes a user.
const CODES_FROM_ONE_IN: usize = 256;

/// Jobs whose codes share a byte: lane `i` of a block is in byte `i % 16`, from bit
/// `2 · (i / 16)` on, so that one shift finds those of sixteen neighbours.
const LANES_PER_BYTE: usize = 4;
pub(crate) const CODE_BYTES: usize = LANES / LANES_PER_BYTE;

/// A code: by how much of its rarity a skill weighs, 0 to 2.
pub(crate) const CODE_BITS: usize = 2;
pub(crate) const CODE_MASK: u8 = (1 << CODE_BITS) - 1;

/// The codes of a skill for a block of jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct CodeBlock([u8; CODE_BYTES]);

impl CodeBlock {
    pub(crate) fn set(&mut self, lane: usize, code: u8) {
        self.0[lane % CODE_BYTES] |= code << (CODE_BITS * (lane / CODE_BYTES));
    }

    /// Adds the code of each lane; sums saturate.
    #[inline]
    pub(crate) fn add_to(&self, sums: &mut [u8; LANES]) {
        for quarter in 0..LANES_PER_BYTE {
            for byte in 0..CODE_BYTES {
                let code = self.0[byte] >> (CODE_BITS * quarter) & CODE_MASK;
                let sum = &mut sums[CODE_BYTES * quarter + byte];
                *sum = sum.saturating_add(code);
            }
        }
    }

    /// The code of one lane.
    #[cfg(test)]
    fn code(&self, lane: usize) -> u8 {
        self.0[lane % CODE_BYTES] >> (CODE_BITS * (lane / CODE_BYTES)) & CODE_MASK
    }

    #[cfg(target_arch = "x86_64")]
    pub(crate) fn bytes(&self) -> &[u8; CODE_BYTES] {
        &self.0
    }
}

/// Where it is said which jobs of a role family list a skill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// As codes, those of the role family's first block at this place.
    Codes(u32),
    /// As postings, by their number.
    Postings(u32),
}

/// The role families that a skill is listed in: a user looks up dozens, so that what is touched
/// is kept small.
#[derive(Clone, Copy, Debug, Default)]
struct InRoles {
    /// Which of the first 64 role families, as bits: theirs are the first entries.
    first_roles: u64,
    start: u32,
    end: u32,
}

/// Role families that have a bit.
const NUM_FIRST_ROLES: u32 = u64::BITS;

/// [`Stored`] in four bytes.
#[derive(Clone, Copy, Debug, Default)]
struct PackedStored(u32);

impl PackedStored {
    fn new(stored: Stored) -> Self {
        PackedStored(match stored {
            Stored::Postings(at) => at << 1,
            Stored::Codes(at) => at << 1 | 1,
        })
    }

    fn stored(self) -> Stored {
        if self.0 & 1 == 0 { Stored::Postings(self.0 >> 1) } else { Stored::Codes(self.0 >> 1) }
    }
}

/// A job that lists a rare skill: twice its position, and one where it requires it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Posting(u32);

impl Posting {
    fn new(position: usize, required: bool) -> Self {
        Posting(2 * position as u32 + u32::from(required))
    }

    pub(crate) fn position(self) -> usize {
        self.0 as usize / 2
    }

    /// By how much of its rarity the skill weighs.
    pub(crate) fn code(self) -> u8 {
        1 + (self.0 % 2) as u8
    }
}

/// Which jobs list which skills.
#[derive(Debug, Default)]
pub(crate) struct SkillCodes {
    /// Per [`SkillNo`].
    in_roles: Vec<InRoles>,
    /// The role families that `in_roles` points into, …
    roles: Vec<RoleNo>,
    /// … and where it is said which of their jobs list the skill.
    stored: Vec<PackedStored>,
    pub(crate) codes: Vec<CodeBlock>,
    postings: Lists<Posting>,
}

impl SkillCodes {
    pub(super) fn new(jobs: &JobColumns, layout: &Layout) -> Self {
        let mut codes = Vec::new();
        let mut in_roles: Vec<(u32, (RoleNo, PackedStored))> = Vec::new();
        let mut postings: Vec<(u32, Posting)> = Vec::new();
        let mut num_postings = 0;
        let mut listed_by = vec![0_u32; jobs.skill_names.len()];
        let mut stored = vec![Stored::Codes(0); jobs.skill_names.len()];
        for (role, first_position, of_role) in layout.roles(jobs) {
            let mut skills: Vec<SkillNo> = Vec::new();
            for listed in of_role.iter().flat_map(|job| jobs.skills.row(job.ix())) {
                let count = &mut listed_by[listed.skill().ix()];
                if *count == 0 {
                    skills.push(listed.skill());
                }
                *count += 1;
            }
            for skill in skills {
                let count = std::mem::take(&mut listed_by[skill.ix()]) as usize;
                let is_common = count * CODES_FROM_ONE_IN >= of_role.len();
                stored[skill.ix()] = if is_common {
                    let start = codes.len();
                    let num_blocks = of_role.len().div_ceil(LANES);
                    codes.resize(start + num_blocks, CodeBlock::default());
                    Stored::Codes(start as u32)
                } else {
                    num_postings += 1;
                    Stored::Postings(num_postings - 1)
                };
                in_roles.push((skill.0, (role, PackedStored::new(stored[skill.ix()]))));
            }
            for (position, job) in (first_position..).zip(of_role) {
                for listed in jobs.skills.row(job.ix()) {
                    let required = listed.required();
                    match stored[listed.skill().ix()] {
                        Stored::Codes(start) => {
                            let block = start as usize + (position - first_position) / LANES;
                            codes[block].set(position % LANES, 1 + u8::from(required));
                        }
                        Stored::Postings(at) => {
                            postings.push((at, Posting::new(position, required)));
                        }
                    }
                }
            }
        }
        let by_skill = Lists::group(jobs.skill_names.len(), &in_roles);
        let (roles, stored) = by_skill.values().iter().copied().unzip();
        let mut end = 0;
        let in_roles = (0..by_skill.num_rows()).map(|skill| {
            let row = by_skill.row(skill);
            let start = end;
            end += row.len() as u32;
            let first = row.iter().map(|(role, _)| role.0).filter(|role| *role < NUM_FIRST_ROLES);
            InRoles { first_roles: first.map(|role| 1 << role).sum(), start, end }
        });
        SkillCodes {
            in_roles: in_roles.collect(),
            roles,
            stored,
            codes,
            postings: Lists::group(num_postings as usize, &postings),
        }
    }

    /// Where it is said which jobs of role families list a skill, each with the place of the role
    /// family among those asked for.
    pub(crate) fn stored(
        &self,
        skill: SkillNo,
        roles: &[RoleNo],
    ) -> impl Iterator<Item = (usize, Stored)> {
        let in_roles = self.in_roles[skill.ix()];
        roles.iter().enumerate().filter_map(move |(role_at, role)| {
            Some((role_at, self.stored[self.find(in_roles, *role)?].stored()))
        })
    }

    /// The place of a role family in `stored`.
    fn find(&self, in_roles: InRoles, role: RoleNo) -> Option<usize> {
        let InRoles { first_roles, start, end } = in_roles;
        if role.0 < NUM_FIRST_ROLES {
            let bit = 1 << role.0;
            let before = (first_roles & (bit - 1)).count_ones();
            return (first_roles & bit != 0).then_some((start + before) as usize);
        }
        let start = start as usize;
        self.roles[start..end as usize].binary_search(&role).ok().map(|at| start + at)
    }

    /// Postings, by position.
    pub(crate) fn postings(&self, number: u32) -> &[Posting] {
        self.postings.row(number as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_in_its_lane() {
        for lane in 0..LANES {
            for code in 1..=2 {
                let mut codes = CodeBlock::default();
                codes.set(lane, code);
                let mut sums = [254; LANES];
                codes.add_to(&mut sums);
                for (other, sum) in sums.into_iter().enumerate() {
                    let expected = if other == lane { code } else { 0 };
                    assert_eq!(codes.code(other), expected);
                    assert_eq!(sum, 254_u8.saturating_add(expected));
                }
            }
        }
    }
}
