//! What can be typed.
//!
//! The docs of arguments are the help that people read in a terminal.

#![expect(clippy::doc_markdown, reason = "help in a terminal has no markup")]

use clap::{Parser, Subcommand, ValueEnum};
use serde::Serialize;
use std::path::PathBuf;

/// Scores every user's fit with every active job, each night.
#[derive(Debug, Parser)]
#[command(name = "talvix", version, about, propagate_version = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs a night: loads, scores, writes back.
    Run(Box<RunArgs>),
    /// Shows everything at once on generated data, without a server.
    Demo(DemoArgs),
    /// The report of a published night: an HTML page with charts, or text.
    Report(ReportArgs),
    /// Says why a pair scores what it scores, or what stops it.
    Explain(Box<ExplainArgs>),
    /// The data model as SQL; brings a database up to it; says what a database lacks.
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// Writes generated or imported datasets, to a directory or into a database.
    Fixtures(FixturesArgs),
    /// Prints completions for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

const RUN_EXAMPLES: &str = "\
Examples:
  talvix run --dataset ./data
  talvix run --database-url postgresql://talvix_engine@db.example/talvix --storage /storage
  talvix run --dataset ./data --dry-run --json

Every option can stand in talvix.toml (chunk_users = 5000), in the environment
(TALVIX_CHUNK_USERS=5000) or on the command line; the later one wins.

Exit status:
  0         done, or nothing to do
  1         the run failed; what was committed stays, run again
  2         wrong use: arguments or configuration
  3         another run holds the lock
  4         database, dataset, storage or weights are unfit; nothing was written
  5         done, but some resumes could not be read (only with --strict)
  130, 143  stopped by a signal, after the chunk in flight was finished";

/// What every command on a night wants to know: where it is, when, and what to log.
#[derive(Clone, Debug, Default, clap::Args, Serialize)]
pub struct NightArgs {
    /// PostgreSQL: a URL or keyword string; also DATABASE_URL and the usual PG* variables.
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// A dataset directory in place of a database.
    #[arg(long, value_name = "DIR")]
    pub dataset: Option<String>,
    /// Where resumes, weights and pinned models are: a path, file:// or s3://bucket/prefix
    /// [default: /storage, or storage/ of the dataset].
    #[arg(long, value_name = "URL")]
    pub storage: Option<String>,
    /// A CSV `alias,canonical` in place of the built-in table of skill aliases.
    #[arg(long, value_name = "FILE")]
    pub skill_aliases: Option<String>,
    /// The instant, whose week counts, RFC 3339 [default: now].
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// Connections that load [default: 2].
    #[arg(long, value_name = "N")]
    pub connections: Option<String>,
    /// Log more: -v what is done, -vv everything.
    #[arg(short, long, action = clap::ArgAction::Count)]
    #[serde(skip_serializing_if = "is_zero")]
    pub verbose: u8,
    /// Log errors only.
    #[arg(short, long, conflicts_with = "verbose")]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub quiet: bool,
    /// How log lines look, on standard error [default: text].
    #[arg(long, value_name = "FORMAT", value_parser = ["text", "json"])]
    pub log_format: Option<String>,
    /// A file of settings [default: talvix.toml here, if there is one].
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
}

