//! What was typed, set and written down becomes one validated [`RunConfig`].

use crate::{args::RunArgs, failure::Failure, memory};
use fs_err as fs;
use jiff::Timestamp;
use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    io::Read,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};
use talvix_engine::{kernel::Processor, skills::AliasTable};
use talvix_pg::Conninfo;
use talvix_storage::Storage;

/// The settings of a run: name, default, whether its value is secret.
const SETTINGS: [(&str, &str, bool); 24] = [
    ("database_url", "", true),
    ("dataset", "", false),
    ("storage", "", false),
    ("snapshots", "", false),
    ("keep_nights", "", false),
    ("mode", "auto", false),
    ("user", "", false),
    ("repin", "false", false),
    ("strict", "false", false),
    ("skill_aliases", "", false),
    ("as_of", "", false),
    ("dry_run", "false", false),
    ("threads", "", false),
    ("processor", "auto", false),
    ("chunk_users", "5000", false),
    ("connections", "2", false),
    ("reconnect_for", "180", false),
    ("memory_limit", "", false),
    ("resume_cache", "on", false),
    ("json", "false", false),
    ("verbose", "0", false),
    ("quiet", "false", false),
    ("log_format", "text", false),
    ("progress", "auto", false),
];

/// The most that makes sense of each resource.
const MAX_THREADS: usize = 1_024;
const MAX_CONNECTIONS: usize = 32;
const MAX_CHUNK_USERS: usize = 100_000;

/// The longest that a lost database is waited for: a day.
const MAX_RECONNECT_SECONDS: u64 = 24 * 60 * 60;

/// The most nights that can be kept: a thousand years of them.
const MAX_KEEP_NIGHTS: usize = 366_000;

/// The largest file of settings, and table of aliases.
const MAX_FILE_BYTES: u64 = 1 << 20;
const MAX_ALIASES_BYTES: u64 = 64 << 20;

/// The file of settings that is read when none is named.
const DEFAULT_FILE: &str = "talvix.toml";

/// Where a setting comes from; a later one wins.
#[derive(Clone, Debug)]
enum Origin {
    Default,
    File(PathBuf),
    Environment(String),
    CommandLine,
}

impl Origin {
    /// Greater wins.
    fn rank(&self) -> u8 {
        match self {
            Origin::Default => 0,
            Origin::File(_) => 1,
            Origin::Environment(_) => 2,
            Origin::CommandLine => 3,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path) => write!(f, "{}", path.display()),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::CommandLine => f.write_str("command line"),
        }
    }
}

