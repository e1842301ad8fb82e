//! All of a night in one commit.

mod fit;
mod rewrite;
mod schema;

use crate::{
    chunk::{Chunk, Finish, LeftOut, NightOut, RowCounts, Written},
    diff::{Diff, Existing},
    error::Error,
};
use arrow::array::RecordBatch;
use jiff::{SignedDuration, Timestamp};
use rewrite::{NewRows, append, replace};
use std::collections::{HashMap, HashSet};
use talvix_dataset::{Column, Commit, Dataset, Kind, Lock, Null, Table, Version};
use talvix_engine::ids::Uuid;
use talvix_fault_points::point;
use talvix_loader::tables::SCORES;

/// Writes scores into a dataset: collects what every chunk changes, and commits it at the end.
#[derive(Debug)]
pub struct DatasetSink {
    dataset: Dataset,
    version: Version,
    lock: Lock,
    /// All stored rows, of all weeks.
    stored: Vec<RecordBatch>,
    delete_rows: HashSet<usize>,
    new_scores: Vec<RecordBatch>,
    /// Whose cursors change, and whether there is one.
    cursors: Vec<(Uuid, bool)>,
    /// Whose flags change, and whether the dashboard waits for that.
    flags: HashMap<Uuid, bool>,
}

impl DatasetSink {
    /// Writes the version after `version`, as long as `lock` is held.
    pub fn new(dataset: Dataset, version: Version, lock: Lock) -> Result<Self, Error> {
        let stored = stored_rows(&version)?;
        Ok(DatasetSink {
            dataset,
            version,
            lock,
            stored,
            delete_rows: HashSet::new(),
            new_scores: Vec::new(),
            cursors: Vec::new(),
            flags: HashMap::new(),
        })
    }

    /// Takes a chunk's changes. Nobody else writes while we hold the lock: nothing can have changed
    /// since the load.
    pub fn write_chunk(&mut self, out: &NightOut<'_>, chunk: &Chunk) -> Result<Written, Error> {
        point("chunk-begun");
        let stored = Existing::read(out, chunk, &chunk.all(), &self.stored)?;
        let diff = Diff::new(chunk, &chunk.all(), &stored, &LeftOut::default());
        let rows = diff.counts();
        if !diff.write.is_empty() {
            self.new_scores.push(rewrite::score_rows(out, &diff.write, Timestamp::now())?);
        }
        self.delete_rows.extend(&diff.delete_rows);
        let users = &chunk.users;
        for (_, scored) in chunk.scored() {
            let u = scored.user.ix();
            let is_set = users.cursor[u].is_some_and(|cursor| {
                cursor.last_scrape_run_id == out.scrape_run_id
                    && cursor.last_scored_at_us == Some(out.as_of.as_microsecond())
            });
            if !is_set {
                self.cursors.push((users.id[u], users.cursor[u].is_some()));
            }
            if chunk.changes_flags(scored) {
                self.flags.insert(users.id[u], users.awaits_dashboard[u]);
            }
        }
        Ok(Written { rows, ..Written::default() })
    }

    /// Commits all chunks, and the night's finish where there is one.
    ///
    /// The lock is held until the sink is dropped.
    pub fn finish(&self, out: &NightOut<'_>, finish: Option<&Finish>) -> Result<Version, Error> {
        let mut commit = Commit::begin(&self.dataset, &self.version, &self.lock)?;
        self.write_scores(&mut commit)?;
        self.write_cursors(&mut commit, out, finish)?;
        self.write_flags(&mut commit)?;
        if let Some(finish) = finish {
            self.write_new_jobs(&mut commit, out, finish)?;
            self.write_scrape_runs(&mut commit, finish)?;
            self.write_log(&mut commit, finish)?;
        }
        Ok(commit.finish()?)
    }

    fn write_scores(&self, commit: &mut Commit<'_>) -> Result<(), Error> {
        if self.delete_rows.is_empty() && self.new_scores.is_empty() {
            return Ok(());
        }
        let new: Vec<_> = self.new_scores.iter().map(NewRows).collect();
        append(commit, &self.version, "job_fit_scores", &new, None, |row| {
            !self.delete_rows.contains(&row)
        })
    }

