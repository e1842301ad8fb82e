//! Tables in a database that has the schema.

use bytes::Bytes;
use futures_util::{SinkExt, TryStreamExt};
use talvix_pg::Error as PgError;
use talvix_pg::copy::encode::CHUNK_BYTES;
use talvix_pg::copy::{CopyDecoder, CopyEncoder, EncodeError, NAN_UNITS, Row};
use tokio_postgres::{Client, Transaction};
use uuid::Uuid;

use crate::error::Error;
use crate::records::{Put, Record, Take};
use crate::tables::{Numeric, Tables, TargetRoleRow};

/// Loads tables into a database that has the schema and none of these rows, in one transaction.
/// Only the 23 weights, which the schema seeds, are overwritten. The tables must belong to the
/// connected role.
pub async fn load_postgres(client: &mut Client, tables: &Tables) -> Result<(), Error> {
    let transaction = client.transaction().await.map_err(PgError::query("beginning"))?;
    copy_in(&transaction, &tables.jobs).await?;
    copy_in(&transaction, &tables.job_skills).await?;
    copy_in(&transaction, &tables.users).await?;
    copy_in_roles(&transaction, &tables.user_target_roles).await?;
    copy_in(&transaction, &tables.user_company_prefs).await?;
    copy_in(&transaction, &tables.resumes).await?;
    copy_in(&transaction, &tables.scrape_runs).await?;
    copy_in(&transaction, &tables.job_fit_scores).await?;
    copy_in(&transaction, &tables.user_fit_score_cursors).await?;
    copy_in(&transaction, &tables.salary_benchmarks).await?;
    copy_in(&transaction, &tables.model_weights).await?;
    copy_in(&transaction, &tables.agent_logs).await?;
    Ok(transaction.commit().await.map_err(PgError::query("committing the tables"))?)
}

/// Reads all tables of one moment, each in the order of its key (as [`sort`](crate::sort) puts
/// them). Parsed resumes are in storage, not here.
pub async fn read_postgres(client: &mut Client) -> Result<Tables, Error> {
    let transaction = client
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await
        .map_err(PgError::query("beginning"))?;
    Ok(Tables {
        jobs: copy_out(&transaction).await?,
        job_skills: copy_out(&transaction).await?,
        users: copy_out(&transaction).await?,
        user_target_roles: copy_out(&transaction).await?,
        user_company_prefs: copy_out(&transaction).await?,
        resumes: copy_out(&transaction).await?,
        scrape_runs: copy_out(&transaction).await?,
        job_fit_scores: copy_out(&transaction).await?,
        user_fit_score_cursors: copy_out(&transaction).await?,
        salary_benchmarks: copy_out(&transaction).await?,
        model_weights: copy_out(&transaction).await?,
        agent_logs: copy_out(&transaction).await?,
        parsed_resumes: std::collections::BTreeMap::new(),
    })
}

/// The trigger that allows five roles a user takes a lock for each user until the transaction ends,
/// and a server has room for a few thousand: so the rule is checked once, when all rows are in.
async fn copy_in_roles(transaction: &Transaction<'_>, rows: &[TargetRoleRow]) -> Result<(), Error> {
    let run = async |sql: &'static str| {
        transaction.batch_execute(sql).await.map_err(PgError::query("loading target roles"))
    };
    run("alter table user_target_roles disable trigger user").await?;
    copy_in(transaction, rows).await?;
    run("alter table user_target_roles enable trigger user").await?;
    let sql = "select user_id from user_target_roles group by user_id having count(*) > 5 limit 1";
    let sixth = transaction.query_typed(sql, &[]).await;
    match sixth.map_err(PgError::query("counting target roles"))?.first() {
        Some(row) => Err(Error::TooManyRoles { user: row.get(0) }),
        None => Ok(()),
    }
}

/// What a table's row cannot do without and ours does not have: columns, their values, and what
/// to do with a row that is there.
fn completion(table: &str) -> Option<(&'static str, &'static str, &'static str)> {
    match table {
        "resumes" => Some((", original_name, file_type", ", 'resume.pdf', 'pdf'", "")),
        "salary_benchmarks" => Some((
            ", p25_lpa, p75_lpa, p90_lpa",
            ", p50_lpa * 0.8, least(p50_lpa * 1.2, 9999), least(p50_lpa * 1.5, 9999)",
            "",
        )),
        "model_weights" => Some((
            "",
            "",
            "on conflict (weight_name) do update set (weight_value, min_value, max_value) = \
             (excluded.weight_value, excluded.min_value, excluded.max_value)",
        )),
        "agent_logs" => Some((", expires_at", ", created_at + interval '3 days'", "")),
        _ => None,
    }
}

/// Adds rows to a table; those that need completion go through a temporary one.
pub(crate) async fn copy_in<R: Record>(
    transaction: &Transaction<'_>,
    rows: &[R],
) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let (table, columns) = (R::TABLE, R::NAMES.join(", "));
    let Some((more, values, conflict)) = completion(table) else {
        return copy_into(transaction, table, &columns, rows).await;
    };
    let run = async |sql: String| {
        transaction.batch_execute(&sql).await.map_err(PgError::query("completing rows"))
    };
    let make = "create temporary table talvix_rows on commit drop as";
    run(format!("{make} select {columns} from {table} with no data")).await?;
    copy_into(transaction, "talvix_rows", &columns, rows).await?;
    run(format!(
        "insert into {table} ({columns}{more}) select {columns}{values} from talvix_rows {conflict}; \
         drop table talvix_rows"
    ))
    .await?;
    Ok(())
}

