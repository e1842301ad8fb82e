//! One consistent view of a database, over several connections.

mod copy_out;
mod preflight;

pub use copy_out::{copy_out, copy_out_each};
pub use preflight::{Preflight, Purpose, preflight};

use crate::{
    error::Error,
    reader::{Read, Selection, TableReader, UserRange, share_out},
    tables::{InputTable, SCORES},
};
use talvix_engine::{
    columns::{DoorError, Tier},
    ids::{Uuid, uuid_text},
    week::IsoWeek,
};
use talvix_pg::{answer, error::sqlstate};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, Row};

/// Settings of every transaction of a run, whatever the session or a pooler left behind.
///
/// A statement that waits longer than this for a lock gives up, so that nobody queues behind us.
pub const TRANSACTION_SETTINGS: &str = "\
    set local search_path = pg_catalog, public; \
    set local lock_timeout = '10s'; \
    set local idle_in_transaction_session_timeout = 0; \
    set local jit = off; \
    set local client_min_messages = error;";

/// Before a segment of users is read: the server would rather read a whole table than look up a
/// tenth of it by key, again for each segment, and its time would grow with the square of the
/// users.
const BY_KEY: &str = "set local enable_seqscan = off";

/// A connection that loads, and what drives it: nothing else runs there, so that a row is decoded
/// by the thread that took it off the socket.
#[derive(Debug)]
pub struct Connection {
    runtime: Runtime,
    client: Client,
}

impl Connection {
    /// Connects with what this future gives.
    pub fn open<E: From<std::io::Error>>(
        connect: impl Future<Output = Result<Client, E>>,
    ) -> Result<Self, E> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let client = runtime.block_on(connect)?;
        Ok(Connection { runtime, client })
    }
}

/// Reads a database over several connections that share one snapshot.
///
/// Its transactions stay open until it is closed: until then no vacuum takes what was deleted
/// since.
#[derive(Debug)]
pub struct PostgresReader {
    connections: Vec<Connection>,
    preflight: Preflight,
    selection: Selection,
}

impl PostgresReader {
    /// Opens a snapshot on the first connection and shares it with the others.
    pub fn open(
        connections: Vec<Connection>,
        preflight: Preflight,
        selection: Selection,
    ) -> Result<Self, Error> {
        let mut snapshot = None;
        for Connection { runtime, client } in &connections {
            runtime.block_on(async {
                begin(client).await?;
                match &snapshot {
                    None => snapshot = Some(export_snapshot(client).await?),
                    Some(snapshot) => import_snapshot(client, snapshot).await?,
                }
                Ok::<(), Error>(())
            })?;
        }
        Ok(PostgresReader { connections, preflight, selection })
    }

    /// Asks the first connection; what it is reading already comes first.
    fn ask(&self, sql: &str) -> Result<Vec<Row>, Error> {
        let Some(Connection { runtime, client }) = self.connections.first() else {
            return Ok(Vec::new());
        };
        let query = answer("looking at the users", client.query_typed(sql, &[]));
        Ok(runtime.block_on(query)?)
    }

    fn check_tiers(&self) -> Result<(), Error> {
        let known: Vec<String> = Tier::NAMES.iter().map(|name| format!("'{name}'")).collect();
        let mine = self
            .selection
            .user
            .map_or_else(String::new, |user| format!(" and id = '{}'", uuid_text(&user)));
        let rows = self.ask(&format!(
            "select format('`%s` (%s users)', tier, count(*)) from ( \
             select left(tier, 40) collate \"C\" as tier from public.users \
             where tier not in ({}){mine}) as unknown group by tier order by tier",
            known.join(", ")
        ))?;
        if rows.is_empty() {
            return Ok(());
        }
        let found = rows.iter().map(|row| row.get(0)).collect();
        Err(DoorError::UnknownTier { found }.into())
    }
}

