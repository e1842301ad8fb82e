//! What became of a chunk's users since they were loaded.

use super::pg_uuid;
use crate::{
    chunk::{Chunk, LeftOut},
    error::Error,
};
use futures_util::future::try_join3;
use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};
use talvix_engine::ids::UserNo;
use talvix_pg::answer;
use tokio_postgres::{Transaction, types::Type};

/// What happened to a chunk's users since they were loaded.
#[derive(Debug, Default)]
pub(super) struct Meanwhile {
    /// Who is left as is, or is not there any more.
    pub(super) left: LeftOut,
    /// Their row or resume changed: what they changed is not in these scores.
    pub(super) changed: HashSet<UserNo>,
}

/// Holds some users of a chunk in place, in the order of their ids, and says what became of them.
pub(super) async fn meanwhile(
    transaction: &Transaction<'_>,
    chunk: &Chunk,
    part: &Range<usize>,
    ids: &[uuid::Uuid],
) -> Result<Meanwhile, Error> {
    let doing = "holding users in place";
    let param = [(&ids as &(dyn tokio_postgres::types::ToSql + Sync), Type::UUID_ARRAY)];
    let hold = transaction.query_typed(
        "select from public.users where id = any($1) order by id for key share",
        &param,
    );
    answer(doing, hold).await?;
    // A statement of its own: a lock for a key passes over updates that left the key alone, and
    // the statement that waited for it shows the row as it was before.
    let users = transaction
        .query_typed("select id, xmin::text::bigint from public.users where id = any($1)", &param);
    let cursors = transaction.query_typed(
        "select user_id, last_scrape_run_id, last_scored_at from public.user_fit_score_cursors \
         where user_id = any($1) order by user_id for update",
        &param,
    );
    let resumes = transaction.query_typed(
        "select user_id, xmin::text::bigint from public.resumes \
         where user_id = any($1) and is_primary and parse_status = 'done'",
        &param,
    );
    // Sent together, answered one after the other.
    let (rows, cursors, resumes) =
        answer(doing, Box::pin(try_join3(users, cursors, resumes))).await?;
    let versions: HashMap<uuid::Uuid, i64> =
        rows.iter().map(|row| (row.get(0), row.get(1))).collect();

    let cursors: HashMap<uuid::Uuid, (Option<uuid::Uuid>, Option<i64>)> = cursors
        .iter()
        .map(|row| {
            let scored_at: Option<PgTimestamp> = row.get(2);
            (row.get(0), (row.get(1), scored_at.map(|instant| instant.0)))
        })
        .collect();

    let resumes: HashMap<uuid::Uuid, i64> =
        resumes.iter().map(|row| (row.get(0), row.get(1))).collect();

    let mut meanwhile = Meanwhile::default();
    for (_, scored) in chunk.part(part) {
        let user = scored.user;
        let id = pg_uuid(chunk.users.id[user.ix()]);
        let loaded = chunk.users.cursor[user.ix()]
            .map(|cursor| (cursor.last_scrape_run_id.map(pg_uuid), cursor.last_scored_at_us));
        match versions.get(&id) {
            None => {
                meanwhile.left.deleted_users.insert(user);
            }
            Some(_) if cursors.get(&id).copied() != loaded => {
                meanwhile.left.reset_users.insert(user);
            }
            Some(version) => {
                let resume = resumes.get(&id).copied().unwrap_or_default();
                if *version != i64::from(chunk.users.row_version[user.ix()])
                    || resume != i64::from(chunk.users.resume_version[user.ix()])
                {
                    meanwhile.changed.insert(user);
                }
            }
        }
    }
    Ok(meanwhile)
}

/// From 1970, where we count from, to 2000, where the server does.
const EPOCH_US: i64 = 946_684_800_000_000;

/// A `timestamptz` as microseconds since the Unix epoch, infinities included.
struct PgTimestamp(i64);

impl<'a> tokio_postgres::types::FromSql<'a> for PgTimestamp {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(PgTimestamp(match i64::from_be_bytes(raw.try_into()?) {
            i64::MIN => i64::MIN,
            since_2000_us => since_2000_us.saturating_add(EPOCH_US),
        }))
    }

    tokio_postgres::types::accepts!(TIMESTAMPTZ);
}