async fn copy_into<R: Record>(
    transaction: &Transaction<'_>,
    table: &str,
    columns: &str,
    rows: &[R],
) -> Result<(), Error> {
    let sql = format!("copy {table} ({columns}) from stdin (format binary)");
    let failed = PgError::query("copying rows in");
    let sink = transaction.copy_in::<_, Bytes>(&sql).await.map_err(failed)?;
    let mut sink = std::pin::pin!(sink);
    let mut encoder = CopyEncoder::new();
    for row in rows {
        encoder.begin_row(R::NAMES.len() as u16);
        row.put(&mut encoder).map_err(|source| Error::Encode { table: R::TABLE, source })?;
        if encoder.buffered_bytes() >= CHUNK_BYTES {
            let chunk = encoder.take_chunk();
            sink.feed(chunk).await.map_err(PgError::query("copying rows in"))?;
        }
    }
    sink.feed(encoder.finish()).await.map_err(PgError::query("copying rows in"))?;
    sink.finish().await.map_err(PgError::query("copying rows in"))?;
    Ok(())
}

async fn copy_out<R: Record>(transaction: &Transaction<'_>) -> Result<Vec<R>, Error> {
    let decode = |source| Error::Decode { table: R::TABLE, source };
    // Text keys sort as Rust does only by code point.
    let collation = if R::NAMES[0] == "weight_name" { "collate \"C\"" } else { "" };
    let sql = format!(
        "copy (select {} from {} order by {} {collation}) to stdout (format binary)",
        R::NAMES.join(", "),
        R::TABLE,
        R::NAMES[0],
    );
    let stream = transaction.copy_out(&sql).await.map_err(PgError::query("copying rows out"))?;
    let mut stream = std::pin::pin!(stream);
    let mut decoder = CopyDecoder::new(R::NAMES);
    let mut rows = Vec::new();
    while let Some(piece) = stream.try_next().await.map_err(PgError::query("copying rows out"))? {
        decoder.feed(piece);
        while let Some(row) = decoder.next_row().map_err(decode)? {
            rows.push(R::take(&mut Fields { table: R::TABLE, row })?);
        }
    }
    decoder.finish().map_err(decode)?;
    Ok(rows)
}

/// A null, or a value by its method.
macro_rules! put {
    ($encoder:ident, $value:expr, $some:pat => $put:expr) => {{
        match $value {
            Some($some) => $put,
            None => $encoder.null(),
        }
        Ok(())
    }};
}

impl Put for CopyEncoder {
    type Error = EncodeError;

    fn uuid(&mut self, value: Option<Uuid>) -> Result<(), EncodeError> {
        put!(self, value, id => Self::uuid(self, id.into_bytes()))
    }

    fn text(&mut self, value: Option<&str>) -> Result<(), EncodeError> {
        put!(self, value, text => Self::text(self, text)?)
    }

    fn list<'a>(
        &mut self,
        value: Option<impl ExactSizeIterator<Item = Option<&'a str>>>,
    ) -> Result<(), EncodeError> {
        put!(self, value, texts => self.text_array_nullable(texts)?)
    }

    fn bool(&mut self, value: Option<bool>) -> Result<(), EncodeError> {
        put!(self, value, value => Self::bool(self, value))
    }

    fn int(&mut self, value: Option<i32>) -> Result<(), EncodeError> {
        put!(self, value, value => self.int4(value))
    }

    fn date(&mut self, value: Option<i32>) -> Result<(), EncodeError> {
        put!(self, value, value => Self::date(self, value))
    }

    fn time(&mut self, value: Option<i64>) -> Result<(), EncodeError> {
        put!(self, value, value => self.timestamptz(value))
    }

    fn numeric(&mut self, value: Option<Numeric>, scale: u8) -> Result<(), EncodeError> {
        put!(self, value, value => match value {
            Numeric::Units(units) => Self::numeric(self, units, u16::from(scale)),
            Numeric::NaN => self.numeric_nan(),
        })
    }
}

struct Fields<'a> {
    table: &'static str,
    row: Row<'a>,
}

impl Fields<'_> {
    fn error(&self) -> impl Fn(talvix_pg::copy::DecodeError) -> Error + use<> {
        let table = self.table;
        move |source| Error::Decode { table, source }
    }
}

impl Take for Fields<'_> {
    type Error = Error;

    fn uuid(&mut self) -> Result<Option<Uuid>, Error> {
        let bytes = self.row.uuid().map_err(self.error())?;
        Ok(bytes.map(Uuid::from_bytes))
    }

    fn text(&mut self) -> Result<Option<String>, Error> {
        let text = self.row.text().map_err(self.error())?;
        Ok(text.map(str::to_owned))
    }

    fn list(&mut self) -> Result<Option<Vec<Option<String>>>, Error> {
        let texts = self.row.text_array().map_err(self.error())?;
        Ok(texts.map(|texts| texts.into_iter().map(|text| text.map(str::to_owned)).collect()))
    }

    fn bool(&mut self) -> Result<Option<bool>, Error> {
        self.row.bool().map_err(self.error())
    }

    fn int(&mut self) -> Result<Option<i32>, Error> {
        self.row.int4().map_err(self.error())
    }

    fn date(&mut self) -> Result<Option<i32>, Error> {
        self.row.date().map_err(self.error())
    }

    fn time(&mut self) -> Result<Option<i64>, Error> {
        self.row.timestamptz().map_err(self.error())
    }

    fn numeric(&mut self, scale: u8) -> Result<Option<Numeric>, Error> {
        let units = self.row.numeric(u16::from(scale)).map_err(self.error())?;
        Ok(units.map(|units| match units {
            NAN_UNITS => Numeric::NaN,
            units => Numeric::Units(units),
        }))
    }

    fn null(&self, column: &'static str) -> Error {
        Error::Null { table: self.table, column }
    }
}
