//! The data model on a real server: brought about, checked, and enforced.

use std::future::Future;

use talvix_pg::error::{describe, sqlstate};
use talvix_pg::schema::{self, Lack};
use talvix_pg::{Conninfo, connect};
use tokio_postgres::Client;

/// A database of its own for one test. Dropped at the end, also of a test that fails.
struct Database {
    admin: Conninfo,
    name: String,
}

impl Database {
    async fn new() -> Self {
        let url = std::env::var("TALVIX_TEST_PG").expect(
            "TALVIX_TEST_PG is not set: run scripts/test, which starts a server for the tests",
        );
        let admin = Conninfo::resolve(Some(&url), &|_| None, None).unwrap();
        let name = format!("talvix_test_{}", uuid::Uuid::new_v4().simple());
        let client = connect(&admin, "talvix tests").await.unwrap();
        client.batch_execute(&format!("create database {name}")).await.unwrap();
        Self { admin, name }
    }

    async fn client(&self) -> Client {
        connect(&self.admin.clone().with_dbname(&self.name), "talvix tests").await.unwrap()
    }

    async fn client_as(&self, role: &str) -> Client {
        let info = self.admin.clone().with_dbname(&self.name).with_user(role);
        connect(&info, "talvix tests").await.unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let admin = self.admin.clone();
        let statement = format!("drop database if exists {} with (force)", self.name);
        // A thread and runtime of its own: there is no awaiting in a drop.
        let dropped = std::thread::spawn(move || {
            block_on(async {
                if let Ok(client) = connect(&admin, "talvix tests").await {
                    let _ = client.batch_execute(&statement).await;
                }
            });
        });
        // A database left behind goes with the tests' server.
        let _ = dropped.join();
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A database that `schema apply` was run on.
async fn applied() -> (Database, Client) {
    let database = Database::new().await;
    let mut client = database.client().await;
    schema::apply(&mut client).await.unwrap();
    (database, client)
}

async fn run(client: &Client, sql: &str) {
    if let Err(error) = client.batch_execute(sql).await {
        panic!("{sql}: {}", describe(&error));
    }
}

async fn refusal(client: &Client, sql: &str) -> String {
    match client.batch_execute(sql).await {
        Ok(()) => panic!("accepted: {sql}"),
        Err(error) => sqlstate(&error).map_or_else(|| describe(&error), str::to_owned),
    }
}

fn lines(lacks: &[Lack]) -> Vec<String> {
    lacks.iter().map(ToString::to_string).collect()
}

const ASHA: &str = "00000000-0000-0000-0000-00000000000a";
const JOB: &str = "00000000-0000-0000-0000-0000000000f0";
const PROMPT: &str = "00000000-0000-0000-0000-0000000000e0";

/// One row that other rows can refer to.
fn rows() -> String {
    let hash = "0123456789abcdef".repeat(4);
    format!(
        "insert into users (id, email, full_name, wa_phone, oauth_access_token)
           values ('{ASHA}', 'asha@example.org', 'Asha', '+911', 'canary-token');
         insert into jobs (id, fingerprint, title, company, company_canonical)
           values ('{JOB}', '{hash}', 'Engineer', 'Acme', 'acme');
         insert into prompt_versions (id, agent_name, version, prompt_text, active)
           values ('{PROMPT}', 'coach', 1, 'text', true);
         insert into model_performance_snapshots (week_start_date, agent_name)
           values ('2026-11-16', 'coach');
         insert into resumes (user_id, file_hash, original_name, file_type)
           values ('{ASHA}', '{hash}', 'cv.pdf', 'pdf');
         insert into job_skills (job_id, skill_name, skill_type)
           values ('{JOB}', 'Rust', 'required');
         insert into job_fit_scores
             (user_id, job_id, fit_score, fit_label, recommendation, week_number, year_number)
           values ('{ASHA}', '{JOB}', 80, 'strong', 'apply', 47, 2026);"
    )
}

#[test]
fn the_manifest_is_what_the_migrations_make() {
    block_on(async {
        let database = Database::new().await;
        let client = database.client().await;
        run(&client, &schema::sql()).await;
        let fresh = schema::catalogue_tsv(&client).await.unwrap();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/manifest.tsv");
        if std::env::var_os("TALVIX_UPDATE_MANIFEST").is_some() {
            fs_err::write(path, &fresh).unwrap();
        }
        // The server words definitions; a major version may word one differently.
        let stored = fs_err::read_to_string(path).unwrap();
        assert!(
            fresh == stored,
            "migrations/ and migrations/manifest.tsv differ: \
             run this test with TALVIX_UPDATE_MANIFEST=1 and look at the difference"
        );
    });
}

#[test]
fn apply_makes_everything_and_then_nothing() {
    block_on(async {
        let database = Database::new().await;
        let mut client = database.client().await;
        let first = schema::apply(&mut client).await.unwrap();
        assert_eq!(first.added.iter().filter(|l| matches!(l, Lack::Table { .. })).count(), 25);
        assert_eq!(first.left, []);
        assert_eq!(schema::check(&client, None).await.unwrap(), []);

        run(
            &client,
            "update model_weights set weight_value = 0.4, updated_by = 'calibration' \
                      where weight_name = 'skills_match_weight'",
        )
        .await;
        let before = everything(&client).await;
        let second = schema::apply(&mut client).await.unwrap();
        assert_eq!(second, schema::Applied::default());
        assert_eq!(everything(&client).await, before);
        // What `schema print` prints may be run on top of it, too.
        run(&client, &schema::sql()).await;
        assert_eq!(schema::catalogue_tsv(&client).await.unwrap(), before.0);
    });
}

/// The catalogue, the weights with their row versions, and how often triggers were made.
async fn everything(client: &Client) -> (String, Vec<String>) {
    let rows = client
        .query_typed(
            "select concat_ws(' ', weight_name, weight_value, updated_by, xmin) \
             from model_weights union all select concat_ws(' ', tgname, xmin) from pg_trigger \
             union all select concat_ws(' ', proname, xmin) from pg_proc where prorettype = 'trigger'::regtype \
             order by 1",
            &[],
        )
        .await
        .unwrap();
    (schema::catalogue_tsv(client).await.unwrap(), rows.iter().map(|row| row.get(0)).collect())
}

#[test]
fn two_applies_at_once_take_turns() {
    block_on(async {
        let database = Database::new().await;
        let (mut one, mut two) = (database.client().await, database.client().await);
        let (one, two) = tokio::join!(schema::apply(&mut one), schema::apply(&mut two));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one.added.is_empty(), !two.added.is_empty());
    });
}

#[test]
fn the_weights_are_the_twenty_three_within_their_bounds() {
    block_on(async {
        let (_database, client) = applied().await;
        let row = client
            .query_typed_one(
                "select count(*), count(*) filter (where weight_value between min_value and max_value), \
                 sum(weight_value)::text from model_weights",
                &[],
            )
            .await
            .unwrap();
        assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (23, 23));
        // Added up by hand from the documented table.
        assert_eq!(row.get::<_, String>(2), "443.3500");
    });
}

