//! What a database holds, one line per thing, in the server's own words.

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::Error;

const CATALOGUE: &str = include_str!("catalogue.sql");
const MANIFEST: &str = include_str!("../../../migrations/manifest.tsv");

/// A row of `catalogue.sql`, which says what the fields hold for each kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Thing {
    pub(super) kind: String,
    pub(super) table: String,
    pub(super) name: String,
    pub(super) detail: String,
    pub(super) definition: String,
}

impl Thing {
    /// Everything the data model asks for.
    pub(super) fn wanted() -> Vec<Self> {
        MANIFEST.lines().map(|line| Self::from_fields(line.split('\t'))).collect()
    }

    fn from_fields<'a>(fields: impl Iterator<Item = &'a str>) -> Self {
        let mut fields = fields.map(str::to_owned);
        let mut next = || fields.next().unwrap_or_default();
        Self { kind: next(), table: next(), name: next(), detail: next(), definition: next() }
    }
}

/// Everything a database has in schema `public`.
pub(super) async fn read(client: &Client) -> Result<Vec<Thing>, Error> {
    // One message and so one transaction, also where a pooler deals out a server per transaction.
    // The setting ends with it.
    let messages = client
        .simple_query(&format!("set local search_path = public, pg_temp; {CATALOGUE}"))
        .await
        .map_err(Error::query("reading the catalogue"))?;
    Ok(messages
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(Thing::from_fields(
                (0..row.len()).map(|field| row.get(field).unwrap_or_default()),
            )),
            _ => None,
        })
        .collect())
}

/// The catalogue of a database in the form of `migrations/manifest.tsv`: how that file is made, from
/// a database that [`super::sql`] was just run on.
pub async fn catalogue_tsv(client: &Client) -> Result<String, Error> {
    let lines = read(client).await?.into_iter().map(|thing| {
        let Thing { kind, table, name, detail, definition } = thing;
        format!("{kind}\t{table}\t{name}\t{detail}\t{definition}\n")
    });
    Ok(lines.collect())
}
