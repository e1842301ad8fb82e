//! What the role of a night may do, and what it must never see: each missing right is told before
//! anything is written, row-level security hides nothing in silence, and no name or secret comes
//! out.

mod support;

use std::{collections::BTreeMap, path::Path};

use arrow::array::{AsArray, ListArray};
use fs_err as fs;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::json;
use support::{Data, Db, ENGINE_ROLE, Place, Run, assert_rows, canonical, night, sorted, talvix};
use talvix_fixtures::{
    generate::{Dirt, Options, generate},
    nights::{self, Change, NightOptions},
    tables::Tables,
};
use talvix_pg::schema::grants_sql;
use uuid::Uuid;

const FIRST: &str = "2026-11-16T17:00:00Z";
const SECOND: &str = "2026-11-17T17:00:00Z";

/// Every table that a night reads or writes.
const TABLES: [&str; 12] = [
    "users",
    "user_target_roles",
    "user_company_prefs",
    "resumes",
    "jobs",
    "job_skills",
    "scrape_runs",
    "job_fit_scores",
    "user_fit_score_cursors",
    "salary_benchmarks",
    "model_weights",
    "agent_logs",
];

/// Granted, but not needed by the run itself.
const SPARE: [(&str, &str); 2] = [("job_fit_scores", "update"), ("agent_logs", "select")];

fn options() -> Options {
    Options {
        jobs: 300,
        users: 80,
        seed: 49,
        paid_share: 0.3,
        as_of_us: FIRST.parse::<jiff::Timestamp>().unwrap().as_microsecond(),
        dirt: Dirt::Database,
        ..Options::default()
    }
}

fn tables() -> Tables {
    generate(&options())
}

fn run(db: &Db, role: &str, extra: &[&str]) -> Run {
    let url = db.url_as(role);
    let storage = db.storage().to_str().unwrap();
    let args = ["run", "--database-url", &url, "--storage", storage, "--as-of", FIRST];
    talvix(&[&args, extra].concat())
}

/// A run that is refused names all of these, and writes nothing.
#[track_caller]
fn refused(db: &Db, said: &[&str]) -> Run {
    let run = run(db, ENGINE_ROLE, &[]).ended(4);
    for text in said {
        assert!(run.stderr.contains(text), "{text:?} is not in: {}", run.stderr);
    }
    assert_eq!(run.stdout, "");
    let written = "select (select count(*) from job_fit_scores)
        + (select count(*) from user_fit_score_cursors)
        + (select count(*) from agent_logs where agent_name = 'fit_scorer')
        + (select count(*) from users where not fit_scores_stale)";
    assert_eq!(db.query_i64(written), 0, "{said:?}");
    assert!(!db.storage().join("model-data/scoring_model_2026-W47.json.gz").exists());
    run
}

/// What the file of grants gives: table, privilege, columns (none: the whole table).
fn grants() -> Vec<(String, String, Vec<String>)> {
    let lines = grants_sql().lines().filter(|line| !line.trim_start().starts_with("--"));
    let sql = lines.collect::<Vec<_>>().join(" ");
    let mut grants = Vec::new();
    for statement in sql.split(';') {
        let Some(rest) = statement.trim().strip_prefix("grant ") else { continue };
        let Some((what, rest)) = rest.split_once(" on public.") else { continue };
        let on = rest.split_once(" to ").unwrap().0;
        for table in on.split(',') {
            let table = table.trim().trim_start_matches("public.");
            let mut depth = 0;
            let privileges = what.split(|letter| {
                depth += i32::from(letter == '(') - i32::from(letter == ')');
                letter == ',' && depth == 0
            });
            for privilege in privileges {
                let (name, columns) = privilege.split_once('(').unwrap_or((privilege, ""));
                let columns = columns.trim_end().trim_end_matches(')').split(',').map(str::trim);
                let columns = columns.filter(|name| !name.is_empty()).map(str::to_owned).collect();
                grants.push((table.to_owned(), name.trim().to_owned(), columns));
            }
        }
    }
    grants
}

