//! `talvix demo`

use super::print;
use crate::{
    args::DemoArgs,
    config::{ModeChoice, RunConfig, Source},
    failure::Failure,
    memory,
    night::{self, Ended},
    published,
};
use fs_err as fs;
use jiff::Timestamp;
use std::{
    collections::HashMap,
    fmt::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};
use talvix_engine::{kernel::Processor, skills::AliasTable};
use talvix_fixtures::{
    generate::{self, Dirt},
    nights::{self, Change, NightOptions},
    parquet,
    tables::{JobRow, ScoreRow, Tables},
};
use talvix_report::{Report, night::Night, text::count};
use talvix_snapshot::read::Nights;
use talvix_storage::Storage;

/// Monday, half past ten at night in India: both nights lie in one week.
const FIRST_NIGHT: &str = "2026-11-16T17:00:00Z";

/// Makes a dataset, runs a full night and a delta night on it, and says what happened.
pub fn run(args: &DemoArgs) -> Result<ExitCode, Failure> {
    let dir = &args.dir.clone().unwrap_or_else(fresh_folder);
    if dir.exists() && fs::read_dir(dir).map_err(Failure::failed)?.next().is_some() {
        return Err(Failure::usage(format!(
            "{} is there and not empty: name another folder, `talvix demo DIR`, or remove it",
            dir.display()
        )));
    }
    let first: Timestamp = FIRST_NIGHT.parse().map_err(Failure::failed)?;
    let options = generate::Options {
        jobs: args.jobs,
        users: args.users,
        as_of_us: first.as_microsecond(),
        dirt: Dirt::None,
        ..generate::Options::default()
    };

    print(&format!(
        "Talvix matches every user with every active job each night, and keeps for each the few\n\
         that fit best. This is a small such world, made up: {} jobs, {} users.\n\n",
        count(args.jobs as u64),
        count(args.users as u64)
    ))?;
    let tables = generate::generate(&options);
    parquet::write_dataset(&tables, dir).map_err(Failure::failed)?;

    print("Monday night. Nobody has been scored yet, so everyone is compared with every job:\n\n")?;
    let monday = whole(night::run(&config(dir, first)?)?)?;
    print(&page(&monday))?;

    let before = parquet::read_dataset(dir).map_err(Failure::failed)?;
    let tuesday = nights::night(&before, 2, &NightOptions::new(options));
    parquet::apply_to_dataset(dir, &tuesday.changes).map_err(Failure::failed)?;
    print(&happened(&tuesday.changes))?;

    print(
        "Tuesday night. Most users only need the new jobs compared with what they have; the report\n\
         says who needed more, and why:\n\n",
    )?;
    let as_of = Timestamp::from_microsecond(tuesday.as_of_us).map_err(Failure::failed)?;
    let report = whole(night::run(&config(dir, as_of)?)?)?;
    print(&page(&report))?;
    print(&format!(
        "Monday looked at {} pairs, Tuesday at {}, and what is stored now is to the bit what a\n\
         full scan on Tuesday would have stored.\n\n",
        count(monday.pairs.prefiltered),
        count(report.pairs.prefiltered)
    ))?;

    let after = parquet::read_dataset(dir).map_err(Failure::failed)?;
    let example = best_to_read(&after);
    print(&example.map_or(String::new(), |(row, job)| as_its_user_reads_it(&after, row, job)))?;
    let page = dir.join("report.html");
    fs::write(&page, talvix_report::html::page(&published(dir)?))?;
    let (dir, page) = (dir.display(), page.display());
    let talvix = std::env::args().next().unwrap_or_else(|| "talvix".to_owned());
    let explain = example.map_or_else(
        || format!("{talvix} explain --help"),
        |(row, _)| {
            let (user, job) = (row.user_id, row.job_id);
            format!("{talvix} explain --dataset {dir} --as-of {as_of} --user {user} --job {job}")
        },
    );
    print(&format!(
        "What to look at next:\n\
         \n  {dir}/current/job_fit_scores.parquet   what is kept, one row a pair; any Parquet reader opens it\
         \n  {dir}/current/                         the dataset after Tuesday; versions/ has the one before\
         \n  {dir}/storage/                         parsed resumes, weights, and the model pinned for the week\
         \n  {dir}/snapshots/                       both nights for analysts: pairs, users, jobs, runs\
         \n  {page}                      Tuesday's night drawn: open it in a browser\
         \n\n  {explain}\
         \n      why it scores what it scores\
         \n  {talvix} run --dataset {dir} --as-of {as_of}\
         \n      once more: nothing to do\
         \n  {talvix} run --help\
         \n      every option, and the exit statuses\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// `talvix-demo`, or `talvix-demo-2` and so on where that is taken.
fn fresh_folder() -> PathBuf {
    let mut dir = PathBuf::from("talvix-demo");
    let mut number = 1;
    while dir.exists() {
        number += 1;
        dir.set_file_name(format!("talvix-demo-{number}"));
    }
    dir
}

/// The report of a night whose snapshot is published, too.
fn whole(ended: Ended) -> Result<Report, Failure> {
    match ended.unpublished {
        Some(failure) => Err(failure),
        None => Ok(ended.report),
    }
}

fn config(dir: &Path, as_of: Timestamp) -> Result<RunConfig, Failure> {
    let storage = dir.join("storage").display().to_string();
    let snapshots = dir.join("snapshots").display().to_string();
    Ok(RunConfig {
        source: Source::Dataset(dir.to_owned()),
        storage: Storage::open(&storage, std::iter::empty())?,
        snapshots: Some(Storage::open(&snapshots, std::iter::empty())?),
        keep_nights: None,
        mode: ModeChoice::Auto,
        user: None,
        repin: false,
        strict: false,
        aliases: AliasTable::built_in(),
        as_of,
        dry_run: false,
        threads: 0,
        processor: Processor::best(),
        chunk_users: 5_000,
        connections: 2,
        reconnect_for: Duration::ZERO,
        memory_limit_bytes: memory::allowed_bytes(),
        resume_cache: true,
        json: false,
        progress: true,
    })
}

/// The last night that was published.
fn published(dir: &Path) -> Result<Night, Failure> {
    let storage = Storage::Folder(dir.join("snapshots"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(Failure::failed)?;
    runtime
        .block_on(async {
            let nights = Nights::list(&storage).await?;
            published::night(&storage, nights.runs(), nights.find("latest").await?).await
        })
        .map_err(|error: talvix_snapshot::Error| Failure::failed(error))
}

/// A report, indented.
fn page(report: &Report) -> String {
    format!("  {}\n\n", report.text().trim_end().replace('\n', "\n  "))
}

/// What happened between the nights, in a few numbers.
fn happened(changes: &[Change]) -> String {
    let mut jobs = [0_usize; 3];
    let mut users = [0_usize; 2];
    for change in changes {
        match change {
            Change::InsertJob { .. } => jobs[0] += 1,
            Change::StaleJobs { ids } => jobs[1] += ids.len(),
            Change::DeleteJobs { ids } => jobs[2] += ids.len(),
            Change::EditProfile { .. } => users[0] += 1,
            Change::UploadResume { .. } => users[1] += 1,
            _ => {}
        }
    }
    let [new, stale, dead] = jobs.map(|number| count(number as u64));
    let [edited, uploaded] = users.map(|number| count(number as u64));
    format!(
        "On Tuesday the scraper brought {new} new jobs, {stale} went stale, {dead} that had long\n\
         been gone were deleted, {edited} users changed their profile and {uploaded} uploaded a new\n\
         resume.\n\n"
    )
}

/// The best pair of a paying user who has reasons to read.
fn best_to_read(tables: &Tables) -> Option<(&ScoreRow, &JobRow)> {
    let jobs: HashMap<_, &JobRow> = tables.jobs.iter().map(|job| (job.id, job)).collect();
    let texts = |row: &ScoreRow| {
        [&row.fit_reasons, &row.strengths]
            .map(|texts| texts.as_ref().map_or(0, Vec::len))
            .iter()
            .sum::<usize>()
            + row.missing_skills.as_ref().map_or(0, |missing| missing.len().min(2))
    };
    let best = tables
        .job_fit_scores
        .iter()
        .filter(|row| row.is_full_score)
        .max_by_key(|row| (texts(row), row.fit_score, row.user_id, row.job_id))?;
    Some((best, *jobs.get(&best.job_id)?))
}

/// A pair as its user reads it.
fn as_its_user_reads_it(tables: &Tables, row: &ScoreRow, job: &JobRow) -> String {
    let list = |texts: &Option<Vec<String>>| {
        texts
            .as_ref()
            .filter(|texts| !texts.is_empty())
            .map_or("-".to_owned(), |texts| texts.join(", "))
    };
    let mut text = format!(
        "One of the {} rows, as its user reads it:\n\n",
        count(tables.job_fit_scores.len() as u64)
    );
    for (name, value) in [
        ("job", format!("{} at {}", job.title, job.company)),
        ("fit", format!("{} of 100, {}: {}", row.fit_score, row.fit_label, row.recommendation)),
        ("why", list(&row.fit_reasons)),
        ("strengths", list(&row.strengths)),
        ("missing", list(&row.missing_skills)),
    ] {
        let _ = writeln!(text, "  {name:<11}{value}");
    }
    text.push('\n');
    text
}