#[test]
fn an_older_database_is_brought_up_to_date_and_keeps_what_is_its_own() {
    block_on(async {
        let (database, client) = applied().await;
        run(&client, &rows()).await;
        run(
            &client,
            "alter table jobs drop column exp_min_years, drop column exp_max_years;
             drop index job_fit_scores_job_id_idx;
             alter table jobs drop constraint jobs_work_mode_check;
             alter table users reset (autovacuum_vacuum_scale_factor);
             alter table user_target_roles drop constraint user_target_roles_user_id_role_family_key;
             create unique index theirs on user_target_roles (user_id, role_family);
             alter table user_company_prefs drop constraint
               user_company_prefs_user_id_company_canonical_pref_type_key;
             alter table users rename constraint users_persona_check to theirs;
             alter table users drop constraint users_tier_check, add constraint users_tier_check
               check (tier in ('free', 'student', 'professional'));
             alter table users drop constraint users_daily_apply_limit_check,
               add check (daily_apply_limit <= 50);
             alter table scrape_runs alter column scoring_complete drop not null,
               alter column scoring_complete drop default;
             alter table job_skills add column weight integer;
             drop table linkedin_daily_limits;
             create table system_daily_limits (date date primary key);",
        )
        .await;
        drop(client);

        let mut client = database.client().await;
        let applied = schema::apply(&mut client).await.unwrap();
        let added = applied.to_string();
        for want in [
            "added table linkedin_daily_limits\n",
            "added column jobs.exp_max_years\n",
            "added column jobs.exp_min_years\n",
            "added constraint jobs_work_mode_check on jobs\n",
            "added index job_fit_scores_job_id_idx on job_fit_scores\n",
            "added index user_company_prefs_user_id_company_canonical_pref_type_key on ",
            "added storage parameter autovacuum_vacuum_scale_factor = 0.02 on users\n",
            "added not null on scrape_runs.scoring_complete\n",
            "added default false on scrape_runs.scoring_complete\n",
            "left alone: constraint users_daily_apply_limit_check on users: expected CHECK",
        ] {
            assert!(added.contains(want), "{want}\n{added}");
        }
        assert_eq!(applied.added.len(), 9, "{added}");
        assert_eq!(applied.left.len(), 1, "{added}");
        assert_eq!(schema::check(&client, None).await.unwrap(), applied.left);
        assert_eq!(schema::apply(&mut client).await.unwrap().added, []);
        run(&client, "update users set tier = 'student', daily_apply_limit = 50").await;
    });
}

