//! What jobs are called and grouped by.

use crate::{
    failure::Failure,
    frame,
    nights::{Opened, collect},
};
use polars::prelude::col;
use std::collections::HashMap;
use talvix_engine::{
    columns::JobColumns,
    ids::{Dictionary, uuid_text},
};
use talvix_snapshot::sets::SCORED_JOBS;

/// The jobs of a night, by a number of their own.
#[derive(Debug, Default)]
pub struct Jobs {
    /// Ids as 36 characters.
    pub id: Vec<String>,
    /// Role family, by its number.
    pub family: Vec<u32>,
    /// City of the job's market, by its number.
    pub city: Vec<u32>,
    /// Role families.
    pub families: Dictionary,
    /// Cities, `remote` and `-`.
    pub cities: Dictionary,
}

impl Jobs {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.id.len()
    }

    /// The jobs that a run could score.
    pub fn of_run(run: &Opened) -> Result<Self, Failure> {
        let columns = ["job_id", "role_family", "market_city"].map(col);
        let frame = collect(run.scan(&SCORED_JOBS)?.select(columns), &SCORED_JOBS, &[run])?;
        let mut jobs = Jobs::default();
        let ids = frame::texts(&frame, "job_id")?;
        let markets =
            frame::texts(&frame, "role_family")?.zip(frame::texts(&frame, "market_city")?);
        for (id, (family, city)) in ids.zip(markets) {
            jobs.push(id.to_owned(), family, city);
        }
        Ok(jobs)
    }

    /// The jobs of a dataset; a job has its own number.
    pub fn of_columns(columns: &JobColumns) -> Self {
        let mut jobs = Jobs::default();
        for (at, id) in columns.id.iter().enumerate() {
            let family = columns.roles.text(columns.role[at].0);
            let city = columns.cities.text(columns.market_city[at].0);
            jobs.push(uuid_text(id), family, city);
        }
        jobs
    }

    fn push(&mut self, id: String, family: &str, city: &str) {
        self.id.push(id);
        self.family.push(self.families.intern(family));
        self.city.push(self.cities.intern(city));
    }

    /// Each job's number by its id.
    pub fn numbers(&self) -> HashMap<&str, u32> {
        self.id.iter().zip(0..).map(|(id, number)| (id.as_str(), number)).collect()
    }
}
