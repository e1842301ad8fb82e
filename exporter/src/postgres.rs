//! One transaction per chunk, and one to finish.

mod finish;
mod meanwhile;

use crate::{
    chunk::{Chunk, LeftOut, NightOut, RowCounts, Written},
    diff::{Diff, NewRow},
    error::Error,
    pgcopy,
};
use arrow::array::RecordBatch;
use futures_util::SinkExt;
use jiff::Timestamp;
use meanwhile::{Meanwhile, meanwhile};
use std::collections::HashSet;
use talvix_engine::ids::{JobNo, UserNo, Uuid, uuid_text};
use talvix_loader::{
    postgres::{TRANSACTION_SETTINGS, copy_out},
    tables::SCORES,
};
use talvix_pg::{
    copy::{CHUNK_BYTES, CopyEncoder},
    error::Error as PgError,
    lock::RunLock,
};
use tokio_postgres::{Client, Transaction, types::Type};

/// How often a chunk is tried when others hold locks that it needs.
const MAX_TRIES: u32 = 4;

/// Writes scores into a database, under the run's lock.
#[derive(Debug)]
pub struct PostgresSink {
    /// At least one.
    clients: Vec<Client>,
    lock: RunLock,
    /// Row-level security refuses `COPY` into the table: rows go over a temporary one.
    over_staging: bool,
}

impl PostgresSink {
    /// Writes through one client or more, as long as `lock` is held.
    #[must_use]
    pub fn new(clients: Vec<Client>, lock: RunLock, over_staging: bool) -> Self {
        PostgresSink { clients, lock, over_staging }
    }

    /// A writer for each client. They may work at the same time as long as no user is in the chunks
    /// of two.
    pub fn writers(&mut self) -> impl Iterator<Item = PostgresWriter<'_>> {
        let (lock, over_staging) = (&self.lock, self.over_staging);
        self.clients.iter_mut().map(move |client| PostgresWriter { client, lock, over_staging })
    }
}

/// Writes one chunk after the other.
#[derive(Debug)]
pub struct PostgresWriter<'a> {
    client: &'a mut Client,
    lock: &'a RunLock,
    over_staging: bool,
}