#[test]
fn a_missing_grant_is_named_before_anything_is_written() {
    let db = Db::new(&tables());
    let grants = grants();
    let covered: Vec<&str> = grants.iter().map(|(table, ..)| table.as_str()).collect();
    assert!(TABLES.iter().all(|table| covered.contains(table)), "{grants:?}");
    assert!(grants.len() >= 20, "{grants:?}");
    for (table, privilege, columns) in &grants {
        if SPARE.contains(&(table, privilege)) {
            continue;
        }
        let columns = columns.join(", ");
        let what =
            if columns.is_empty() { privilege.clone() } else { format!("{privilege} ({columns})") };
        db.sql(&format!("revoke {what} on public.{table} from {ENGINE_ROLE}"));
        let said = format!("on public.{table}: `talvix schema print --grants`");
        refused(&db, &[&format!("may not {}", privilege.to_uppercase()), &said]);
        db.sql(&format!("grant {what} on public.{table} to {ENGINE_ROLE}"));
    }
    run(&db, ENGINE_ROLE, &[]).ended(0);
}

#[test]
fn a_missing_grant_on_one_column_is_named() {
    let db = Db::new(&tables());
    let of_users = grants().into_iter().filter(|(table, ..)| table == "users");
    for (_, privilege, columns) in of_users {
        for column in columns {
            db.sql(&format!("revoke {privilege} ({column}) on users from {ENGINE_ROLE}"));
            let said = format!("may not {} ({column}) on public.users", privilege.to_uppercase());
            refused(&db, &[&said]);
            db.sql(&format!("grant {privilege} ({column}) on users to {ENGINE_ROLE}"));
        }
    }
    run(&db, ENGINE_ROLE, &[]).ended(0);
}

#[test]
fn all_missing_rights_are_told_at_once_and_a_dry_run_needs_no_right_to_write() {
    let db = Db::new(&tables());
    db.sql(&format!(
        "revoke insert, update, delete on all tables in schema public from {ENGINE_ROLE};
         revoke update (fit_scores_stale, dashboard_ready) on users from {ENGINE_ROLE};
         revoke update (is_new) on jobs from {ENGINE_ROLE};
         revoke update (scoring_complete) on scrape_runs from {ENGINE_ROLE}"
    ));
    let dry = run(&db, ENGINE_ROLE, &["--dry-run", "--json"]).ended(0).json();
    assert!(dry["rows"]["inserted"].as_u64() > Some(0));
    refused(
        &db,
        &[
            "INSERT on public.job_fit_scores",
            "DELETE on public.job_fit_scores",
            "UPDATE (dashboard_ready, fit_scores_stale) on public.users",
            "UPDATE (is_new) on public.jobs",
            "on public.agent_logs",
            "on public.user_fit_score_cursors",
        ],
    );
    db.sql(&format!("revoke usage on schema public from public, {ENGINE_ROLE}"));
    refused(&db, &["schema public"]);
}

// --- row-level security ---

fn turn_on_row_security(db: &Db) {
    for table in TABLES {
        db.sql(&format!("alter table {table} enable row level security"));
    }
}

#[test]
fn row_level_security_without_policies_stops_the_run_and_names_the_tables() {
    let db = Db::new(&tables());
    turn_on_row_security(&db);
    db.sql(
        "do $$ declare p record; begin
           for p in select policyname, tablename from pg_policies where schemaname = 'public' loop
             execute format('drop policy %I on %I', p.policyname, p.tablename);
           end loop; end $$",
    );
    let hidden = TABLES.map(|table| format!("row-level security on public.{table} hides rows"));
    refused(&db, &hidden.each_ref().map(String::as_str));
}

#[test]
fn a_policy_that_shows_some_rows_only_stops_the_run() {
    let db = Db::new(&tables());
    turn_on_row_security(&db);
    db.sql("create policy not_all on jobs as restrictive for select using (company <> 'x')");
    let run =
        refused(&db, &["row-level security on public.jobs hides rows from the role (SELECT)"]);
    assert!(!run.stderr.contains("public.users"), "{}", run.stderr);
    db.sql(
        "drop policy not_all on jobs;
         drop policy talvix_engine_update on users;
         create policy own on users for update using (id = gen_random_uuid())",
    );
    refused(&db, &["row-level security on public.users hides rows from the role (UPDATE)"]);
}

