//! A transaction that writes: begun under the lock, proven to be in, and tried again where that may
//! help.

use super::{PostgresWriter, WRITE_SETTINGS};
use crate::error::Error;
use std::time::{Duration, Instant};
use talvix_fault_points::point;
use talvix_loader::postgres::TRANSACTION_SETTINGS;
use talvix_pg::{Fault, answer, error::Error as PgError, error::sqlstate, lock::RunLock};
use tokio_postgres::{
    Client, IsolationLevel, Transaction,
    types::{ToSql, Type},
};

/// How often a transaction is tried when others hold locks that it needs.
const MAX_TRIES: u32 = 4;

/// How often it is when what it wrote had been decided on something that is not so any more.
const MAX_DECIDED: u32 = 2;

/// After a lock that is gone: a server that ends all its sessions ends ours within this.
const LAST_SESSIONS_END: Duration = Duration::from_secs(1);

/// While the server still works on a commit whose answer was lost: how often to ask it again.
const SETTLING: Duration = Duration::from_millis(200);

/// Where in a transaction a test may stop it: right after its beginning and its end.
pub(super) struct Points {
    pub(super) begun: &'static str,
    pub(super) committed: &'static str,
}

/// Why a transaction is not known to be in.
enum Lost<T> {
    /// It is not.
    Work(Error),
    /// It may be: the answer to the commit did not come.
    Answer { transaction: String, done: T, error: Error },
}

impl<T, E: Into<Error>> From<E> for Lost<T> {
    fn from(error: E) -> Self {
        Lost::Work(error.into())
    }
}

impl PostgresWriter<'_> {
    /// Does `work` in a transaction, as often as that may help. What it gives is in.
    pub(super) async fn transact<T>(
        &mut self,
        points: &Points,
        work: impl AsyncFn(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (mut tries, mut decided) = (1, 1);
        // Since when the server is away; it has come back once something is in.
        let mut away_since: Option<Instant> = None;
        loop {
            let lost = match self.try_once(points, away_since.is_some(), &work).await {
                Ok(done) => return Ok(done),
                Err(lost) => lost,
            };
            let error = match &lost {
                Lost::Work(error) | Lost::Answer { error, .. } => error,
            };
            match error.fault() {
                Fault::Connection => {
                    let since = *away_since.get_or_insert_with(Instant::now);
                    let patience = self.server.patience();
                    if since.elapsed() >= patience {
                        return Err(lost.into_error().after_waiting(patience));
                    }
                    tracing::warn!("{error}; connecting again");
                    *self.client = self
                        .server
                        .reconnect(since)
                        .await
                        .map_err(|error| Error::from(error).after_waiting(patience))?;
                    if let Lost::Answer { transaction, done, .. } = lost
                        && is_committed(self.client, &transaction).await?
                    {
                        tracing::info!("the transaction whose answer was lost is in");
                        return Ok(done);
                    }
                    // A node that answers and refuses to write: not in a tight loop.
                    tokio::time::sleep(backoff(1)).await;
                }
                Fault::Chunk if tries < MAX_TRIES => {
                    tracing::warn!("{error}; trying once more");
                    tokio::time::sleep(backoff(tries)).await;
                    tries += 1;
                }
                Fault::Overtaken if decided < MAX_DECIDED => {
                    tracing::warn!("{error}; reading again what is there");
                    decided += 1;
                }
                Fault::Chunk => return Err(self.in_the_way(lost.into_error()).await),
                _ => return Err(lost.into_error()),
            }
        }
    }

    async fn try_once<T>(
        &mut self,
        points: &Points,
        was_away: bool,
        work: impl AsyncFn(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Lost<T>> {
        let transaction = begin(self.client, self.lock, was_away).await?;
        point(points.begun);
        let done = work(&transaction).await?;
        if talvix_fault_points::io("transaction-fails").is_err() {
            // What a statement whose error nobody heard of leaves.
            let _ = transaction.batch_execute("select 1/0").await;
        }
        let number = number(&transaction).await?;
        match answer("committing", transaction.commit()).await {
            Ok(()) => {
                point(points.committed);
                Ok(done)
            }
            Err(error) => {
                Err(Lost::Answer { transaction: number, done, error: Error::Postgres(error) })
            }
        }
    }

    /// Adds to an error about a lock who else holds locks on these tables.
    async fn in_the_way(&self, error: Error) -> Error {
        match others(self.client).await {
            Ok(pids) if !pids.is_empty() => Error::InTheWay { error: Box::new(error), pids },
            _ => error,
        }
    }
}

impl<T> Lost<T> {
    fn into_error(self) -> Error {
        match self {
            Lost::Work(error) | Lost::Answer { error, .. } => error,
        }
    }
}

/// Before trying again: longer each time, and not in step with whom we met.
fn backoff(tries: u32) -> Duration {
    let jitter_ms = u64::from(uuid::Uuid::now_v7().as_bytes()[15]);
    Duration::from_millis((100 << tries) + jitter_ms)
}

/// Begins a transaction that writes, unless the lock is gone.
async fn begin<'a>(
    client: &'a mut Client,
    lock: &RunLock,
    was_away: bool,
) -> Result<Transaction<'a>, Error> {
    let doing = "beginning to write";
    let start = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start();
    let transaction = answer(doing, start).await?;
    let settings = format!("{TRANSACTION_SETTINGS} {WRITE_SETTINGS}");
    answer(doing, transaction.batch_execute(&settings)).await?;
    if lock.is_held(transaction.client()).await? {
        return Ok(transaction);
    }
    if was_away {
        return Err(Error::BeginAgain);
    }
    // Somebody ended the lock's session alone, or the server is ending all of them.
    tokio::time::sleep(LAST_SESSIONS_END).await;
    answer(doing, transaction.batch_execute("select 1")).await?;
    Err(Error::LockLost)
}

