//! What can be typed.
//!
//! The docs of arguments are the help that people read in a terminal.

use crate::slices::ROWS_PER_SLICE;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  talvix-analyst runs --snapshots ./snapshots
  talvix-analyst compare previous latest --snapshots ./snapshots
  talvix-analyst what-if --weights new.json --snapshots ./snapshots
  talvix-analyst what-if --weights new.json --dataset ./data --json

Exit status:
  0  done
  1  the command failed
  2  wrong use: arguments, or a run that is not there
  4  snapshots, dataset, storage or weights are unfit";

/// Compares nights, and scores a night again under other weights.
#[derive(Debug, Parser)]
#[command(name = "talvix-analyst", version, about, propagate_version = true, after_help = EXAMPLES)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists the nights of a folder of snapshots.
    Runs(RunsArgs),
    /// Says what is different between two nights: who gained and lost matches, how scores moved,
    /// which jobs came and went.
    Compare(CompareArgs),
    /// Scores a night again under other weights, and says whose matches change.
    WhatIf(WhatIfArgs),
}

/// Options of `talvix-analyst runs`.
#[derive(Debug, clap::Args)]
pub struct RunsArgs {
    /// The folder of snapshots.
    #[arg(long, value_name = "DIR", env = "TALVIX_SNAPSHOTS")]
    pub snapshots: PathBuf,
    /// The last nights only.
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub last: usize,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

const RUN_NAMES: &str = "\
A run is named by its id, by the beginning of it, by its date if the night has no other run, or by
`latest` and `previous`.

--rows writes one row for each pair that differs: user_id, job_id, change (added, removed or
changed), and every value of both runs with _a and _b behind its name.";

/// Options of `talvix-analyst compare`.
#[derive(Debug, clap::Args)]
#[command(after_help = RUN_NAMES)]
pub struct CompareArgs {
    /// The earlier run.
    pub run_a: String,
    /// The later run.
    pub run_b: String,
    /// The folder of snapshots.
    #[arg(long, value_name = "DIR", env = "TALVIX_SNAPSHOTS")]
    pub snapshots: PathBuf,
    /// How many users are named.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub top: usize,
    /// Rows that are worked through at a time: fewer need less memory and more time. The answer is
    /// the same.
    #[arg(long, value_name = "N", default_value_t = ROWS_PER_SLICE)]
    pub slice_rows: u64,
    /// Write the rows that differ to this file: .parquet or .csv.
    #[arg(long, value_name = "FILE")]
    pub rows: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

const WEIGHTS: &str = "\
FILE is a JSON object of weight name to number, as weights_current.json is. Weights that it does
not name stay as they are in the run.

A snapshot holds the pairs that were kept: one that was not cannot come in, and the answer says for
how many users that may matter. A dataset is scored again in full, so nothing is missing.

--rows writes one row for each pair that differs: user_id, job_id, change (added, removed or
changed), and rank, raw_bp, fit_score, fit_label and recommendation before and after.";

/// Options of `talvix-analyst what-if`.
#[derive(Debug, clap::Args)]
#[command(after_help = WEIGHTS)]
pub struct WhatIfArgs {
    /// The other weights.
    #[arg(long, value_name = "FILE")]
    pub weights: PathBuf,
    /// The folder of snapshots.
    #[arg(long, value_name = "DIR", env = "TALVIX_SNAPSHOTS", required_unless_present = "dataset")]
    pub snapshots: Option<PathBuf>,
    /// The run whose pairs are scored again.
    #[arg(long, value_name = "RUN", default_value = "latest", conflicts_with = "dataset")]
    pub run: String,
    /// A dataset directory to score in full, in place of a snapshot. Nothing in it is changed.
    #[arg(long, value_name = "DIR")]
    pub dataset: Option<PathBuf>,
    /// Where resumes, weights and pinned models are [default: storage/ of the dataset].
    #[arg(long, value_name = "URL", requires = "dataset")]
    pub storage: Option<String>,
    /// The instant whose week's model is used, RFC 3339 [default: now].
    #[arg(long, value_name = "TIME", requires = "dataset")]
    pub as_of: Option<jiff::Timestamp>,
    /// A CSV `alias,canonical` in place of the built-in table of skill aliases.
    #[arg(long, value_name = "FILE", requires = "dataset")]
    pub skill_aliases: Option<PathBuf>,
    /// How many jobs are named, of those that win and of those that lose.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub top: usize,
    /// Rows that are worked through at a time: fewer need less memory and more time. The answer is
    /// the same.
    #[arg(long, value_name = "N", default_value_t = ROWS_PER_SLICE)]
    pub slice_rows: u64,
    /// Write the rows that differ to this file: .parquet or .csv.
    #[arg(long, value_name = "FILE")]
    pub rows: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}