#[test]
fn where_row_level_security_asks_for_a_temporary_table_the_right_to_it_is_checked() {
    let db = Db::new(&tables());
    db.sql(&format!("revoke temporary on database {} from public, {ENGINE_ROLE}", db.name()));
    turn_on_row_security(&db);
    refused(&db, &["TEMPORARY"]);
    run(&db, ENGINE_ROLE, &["--dry-run"]).ended(0);
    db.sql("alter table job_fit_scores disable row level security");
    run(&db, ENGINE_ROLE, &[]).ended(0);
}

/// A role that row-level security does not apply to, with the engine's grants. Roles are shared by
/// all databases of a server: it has a name of its own.
struct Bypassing<'a>(&'a Db, String);

impl<'a> Bypassing<'a> {
    fn new(db: &'a Db) -> Self {
        let name = format!("talvix_bypassing_{}", Uuid::new_v4().simple());
        db.sql(&format!("create role {name} login bypassrls in role {ENGINE_ROLE}"));
        Self(db, name)
    }
}

impl Drop for Bypassing<'_> {
    fn drop(&mut self) {
        self.0.sql(&format!("drop role {}", self.1));
    }
}

impl Place for Bypassing<'_> {
    fn source_args(&self) -> Vec<String> {
        let mut args = self.0.source_args();
        args[1] = self.0.url_as(&self.1);
        args
    }

    fn tables(&self) -> Tables {
        self.0.tables()
    }

    fn apply(&self, changes: &[Change]) {
        self.0.apply(changes);
    }
}

#[test]
fn with_policies_or_bypassing_them_nights_write_the_same_rows() {
    let start = tables();
    let [open, guarded, bypassed] = [(); 3].map(|()| Db::new(&start));
    turn_on_row_security(&guarded);
    turn_on_row_security(&bypassed);
    let bypassing = Bypassing::new(&bypassed);
    let places: [&dyn Place; 3] = [&open, &guarded, &bypassing];
    let mut changes = Vec::new();
    for as_of in [FIRST, SECOND] {
        for place in places {
            place.apply(&changes);
            night(place, as_of, &["--chunk-users", "20"]);
        }
        let expected = canonical(&open.tables());
        assert_rows(&canonical(&guarded.tables()), &expected, "with policies");
        assert_rows(&canonical(&bypassing.tables()), &expected, "with BYPASSRLS");
        changes = nights::night(&sorted(open.tables()), 2, &NightOptions::new(options())).changes;
    }
}

// --- names that are meant ill ---

/// Whoever may put a schema before `public` could put tables and functions there that are taken for
/// ours.
#[test]
fn tables_and_functions_of_another_schema_are_not_taken_for_ours() {
    let start = tables();
    let (open, shadowed) = (Db::new(&start), Db::new(&start));
    shadowed.sql(&format!(
        "create schema evil;
         grant usage on schema evil to public;
         do $$ declare t text; begin
           foreach t in array array['{}'] loop
             execute format('create table evil.%I (like public.%I)', t, t);
             execute format('grant all on evil.%I to public', t);
           end loop;
         end $$;
         create function evil.pg_try_advisory_xact_lock(bigint) returns boolean language plpgsql as
           $$ begin raise exception 'shadowed'; end $$;
         create function evil.pg_current_xact_id() returns xid8 language plpgsql as
           $$ begin raise exception 'shadowed'; end $$;
         create function evil.pg_is_in_recovery() returns boolean language plpgsql as
           $$ begin raise exception 'shadowed'; end $$;
         create function evil.has_column_privilege(text, text, text) returns boolean
           language plpgsql as $$ begin raise exception 'shadowed'; end $$;
         create function evil.current_setting(text) returns text language plpgsql as
           $$ begin raise exception 'shadowed'; end $$;
         alter database {} set search_path = evil, pg_catalog, public",
        TABLES.join("', '"),
        shadowed.name()
    ));
    for db in [&open, &shadowed] {
        run(db, ENGINE_ROLE, &["--chunk-users", "20"]).ended(0);
    }
    let evil = "select sum(rows)::bigint from (select (xpath('/row/n/text()', query_to_xml(
                  format('select count(*) as n from evil.%I', relname), false, true, '')))[1]::text
                  ::bigint as rows from pg_class where relnamespace = 'evil'::regnamespace
                  and relkind = 'r') counts";
    assert_eq!(shadowed.query_i64(evil), 0);
    shadowed.sql(&format!("alter database {} reset search_path", shadowed.name()));
    assert_rows(&canonical(&shadowed.tables()), &canonical(&open.tables()), "shadowed");
}

