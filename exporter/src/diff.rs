//! What has to change so that the stored rows of some users are exactly the kept pairs.

use crate::{
    chunk::{Chunk, LeftOut, NightOut, RowCounts},
    error::Error,
};
use arrow::array::RecordBatch;
use foldhash::fast::FixedState;
use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};
use talvix_engine::{
    columns::{StoredPair, StoredRows},
    ids::{JobNo, UserNo, Uuid},
    rows::{RowDigest, ScoreRows},
};

/// A row as it is stored.
#[derive(Clone, Copy, Debug)]
pub struct Existing {
    user: UserNo,
    /// `None` when it is not among tonight's.
    job: Option<JobNo>,
    id: Uuid,
    created_at_us: i64,
    is_this_week: bool,
    digest: RowDigest,
    /// Which of the batches' rows, counted through.
    row: usize,
}

impl Existing {
    /// The rows of the users of a part of a chunk: batches with the columns of
    /// [`talvix_loader::tables::SCORES`], which may hold rows of others.
    pub fn read(
        out: &NightOut<'_>,
        chunk: &Chunk,
        part: &Range<usize>,
        stored: &[RecordBatch],
    ) -> Result<Vec<Existing>, Error> {
        let week = (i32::from(out.week.year), i32::from(out.week.week));
        let in_part: HashSet<UserNo, FixedState> =
            chunk.part(part).map(|(_, user)| user.user).collect();
        let mut existing = Vec::new();
        let mut first_row = 0;
        for batch in stored {
            let rows = StoredRows::new(batch)?;
            for row in 0..batch.num_rows() {
                let user = chunk.users.number_of(&rows.user_id(row));
                let Some(user) = user.filter(|user| in_part.contains(user)) else { continue };
                existing.push(Existing {
                    user,
                    job: out.jobs.number_of(&rows.job_id(row)),
                    id: rows.id(row),
                    created_at_us: rows.created_at_us(row),
                    is_this_week: rows.week(row) == week,
                    digest: rows.digest(row),
                    row: first_row + row,
                });
            }
            first_row += batch.num_rows();
        }
        Ok(existing)
    }

    /// A row of this week that is as it was loaded.
    #[must_use]
    pub fn as_loaded(user: UserNo, pair: &StoredPair) -> Existing {
        let StoredPair { job, digest, id, created_at_us, .. } = *pair;
        Existing { user, job, id, created_at_us, is_this_week: true, digest, row: 0 }
    }
}

/// A row to write: a kept pair, with the identity of the row whose values it replaces.
#[derive(Clone, Copy, Debug)]
pub struct NewRow<'a> {
    /// Whose.
    pub user_id: Uuid,
    /// The block's rows.
    pub rows: &'a ScoreRows,
    /// Which of them.
    pub at: usize,
    /// Id and creation of the stored row of this pair and week.
    pub replaces: Option<(Uuid, i64)>,
}

/// The changes that make stored rows the kept pairs.
#[derive(Debug, Default)]
pub struct Diff<'a> {
    /// Rows to delete, replaced ones included.
    pub delete: Vec<Uuid>,
    /// The same rows, counted through the batches they came in.
    pub delete_rows: Vec<usize>,
    /// Rows to write.
    pub write: Vec<NewRow<'a>>,
    /// Rows left as they are.
    pub unchanged: u64,
}

impl<'a> Diff<'a> {
    /// Compares a part of a chunk with what is stored for the users of that part. Rows of users who
    /// are left as they are stay.
    #[must_use]
    pub fn new(chunk: &'a Chunk, part: &Range<usize>, stored: &[Existing], left: &LeftOut) -> Self {
        // The unique key is (user, job): at most one stored row meets a kept pair. A row whose job
        // is not among tonight's can only go.
        let mut existing: HashMap<(UserNo, JobNo), Existing, FixedState> = HashMap::default();
        let mut diff = Diff::default();
        for found in stored.iter().filter(|found| !left.is_left(found.user)) {
            let other = match found.job {
                Some(job) => existing.insert((found.user, job), *found),
                None => Some(*found),
            };
            if let Some(other) = other {
                diff.delete.push(other.id);
                diff.delete_rows.push(other.row);
            }
        }

        for (block, user) in chunk.part(part) {
            if left.is_left(user.user) {
                continue;
            }
            for at in user.rows.clone() {
                let pair = (user.user, block.rows.job[at]);
                let replaces = match existing.get(&pair) {
                    Some(found) if found.is_this_week => {
                        if found.digest == block.rows.digest[at] {
                            existing.remove(&pair);
                            diff.unchanged += 1;
                            continue;
                        }
                        Some((found.id, found.created_at_us))
                    }
                    _ => None,
                };
                let user_id = chunk.users.id[user.user.ix()];
                diff.write.push(NewRow { user_id, rows: &block.rows, at, replaces });
            }
        }
        let mut gone: Vec<Existing> = existing.into_values().collect();
        gone.sort_unstable_by_key(|found| (found.row, found.id));
        diff.delete.extend(gone.iter().map(|found| found.id));
        diff.delete_rows.extend(gone.iter().map(|found| found.row));
        diff
    }

    /// What the changes amount to.
    #[must_use]
    pub fn counts(&self) -> RowCounts {
        let updated = self.write.iter().filter(|row| row.replaces.is_some()).count() as u64;
        let written = self.write.len() as u64;
        RowCounts {
            kept: self.unchanged + written,
            inserted: written - updated,
            updated,
            deleted: self.delete.len() as u64 - updated,
            unchanged: self.unchanged,
        }
    }
}
