//! Tables with some rows or values changed, and everything else as it was.

use super::{
    fit::{fit, nulls},
    schema::{own_schema, with_column},
};
use crate::{
    chunk::{Finish, NightOut},
    diff::NewRow,
    error::Error,
};
use arrow::{
    array::{
        Array, ArrayRef, AsArray, BooleanArray, BooleanBuilder, FixedSizeBinaryBuilder, Int32Array,
        ListArray, RecordBatch, StringArray, TimestampMicrosecondArray,
        TimestampMicrosecondBuilder, UInt32Array, new_null_array,
    },
    compute::{filter_record_batch, interleave, take},
    datatypes::{Field, Schema, SchemaRef},
};
use jiff::Timestamp;
use std::sync::Arc;
use talvix_dataset::{Column, Commit, Kind, Table, Version};
use talvix_engine::ids::Uuid;

/// Rows to add, in our own types.
#[derive(Clone, Copy)]
pub(super) struct NewRows<'a>(pub(super) &'a RecordBatch);

/// Writes a table with the rows that `keep` wants, by number, and new ones after them. A table that
/// is not there is made, and so is `needed`, a column of the new rows that may be null.
pub(super) fn append(
    commit: &mut Commit<'_>,
    version: &Version,
    table: &'static str,
    new: &[NewRows<'_>],
    needed: Option<&str>,
    keep: impl Fn(usize) -> bool,
) -> Result<(), Error> {
    let arrow = |source| Error::Arrow { table, source };
    let file = version.table(table).map(|path| Table::open(&path)).transpose()?;
    let schema = match (&file, new.first()) {
        (Some(file), _) => match needed {
            Some(column) if file.schema().index_of(column).is_err() => {
                with_column(&file.schema(), column)
            }
            _ => file.schema(),
        },
        (None, Some(rows)) => own_schema(rows.0),
        (None, None) => return Ok(()),
    };
    let mut writer = commit.write_table(table, schema.clone())?;
    let mut first_row = 0;
    for batch in file.iter().flat_map(Table::read_all) {
        let batch = batch?;
        let wanted: BooleanArray =
            (0..batch.num_rows()).map(|row| Some(keep(first_row + row))).collect();
        first_row += batch.num_rows();
        let kept = filter_record_batch(&batch, &wanted).map_err(arrow)?;
        let mut columns = kept.columns().to_vec();
        columns.extend(
            (columns.len()..schema.fields().len())
                .map(|at| new_null_array(schema.field(at).data_type(), kept.num_rows())),
        );
        writer.write(&RecordBatch::try_new(schema.clone(), columns).map_err(arrow)?)?;
    }
    for rows in new {
        writer.write(&fit_rows(table, rows.0, &schema)?)?;
    }
    writer.close()?;
    Ok(())
}

/// Writes a table with the values of some columns changed, row by row, and new rows after them.
/// Columns that the file lacks are passed over.
pub(super) fn replace(
    commit: &mut Commit<'_>,
    version: &Version,
    table: &'static str,
    key: Column,
    columns: &[Column],
    mut change: impl FnMut(&Uuid, &mut RowChange<'_>),
    new: &[NewRows<'_>],
) -> Result<(), Error> {
    let arrow = |source| Error::Arrow { table, source };
    let Some(path) = version.table(table) else { return Ok(()) };
    let file = Table::open(&path)?;
    let schema = file.schema();
    let present: Vec<Column> =
        columns.iter().copied().filter(|column| schema.index_of(column.name).is_ok()).collect();
    let asked: Vec<Column> = std::iter::once(key).chain(present.iter().copied()).collect();

    let mut writer = commit.write_table(table, schema.clone())?;
    // Both readers cut the file into batches at the same rows.
    for (batch, ours) in file.read_all().zip(file.read(&asked)) {
        let (batch, ours) = (batch?, ours?);
        let mut changes: Vec<ColumnChange> =
            present.iter().map(|column| ColumnChange::new(*column)).collect();
        let ids = ours.column(0).as_fixed_size_binary();
        for row in 0..ours.num_rows() {
            if ids.is_valid(row) {
                let mut id = [0; 16];
                id.copy_from_slice(ids.value(row));
                change(&id, &mut RowChange { row, columns: &mut changes });
            }
        }
        let mut arrays = batch.columns().to_vec();
        for (at, change) in changes.into_iter().enumerate() {
            let position = schema.index_of(present[at].name).map_err(arrow)?;
            let old = arrays[position].clone();
            arrays[position] = change.apply(&old).map_err(arrow)?;
        }
        writer.write(&RecordBatch::try_new(schema.clone(), arrays).map_err(arrow)?)?;
    }
    for rows in new {
        writer.write(&fit_rows(table, rows.0, &schema)?)?;
    }
    writer.close()?;
    Ok(())
}

/// The values of a row that change.
pub(super) struct RowChange<'a> {
    row: usize,
    columns: &'a mut [ColumnChange],
}

impl RowChange<'_> {
    fn set(&mut self, name: &str, append: impl FnOnce(&mut Values)) {
        if let Some(column) = self.columns.iter_mut().find(|column| column.name == name) {
            append(&mut column.values);
            column.rows.push(self.row);
        }
    }

    pub(super) fn bool(&mut self, name: &str, value: bool) {
        self.set(name, |values| {
            if let Values::Bool(builder) = values {
                builder.append_value(value);
            }
        });
    }

    pub(super) fn uuid(&mut self, name: &str, value: Option<Uuid>) {
        self.set(name, |values| {
            if let Values::Uuid(builder) = values {
                match value {
                    // Sixteen bytes always fit a builder of sixteen.
                    Some(id) => builder.append_value(id).unwrap_or_default(),
                    None => builder.append_null(),
                }
            }
        });
    }

    pub(super) fn timestamp(&mut self, name: &str, us: i64) {
        self.set(name, |values| {
            if let Values::Timestamp(builder) = values {
                builder.append_value(us);
            }
        });
    }
}

/// The changed values of a column, and the rows they belong to.
struct ColumnChange {
    name: &'static str,
    rows: Vec<usize>,
    values: Values,
}

enum Values {
    Bool(BooleanBuilder),
    Uuid(FixedSizeBinaryBuilder),
    Timestamp(TimestampMicrosecondBuilder),
}

impl ColumnChange {
    fn new(column: Column) -> Self {
        let values = match column.kind {
            Kind::Bool => Values::Bool(BooleanBuilder::new()),
            Kind::Timestamp => {
                Values::Timestamp(TimestampMicrosecondBuilder::new().with_timezone("UTC"))
            }
            _ => Values::Uuid(FixedSizeBinaryBuilder::new(16)),
        };
        ColumnChange { name: column.name, rows: Vec::new(), values }
    }

    /// The old column with the new values in their rows, in its own type.
    fn apply(self, old: &ArrayRef) -> Result<ArrayRef, arrow::error::ArrowError> {
        if self.rows.is_empty() {
            return Ok(old.clone());
        }
        let values: ArrayRef = match self.values {
            Values::Bool(mut builder) => Arc::new(builder.finish()),
            Values::Uuid(mut builder) => Arc::new(builder.finish()),
            Values::Timestamp(mut builder) => Arc::new(builder.finish()),
        };
        let new = fit(&values, old.data_type())?;
        let mut picks: Vec<(usize, usize)> = (0..old.len()).map(|row| (0, row)).collect();
        for (at, row) in self.rows.iter().enumerate() {
            picks[*row] = (1, at);
        }
        interleave(&[old.as_ref(), new.as_ref()], &picks)
    }
}

/// Rows of ours as a file's schema has them.
fn fit_rows(
    table: &'static str,
    rows: &RecordBatch,
    schema: &SchemaRef,
) -> Result<RecordBatch, Error> {
    let arrow = |source| Error::Arrow { table, source };
    let columns = schema
        .fields()
        .iter()
        .map(|field| match rows.column_by_name(field.name()) {
            Some(values) => fit(values, field.data_type()).map_err(arrow),
            None => nulls(field, rows.num_rows())
                .ok_or_else(|| Error::UnknownColumn { table, column: field.name().clone() }),
        })
        .collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(schema.clone(), columns).map_err(arrow)
}

/// A batch of named columns; a column with a null may hold nulls, and so may those named.
fn batch(
    table: &'static str,
    columns: Vec<(&'static str, bool, ArrayRef)>,
) -> Result<RecordBatch, Error> {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, nullable, array)| Field::new(*name, array.data_type().clone(), *nullable))
        .collect();
    let arrays = columns.into_iter().map(|(.., array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|source| Error::Arrow { table, source })
}

fn ids(ids: impl Iterator<Item = Option<Uuid>>) -> ArrayRef {
    let mut builder = FixedSizeBinaryBuilder::new(16);
    for id in ids {
        match id {
            // Sixteen bytes always fit a builder of sixteen.
            Some(id) => builder.append_value(id).unwrap_or_default(),
            None => builder.append_null(),
        }
    }
    Arc::new(builder.finish())
}

fn times(us: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(us).with_timezone("UTC"))
}