/// Options of `talvix run`: each may also stand in the environment or a file, so none has a
/// default here.
#[derive(Debug, Default, clap::Args, Serialize)]
#[command(after_help = RUN_EXAMPLES)]
pub struct RunArgs {
    /// What it has in common with other commands.
    #[command(flatten)]
    #[serde(flatten)]
    pub night: NightArgs,
    /// Where the night is published for analysts: a path, file:// or s3://bucket/prefix [default:
    /// nowhere].
    #[arg(long, value_name = "URL")]
    pub snapshots: Option<String>,
    /// Keep the snapshots of so many nights, and remove those before [default: keep all].
    #[arg(long, value_name = "N")]
    pub keep_nights: Option<String>,
    /// Which jobs users are scored with [default: auto].
    #[arg(long, value_name = "MODE", value_parser = ["auto", "full", "delta"])]
    pub mode: Option<String>,
    /// Score this user alone, and finish nothing else.
    #[arg(long, value_name = "ID")]
    pub user: Option<String>,
    /// Pin a new scoring model for this week, and score everyone in full.
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub repin: bool,
    /// End with status 5 when a resume could not be read.
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub strict: bool,
    /// Do everything but the writes; the report says what would change.
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// Threads that score [default: one for each processor].
    #[arg(long, value_name = "N")]
    pub threads: Option<String>,
    /// What kind of processor to compute for: auto, any, or one that this processor is of, such
    /// as avx512 [default: auto]. The results are the same.
    #[arg(long, value_name = "KIND")]
    pub processor: Option<String>,
    /// Users who are written in one transaction [default: 5000].
    #[arg(long, value_name = "N")]
    pub chunk_users: Option<String>,
    /// How long a database that was lost is waited for, in seconds [default: 180].
    #[arg(long, value_name = "SECONDS")]
    pub reconnect_for: Option<String>,
    /// The most memory that the run may hold, such as 800MB or 1.5GiB [default: what the control
    /// group or the machine allows].
    #[arg(long, value_name = "SIZE")]
    pub memory_limit: Option<String>,
    /// Whether what resumes say is kept for the next night [default: on].
    #[arg(long, value_name = "WHEN", value_parser = ["on", "off"])]
    pub resume_cache: Option<String>,
    /// Print the report as one JSON object.
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub json: bool,
    /// Whether to draw progress on a terminal [default: auto].
    #[arg(long, value_name = "WHEN", value_parser = ["auto", "never"])]
    pub progress: Option<String>,
    /// Show every setting with where it comes from, secrets masked, and stop.
    #[arg(long)]
    #[serde(skip)]
    pub print_config: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(count: &u8) -> bool {
    *count == 0
}

const REPORT_EXAMPLES: &str = "\
Examples:
  talvix report --snapshots ./snapshots
  talvix report 2026-11-22 --snapshots s3://talvix/snapshots --out night.html
  talvix report 01a204ed --snapshots ./snapshots --text";

/// Options of `talvix report`.
#[derive(Debug, clap::Args)]
#[command(after_help = REPORT_EXAMPLES)]
pub struct ReportArgs {
    /// Which run: an id, how one begins, a date on which there was one, latest or previous [default:
    /// latest].
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Where nights are published: a path, file:// or s3://bucket/prefix; also TALVIX_SNAPSHOTS,
    /// and the setting `snapshots`.
    #[arg(long, value_name = "URL")]
    pub snapshots: Option<String>,
    /// The page; - is standard output [default: talvix-report-DATE.html here].
    #[arg(short, long, value_name = "FILE", conflicts_with = "text")]
    pub out: Option<PathBuf>,
    /// Print the report as text instead.
    #[arg(long)]
    pub text: bool,
    /// A file of settings [default: talvix.toml here, if there is one].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  talvix explain --dataset ./data --user 0190abcd-0001-7f03-8005-060708090aff
  talvix explain --dataset ./data --user ID --job ID --job ID --json

Settings that the two commands share are read as `talvix run` reads them: from talvix.toml, the
environment and the command line. Nothing is locked or written.

Exit status:
  0  explained; also a pair that is not scored, and a user who is skipped, with the reason
  1  it failed
  2  wrong use, or there is no such user or job
  4  database, dataset, storage or weights are unfit";

/// Options of `talvix explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXPLAIN_EXAMPLES)]
pub struct ExplainArgs {
    /// Whose pairs.
    #[arg(long, value_name = "ID")]
    pub user: String,
    /// The pair with this job; can be repeated [default: the best ones, and those just missed].
    #[arg(long, value_name = "ID")]
    pub job: Vec<String>,
    /// What it has in common with other commands.
    #[command(flatten)]
    pub night: NightArgs,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

impl ExplainArgs {
    /// What a run would be told that reads the same and writes nothing.
    pub fn as_run(&self) -> RunArgs {
        RunArgs { night: self.night.clone(), json: self.json, dry_run: true, ..RunArgs::default() }
    }
}

/// Options of `talvix demo`.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// Where to put the dataset: a folder that is not there yet or is empty
    /// [default: talvix-demo, or the next name that is free].
    #[arg(value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// How many jobs.
    #[arg(long, default_value_t = 20_000)]
    pub jobs: usize,
    /// How many users.
    #[arg(long, default_value_t = 5_000)]
    pub users: usize,
}

/// The commands about the data model.
#[derive(Debug, Subcommand)]
pub enum SchemaCommand {
    /// Prints the data model as SQL.
    Print {
        /// Print the grants of the role `talvix_engine` instead.
        #[arg(long)]
        grants: bool,
    },
    /// Brings a database up to the data model. Safe to repeat.
    Apply {
        #[command(flatten)]
        database: DatabaseArgs,
        /// Also make the role `talvix_engine` and grant it what a run needs.
        #[arg(long)]
        grants: bool,
    },
    /// Says what a database lacks; status 4 if it lacks anything.
    Check {
        #[command(flatten)]
        database: DatabaseArgs,
        /// Check what this role could do [default: who connects].
        #[arg(long, value_name = "ROLE")]
        role: Option<String>,
    },
}

/// Where a database is.
#[derive(Debug, clap::Args)]
pub struct DatabaseArgs {
    /// A URL or keyword string; also the usual PG* variables.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

const FIXTURES_EXAMPLES: &str = "\
Examples:
  talvix fixtures ./data --jobs 200000 --users 100000 --paid-share 0.2
  talvix fixtures ./data --jobs 2000 --users 500 --nights 3
  talvix fixtures ./data --apply-night ./data/nights/night-02.jsonl
  talvix fixtures ./storage-and-nights --database-url postgresql:///talvix --jobs 2000
  talvix fixtures ./real --import ./postings-and-resumes";

/// Options of `talvix fixtures`.
#[derive(Debug, clap::Args)]
#[command(after_help = FIXTURES_EXAMPLES)]
pub struct FixturesArgs {
    /// The dataset; with --database-url, the folder for `storage/` and `nights/` alone.
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Write the tables into this database, which must have the data model and no rows.
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// How many jobs.
    #[arg(long, default_value_t = 2_000)]
    pub jobs: usize,
    /// How many users.
    #[arg(long, default_value_t = 500)]
    pub users: usize,
    /// The same seed makes the same rows.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The share of users who pay.
    #[arg(long, default_value_t = 0.1)]
    pub paid_share: f64,
    /// Skills that a job lists, on average.
    #[arg(long, default_value_t = 10)]
    pub skills_per_job: usize,
    /// Odd values.
    #[arg(long, value_enum, default_value_t = DirtArg::Database)]
    pub dirt: DirtArg,
    /// How many nights: files with what changes before each night after the first.
    #[arg(long, default_value_t = 1)]
    pub nights: u32,
    /// The instant of the first night, RFC 3339.
    #[arg(long, default_value = "2026-11-16T17:00:00Z", value_name = "TIME")]
    pub as_of: jiff::Timestamp,
    /// Apply the changes of a night to what is there, and make nothing.
    #[arg(long, value_name = "FILE")]
    pub apply_night: Option<PathBuf>,
    /// Import postings and resumes (`jobs.parquet`, `resumes.parquet`) from this folder.
    #[arg(long, value_name = "DIR", conflicts_with = "apply_night")]
    pub import: Option<PathBuf>,
}

/// Which odd values generated rows hold.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum DirtArg {
    /// None.
    None,
    /// What a database with the data model accepts.
    Database,
    /// Anything.
    Anything,
}