#[test]
fn rows_that_break_a_missing_rule_stop_apply_and_nothing_is_changed() {
    block_on(async {
        let (database, client) = applied().await;
        run(
            &client,
            "alter table jobs drop constraint jobs_work_mode_check, drop column posted_at",
        )
        .await;
        run(&client, &rows()).await;
        run(&client, "update jobs set work_mode = 'moon'").await;
        let mut client2 = database.client().await;
        let error = schema::apply(&mut client2).await.unwrap_err().to_string();
        assert_eq!(
            error,
            "adding constraint jobs_work_mode_check on jobs: SQLSTATE 23514 (check_violation), \
             table public.jobs, constraint jobs_work_mode_check; \
             rows that are there already break it: mend them, then run this again"
        );
        assert_eq!(schema::check(&client, None).await.unwrap().len(), 2);
    });
}

#[test]
fn check_lists_each_lack() {
    block_on(async {
        let (_database, client) = applied().await;
        for (break_it, want) in [
            ("drop table ab_test_runs", "table ab_test_runs is missing: run"),
            ("alter table jobs drop column exp_min_years", "column jobs.exp_min_years is missing"),
            (
                "alter table jobs alter column posted_at type date",
                "column jobs.posted_at is date, expected timestamp with time zone",
            ),
            (
                "alter table users alter column tier drop not null",
                "not null on users.tier is missing",
            ),
            (
                "alter table users alter column fit_scores_stale drop default",
                "default true on users.fit_scores_stale is missing",
            ),
            (
                "alter table job_fit_scores drop constraint job_fit_scores_fit_score_check",
                "constraint job_fit_scores_fit_score_check on job_fit_scores is missing",
            ),
            (
                "alter table job_applications drop constraint job_applications_job_id_fkey,
                 add foreign key (job_id) references jobs on delete cascade",
                "constraint job_applications_job_id_fkey on job_applications: expected FOREIGN KEY",
            ),
            (
                "alter table jobs drop constraint jobs_fingerprint_check,
                 add constraint jobs_fingerprint_check check (fingerprint ~ '^[0-9a-f]{64}$') not valid",
                "constraint jobs_fingerprint_check on jobs: expected CHECK",
            ),
            (
                "alter table job_fit_scores drop constraint job_fit_scores_user_id_job_id_key",
                "index job_fit_scores_user_id_job_id_key on job_fit_scores is missing",
            ),
            (
                "drop index job_fit_scores_job_id_idx",
                "index job_fit_scores_job_id_idx on job_fit_scores is missing",
            ),
            (
                "drop index resumes_primary_idx",
                "index resumes_primary_idx on resumes is missing",
            ),
            (
                "alter table user_target_roles disable trigger user_target_roles_at_most_five",
                "trigger user_target_roles_at_most_five on user_target_roles is missing",
            ),
            (
                "create or replace function user_target_roles_at_most_five() returns trigger
                 language plpgsql as 'begin return null; end'",
                "function user_target_roles_at_most_five() is missing or not this version's",
            ),
            (
                "alter table job_fit_scores reset (autovacuum_vacuum_scale_factor)",
                "storage parameter autovacuum_vacuum_scale_factor = 0.02 on job_fit_scores",
            ),
            (
                "create function sql_query(query text) returns void language sql
                 security definer as ''",
                "function public.sql_query(query text) runs with the rights of its owner and public",
            ),
        ] {
            run(&client, &format!("begin; {break_it}")).await;
            let found = lines(&schema::check(&client, None).await.unwrap());
            run(&client, "rollback").await;
            assert_eq!(found.len(), 1, "{break_it}: {found:#?}");
            assert!(found[0].starts_with(want), "{break_it}: {found:#?}");
        }
        assert_eq!(schema::check(&client, None).await.unwrap(), []);
        let nobody = schema::check(&client, Some("no_such_role")).await.unwrap();
        assert!(lines(&nobody)[0].starts_with("role no_such_role is missing"), "{nobody:?}");
    });
}

