//! What the role of the run can reach that it should not, and cannot see that it should.

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::Lack;
use crate::Error;

const SECURITY_DEFINERS: &str = include_str!("security_definers.sql");
const ROW_SECURITY: &str = include_str!("row_security.sql");

pub(super) async fn check(client: &Client, role: Option<&str>) -> Result<Vec<Lack>, Error> {
    // An owner asks: nothing may be asked of a function that somebody has put before the server's.
    let doing = "beginning to look for what is open";
    let begin = client.batch_execute("begin; set local search_path = pg_catalog");
    begin.await.map_err(Error::query(doing))?;
    let open = open_ways(client, role).await;
    client.batch_execute("rollback").await.map_err(Error::query(doing))?;
    open
}

async fn open_ways(client: &Client, role: Option<&str>) -> Result<Vec<Lack>, Error> {
    let known = client
        .query_typed(
            "select r.rolname::text, r.rolsuper from pg_roles r \
             where r.rolname = coalesce($1, current_user)",
            &[(&role, Type::TEXT)],
        )
        .await
        .map_err(Error::query("looking up the role"))?;
    let Some(known) = known.first() else {
        return Ok(vec![Lack::Role { role: role.unwrap_or_default().to_owned() }]);
    };
    let role: String = known.get(0);
    // A superuser may do everything, which says nothing: then it matters what everyone may do.
    let asker = if known.get(1) { "public".to_owned() } else { role.clone() };

    let mut lacks = Vec::new();
    let functions = client
        .query_typed(SECURITY_DEFINERS, &[(&asker, Type::TEXT)])
        .await
        .map_err(Error::query("looking up security definer functions"))?;
    for row in functions {
        lacks.push(Lack::SecurityDefiner { function: row.get(0), role: asker.clone() });
    }
    let tables = client
        .query_typed(ROW_SECURITY, &[(&role, Type::TEXT)])
        .await
        .map_err(Error::query("looking up row-level security"))?;
    for row in tables {
        lacks.push(Lack::RowSecurity {
            table: row.get(0),
            command: row.get(1),
            role: role.clone(),
        });
    }
    Ok(lacks)
}

/// Takes `sql_query(text)` from everyone. Whether there was anything to take.
pub(super) async fn revoke_sql_query(client: &Client) -> Result<bool, Error> {
    let doing = "revoking sql_query from public";
    let open = client
        .query_typed(
            "select from pg_proc p \
             where p.oid = to_regprocedure('public.sql_query(text)') \
               and has_function_privilege('public', p.oid, 'execute')",
            &[],
        )
        .await
        .map_err(Error::query(doing))?;
    if open.is_empty() {
        return Ok(false);
    }
    client
        .batch_execute("revoke execute on function public.sql_query(text) from public")
        .await
        .map_err(Error::query(doing))?;
    Ok(true)
}
