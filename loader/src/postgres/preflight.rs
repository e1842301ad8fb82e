//! What a run needs of a database, checked before anything is written: all faults at once.

use crate::{error::Error, tables::InputTable};
use std::collections::{BTreeMap, BTreeSet};
use talvix_pg::{all_answers, error::Error as PgError};
use tokio_postgres::Client;

/// What is known of a database that a run can use.
#[derive(Clone, Debug, Default)]
pub struct Preflight {
    columns: BTreeSet<(String, String)>,
    /// Row-level security applies to the role in `job_fit_scores`: `COPY` into it is refused, and
    /// rows take the way over a temporary table.
    pub scores_have_row_security: bool,
    /// Things that are not wrong but that somebody should know.
    pub warnings: Vec<String>,
}

impl Preflight {
    /// Whether a table has a column.
    #[must_use]
    pub fn has_column(&self, table: &str, column: &str) -> bool {
        self.columns.contains(&(table.to_owned(), column.to_owned()))
    }
}

/// What a run writes: table, privilege, columns (none: the table as a whole).
const WRITES: [(&str, &str, &[&str]); 9] = [
    ("job_fit_scores", "INSERT", &[]),
    ("job_fit_scores", "DELETE", &[]),
    ("user_fit_score_cursors", "INSERT", &[]),
    ("user_fit_score_cursors", "UPDATE", &["last_scrape_run_id", "last_scored_at", "updated_at"]),
    ("users", "UPDATE", &["fit_scores_stale", "dashboard_ready"]),
    ("jobs", "UPDATE", &["is_new"]),
    ("scrape_runs", "UPDATE", &["scoring_complete"]),
    (
        "agent_logs",
        "INSERT",
        &["agent_name", "status", "duration_ms", "records_processed", "metadata", "expires_at"],
    ),
    ("job_fit_scores", "SELECT", &["id", "created_at", "expires_at"]),
];

/// The tables whose rows a policy must not hide, and what the run does to them.
const GUARDED: [(&str, &[&str]); 12] = [
    ("users", &["SELECT", "UPDATE"]),
    ("user_target_roles", &["SELECT"]),
    ("user_company_prefs", &["SELECT"]),
    ("resumes", &["SELECT"]),
    ("jobs", &["SELECT", "UPDATE"]),
    ("job_skills", &["SELECT"]),
    ("scrape_runs", &["SELECT", "UPDATE"]),
    ("job_fit_scores", &["SELECT", "INSERT", "DELETE"]),
    ("user_fit_score_cursors", &["SELECT", "INSERT", "UPDATE"]),
    ("salary_benchmarks", &["SELECT"]),
    ("model_weights", &["SELECT"]),
    (LOG, &["INSERT", "SELECT"]),
];

/// The log of nights, and what a run that publishes reads of it.
const LOG: &str = "agent_logs";
const LOG_COLUMNS: [&str; 4] = ["agent_name", "status", "metadata", "created_at"];

/// Columns that may be missing.
const OPTIONAL: [(&str, &str); 2] = [("jobs", "exp_min_years"), ("jobs", "exp_max_years")];

/// What a database is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be looked at.
    Look,
    /// A night that writes.
    Write,
    /// The same, and it publishes a snapshot: which needs to know which runs finished.
    WriteAndPublish,
}

impl Purpose {
    /// Whether anything is to be changed.
    #[must_use]
    pub const fn writes(self) -> bool {
        !matches!(self, Purpose::Look)
    }
}

/// Checks a database.
pub async fn preflight(client: &Client, purpose: Purpose) -> Result<Preflight, Error> {
    all_answers("checking the database", check_safely(client, purpose)).await
}

/// The same, while nothing is asked of a function that somebody has put before the server's own.
async fn check_safely(client: &Client, purpose: Purpose) -> Result<Preflight, Error> {
    let begin = "begin; set local search_path = pg_catalog";
    client.batch_execute(begin).await.map_err(PgError::query("beginning to check"))?;
    let checked = check(client, purpose).await;
    client.batch_execute("rollback").await.map_err(PgError::query("ending the check"))?;
    checked
}

async fn check(client: &Client, purpose: Purpose) -> Result<Preflight, Error> {
    let mut faults = Vec::new();
    let is_read_only = server(client, &mut faults).await? && purpose.writes();
    if is_read_only {
        faults.push(Error::ReadOnly.to_string());
    }
    let mut preflight = Preflight { columns: columns(client).await?, ..Preflight::default() };
    privileges(client, purpose, &preflight, &mut faults).await?;
    row_security(client, purpose, &mut preflight, &mut faults).await?;
    security_definers(client, &mut preflight).await?;
    match faults.len() {
        0 => Ok(preflight),
        // Alone it may pass: after a fail-over the next node may be the primary again.
        1 if is_read_only => Err(Error::ReadOnly),
        _ => Err(Error::Unfit(faults)),
    }
}

