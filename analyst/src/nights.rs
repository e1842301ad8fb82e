//! The nights of a folder of snapshots: found by the names of folders, opened when they are needed.
//!
//! ```text
//! {snapshots}/{set}/run_date=YYYY-MM-DD/run_id=UUID/part-00000.parquet
//! ```
//!
//! `runs` is the set that is published last, so a run is complete if it is there. Finding a run
//! reads names only, however many nights there are.

pub mod list;
mod open;

pub use open::{Meta, Opened, collect};

use crate::failure::Failure;
use fs_err as fs;
use std::{
    io,
    path::{Path, PathBuf},
};
use talvix_snapshot::sets;

/// How many runs a message names.
const NAMED: usize = 5;

/// A published run, by its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Night {
    /// The local date of the run, `YYYY-MM-DD`.
    pub run_date: String,
    /// The run; ids of a later run are greater.
    pub run_id: String,
}

/// A folder of snapshots.
#[derive(Clone, Debug)]
pub struct Nights {
    root: PathBuf,
    /// The complete runs, oldest first.
    runs: Vec<Night>,
}

impl Nights {
    /// Lists the complete runs.
    pub fn list(root: &Path) -> Result<Self, Failure> {
        if !root.is_dir() {
            return Err(Failure::unfit(format!(
                "{}: there is no such folder; `talvix run --snapshots DIR` publishes nights",
                root.display()
            )));
        }
        let runs = of_set(root, sets::RUNS.name)?;
        if runs.is_empty() {
            return Err(Failure::unfit(format!(
                "{}: there is no run in `{}`: no night was published here, or this is not the \
                 folder that `talvix run --snapshots DIR` was given",
                root.display(),
                sets::RUNS.name
            )));
        }
        Ok(Nights { root: root.to_owned(), runs })
    }

    /// The run that a name stands for: an id, the beginning of one, a date, `latest`, `previous`.
    pub fn find(&self, name: &str) -> Result<&Night, Failure> {
        let nth_last = |back: usize| self.runs.len().checked_sub(back).map(|at| &self.runs[at]);
        match name {
            "latest" => nth_last(1).ok_or_else(|| self.unknown(name)),
            "previous" => nth_last(2).ok_or_else(|| {
                Failure::usage("there is no run before the latest one: only one night is published")
            }),
            name => {
                let lower = name.to_ascii_lowercase();
                match fitting(&self.runs, &lower)[..] {
                    [night] => Ok(night),
                    [] => Err(self.unknown(&lower)),
                    ref many => Err(Failure::usage(format!(
                        "`{name}` can be any of {} runs: {}; name one by its id",
                        many.len(),
                        named(many.iter().copied())
                    ))),
                }
            }
        }
    }

    /// Opens a run and checks that all its files are there and ours.
    pub fn open(&self, night: &Night) -> Result<Opened, Failure> {
        Opened::open(&self.root, night)
    }

    /// Why a name stands for nothing: a run that was not published to its end, or none at all.
    fn unknown(&self, name: &str) -> Failure {
        let begun = of_set(&self.root, sets::JOB_FIT_SCORES.name).unwrap_or_default();
        if let [night, ..] = fitting(&begun, name)[..] {
            return Failure::unfit(format!(
                "run {} of {} is not complete: it has files in `{}` and none in `{}`, which is \
                 published last; the next `talvix run` publishes or removes it",
                night.run_id,
                night.run_date,
                sets::JOB_FIT_SCORES.name,
                sets::RUNS.name
            ));
        }
        Failure::usage(format!(
            "{}: there is no run `{name}`; the last ones are {}",
            self.root.display(),
            named(self.runs.iter().rev())
        ))
    }
}

/// The runs that a date, an id or the beginning of an id fits.
fn fitting<'a>(runs: &'a [Night], name: &str) -> Vec<&'a Night> {
    let fits = |night: &&Night| {
        night.run_date == name || !name.is_empty() && night.run_id.starts_with(name)
    };
    runs.iter().filter(fits).collect()
}

/// The first few, with their dates.
fn named<'a>(runs: impl Iterator<Item = &'a Night>) -> String {
    let mut runs = runs.peekable();
    let few: Vec<String> = runs
        .by_ref()
        .take(NAMED)
        .map(|night| format!("{} ({})", night.run_id, night.run_date))
        .collect();
    let more = if runs.peek().is_some() { ", …" } else { "" };
    format!("{}{more}", few.join(", "))
}

/// The runs that a set has folders of, oldest first.
fn of_set(root: &Path, set: &str) -> io::Result<Vec<Night>> {
    let mut runs = Vec::new();
    for (run_date, folder) in keyed(&root.join(set), "run_date=")? {
        for (run_id, _) in keyed(&folder, "run_id=")? {
            runs.push(Night { run_date: run_date.clone(), run_id });
        }
    }
    runs.sort_unstable();
    Ok(runs)
}

/// The folders in a folder whose names begin so, with what stands behind that; none where there is
/// no such folder.
fn keyed(folder: &Path, key: &str) -> io::Result<Vec<(String, PathBuf)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if let Some(value) = entry.file_name().to_str().and_then(|name| name.strip_prefix(key))
            && entry.path().is_dir()
        {
            found.push((value.to_owned(), entry.path()));
        }
    }
    Ok(found)
}
