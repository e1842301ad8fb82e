//! The scoring model: what is read once a week and pinned, so that scores of different nights
//! compare and a delta night loses nothing.

mod on_jobs;
mod weights;

pub use on_jobs::{JobTerms, ModelOnJobs, UserTerms};
pub use weights::{WeightFault, WeightRule, Weights};

use crate::{
    columns::{DoorError, JobColumns, NOT_A_NUMBER},
    faults::Faults,
    week::IsoWeek,
};
use arrow::array::RecordBatch;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The version of the pinned model's form.
pub const SCHEMA_VERSION: u32 = 1;

/// Salaries that are paid in a market: `salary_benchmarks.p50_lpa`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Benchmark {
    /// Role family.
    pub role_family: String,
    /// The text of a market's city.
    pub city: String,
    /// Days since 1970-01-01.
    pub data_month_days: i32,
    /// The band holds who asks for this much …
    pub exp_min_tenths: u16,
    /// … and for less than this.
    pub exp_max_tenths: u16,
    /// The median salary, in hundredths of an LPA.
    pub p50_hundredths: u32,
}

/// What every score of a week is computed with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoringModel {
    /// [`SCHEMA_VERSION`] of who pinned it.
    pub schema_version: u32,
    /// The week it holds for.
    pub week: IsoWeek,
    /// The instant of the run that pinned it, in microseconds since the Unix epoch. Users who were
    /// scored before it were scored with another model.
    pub pinned_at_us: i64,
    /// The alias table under which skills were counted.
    pub alias_table_sha256: String,
    /// The weights.
    pub weights: Weights,
    /// How many scoreable jobs there were.
    pub num_jobs: u32,
    /// How many of them listed a skill, by canonical name.
    pub listed_by: BTreeMap<String, u32>,
    /// How many of them lay in a market, by role family and city.
    pub markets: BTreeMap<String, BTreeMap<String, u32>>,
    /// Salary benchmarks, sorted.
    pub benchmarks: Vec<Benchmark>,
}

impl ScoringModel {
    /// Counts skills and markets of the scoreable jobs.
    #[must_use]
    pub fn pin(
        jobs: &JobColumns,
        weights: Weights,
        mut benchmarks: Vec<Benchmark>,
        alias_table_sha256: &str,
        week: IsoWeek,
        pinned_at_us: i64,
    ) -> Self {
        let mut listed_by = vec![0_u32; jobs.skill_names.len()];
        for listed in jobs.skills.values() {
            listed_by[listed.skill().ix()] += 1;
        }
        let listed_by = jobs.skill_names.texts().map(str::to_owned).zip(listed_by).collect();

        let mut markets: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
        for (role, city) in jobs.role.iter().zip(&jobs.market_city) {
            let role = jobs.roles.text(role.0);
            // A market is looked up by text before it is made: two clones a job add up.
            let cities = match markets.get_mut(role) {
                Some(cities) => cities,
                None => markets.entry(role.to_owned()).or_default(),
            };
            let city = jobs.cities.text(city.0);
            match cities.get_mut(city) {
                Some(count) => *count += 1,
                None => {
                    cities.insert(city.to_owned(), 1);
                }
            }
        }
        benchmarks.sort_unstable();
        ScoringModel {
            schema_version: SCHEMA_VERSION,
            week,
            pinned_at_us,
            alias_table_sha256: alias_table_sha256.to_owned(),
            weights,
            num_jobs: jobs.len() as u32,
            listed_by,
            markets,
            benchmarks,
        }
    }

    /// `sha256:` and the hash of the model's JSON: one id, one set of scores.
    #[must_use]
    pub fn id(&self) -> String {
        format!("sha256:{}", hex(&Sha256::digest(self.to_json().as_bytes())))
    }

    /// The model as JSON with keys in a fixed order.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings, integers and maps with string keys: nothing that JSON cannot say.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Reads benchmarks from batches with the columns `role_category`, `city`, `exp_years_min` and
/// `exp_years_max` (tenths), `p50_lpa` (hundredths), `data_month`. A row with an impossible number
/// is left out and counted.
pub fn benchmarks(
    batches: &[RecordBatch],
    faults: &mut Faults,
) -> Result<Vec<Benchmark>, DoorError> {
    use crate::columns::{BenchmarkBatch, plain, without_nul};
    let mut benchmarks = Vec::new();
    for batch in batches {
        let rows = BenchmarkBatch::new(batch)?;
        for row in 0..batch.num_rows() {
            let raw = rows.get(row);
            let numbers = [raw.exp_min_tenths, raw.exp_max_tenths, raw.p50_hundredths];
            if let Some(number) = numbers.into_iter().find(|number| *number < 0) {
                let kind = if number == NOT_A_NUMBER {
                    "benchmark_not_a_number"
                } else {
                    "benchmark_negative"
                };
                faults.add(kind, "salary benchmark", &raw.id);
                continue;
            }
            let Some(city) = plain(raw.city) else { continue };
            benchmarks.push(Benchmark {
                role_family: without_nul(raw.role_category).into_owned(),
                city: city.into_owned(),
                data_month_days: raw.data_month_days,
                exp_min_tenths: raw.exp_min_tenths.min(i64::from(u16::MAX)) as u16,
                exp_max_tenths: raw.exp_max_tenths.min(i64::from(u16::MAX)) as u16,
                p50_hundredths: raw.p50_hundredths.min(i64::from(u32::MAX)) as u32,
            });
        }
    }
    Ok(benchmarks)
}

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
