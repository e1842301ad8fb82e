//! The data model of a database: as SQL, brought about, and checked.
//!
//! The SQL files in `migrations/` say what there should be. `migrations/manifest.tsv` says the same
//! as a server words it, one line per table, column, constraint, index, trigger and storage
//! parameter: it is what one catalogue query answers on a fresh database, and a test holds the two
//! together. What a database lacks is the manifest minus the same query's answer there. What it has
//! beyond the manifest is its own business.

mod access;
mod lack;
mod manifest;

use std::fmt;

use tokio_postgres::Client;

pub use lack::Lack;
pub use manifest::catalogue_tsv;

use crate::Error;
use manifest::Thing;

/// The tables, in the order in which they refer to each other. Statements that do nothing where the
/// table is there already.
const TABLES: [&str; 7] = [
    include_str!("../../migrations/0001_core_user.sql"),
    include_str!("../../migrations/0002_job_pool.sql"),
    include_str!("../../migrations/0003_scoring.sql"),
    include_str!("../../migrations/0004_applications.sql"),
    include_str!("../../migrations/0005_career_intel.sql"),
    include_str!("../../migrations/0006_communication.sql"),
    include_str!("../../migrations/0007_self_learning.sql"),
];
const RULES: &str = include_str!("../../migrations/0008_rules.sql");
const INDEXES: &str = include_str!("../../migrations/0009_indexes.sql");
const SEEDS: &str = include_str!("../../migrations/0010_seeds.sql");
const GRANTS: &str = include_str!("../../migrations/grants/talvix_engine.sql");

/// The whole data model as SQL, for a database that has none of it.
#[must_use]
pub fn sql() -> String {
    let mut sql = TABLES.join("\n");
    for part in [RULES, INDEXES, SEEDS] {
        sql.push('\n');
        sql.push_str(part);
    }
    sql
}

/// The role of the nightly run and what it may do, as SQL.
#[must_use]
pub fn grants_sql() -> &'static str {
    GRANTS
}

/// What [`apply`] did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// What was missing and is there now. Empty: the database was up to date.
    pub added: Vec<Lack>,
    /// What has to be decided by hand: a column of another type, a rule in other words.
    pub left: Vec<Lack>,
    /// Whether `sql_query(text)`, which runs any text as its owner, was taken from `PUBLIC`.
    pub revoked_sql_query: bool,
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for lack in &self.added {
            writeln!(f, "added {}", lack.what())?;
        }
        if self.revoked_sql_query {
            writeln!(f, "revoked execute on function sql_query(text) from public")?;
        }
        for lack in &self.left {
            writeln!(f, "left alone: {lack}")?;
        }
        Ok(())
    }
}

/// Brings a database up to the data model: all of it or, at an error, nothing.
///
/// Adds what is missing; changes and removes nothing that is there.
pub async fn apply(client: &mut Client) -> Result<Applied, Error> {
    let tx = client.transaction().await.map_err(Error::query("starting a transaction"))?;
    // The nightly writers come first: rather fail than stand in a queue that blocks them.
    tx.batch_execute(
        "set local search_path = public, pg_temp; \
         set local client_min_messages = warning; \
         set local lock_timeout = '10s'; \
         select pg_advisory_xact_lock(hashtextextended('talvix schema apply', 0))",
    )
    .await
    .map_err(Error::query("waiting for another `schema apply` to end"))?;

    let before = missing(tx.client()).await?;
    for tables in TABLES {
        tx.batch_execute(tables).await.map_err(Error::query("creating the tables"))?;
    }
    // The rules lock their tables, so they stay untouched where nothing is missing.
    if before.iter().any(Lack::is_rule) {
        tx.batch_execute(RULES).await.map_err(Error::query("creating the triggers"))?;
    }
    let there = manifest::read(tx.client()).await?;
    let mut lacks = lack::between(&Thing::wanted(), &there);
    lacks.sort_by_key(Lack::rank);
    for lack in &lacks {
        if let Some(ddl) = lack.ddl(&there) {
            tx.batch_execute(&ddl)
                .await
                .map_err(|source| Error::Add { what: lack.what(), source })?;
        }
    }
    tx.batch_execute(SEEDS).await.map_err(Error::query("inserting the model weights"))?;
    let revoked_sql_query = access::revoke_sql_query(tx.client()).await?;

    let left = missing(tx.client()).await?;
    let added = before.into_iter().filter(|lack| !left.contains(lack)).collect();
    tx.commit().await.map_err(Error::query("committing the data model"))?;
    Ok(Applied { added, left, revoked_sql_query })
}

/// What a database lacks, and what is open that should not be. Changes nothing.
///
/// `role` is the nightly run's; none given, the connected one. For a superuser the functions are
/// looked at that everyone may execute: its own rights say nothing about the run's.
pub async fn check(client: &Client, role: Option<&str>) -> Result<Vec<Lack>, Error> {
    let mut lacks = missing(client).await?;
    lacks.extend(access::check(client, role).await?);
    Ok(lacks)
}

async fn missing(client: &Client) -> Result<Vec<Lack>, Error> {
    Ok(lack::between(&Thing::wanted(), &manifest::read(client).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_model_holds_every_table_of_the_manifest_once() {
        let sql = sql();
        let tables: Vec<_> = Thing::wanted().into_iter().filter(|t| t.kind == "table").collect();
        assert_eq!(tables.len(), 25);
        for table in tables {
            let create = format!("create table if not exists {} (", table.table);
            assert_eq!(sql.matches(&create).count(), 1, "{create}");
        }
        assert!(grants_sql().contains("create role talvix_engine"));
    }
}