#[test]
fn sql_query_is_taken_from_everyone() {
    block_on(async {
        let (database, mut client) = applied().await;
        run(&client, schema::grants_sql()).await;
        run(
            &client,
            "create function sql_query(query text) returns setof json language plpgsql
                      security definer as 'begin return query execute query; end'",
        )
        .await;
        let engine = database.client_as("talvix_engine").await;
        for (client, role) in [(&client, Some("talvix_engine")), (&engine, None)] {
            let found = schema::check(client, role).await.unwrap();
            assert_eq!(
                found,
                [Lack::SecurityDefiner {
                    function: "public.sql_query(query text)".to_owned(),
                    role: "talvix_engine".to_owned(),
                }]
            );
        }
        assert!(schema::apply(&mut client).await.unwrap().revoked_sql_query);
        assert_eq!(schema::check(&engine, None).await.unwrap(), []);
        assert_eq!(refusal(&engine, "select sql_query('select 1')").await, "42501");

        run(&client, "grant execute on function sql_query to public").await;
        run(&client, schema::grants_sql()).await;
        assert_eq!(schema::check(&engine, None).await.unwrap(), []);
        assert!(!schema::apply(&mut client).await.unwrap().revoked_sql_query);
    });
}

/// Bad values, each as the statement and the SQLSTATE that refuses it.
fn bad_values() -> Vec<(String, &'static str)> {
    const CHECK: &str = "23514";
    const UNIQUE: &str = "23505";
    let mut bad: Vec<(String, &str)> = Vec::new();
    for set in [
        "tier = 'student'",
        "tier = 'Free'",
        "persona = 'robot'",
        "work_modes_preferred = '{remote,moon}'",
        "work_modes_preferred = '{null}'",
        "daily_apply_limit = 4",
        "daily_apply_limit = 26",
        "daily_apply_count = -1",
        "monthly_apply_count = -1",
    ] {
        bad.push((format!("update users set {set}"), CHECK));
    }
    for set in [
        "fingerprint = 'abc'",
        "fingerprint = upper(fingerprint)",
        "work_mode = 'moon'",
        "employment_type = 'gig'",
        "seniority_level = 'vp'",
    ] {
        bad.push((format!("update jobs set {set}"), CHECK));
    }
    for set in [
        "file_hash = 'abc'",
        "file_hash = upper(file_hash)",
        "file_type = 'odt'",
        "parse_status = 'lost'",
    ] {
        bad.push((format!("update resumes set {set}"), CHECK));
    }
    for set in
        ["fit_score = 39", "fit_score = 101", "fit_label = 'poor'", "recommendation = 'maybe'"]
    {
        bad.push((format!("update job_fit_scores set {set}"), CHECK));
    }
    for (columns, values) in [
        ("status", "'lost'"),
        ("auto_status", "'lost'"),
        ("method", "'lost'"),
        ("platform", "'lost'"),
        ("tier_at_apply", "'3'"),
        ("fit_score_at_apply", "101"),
        ("fit_score_at_apply", "-1"),
        ("retry_count", "-1"),
        ("fu_stop_reason", "'lost'"),
        ("li_connection_status", "'lost'"),
    ] {
        bad.push((
            format!(
                "insert into job_applications (user_id, {columns}) values ('{ASHA}', {values})"
            ),
            CHECK,
        ));
    }
    for (table, columns, values) in [
        ("user_target_roles", "role_family, display_name, priority", "'a', 'A', 0"),
        ("user_target_roles", "role_family, display_name, priority", "'a', 'A', 6"),
        ("user_company_prefs", "company_canonical, pref_type", "'acme', 'like'"),
        ("user_company_prefs", "company_canonical, pref_type", "'Acme', 'dream'"),
        ("user_connections", "platform", "'naukri'"),
        ("user_connections", "platform, viewport", "'indeed', '1x1'"),
        ("user_connections", "platform, consecutive_failures", "'indeed', -1"),
        ("linkedin_daily_limits", "connections_sent", "-1"),
        ("linkedin_daily_limits", "messages_sent", "-1"),
        ("linkedin_daily_limits", "profile_views", "-1"),
        ("skill_gap_results", "top_gaps", "'[1,2,3,4]'"),
        ("skill_gap_results", "top_gaps", "'{}'"),
        ("skill_gap_results", "top_gaps", "'1'"),
        ("career_intelligence", "career_score", "101"),
        ("career_intelligence", "market_demand_score", "-1"),
        ("notifications", "channel, event_type, body, expires_at", "'sms', 'a', 'b', now()"),
        (
            "notifications",
            "channel, event_type, body, expires_at, priority",
            "'email', 'a', 'b', now(), 'mid'",
        ),
        (
            "notifications",
            "channel, event_type, body, expires_at, status",
            "'email', 'a', 'b', now(), 'lost'",
        ),
        ("learning_signals", "signal_type", "'sneezed'"),
        ("agent_logs", "agent_name, status, expires_at", "'a', 'lost', now()"),
        (
            "agent_logs",
            "agent_name, status, expires_at, error_message",
            "'a', 'failed', now(), repeat('ü', 501)",
        ),
    ] {
        bad.push((
            format!("insert into {table} (user_id, {columns}) values ('{ASHA}', {values})"),
            CHECK,
        ));
    }
    let hash = "0123456789abcdef".repeat(4);
    let ab = "insert into ab_test_runs (agent_name, variant_a_id, variant_b_id,";
    for (statement, state) in [
        (format!("insert into job_sources (job_id, platform, apply_url) values ('{JOB}', 'x', 'u')"), CHECK),
        (format!("insert into job_skills (job_id, skill_name, skill_type) values ('{JOB}', 'a', 'x')"), CHECK),
        ("insert into wa_bot_health (id) values (2)".to_owned(), CHECK),
        ("insert into wa_bot_health (status) values ('lost')".to_owned(), CHECK),
        ("insert into calibration_runs (run_type, status) values ('x', 'failed')".to_owned(), CHECK),
        ("insert into calibration_runs (run_type, status) values ('layer2_daily', 'x')".to_owned(), CHECK),
        ("insert into model_performance_snapshots (week_start_date, agent_name) values ('2026-11-22', 'a')".to_owned(), CHECK),
        ("update model_weights set weight_value = 0.51 where weight_name = 'skills_match_weight'".to_owned(), CHECK),
        ("update model_weights set min_value = 'NaN' where weight_name = 'skills_match_weight'".to_owned(), CHECK),
        (format!("{ab} status) values ('a', '{PROMPT}', '{PROMPT}', 'lost')"), CHECK),
        (format!("{ab} winner_id) values ('a', '{PROMPT}', '{PROMPT}', '{PROMPT}')"), CHECK),
        (format!("{ab} winner_id, confidence_pct) values ('a', '{PROMPT}', '{PROMPT}', '{PROMPT}', 94.99)"), CHECK),
        // Keys.
        (format!("insert into resumes (user_id, file_hash, original_name, file_type) values ('{ASHA}', repeat('1', 64), 'b', 'pdf')"), UNIQUE),
        (format!("insert into resumes (user_id, file_hash, original_name, file_type, is_primary) values ('{ASHA}', '{hash}', 'b', 'pdf', false)"), UNIQUE),
        (format!("insert into job_skills (job_id, skill_name, skill_type) values ('{JOB}', 'RUST', 'required')"), UNIQUE),
        ("insert into users (email, full_name) values ('asha@example.org', 'x')".to_owned(), UNIQUE),
        ("insert into users (email, full_name, wa_phone) values ('b', 'x', '+911')".to_owned(), UNIQUE),
        (format!("insert into jobs (fingerprint, title, company, company_canonical) values ('{hash}', 'a', 'b', 'b')"), UNIQUE),
        ("insert into model_performance_snapshots (week_start_date, agent_name) values ('2026-11-16', 'coach')".to_owned(), UNIQUE),
        ("insert into model_weights (weight_name, weight_value, min_value, max_value) values ('experience_weight', 1, 1, 1)".to_owned(), UNIQUE),
        ("insert into prompt_versions (agent_name, version, prompt_text, active) values ('coach', 2, 'b', true)".to_owned(), UNIQUE),
        (format!("insert into job_fit_scores (user_id, job_id, fit_score, fit_label, recommendation, week_number, year_number) values ('{ASHA}', '{JOB}', 80, 'strong', 'apply', 47, 2026)"), UNIQUE),
        // References and nulls.
        (format!("insert into user_fit_score_cursors (user_id) values ('{JOB}')"), "23503"),
        (format!("insert into job_sources (job_id, platform, apply_url) values ('{ASHA}', 'indeed', 'u')"), "23503"),
        ("insert into users (email) values ('b')".to_owned(), "23502"),
        (format!("insert into notifications (user_id, channel, event_type, body) values ('{ASHA}', 'email', 'a', 'b')"), "23502"),
        // Never deleted.
        ("delete from model_performance_snapshots".to_owned(), "23001"),
        ("truncate model_performance_snapshots".to_owned(), "23001"),
    ] {
        bad.push((statement, state));
    }
    bad
}

