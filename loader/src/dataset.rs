//! One version of a folder of Parquet files.

use crate::{
    error::Error,
    postgres::Selection,
    tables::{InputTable, JOBS, RESUMES, RawTables, SCORES},
};
use arrow::{
    array::{Array, AsArray, BooleanArray, RecordBatch, UInt32Array},
    compute::filter_record_batch,
    datatypes::{DataType, Field, Int32Type, Schema},
};
use std::sync::Arc;
use talvix_dataset::{Column, Table, Version};

/// Checks that a version has every table and column that a run reads; all faults at once.
pub fn preflight(version: &Version) -> Result<(), Error> {
    let mut faults = Vec::new();
    for table in InputTable::ALL {
        match version.table(table.name) {
            Some(path) => match Table::open(&path) {
                Ok(file) => {
                    let columns = table.columns;
                    faults.extend(file.missing(columns).iter().map(ToString::to_string));
                }
                Err(error) => faults.push(error.to_string()),
            },
            None if table.optional => {}
            None => faults.push(format!(
                "{}: there is no {}.parquet",
                version.folder().display(),
                table.name
            )),
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::Unfit(faults)) }
}

/// Reads every table of [`InputTable::ALL`] that the version has.
pub fn load(version: &Version, selection: Selection) -> Result<RawTables, Error> {
    use rayon::prelude::*;
    let read: Vec<(InputTable, Vec<RecordBatch>)> = InputTable::ALL
        .into_par_iter()
        .filter_map(|table| Some((table, version.table(table.name)?)))
        .map(|(table, path)| {
            let batches = read(&Table::open(&path)?, table.columns)?
                .into_iter()
                .map(|batch| select(table, &batch, selection))
                .collect::<Result<_, _>>()?;
            Ok((table, batches))
        })
        .collect::<Result<_, Error>>()?;
    let mut tables = RawTables::default();
    for (table, batches) in read {
        tables.set(table, batches);
    }
    Ok(tables)
}

fn read(table: &Table, columns: &[Column]) -> Result<Vec<RecordBatch>, Error> {
    Ok(table.read(columns).collect::<Result<_, _>>()?)
}

/// Leaves out the rows that a database would not have sent, and adds the row version, which is 0:
/// nobody else writes while we hold the lock.
fn select(
    table: InputTable,
    batch: &RecordBatch,
    selection: Selection,
) -> Result<RecordBatch, Error> {
    let arrow = |source| Error::Arrow { table: table.name, source };
    let text = |name: &str| batch.column_by_name(name).map(AsArray::as_string::<i32>);
    let flag = |name: &str| batch.column_by_name(name).map(AsArray::as_boolean);
    let number = |name: &str| batch.column_by_name(name).map(AsArray::as_primitive::<Int32Type>);

    let mut keep = vec![true; batch.num_rows()];
    let mut only = |wanted: &dyn Fn(usize) -> bool| {
        for (row, keep) in keep.iter_mut().enumerate() {
            *keep = *keep && wanted(row);
        }
    };
    if table.name == JOBS.name
        && let (Some(active), Some(cleaned), Some(role)) =
            (flag("is_active"), flag("jd_cleaned"), text("role_family"))
    {
        only(&|row| active.value(row) && cleaned.value(row) && role.is_valid(row));
    }
    if table.name == RESUMES.name
        && let (Some(primary), Some(status)) = (flag("is_primary"), text("parse_status"))
    {
        only(&|row| primary.value(row) && status.value(row) == "done");
    }
    if table.name == SCORES.name
        && let (Some(week), Some(year)) = (number("week_number"), number("year_number"))
    {
        let now = selection.week;
        only(&|row| {
            week.value(row) == i32::from(now.week) && year.value(row) == i32::from(now.year)
        });
    }
    if let (Some(user), Some(column)) = (selection.user, table.user_column)
        && let Some(ids) = batch.column_by_name(column)
    {
        let ids = ids.as_fixed_size_binary();
        only(&|row| ids.value(row) == user);
    }

    let batch = if keep.iter().all(|keep| *keep) {
        batch.clone()
    } else {
        filter_record_batch(batch, &BooleanArray::from(keep)).map_err(arrow)?
    };
    if !table.versioned {
        return Ok(batch);
    }
    let mut fields: Vec<Arc<Field>> = batch.schema().fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("row_version", DataType::UInt32, false)));
    let mut columns = batch.columns().to_vec();
    columns.push(Arc::new(UInt32Array::from(vec![0; batch.num_rows()])));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(arrow)
}
