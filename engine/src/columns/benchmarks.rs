//! The rows of `salary_benchmarks`.

use super::batch::{Batch, DoorError, Ids};
use crate::ids::Uuid;
use arrow::{
    array::{Date32Array, Int64Array, RecordBatch, StringArray},
    datatypes::{Date32Type, Int64Type},
};

/// A batch of benchmarks, read row by row.
pub(crate) struct BenchmarkBatch<'a> {
    ids: Ids<'a>,
    roles: &'a StringArray,
    cities: &'a StringArray,
    exp_min: &'a Int64Array,
    exp_max: &'a Int64Array,
    p50: &'a Int64Array,
    months: &'a Date32Array,
}

/// A benchmark as stored, unchecked.
pub(crate) struct RawBenchmark<'a> {
    pub(crate) id: Uuid,
    pub(crate) role_category: &'a str,
    pub(crate) city: &'a str,
    pub(crate) exp_min_tenths: i64,
    pub(crate) exp_max_tenths: i64,
    pub(crate) p50_hundredths: i64,
    pub(crate) data_month_days: i32,
}

impl<'a> BenchmarkBatch<'a> {
    pub(crate) fn new(batch: &'a RecordBatch) -> Result<Self, DoorError> {
        let batch = Batch::new("salary_benchmarks", batch);
        Ok(BenchmarkBatch {
            ids: batch.ids("id")?,
            roles: batch.texts("role_category")?,
            cities: batch.texts("city")?,
            exp_min: batch.numbers::<Int64Type>("exp_years_min")?,
            exp_max: batch.numbers::<Int64Type>("exp_years_max")?,
            p50: batch.numbers::<Int64Type>("p50_lpa")?,
            months: batch.numbers::<Date32Type>("data_month")?,
        })
    }

    pub(crate) fn get(&self, row: usize) -> RawBenchmark<'a> {
        RawBenchmark {
            id: self.ids.get(row),
            role_category: self.roles.value(row),
            city: self.cities.value(row),
            exp_min_tenths: self.exp_min.value(row),
            exp_max_tenths: self.exp_max.value(row),
            p50_hundredths: self.p50.value(row),
            data_month_days: self.months.value(row),
        }
    }
}
