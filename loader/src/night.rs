//! What the engine scores with: the jobs' side once, and the users segment by segment.

use crate::{
    error::Error,
    reader::{Read, TableReader, UserRange},
    resumes::ResumeReader,
    tables::{
        BENCHMARKS, COMPANY_PREFS, CURSORS, JOB_SKILLS, JOBS, MODEL_WEIGHTS, RESUMES, SCORES,
        SCRAPE_RUNS, TARGET_ROLES, USERS,
    },
};
use arrow::array::RecordBatch;
use talvix_engine::{
    columns::{
        JobColumns, JobColumnsBuilder, JobSkillsBuilder, ScrapeRuns, StoredPairs,
        StoredPairsBuilder, UserColumns, UserDraft, UserTables,
    },
    faults::Faults,
    model::{self, Benchmark},
    skills::AliasTable,
};
use talvix_fault_points::point;

/// Everything that all users are scored with, but for weights and model.
#[derive(Debug)]
pub struct JobSide {
    /// The scoreable jobs.
    pub jobs: JobColumns,
    /// The scrape runs.
    pub scrape_runs: ScrapeRuns,
    /// The salary benchmarks.
    pub benchmarks: Vec<Benchmark>,
    /// The rows of `model_weights`.
    pub weights: Vec<RecordBatch>,
    /// Impossible values, by kind.
    pub faults: Faults,
}

impl JobSide {
    /// Reads and checks it.
    pub fn load(reader: &dyn TableReader, aliases: &AliasTable) -> Result<Self, Error> {
        let mut faults = Faults::default();
        let mut jobs = JobColumnsBuilder::default();
        let mut skills = JobSkillsBuilder::default();
        let (mut runs, mut benchmarks, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        let all = UserRange::default();
        reader.read(vec![
            Read::of(all, JOBS, |batch| Ok(jobs.push(batch, &mut faults)?)),
            Read::of(all, JOB_SKILLS, |batch| {
                point("loading");
                Ok(skills.push(batch)?)
            }),
            Read::collect(all, SCRAPE_RUNS, &mut runs),
            Read::collect(all, BENCHMARKS, &mut benchmarks),
            Read::collect(all, MODEL_WEIGHTS, &mut weights),
        ])?;
        tracing::debug!("jobs and their skills are read");
        Ok(JobSide {
            jobs: jobs.finish(skills, aliases),
            scrape_runs: ScrapeRuns::new(&runs)?,
            benchmarks: model::benchmarks(&benchmarks, &mut faults)?,
            weights,
            faults,
        })
    }
}

/// A segment's rows as they were read.
#[derive(Debug, Default)]
pub struct UserRows {
    users: Vec<RecordBatch>,
    target_roles: Vec<RecordBatch>,
    company_prefs: Vec<RecordBatch>,
    resumes: Vec<RecordBatch>,
    cursors: Vec<RecordBatch>,
    /// None where it was left out.
    stored: Option<StoredPairsBuilder>,
}

impl UserRows {
    /// Reads the rows of a segment. What is stored for its users is left out where they are scored
    /// in full whatever it is.
    pub fn read(
        reader: &dyn TableReader,
        range: UserRange,
        jobs: &JobColumns,
        with_stored: bool,
    ) -> Result<Self, Error> {
        let stored = with_stored.then(StoredPairsBuilder::default);
        let mut rows = UserRows { stored, ..UserRows::default() };
        let UserRows { users, target_roles, company_prefs, resumes, cursors, stored } = &mut rows;
        // The dearest first, so that connections share the work evenly.
        let mut reads = Vec::new();
        if let Some(stored) = stored {
            reads.push(Read::of(range, SCORES, |batch| Ok(stored.push(batch, jobs)?)));
        }
        reads.extend([
            Read::collect(range, USERS, users),
            Read::collect(range, TARGET_ROLES, target_roles),
            Read::collect(range, RESUMES, resumes),
            Read::collect(range, CURSORS, cursors),
            Read::collect(range, COMPANY_PREFS, company_prefs),
        ]);
        reader.read(reads)?;
        tracing::debug!("the rows of a segment's users are read");
        Ok(rows)
    }

    /// Checks the rows, and reads the resumes.
    pub async fn check(
        self,
        jobs: &JobColumns,
        resumes: &mut ResumeReader<'_>,
        faults: &mut Faults,
    ) -> Result<Segment, Error> {
        let tables = UserTables {
            users: &self.users,
            target_roles: &self.target_roles,
            company_prefs: &self.company_prefs,
            resumes: &self.resumes,
            cursors: &self.cursors,
        };
        let draft = UserDraft::new(tables, jobs, faults)?;
        let stored = self.stored;
        let wanted = draft.resumes_to_read();
        let states = resumes.read(&wanted, faults).await?;
        tracing::debug!("what the resumes of {} users say is known", wanted.len());
        let users = draft.finish(states);
        let stored = stored.map(|stored| stored.finish(&users)).unwrap_or_default();
        Ok(Segment { users, stored })
    }
}

/// Some users, ready to be scored.
#[derive(Debug)]
pub struct Segment {
    /// The users.
    pub users: UserColumns,
    /// What is stored for them this week.
    pub stored: StoredPairs,
}