impl PostgresWriter<'_> {
    /// Makes the stored rows of a chunk's users exactly the kept pairs, and sets their cursors.
    pub async fn write_chunk(
        &mut self,
        out: &NightOut<'_>,
        chunk: &Chunk,
    ) -> Result<(Written, LeftOut), Error> {
        let mut tries = 1;
        loop {
            match self.try_chunk(out, chunk).await {
                Err(error) if error.is_retryable() && tries < MAX_TRIES => {
                    tracing::warn!("{error}; trying the chunk again");
                    tokio::time::sleep(backoff(tries)).await;
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    async fn try_chunk(
        &mut self,
        out: &NightOut<'_>,
        chunk: &Chunk,
    ) -> Result<(Written, LeftOut), Error> {
        let over_staging = self.over_staging;
        let transaction = begin(self.client, self.lock).await?;
        let users = chunk.user_numbers();
        let ids: Vec<uuid::Uuid> =
            users.iter().map(|user| pg_uuid(chunk.users.id[user.ix()])).collect();

        let Meanwhile { mut left, changed } = meanwhile(&transaction, chunk, &ids).await?;
        let stored = stored_rows(&transaction, &ids).await?;
        let mut diff = Diff::new(out, chunk, &stored, &left)?;
        drop(stored);

        left.jobs = deleted_jobs(&transaction, out, &diff).await?;
        let num_before = diff.write.len();
        let mut short: HashSet<UserNo> = HashSet::new();
        diff.write.retain(|row| {
            let is_there = !left.jobs.contains(&row.rows.job[row.at]);
            if !is_there {
                short.insert(row.rows.user[row.at]);
            }
            is_there
        });
        let counts = diff.counts();

        delete(&transaction, &diff.delete).await?;
        write_rows(&transaction, out, &diff.write, over_staging).await?;
        set_cursors(&transaction, out, chunk, &left, &short).await?;
        clear_flags(&transaction, chunk, &left, &changed).await?;
        commit(transaction).await?;
        let written = Written {
            rows: counts,
            users_deleted: left.deleted_users.len() as u64,
            users_reset: left.reset_users.len() as u64,
            users_changed: changed.len() as u64,
            pairs_deleted: (num_before - diff.write.len()) as u64,
        };
        Ok((written, left))
    }
}

/// What writing a chunk would change, read without a lock and without changing anything.
pub async fn preview(
    client: &mut Client,
    out: &NightOut<'_>,
    chunk: &Chunk,
) -> Result<RowCounts, Error> {
    let doing = "reading what is stored";
    let transaction =
        client.build_transaction().read_only(true).start().await.map_err(PgError::query(doing))?;
    transaction.batch_execute(TRANSACTION_SETTINGS).await.map_err(PgError::query(doing))?;
    let ids: Vec<uuid::Uuid> =
        chunk.user_numbers().iter().map(|user| pg_uuid(chunk.users.id[user.ix()])).collect();
    let stored = stored_rows(&transaction, &ids).await?;
    let counts = Diff::new(out, chunk, &stored, &LeftOut::default())?.counts();
    transaction.rollback().await.map_err(PgError::query(doing))?;
    Ok(counts)
}

/// Before trying a chunk again: longer each time, and not in step with whom we met.
fn backoff(tries: u32) -> std::time::Duration {
    let jitter_ms = u64::from(uuid::Uuid::now_v7().as_bytes()[15]);
    std::time::Duration::from_millis((100 << tries) + jitter_ms)
}

fn pg_uuid(id: Uuid) -> uuid::Uuid {
    uuid::Uuid::from_bytes(id)
}

/// What a transaction that writes adds to the settings of every transaction.
///
/// - An answered commit must outlive a crash of the server, whatever its default is.
/// - All rows are looked up by key. Left to itself the server reads all of `users` once per chunk
///   and statement as soon as a chunk is a twentieth of it: time would grow with its square.
const WRITE_SETTINGS: &str = "\
    set local synchronous_commit = on; \
    set local enable_seqscan = off; \
    set local jit = off;";

/// Begins a transaction that writes, unless the lock is gone.
async fn begin<'a>(client: &'a mut Client, lock: &RunLock) -> Result<Transaction<'a>, Error> {
    let doing = "beginning to write";
    let transaction = client
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::ReadCommitted)
        .start()
        .await
        .map_err(PgError::query(doing))?;
    let settings = format!("{TRANSACTION_SETTINGS} {WRITE_SETTINGS}");
    transaction.batch_execute(&settings).await.map_err(PgError::query(doing))?;
    if lock.is_held(transaction.client()).await? { Ok(transaction) } else { Err(Error::LockLost) }
}

/// Commits. The driver calls a commit that the server answered with a rollback a success; a
/// statement in a transaction that has failed is refused, so one that passes proves that the
/// commit is one.
async fn commit(transaction: Transaction<'_>) -> Result<(), Error> {
    transaction
        .query_typed("select pg_current_xact_id()::text", &[])
        .await
        .map_err(PgError::query("committing"))?;
    transaction.commit().await.map_err(PgError::query("committing"))?;
    Ok(())
}

/// What is stored for users, of this week and others.
async fn stored_rows(
    transaction: &Transaction<'_>,
    ids: &[uuid::Uuid],
) -> Result<Vec<RecordBatch>, Error> {
    // COPY takes no parameters; these are hex digits and dashes of our own making.
    let ids: Vec<String> = ids.iter().map(|id| uuid_text(id.as_bytes())).collect();
    let columns: Vec<&str> = SCORES.columns.iter().map(|column| column.name).collect();
    let select = format!(
        "select {} from public.job_fit_scores where user_id = any('{{{}}}'::uuid[])",
        columns.join(", "),
        ids.join(",")
    );
    Ok(copy_out(transaction.client(), SCORES, &select).await?)
}

/// The jobs of rows to write that were deleted since the load; the others are held in place.
async fn deleted_jobs(
    transaction: &Transaction<'_>,
    out: &NightOut<'_>,
    diff: &Diff<'_>,
) -> Result<HashSet<JobNo>, Error> {
    let mut wanted: Vec<JobNo> = diff.write.iter().map(|row| row.rows.job[row.at]).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let ids: Vec<uuid::Uuid> = wanted.iter().map(|job| pg_uuid(out.jobs.id[job.ix()])).collect();
    let rows = transaction
        .query_typed(
            "select id from public.jobs where id = any($1) order by id for key share",
            &[(&ids, Type::UUID_ARRAY)],
        )
        .await
        .map_err(PgError::query("holding jobs in place"))?;
    let present: HashSet<uuid::Uuid> = rows.iter().map(|row| row.get(0)).collect();
    Ok(wanted
        .into_iter()
        .filter(|job| !present.contains(&pg_uuid(out.jobs.id[job.ix()])))
        .collect())
}

