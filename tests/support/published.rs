//! Published nights, as a reader finds them.

use arrow::{
    array::{Array, AsArray, RecordBatch},
    datatypes::{Int32Type, Int64Type},
};
use talvix_snapshot::{
    read::{Nights, PublishedRun, SetReader},
    sets::{JOB_FIT_SCORES, RUNS, SCORED_JOBS, SCORED_USERS, Set},
};
use talvix_storage::Storage;

/// All rows of a set of a run.
pub fn rows(
    storage: &Storage,
    run: &PublishedRun,
    set: &Set,
) -> Result<RecordBatch, talvix_snapshot::Error> {
    let reader = block_on(SetReader::open(storage, run, set))?;
    let schema = reader.schema().clone();
    let columns: Vec<&str> = set.columns.iter().map(|column| column.name).collect();
    let batches: Vec<RecordBatch> = reader.read(&columns)?.map(|batch| batch.unwrap()).collect();
    Ok(arrow::compute::concat_batches(&schema, &batches).unwrap())
}

/// Waits on this thread.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// The number in a column of a row.
pub fn number(batch: &RecordBatch, column: &str, row: usize) -> Option<i64> {
    let values = &batch[column];
    if values.is_null(row) {
        return None;
    }
    Some(match values.data_type() {
        arrow::datatypes::DataType::Int32 => {
            i64::from(values.as_primitive::<Int32Type>().value(row))
        }
        _ => values.as_primitive::<Int64Type>().value(row),
    })
}

/// What a reader sees of the published runs: each is whole, and is what it says.
/// How many there are, or what is wrong with one.
pub fn look(storage: &Storage) -> Result<usize, String> {
    let runs = match block_on(Nights::list(storage)) {
        Ok(nights) => nights.runs().to_vec(),
        Err(talvix_snapshot::Error::NoNights { .. }) => Vec::new(),
        Err(error) => return Err(error.to_string()),
    };
    for run in &runs {
        let read = |set: &Set| rows(storage, run, set).map_err(|error| error.to_string());
        let about = read(&RUNS)?;
        let is = |column: &str| number(&about, column, 0);
        let users = is("users_scored").zip(is("users_skipped")).map(|(a, b)| a + b);
        for (set, expected) in [
            (&JOB_FIT_SCORES, is("rows_kept")),
            (&SCORED_USERS, users),
            (&SCORED_JOBS, is("jobs_scoreable")),
        ] {
            let found = read(set)?.num_rows() as i64;
            if Some(found) != expected {
                return Err(format!("{} of {run:?}: {found} rows, not {expected:?}", set.name));
            }
        }
    }
    Ok(runs.len())
}
