//! Which jobs list a skill: two bits a job for the common skills of a role family, postings for
//! the rare ones.

use super::{
    Layout,
    lane_columns::{GROUP_LANES, LANES},
};
use crate::{
    columns::JobColumns,
    ids::{RoleNo, SkillNo},
};

/// A skill has codes in a role family when at least one job in this many lists it.
///
/// Codes cost a quarter of a byte for each of the family's jobs and are read from end to end; a
/// posting costs four bytes and two scattered writes a user.
const CODES_FROM_ONE_IN: usize = 256;

/// Bits of a code: by how much of its rarity a skill weighs, 0 to 2.
pub(crate) const CODE_BITS: usize = 2;

/// The codes of a skill for a group of blocks. That of lane `i` of block `b` is in byte `i`, from
/// bit `2 · b` on: one cache line, of which four instructions make counters for all four blocks.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct CodeGroup([u8; LANES]);

impl CodeGroup {
    pub(crate) const NONE: CodeGroup = CodeGroup([0; LANES]);

    /// Puts a code in a lane of the group.
    pub(crate) fn set(&mut self, lane: usize, code: u8) {
        self.0[lane % LANES] |= code << (CODE_BITS * (lane / LANES));
    }

    /// Per lane of a block, its codes in the blocks of the group, the first one's lowest.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8; LANES] {
        &self.0
    }
}

/// Where it is said which jobs of a role family list a skill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// As codes, those of the role family's first group of blocks at this place.
    Codes(u32),
    /// As postings, the first of them at this place.
    Postings(u32),
}

/// The skills that the jobs of a role family list: a user looks up dozens, so that what is touched
/// is kept small.
#[derive(Clone, Debug, Default)]
pub(crate) struct RoleSkills {
    /// Per [`SKILLS_PER_WORD`] numbers of skills.
    words: Vec<SkillWord>,
    /// Of each listed skill, by its number.
    stored: Vec<PackedStored>,
}

const SKILLS_PER_WORD: usize = u64::BITS as usize;

#[derive(Clone, Copy, Debug, Default)]
struct SkillWord {
    /// Which of the skills are listed, as bits.
    listed: u64,
    /// Where theirs begin in `stored`.
    start: u32,
}

impl RoleSkills {
    /// Some skills, which ascend.
    fn new(num_skills: usize, listed: impl Iterator<Item = (SkillNo, Stored)>) -> Self {
        let mut words = vec![SkillWord::default(); num_skills.div_ceil(SKILLS_PER_WORD)];
        let mut stored = Vec::new();
        for (skill, of_skill) in listed {
            words[skill.ix() / SKILLS_PER_WORD].listed |= 1 << (skill.ix() % SKILLS_PER_WORD);
            stored.push(PackedStored::new(of_skill));
        }
        let mut start = 0;
        for word in &mut words {
            word.start = start;
            start += word.listed.count_ones();
        }
        RoleSkills { words, stored }
    }

    /// Where it is said which jobs list a skill, if any does.
    #[inline]
    pub(crate) fn stored(&self, skill: SkillNo) -> Option<Stored> {
        let word = self.words.get(skill.ix() / SKILLS_PER_WORD)?;
        let bit = 1 << (skill.ix() % SKILLS_PER_WORD);
        let before = (word.listed & (bit - 1)).count_ones();
        (word.listed & bit != 0).then(|| self.stored[(word.start + before) as usize].stored())
    }
}

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

/// A job that lists a rare skill: four times its position, two where it is the skill's last, and
/// one where it requires it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Posting(u32);

impl Posting {
    const LAST: u32 = 2;

    fn new(position: usize, required: bool) -> Self {
        Posting(4 * position as u32 + u32::from(required))
    }

    fn is_last(self) -> bool {
        self.0 & Posting::LAST != 0
    }

    pub(crate) fn position(self) -> usize {
        self.0 as usize / 4
    }

    /// By how much of its rarity the skill weighs.
    pub(crate) fn code(self) -> u8 {
        1 + (self.0 % 2) as u8
    }
}

/// Which jobs list which skills.
#[derive(Debug, Default)]
pub(crate) struct SkillCodes {
    /// Per [`RoleNo`].
    by_role: Vec<RoleSkills>,
    pub(crate) codes: Vec<CodeGroup>,
    /// Of one skill after the other in one role family after the other, by position.
    postings: Vec<Posting>,
}

