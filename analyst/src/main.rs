//! `talvix-analyst`: compares nights, and scores a night again under other weights.
//!
//! - `args`: what can be typed
//! - `nights`: the nights of a folder of snapshots: found, checked, opened
//! - `frame`: the few things of polars that are said the same way everywhere
//! - `slices`: users in ranges of ids, so that memory does not grow with rows
//! - `compare`: two nights side by side
//! - `what_if`: a night under other weights
//! - `rows_file`: rows that differ, as Parquet or CSV
//! - `table`: tables for a terminal of 80 columns
//! - `failure`: exit statuses

mod args;
mod compare;
mod failure;
mod frame;
mod nights;
mod rows_file;
mod slices;
mod table;
mod what_if;

use args::{Args, Command};
use clap::Parser;
use failure::Failure;
use std::{
    io::{self, Write},
    process::ExitCode,
};

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
    let answer = match Args::parse().command {
        Command::Runs(args) => nights::list::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::WhatIf(args) => what_if::run(&args),
    };
    match answer.and_then(|text| print(&text)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "talvix-analyst: {failure}");
            failure.exit_code()
        }
    }
}

/// Prints the answer. Whoever reads it may stop before its end.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// The answer as JSON, one object.
fn json(answer: &impl serde::Serialize) -> Result<String, Failure> {
    let mut text = serde_json::to_string_pretty(answer)
        .map_err(|error| Failure::new(failure::Status::Failed, error))?;
    text.push('\n');
    Ok(text)
}
