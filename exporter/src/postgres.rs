//! One transaction per chunk, and one to finish.
//!
//! - `transaction`: begun under the lock, proven to be in, tried again where that may help
//! - `meanwhile`: what became of a chunk's users since they were loaded
//! - `stored`: what is stored for a chunk's users
//! - `steps`: the statements of a chunk
//! - `finish`: the transaction that ends a night

mod finish;
mod meanwhile;
mod steps;
mod stored;
mod transaction;

use crate::{
    chunk::{Chunk, LeftOut, NightOut, RowCounts, Written},
    diff::Diff,
    error::Error,
};
use meanwhile::{Meanwhile, meanwhile};
use std::{collections::HashSet, ops::Range};
use talvix_engine::ids::{UserNo, Uuid};
use talvix_fault_points::point;
use talvix_loader::postgres::TRANSACTION_SETTINGS;
use talvix_pg::{Fault, Server, all_answers, error::Error as PgError, lock::RunLock};
use tokio_postgres::{Client, Transaction};
use transaction::Points;

/// What a transaction that writes adds to the settings of every transaction.
///
/// - An answered commit must outlive a crash of the server, whatever its default is.
/// - A run that was killed, or whose network is gone, must not go on in the server: it would hold its
///   locks. The server notices within half a minute, sooner than we give up on them.
/// - All rows are looked up by key. Left to itself the server reads all of `users` once per chunk
///   and statement as soon as a chunk is a twentieth of it: time would grow with its square.
const WRITE_SETTINGS: &str = "\
    set local synchronous_commit = on; \
    set local client_connection_check_interval = '2s'; \
    set local tcp_keepalives_idle = 10; \
    set local tcp_keepalives_interval = 5; \
    set local tcp_keepalives_count = 3; \
    set local enable_seqscan = off; \
    set local jit = off;";

/// Where a chunk's transaction begins and ends.
const CHUNK: Points = Points { begun: "chunk-begun", committed: "chunk-committed" };

/// Writes scores into a database, under the run's lock.
#[derive(Debug)]
pub struct PostgresSink {
    server: Server,
    /// At least one.
    clients: Vec<Client>,
    lock: RunLock,
    /// Row-level security refuses `COPY` into the table: rows go over a temporary one.
    over_staging: bool,
}

impl PostgresSink {
    /// Writes through one client of a server or more, as long as `lock` is held.
    #[must_use]
    pub fn new(server: Server, clients: Vec<Client>, lock: RunLock, over_staging: bool) -> Self {
        PostgresSink { server, clients, lock, over_staging }
    }

    /// A writer for each client. They may work at the same time as long as no user is in the chunks
    /// of two.
    pub fn writers(&mut self) -> impl Iterator<Item = PostgresWriter<'_>> {
        let PostgresSink { server, clients, lock, over_staging } = self;
        let (server, lock, over_staging) = (&*server, &*lock, *over_staging);
        clients.iter_mut().map(move |client| PostgresWriter { server, client, lock, over_staging })
    }
}

/// Writes one chunk after the other.
#[derive(Debug)]
pub struct PostgresWriter<'a> {
    server: &'a Server,
    client: &'a mut Client,
    lock: &'a RunLock,
    over_staging: bool,
}