#[test]
fn each_rule_refuses_a_bad_value() {
    block_on(async {
        let (_database, client) = applied().await;
        run(&client, &rows()).await;
        for (statement, state) in bad_values() {
            assert_eq!(refusal(&client, &statement).await, state, "{statement}");
        }
        // The good ones beside them pass.
        run(
            &client,
            &format!(
                "insert into skill_gap_results (user_id, top_gaps) values ('{ASHA}', '[1,2,3]');
                 insert into ab_test_runs (agent_name, variant_a_id, variant_b_id, winner_id, confidence_pct)
                   values ('a', '{PROMPT}', '{PROMPT}', '{PROMPT}', 95);
                 insert into agent_logs (agent_name, status, expires_at, error_message)
                   values ('a', 'failed', now(), repeat('ü', 500));
                 insert into job_applications (user_id, job_id, tier_at_apply) values ('{ASHA}', '{JOB}', '1');
                 insert into job_sources (job_id, platform, apply_url) values ('{JOB}', 'indeed', 'u');
                 delete from jobs;
                 do $$ begin
                   assert (select job_id is null from job_applications);
                   assert not exists (select from job_fit_scores);
                 end $$;"
            ),
        )
        .await;
        // The weekly figures outlive the user, who takes everything else along.
        run(
            &client,
            "delete from users; do $$ begin
                        assert (select count(*) from resumes) = 0;
                        assert (select count(*) from model_performance_snapshots) = 1;
                      end $$",
        )
        .await;
    });
}

