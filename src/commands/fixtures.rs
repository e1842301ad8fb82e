//! `talvix fixtures`

use super::print;
use crate::{
    args::{DirtArg, FixturesArgs},
    config::conninfo,
    failure::{Failure, Status},
};
use std::process::ExitCode;
use talvix_fixtures::{
    generate::{self, Dirt},
    nights::{self, NightOptions},
    parquet, postgres, real,
    tables::Tables,
};
use talvix_report::text::count;
use tokio_postgres::Client;

/// Makes a dataset, or applies a night's changes to one.
pub fn run(args: &FixturesArgs) -> Result<ExitCode, Failure> {
    if let Some(file) = &args.apply_night {
        let night = nights::read_night(file).map_err(Failure::failed)?;
        match &args.database_url {
            None => {
                parquet::apply_to_dataset(&args.dir, &night.changes).map_err(Failure::failed)?;
            }
            Some(url) => {
                with_client(url, async |client| {
                    nights::apply_to_postgres(client, &night.changes).await
                })?;
                nights::apply_to_storage(&args.dir.join("storage"), &night.changes)
                    .map_err(Failure::failed)?;
            }
        }
        let as_of = jiff::Timestamp::from_microsecond(night.as_of_us).map_err(Failure::failed)?;
        print(&format!(
            "applied {} changes: run night {} with --as-of {as_of}\n",
            count(night.changes.len() as u64),
            night.night
        ))?;
        return Ok(ExitCode::SUCCESS);
    }

    let options = generate::Options {
        jobs: args.jobs,
        users: args.users,
        seed: args.seed,
        paid_share: args.paid_share,
        skills_per_job: args.skills_per_job,
        as_of_us: args.as_of.as_microsecond(),
        dirt: match args.dirt {
            DirtArg::None => Dirt::None,
            DirtArg::Database => Dirt::Database,
            DirtArg::Anything => Dirt::Anything,
        },
    };
    let tables = match &args.import {
        None => generate::generate(&options),
        Some(folder) => {
            let options =
                real::Options { as_of_us: options.as_of_us, seed: options.seed, max_jobs: None };
            let tables = real::import(folder, &options).map_err(Failure::failed)?;
            print(&real::summary(&tables))?;
            tables
        }
    };
    write(args, &tables)?;
    print(&format!(
        "wrote {} jobs and {} users to {}: run the first night with --as-of {}\n",
        count(tables.jobs.len() as u64),
        count(tables.users.len() as u64),
        if args.database_url.is_some() {
            "the database".into()
        } else {
            args.dir.display().to_string()
        },
        args.as_of
    ))?;
    if args.nights > 1 {
        let nights = nights::write(&args.dir, tables, args.nights, &NightOptions::new(options))
            .map_err(Failure::failed)?;
        for night in nights {
            print(&format!("wrote {}\n", night.display()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn write(args: &FixturesArgs, tables: &Tables) -> Result<(), Failure> {
    match &args.database_url {
        None => parquet::write_dataset(tables, &args.dir).map_err(Failure::failed),
        Some(url) => {
            with_client(url, async |client| postgres::load_postgres(client, tables).await)?;
            parquet::write_storage(tables, &args.dir.join("storage")).map_err(Failure::failed)
        }
    }
}

fn with_client(
    url: &str,
    work: impl AsyncFnOnce(&mut Client) -> Result<(), talvix_fixtures::error::Error>,
) -> Result<(), Failure> {
    let info = conninfo(Some(url))?;
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::failed)?;
    runtime.block_on(async {
        let mut client = talvix_pg::connect(&info, "talvix fixtures")
            .await
            .map_err(|error| Failure::new(Status::Unfit, error))?;
        work(&mut client).await.map_err(Failure::failed)
    })
}
