//! `talvix explain`

use super::{log, print};
use crate::{
    args::ExplainArgs,
    config::{RunConfig, Settings},
    explain,
    failure::Failure,
};
use std::process::ExitCode;

/// Says why pairs score what they score.
pub fn run(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let settings =
        Settings::read(&args.as_run()).inspect_err(|_| log(tracing::Level::WARN, false))?;
    let (level, json) = settings.logging().inspect_err(|_| log(tracing::Level::WARN, false))?;
    log(level, json);
    let config = RunConfig::new(&settings)?;
    print(&explain::explain(&config, &args.user, &args.job)?)?;
    Ok(ExitCode::SUCCESS)
}