/// Kept pairs as rows of `job_fit_scores`.
pub(super) fn score_rows(
    out: &NightOut<'_>,
    rows: &[NewRow<'_>],
    now: Timestamp,
) -> Result<RecordBatch, Error> {
    const TABLE: &str = "job_fit_scores";
    let each = |value: &dyn Fn(&NewRow<'_>) -> Uuid| ids(rows.iter().map(|row| Some(value(row))));
    let texts = |value: &dyn Fn(&NewRow<'_>) -> &'static str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(value)))
    };
    let number = |value: i32| -> ArrayRef { Arc::new(Int32Array::from(vec![value; rows.len()])) };
    let list = |of: fn(&talvix_engine::rows::ScoreRows) -> &ListArray| gather(rows, of);
    batch(
        TABLE,
        vec![
            (
                "id",
                false,
                each(&|row| {
                    row.replaces.map_or_else(|| uuid::Uuid::now_v7().into_bytes(), |old| old.0)
                }),
            ),
            ("user_id", false, each(&|row| row.user_id)),
            ("job_id", false, each(&|row| out.jobs.id[row.rows.job[row.at].ix()])),
            (
                "fit_score",
                false,
                Arc::new(Int32Array::from_iter_values(
                    rows.iter().map(|row| i32::from(row.rows.fit_score[row.at])),
                )),
            ),
            ("fit_label", false, texts(&|row| row.rows.fit_label[row.at])),
            ("recommendation", false, texts(&|row| row.rows.recommendation[row.at])),
            ("fit_reasons", true, list(|rows| &rows.fit_reasons)?),
            ("missing_skills", true, list(|rows| &rows.missing_skills)?),
            ("strengths", true, list(|rows| &rows.strengths)?),
            (
                "is_full_score",
                false,
                Arc::new(
                    rows.iter()
                        .map(|row| Some(row.rows.is_full_score[row.at]))
                        .collect::<BooleanArray>(),
                ),
            ),
            ("week_number", false, number(i32::from(out.week.week))),
            ("year_number", false, number(i32::from(out.week.year))),
            ("expires_at", false, times(rows.iter().map(|_| out.expires_at_us()))),
            (
                "created_at",
                false,
                times(
                    rows.iter().map(|row| row.replaces.map_or(now.as_microsecond(), |old| old.1)),
                ),
            ),
        ],
    )
}