/// Names of databases, roles and programs reach the server as values.
#[test]
fn names_with_quotes_and_statements_are_names() {
    const NAME: &str = "x\"; drop table users; --' \\";
    let db = Db::new(&tables());
    let (quoted, literal) = (NAME.replace('"', "\"\""), NAME.replace('\'', "''"));
    let server = support::admin_info();
    let (host, port) = (server.host(), server.port());
    let keyword = NAME.replace('\\', "\\\\").replace('\'', "\\'");
    let storage = db.storage().to_str().unwrap();
    let begin = ["run", "--storage", storage, "--as-of", FIRST];
    // A database and a role that are not there.
    for (database, role) in [(keyword.as_str(), ENGINE_ROLE), (db.name(), keyword.as_str())] {
        let url = format!(
            "host='{host}' port={port} dbname='{database}' user='{role}' password='canary'"
        );
        let run = talvix(&[&begin[..], &["--database-url", &url]].concat()).ended(4);
        assert!(run.stderr.contains("does not exist"), "{}", run.stderr);
        holds_no_canary(&run);
    }
    // A role that is, and a program that calls itself so. Roles are the server's: another test's
    // database cannot do without it, and none makes it.
    db.sql(&format!("create role \"{quoted}\" login in role {ENGINE_ROLE}"));
    let url = format!(
        "host='{host}' port={port} dbname={} user='{keyword}' application_name='{keyword}'",
        db.name()
    );
    let run = talvix(&[&begin[..], &["--database-url", &url]].concat());
    db.sql(&format!("drop role \"{quoted}\""));
    let run = run.ended(0);
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    assert!(db.query_i64("select count(*) from users") > 0);
    assert_eq!(
        db.query_i64(&format!("select count(*) from pg_roles where rolname = '{literal}'")),
        0
    );
}

#[test]
fn a_password_on_the_command_line_is_warned_of_and_never_told() {
    const WARNING: &str = "shows in the list of processes";
    let db = Db::new(&tables());
    let server = support::admin_info();
    let url = |password: &str| {
        let (host, port, name) = (server.host(), server.port(), db.name());
        format!("host='{host}' port={port} dbname={name} user={ENGINE_ROLE} {password}")
    };
    let storage = db.storage().to_str().unwrap();
    let begin = ["run", "-vv", "--storage", storage, "--as-of", FIRST];
    for (password, is_warned) in [("password=canary", true), ("", false)] {
        let url = url(password);
        let run = talvix(&[&begin[..], &["--database-url", &url]].concat()).ended(0);
        assert_eq!(run.stderr.contains(WARNING), is_warned, "{}", run.stderr);
        holds_no_canary(&run);
    }
    let output = support::command(&begin)
        .env("DATABASE_URL", url("password=canary"))
        .env("PGSSLCERT", "/canary-file")
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && !stderr.contains(WARNING), "{stderr}");
    assert!(stderr.contains("PGSSLCERT is set"), "{stderr}");
    assert!(!stderr.contains("canary"), "{stderr}");
}

/// The last line of a failure is for programs where the log is.
#[test]
fn a_failure_in_a_log_of_json_ends_with_an_object() {
    let db = Db::new(&tables());
    db.sql(&format!("revoke select on public.job_skills from {ENGINE_ROLE}"));
    for (extra, status) in [(&[][..], 4), (&["--threads", "0"], 2), (&["--user", "x"], 2)] {
        let extra = [&["--log-format", "json"], extra].concat();
        let run = run(&db, ENGINE_ROLE, &extra).ended(status);
        let lines: Vec<serde_json::Value> =
            run.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let last = lines.last().unwrap().as_object().unwrap();
        assert_eq!(last.keys().collect::<Vec<_>>(), ["error", "status"], "{}", run.stderr);
        assert_eq!(last["status"], status);
        assert!(!last["error"].as_str().unwrap().is_empty());
    }
}