#[test]
fn every_check_of_the_manifest_is_tried() {
    block_on(async {
        let (_database, client) = applied().await;
        run(&client, &rows()).await;
        let mut tried = std::collections::BTreeSet::new();
        for (statement, _) in bad_values() {
            let error = client.batch_execute(&statement).await.unwrap_err();
            tried.extend(error.as_db_error().and_then(|e| e.constraint()).map(str::to_owned));
        }
        let checks = client
            .query_typed(
                "select conname::text from pg_constraint \
                 where contype = 'c' and connamespace = 'public'::regnamespace",
                &[],
            )
            .await
            .unwrap();
        assert!(checks.len() > 40, "{}", checks.len());
        for check in checks {
            let name: String = check.get(0);
            assert!(tried.contains(&name), "no bad value for {name}");
        }
    });
}

#[test]
fn a_sixth_target_role_is_refused() {
    block_on(async {
        let (database, client) = applied().await;
        run(&client, &rows()).await;
        let add = |name: &str| {
            format!(
                "insert into user_target_roles (user_id, role_family, display_name) \
                 values ('{ASHA}', '{name}', '{name}')"
            )
        };
        for name in ["a", "b", "c", "d"] {
            run(&client, &add(name)).await;
        }
        // Two at once: the second waits for the first and then counts it.
        let other = database.client().await;
        run(&client, &format!("begin; {}", add("e"))).await;
        let sixth = add("f");
        let (refused, ()) = tokio::join!(refusal(&other, &sixth), async {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            run(&client, "commit").await;
        });
        assert_eq!(refused, "23514");
        assert_eq!(refusal(&client, &add("f")).await, "23514");
        // Saying again what is there is no sixth.
        let again =
            format!("{} on conflict (user_id, role_family) do update set priority = 2", add("e"));
        run(&client, &again).await;
        run(&client, "delete from user_target_roles where role_family = 'a'").await;
        run(&client, &add("f")).await;
    });
}

