//! The transaction that ends a night, once every chunk is in.

use super::{PostgresSink, pg_uuid, steps::execute, transaction::Points};
use crate::{
    chunk::{Finish, NightOut},
    error::Error,
};
use talvix_fault_points::point;
use tokio_postgres::{Transaction, types::Type};

/// Rows that one statement changes: long ones meet the server's limit on a statement's time.
const ROWS_PER_STATEMENT: usize = 10_000;

/// Where the finish's transaction begins and ends.
const FINISH: Points = Points { begun: "finish-begun", committed: "finish-committed" };

impl PostgresSink {
    /// Marks jobs and scrape runs as scored and skipped users as due, and logs the night.
    pub async fn finish(&mut self, out: &NightOut<'_>, finish: &Finish) -> Result<(), Error> {
        let Some(mut writer) = self.writers().next() else { return Ok(()) };
        writer
            .transact(&FINISH, async |transaction| end_night(transaction, out, finish).await)
            .await
    }
}

async fn end_night(
    transaction: &Transaction<'_>,
    out: &NightOut<'_>,
    finish: &Finish,
) -> Result<(), Error> {
    // A job that was changed since the load stays new: this night has not seen it as it is.
    for jobs in finish.new_jobs.chunks(ROWS_PER_STATEMENT) {
        let ids: Vec<uuid::Uuid> = jobs.iter().map(|job| pg_uuid(out.jobs.id[job.ix()])).collect();
        let versions: Vec<i64> =
            jobs.iter().map(|job| i64::from(out.jobs.row_version[job.ix()])).collect();
        execute(
            transaction,
            "marking jobs as scored",
            "update public.jobs j set is_new = false \
                 from unnest($1::uuid[], $2::bigint[]) as n(id, version) \
                 where j.id = n.id and j.is_new and j.xmin::text::bigint = n.version",
            &[(&ids, Type::UUID_ARRAY), (&versions, Type::INT8_ARRAY)],
        )
        .await?;
    }

    point("finish-jobs");

    let runs: Vec<uuid::Uuid> = finish.scrape_runs.iter().copied().map(pg_uuid).collect();
    execute(
        transaction,
        "marking scrape runs as scored",
        "update public.scrape_runs set scoring_complete = true \
             where id = any($1) and not scoring_complete",
        &[(&runs, Type::UUID_ARRAY)],
    )
    .await?;

    point("finish-runs");

    for users in finish.skipped.chunks(ROWS_PER_STATEMENT) {
        let ids: Vec<uuid::Uuid> = users.iter().copied().map(pg_uuid).collect();
        execute(
            transaction,
            "asking for full scans of who was skipped",
            "update public.user_fit_score_cursors set last_scrape_run_id = null, \
                 updated_at = now() where user_id = any($1) and last_scrape_run_id is not null",
            &[(&ids, Type::UUID_ARRAY)],
        )
        .await?;
    }

    let duration_ms = i32::try_from(finish.duration_ms).unwrap_or(i32::MAX);
    let records = i32::try_from(finish.records_processed).unwrap_or(i32::MAX);
    let metadata = finish.metadata.to_string();
    execute(transaction, "logging the night",
            "insert into public.agent_logs \
             (agent_name, status, duration_ms, records_processed, metadata, expires_at) \
             values ('fit_scorer', 'completed', $1, $2, $3::text::jsonb, now() + interval '3 days')", &[(&duration_ms, Type::INT4), (&records, Type::INT4), (&metadata, Type::TEXT)]).await
}
