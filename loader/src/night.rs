//! All of it together, as the engine wants it.

use crate::{
    error::Error,
    resumes::{CacheReport, CacheUse, ResumeReader, Vocabulary},
    storage::Storage,
    tables::{
        BENCHMARKS, COMPANY_PREFS, CURSORS, JOB_SKILLS, JOBS, RESUMES, RawTables, SCORES,
        SCRAPE_RUNS, TARGET_ROLES, USERS,
    },
};
use talvix_engine::{
    columns::{JobColumns, ScrapeRuns, StoredPairs, UserColumns, UserDraft, UserTables},
    faults::Faults,
    model::{self, Benchmark},
    skills::AliasTable,
};

/// Everything that a night scores with, but for weights and model.
#[derive(Debug)]
pub struct Night {
    /// The scoreable jobs.
    pub jobs: JobColumns,
    /// The users.
    pub users: UserColumns,
    /// What is stored for them this week.
    pub stored: StoredPairs,
    /// The scrape runs.
    pub scrape_runs: ScrapeRuns,
    /// The salary benchmarks.
    pub benchmarks: Vec<Benchmark>,
    /// Impossible values, by kind.
    pub faults: Faults,
    /// Where what resumes say came from.
    pub resumes: CacheReport,
}

impl Night {
    /// Checks what a source gave, and reads the resumes.
    pub async fn new(
        mut tables: RawTables,
        storage: &Storage,
        aliases: &AliasTable,
        cache: CacheUse,
    ) -> Result<Self, Error> {
        let mut faults = Faults::default();
        let jobs = JobColumns::new(tables.of(JOBS), tables.of(JOB_SKILLS), aliases, &mut faults)?;
        tables.drop_table(JOB_SKILLS);
        tables.drop_table(JOBS);

        let user_tables = UserTables {
            users: tables.of(USERS),
            target_roles: tables.of(TARGET_ROLES),
            company_prefs: tables.of(COMPANY_PREFS),
            resumes: tables.of(RESUMES),
            cursors: tables.of(CURSORS),
        };
        let draft = UserDraft::new(user_tables, &jobs, &mut faults)?;
        let vocabulary = Vocabulary { skills: &jobs.skill_names, aliases };
        let wanted = draft.resumes_to_read();
        let mut reader = ResumeReader::open(storage, vocabulary, cache).await?;
        let states = reader.read(&wanted, &mut faults).await?;
        let resumes = reader.finish().await;
        let users = draft.finish(states);

        let stored = StoredPairs::new(tables.of(SCORES), &jobs, &users)?;
        let scrape_runs = ScrapeRuns::new(tables.of(SCRAPE_RUNS))?;
        let benchmarks = model::benchmarks(tables.of(BENCHMARKS), &mut faults)?;
        Ok(Night { jobs, users, stored, scrape_runs, benchmarks, faults, resumes })
    }
}
