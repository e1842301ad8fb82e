//! What is stored for users this week.

use super::{
    JobColumns, UserColumns,
    batch::{Batch, DoorError, Ids, Texts},
};
use crate::{
    ids::{JobNo, Lists, UserNo, Uuid},
    rows::{RowDigest, RowValues},
};
use arrow::{
    array::{BooleanArray, Int32Array, RecordBatch, StringArray, TimestampMicrosecondArray},
    datatypes::{Int32Type, TimestampMicrosecondType, UInt32Type},
};

/// A stored row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoredPair {
    /// The job, or `None` when it is not scoreable any more.
    pub job: Option<JobNo>,
    /// Over the values that a run writes.
    pub digest: RowDigest,
    /// The row.
    pub id: Uuid,
    /// Its version: another one where any of it was changed.
    pub row_version: u32,
    /// When it was made, in microseconds since the Unix epoch.
    pub created_at_us: i64,
}

/// This week's stored rows, per [`UserNo`]; by default they are not known.
#[derive(Debug, Default)]
pub struct StoredPairs(Lists<StoredPair>);

impl StoredPairs {
    /// Whether what is stored for the users was read.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.0.num_rows() > 0
    }

    /// The stored rows of a user; none where they are not known.
    #[must_use]
    pub fn of(&self, user: UserNo) -> &[StoredPair] {
        if self.is_known() { self.0.row(user.ix()) } else { &[] }
    }
}

/// Collects stored rows, of any users and in any order; of their texts nothing stays but the digest.
#[derive(Debug, Default)]
pub struct StoredPairsBuilder {
    /// Where the rows of another user begin.
    runs: Vec<(Uuid, usize)>,
    pairs: Vec<StoredPair>,
}

impl StoredPairsBuilder {
    /// Takes a batch of this week's rows with the columns of [`StoredRows`] and `row_version`.
    pub fn push(&mut self, batch: &RecordBatch, jobs: &JobColumns) -> Result<(), DoorError> {
        let rows = StoredRows::new(batch)?;
        let row_versions =
            Batch::new("job_fit_scores", batch).numbers::<UInt32Type>("row_version")?;
        for row in 0..batch.num_rows() {
            let user = rows.user_id(row);
            if self.runs.last().is_none_or(|(last, _)| *last != user) {
                self.runs.push((user, self.pairs.len()));
            }
            let job = jobs.number_of(&rows.job_id(row));
            self.pairs.push(StoredPair {
                job,
                digest: rows.digest(row),
                id: rows.id(row),
                row_version: row_versions.value(row),
                created_at_us: rows.created_at_us(row),
            });
        }
        Ok(())
    }

    /// The rows by user. Rows of others than these users are passed over.
    #[must_use]
    pub fn finish(self, users: &UserColumns) -> StoredPairs {
        let StoredPairsBuilder { runs, pairs } = self;
        let ends = runs.iter().skip(1).map(|run| run.1).chain([pairs.len()]);
        let mut by_user: Vec<(UserNo, usize, usize)> = runs
            .iter()
            .zip(ends)
            .filter_map(|(&(id, start), end)| Some((users.number_of(&id)?, start, end)))
            .collect();
        by_user.sort_unstable();
        let mut lists = Lists::with_capacity(users.len(), pairs.len());
        let mut runs = by_user.iter().peekable();
        for user in users.numbers() {
            let mine = std::iter::from_fn(|| runs.next_if(|run| run.0 == user));
            lists.push(mine.flat_map(|&(_, start, end)| pairs[start..end].iter().copied()));
        }
        StoredPairs(lists)
    }
}

/// A batch of stored rows, read row by row: with the columns `id`, `user_id`, `job_id`, `fit_score`,
/// `fit_label`, `recommendation`, `fit_reasons`, `missing_skills`, `strengths`, `is_full_score`,
/// `week_number`, `year_number`, `created_at`.
pub struct StoredRows<'a> {
    ids: Ids<'a>,
    created_at: &'a TimestampMicrosecondArray,
    user_ids: Ids<'a>,
    job_ids: Ids<'a>,
    fit_scores: &'a Int32Array,
    fit_labels: &'a StringArray,
    recommendations: &'a StringArray,
    is_full_scores: &'a BooleanArray,
    weeks: &'a Int32Array,
    years: &'a Int32Array,
    lists: [Texts<'a>; 3],
}

impl<'a> StoredRows<'a> {
    /// Finds the columns.
    pub fn new(batch: &'a RecordBatch) -> Result<Self, DoorError> {
        let batch = Batch::new("job_fit_scores", batch);
        Ok(StoredRows {
            ids: batch.ids("id")?,
            created_at: batch.numbers::<TimestampMicrosecondType>("created_at")?,
            user_ids: batch.ids("user_id")?,
            job_ids: batch.ids("job_id")?,
            fit_scores: batch.numbers::<Int32Type>("fit_score")?,
            fit_labels: batch.texts("fit_label")?,
            recommendations: batch.texts("recommendation")?,
            is_full_scores: batch.bools("is_full_score")?,
            weeks: batch.numbers::<Int32Type>("week_number")?,
            years: batch.numbers::<Int32Type>("year_number")?,
            lists: [
                batch.lists("fit_reasons")?,
                batch.lists("missing_skills")?,
                batch.lists("strengths")?,
            ],
        })
    }

    /// Which row.
    #[must_use]
    pub fn id(&self, row: usize) -> Uuid {
        self.ids.get(row)
    }

    /// When it was made, in microseconds since the Unix epoch.
    #[must_use]
    pub fn created_at_us(&self, row: usize) -> i64 {
        self.created_at.value(row)
    }

    /// Whose.
    #[must_use]
    pub fn user_id(&self, row: usize) -> Uuid {
        self.user_ids.get(row)
    }

    /// Which job.
    #[must_use]
    pub fn job_id(&self, row: usize) -> Uuid {
        self.job_ids.get(row)
    }

    /// The score that is stored.
    #[must_use]
    pub fn fit_score(&self, row: usize) -> i32 {
        self.fit_scores.value(row)
    }

    /// ISO week-year and week.
    #[must_use]
    pub fn week(&self, row: usize) -> (i32, i32) {
        (self.years.value(row), self.weeks.value(row))
    }

    /// The digest of a row's values.
    #[must_use]
    pub fn digest(&self, row: usize) -> RowDigest {
        let mut digest = RowValues {
            fit_score: self.fit_scores.value(row),
            fit_label: self.fit_labels.value(row),
            recommendation: self.recommendations.value(row),
            is_full_score: self.is_full_scores.value(row),
            week_number: self.weeks.value(row),
            year_number: self.years.value(row),
        }
        .digest();
        for list in self.lists {
            digest.list(list.get(row));
        }
        digest
    }
}
