//! A night's changes in a database.

use talvix_pg::Error as PgError;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Transaction};
use uuid::Uuid;

use super::change::Change;
use crate::error::Error;
use crate::postgres::copy_in;
use crate::tables::{
    CompanyPrefRow, JobRow, JobSkillRow, Numeric, ResumeRow, ScrapeRunRow, TargetRoleRow, UserRow,
};

/// Applies what happened, in order and in one transaction; the files of resumes take
/// [`apply_to_storage`](super::apply_to_storage).
pub async fn apply_to_postgres(client: &mut Client, changes: &[Change]) -> Result<(), Error> {
    let transaction = client.transaction().await.map_err(PgError::query("beginning"))?;
    let mut rows = Rows::default();
    for change in changes {
        rows.apply(&transaction, change).await?;
    }
    rows.flush(&transaction).await?;
    Ok(transaction.commit().await.map_err(PgError::query("committing a night"))?)
}

/// Rows that wait to go in together: insertions come in long rows of the same kind.
#[derive(Default)]
struct Rows {
    jobs: Vec<JobRow>,
    job_skills: Vec<JobSkillRow>,
    users: Vec<UserRow>,
    roles: Vec<TargetRoleRow>,
    prefs: Vec<CompanyPrefRow>,
    resumes: Vec<ResumeRow>,
}

