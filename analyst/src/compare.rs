//! `compare`: two nights side by side.
//!
//! - `users`: who was scored in both runs; only their matches are compared
//! - `jobs`: which jobs came and went
//! - `pairs`: a pair of both runs beside each other, and what became of it
//! - `tally`: what becomes of all pairs, added up range by range of users
//! - `answer`: the answer, as it stands in JSON
//! - `page`: the answer for a terminal

mod answer;
mod jobs;
mod page;
mod pairs;
mod tally;
mod users;

use crate::{
    args::CompareArgs, failure::Failure, json, nights::Nights, rows_file::RowsFile, slices::Slice,
};
use answer::Answer;
use tally::Tally;
use talvix_snapshot::sets::JOB_FIT_SCORES;

/// Compares two nights.
pub fn run(args: &CompareArgs) -> Result<String, Failure> {
    let mut rows_file = args.rows.as_deref().map(RowsFile::new).transpose()?;
    let nights = Nights::list(&args.snapshots)?;
    let (a, b) = (nights.find(&args.run_a)?, nights.find(&args.run_b)?);
    if a == b {
        return Err(Failure::usage(format!(
            "`{}` and `{}` are one run: {} of {}",
            args.run_a, args.run_b, a.run_id, a.run_date
        )));
    }
    let (a, b) = (nights.open(a)?, nights.open(b)?);
    let users = users::load(&a, &b)?;
    let jobs = jobs::load(&a, &b)?;
    let mut tally = Tally::new(args.top);
    for slice in Slice::cut(users.rows_of_each()?, args.slice_rows) {
        let pairs = pairs::of_slice(&a, &b, &users, &jobs, &slice)?;
        tally.add(&pairs)?;
        if let Some(file) = &mut rows_file {
            file.write(pairs::different(pairs)?)?;
        }
    }
    if let Some(file) = rows_file {
        file.finish()?;
    }
    let rows = (a.num_rows(&JOB_FIT_SCORES)?, b.num_rows(&JOB_FIT_SCORES)?);
    let answer = Answer::new(a.meta, b.meta, users.counts, &jobs, tally, rows)?;
    if args.json { json(&answer) } else { Ok(page::text(&answer)) }
}