async fn delete(transaction: &Transaction<'_>, ids: &[Uuid]) -> Result<(), Error> {
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<uuid::Uuid> = ids.iter().copied().map(pg_uuid).collect();
    transaction
        .execute_typed(
            "delete from public.job_fit_scores where id = any($1)",
            &[(&ids, Type::UUID_ARRAY)],
        )
        .await
        .map_err(PgError::query("deleting scores"))?;
    Ok(())
}

async fn write_rows(
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
        transaction
            .batch_execute(
                "create temporary table if not exists talvix_scores on commit drop as \
                 select * from public.job_fit_scores with no data",
            )
            .await
            .map_err(PgError::query(doing))?;
    }
    let columns = pgcopy::COLUMNS;
    let statement = format!("copy {target} ({columns}) from stdin (format binary)");
    let sink = transaction.copy_in(&statement).await.map_err(PgError::query(doing))?;
    let mut sink = std::pin::pin!(sink);
    let now_us = Timestamp::now().as_microsecond();
    let mut encoder = CopyEncoder::new();
    for row in rows {
        pgcopy::encode(&mut encoder, out, row, now_us)?;
        if encoder.buffered_bytes() >= CHUNK_BYTES {
            sink.feed(encoder.take_chunk()).await.map_err(PgError::query(doing))?;
        }
    }
    sink.feed(encoder.finish()).await.map_err(PgError::query(doing))?;
    let counted = sink.finish().await.map_err(PgError::query(doing))?;
    let sent = rows.len() as u64;
    if counted != sent {
        return Err(Error::CopyCount { sent, counted });
    }
    if over_staging {
        let statement =
            format!("insert into public.job_fit_scores ({columns}) select {columns} from {target}");
        transaction.batch_execute(&statement).await.map_err(PgError::query(doing))?;
    }
    Ok(())
}

/// Sets the cursors of all users but those to leave. Who is short of a deleted job's pair gets a
/// cursor that asks for a full scan.
async fn set_cursors(
    transaction: &Transaction<'_>,
    out: &NightOut<'_>,
    chunk: &Chunk,
    left: &LeftOut,
    short: &HashSet<UserNo>,
) -> Result<(), Error> {
    let mut ids = Vec::new();
    let mut runs: Vec<Option<uuid::Uuid>> = Vec::new();
    for user in chunk.user_numbers().iter().filter(|user| !left.is_left(**user)) {
        ids.push(pg_uuid(chunk.users.id[user.ix()]));
        runs.push(out.scrape_run_id.map(pg_uuid).filter(|_| !short.contains(user)));
    }
    let as_of_us = out.as_of.as_microsecond();
    transaction
        .execute_typed(
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
        .map_err(PgError::query("setting cursors"))?;
    Ok(())
}

/// After a full scan users are not stale any more, unless their row or resume has changed since
/// the load; a dashboard that lacked nothing else is ready.
async fn clear_flags(
    transaction: &Transaction<'_>,
    chunk: &Chunk,
    left: &LeftOut,
    changed: &HashSet<UserNo>,
) -> Result<(), Error> {
    let mut ids = Vec::new();
    let mut versions = Vec::new();
    for (_, scored) in chunk.scored() {
        let user = scored.user;
        if chunk.changes_flags(scored) && !left.is_left(user) && !changed.contains(&user) {
            ids.push(pg_uuid(chunk.users.id[user.ix()]));
            versions.push(i64::from(chunk.users.row_version[user.ix()]));
        }
    }
    if ids.is_empty() {
        return Ok(());
    }
    transaction
        .execute_typed(
            "update public.users u set fit_scores_stale = false, dashboard_ready = \
             u.dashboard_ready or (not u.skill_gap_stale and not u.career_intel_stale) \
             from unnest($1::uuid[], $2::bigint[]) as n(id, version) \
             where u.id = n.id and u.xmin::text::bigint = n.version",
            &[(&ids, Type::UUID_ARRAY), (&versions, Type::INT8_ARRAY)],
        )
        .await
        .map_err(PgError::query("clearing flags"))?;
    Ok(())
}