// --- what must not come out ---

#[test]
fn a_function_that_runs_as_its_owner_is_warned_of() {
    let db = Db::new(&tables());
    db.sql(
        "create function sql_query(query text) returns void language plpgsql security definer
         as $$ begin execute query; end $$",
    );
    let report = run(&db, ENGINE_ROLE, &["--json"]).ended(0).json();
    let warning = report["warnings"][0].as_str().unwrap();
    assert!(warning.contains("sql_query(text)") && warning.contains("revoke"), "{warning}");
    db.sql(grants_sql());
    let report = run(&db, ENGINE_ROLE, &["--json"]).ended(0).json();
    assert_eq!(report["warnings"], json!([]));
}

#[test]
fn the_role_cannot_read_names_addresses_and_tokens() {
    let db = Db::empty();
    let secret = format!(
        "select count(*) from pg_attribute
         where attrelid = 'users'::regclass and has_column_privilege('{ENGINE_ROLE}', attrelid, attnum, 'select')
         and attname in ('email', 'full_name', 'avatar_url', 'google_id', 'oauth_access_token',
                         'oauth_refresh_token', 'wa_phone', 'razorpay_subscription_id')"
    );
    assert_eq!(db.query_i64(&secret), 0);
    let sessions = format!(
        "select has_any_column_privilege('{ENGINE_ROLE}', 'user_connections', 'select')::int"
    );
    assert_eq!(db.query_i64(&sessions), 0);
}

#[test]
fn publishing_needs_to_read_the_log_and_says_so_before_anything_is_written() {
    let db = Db::new(&tables());
    let snapshots = tempfile::tempdir().unwrap();
    let publish = ["--snapshots", snapshots.path().to_str().unwrap()];
    db.sql(&format!("revoke select (metadata) on public.agent_logs from {ENGINE_ROLE}"));
    let refused = run(&db, ENGINE_ROLE, &publish).ended(4);
    let said = "may not SELECT (metadata) on public.agent_logs";
    assert!(refused.stderr.contains(said), "{}", refused.stderr);
    assert_eq!(db.query_i64("select count(*) from job_fit_scores"), 0);
    run(&db, ENGINE_ROLE, &[]).ended(0);
    db.sql(&format!("grant select (metadata) on public.agent_logs to {ENGINE_ROLE}"));
    run(&db, ENGINE_ROLE, &publish).ended(0);
}

/// Names, addresses and tokens that no output may hold.
fn with_canaries() -> Tables {
    let mut tables = tables();
    for (number, user) in tables.users.iter_mut().enumerate() {
        user.email = format!("canary-{number}@example.org");
        user.full_name = format!("Canary Name {number}");
    }
    let damaged = tables.users[3].id;
    tables.parsed_resumes.insert(damaged, b"{\"raw_text\": \"canary".to_vec());
    tables
}

#[track_caller]
fn holds_no_canary(run: &Run) {
    for text in [&run.stdout, &run.stderr] {
        assert!(!text.to_lowercase().contains("canary"), "{text}");
    }
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
}

/// What was published, as it lies there and decoded, and the pages and explanations made of it.
fn no_published_file_holds_a_canary(snapshots: &Path) {
    let mut num_runs = 0;
    let mut folders = vec![snapshots.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            let raw = String::from_utf8_lossy(&bytes).to_lowercase();
            assert!(!raw.contains("canary"), "{}", path.display());
            if path.extension().is_some_and(|of| of == "parquet") {
                let file = fs::File::open(&path).unwrap().into_file();
                let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
                for batch in builder.build().unwrap() {
                    for column in batch.unwrap().columns() {
                        let lists = column.as_list_opt::<i32>().map(ListArray::values);
                        let texts = lists.unwrap_or(column).as_string_opt::<i32>();
                        let mut texts = texts.into_iter().flatten().flatten();
                        assert!(
                            !texts.any(|text| text.to_lowercase().contains("canary")),
                            "{}",
                            path.display()
                        );
                    }
                }
                num_runs += usize::from(path.to_string_lossy().contains("/runs/"));
            }
        }
    }
    assert!(num_runs >= 2, "{num_runs} runs were published");
    let at = ["report", "--snapshots", snapshots.to_str().unwrap()];
    let run = ["latest"];
    holds_no_canary(&talvix(&[&at[..], &run, &["--text"]].concat()).ended(0));
    holds_no_canary(&talvix(&[&at[..], &run, &["--out", "-"]].concat()).ended(0));
}

