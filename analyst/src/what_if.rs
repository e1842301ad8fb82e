//! `what-if`: a night under other weights.
//!
//! - `weights`: the other weights, from a file that may name some of them
//! - `jobs`: what jobs are called and grouped by
//! - `lists`: a user's matches before and after, and how far apart they are
//! - `unseen`: what a pair that a snapshot does not hold could score
//! - `snapshot`: lists of a published run: its kept pairs, scored again
//! - `dataset`: lists of a dataset, scored in full under both weights
//! - `tally`: what changes for all users, added up
//! - `groups`: kept pairs by role family, by city, and by job
//! - `rows`: the pairs that differ, as rows
//! - `answer`: the answer, as it stands in JSON
//! - `page`: the answer for a terminal

mod answer;
mod dataset;
mod groups;
mod jobs;
mod lists;
mod page;
mod rows;
mod snapshot;
mod tally;
mod unseen;
mod weights;

use crate::{args::WhatIfArgs, failure::Failure, json, rows_file::RowsFile};
use answer::Answer;
use jobs::Jobs;
use lists::UserLists;
use rows::DifferentRows;
use tally::Tally;
use talvix_engine::model::Weights;

/// Scores a night again.
pub fn run(args: &WhatIfArgs) -> Result<String, Failure> {
    let rows_file = args.rows.as_deref().map(RowsFile::new).transpose()?;
    let file = weights::File::read(&args.weights)?;
    let answer = match (&args.dataset, &args.snapshots) {
        (Some(folder), _) => dataset::run(args, folder, &file, rows_file)?,
        (None, Some(folder)) => snapshot::run(args, folder, &file, rows_file)?,
        (None, None) => return Err(Failure::usage("--snapshots or --dataset names the night")),
    };
    if args.json { json(&answer) } else { Ok(page::text(&answer)) }
}

/// Takes the lists of all users, one after the other.
struct Taker<'a> {
    jobs: &'a Jobs,
    before: Weights,
    after: Weights,
    tally: Tally,
    rows: Option<DifferentRows<'a>>,
}

impl<'a> Taker<'a> {
    fn new(jobs: &'a Jobs, before: Weights, after: Weights, file: Option<RowsFile>) -> Self {
        let rows = file.map(|file| DifferentRows::new(jobs, before, after, file));
        Taker { jobs, before, after, tally: Tally::new(jobs.len()), rows }
    }

    /// Takes a user's lists.
    fn take(&mut self, lists: &UserLists<'_>) -> Result<(), Failure> {
        self.tally.add(lists, self.before, self.after);
        match &mut self.rows {
            Some(rows) => rows.add(lists),
            None => Ok(()),
        }
    }

    /// What became of everybody.
    fn finish(
        self,
        source: answer::Source,
        warnings: Vec<String>,
        num_named: usize,
    ) -> Result<Answer, Failure> {
        if let Some(rows) = self.rows {
            rows.finish()?;
        }
        let weights = (self.before, self.after);
        Ok(Answer::new(source, weights, &self.tally, self.jobs, warnings, num_named))
    }
}
