//! One run at a time, also through a pooler in transaction mode.
//!
//! The lock belongs to a transaction that stays open, not to a session: a transaction pins its
//! server process in every pool mode, and ends with its client. The transaction reads nothing, so
//! that it holds up no vacuum.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use crate::error::Error;
use crate::fault::answer;

/// "talvix" in ASCII: the advisory lock's number, the same in every release.
const KEY: i64 = 0x7461_6c76_6978;

/// How often the open transaction says that it lives: networks forget silent connections.
const PING: Duration = Duration::from_secs(10);

/// Who holds the lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// Its server process.
    pub pid: Option<i32>,
    /// What it calls itself: `talvix run` and the run's id.
    pub application: Option<String>,
    /// Since when, where this role may know.
    pub since: Option<String>,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.application.as_deref().unwrap_or("(unknown)"))?;
        if let Some(pid) = self.pid {
            write!(f, ", server process {pid}")?;
        }
        write!(f, ", since {}", self.since.as_deref().unwrap_or("(not for this role to see)"))
    }
}

/// What came of asking for the lock.
#[derive(Debug)]
pub enum Acquired {
    /// It is ours.
    Lock(RunLock),
    /// Another run has it.
    Held(Holder),
}

/// The right to write scores into a database, until it is dropped or the process ends.
#[derive(Debug)]
pub struct RunLock {
    backend_pid: i32,
    /// Holds the connection with the open transaction.
    pings: JoinHandle<()>,
}

impl RunLock {
    /// Asks for the lock on a connection of its own, in the name of `holder`; does not wait.
    pub async fn acquire(client: Client, holder: &str) -> Result<Acquired, Error> {
        let doing = "taking the run's lock";
        // A vanished client must not keep the lock until the server's own two hours are over.
        let begin = client.batch_execute(
            "begin isolation level read committed; \
             set local search_path = pg_catalog; \
             set local idle_in_transaction_session_timeout = 0; \
             set local client_connection_check_interval = '500ms'; \
             set local tcp_keepalives_idle = 20; \
             set local tcp_keepalives_interval = 10; \
             set local tcp_keepalives_count = 3",
        );
        answer(doing, begin).await?;
        let params: [(&(dyn ToSql + Sync), Type); 2] = [(&holder, Type::TEXT), (&KEY, Type::INT8)];
        let ask = client.query_typed(
            "select set_config('application_name', $1, true), pg_backend_pid(), \
             pg_try_advisory_xact_lock($2)",
            &params,
        );
        let rows = answer(doing, ask).await?;
        let held = |row: &tokio_postgres::Row| row.get::<_, bool>(2);
        match rows.first() {
            Some(row) if held(row) => {
                let backend_pid = row.get(1);
                let pings = tokio::spawn(ping(client));
                Ok(Acquired::Lock(RunLock { backend_pid, pings }))
            }
            _ => Ok(Acquired::Held(holder_of(&client).await?)),
        }
    }

    /// Whether the lock is still held, as another connection sees it: a writer whose lock died must
    /// not go on.
    pub async fn is_held(&self, client: &Client) -> Result<bool, Error> {
        let params: [(&(dyn ToSql + Sync), Type); 2] =
            [(&self.backend_pid, Type::INT4), (&KEY, Type::INT8)];
        let ask = client.query_typed(
            "select exists (select from pg_catalog.pg_locks where locktype = 'advisory' \
             and objsubid = 1 and granted and pid = $1 and ((classid::bigint << 32) | objid::bigint) = $2)",
            &params,
        );
        let rows = answer("asking for the run's lock", ask).await?;
        Ok(rows.first().is_some_and(|row| row.get(0)))
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // The connection goes with the task, the transaction with the connection.
        self.pings.abort();
    }
}

async fn ping(client: Client) {
    let mut interval = tokio::time::interval(PING);
    loop {
        interval.tick().await;
        if let Err(error) = answer("keeping the run's lock", client.simple_query("select 1")).await
        {
            tracing::warn!("the run's lock is lost: {error}");
            return;
        }
    }
}

async fn holder_of(client: &Client) -> Result<Holder, Error> {
    // The start of another role's transaction is not for everyone to see.
    let params: [(&(dyn ToSql + Sync), Type); 1] = [(&KEY, Type::INT8)];
    let ask = client.query_typed(
            "select l.pid, a.application_name, \
             to_char(a.xact_start at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
             from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid \
             where l.locktype = 'advisory' and l.objsubid = 1 and l.granted \
             and l.database = (select oid from pg_catalog.pg_database where datname = current_database()) \
             and ((l.classid::bigint << 32) | l.objid::bigint) = $1",
            &params,
        );
    let rows = answer("asking who holds the run's lock", ask).await?;
    Ok(rows.first().map_or_else(Holder::default, |row| Holder {
        pid: row.get(0),
        application: row.get(1),
        since: row.get(2),
    }))
}
