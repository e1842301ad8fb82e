//! The runs that finished, as the log tells: which of the nights that were staged to publish.

use crate::{error::Error, postgres::TRANSACTION_SETTINGS};
use arrow::{
    array::{Array, AsArray},
    datatypes::TimestampMicrosecondType,
};
use talvix_dataset::{Column, Kind, Null, Table, Version};
use talvix_pg::answer;
use tokio_postgres::Client;
use uuid::Uuid;

/// How many runs are looked at, newest first: a night that waits to be published longer than this
/// many finished runs is none.
const MAX_RUNS: usize = 100;

/// What the log calls a run, and how one ends.
const AGENT_NAME: &str = "fit_scorer";
const COMPLETED: &str = "completed";

/// A run that finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinishedRun {
    /// The run.
    pub run_id: Uuid,
    /// What became of its snapshot before it finished: see `talvix run`'s finish. None where none
    /// was asked for.
    pub snapshot: Option<String>,
}

impl FinishedRun {
    fn read(metadata: &str) -> Option<Self> {
        let metadata: serde_json::Value = serde_json::from_str(metadata).ok()?;
        let run_id = metadata["run_id"].as_str()?.parse().ok()?;
        Some(FinishedRun { run_id, snapshot: metadata["snapshot"].as_str().map(str::to_owned) })
    }
}

/// The runs that finished in a database, newest first.
pub async fn in_postgres(client: &mut Client) -> Result<Vec<FinishedRun>, Error> {
    let rows = answer("reading which runs finished", async {
        let transaction = client.build_transaction().read_only(true).start().await?;
        transaction.batch_execute(TRANSACTION_SETTINGS).await?;
        let limit = MAX_RUNS as i64;
        let rows = transaction
            .query_typed(
                "select metadata::text from public.agent_logs \
                 where agent_name = $1 and status = $2 order by created_at desc limit $3",
                &[
                    (&AGENT_NAME, tokio_postgres::types::Type::TEXT),
                    (&COMPLETED, tokio_postgres::types::Type::TEXT),
                    (&limit, tokio_postgres::types::Type::INT8),
                ],
            )
            .await?;
        transaction.rollback().await?;
        Ok(rows)
    })
    .await?;
    Ok(rows.iter().filter_map(|row| FinishedRun::read(row.get(0))).collect())
}

/// The runs that finished in a version of a dataset, newest first.
pub fn in_dataset(version: &Version) -> Result<Vec<FinishedRun>, Error> {
    const fn column(name: &'static str, kind: Kind) -> Column {
        Column { name, kind, null: Null::Absent }
    }
    const COLUMNS: [Column; 4] = [
        column("agent_name", Kind::Text),
        column("status", Kind::Text),
        column("metadata", Kind::Text),
        column("created_at", Kind::Timestamp),
    ];
    let Some(path) = version.table("agent_logs") else { return Ok(Vec::new()) };
    let mut runs: Vec<(i64, FinishedRun)> = Vec::new();
    for batch in Table::open(&path)?.read(&COLUMNS) {
        let batch = batch?;
        let [agents, statuses, metadata] =
            [0, 1, 2].map(|column| batch.column(column).as_string::<i32>());
        let created_at = batch.column(3).as_primitive::<TimestampMicrosecondType>();
        for row in 0..batch.num_rows() {
            let is = |column: &arrow::array::StringArray, text: &str| {
                column.is_valid(row) && column.value(row) == text
            };
            if is(agents, AGENT_NAME)
                && is(statuses, COMPLETED)
                && metadata.is_valid(row)
                && created_at.is_valid(row)
                && let Some(run) = FinishedRun::read(metadata.value(row))
            {
                runs.push((created_at.value(row), run));
            }
        }
    }
    runs.sort_by_key(|(created_at, _)| std::cmp::Reverse(*created_at));
    runs.truncate(MAX_RUNS);
    Ok(runs.into_iter().map(|(_, run)| run).collect())
}
