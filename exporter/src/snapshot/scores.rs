//! The kept pairs.

use super::columns::{as_words, ids, numbers, words};
use crate::chunk::LeftOut;
use arrow::{
    array::{AsArray, BooleanArray, ListArray, RecordBatch, UInt32Array},
    compute::take,
    error::ArrowError,
};
use std::sync::Arc;
use talvix_engine::{ids::JobNo, pair::Inputs, score::ScoredBlock};
use talvix_snapshot::sets::JOB_FIT_SCORES;

/// The block's rows that were stored: rank among the user's, and which row.
pub(super) fn kept(block: &ScoredBlock, left: &LeftOut) -> Vec<(u32, usize)> {
    let mut kept = Vec::with_capacity(block.rows.len());
    for scored in &block.users {
        kept.extend((1..).zip(left.stored(block, scored)));
    }
    kept
}

/// The rows of some kept pairs of a block.
pub(super) fn rows(
    inputs: Inputs<'_>,
    block: &ScoredBlock,
    kept: &[(u32, usize)],
) -> Result<RecordBatch, ArrowError> {
    let Inputs { jobs, users, model } = inputs;
    let rows = &block.rows;
    let at = || kept.iter().map(|&(_, at)| at);
    let components: Vec<_> =
        at().map(|at| inputs.components(rows.user[at], rows.job[at])).collect();
    let bonus = |at: usize| {
        let is_dream = inputs.is_dream(rows.user[at], rows.job[at]);
        if is_dream { model.weights.dream_bonus_bp() } else { 0 }
    };
    let job_id = |job: JobNo| jobs.id[job.ix()];
    let is_whole = kept.len() == rows.len();
    let chosen: UInt32Array = at().map(|at| at as u32).collect();
    let lists = |lists: &ListArray| {
        let lists =
            if is_whole { lists.clone() } else { take(lists, &chosen, None)?.as_list().clone() };
        Ok::<_, ArrowError>(as_words(lists))
    };
    RecordBatch::try_new(
        JOB_FIT_SCORES.schema(),
        vec![
            ids(at().map(|at| users.id[rows.user[at].ix()]).collect::<Vec<_>>().into_iter()),
            numbers(kept.iter().map(|&(rank, _)| rank)),
            ids(at().map(|at| job_id(rows.job[at])).collect::<Vec<_>>().into_iter()),
            numbers(at().map(|at| u32::from(rows.fit_score[at]))),
            numbers(at().map(|at| rows.raw_bp[at])),
            numbers(components.iter().map(|of| of.skills_bp)),
            numbers(components.iter().map(|of| of.experience_bp)),
            numbers(components.iter().map(|of| of.demand_bp)),
            numbers(components.iter().map(|of| of.salary_bp)),
            numbers(at().map(bonus)),
            words(at().map(|at| rows.fit_label[at])),
            words(at().map(|at| rows.recommendation[at])),
            Arc::new(at().map(|at| Some(rows.is_full_score[at])).collect::<BooleanArray>()),
            lists(&rows.fit_reasons)?,
            lists(&rows.missing_skills)?,
            lists(&rows.strengths)?,
        ],
    )
}
