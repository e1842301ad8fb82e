//! `talvix`: scores every user's fit with every active job, each night.

mod args;
mod commands;
mod config;
mod explain;
mod failure;
mod memory;
mod night;
mod progress;
mod published;
mod source;

use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let hook = std::panic::take_hook();
    let wants_trace = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    std::panic::set_hook(Box::new(move |panic| {
        match panic.location() {
            // A file that the decoder panics on is reported as an error that names it.
            _ if talvix_dataset::is_decoding() => {}
            // A panic's text may quote a value of a row: only who develops talvix sees it.
            Some(place) if !wants_trace => {
                tracing::error!("a fault in talvix itself, at {}:{}", place.file(), place.line());
            }
            _ => hook(panic),
        }
    }));
    let _asked = talvix_fault_points::from_environment();
    let args = args::Args::parse();
    match commands::run(args) {
        Ok(code) => code,
        Err(failure) => {
            failure.print(commands::logs_json());
            failure.exit_code()
        }
    }
}
