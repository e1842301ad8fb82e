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
    array::{BooleanArray, Int32Array, RecordBatch, StringArray},
    datatypes::Int32Type,
};

/// A stored row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoredPair {
    /// The job, or `None` when it is not scoreable any more.
    pub job: Option<JobNo>,
    /// Over the values that a run writes.
    pub digest: RowDigest,
}

/// This week's stored rows, per [`UserNo`].
#[derive(Debug, Default)]
pub struct StoredPairs(Lists<StoredPair>);

impl StoredPairs {
    /// Reads this week's rows: batches with the columns `user_id`, `job_id`, `fit_score`,
    /// `fit_label`, `recommendation`, `fit_reasons`, `missing_skills`, `strengths`,
    /// `is_full_score`, `week_number`, `year_number`. Rows of users who are not loaded are passed
    /// over.
    pub fn new(
        batches: &[RecordBatch],
        jobs: &JobColumns,
        users: &UserColumns,
    ) -> Result<Self, DoorError> {
        let mut pairs = Vec::new();
        for batch in batches {
            let rows = StoredRows::new(batch)?;
            let mut last = None;
            for row in 0..batch.num_rows() {
                let id = rows.user_id(row);
                let user = match last {
                    Some((last_id, user)) if last_id == id => user,
                    _ => users.number_of(&id),
                };
                last = Some((id, user));
                let Some(user) = user else { continue };
                let job = jobs.number_of(&rows.job_id(row));
                pairs.push((user.0, StoredPair { job, digest: rows.digest(row) }));
            }
        }
        Ok(StoredPairs(Lists::group(users.len(), &pairs)))
    }

    /// The stored rows of a user.
    #[must_use]
    pub fn of(&self, user: UserNo) -> &[StoredPair] {
        if self.0.num_rows() == 0 { &[] } else { self.0.row(user.ix()) }
    }
}

/// A batch of stored rows, read row by row.
pub struct StoredRows<'a> {
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