/// A column of lists, put together from the blocks that the rows lie in.
fn gather(
    rows: &[NewRow<'_>],
    of: fn(&talvix_engine::rows::ScoreRows) -> &ListArray,
) -> Result<ArrayRef, Error> {
    let arrow = |source| Error::Arrow { table: "job_fit_scores", source };
    let pieces = rows
        .chunk_by(|a, b| std::ptr::eq(a.rows, b.rows))
        .map(|group| {
            let wanted = UInt32Array::from_iter_values(group.iter().map(|row| row.at as u32));
            take(of(group[0].rows), &wanted, None)
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(arrow)?;
    let pieces: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
    arrow::compute::concat(&pieces).map_err(arrow)
}

/// Cursors of users who had none.
pub(super) fn cursor_rows(
    users: &[Uuid],
    scrape_run_id: Option<Uuid>,
    scored_at_us: i64,
    now: Timestamp,
) -> Result<RecordBatch, Error> {
    batch(
        "user_fit_score_cursors",
        vec![
            ("user_id", false, ids(users.iter().copied().map(Some))),
            ("last_scrape_run_id", true, ids(users.iter().map(|_| scrape_run_id))),
            ("last_scored_at", true, times(users.iter().map(|_| scored_at_us))),
            ("updated_at", false, times(users.iter().map(|_| now.as_microsecond()))),
        ],
    )
}

/// The night's row of `agent_logs`.
pub(super) fn log_row(
    finish: &Finish,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<RecordBatch, Error> {
    let text = |value: &str| -> ArrayRef { Arc::new(StringArray::from(vec![value])) };
    let number = |value: i64| -> ArrayRef {
        Arc::new(Int32Array::from(vec![i32::try_from(value).unwrap_or(i32::MAX)]))
    };
    let no_text: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>]));
    let records = i64::try_from(finish.records_processed).unwrap_or(i64::MAX);
    batch(
        "agent_logs",
        vec![
            ("id", false, ids(std::iter::once(Some(uuid::Uuid::now_v7().into_bytes())))),
            ("agent_name", false, text("fit_scorer")),
            ("user_id", true, ids(std::iter::once(None))),
            ("status", false, text("completed")),
            ("duration_ms", true, number(finish.duration_ms)),
            ("records_processed", true, number(records)),
            ("error_message", true, no_text),
            ("metadata", false, text(&finish.metadata.to_string())),
            ("expires_at", false, times([expires_at.as_microsecond()])),
            ("created_at", false, times([now.as_microsecond()])),
        ],
    )
}
