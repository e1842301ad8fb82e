//! `talvix run`

use super::{log, print};
use crate::{
    args::RunArgs,
    config::{RunConfig, Settings},
    failure::{Failure, Status},
    night::{self, Ended},
};
use anyhow::anyhow;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
};
use talvix_fault_points::point;

/// Runs a night and prints its report.
pub fn run(args: &RunArgs) -> Result<ExitCode, Failure> {
    let settings = Settings::read(args).inspect_err(|_| log(tracing::Level::INFO, false))?;
    let (level, json) = settings.logging().inspect_err(|_| log(tracing::Level::INFO, false))?;
    log(level, json);
    if args.print_config {
        print(&settings.print())?;
        return Ok(ExitCode::SUCCESS);
    }
    let config = RunConfig::new(&settings)?;
    // A panic is a fault of ours: it ends the run like any other failure, with what to do.
    // The lock is held until the report is out.
    let Ended { report, unpublished, held: _held } = catch_unwind(AssertUnwindSafe(|| {
        night::run(&config)
    }))
    .map_err(|_| {
        Failure::failed(anyhow!("a fault in talvix itself; what was committed stays, run again"))
    })??;
    if config.json {
        let json = serde_json::to_string(&report).map_err(Failure::failed)?;
        print(&format!("{json}\n"))?;
    } else {
        print(&report.text())?;
    }
    point("reported");
    if let Some(failure) = unpublished {
        return Err(failure);
    }
    let unreadable = report.users.skipped.get("resume_unreadable").copied().unwrap_or(0);
    if config.strict && unreadable > 0 {
        return Ok(ExitCode::from(Status::Unreadable as u8));
    }
    Ok(ExitCode::SUCCESS)
}