#[test]
fn no_output_of_a_night_on_a_database_holds_a_name_or_a_secret() {
    let db = Db::new(&with_canaries());
    db.sql(
        "update users set oauth_access_token = 'canary-token', oauth_refresh_token = 'canary-token',
             wa_phone = 'canary-' || id, google_id = 'canary-' || id, avatar_url = 'canary';
         insert into user_connections (user_id, platform, session_encrypted, session_iv)
             select id, 'linkedin', 'canary', 'canary' from users;
         update resumes set original_name = 'canary.pdf', summary = '{\"canary\": 1}'",
    );

    // Nights that fail in a row of a user: the server's own words hold the row.
    db.sql("alter table users add constraint stays_stale check (fit_scores_stale) not valid");
    let constraint = run(&db, ENGINE_ROLE, &["-vv"]).ended(1);
    holds_no_canary(&constraint);
    assert!(constraint.stderr.contains("stays_stale"), "{}", constraint.stderr);
    db.sql(
        "alter table users drop constraint stays_stale;
         create function tell() returns trigger language plpgsql as
             $$ begin raise exception 'no, %', old.email using detail = old.full_name; end $$;
         create trigger tell before update on users for each row execute function tell()",
    );
    let trigger = run(&db, ENGINE_ROLE, &["-vv"]).ended(1);
    holds_no_canary(&trigger);
    assert!(trigger.stderr.contains("P0001"), "{}", trigger.stderr);
    db.sql("drop trigger tell on users");

    let snapshots = tempfile::tempdir().unwrap();
    let url = snapshots.path().to_str().unwrap();
    for extra in [["-vv", "--dry-run"], ["-vv", "--json"], ["-vv", "--mode=full"]] {
        let extra = [&extra[..], &["--snapshots", url]].concat();
        holds_no_canary(&run(&db, ENGINE_ROLE, &extra).ended(0));
    }
    no_published_file_holds_a_canary(snapshots.path());
    let user = db.query("select min(user_id::text) from job_fit_scores").remove(0);
    let place = db.source_args();
    let explain = ["explain", "-vv", "--as-of", FIRST, "--user", &user];
    let explain = [&explain[..], &place.iter().map(String::as_str).collect::<Vec<_>>()].concat();
    holds_no_canary(&talvix(&explain).ended(0));
    let logged = "select count(*) from agent_logs where agent_logs::text ilike '%canary%'";
    assert_eq!(db.query_i64(logged), 0);
}

#[test]
fn no_output_of_a_night_on_a_dataset_holds_a_name_or_a_secret() {
    let data = Data::new(&with_canaries());
    let dir = data.dir().to_str().unwrap();
    let args = ["run", "--dataset", dir, "--as-of", FIRST, "-vv"];
    let snapshots = tempfile::tempdir().unwrap();
    let url = snapshots.path().to_str().unwrap();
    for extra in [vec!["--dry-run"], vec!["--json"], vec!["--mode", "full"]] {
        let publish = ["--snapshots", url];
        let run = talvix(&[args.as_slice(), &publish, extra.as_slice()].concat()).ended(0);
        holds_no_canary(&run);
    }
    no_published_file_holds_a_canary(snapshots.path());
    // The names themselves were carried through.
    let names: BTreeMap<Uuid, String> =
        data.tables().users.into_iter().map(|user| (user.id, user.full_name)).collect();
    assert!(names.values().all(|name| name.starts_with("Canary Name")));
    // A file that does not fit is told without its rows.
    fs::write(data.table("users"), "PAR1 canary").unwrap();
    holds_no_canary(&talvix(&args).ended(4));
}
