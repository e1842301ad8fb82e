//! `talvix schema`

use super::print;
use crate::{
    args::{DatabaseArgs, SchemaCommand},
    config::conninfo,
    failure::{Failure, Status},
};
use std::process::ExitCode;
use talvix_pg::{error::Error, schema};

/// Prints, applies or checks the data model.
pub fn run(command: SchemaCommand) -> Result<ExitCode, Failure> {
    match command {
        SchemaCommand::Print { grants: false } => print(&schema::sql())?,
        SchemaCommand::Print { grants: true } => print(schema::grants_sql())?,
        SchemaCommand::Apply { database, grants } => {
            let applied = with_client(&database, async |client| {
                let applied = schema::apply(client).await?;
                if grants {
                    client
                        .batch_execute(schema::grants_sql())
                        .await
                        .map_err(Error::query("granting"))?;
                }
                Ok(applied)
            })?;
            print(&format!("{applied}\n"))?;
        }
        SchemaCommand::Check { database, role } => {
            let lacks = with_client(&database, async |client| {
                schema::check(client, role.as_deref()).await
            })?;
            for lack in &lacks {
                print(&format!("{lack}\n"))?;
            }
            if !lacks.is_empty() {
                return Ok(ExitCode::from(Status::Unfit as u8));
            }
            print("the database has all of the data model\n")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn with_client<T>(
    database: &DatabaseArgs,
    work: impl AsyncFnOnce(&mut tokio_postgres::Client) -> Result<T, Error>,
) -> Result<T, Failure> {
    let info = conninfo(database.database_url.as_deref())?;
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::failed)?;
    runtime.block_on(async {
        let mut client = talvix_pg::connect(&info, "talvix schema")
            .await
            .map_err(|error| Failure::new(Status::Unfit, error))?;
        work(&mut client).await.map_err(Failure::failed)
    })
}
