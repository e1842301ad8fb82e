//! One consistent view of a database, over several connections.

mod copy_out;
mod preflight;

pub use copy_out::copy_out;
pub use preflight::{Preflight, preflight};

use crate::{
    error::Error,
    tables::{InputTable, RawTables, SCORES},
};
use arrow::array::RecordBatch;
use std::sync::{Arc, Mutex};
use talvix_engine::{ids::uuid_text, week::IsoWeek};
use talvix_pg::error::Error as PgError;
use tokio_postgres::Client;

/// Settings of every transaction of a run, whatever the session or a pooler left behind.
///
/// A statement that waits longer than this for a lock gives up, so that nobody queues behind us.
pub const TRANSACTION_SETTINGS: &str = "\
    set local search_path = pg_catalog, public; \
    set local lock_timeout = '10s'; \
    set local idle_in_transaction_session_timeout = 0; \
    set local client_min_messages = error;";

/// What of the tables is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Selection {
    /// Stored scores of this week.
    pub week: IsoWeek,
    /// This user only.
    pub user: Option<talvix_engine::ids::Uuid>,
}

/// Reads every table of [`InputTable::ALL`] as of one instant, sharing the tables out among the
/// connections.
///
/// The snapshot's transactions end before this returns: what is loaded holds up no vacuum.
pub async fn load(
    clients: Vec<Client>,
    preflight: &Preflight,
    selection: Selection,
) -> Result<RawTables, Error> {
    let queue: Arc<Mutex<Vec<InputTable>>> =
        Arc::new(Mutex::new(InputTable::ALL.into_iter().rev().collect()));
    let preflight = Arc::new(preflight.clone());

    let mut clients = clients.into_iter();
    let Some(first) = clients.next() else { return Ok(RawTables::default()) };
    begin(&first).await?;
    let snapshot = export_snapshot(&first).await?;

    let mut tasks = tokio::task::JoinSet::new();
    for (at, client) in std::iter::once(first).chain(clients).enumerate() {
        let (queue, preflight, snapshot) = (queue.clone(), preflight.clone(), snapshot.clone());
        tasks.spawn(async move {
            if at > 0 {
                begin(&client).await?;
                import_snapshot(&client, &snapshot).await?;
            }
            let mut read = Vec::new();
            loop {
                let next = queue.lock().ok().and_then(|mut queue| queue.pop());
                let Some(table) = next else { break };
                let sql = select(table, &preflight, selection);
                read.push((table, copy_out(&client, table, &sql).await?));
            }
            // The exporting connection outlives the others' imports: it is handed back open.
            Ok::<(Client, Vec<(InputTable, Vec<RecordBatch>)>), Error>((client, read))
        });
    }
    let mut tables = RawTables::default();
    let mut open = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let (client, read) = done.map_err(|error| Error::Storage {
            place: "loading".to_owned(),
            reason: error.to_string(),
        })??;
        open.push(client);
        for (table, batches) in read {
            tables.set(table, batches);
        }
    }
    for client in open {
        client.batch_execute("commit").await.map_err(PgError::query("ending the snapshot"))?;
    }
    Ok(tables)
}

async fn begin(client: &Client) -> Result<(), Error> {
    client
        .batch_execute("begin isolation level repeatable read read only")
        .await
        .map_err(PgError::query("beginning to load"))?;
    Ok(())
}

async fn export_snapshot(client: &Client) -> Result<String, Error> {
    let rows = client
        .query_typed("select pg_catalog.pg_export_snapshot()", &[])
        .await
        .map_err(PgError::query("exporting the snapshot"))?;
    client
        .batch_execute(TRANSACTION_SETTINGS)
        .await
        .map_err(PgError::query("beginning to load"))?;
    Ok(rows.first().map(|row| row.get(0)).unwrap_or_default())
}

async fn import_snapshot(client: &Client, snapshot: &str) -> Result<(), Error> {
    // The server made the name: digits, letters and dashes.
    let sql = format!("set transaction snapshot '{snapshot}'; {TRANSACTION_SETTINGS}");
    client.batch_execute(&sql).await.map_err(PgError::query("importing the snapshot"))?;
    Ok(())
}

/// The statement that reads a table. Made of our own names, numbers and hex digits only.
fn select(table: InputTable, preflight: &Preflight, selection: Selection) -> String {
    let mut conditions: Vec<String> = table.filter.map(str::to_owned).into_iter().collect();
    if table.name == SCORES.name {
        let IsoWeek { year, week } = selection.week;
        conditions.push(format!("year_number = {year} and week_number = {week}"));
    }
    if let (Some(user), Some(column)) = (selection.user, table.user_column) {
        conditions.push(format!("{column} = '{}'", uuid_text(&user)));
    }
    let columns = copy_out::select_list(table, |column| preflight.has_column(table.name, column));
    let condition = if conditions.is_empty() {
        String::new()
    } else {
        format!(" where {}", conditions.join(" and "))
    };
    format!("select {columns} from public.{}{condition}", table.name)
}