/// The number of a transaction that has not failed. The driver calls a commit that the server
/// answered with a rollback a success; a statement in a transaction that has failed is refused, so
/// one that passes proves that the commit will be one.
async fn number(transaction: &Transaction<'_>) -> Result<String, PgError> {
    let ask = transaction.query_typed("select pg_catalog.pg_current_xact_id()::text", &[]);
    let rows = answer("committing", ask).await?;
    Ok(rows.first().map(|row| row.get(0)).unwrap_or_default())
}

/// Whether a transaction whose commit was not answered is in. The server knows, also after a crash.
async fn is_committed(client: &Client, transaction: &str) -> Result<bool, Error> {
    let doing = "asking what became of a commit";
    let params: [(&(dyn ToSql + Sync), Type); 1] = [(&transaction, Type::TEXT)];
    let began = Instant::now();
    loop {
        let ask = client
            .query_typed("select pg_catalog.pg_xact_status($1::text::pg_catalog.xid8)", &params);
        let rows = match answer(doing, ask).await {
            Ok(rows) => rows,
            // Another server, which has not come as far: it never heard of it.
            Err(error) if error.postgres().and_then(sqlstate) == Some("22023") => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        match rows.first().and_then(|row| row.get::<_, Option<&str>>(0)) {
            Some("committed") => return Ok(true),
            Some("aborted") => return Ok(false),
            Some("in progress") if began.elapsed() < talvix_pg::fault::ANSWER_LIMIT => {
                tokio::time::sleep(SETTLING).await;
            }
            _ => return Err(Error::CommitUnknown),
        }
    }
}

/// Sessions that hold locks on tables that a night writes.
async fn others(client: &Client) -> Result<Vec<i32>, PgError> {
    let ask = client.query_typed(
        "select distinct l.pid from pg_catalog.pg_locks l \
         where l.locktype = 'relation' and l.granted and l.pid <> pg_catalog.pg_backend_pid() \
         and l.relation = any(array['public.users', 'public.jobs', 'public.job_fit_scores', \
         'public.user_fit_score_cursors', 'public.scrape_runs']::regclass[]) \
         and l.mode not in ('AccessShareLock') \
         and not exists (select from pg_catalog.pg_stat_activity a where a.pid = l.pid \
         and a.application_name like 'talvix run %') order by 1 limit 10",
        &[],
    );
    let rows = answer("asking who holds locks", ask).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