impl TableReader for PostgresReader {
    fn segments(&self, num_users: usize) -> Result<Vec<UserRange>, Error> {
        self.check_tiers()?;
        if self.selection.user.is_some() {
            return Ok(vec![UserRange::default()]);
        }
        let rows = self.ask(&format!(
            "select id::uuid from (select id, row_number() over (order by id) as number \
             from public.users) as numbered where (number - 1) % {num_users} = 0 order by number"
        ))?;
        let firsts: Vec<Uuid> =
            rows.iter().map(|row| row.get::<_, uuid::Uuid>(0).into_bytes()).collect();
        Ok(UserRange::cut(&firsts))
    }

    fn read(&self, reads: Vec<Read<'_>>) -> Result<(), Error> {
        share_out(&self.connections, reads, |Connection { runtime, client }, read| {
            let sql = select(read.table, read.users, &self.preflight, self.selection);
            runtime.block_on(async {
                if read.users != UserRange::default() {
                    answer("loading users", client.batch_execute(BY_KEY)).await?;
                }
                copy_out_each(client, read.table, &sql, read.take).await
            })
        })
    }

    fn split(self: Box<Self>) -> Vec<Box<dyn TableReader>> {
        let PostgresReader { connections, preflight, selection } = *self;
        let reader = |connection| -> Box<dyn TableReader> {
            let connections = vec![connection];
            Box::new(PostgresReader { connections, preflight: preflight.clone(), selection })
        };
        connections.into_iter().map(reader).collect()
    }

    fn close(self: Box<Self>) -> Result<(), Error> {
        for Connection { runtime, client } in self.connections {
            let commit = answer("ending the snapshot", client.batch_execute("commit"));
            runtime.block_on(commit)?;
        }
        Ok(())
    }
}

async fn begin(client: &Client) -> Result<(), Error> {
    let begin = client.batch_execute("begin isolation level repeatable read read only");
    Ok(answer("beginning to load", begin).await?)
}

async fn export_snapshot(client: &Client) -> Result<String, Error> {
    let export = client.query_typed("select pg_catalog.pg_export_snapshot()", &[]);
    let rows = answer("exporting the snapshot", export).await?;
    answer("beginning to load", client.batch_execute(TRANSACTION_SETTINGS)).await?;
    Ok(rows.first().map(|row| row.get(0)).unwrap_or_default())
}

async fn import_snapshot(client: &Client, snapshot: &str) -> Result<(), Error> {
    // The server made the name: digits, letters and dashes.
    let sql = format!("set transaction snapshot '{snapshot}'; {TRANSACTION_SETTINGS}");
    answer("importing the snapshot", client.batch_execute(&sql)).await.map_err(|error| {
        match error.postgres().and_then(sqlstate) {
            // "Invalid snapshot identifier", and "does not exist" since PostgreSQL 17.
            Some("22023" | "42704") => Error::SnapshotGone,
            _ => error.into(),
        }
    })
}

/// The statement that reads a table. Made of our own names, numbers and hex digits only.
fn select(
    table: InputTable,
    users: UserRange,
    preflight: &Preflight,
    selection: Selection,
) -> String {
    let mut conditions: Vec<String> = table.filter.map(str::to_owned).into_iter().collect();
    if table.name == SCORES.name {
        let IsoWeek { year, week } = selection.week;
        conditions.push(format!("year_number = {year} and week_number = {week}"));
    }
    if let Some(column) = table.user_column {
        let mut compare = |operator, id: Option<Uuid>| {
            conditions.extend(id.map(|id| format!("{column} {operator} '{}'", uuid_text(&id))));
        };
        compare("=", selection.user);
        compare(">=", users.from);
        compare("<", users.before);
    }
    let columns = copy_out::select_list(table, |column| preflight.has_column(table.name, column));
    let condition = if conditions.is_empty() {
        String::new()
    } else {
        format!(" where {}", conditions.join(" and "))
    };
    format!("select {columns} from public.{}{condition}", table.name)
}