    fn write_cursors(
        &self,
        commit: &mut Commit<'_>,
        out: &NightOut<'_>,
        finish: Option<&Finish>,
    ) -> Result<(), Error> {
        /// What becomes of a cursor.
        #[derive(Clone, Copy)]
        enum Change {
            Scored,
            DueInFull,
        }
        const TABLE: &str = "user_fit_score_cursors";
        let as_of_us = out.as_of.as_microsecond();
        let mut changes: HashMap<Uuid, Change> = HashMap::new();
        changes.extend(self.cursors.iter().map(|(user, _)| (*user, Change::Scored)));
        let skipped = finish.iter().flat_map(|finish| &finish.skipped);
        changes.extend(skipped.map(|user| (*user, Change::DueInFull)));
        if changes.is_empty() {
            return Ok(());
        }
        let without_cursor = self.cursors.iter().filter(|(_, has_cursor)| !has_cursor);
        let mut missing: Vec<Uuid> = without_cursor.map(|(user, _)| *user).collect();
        missing.sort_unstable();
        let new = rewrite::cursor_rows(&missing, out.scrape_run_id, as_of_us, Timestamp::now())?;
        let new: Vec<_> = if missing.is_empty() { Vec::new() } else { vec![NewRows(&new)] };

        let key = column("user_id", Kind::Uuid);
        if self.version.table(TABLE).is_none() {
            return append(commit, &self.version, TABLE, &new, None, |_| true);
        }
        replace(
            commit,
            &self.version,
            TABLE,
            key,
            &[
                column("last_scrape_run_id", Kind::Uuid),
                column("last_scored_at", Kind::Timestamp),
                column("updated_at", Kind::Timestamp),
            ],
            |id, row| {
                let Some(change) = changes.get(id) else { return };
                match change {
                    Change::Scored => {
                        row.uuid("last_scrape_run_id", out.scrape_run_id);
                        row.timestamp("last_scored_at", as_of_us);
                    }
                    Change::DueInFull => row.uuid("last_scrape_run_id", None),
                }
                row.timestamp("updated_at", Timestamp::now().as_microsecond());
            },
            &new,
        )
    }

    fn write_flags(&self, commit: &mut Commit<'_>) -> Result<(), Error> {
        if self.flags.is_empty() {
            return Ok(());
        }
        replace(
            commit,
            &self.version,
            "users",
            column("id", Kind::Uuid),
            &[column("fit_scores_stale", Kind::Bool), column("dashboard_ready", Kind::Bool)],
            |id, row| {
                if let Some(awaits_dashboard) = self.flags.get(id) {
                    row.bool("fit_scores_stale", false);
                    if *awaits_dashboard {
                        row.bool("dashboard_ready", true);
                    }
                }
            },
            &[],
        )
    }

    fn write_new_jobs(
        &self,
        commit: &mut Commit<'_>,
        out: &NightOut<'_>,
        finish: &Finish,
    ) -> Result<(), Error> {
        if finish.new_jobs.is_empty() {
            return Ok(());
        }
        let jobs: HashSet<Uuid> = finish.new_jobs.iter().map(|job| out.jobs.id[job.ix()]).collect();
        let flag = [column("is_new", Kind::Bool)];
        replace(
            commit,
            &self.version,
            "jobs",
            column("id", Kind::Uuid),
            &flag,
            |id, row| {
                if jobs.contains(id) {
                    row.bool("is_new", false);
                }
            },
            &[],
        )
    }

    fn write_scrape_runs(&self, commit: &mut Commit<'_>, finish: &Finish) -> Result<(), Error> {
        if finish.scrape_runs.is_empty() {
            return Ok(());
        }
        replace(
            commit,
            &self.version,
            "scrape_runs",
            column("id", Kind::Uuid),
            &[column("scoring_complete", Kind::Bool)],
            |id, row| {
                if finish.scrape_runs.contains(id) {
                    row.bool("scoring_complete", true);
                }
            },
            &[],
        )
    }

    fn write_log(&self, commit: &mut Commit<'_>, finish: &Finish) -> Result<(), Error> {
        let now = Timestamp::now();
        let expires_at = now.checked_add(SignedDuration::from_hours(3 * 24)).unwrap_or(now);
        let row = rewrite::log_row(finish, now, expires_at)?;
        // What publishes a night that was stopped asks there which runs finished.
        let needed = (!finish.metadata["snapshot"].is_null()).then_some("metadata");
        append(commit, &self.version, "agent_logs", &[NewRows(&row)], needed, |_| true)
    }
}

/// Says what writing chunks would change.
#[derive(Debug)]
pub struct DatasetPreview {
    /// All stored rows, of all weeks.
    stored: Vec<RecordBatch>,
}

impl DatasetPreview {
    /// Reads what a version stores.
    pub fn new(version: &Version) -> Result<Self, Error> {
        Ok(DatasetPreview { stored: stored_rows(version)? })
    }

    /// What writing a chunk would change.
    pub fn rows(&self, out: &NightOut<'_>, chunk: &Chunk) -> Result<RowCounts, Error> {
        let stored = Existing::read(out, chunk, &chunk.all(), &self.stored)?;
        Ok(Diff::new(chunk, &chunk.all(), &stored, &LeftOut::default()).counts())
    }
}

fn stored_rows(version: &Version) -> Result<Vec<RecordBatch>, Error> {
    match version.table(SCORES.name) {
        None => Ok(Vec::new()),
        Some(path) => Ok(Table::open(&path)?.read(SCORES.columns).collect::<Result<_, _>>()?),
    }
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, null: Null::Allowed }
}