const RUN_STATEMENTS: &[&str] = &[
    "select id, tier, city_canonical, cities_preferred, work_modes_preferred, expected_salary_lpa,
       experience_years, fit_scores_stale, skill_gap_stale, career_intel_stale, dashboard_ready, xmin
     from users",
    "select id, user_id, file_hash, parse_status, is_primary, updated_at, xmin from resumes",
    "select id, company_canonical, city_canonical, work_mode, seniority_level, role_family,
       salary_min_lpa, salary_max_lpa, exp_min_years, exp_max_years, posted_at, is_active, is_new,
       jd_cleaned, xmin from jobs",
    "select * from job_skills",
    "select id, user_id, role_family, priority from user_target_roles",
    "select user_id, company_canonical, pref_type from user_company_prefs",
    "select id, started_at, completed_at, scoring_complete from scrape_runs",
    "select * from salary_benchmarks",
    "select * from model_weights",
    "select id from users for key share",
    "select id from jobs for key share",
    "create temporary table stage (like job_fit_scores) on commit drop",
    "delete from job_fit_scores",
    "insert into job_fit_scores (user_id, job_id, fit_score, fit_label, recommendation, week_number,
       year_number) select u.id, j.id, 90, 'strong', 'apply', 47, 2026 from users u, jobs j",
    "update job_fit_scores set fit_score = 91",
    "insert into user_fit_score_cursors (user_id) select id from users
       on conflict (user_id) do update set last_scored_at = now()",
    "update users set fit_scores_stale = false, dashboard_ready = true where fit_scores_stale",
    "update jobs set is_new = false where is_new",
    "update scrape_runs set scoring_complete = true where not scoring_complete",
    "insert into agent_logs (agent_name, status, expires_at, metadata)
       values ('fit_scorer', 'completed', now(), '{}') returning id",
    "select id, agent_name, status, metadata, created_at from agent_logs",
];

