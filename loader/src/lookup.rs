//! Single rows that are asked for, and the ids that there are: what a night has no use for.

use crate::{
    error::Error,
    reader::{Read, TableReader},
    tables::{InputTable, JOB_STATES, SCORES, USER_ID, USER_IDS},
};
use arrow::array::{Array, AsArray, RecordBatch};
use std::collections::HashMap;
use talvix_engine::{columns::StoredRows, ids::Uuid, rows::RowDigest};

/// Whether a job can be scored, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobState {
    /// `is_active`.
    pub is_active: bool,
    /// `jd_cleaned`.
    pub jd_cleaned: bool,
    /// `role_family` is not null.
    pub has_role_family: bool,
}

/// What is stored of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredScore {
    /// The points.
    pub fit_score: i32,
    /// Over all values of the row.
    pub digest: RowDigest,
}

/// Whether the selected user is there.
pub fn has_selected_user(reader: &dyn TableReader) -> Result<bool, Error> {
    Ok(!ids(reader, USER_ID)?.is_empty())
}

/// All users' ids.
pub fn user_ids(reader: &dyn TableReader) -> Result<Vec<Uuid>, Error> {
    ids(reader, USER_IDS)
}

/// All jobs, whether they can be scored or not.
pub fn jobs(reader: &dyn TableReader) -> Result<HashMap<Uuid, JobState>, Error> {
    let mut jobs = HashMap::new();
    each(reader, JOB_STATES, |batch| {
        let flag = |at: usize, row| batch.column(at).as_boolean().value(row);
        for (row, id) in ids_of(batch).enumerate() {
            let has_role_family = batch.column(1).is_valid(row);
            let state =
                JobState { has_role_family, is_active: flag(2, row), jd_cleaned: flag(3, row) };
            jobs.insert(id, state);
        }
        Ok(())
    })?;
    Ok(jobs)
}

/// What is stored for the selected user this week, by job.
pub fn stored_scores(reader: &dyn TableReader) -> Result<HashMap<Uuid, StoredScore>, Error> {
    let mut scores = HashMap::new();
    each(reader, SCORES, |batch| {
        let rows = StoredRows::new(batch)?;
        for row in 0..batch.num_rows() {
            let score = StoredScore { fit_score: rows.fit_score(row), digest: rows.digest(row) };
            scores.insert(rows.job_id(row), score);
        }
        Ok(())
    })?;
    Ok(scores)
}

fn ids(reader: &dyn TableReader, table: InputTable) -> Result<Vec<Uuid>, Error> {
    let mut ids = Vec::new();
    each(reader, table, |batch| {
        ids.extend(ids_of(batch));
        Ok(())
    })?;
    Ok(ids)
}

fn ids_of(batch: &RecordBatch) -> impl Iterator<Item = Uuid> {
    let ids = batch.column(0).as_fixed_size_binary();
    (0..batch.num_rows()).map(move |row| ids.value(row).try_into().unwrap_or_default())
}

fn each(
    reader: &dyn TableReader,
    table: InputTable,
    take: impl FnMut(&RecordBatch) -> Result<(), Error> + Send,
) -> Result<(), Error> {
    reader.read(vec![Read::all(table, take)])
}
