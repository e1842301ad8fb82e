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
    // A file that the decoder panics on is reported as an error that names it.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !talvix_dataset::is_decoding() {
            hook(panic);
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
