//! `talvix report`

use super::print;
use crate::{
    args::{NightArgs, ReportArgs, RunArgs},
    config::Settings,
    failure::{Failure, Status},
    published,
};
use fs_err as fs;
use std::{path::PathBuf, process::ExitCode};
use talvix_report::text::count;
use talvix_snapshot::{Error, read::Nights};
use talvix_storage::Storage;

/// Writes the page of a published night, or prints its report.
pub fn run(args: &ReportArgs) -> Result<ExitCode, Failure> {
    let settings = Settings::read(&RunArgs {
        snapshots: args.snapshots.clone(),
        night: NightArgs { config: args.config.clone(), ..NightArgs::default() },
        ..RunArgs::default()
    })?;
    let Some(url) = settings.text("snapshots") else {
        return Err(Failure::usage(
            "where are the snapshots? Name the place that `talvix run --snapshots` published to",
        ));
    };
    let storage =
        Storage::open(url, std::env::vars()).map_err(|error| Failure::usage(error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::failed)?;
    let night = runtime.block_on(async {
        let nights = Nights::list(&storage).await?;
        let run = nights.find(args.run.as_deref().unwrap_or("latest")).await?;
        published::night(&storage, nights.runs(), run).await
    });
    let night = night.map_err(failure)?;
    if args.text {
        print(&night.report.text())?;
        return Ok(ExitCode::SUCCESS);
    }
    let page = talvix_report::html::page(&night);
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("talvix-report-{}.html", night.run_date)));
    if out.as_os_str() == "-" {
        print(&page)?;
    } else {
        fs::write(&out, &page)?;
        let kilobytes = count(page.len().div_ceil(1_000) as u64);
        print(&format!("{} ({kilobytes} kB)\n", out.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What was asked for is not there, or what is there is not what it should be.
fn failure(error: Error) -> Failure {
    let status = match &error {
        error if error.is_wrong_use() => Status::Usage,
        error if error.is_access() => Status::Failed,
        _ => Status::Unfit,
    };
    Failure::new(status, error)
}