impl SkillCodes {
    pub(super) fn new(jobs: &JobColumns, layout: &Layout) -> Self {
        let num_skills = jobs.skill_names.len();
        let mut by_role = vec![RoleSkills::default(); jobs.roles.len()];
        let mut codes = Vec::new();
        let mut postings = Vec::new();
        let mut listed_by = vec![0_u32; num_skills];
        let mut stored = vec![Stored::Codes(0); num_skills];
        for (role, first_position, of_role) in layout.roles(jobs) {
            let mut skills: Vec<SkillNo> = Vec::new();
            for listed in of_role.iter().flat_map(|job| jobs.skills.row(job.ix())) {
                let count = &mut listed_by[listed.skill().ix()];
                if *count == 0 {
                    skills.push(listed.skill());
                }
                *count += 1;
            }
            skills.sort_unstable();
            for skill in &skills {
                let count = std::mem::take(&mut listed_by[skill.ix()]) as usize;
                let is_common = count * CODES_FROM_ONE_IN >= of_role.len();
                stored[skill.ix()] = if is_common {
                    let start = codes.len();
                    let num_groups = of_role.len().div_ceil(GROUP_LANES);
                    codes.resize(start + num_groups, CodeGroup::NONE);
                    Stored::Codes(start as u32)
                } else {
                    let start = postings.len();
                    postings.resize(start + count, Posting::default());
                    Stored::Postings(start as u32)
                };
            }
            let listed = skills.iter().map(|skill| (*skill, stored[skill.ix()]));
            by_role[role.ix()] = RoleSkills::new(num_skills, listed);
            for (position, job) in (first_position..).zip(of_role) {
                for listed in jobs.skills.row(job.ix()) {
                    let required = listed.required();
                    match &mut stored[listed.skill().ix()] {
                        Stored::Codes(start) => {
                            let group = *start as usize + (position - first_position) / GROUP_LANES;
                            codes[group].set(position % GROUP_LANES, 1 + u8::from(required));
                        }
                        Stored::Postings(next) => {
                            postings[*next as usize] = Posting::new(position, required);
                            *next += 1;
                        }
                    }
                }
            }
            for skill in &skills {
                if let Stored::Postings(end) = stored[skill.ix()] {
                    postings[end as usize - 1].0 |= Posting::LAST;
                }
            }
        }
        SkillCodes { by_role, codes, postings }
    }

    /// What the jobs of a role family list.
    pub(crate) fn of_role(&self, role: RoleNo) -> &RoleSkills {
        &self.by_role[role.ix()]
    }

    /// The postings of a skill, by position, from the place of the first.
    pub(crate) fn postings(&self, start: u32) -> impl Iterator<Item = Posting> {
        let mut rest = self.postings[start as usize..].iter();
        let mut is_done = false;
        std::iter::from_fn(move || {
            let posting = if is_done { None } else { rest.next().copied() };
            is_done = posting.is_none_or(Posting::is_last);
            posting
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_code_is_found_in_its_lane() {
        let mut codes = CodeGroup::NONE;
        codes.set(5, 1);
        codes.set(LANES + 5, 2);
        codes.set(3 * LANES + 63, 1);
        assert_eq!(codes.bytes()[5], 0b1001);
        assert_eq!(codes.bytes()[63], 0b0100_0000);
        assert_eq!(codes.bytes().iter().filter(|byte| **byte != 0).count(), 2);
    }

    #[test]
    fn postings_end_with_the_skills_last() {
        let mut postings = [(5, false), (9, true), (9, false)].map(|(at, r)| Posting::new(at, r));
        postings[1].0 |= Posting::LAST;
        postings[2].0 |= Posting::LAST;
        let skills = SkillCodes { postings: postings.to_vec(), ..SkillCodes::default() };
        let found = |start| skills.postings(start).map(|of| (of.position(), of.code()));
        assert_eq!(found(0).collect::<Vec<_>>(), [(5, 1), (9, 2)]);
        assert_eq!(found(1).collect::<Vec<_>>(), [(9, 2)]);
        assert_eq!(found(2).collect::<Vec<_>>(), [(9, 1)]);
    }

    proptest! {
        #[test]
        fn skills_are_found_where_they_are_listed(
            listed in proptest::collection::btree_set(0..300_u32, 0..100),
        ) {
            let listed: BTreeSet<SkillNo> = listed.into_iter().map(SkillNo).collect();
            let stored = |skill: &SkillNo| {
                if skill.0.is_multiple_of(2) { Stored::Codes(skill.0) } else { Stored::Postings(skill.0) }
            };
            let skills = RoleSkills::new(300, listed.iter().map(|skill| (*skill, stored(skill))));
            for skill in (0..400).map(SkillNo) {
                let expected = listed.contains(&skill).then(|| stored(&skill));
                prop_assert_eq!(skills.stored(skill), expected);
            }
        }
    }
}