const FORBIDDEN_STATEMENTS: &[&str] = &[
    "select email from users",
    "select full_name from users",
    "select oauth_access_token from users",
    "select wa_phone from users",
    "select * from users",
    "select original_name from resumes",
    "select * from resumes",
    "select * from user_connections",
    "select id from job_applications",
    "select error_message from agent_logs",
    "update users set tier = 'paid'",
    "update jobs set is_active = false",
    "delete from users",
    "delete from jobs",
    "delete from agent_logs",
    "insert into model_weights (weight_name, weight_value, min_value, max_value) values ('a',1,1,1)",
    "create table mine (id integer)",
];

#[test]
fn the_engine_role_may_do_its_work_and_nothing_else() {
    block_on(async {
        let (database, client) = applied().await;
        run(&client, &rows()).await;
        run(&client, "insert into scrape_runs (completed_at) values (now())").await;
        // As often as one likes.
        for _ in 0..2 {
            run(&client, schema::grants_sql()).await;
        }
        let engine = database.client_as("talvix_engine").await;
        for row_security in ["disable", "enable"] {
            run(
                &client,
                &format!(
                    "do $$ declare t text; begin
                       for t in select tablename from pg_tables where schemaname = 'public' loop
                         execute format('alter table %I {row_security} row level security', t);
                       end loop;
                     end $$"
                ),
            )
            .await;
            assert_eq!(schema::check(&engine, None).await.unwrap(), [], "{row_security}");
            run(&engine, "begin").await;
            for statement in RUN_STATEMENTS {
                run(&engine, statement).await;
            }
            // With the switch that makes hidden rows an error.
            let hidden = "set local row_security = off";
            if row_security == "disable" {
                run(&engine, &format!("{hidden}; select id from jobs")).await;
            }
            let changed = engine
                .query_typed_one(
                    "select (select count(*) from users where not fit_scores_stale)
                                    + (select count(*) from jobs where not is_new)
                                    + (select count(*) from job_fit_scores where fit_score = 91)",
                    &[],
                )
                .await
                .unwrap();
            assert_eq!(changed.get::<_, i64>(0), 3, "{row_security}");
            run(&engine, "rollback").await;
            for statement in FORBIDDEN_STATEMENTS {
                assert_eq!(refusal(&engine, statement).await, "42501", "{statement}");
            }
        }

        run(&client, "drop policy talvix_engine_update on jobs;
                      create policy narrow on users as restrictive to talvix_engine using (tier = 'free')").await;
        let found = lines(&schema::check(&client, Some("talvix_engine")).await.unwrap());
        assert_eq!(found.len(), 3, "{found:#?}");
        assert!(
            found[0].starts_with(
                "row-level security on jobs hides rows from talvix_engine (update): run grants/"
            ),
            "{found:#?}"
        );
        assert!(found[2].contains("users"), "{found:#?}");
    });
}