/// All settings, each with where it comes from.
#[derive(Clone, Debug)]
pub struct Settings(BTreeMap<&'static str, (String, Origin)>);

impl Settings {
    /// Reads defaults, file, environment and command line, in this order.
    pub fn read(args: &RunArgs) -> Result<Self, Failure> {
        let mut settings: BTreeMap<_, _> = SETTINGS
            .iter()
            .filter(|(_, default, _)| !default.is_empty())
            .map(|(name, default, _)| (*name, ((*default).to_owned(), Origin::Default)))
            .collect();

        for (name, value, origin) in file(args.night.config.as_deref())? {
            settings.insert(name, (value, origin));
        }
        for (name, ..) in SETTINGS {
            let mut variable = format!("TALVIX_{}", name.to_uppercase());
            let mut value = std::env::var(&variable);
            if name == "database_url" && value.is_err() {
                "DATABASE_URL".clone_into(&mut variable);
                value = std::env::var(&variable);
            }
            match value {
                Ok(value) => {
                    settings.insert(name, (value, Origin::Environment(variable)));
                }
                Err(std::env::VarError::NotPresent) => {}
                Err(error) => {
                    return Err(Failure::usage(format!("environment {variable}: {error}")));
                }
            }
        }
        let typed = serde_json::to_value(args).map_err(Failure::failed)?;
        for (name, ..) in SETTINGS {
            match &typed[name] {
                serde_json::Value::Null => {}
                serde_json::Value::String(text) => {
                    settings.insert(name, (text.clone(), Origin::CommandLine));
                }
                other => {
                    settings.insert(name, (other.to_string(), Origin::CommandLine));
                }
            }
        }
        Ok(Settings(settings))
    }

    /// Every setting with where it comes from, secrets masked.
    pub fn print(&self) -> String {
        let mut text = String::new();
        for (name, _, is_secret) in SETTINGS {
            let _ = match self.0.get(name) {
                None => writeln!(text, "{name:<14} (not set)"),
                Some((_, origin)) if is_secret => writeln!(text, "{name:<14} *** ({origin})"),
                Some((value, origin)) => writeln!(text, "{name:<14} {value} ({origin})"),
            };
        }
        text
    }

    /// The value of a setting, if it has one.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|(value, _)| value.as_str()).filter(|value| !value.is_empty())
    }

    fn parse<T: FromStr>(&self, name: &str, expected: &str) -> Result<Option<T>, Failure> {
        let Some((value, origin)) = self.0.get(name).filter(|(value, _)| !value.is_empty()) else {
            return Ok(None);
        };
        value.parse().map(Some).map_err(|_| {
            Failure::usage(format!("{name} ({origin}): expected {expected}, found `{value}`"))
        })
    }

    /// Whether a switch is on.
    pub fn switch(&self, name: &str) -> Result<bool, Failure> {
        Ok(self.parse(name, "true or false")?.unwrap_or(false))
    }

    /// A number of resources, at least one.
    fn count(&self, name: &str, max: usize) -> Result<Option<usize>, Failure> {
        let expected = format!("a number from 1 to {max}");
        match self.parse::<NonZeroUsize>(name, &expected)? {
            Some(count) if count.get() > max => {
                Err(Failure::usage(format!("{name}: expected {expected}, found {count}")))
            }
            count => Ok(count.map(NonZeroUsize::get)),
        }
    }

    /// One of a few words.
    fn word(&self, name: &str, words: &[&'static str]) -> Result<&'static str, Failure> {
        let found = self.text(name).unwrap_or(words[0]);
        words.iter().find(|word| **word == found).copied().ok_or_else(|| {
            Failure::usage(format!("{name}: expected one of {}, found `{found}`", words.join(", ")))
        })
    }

    /// The log's level and form.
    pub fn logging(&self) -> Result<(tracing::Level, bool), Failure> {
        let verbose: u8 = self.parse("verbose", "a number")?.unwrap_or(0);
        let level = match verbose {
            _ if self.switch("quiet")? => tracing::Level::ERROR,
            0 => tracing::Level::INFO,
            1 => tracing::Level::DEBUG,
            _ => tracing::Level::TRACE,
        };
        Ok((level, self.word("log_format", &["text", "json"])? == "json"))
    }
}

/// The settings of a file: a flat table of names.
fn file(named: Option<&Path>) -> Result<Vec<(&'static str, String, Origin)>, Failure> {
    let path = match named {
        Some(path) => path,
        None if Path::new(DEFAULT_FILE).exists() => Path::new(DEFAULT_FILE),
        None => return Ok(Vec::new()),
    };
    let text = read_text(path, MAX_FILE_BYTES)?;
    let table: toml::Table =
        text.parse().map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    let mut settings = Vec::new();
    for (name, value) in table {
        let Some((known, ..)) = SETTINGS.iter().find(|(known, ..)| *known == name) else {
            let names: Vec<_> = SETTINGS.iter().map(|(known, ..)| *known).collect();
            let names = names.join(", ");
            return Err(Failure::usage(format!(
                "{}: there is no setting `{name}`; there are {names}",
                path.display()
            )));
        };
        let value = match value {
            toml::Value::String(text) => text,
            other => other.to_string(),
        };
        settings.push((*known, value, Origin::File(path.to_owned())));
    }
    Ok(settings)
}

/// Where the tables are.
#[derive(Clone, Debug)]
pub enum Source {
    /// A database.
    Postgres(Box<Conninfo>),
    /// A dataset directory.
    Dataset(PathBuf),
}

/// Which users are scored with which jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModeChoice {
    /// As each user needs.
    Auto,
    /// Everyone with every job.
    Full,
    /// Only users who need no full scan.
    Delta,
}

/// What will run.
#[derive(Clone, Debug)]
pub struct RunConfig {
    /// Where the tables are.
    pub source: Source,
    /// Where resumes, weights and models are.
    pub storage: Storage,
    /// Where snapshots are published, if anywhere.
    pub snapshots: Option<Storage>,
    /// How many nights of snapshots are kept; none for all.
    pub keep_nights: Option<usize>,
    /// Which jobs.
    pub mode: ModeChoice,
    /// This user only.
    pub user: Option<uuid::Uuid>,
    /// Pin a new model.
    pub repin: bool,
    /// Unreadable resumes end in a status of their own.
    pub strict: bool,
    /// Other names of skills.
    pub aliases: AliasTable,
    /// The run's instant.
    pub as_of: Timestamp,
    /// Write nothing.
    pub dry_run: bool,
    /// Threads that score; 0 is one for each processor.
    pub threads: usize,
    /// What kind of processor the kernel is for.
    pub processor: Processor,
    /// Users of a transaction.
    pub chunk_users: usize,
    /// Connections that load.
    pub connections: usize,
    /// How long a lost database is waited for.
    pub reconnect_for: Duration,
    /// The most memory that the run may hold, in bytes.
    pub memory_limit_bytes: u64,
    /// Keep what resumes say for the next night.
    pub resume_cache: bool,
    /// The report is JSON.
    pub json: bool,
    /// Draw progress on a terminal.
    pub progress: bool,
}

impl RunConfig {
    /// Checks all settings.
    pub fn new(settings: &Settings) -> Result<Self, Failure> {
        let source = source(settings)?;
        let storage = match (settings.text("storage"), &source) {
            (Some(url), _) => url.to_owned(),
            (None, Source::Postgres(_)) => "/storage".to_owned(),
            (None, Source::Dataset(dir)) => dir.join("storage").display().to_string(),
        };
        let mode = match settings.word("mode", &["auto", "full", "delta"])? {
            "full" => ModeChoice::Full,
            "delta" => ModeChoice::Delta,
            _ => ModeChoice::Auto,
        };
        let repin = settings.switch("repin")?;
        if repin && mode == ModeChoice::Delta {
            return Err(Failure::usage(
                "--repin scores everyone in full: it does not go with --mode delta",
            ));
        }
        let open = |url: &str| {
            Storage::open(url, std::env::vars()).map_err(|error| Failure::usage(error.to_string()))
        };
        let storage = open(&storage)?;
        let snapshots = settings.text("snapshots").map(open).transpose()?;
        if let Some(snapshots) = snapshots.as_ref().filter(|place| storage.contains(place)) {
            return Err(Failure::usage(format!(
                "snapshots: {snapshots:?} lies in storage, which holds what users gave and what a \
                 night reads: name another place"
            )));
        }
        Ok(RunConfig {
            source,
            storage,
            snapshots,
            keep_nights: settings.count("keep_nights", MAX_KEEP_NIGHTS)?,
            mode,
            user: settings.parse("user", "a user's id (a UUID)")?,
            repin,
            strict: settings.switch("strict")?,
            aliases: aliases(settings.text("skill_aliases"))?,
            as_of: settings
                .parse("as_of", "a time such as 2026-11-22T17:00:00Z")?
                .unwrap_or_else(now_us),
            dry_run: settings.switch("dry_run")?,
            threads: settings.count("threads", MAX_THREADS)?.unwrap_or(0),
            processor: processor(settings.text("processor"))?,
            chunk_users: settings.count("chunk_users", MAX_CHUNK_USERS)?.unwrap_or(5_000),
            connections: settings.count("connections", MAX_CONNECTIONS)?.unwrap_or(2),
            reconnect_for: reconnect_for(settings)?,
            memory_limit_bytes: memory_limit_bytes(settings)?,
            resume_cache: settings.word("resume_cache", &["on", "off"])? == "on",
            json: settings.switch("json")?,
            progress: settings.word("progress", &["auto", "never"])? == "auto",
        })
    }
}

impl RunConfig {
    /// Where this run publishes: only a whole night that is written is published.
    pub fn publishes_to(&self) -> Option<&Storage> {
        self.snapshots.as_ref().filter(|_| !self.dry_run && self.user.is_none())
    }
}

fn reconnect_for(settings: &Settings) -> Result<Duration, Failure> {
    let expected = format!("seconds, from 0 to {MAX_RECONNECT_SECONDS}");
    match settings.parse::<u64>("reconnect_for", &expected)? {
        Some(seconds) if seconds > MAX_RECONNECT_SECONDS => {
            Err(Failure::usage(format!("reconnect_for: expected {expected}, found {seconds}")))
        }
        seconds => Ok(Duration::from_secs(seconds.unwrap_or(180))),
    }
}

fn memory_limit_bytes(settings: &Settings) -> Result<u64, Failure> {
    match settings.parse::<bytesize::ByteSize>("memory_limit", "a size such as 800MB or 1.5GiB")? {
        Some(size) if size.as_u64() == 0 => {
            Err(Failure::usage("memory_limit: expected a size above nothing, found 0"))
        }
        Some(size) => Ok(size.as_u64()),
        None => Ok(memory::allowed_bytes()),
    }
}

fn processor(name: Option<&str>) -> Result<Processor, Failure> {
    match name {
        None | Some("auto") => Ok(Processor::best()),
        Some(name) => {
            name.parse().map_err(|error| Failure::usage(format!("processor: {error}; or auto")))
        }
    }
}

/// Now, in the microseconds that a database keeps.
fn now_us() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

fn source(settings: &Settings) -> Result<Source, Failure> {
    let set = |name: &str| settings.0.get(name).filter(|(value, _)| !value.is_empty());
    match (set("database_url"), set("dataset")) {
        (Some((_, url)), Some((_, dataset))) if url.rank() == dataset.rank() => {
            Err(Failure::usage(format!(
                "database_url and dataset are both set ({url}): a run has one source"
            )))
        }
        (Some((_, url)), Some((dir, dataset))) if dataset.rank() > url.rank() => {
            Ok(Source::Dataset(PathBuf::from(dir)))
        }
        (Some((url, origin)), _) => {
            if matches!(origin, Origin::CommandLine) && Conninfo::holds_password(url) {
                tracing::warn!(
                    "the password in --database-url shows in the list of processes: give it in \
                     PGPASSWORD or ~/.pgpass"
                );
            }
            Ok(Source::Postgres(Box::new(conninfo(Some(url))?)))
        }
        (None, Some((dir, _))) => Ok(Source::Dataset(PathBuf::from(dir))),
        (None, None)
            if ["PGHOST", "PGHOSTADDR", "PGDATABASE", "PGUSER", "PGSERVICE"]
                .iter()
                .any(|name| std::env::var_os(name).is_some()) =>
        {
            Ok(Source::Postgres(Box::new(conninfo(None)?)))
        }
        (None, None) => Err(Failure::usage(
            "where are the tables? Name a database (--database-url, DATABASE_URL, PGHOST …) or a \
             dataset directory (--dataset); `talvix demo` needs neither",
        )),
    }
}

/// How to reach a database: a URL, and what the environment adds.
pub fn conninfo(url: Option<&str>) -> Result<Conninfo, Failure> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    Conninfo::resolve(url, &|name| std::env::var(name).ok(), home.as_deref())
        .map_err(|error| Failure::usage(error.to_string()))
}

