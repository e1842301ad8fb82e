//! The pairs that differ, as rows.

use super::{
    jobs::Jobs,
    lists::{Match, UserLists},
};
use crate::{failure::Failure, rows_file::RowsFile};
use polars::prelude::*;
use talvix_engine::{
    components::fit_score,
    explain::{fit_label, recommendation},
    model::Weights,
};

/// Rows that are collected before they are written.
const ROWS_PER_BATCH: usize = 100_000;

/// Collects and writes the pairs that differ in rank, score or recommendation, or in whether they
/// are kept.
pub struct DifferentRows<'a> {
    jobs: &'a Jobs,
    weights: [Weights; 2],
    file: RowsFile,
    user_id: Vec<String>,
    job_id: Vec<&'a str>,
    change: Vec<&'static str>,
    sides: [Side; 2],
}

/// What a pair is on one side; null where it is not kept there.
#[derive(Default)]
struct Side {
    rank: Vec<Option<i32>>,
    raw_bp: Vec<Option<i32>>,
    fit_score: Vec<Option<i32>>,
    fit_label: Vec<Option<&'static str>>,
    recommendation: Vec<Option<&'static str>>,
}

impl Side {
    fn push(&mut self, pair: Option<(usize, Match)>, weights: Weights) {
        let score = pair.map(|(_, pair)| fit_score(pair.raw_bp));
        self.rank.push(pair.map(|(at, _)| at as i32 + 1));
        self.raw_bp.push(pair.map(|(_, pair)| pair.raw_bp as i32));
        self.fit_score.push(score.map(i32::from));
        self.fit_label.push(score.map(fit_label));
        self.recommendation.push(score.map(|score| recommendation(score, weights.apply_from())));
    }

    /// The columns, emptied.
    fn columns(&mut self, suffix: &str) -> Vec<Column> {
        let Side { rank, raw_bp, fit_score, fit_label, recommendation } = std::mem::take(self);
        let name = |column: &str| PlSmallStr::from_string(format!("{column}_{suffix}"));
        vec![
            Column::new(name("rank"), rank),
            Column::new(name("raw_bp"), raw_bp),
            Column::new(name("fit_score"), fit_score),
            Column::new(name("fit_label"), fit_label),
            Column::new(name("recommendation"), recommendation),
        ]
    }
}

impl<'a> DifferentRows<'a> {
    /// Nothing yet.
    pub fn new(jobs: &'a Jobs, before: Weights, after: Weights, file: RowsFile) -> Self {
        let (user_id, job_id, change) = (Vec::new(), Vec::new(), Vec::new());
        let sides = [Side::default(), Side::default()];
        DifferentRows { jobs, weights: [before, after], file, user_id, job_id, change, sides }
    }

    /// Adds what differs for a user: what was kept in its order, then what came in its own.
    pub fn add(&mut self, lists: &UserLists<'_>) -> Result<(), Failure> {
        let find =
            |list: &[Match], job| list.iter().copied().enumerate().find(|(_, m)| m.job == job);
        for before in lists.before.iter().copied().enumerate() {
            match find(lists.after, before.1.job) {
                None => self.push(lists.user_id, "removed", Some(before), None),
                Some(after)
                    if after != before || self.advice(before, 0) != self.advice(after, 1) =>
                {
                    self.push(lists.user_id, "changed", Some(before), Some(after));
                }
                Some(_) => {}
            }
        }
        for after in lists.after.iter().copied().enumerate() {
            if find(lists.before, after.1.job).is_none() {
                self.push(lists.user_id, "added", None, Some(after));
            }
        }
        if self.user_id.len() >= ROWS_PER_BATCH { self.write() } else { Ok(()) }
    }

    /// The recommendation under the weights of a side: the threshold may be another one.
    fn advice(&self, (_, pair): (usize, Match), side: usize) -> &'static str {
        recommendation(fit_score(pair.raw_bp), self.weights[side].apply_from())
    }

    fn push(
        &mut self,
        user_id: &str,
        change: &'static str,
        before: Option<(usize, Match)>,
        after: Option<(usize, Match)>,
    ) {
        let jobs = self.jobs;
        let job = before.or(after).map_or("", |(_, pair)| jobs.id[pair.job as usize].as_str());
        self.user_id.push(user_id.to_owned());
        self.job_id.push(job);
        self.change.push(change);
        for ((side, pair), weights) in self.sides.iter_mut().zip([before, after]).zip(self.weights)
        {
            side.push(pair, weights);
        }
    }

    fn write(&mut self) -> Result<(), Failure> {
        let mut columns = vec![
            Column::new("user_id".into(), std::mem::take(&mut self.user_id)),
            Column::new("job_id".into(), std::mem::take(&mut self.job_id)),
            Column::new("change".into(), std::mem::take(&mut self.change)),
        ];
        let [before, after] = &mut self.sides;
        let height = columns.first().map_or(0, Column::len);
        let (before, after) = (before.columns("before"), after.columns("after"));
        for (before, after) in before.into_iter().zip(after) {
            columns.extend([before, after]);
        }
        self.file.write(DataFrame::new(height, columns)?)
    }

    /// Writes the rest and completes the file.
    pub fn finish(mut self) -> Result<u64, Failure> {
        self.write()?;
        self.file.finish()
    }
}
