//! The users who were scored, or could not be.

use super::columns::{WordLists, ids, maybe_numbers, maybe_words, numbers, words};
use crate::chunk::{Chunk, LeftOut};
use arrow::{
    array::{Float64Array, Int64Array, RecordBatch},
    error::ArrowError,
};
use std::sync::Arc;
use talvix_engine::{
    columns::JobColumns,
    ids::UserNo,
    mode::Mode,
    score::{ScoredBlock, ScoredUser},
};
use talvix_snapshot::sets::SCORED_USERS;

/// What became of a user.
struct Row<'a> {
    user: UserNo,
    scored: Option<(&'a ScoredBlock, &'a ScoredUser)>,
    skipped: Option<&'static str>,
    /// Score in points and in bp of the best and the last stored pair.
    ends: Option<[(u8, u32); 2]>,
    num_kept: u32,
}

/// The rows of a chunk's users in the order of their ids. Who was deleted meanwhile has none.
pub(super) fn rows(
    jobs: &JobColumns,
    chunk: &Chunk,
    left: &LeftOut,
) -> Result<RecordBatch, ArrowError> {
    let users = &chunk.users;
    let mut rows: Vec<Row<'_>> = chunk
        .scored()
        .filter(|(_, scored)| !left.deleted_users.contains(&scored.user))
        .map(|(block, scored)| scored_row(block, scored, left))
        .collect();
    rows.extend(chunk.unscored.iter().map(|&(user, reason)| Row {
        user,
        scored: None,
        skipped: Some(reason),
        ends: None,
        num_kept: 0,
    }));
    rows.sort_unstable_by_key(|row| row.user);

    let (mut roles, mut cities) = (WordLists::new(), WordLists::new());
    for row in &rows {
        let user = row.user.ix();
        roles.push(users.roles.row(user).iter().map(|role| jobs.roles.text(role.0)));
        cities.push(users.cities.row(user).iter().map(|city| jobs.cities.text(city.0)));
    }
    let scored = || rows.iter().map(|row| row.scored.map(|(_, scored)| scored));
    let end = |which: usize| rows.iter().map(move |row| row.ends.map(|ends| ends[which]));
    let best = || end(0);
    let last = || end(1);
    RecordBatch::try_new(
        SCORED_USERS.schema(),
        vec![
            ids(rows.iter().map(|row| users.id[row.user.ix()])),
            words(rows.iter().map(|row| users.tier[row.user.ix()].name())),
            maybe_words(scored().map(|scored| {
                scored.map(|scored| match scored.mode {
                    Mode::Full(_) => "full",
                    Mode::Delta => "delta",
                })
            })),
            maybe_words(scored().map(|scored| match scored?.mode {
                Mode::Full(reason) => Some(reason.name()),
                Mode::Delta => None,
            })),
            maybe_words(rows.iter().map(|row| row.skipped)),
            roles.finish(),
            cities.finish(),
            maybe_words(rows.iter().map(|row| Some(users.level[row.user.ix()]?.name()))),
            Arc::new(
                rows.iter()
                    .map(|row| {
                        users.experience_tenths[row.user.ix()].map(|tenths| f64::from(tenths) / 10.)
                    })
                    .collect::<Float64Array>(),
            ),
            maybe_numbers(
                rows.iter()
                    .map(|row| row.scored.map(|_| users.skills.row(row.user.ix()).len() as u32)),
            ),
            Arc::new(
                scored()
                    .map(|scored| scored.map(|scored| scored.num_prefiltered as i64))
                    .collect::<Int64Array>(),
            ),
            Arc::new(
                scored()
                    .map(|scored| scored.map(|scored| scored.num_scored as i64))
                    .collect::<Int64Array>(),
            ),
            numbers(rows.iter().map(|row| row.num_kept)),
            maybe_numbers(best().map(|best| best.map(|(score, _)| u32::from(score)))),
            maybe_numbers(last().map(|last| last.map(|(score, _)| u32::from(score)))),
            maybe_numbers(best().map(|best| best.map(|(_, raw_bp)| raw_bp))),
            maybe_numbers(last().map(|last| last.map(|(_, raw_bp)| raw_bp))),
            Arc::new(
                scored()
                    .map(|scored| scored.map(|scored| scored.nanoseconds as f64 / 1e6))
                    .collect::<Float64Array>(),
            ),
        ],
    )
}

fn scored_row<'a>(block: &'a ScoredBlock, scored: &'a ScoredUser, left: &LeftOut) -> Row<'a> {
    let skipped = left.reset_users.contains(&scored.user).then_some("reset_meanwhile");
    let stored: Vec<usize> = left.stored(block, scored).collect();
    let score = |at: usize| (block.rows.fit_score[at], block.rows.raw_bp[at]);
    let ends = stored.first().zip(stored.last()).map(|(best, last)| [score(*best), score(*last)]);
    Row {
        user: scored.user,
        scored: Some((block, scored)),
        skipped,
        ends,
        num_kept: stored.len() as u32,
    }
}