/// A file that the operator names.
fn read_text(path: &Path, max_bytes: u64) -> Result<String, Failure> {
    let mut text = String::new();
    let read = fs::File::open(path)
        .and_then(|file| file.take(max_bytes + 1).read_to_string(&mut text))
        .map_err(|error| Failure::usage(error.to_string()))?;
    if read as u64 > max_bytes {
        let reason = format!("{}: larger than {max_bytes} bytes", path.display());
        return Err(Failure::usage(reason));
    }
    Ok(text)
}

fn aliases(path: Option<&str>) -> Result<AliasTable, Failure> {
    let Some(path) = path else { return Ok(AliasTable::built_in()) };
    let csv = read_text(Path::new(path), MAX_ALIASES_BYTES)?;
    AliasTable::parse(&csv).map_err(|error| Failure::usage(format!("{path}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_value_is_none() {
        let empty = Settings(
            SETTINGS.map(|(name, ..)| (name, (String::new(), Origin::CommandLine))).into(),
        );
        assert_eq!(reconnect_for(&empty).unwrap().as_secs(), 180);
        assert_eq!(memory_limit_bytes(&empty).unwrap(), memory::allowed_bytes());
    }

    #[test]
    fn a_file_is_not_read_without_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "12345").unwrap();
        assert_eq!(read_text(file.path(), 5).unwrap(), "12345");
        let error = read_text(file.path(), 4).unwrap_err().to_string();
        assert!(error.ends_with(": larger than 4 bytes"), "{error}");
    }
}