impl Rows {
    async fn apply(&mut self, tx: &Transaction<'_>, change: &Change) -> Result<(), Error> {
        if !matches!(change, Change::InsertJob { .. } | Change::InsertUser(_)) {
            // What follows may be about a row that waits.
            self.flush(tx).await?;
        }
        match change {
            Change::StartScrape { id, started_at } => {
                let (started_at, completed_at) = (*started_at, None);
                let run =
                    ScrapeRunRow { id: *id, started_at, completed_at, scoring_complete: false };
                copy_in(tx, &[run]).await?;
            }
            Change::CompleteScrape { id, completed_at } => {
                let set = format!("completed_at = {TIME}, has_new_jobs = true");
                let sql = format!("update scrape_runs set {set} where id = $2");
                execute(tx, &sql, &[(completed_at, Type::INT8), (id, Type::UUID)]).await?;
            }
            Change::InsertJob { job, skills } => {
                self.jobs.push(job.as_ref().clone());
                self.job_skills.extend_from_slice(skills);
            }
            Change::CleanJob { id, role_family, seniority_level, skills } => {
                let sql = "update jobs set jd_cleaned = true, role_family = $2, \
                           seniority_level = $3 where id = $1";
                let values: [Parameter<'_>; 3] =
                    [(id, Type::UUID), (role_family, Type::TEXT), (seniority_level, Type::TEXT)];
                execute(tx, sql, &values).await?;
                self.job_skills.extend_from_slice(skills);
            }
            Change::SeeJobs { ids, at } => {
                let sql = format!("update jobs set last_seen_at = {TIME} where id = any($2)");
                execute(tx, &sql, &[(at, Type::INT8), (ids, Type::UUID_ARRAY)]).await?;
            }
            Change::StaleJobs { ids } => {
                let sql = "update jobs set is_active = false where id = any($1)";
                execute(tx, sql, &[(ids, Type::UUID_ARRAY)]).await?;
            }
            Change::DeleteJobs { ids } => {
                let sql = "delete from jobs where id = any($1)";
                execute(tx, sql, &[(ids, Type::UUID_ARRAY)]).await?;
            }
            Change::InsertUser(new) => {
                self.users.push(new.user.clone());
                self.roles.extend_from_slice(&new.roles);
                self.prefs.extend_from_slice(&new.prefs);
                self.resumes.extend_from_slice(&new.resumes);
            }
            Change::EditProfile { user_id, profile, at } => {
                let sql = "update users set tier = $2, city_canonical = $3, \
                           cities_preferred = $4, work_modes_preferred = $5, \
                           expected_salary_lpa = $6::numeric, experience_years = $7::numeric \
                           where id = $1";
                let salary = profile.expected_salary_lpa.map(|value| decimal(value, 2));
                let years = profile.experience_years.map(|value| decimal(value, 1));
                let values: [Parameter<'_>; 7] = [
                    (user_id, Type::UUID),
                    (&profile.tier, Type::TEXT),
                    (&profile.city_canonical, Type::TEXT),
                    (&profile.cities_preferred, Type::TEXT_ARRAY),
                    (&profile.work_modes_preferred, Type::TEXT_ARRAY),
                    (&salary, Type::TEXT),
                    (&years, Type::TEXT),
                ];
                execute(tx, sql, &values).await?;
                mark_stale(tx, user_id, *at).await?;
            }
            Change::UploadResume { upload, at } => {
                let user_id = &upload.resume.user_id;
                let set = format!("is_primary = false, updated_at = {TIME}");
                let sql = format!("update resumes set {set} where user_id = $2 and is_primary");
                execute(tx, &sql, &[(at, Type::INT8), (user_id, Type::UUID)]).await?;
                copy_in(tx, std::slice::from_ref(&upload.resume)).await?;
                mark_stale(tx, user_id, *at).await?;
            }
            Change::AddRole { role } => {
                copy_in(tx, std::slice::from_ref(role)).await?;
                mark_stale(tx, &role.user_id, role.created_at).await?;
            }
            Change::RemoveRole { user_id, role_family, at } => {
                let sql = "delete from user_target_roles where user_id = $1 and role_family = $2";
                execute(tx, sql, &[(user_id, Type::UUID), (role_family, Type::TEXT)]).await?;
                mark_stale(tx, user_id, *at).await?;
            }
            Change::PreferCompany { pref, marks_stale } => {
                copy_in(tx, std::slice::from_ref(pref)).await?;
                if *marks_stale {
                    mark_stale(tx, &pref.user_id, pref.created_at).await?;
                }
            }
            Change::DeleteUser { id } => {
                execute(tx, "delete from users where id = $1", &[(id, Type::UUID)]).await?;
            }
        }
        Ok(())
    }

    /// Referenced rows first.
    async fn flush(&mut self, tx: &Transaction<'_>) -> Result<(), Error> {
        copy_in(tx, &std::mem::take(&mut self.jobs)).await?;
        copy_in(tx, &std::mem::take(&mut self.job_skills)).await?;
        copy_in(tx, &std::mem::take(&mut self.users)).await?;
        copy_in(tx, &std::mem::take(&mut self.roles)).await?;
        copy_in(tx, &std::mem::take(&mut self.prefs)).await?;
        copy_in(tx, &std::mem::take(&mut self.resumes)).await
    }
}

/// `$1`, microseconds since the Unix epoch, as a time: exact up to the year 2255.
const TIME: &str = "timestamptz 'epoch' + $1::float8 * interval '1 microsecond'";

type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

async fn mark_stale(tx: &Transaction<'_>, user_id: &Uuid, at: i64) -> Result<(), Error> {
    let set = format!("fit_scores_stale = true, updated_at = {TIME}");
    let sql = format!("update users set {set} where id = $2");
    execute(tx, &sql, &[(&at, Type::INT8), (user_id, Type::UUID)]).await
}

async fn execute(tx: &Transaction<'_>, sql: &str, values: &[Parameter<'_>]) -> Result<(), Error> {
    tx.execute_typed(sql, values).await.map_err(PgError::query("applying a night"))?;
    Ok(())
}

/// A number in the server's own notation.
fn decimal(value: Numeric, scale: usize) -> String {
    let Numeric::Units(units) = value else { return "NaN".to_owned() };
    let digits = format!("{:0width$}", units.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    format!("{}{whole}.{fraction}", if units < 0 { "-" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_server_reads_them() {
        assert_eq!(decimal(Numeric::Units(1850), 2), "18.50");
        assert_eq!(decimal(Numeric::Units(-1), 2), "-0.01");
        assert_eq!(decimal(Numeric::Units(0), 1), "0.0");
        assert_eq!(decimal(Numeric::Units(45), 1), "4.5");
        assert_eq!(decimal(Numeric::NaN, 1), "NaN");
    }
}
