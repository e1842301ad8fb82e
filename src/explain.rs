//! One user's pairs, taken apart: what a night computes of them, and what is stored.
//!
//! Reads as a dry run does: no lock, no writes, and the same formulas.

mod answer;
mod asked;
mod listing;
mod text;
mod tree;

use crate::{config::RunConfig, failure::Failure, source::Opened};
use answer::{Answer, ModelFacts};
use talvix_engine::{
    breakdown::Breakdown,
    explain::Explainer,
    model::{ModelOnJobs, ScoringModel},
    pair::Inputs,
    ranking::Ranking,
    week::IsoWeek,
};
use talvix_loader::{
    lookup,
    night::{JobSide, UserRows},
    pin,
    reader::{Selection, UserRange},
    resumes::{CacheUse, ResumeReader, Vocabulary},
    weights,
};
use tokio::runtime::Runtime;

/// Explains a user's pairs with these jobs, or with the best ones where none is named; as text, or
/// as JSON where the settings say so.
pub fn explain(config: &RunConfig, user: &str, jobs: &[String]) -> Result<String, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::failed)?;
    let week = IsoWeek::of(config.as_of);
    let source = Opened::open_as(&runtime, config, "talvix explain", false)?;
    config.storage.check()?;
    let user_id = asked::id(user);
    let selection = Selection { week, user: user_id };
    let reader = source.reader(config.connections, selection)?;
    let user_id = match user_id {
        Some(id) if lookup::has_selected_user(&*reader)? => id,
        _ => return Err(asked::nobody(user, &lookup::user_ids(&*reader)?)),
    };

    let mut job_side = JobSide::load(&*reader, &config.aliases)?;
    let asked = asked::jobs(jobs, &job_side.jobs, &*reader)?;
    let stored = lookup::stored_scores(&*reader)?;
    let rows = UserRows::read(&*reader, UserRange::default(), &job_side.jobs, false)?;
    reader.close()?;
    let vocabulary = Vocabulary { skills: &job_side.jobs.skill_names, aliases: &config.aliases };
    let segment = runtime.block_on(async {
        // As a run for one user reads it: whatever the cache may say.
        let mut resumes = ResumeReader::open(&config.storage, vocabulary, CacheUse::Off).await?;
        rows.check(&job_side.jobs, &mut resumes, &mut job_side.faults).await
    })?;
    let users = &segment.users;

    let (model, is_pinned) = model(&runtime, config, &job_side, week)?;
    let on_jobs = ModelOnJobs::new(&model, &job_side.jobs);
    let inputs = Inputs { jobs: &job_side.jobs, users, model: &on_jobs };
    let breakdown = Breakdown { explainer: Explainer { inputs, week }, model: &model };
    let facts = ModelFacts::new(&model, is_pinned);
    let Some(user) = users.number_of(&user_id) else { return Err(asked::nobody(user, &[])) };
    let answer = if let Some(reason) = users.skip[user.ix()] {
        Answer::skipped(breakdown, user, facts, reason)
    } else {
        let ranking = Ranking::new(inputs, user);
        Answer::new(breakdown, user, facts, &ranking, &asked, &stored)
    };
    if config.json {
        let json = serde_json::to_string(&answer).map_err(Failure::failed)?;
        return Ok(format!("{json}\n"));
    }
    Ok(text::page(&answer, jobs.is_empty()))
}

/// The week's model, pinned or as a run now would pin it.
fn model(
    runtime: &Runtime,
    config: &RunConfig,
    job_side: &JobSide,
    week: IsoWeek,
) -> Result<(ScoringModel, bool), Failure> {
    let hash = config.aliases.sha256();
    if let Some(model) = runtime.block_on(pin::read(&config.storage, week, hash))? {
        return Ok((model, true));
    }
    let (weights, note) = runtime.block_on(weights::read(&config.storage, &job_side.weights))?;
    if let Some(note) = note {
        tracing::warn!("{note}");
    }
    let benchmarks = job_side.benchmarks.clone();
    let as_of_us = config.as_of.as_microsecond();
    let model = ScoringModel::pin(&job_side.jobs, weights, benchmarks, hash, week, as_of_us);
    Ok((model, false))
}