impl PostgresWriter<'_> {
    /// Makes the stored rows of a chunk's users exactly the kept pairs, and sets their cursors: in
    /// one transaction, or in two where the server's limit on a statement's time is too short for
    /// one.
    pub async fn write_chunk(
        &mut self,
        out: &NightOut<'_>,
        chunk: &Chunk,
    ) -> Result<(Written, LeftOut), Error> {
        let all = chunk.all();
        let num_users = all.len();
        match self.write_part(out, chunk, all).await {
            Err(error) if error.fault() == Fault::TooLong && num_users > 1 => {
                tracing::warn!("{error}; trying the chunk in two halves");
                let (mut written, mut left) = (Written::default(), LeftOut::default());
                for half in [0..num_users / 2, num_users / 2..num_users] {
                    let part = self.write_part(out, chunk, half).await;
                    let (counts, left_out) = match part {
                        Err(error) if error.fault() == Fault::TooLong => {
                            return Err(self.too_long(error).await);
                        }
                        part => part?,
                    };
                    written.add(counts);
                    left.add(left_out);
                }
                Ok((written, left))
            }
            Err(error) if error.fault() == Fault::TooLong => Err(self.too_long(error).await),
            done => done,
        }
    }

    /// Adds to an error about a statement's time what limits it.
    async fn too_long(&self, error: Error) -> Error {
        let ask =
            self.client.query_typed("select pg_catalog.current_setting('statement_timeout')", &[]);
        match talvix_pg::answer("asking for a setting", ask).await {
            Ok(rows) if !rows.is_empty() => {
                Error::TooLong { error: Box::new(error), statement_timeout: rows[0].get(0) }
            }
            _ => error,
        }
    }

    async fn write_part(
        &mut self,
        out: &NightOut<'_>,
        chunk: &Chunk,
        part: Range<usize>,
    ) -> Result<(Written, LeftOut), Error> {
        let over_staging = self.over_staging;
        self.transact(&CHUNK, async |transaction| {
            write_users(transaction, out, chunk, &part, over_staging).await
        })
        .await
    }
}

/// Writes some users of a chunk.
async fn write_users(
    transaction: &Transaction<'_>,
    out: &NightOut<'_>,
    chunk: &Chunk,
    part: &Range<usize>,
    over_staging: bool,
) -> Result<(Written, LeftOut), Error> {
    let ids: Vec<uuid::Uuid> =
        chunk.part(part).map(|(_, scored)| pg_uuid(chunk.users.id[scored.user.ix()])).collect();

    let Meanwhile { mut left, changed } = meanwhile(transaction, chunk, part, &ids).await?;
    point("chunk-locked");
    let stored = stored::stored(transaction, out, chunk, part).await?;
    let mut diff = Diff::new(chunk, part, &stored, &left);
    drop(stored);

    left.jobs = steps::deleted_jobs(transaction, out, &diff).await?;
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

    steps::delete(transaction, &diff.delete).await?;
    point("chunk-deleted");
    steps::write_rows(transaction, out, &diff.write, over_staging).await?;
    point("chunk-rows-in");
    steps::set_cursors(transaction, out, chunk, part, &left, &short).await?;
    steps::clear_flags(transaction, chunk, part, &left, &changed).await?;
    point("chunk-cursors-in");
    let written = Written {
        rows: counts,
        users_deleted: left.deleted_users.len() as u64,
        users_reset: left.reset_users.len() as u64,
        users_changed: changed.len() as u64,
        pairs_deleted: (num_before - diff.write.len()) as u64,
    };
    Ok((written, left))
}

/// What writing a chunk would change, read without a lock and without changing anything.
pub async fn preview(
    client: &mut Client,
    out: &NightOut<'_>,
    chunk: &Chunk,
) -> Result<RowCounts, Error> {
    let doing = "reading what is stored";
    let stored = all_answers(doing, async {
        let failed = || PgError::query(doing);
        let transaction =
            client.build_transaction().read_only(true).start().await.map_err(failed())?;
        transaction.batch_execute(TRANSACTION_SETTINGS).await.map_err(failed())?;
        let stored = stored::stored(&transaction, out, chunk, &chunk.all()).await?;
        transaction.rollback().await.map_err(failed())?;
        Ok::<_, Error>(stored)
    })
    .await?;
    Ok(Diff::new(chunk, &chunk.all(), &stored, &LeftOut::default()).counts())
}

fn pg_uuid(id: Uuid) -> uuid::Uuid {
    uuid::Uuid::from_bytes(id)
}
