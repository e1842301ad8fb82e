//! Which jobs came and went.

use crate::{
    failure::Failure,
    frame,
    nights::{Opened, collect},
};
use polars::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use talvix_snapshot::sets::SCORED_JOBS;

/// The jobs of two runs.
pub struct Jobs {
    /// `job_id`, `family_a`, `family_b`: the role family in each run, null where it has no such
    /// job.
    pub frame: DataFrame,
}

/// How many jobs could be scored.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct JobCounts {
    /// In run A.
    pub a: u64,
    /// In run B.
    pub b: u64,
    /// In both.
    pub both: u64,
    /// In B and not in A.
    pub came: u64,
    /// In A and not in B.
    pub went: u64,
}

impl JobCounts {
    fn add(&mut self, in_a: bool, in_b: bool) {
        self.a += u64::from(in_a);
        self.b += u64::from(in_b);
        self.both += u64::from(in_a && in_b);
        self.came += u64::from(in_b && !in_a);
        self.went += u64::from(in_a && !in_b);
    }
}

impl Jobs {
    /// Counts them, all and by role family. A job whose family changed is of the later one.
    pub fn counts(&self) -> Result<(JobCounts, BTreeMap<&str, JobCounts>), Failure> {
        let mut all = JobCounts::default();
        let mut families: BTreeMap<&str, JobCounts> = BTreeMap::new();
        let column = |name| self.frame.column(name).and_then(|column| column.str());
        for (a, b) in column("family_a")?.iter().zip(column("family_b")?.iter()) {
            all.add(a.is_some(), b.is_some());
            let family = b.or(a).unwrap_or_default();
            families.entry(family).or_default().add(a.is_some(), b.is_some());
        }
        Ok((all, families))
    }
}

/// Reads the jobs of both runs.
pub fn load(a: &Opened, b: &Opened) -> Result<Jobs, Failure> {
    let side = |run: &Opened, name: &str| {
        let jobs = run.scan(&SCORED_JOBS)?;
        Ok::<_, Failure>(jobs.select([col("job_id"), col("role_family").alias(name)]))
    };
    let (of_a, of_b) = (side(a, "family_a")?, side(b, "family_b")?);
    let jobs = frame::join(of_a, of_b, &["job_id"], JoinType::Full);
    Ok(Jobs { frame: collect(jobs, &SCORED_JOBS, &[a, b])? })
}