/// Whether the server only reads.
async fn server(client: &Client, faults: &mut Vec<String>) -> Result<bool, Error> {
    let rows = client
        .query_typed(
            "select current_setting('server_version_num')::integer, pg_is_in_recovery(), \
             current_setting('transaction_read_only') = 'on'",
            &[],
        )
        .await
        .map_err(PgError::query("asking the server who it is"))?;
    let Some(row) = rows.first() else { return Ok(false) };
    let (version, in_recovery, read_only): (i32, bool, bool) = (row.get(0), row.get(1), row.get(2));
    if version < 150_000 {
        faults
            .push(format!("the server is PostgreSQL {}: 15 or newer is needed", version / 10_000));
    }
    Ok(in_recovery || read_only)
}

async fn columns(client: &Client) -> Result<BTreeSet<(String, String)>, Error> {
    let rows = client
        .query_typed(
            "select c.relname::text, a.attname::text from pg_catalog.pg_attribute a \
             join pg_catalog.pg_class c on c.oid = a.attrelid \
             where c.relnamespace = 'public'::regnamespace and a.attnum > 0 \
             and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f')",
            &[],
        )
        .await
        .map_err(PgError::query("reading the catalogue"))?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

async fn privileges(
    client: &Client,
    purpose: Purpose,
    preflight: &Preflight,
    faults: &mut Vec<String>,
) -> Result<(), Error> {
    // Every (table, column, privilege) that is needed; an empty column is the table as a whole.
    let mut needed: BTreeSet<(String, String, String)> = BTreeSet::new();
    let mut need = |table: &str, column: &str, privilege: &str| {
        needed.insert((table.to_owned(), column.to_owned(), privilege.to_owned()));
    };
    for table in InputTable::ALL {
        for column in table.columns {
            if !OPTIONAL.contains(&(table.name, column.name))
                || preflight.has_column(table.name, column.name)
            {
                need(table.name, column.name, "SELECT");
            }
        }
        if table.versioned {
            need(table.name, "xmin", "SELECT");
        }
    }
    if purpose == Purpose::WriteAndPublish {
        for column in LOG_COLUMNS {
            need(LOG, column, "SELECT");
        }
    }
    if purpose.writes() {
        for (table, privilege, columns) in WRITES {
            for column in columns {
                need(table, column, privilege);
            }
            if columns.is_empty() {
                need(table, "", privilege);
            }
        }
    }

    let tables: BTreeSet<&str> =
        preflight.columns.iter().map(|(table, _)| table.as_str()).collect();
    let mut missing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut present = Vec::new();
    for (table, column, privilege) in &needed {
        if !tables.contains(table.as_str()) {
            missing.entry(table).or_default();
        } else if !column.is_empty() && column != "xmin" && !preflight.has_column(table, column) {
            missing.entry(table).or_default().insert(column);
        } else {
            present.push((table, column, privilege));
        }
    }
    for (table, columns) in missing {
        let columns: Vec<_> = columns.into_iter().collect();
        faults.push(if columns.is_empty() {
            format!("table public.{table} is missing: `talvix schema apply` makes it")
        } else {
            format!(
                "table public.{table} lacks the columns {}: `talvix schema apply` adds them",
                columns.join(", ")
            )
        });
    }

    // One statement for all: names go in as values.
    let column_of = |at: usize| -> Vec<String> {
        present.iter().map(|need| [need.0, need.1, need.2][at].clone()).collect()
    };
    let (tables, columns, privileges) = (column_of(0), column_of(1), column_of(2));
    let rows = client
        .query_typed(
            "select t, c, p from unnest($1::text[], $2::text[], $3::text[]) as n(t, c, p) \
             where not case when c = '' then has_table_privilege('public.' || quote_ident(t), p) \
             else has_column_privilege('public.' || quote_ident(t), c, p) end order by 1, 3, 2",
            &[
                (&tables, tokio_postgres::types::Type::TEXT_ARRAY),
                (&columns, tokio_postgres::types::Type::TEXT_ARRAY),
                (&privileges, tokio_postgres::types::Type::TEXT_ARRAY),
            ],
        )
        .await
        .map_err(PgError::query("asking for our privileges"))?;
    let mut refused: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for row in rows {
        refused.entry((row.get(0), row.get(2))).or_default().push(row.get(1));
    }
    for ((table, privilege), columns) in refused {
        let columns: Vec<_> = columns.into_iter().filter(|column| !column.is_empty()).collect();
        let what = if columns.is_empty() {
            privilege
        } else {
            format!("{privilege} ({})", columns.join(", "))
        };
        faults.push(format!(
            "the role may not {what} on public.{table}: `talvix schema print --grants` has the grant"
        ));
    }
    Ok(())
}

/// A role that row-level security applies to sees no rows and no error. It may run only where
/// policies show it every row.
async fn row_security(
    client: &Client,
    purpose: Purpose,
    preflight: &mut Preflight,
    faults: &mut Vec<String>,
) -> Result<(), Error> {
    let tables: Vec<&str> = GUARDED.iter().map(|(table, _)| *table).collect();
    let rows = client
        .query_typed(
            "select c.relname::text from pg_catalog.pg_class c where \
             c.relnamespace = 'public'::regnamespace and c.relname = any($1::text[]) \
             and row_security_active(c.oid)",
            &[(&tables, tokio_postgres::types::Type::TEXT_ARRAY)],
        )
        .await
        .map_err(PgError::query("asking for row-level security"))?;
    let active: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    if active.is_empty() {
        return Ok(());
    }
    // Permissive policies that show or take every row; a restrictive one undoes them.
    let rows = client
        .query_typed(
            "select p.tablename::text, p.cmd, p.permissive = 'PERMISSIVE', \
             coalesce(p.qual, 'true') = 'true' and coalesce(p.with_check, 'true') = 'true' \
             from pg_catalog.pg_policies p where p.schemaname = 'public' and exists ( \
             select from unnest(p.roles) r where r = 'public' \
             or pg_has_role(current_user, r, 'member'))",
            &[],
        )
        .await
        .map_err(PgError::query("asking for policies"))?;
    let policies: Vec<(String, String, bool, bool)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect();
    for (table, commands) in GUARDED {
        if !active.contains(table) {
            continue;
        }
        let hidden: Vec<&str> = commands
            .iter()
            .copied()
            .filter(|command| match purpose {
                Purpose::Look => *command == "SELECT" && table != LOG,
                Purpose::Write => *command != "SELECT" || table != LOG,
                Purpose::WriteAndPublish => true,
            })
            .filter(|command| {
                let mut applying = policies.iter().filter(|(name, policy, ..)| {
                    name == table && (policy == "ALL" || policy == command)
                });
                let all_rows =
                    applying.clone().any(|(.., permissive, whole)| *permissive && *whole);
                !all_rows || applying.any(|(.., permissive, _)| !permissive)
            })
            .collect();
        if !hidden.is_empty() {
            faults.push(format!(
                "row-level security on public.{table} hides rows from the role ({}): give it the \
                 policies of `talvix schema print --grants`, or BYPASSRLS",
                hidden.join(", ")
            ));
        }
    }
    preflight.scores_have_row_security = active.contains("job_fit_scores");
    if purpose.writes() && preflight.scores_have_row_security {
        let rows = client
            .query_typed("select has_database_privilege(current_database(), 'TEMPORARY')", &[])
            .await
            .map_err(PgError::query("asking for our privileges"))?;
        if !rows.first().is_some_and(|row| row.get(0)) {
            faults.push(
                "the role may not make a TEMPORARY table, which scores go over where row-level \
                 security is on: `talvix schema print --grants` has the grant"
                    .to_owned(),
            );
        }
    }
    Ok(())
}

/// A function that runs with its owner's rights is a way around every grant.
async fn security_definers(client: &Client, preflight: &mut Preflight) -> Result<(), Error> {
    let rows = client
        .query_typed(
            "select p.oid::regprocedure::text from pg_catalog.pg_proc p \
             join pg_catalog.pg_namespace n on n.oid = p.pronamespace \
             where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema') \
             and has_schema_privilege(n.oid, 'USAGE') \
             and has_function_privilege(p.oid, 'EXECUTE') \
             and p.proowner <> (select oid from pg_catalog.pg_roles where rolname = current_user) \
             order by 1",
            &[],
        )
        .await
        .map_err(PgError::query("looking for functions that run as their owner"))?;
    preflight.warnings.extend(rows.iter().map(|row| {
        format!(
            "the role can execute {}, which runs with its owner's rights: revoke that",
            row.get::<_, String>(0)
        )
    }));
    Ok(())
}
