//! One version of a folder of Parquet files.

use crate::{
    error::Error,
    reader::{Read, Selection, TableReader, UserRange, share_out},
    tables::{InputTable, JOBS, RESUMES, SCORES},
};
use arrow::{
    array::{Array, AsArray, BooleanArray, RecordBatch, UInt32Array},
    compute::filter_record_batch,
    datatypes::{DataType, Field, Int32Type, Schema},
};
use std::sync::Arc;
use talvix_dataset::{Table, Version};

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

/// Tables that are decoded at the same time: the jobs' side has two large ones, and so have the
/// users.
const TABLES_AT_ONCE: usize = 2;

/// Reads one version of a dataset, in one segment.
#[derive(Clone, Debug)]
pub struct DatasetReader {
    version: Version,
    selection: Selection,
}

impl DatasetReader {
    /// A reader of this version.
    #[must_use]
    pub fn new(version: Version, selection: Selection) -> Self {
        DatasetReader { version, selection }
    }

    fn read_table(&self, mut read: Read<'_>) -> Result<(), Error> {
        let Some(path) = self.version.table(read.table.name) else { return Ok(()) };
        for batch in Table::open(&path)?.read(read.table.columns) {
            (read.take)(&select(read.table, &batch?, self.selection)?)?;
        }
        Ok(())
    }
}

impl TableReader for DatasetReader {
    /// Rows of a file lie in any order: everybody is one segment, and the door, which checks the
    /// tiers, comes before anything is written.
    fn segments(&self, _num_users: usize) -> Result<Vec<UserRange>, Error> {
        Ok(vec![UserRange::default()])
    }

    fn read(&self, reads: Vec<Read<'_>>) -> Result<(), Error> {
        share_out(0..TABLES_AT_ONCE, reads, |_, read| self.read_table(read))
    }

    fn split(self: Box<Self>) -> Vec<Box<dyn TableReader>> {
        vec![self]
    }

    fn close(self: Box<Self>) -> Result<(), Error> {
        Ok(())
    }
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
        && table.filter.is_some()
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
