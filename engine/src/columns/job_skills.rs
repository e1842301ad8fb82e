//! The skills that jobs list, taken in while the jobs themselves may still be on their way.

use super::batch::{Batch, DoorError, text};
use crate::{
    ids::{Dictionary, JobNo, Lists, SkillNo, Uuid},
    skills::AliasTable,
};
use arrow::array::RecordBatch;

/// A skill that a job lists, and whether it requires it or is only glad of it: four bytes, ordered
/// by skill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobSkill(u32);

impl JobSkill {
    /// The number of a skill is below this: one bit says whether it is required.
    const MAX_SKILLS: u32 = 1 << 31;

    /// A listed skill.
    #[must_use]
    pub const fn new(skill: SkillNo, required: bool) -> Self {
        JobSkill(skill.0 << 1 | required as u32)
    }

    /// Which.
    #[must_use]
    pub const fn skill(self) -> SkillNo {
        SkillNo(self.0 >> 1)
    }

    /// Required, not just nice to have.
    #[must_use]
    pub const fn required(self) -> bool {
        self.0 & 1 == 1
    }
}

/// Collects the rows of `job_skills`, of any jobs and in any order.
///
/// Two million rows name a job and one of a few ten thousand spellings each: a row is kept in four
/// bytes, and twenty more where it is of another job than the row before.
#[derive(Debug, Default)]
pub struct JobSkillsBuilder {
    /// Where the rows of another job begin.
    runs: Vec<(Uuid, u32)>,
    /// Numbers of spellings in place of skills.
    listed: Vec<JobSkill>,
    spellings: Dictionary,
}

impl JobSkillsBuilder {
    /// Takes a batch with the columns `job_id`, `skill_name`, `skill_type`.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<(), DoorError> {
        const TABLE: &str = "job_skills";
        let batch = Batch::new(TABLE, batch);
        let jobs = batch.ids("job_id")?;
        let names = batch.nullable_texts("skill_name")?;
        let types = batch.nullable_texts("skill_type")?;
        let total = self.listed.len().checked_add(batch.num_rows());
        if total.is_none_or(|total| total >= u32::MAX as usize) {
            return Err(DoorError::TooMany { table: TABLE });
        }
        for row in 0..batch.num_rows() {
            let Some(name) = text(names, row) else { continue };
            let spelling = self.spellings.intern(name);
            if spelling >= JobSkill::MAX_SKILLS {
                return Err(DoorError::TooMany { table: TABLE });
            }
            let job = jobs.get(row);
            if self.runs.last().is_none_or(|(last, _)| *last != job) {
                self.runs.push((job, self.listed.len() as u32));
            }
            let required = text(types, row) == Some("required");
            self.listed.push(JobSkill::new(SkillNo(spelling), required));
        }
        Ok(())
    }

    /// The skills of each of `num_jobs` jobs, by skill number and each once, and their canonical
    /// names. Rows of a job that has no number are passed over.
    pub(super) fn finish(
        self,
        num_jobs: usize,
        number_of: impl Fn(&Uuid) -> Option<JobNo>,
        aliases: &AliasTable,
    ) -> (Lists<JobSkill>, Dictionary) {
        let JobSkillsBuilder { runs, listed, spellings } = self;
        let ends = runs.iter().skip(1).map(|run| run.1).chain([listed.len() as u32]);
        let mut by_job: Vec<(JobNo, u32, u32)> = runs
            .iter()
            .zip(ends)
            .filter_map(|(&(id, start), end)| Some((number_of(&id)?, start, end)))
            .collect();
        drop(runs);
        by_job.sort_unstable();

        // Only what a scoreable job lists gets a number, and each spelling is made canonical once.
        let mut skill_names = Dictionary::default();
        let mut canonical: Vec<Option<Option<SkillNo>>> = vec![None; spellings.len()];
        let mut skill_of = |spelling: SkillNo| {
            *canonical[spelling.ix()].get_or_insert_with(|| {
                let name = aliases.canonical(spellings.text(spelling.0))?;
                Some(SkillNo(skill_names.intern(&name)))
            })
        };
        let mut lists = Lists::with_capacity(num_jobs, listed.len());
        let mut runs = by_job.iter().peekable();
        let mut skills: Vec<JobSkill> = Vec::new();
        for job in 0..num_jobs {
            skills.clear();
            while let Some(&(_, start, end)) = runs.next_if(|run| run.0.ix() == job) {
                let rows = &listed[start as usize..end as usize];
                skills.extend(
                    rows.iter().filter_map(|row| {
                        Some(JobSkill::new(skill_of(row.skill())?, row.required()))
                    }),
                );
            }
            // Required first among equals, so that it is the one that stays.
            skills.sort_unstable_by_key(|listed| (listed.skill(), !listed.required()));
            skills.dedup_by_key(|listed| listed.skill());
            lists.push(skills.iter().copied());
        }
        (lists, skill_names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, FixedSizeBinaryArray, StringArray};
    use std::sync::Arc;

    fn rows(rows: &[(u8, Option<&str>, Option<&str>)]) -> RecordBatch {
        let ids = rows.iter().map(|row| [row.0; 16]);
        let ids = FixedSizeBinaryArray::try_from_iter(ids).unwrap();
        let names: StringArray = rows.iter().map(|row| row.1).collect();
        let types: StringArray = rows.iter().map(|row| row.2).collect();
        RecordBatch::try_from_iter_with_nullable([
            ("job_id", Arc::new(ids) as ArrayRef, false),
            ("skill_name", Arc::new(names) as ArrayRef, true),
            ("skill_type", Arc::new(types) as ArrayRef, true),
        ])
        .unwrap()
    }

    #[test]
    fn rows_of_a_job_come_together_whatever_their_order() {
        let mut builder = JobSkillsBuilder::default();
        builder
            .push(&rows(&[
                (1, Some("Python"), Some("nice_to_have")),
                (2, Some("python"), Some("required")),
                (9, Some("welding"), Some("required")),
                (1, None, Some("required")),
                (1, Some("sql"), None),
            ]))
            .unwrap();
        builder
            .push(&rows(&[(2, Some("SQL"), None), (1, Some(" python "), Some("required"))]))
            .unwrap();
        let number_of = |id: &Uuid| (id[0] <= 3).then(|| JobNo(u32::from(id[0]) - 1));
        let aliases = AliasTable::new([]).unwrap();
        let (lists, names) = builder.finish(3, number_of, &aliases);
        let named = |job: usize| -> Vec<(&str, bool)> {
            let row = lists.row(job).iter();
            row.map(|skill| (names.text(skill.skill().0), skill.required())).collect()
        };
        assert_eq!(named(0), [("python", true), ("sql", false)]);
        assert_eq!(named(1), [("python", true), ("sql", false)]);
        assert_eq!(named(2), []);
        // What only a job without a number lists is no skill of tonight's.
        assert_eq!(names.len(), 2);
    }

    #[test]
    fn a_listed_skill_fits_four_bytes() {
        assert_eq!(size_of::<JobSkill>(), 4);
        let skill = JobSkill::new(SkillNo(JobSkill::MAX_SKILLS - 1), true);
        assert_eq!((skill.skill().0, skill.required()), (JobSkill::MAX_SKILLS - 1, true));
    }
}
