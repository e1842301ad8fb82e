//! One short file per command.

mod demo;
mod explain;
mod fixtures;
mod report;
mod run;
mod schema;

use crate::{
    args::{Args, Command},
    failure::Failure,
};
use clap::CommandFactory;
use std::{
    io::{self, Write},
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
};
use tracing_subscriber::{EnvFilter, fmt::format::FmtSpan};

/// Runs what was asked for.
pub fn run(args: Args) -> Result<ExitCode, Failure> {
    match args.command {
        Command::Run(args) => run::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Demo(args) => {
            log(tracing::Level::WARN, false);
            demo::run(&args)
        }
        Command::Report(args) => {
            log(tracing::Level::WARN, false);
            report::run(&args)
        }
        Command::Schema(command) => {
            log(tracing::Level::INFO, false);
            schema::run(command)
        }
        Command::Fixtures(args) => {
            log(tracing::Level::INFO, false);
            fixtures::run(&args)
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Args::command(), "talvix", &mut io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Whether the log is one of JSON lines.
static LOGS_JSON: AtomicBool = AtomicBool::new(false);

/// Whether the log is one of JSON lines.
pub fn logs_json() -> bool {
    LOGS_JSON.load(Ordering::Relaxed)
}

/// Logs to standard error. The driver's own lines stay out: they hold statements' parameters.
fn log(level: tracing::Level, json: bool) {
    LOGS_JSON.store(json, Ordering::Relaxed);
    let filter = EnvFilter::new(format!("{level},tokio_postgres=warn,rustls=warn,hyper=warn"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_span_events(FmtSpan::NONE)
        .with_target(false);
    if json {
        subscriber.json().init();
    } else {
        let colours = std::io::IsTerminal::is_terminal(&io::stderr())
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        subscriber.with_ansi(colours).compact().init();
    }
}

/// Prints a result on standard output. A reader that has gone away is no failure.
fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::failed(error)),
        _ => Ok(()),
    }
}
