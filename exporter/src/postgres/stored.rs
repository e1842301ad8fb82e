//! What is stored for a chunk's users, as the chunk's own transaction finds it.
//!
//! Of users whose rows are those that were loaded, in the same versions, nothing but the versions is
//! read: that takes a third of the server's time for whole rows, and a fraction of ours.

use crate::{
    chunk::{Chunk, NightOut},
    diff::Existing,
    error::Error,
};
use arrow::{
    array::{AsArray, RecordBatch},
    datatypes::UInt32Type,
};
use std::{collections::HashMap, ops::Range};
use talvix_engine::ids::{UserNo, uuid_text};
use talvix_loader::{
    postgres::copy_out,
    tables::{InputTable, SCORE_VERSIONS, SCORES},
};
use tokio_postgres::Transaction;

/// What is stored for some users of a chunk, of this week and others.
pub(super) async fn stored(
    transaction: &Transaction<'_>,
    out: &NightOut<'_>,
    chunk: &Chunk,
    part: &Range<usize>,
) -> Result<Vec<Existing>, Error> {
    let users: Vec<UserNo> = chunk.part(part).map(|(_, scored)| scored.user).collect();
    let (same, others) = if chunk.stored.is_known() {
        let versions = select(transaction, SCORE_VERSIONS, chunk, &users).await?;
        split(chunk, users, &versions)
    } else {
        (Vec::new(), users)
    };

    let mut stored = Vec::new();
    for user in same {
        let loaded = chunk.stored.of(user);
        stored.extend(loaded.iter().map(|pair| Existing::as_loaded(user, pair)));
    }
    if !others.is_empty() {
        let rows = select(transaction, SCORES, chunk, &others).await?;
        stored.extend(Existing::read(out, chunk, part, &rows)?);
    }
    Ok(stored)
}

/// The users whose rows are those that were loaded, no more, no fewer, in the same versions; and the
/// others.
fn split(
    chunk: &Chunk,
    users: Vec<UserNo>,
    versions: &[RecordBatch],
) -> (Vec<UserNo>, Vec<UserNo>) {
    /// A user's rows: how many there are, and how many of them were loaded as they are.
    #[derive(Clone, Copy, Default)]
    struct Found {
        rows: usize,
        loaded: usize,
    }
    let mut found: HashMap<UserNo, Found> = HashMap::with_capacity(users.len());
    for batch in versions {
        let user_ids = batch.column(0).as_fixed_size_binary();
        let ids = batch.column(1).as_fixed_size_binary();
        let row_versions = batch.column(2).as_primitive::<UInt32Type>();
        for row in 0..batch.num_rows() {
            let user = user_ids.value(row).try_into().ok().and_then(|id| chunk.users.number_of(id));
            let Some(user) = user else { continue };
            let is_loaded = chunk.stored.of(user).iter().any(|pair| {
                pair.row_version == row_versions.value(row) && pair.id.as_slice() == ids.value(row)
            });
            let found = found.entry(user).or_default();
            found.rows += 1;
            found.loaded += usize::from(is_loaded);
        }
    }
    let is_same = |user: &UserNo| {
        let Found { rows, loaded } = found.get(user).copied().unwrap_or_default();
        rows == loaded && loaded == chunk.stored.of(*user).len()
    };
    users.into_iter().partition(is_same)
}

/// Rows of users, of this week and others.
async fn select(
    transaction: &Transaction<'_>,
    table: InputTable,
    chunk: &Chunk,
    users: &[UserNo],
) -> Result<Vec<RecordBatch>, Error> {
    // COPY takes no parameters; these are hex digits and dashes of our own making.
    let ids: Vec<String> = users.iter().map(|user| uuid_text(&chunk.users.id[user.ix()])).collect();
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    let select = format!(
        "select {}, xmin from public.{} where user_id = any('{{{}}}'::uuid[])",
        columns.join(", "),
        table.name,
        ids.join(",")
    );
    Ok(copy_out(transaction.client(), table, &select).await?)
}
