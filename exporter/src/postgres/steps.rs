//! The statements of a chunk, in their order.

use super::pg_uuid;
use crate::{
    chunk::{Chunk, LeftOut, NightOut},
    diff::{Diff, NewRow},
    error::Error,
    pgcopy,
};
use futures_util::SinkExt;
use jiff::Timestamp;
use std::{collections::HashSet, ops::Range};
use talvix_engine::ids::{JobNo, UserNo, Uuid};
use talvix_fault_points::point;
use talvix_pg::{
    answer,
    copy::{CHUNK_BYTES, CopyEncoder},
};
use tokio_postgres::{
    Transaction,
    types::{ToSql, Type},
};

/// The values of a statement, with their types: nothing is prepared, which poolers get wrong.
pub(super) type Params<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

pub(super) async fn execute(
    transaction: &Transaction<'_>,
    doing: &'static str,
    sql: &str,
    params: Params<'_>,
) -> Result<(), Error> {
    answer(doing, transaction.execute_typed(sql, params)).await?;
    Ok(())
}

/// The jobs of rows to write that were deleted since the load; the others are held in place.
pub(super) async fn deleted_jobs(
    transaction: &Transaction<'_>,
    out: &NightOut<'_>,
    diff: &Diff<'_>,
) -> Result<HashSet<JobNo>, Error> {
    let mut wanted: Vec<JobNo> = diff.write.iter().map(|row| row.rows.job[row.at]).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let ids: Vec<uuid::Uuid> = wanted.iter().map(|job| pg_uuid(out.jobs.id[job.ix()])).collect();
    let params: Params<'_> = &[(&ids, Type::UUID_ARRAY)];
    let hold = transaction.query_typed(
        "select id from public.jobs where id = any($1) order by id for key share",
        params,
    );
    let rows = answer("holding jobs in place", hold).await?;
    let present: HashSet<uuid::Uuid> = rows.iter().map(|row| row.get(0)).collect();
    Ok(wanted
        .into_iter()
        .filter(|job| !present.contains(&pg_uuid(out.jobs.id[job.ix()])))
        .collect())
}

pub(super) async fn delete(transaction: &Transaction<'_>, ids: &[Uuid]) -> Result<(), Error> {
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<uuid::Uuid> = ids.iter().copied().map(pg_uuid).collect();
    execute(
        transaction,
        "deleting scores",
        "delete from public.job_fit_scores where id = any($1)",
        &[(&ids, Type::UUID_ARRAY)],
    )
    .await
}

pub(super) async fn write_rows(
    transaction: &Transaction<'_>,
    out: &NightOut<'_>,
    rows: &[NewRow<'_>],
    over_staging: bool,
) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let doing = "writing scores";
    let target = if over_staging { "pg_temp.talvix_scores" } else { "public.job_fit_scores" };
    if over_staging {
        let create = transaction.batch_execute(
            "create temporary table if not exists talvix_scores on commit drop as \
             select * from public.job_fit_scores with no data",
        );
        answer(doing, create).await?;
    }
    let columns = pgcopy::COLUMNS;
    let statement = format!("copy {target} ({columns}) from stdin (format binary)");
    let sink = answer(doing, transaction.copy_in(&statement)).await?;
    let mut sink = std::pin::pin!(sink);
    let now_us = Timestamp::now().as_microsecond();
    let mut encoder = CopyEncoder::new();
    for (number, row) in rows.iter().enumerate() {
        pgcopy::encode(&mut encoder, out, row, now_us)?;
        if encoder.buffered_bytes() >= CHUNK_BYTES {
            answer(doing, sink.feed(encoder.take_chunk())).await?;
        }
        if number == rows.len() / 2 {
            point("chunk-copying");
        }
    }
    answer(doing, sink.feed(encoder.finish())).await?;
    let counted = answer(doing, sink.finish()).await?;
    point("chunk-copied");
    let sent = rows.len() as u64;
    if counted != sent {
        return Err(Error::CopyCount { sent, counted });
    }
    if over_staging {
        let statement =
            format!("insert into public.job_fit_scores ({columns}) select {columns} from {target}");
        answer(doing, transaction.batch_execute(&statement)).await?;
    }
    Ok(())
}

/// Sets the cursors of all users but those to leave. Who is short of a deleted job's pair gets a
/// cursor that asks for a full scan.
pub(super) async fn set_cursors(
    transaction: &Transaction<'_>,
    out: &NightOut<'_>,
    chunk: &Chunk,
    part: &Range<usize>,
    left: &LeftOut,
    short: &HashSet<UserNo>,
) -> Result<(), Error> {
    let mut ids = Vec::new();
    let mut runs: Vec<Option<uuid::Uuid>> = Vec::new();
    let users = chunk.part(part).map(|(_, scored)| scored.user);
    for user in users.filter(|user| !left.is_left(*user)) {
        ids.push(pg_uuid(chunk.users.id[user.ix()]));
        runs.push(out.scrape_run_id.map(pg_uuid).filter(|_| !short.contains(&user)));
    }
    let as_of_us = out.as_of.as_microsecond();
    execute(
        transaction,
        "setting cursors",
        "insert into public.user_fit_score_cursors as c \
             (user_id, last_scrape_run_id, last_scored_at, updated_at) \
             select n.user_id, r.id, to_timestamp(0) + $3 * interval '1 microsecond', now() \
             from unnest($1::uuid[], $2::uuid[]) as n(user_id, run_id) \
             left join public.scrape_runs r on r.id = n.run_id \
             order by n.user_id \
             on conflict (user_id) do update set \
             last_scrape_run_id = excluded.last_scrape_run_id, \
             last_scored_at = excluded.last_scored_at, updated_at = excluded.updated_at \
             where (c.last_scrape_run_id, c.last_scored_at) \
             is distinct from (excluded.last_scrape_run_id, excluded.last_scored_at)",
        &[(&ids, Type::UUID_ARRAY), (&runs, Type::UUID_ARRAY), (&as_of_us, Type::INT8)],
    )
    .await
}

/// After a full scan users are not stale any more, unless their row or resume has changed since
/// the load; a dashboard that lacked nothing else is ready.
pub(super) async fn clear_flags(
    transaction: &Transaction<'_>,
    chunk: &Chunk,
    part: &Range<usize>,
    left: &LeftOut,
    changed: &HashSet<UserNo>,
) -> Result<(), Error> {
    let mut ids = Vec::new();
    let mut versions = Vec::new();
    for (_, scored) in chunk.part(part) {
        let user = scored.user;
        if chunk.changes_flags(scored) && !left.is_left(user) && !changed.contains(&user) {
            ids.push(pg_uuid(chunk.users.id[user.ix()]));
            versions.push(i64::from(chunk.users.row_version[user.ix()]));
        }
    }
    if ids.is_empty() {
        return Ok(());
    }
    execute(
        transaction,
        "clearing flags",
        "update public.users u set fit_scores_stale = false, dashboard_ready = \
             u.dashboard_ready or (not u.skill_gap_stale and not u.career_intel_stale) \
             from unnest($1::uuid[], $2::bigint[]) as n(id, version) \
             where u.id = n.id and u.xmin::text::bigint = n.version",
        &[(&ids, Type::UUID_ARRAY), (&versions, Type::INT8_ARRAY)],
    )
    .await
}
