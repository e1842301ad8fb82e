//! What `talvix run` promises beyond a plain night: weeks, options, refusals, signals, and what
//! others may do in the database meanwhile. Through the real binary, with its exit statuses.

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};

use arrow::{
    array::{ArrayRef, RecordBatch},
    datatypes::{DataType, Field, Schema},
};
use fs_err as fs;
use parquet::arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder};
use serde_json::{Value, json};
use support::{
    Data, Db, Place, Run, aliases, assert_rows, assert_scores, canonical, command, night,
    score_rows, sorted, spawn, talvix,
};
use talvix_dataset::Dataset;
use talvix_fixtures::{
    generate::{Dirt, Options, ResumeFile, generate},
    nights::{self, Change, NightOptions, Upload},
    oracle::{Model, Weights},
    tables::{CompanyPrefRow, JobRow, Numeric, ResumeRow, Tables},
};
use uuid::Uuid;

/// Monday of week 47; the second night is a day later.
const FIRST: &str = "2026-11-16T17:00:00Z";
const SECOND: &str = "2026-11-17T17:00:00Z";
const LATER: &str = "2026-11-17T18:00:00Z";
const PINNED: &str = "model-data/scoring_model_2026-W47.json.gz";
const WEIGHTS: &str = "model-data/weights_current.json";

fn us(time: &str) -> i64 {
    time.parse::<jiff::Timestamp>().unwrap().as_microsecond()
}

fn options() -> Options {
    Options {
        jobs: 500,
        users: 130,
        seed: 47,
        paid_share: 0.3,
        as_of_us: us(FIRST),
        dirt: Dirt::Database,
        ..Options::default()
    }
}

fn tables() -> Tables {
    generate(&options())
}

/// The same tables in a database and in a dataset.
fn places(tables: &Tables) -> [Box<dyn Place>; 2] {
    [Box::new(Db::new(tables)), Box::new(Data::new(tables))]
}

/// Each place twice: one to disturb, one to compare it with.
fn pairs(tables: &Tables) -> [[Box<dyn Place>; 2]; 2] {
    [
        [Box::new(Db::new(tables)), Box::new(Db::new(tables))],
        [Box::new(Data::new(tables)), Box::new(Data::new(tables))],
    ]
}

/// What happens before the second night; more users change something than usual.
fn second_night(place: &dyn Place) -> Vec<Change> {
    let options = NightOptions { changed_users_per_mille: 150, ..NightOptions::new(options()) };
    let night = nights::night(&sorted(place.tables()), 2, &options);
    assert_eq!(night.as_of_us, us(SECOND));
    night.changes
}

fn run_args(place: &dyn Place, as_of: &str, extra: &[&str]) -> Vec<String> {
    let mut args = vec!["run".to_owned(), "--as-of".to_owned(), as_of.to_owned()];
    args.extend(place.source_args());
    args.extend(extra.iter().map(ToString::to_string));
    args
}

fn strs(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

/// A run that may end in any way.
fn run(place: &dyn Place, as_of: &str, extra: &[&str]) -> Run {
    talvix(&strs(&run_args(place, as_of, extra)))
}

/// A run that is refused: nothing on standard output, no row and no file touched.
#[track_caller]
fn refused(place: &dyn Place, status: i32, extra: &[&str], said: &[&str]) {
    let before = (sorted(place.tables()), files(&storage(place)));
    let run = run(place, FIRST, extra).ended(status);
    says(&run, said);
    assert!(before == (sorted(place.tables()), files(&storage(place))), "something was written");
}

#[track_caller]
fn says(run: &Run, said: &[&str]) {
    assert_eq!(run.stdout, "", "a report of a run that failed");
    for text in said {
        assert!(run.stderr.contains(text), "{text:?} is not in: {}", run.stderr);
    }
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
}

fn storage(place: &dyn Place) -> PathBuf {
    let args = place.source_args();
    match args.iter().position(|arg| arg == "--storage") {
        Some(at) => PathBuf::from(&args[at + 1]),
        None => Path::new(&args[1]).join("storage"),
    }
}

/// Every file below a folder; a link stands for itself.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            let target = fs::read_link(&path).unwrap();
            found.insert(path, target.into_os_string().into_encoded_bytes());
        } else if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            found.insert(path, bytes);
        }
    }
    found
}

fn pin(tables: &Tables) -> Model {
    Model::pin(tables, &aliases(), Weights::from_rows(&tables.model_weights))
}

/// Who can be scored, in the order of ids, which is that of chunks.
fn scoreable(tables: &Tables) -> Vec<Uuid> {
    let outcome = pin(tables).full_scan(tables, &aliases(), 0, None);
    outcome.prefiltered.into_keys().collect()
}

/// Of those who can be scored, who is marked stale and who is not.
fn stale_and_others(tables: &Tables) -> (Vec<Uuid>, Vec<Uuid>) {
    let stale: BTreeSet<Uuid> =
        tables.users.iter().filter(|user| user.fit_scores_stale).map(|user| user.id).collect();
    scoreable(tables).into_iter().partition(|user| stale.contains(user))
}

fn is_stale(tables: &Tables, id: Uuid) -> bool {
    tables.users.iter().find(|user| user.id == id).unwrap().fit_scores_stale
}

fn job(tables: &Tables, id: Uuid) -> &JobRow {
    tables.jobs.iter().find(|job| job.id == id).unwrap()
}

// --- weeks and models ---

#[test]
fn a_week_begins_on_monday_in_india_with_a_model_of_its_own() {
    let start = tables();
    let everyone = scoreable(&start).len();
    let someone = scoreable(&start)[3].to_string();
    for place in places(&start) {
        let place = place.as_ref();
        let sunday = night(place, "2026-11-22T17:00:00Z", &[]);
        assert_eq!(sunday["users"]["full_reasons"], json!({ "model_pinned": everyone }));
        let late = night(place, "2026-11-22T18:29:59Z", &[]);
        assert_eq!(late["week"], "2026-W47");
        assert_eq!(late["outcome"], "nothing_to_do");
        assert_eq!(late["model_id"], sunday["model_id"]);
        let old_model = fs::read(storage(place).join(PINNED)).unwrap();

        // Half an hour past midnight in India is this minute in UTC. One user first: the rest meet
        // a week whose model is there already.
        let one = night(place, "2026-11-22T18:30:00Z", &["--user", &someone]);
        assert_eq!(one["week"], "2026-W48");
        assert_eq!(one["users"]["full_reasons"], json!({ "model_pinned": 1 }));
        assert_ne!(one["model_id"], sunday["model_id"]);
        let before = place.tables();
        let rest = night(place, "2026-11-22T18:31:00Z", &[]);
        assert_eq!(rest["users"]["full_reasons"], json!({ "other_week": everyone - 1 }));
        assert_eq!(rest["users"]["left_alone"], 1);
        assert_eq!(rest["model_id"], one["model_id"]);

        let after = place.tables();
        assert!(after.job_fit_scores.iter().all(|row| row.week_number == 48), "old rows stay");
        assert_scores(&after, &before, &pin(&start), us("2026-11-22T18:31:00Z"), "week 48");
        assert_eq!(fs::read(storage(place).join(PINNED)).unwrap(), old_model);
        assert!(storage(place).join("model-data/scoring_model_2026-W48.json.gz").exists());

        let next = night(place, "2026-11-29T18:30:00Z", &[]);
        assert_eq!(next["week"], "2026-W49");
        assert_eq!(next["users"]["full_reasons"], json!({ "model_pinned": everyone }));
    }
}

#[test]
fn repin_makes_a_new_model_and_scores_everyone_with_it_also_when_killed_in_between() {
    let start = tables();
    let everyone = scoreable(&start).len();
    let someone = scoreable(&start)[3].to_string();
    for place in places(&start) {
        let place = place.as_ref();
        let first = night(place, FIRST, &[]);
        refused(place, 2, &["--repin", "--mode", "delta"], &["--repin", "delta"]);

        let mut changed = start.clone();
        reweigh(place, &mut changed, "skills_match_weight", 5_000);
        let same = night(place, "2026-11-16T17:30:00Z", &["--mode", "full"]);
        assert_eq!(same["model_id"], first["model_id"], "weights wait for the next model");
        assert_eq!(same["rows"]["inserted"], 0);
        let before = place.tables();
        let repinned = night(place, "2026-11-16T18:00:00Z", &["--repin"]);
        assert_ne!(repinned["model_id"], first["model_id"]);
        assert_eq!(repinned["users"]["full_reasons"], json!({ "model_pinned": everyone }));
        assert!(repinned["rows"]["updated"].as_u64().unwrap() > 0);
        let at = us("2026-11-16T18:00:00Z");
        assert_scores(&place.tables(), &before, &pin(&changed), at, "repinned");

        // A run that dies right after it has pinned leaves what a run for one user leaves.
        reweigh(place, &mut changed, "skills_match_weight", 2_000);
        let killed = night(place, "2026-11-16T19:00:00Z", &["--repin", "--user", &someone]);
        let before = place.tables();
        let next = night(place, "2026-11-16T20:00:00Z", &[]);
        assert_eq!(next["model_id"], killed["model_id"]);
        assert_eq!(next["users"]["full_reasons"], json!({ "model_pinned": everyone - 1 }));
        let at = us("2026-11-16T20:00:00Z");
        assert_scores(&place.tables(), &before, &pin(&changed), at, "after the kill");
    }
}

/// Sets a weight, in ten-thousandths, in storage and in the tables that the oracle reads.
fn reweigh(place: &dyn Place, tables: &mut Tables, name: &str, units: i64) {
    let path = storage(place).join(WEIGHTS);
    let mut weights: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    weights[name] = json!(units as f64 / 10_000.0);
    fs::write(&path, weights.to_string()).unwrap();
    let rows = tables.model_weights.iter_mut();
    for row in rows.filter(|row| row.weight_name == name) {
        row.weight_value = Numeric::Units(units);
    }
}

// --- one user, dry runs, modes ---

#[test]
fn a_run_for_one_user_touches_nobody_and_nothing_else() {
    for [place, twin] in pairs(&tables()) {
        let (place, twin) = (place.as_ref(), twin.as_ref());
        night(place, FIRST, &[]);
        night(twin, FIRST, &[]);
        let changes = second_night(twin);
        place.apply(&changes);
        twin.apply(&changes);

        let before = place.tables();
        let (stale, others) = stale_and_others(&before);
        for (user, mode) in [(stale[1], "full"), (others[1], "delta")] {
            let before = place.tables();
            let report = night(place, SECOND, &["--user", &user.to_string()]);
            assert_eq!(report["users"]["scored"], 1);
            assert_eq!(report["users"][mode], 1, "{report}");
            let after = place.tables();
            assert!(without(&after, user) == without(&before, user), "somebody else's rows");
            assert!(!is_stale(&after, user));
            let cursors = &after.user_fit_score_cursors;
            let cursor = cursors.iter().find(|row| row.user_id == user).unwrap();
            assert_eq!(cursor.last_scored_at, Some(us(SECOND)));
        }
        night(place, SECOND, &[]);
        night(twin, SECOND, &[]);
        let (found, expected) = (canonical(&place.tables()), canonical(&twin.tables()));
        assert_rows(&found, &expected, "after runs for two users and a plain one");

        let nobody = Uuid::from_u128(7).to_string();
        refused(place, 2, &["--user", &nobody], &[&nobody]);
        refused(place, 2, &["--user", "asha"], &["user", "asha"]);
    }
}

/// The tables without what a run for this user writes.
fn without(tables: &Tables, id: Uuid) -> Tables {
    let mut tables = sorted(tables.clone());
    tables.job_fit_scores.retain(|row| row.user_id != id);
    tables.user_fit_score_cursors.retain(|row| row.user_id != id);
    for user in tables.users.iter_mut().filter(|user| user.id == id) {
        (user.fit_scores_stale, user.dashboard_ready) = (false, false);
    }
    tables
}

#[test]
fn a_dry_run_on_a_database_foretells_the_real_one_and_changes_nothing() {
    let db = Db::new(&tables());
    foretells(&db, || (db.counters(), files(db.storage())));

    let holder = db.session();
    holder.sql("begin; select pg_advisory_xact_lock(x'74616c766978'::bigint)");
    run(&db, LATER, &[]).ended(3);
    let dry = night(&db, LATER, &["--dry-run"]);
    assert_eq!(dry["dry_run"], true);
}

#[test]
fn a_dry_run_on_a_dataset_foretells_the_real_one_and_changes_nothing() {
    let data = Data::new(&tables());
    foretells(&data, || files(data.dir()));

    let _lock = Dataset::open(data.dir()).unwrap().lock("somebody").unwrap();
    run(&data, LATER, &[]).ended(3);
    night(&data, LATER, &["--dry-run"]);
}

fn foretells<S: PartialEq>(place: &dyn Place, state: impl Fn() -> S) {
    for (as_of, extra) in [(FIRST, vec![]), (SECOND, vec![]), (LATER, vec!["--repin"])] {
        if as_of == SECOND {
            place.apply(&second_night(place));
        }
        let before = state();
        let dry = night(place, as_of, &[&["--dry-run"], extra.as_slice()].concat());
        assert!(state() == before, "{as_of}: a dry run has written");
        let real = night(place, as_of, &extra);
        assert_eq!(dry["dry_run"], true);
        for key in ["outcome", "model_id", "jobs", "users", "pairs", "rows", "input_faults"] {
            assert_eq!(dry[key], real[key], "{as_of}: {key}");
        }
        assert!(state() != before, "{as_of}: the real run has written");
    }
}

#[test]
fn mode_full_scans_everyone_and_finds_what_an_ordinary_night_finds() {
    for [place, twin] in pairs(&tables()) {
        let (place, twin) = (place.as_ref(), twin.as_ref());
        night(place, FIRST, &[]);
        night(twin, FIRST, &[]);
        let changes = second_night(twin);
        place.apply(&changes);
        twin.apply(&changes);
        let auto = night(twin, SECOND, &[]);
        assert!(auto["users"]["delta"].as_u64() > auto["users"]["full"].as_u64(), "{auto}");
        let full = night(place, SECOND, &["--mode", "full"]);
        assert_eq!(full["users"]["full_reasons"], json!({ "asked": auto["users"]["scored"] }));
        assert_eq!(full["rows"], auto["rows"]);
        assert_rows(&canonical(&place.tables()), &canonical(&twin.tables()), "--mode full");
    }
}

#[test]
fn mode_delta_leaves_out_who_needs_a_full_scan_until_the_next_run() {
    for [place, twin] in pairs(&tables()) {
        let (place, twin) = (place.as_ref(), twin.as_ref());
        night(place, FIRST, &[]);
        night(twin, FIRST, &[]);
        let changes = second_night(twin);
        place.apply(&changes);
        twin.apply(&changes);
        let auto = night(twin, SECOND, &[]);
        let dry = run(place, SECOND, &["--mode", "delta", "--dry-run"]).ended(0);
        let line = format!("{} left out: they need a full scan", auto["users"]["full"]);
        assert!(dry.stdout.contains(&line), "{}", dry.stdout);

        let delta = night(place, SECOND, &["--mode", "delta"]);
        assert_eq!(delta["users"]["left_out"], auto["users"]["full"]);
        assert_eq!(delta["users"]["scored"], auto["users"]["delta"]);
        assert_eq!(delta["users"]["full"], 0);
        // The jobs are not new any more: who was left out must see them all the same.
        assert!(
            !place.tables().jobs.iter().any(|job| job.is_new
                && job.role_family.is_some()
                && job.is_active
                && job.jd_cleaned)
        );
        let rest = night(place, SECOND, &[]);
        assert_eq!(rest["users"]["full"], auto["users"]["full"]);
        assert_eq!(rest["users"]["delta"], 0);
        assert_rows(&canonical(&place.tables()), &canonical(&twin.tables()), "--mode delta");
    }
}

#[test]
fn with_nothing_to_do_a_run_says_so_and_ends_well() {
    for place in places(&tables()) {
        let place = place.as_ref();
        night(place, FIRST, &[]);
        let before = (sorted(place.tables()), files(&storage(place)));
        let report = night(place, LATER, &[]);
        assert_eq!(report["outcome"], "nothing_to_do");
        assert_eq!(report["rows"]["kept"], 0);
        let text = run(place, LATER, &[]).ended(0).stdout;
        assert!(text.contains("nothing to do"), "{text}");
        assert!(before == (sorted(place.tables()), files(&storage(place))));
    }
}

/// Some services forget to mark a user.
#[test]
fn a_company_that_was_blacklisted_in_silence_is_noticed() {
    for place in places(&tables()) {
        let place = place.as_ref();
        night(place, FIRST, &[]);
        let before = place.tables();
        let row = &before.job_fit_scores[0];
        let company = job(&before, row.job_id).company_canonical.clone();
        let is_known = |pref: &&CompanyPrefRow| {
            pref.user_id == row.user_id && pref.company_canonical == company
        };
        assert_eq!(before.user_company_prefs.iter().find(is_known), None);
        let pref = CompanyPrefRow {
            id: Uuid::from_u128(1),
            user_id: row.user_id,
            company_canonical: company,
            pref_type: "blacklist".to_owned(),
            created_at: us(SECOND),
        };
        place.apply(&[Change::PreferCompany { pref, marks_stale: false }]);
        let before = place.tables();
        let report = night(place, SECOND, &[]);
        assert_eq!(report["users"]["full_reasons"], json!({ "stored_differs": 1 }));
        assert_scores(&place.tables(), &before, &pin(&tables()), us(SECOND), "blacklisted");
    }
}

// --- one run at a time ---

#[test]
fn a_second_run_on_a_database_names_the_first_and_stops() {
    let db = Db::new(&tables());
    let holder = db.session();
    holder.sql("begin; lock table job_skills in access exclusive mode");
    let mut first = spawn(&strs(&run_args(&db, FIRST, &["-v", "--json"])));
    first.wait_for("loading");
    let second = run(&db, FIRST, &[]).ended(3);
    holder.sql("rollback");
    let first = first.end().ended(0).json();
    let name = format!("talvix run {}", first["run_id"].as_str().unwrap());
    says(&second, &["another run holds the lock", &name, "since 20"]);
    assert_eq!(night(&db, FIRST, &[])["outcome"], "nothing_to_do", "the lock is free again");
}

#[test]
fn a_second_run_on_a_dataset_names_the_first_and_stops() {
    let data = Data::new(&tables());
    let lock = Dataset::open(data.dir()).unwrap().lock("the run before").unwrap();
    refused(&data, 3, &[], &["the run before", "since 20"]);
    drop(lock);
    night(&data, FIRST, &[]);
}

// --- resumes that cannot be read ---

#[test]
fn strict_turns_unreadable_resumes_into_a_status_of_their_own_after_all_is_written() {
    for [place, twin] in pairs(&tables()) {
        let (place, twin) = (place.as_ref(), twin.as_ref());
        let someone = scoreable(&tables())[5];
        let file = format!("parsed-resumes/{someone}.json.gz");
        fs::write(storage(place).join(&file), "no gzip").unwrap();
        fs::write(storage(twin).join(&file), "no gzip").unwrap();
        let lax = night(twin, FIRST, &[]);
        assert!(lax["users"]["skipped"]["resume_unreadable"].as_u64() >= Some(1));
        let strict = run(place, FIRST, &["--strict", "--json"]).ended(5).json();
        assert_eq!(strict["users"], lax["users"]);
        assert_eq!(strict["rows"], lax["rows"]);
        assert_rows(&canonical(&place.tables()), &canonical(&twin.tables()), "--strict");
    }
}

#[test]
fn a_mount_full_of_broken_resumes_stops_the_run_before_it_writes() {
    for place in places(&tables()) {
        let place = place.as_ref();
        let resumes = storage(place).join("parsed-resumes");
        let all: Vec<_> = files(&resumes).into_keys().collect();
        for path in &all[..all.len() * 6 / 10] {
            fs::write(path, "no gzip").unwrap();
        }
        let folder = storage(place).display().to_string();
        refused(place, 1, &[], &["resumes cannot be read", "resume_gzip_damaged", &folder]);
    }
}

/// A mount that breaks while a night runs: what was written stays, and the next run does the rest.
#[test]
fn a_mount_that_breaks_meanwhile_stops_the_run_and_the_next_one_does_the_rest() {
    let start = tables();
    let (db, undisturbed) = (Db::new(&start), Db::new(&start));
    night(&undisturbed, FIRST, &[]);
    let resumes = storage(&db).join("parsed-resumes");
    let sound = files(&resumes);
    // In the order of the users' ids: the first third is loaded, scored and written.
    for path in sound.keys().skip(sound.len() / 3) {
        fs::write(path, "no gzip").unwrap();
    }
    let failed = run(&db, FIRST, &["--chunk-users", "1"]).ended(1);
    assert!(failed.stderr.contains("What was committed stays"), "{}", failed.stderr);
    assert!(db.query_i64("select count(*) from user_fit_score_cursors") > 0);
    let logged = "select count(*) from agent_logs where agent_name = 'fit_scorer'";
    assert_eq!(db.query_i64(logged), 0);

    for (path, bytes) in &sound {
        fs::write(path, bytes).unwrap();
    }
    night(&db, FIRST, &[]);
    assert_rows(&canonical(&db.tables()), &canonical(&undisturbed.tables()), "the next run");
}

// --- wrong use ---

#[test]
fn wrong_use_ends_with_status_2_and_names_what_is_wrong() {
    /// Arguments, environment, what is said.
    type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a [&'a str]);
    let data = Data::new(&Tables::default());
    let dir = data.dir().to_str().unwrap();
    let url = "postgresql://u:hunter2@127.0.0.1:1/d";
    let file = data.dir().join("unknown.toml");
    fs::write(&file, "chunk_user = 5").unwrap();
    let config = file.to_str().unwrap();
    let cases: [Case<'_>; 15] = [
        (&["--mode", "sideways"], &[], &["--mode", "sideways"]),
        (&["--frobnicate"], &[], &["--frobnicate"]),
        (&["--threads", "0"], &[], &["threads", "0"]),
        (&["--threads", "-3"], &[], &["-3"]),
        (&["--chunk-users", "many"], &[], &["chunk_users", "many"]),
        (&["--connections", "1000"], &[], &["connections", "1000"]),
        (&["--as-of", "yesterday"], &[], &["as_of", "yesterday"]),
        (&["--config", config], &[], &["chunk_user", "chunk_users", config]),
        (&["--config", "/none/talvix.toml"], &[], &["/none/talvix.toml"]),
        (&["--skill-aliases", "/none.csv"], &[], &["/none.csv"]),
        (&["--storage", "ftp://host/x"], &[], &["ftp://host/x"]),
        (&["--database-url", url], &[], &["database_url", "dataset", "one source"]),
        (&[], &[("TALVIX_THREADS", "all")], &["threads", "TALVIX_THREADS", "all"]),
        (&[], &[("TALVIX_STRICT", "perhaps")], &["strict", "TALVIX_STRICT", "perhaps"]),
        (&["-q", "-v"], &[], &["--verbose"]),
    ];
    for (args, env, said) in cases {
        let output = command(&["run", "--dataset", dir])
            .args(args)
            .envs(env.iter().copied())
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?} {env:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{args:?}");
        for text in said {
            assert!(stderr.contains(text), "{args:?} {env:?}: {text:?} is not in {stderr}");
        }
        assert!(!stderr.contains("hunter2"), "{stderr}");
    }
    let nowhere = talvix(&["run"]).ended(2);
    says(&nowhere, &["--database-url", "--dataset"]);
}

#[test]
fn settings_come_from_file_environment_and_command_line_in_this_order() {
    let folder = tempfile::tempdir().unwrap();
    let settings = "chunk_users = 1\nthreads = 2\nconnections = 3\nstrict = true\n";
    fs::write(folder.path().join("talvix.toml"), settings).unwrap();
    let output = command(&["run", "--print-config", "--chunk-users", "30"])
        .current_dir(folder.path())
        .env("TALVIX_CHUNK_USERS", "20")
        .env("TALVIX_THREADS", "21")
        .env("DATABASE_URL", "postgresql://u:hunter2@h/d")
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |name: &str| {
        let line = text.lines().find(|line| line.split(' ').next() == Some(name));
        line.unwrap().split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("chunk_users"), "30 (command line)");
    assert_eq!(line("threads"), "21 (environment TALVIX_THREADS)");
    assert_eq!(line("connections"), "3 (talvix.toml)");
    assert_eq!(line("strict"), "true (talvix.toml)");
    assert_eq!(line("mode"), "auto (default)");
    assert_eq!(line("dataset"), "(not set)");
    assert_eq!(line("database_url"), "*** (environment DATABASE_URL)");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!text.contains("hunter2") && !stderr.contains("hunter2"));
}

// --- what is unfit ---

#[test]
fn wrong_weights_stop_the_run_and_each_is_named() {
    for place in places(&tables()) {
        let place = place.as_ref();
        let path = storage(place).join(WEIGHTS);
        let sound = fs::read(&path).unwrap();
        let mut weights: Value = serde_json::from_slice(&sound).unwrap();
        weights["skills_match_weight"] = json!(0.75);
        weights["experience_weight"] = json!("much");
        weights.as_object_mut().unwrap().remove("salary_align_weight");
        fs::write(&path, weights.to_string()).unwrap();
        let each = [
            WEIGHTS,
            "skills_match_weight is 0.75",
            "experience_weight is not a number",
            "salary_align_weight is missing",
        ];
        refused(place, 4, &[], &each);
        fs::write(&path, "{").unwrap();
        refused(place, 4, &[], &[WEIGHTS, "JSON object"]);
    }
}

#[test]
fn without_the_file_the_weights_come_from_the_table_and_the_report_says_so() {
    let mut bare = tables();
    bare.model_weights.clear();
    let [with_file, without_file] = [Db::new(&tables()), Db::new(&tables())];
    fs::remove_file(without_file.storage().join(WEIGHTS)).unwrap();
    assert_eq!(night(&with_file, FIRST, &[])["warnings"], json!([]));
    let report = night(&without_file, FIRST, &[]);
    let warning = report["warnings"][0].as_str().unwrap();
    assert!(warning.contains(WEIGHTS) && warning.contains("table model_weights"), "{warning}");
    let (found, expected) = (canonical(&without_file.tables()), canonical(&with_file.tables()));
    assert_rows(&found, &expected, "weights from the table");

    let data = Data::new(&tables());
    fs::remove_file(data.storage().join(WEIGHTS)).unwrap();
    assert_eq!(night(&data, FIRST, &[])["warnings"].as_array().unwrap().len(), 1);

    let missing = [WEIGHTS, "model_weights", "skills_match_weight is missing"];
    let data = Data::new(&bare);
    fs::remove_file(data.storage().join(WEIGHTS)).unwrap();
    refused(&data, 4, &[], &missing);
    let db = Db::new(&tables());
    db.sql("delete from model_weights");
    fs::remove_file(db.storage().join(WEIGHTS)).unwrap();
    refused(&db, 4, &[], &missing);
}

#[test]
fn a_pinned_model_that_does_not_fit_stops_the_run_and_repin_helps() {
    for place in places(&tables()) {
        let place = place.as_ref();
        night(place, FIRST, &[]);
        let path = storage(place).join(PINNED);
        let sound = fs::read(&path).unwrap();
        let mut flipped = sound.clone();
        flipped[sound.len() / 2] ^= 1;
        for damaged in [&sound[..sound.len() / 2], &flipped, b"", b"{}"] {
            fs::write(&path, damaged).unwrap();
            refused(place, 4, &[], &[PINNED, "damaged", "--repin"]);
        }
        fs::write(&path, &sound).unwrap();
        assert_eq!(night(place, FIRST, &[])["outcome"], "nothing_to_do");

        let aliases = tempfile::NamedTempFile::new().unwrap();
        fs::write(aliases.path(), "alias,canonical\nrustlang,rust\n").unwrap();
        let other = ["--skill-aliases", aliases.path().to_str().unwrap()];
        refused(place, 4, &other, &[PINNED, "aliases", "--repin"]);
        night(place, SECOND, &[other.as_slice(), &["--repin"]].concat());
        night(place, LATER, &other);
        refused(place, 4, &[], &[PINNED, "aliases", "--repin"]);
    }
}

#[test]
fn storage_that_is_not_there_stops_the_run() {
    for place in places(&tables()) {
        let place = place.as_ref();
        let missing = storage(place).join("not-mounted");
        let missing = missing.to_str().unwrap();
        let weights = storage(place).join(WEIGHTS);
        let source = place.source_args();
        for folder in [missing, weights.to_str().unwrap()] {
            let run = talvix(&["run", &source[0], &source[1], "--storage", folder]).ended(4);
            says(&run, &[folder]);
        }
        assert!(place.tables().job_fit_scores.is_empty());
    }
}

#[test]
fn a_dataset_that_does_not_fit_is_told_all_that_is_wrong_at_once() {
    let data = Data::new(&tables());
    fs::remove_file(data.dir().join("resumes.parquet")).unwrap();
    rewrite(&data.dir().join("users.parquet"), |batch| {
        batch.remove_column(batch.schema().index_of("tier").unwrap());
    });
    rewrite(&data.dir().join("jobs.parquet"), |batch| {
        let at = batch.schema().index_of("is_new").unwrap();
        let mut columns = batch.columns().to_vec();
        columns[at] = Arc::new(arrow::array::StringArray::from(vec!["yes"; batch.num_rows()]));
        *batch = with_column(batch, at, DataType::Utf8, columns);
    });
    fs::write(data.dir().join("job_skills.parquet"), "PAR1 no more").unwrap();
    let run = run(&data, FIRST, &[]).ended(4);
    let faults = [
        "there is no resumes.parquet",
        "users.parquet: column tier",
        "jobs.parquet: column is_new: expected",
        "job_skills.parquet",
        "4 things are missing or wrong",
    ];
    says(&run, &faults);
    assert_eq!(data.current(), None);
    assert!(!data.storage().join(PINNED).exists());
}

/// Writes a Parquet file again, changed.
fn rewrite(path: &Path, change: impl Fn(&mut RecordBatch)) {
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap().into_parts().0)
            .unwrap()
            .build()
            .unwrap();
    let mut batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    batches.iter_mut().for_each(change);
    let file = fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batches[0].schema(), None).unwrap();
    for batch in &batches {
        writer.write(batch).unwrap();
    }
    writer.close().unwrap();
}

fn with_column(
    batch: &RecordBatch,
    at: usize,
    data_type: DataType,
    columns: Vec<ArrayRef>,
) -> RecordBatch {
    let schema = batch.schema();
    let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
    fields[at] = Arc::new(Field::new(fields[at].name(), data_type, false));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

#[test]
fn a_database_that_is_not_there_or_not_ready_stops_the_run() {
    let storage = tempfile::tempdir().unwrap();
    let folder = storage.path().to_str().unwrap();
    let nobody = "postgresql://u:hunter2@127.0.0.1:1/d";
    let unreachable = talvix(&["run", "--database-url", nobody, "--storage", folder]).ended(4);
    says(&unreachable, &["127.0.0.1:1/d"]);
    assert!(!unreachable.stderr.contains("hunter2"));

    let db = Db::new(&tables());
    db.sql(
        "drop table job_skills; alter table users drop column expected_salary_lpa;
            alter table jobs drop column exp_max_years",
    );
    let run = run(&db, FIRST, &[]).ended(4);
    says(&run, &["public.job_skills is missing", "public.users lacks", "expected_salary_lpa"]);
    assert!(!run.stderr.contains("exp_max_years"), "a job's band may be missing: {}", run.stderr);
    assert!(!db.storage().join(PINNED).exists());
}

#[test]
fn a_tier_that_nobody_knows_stops_the_run_and_old_names_of_paying_do_not() {
    let mut tables = tables();
    let paying = tables.users.iter_mut().filter(|user| user.tier == "paid");
    for (user, tier) in paying.zip(["student", "professional"].into_iter().cycle()) {
        tier.clone_into(&mut user.tier);
    }
    let (data, twin) = (Data::new(&tables), Data::new(&self::tables()));
    night(&data, FIRST, &[]);
    night(&twin, FIRST, &[]);
    assert_rows(&canonical(&data.tables()), &canonical(&twin.tables()), "old names of tiers");

    "gold".clone_into(&mut tables.users[9].tier);
    let data = Data::new(&tables);
    refused(&data, 4, &[], &["table users: column tier", "`gold`"]);
}

// --- the report ---

#[test]
fn the_json_report_is_one_object_with_the_documented_keys_and_nothing_else_is_printed() {
    let wanted = json!({
        "run_id": "", "as_of": "", "week": "", "model_id": "", "outcome": "",
        "jobs": {"scoreable": 0, "new": 0},
        "users": {"scored": 0, "full": 0, "delta": 0, "skipped": {}},
        "pairs": {"prefiltered": 0, "scored": 0},
        "rows": {"kept": 0, "inserted": 0, "updated": 0, "deleted": 0, "unchanged": 0},
        "seconds": {"load": 0.1, "pin": 0.1, "score": 0.1, "write": 0.1, "publish": 0.1, "total": 0.1},
        "peak_rss_bytes": 0, "input_faults": {}, "warnings": [],
    });
    for place in places(&tables()) {
        let place = place.as_ref();
        let printed = run(place, FIRST, &["--json", "-vv", "--log-format", "json"]).ended(0);
        assert_eq!(printed.stdout.lines().count(), 1, "{}", printed.stdout);
        for line in printed.stderr.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            assert!(line["level"].is_string());
        }
        let report = printed.json();
        has_keys(&report, &wanted, "report");
        assert_eq!(report["as_of"], FIRST);
        assert_eq!(report["week"], "2026-W47");
        assert_eq!(report["outcome"], "completed");
        assert!(report["model_id"].as_str().unwrap().starts_with("sha256:"));
        let users = &report["users"];
        let skipped = users["skipped"].as_object().unwrap().values();
        let skipped: u64 = skipped.map(|number| number.as_u64().unwrap()).sum();
        let everyone = users["scored"].as_u64().unwrap() + skipped;
        assert_eq!(everyone, place.tables().users.len() as u64);
        let stored = place.tables().job_fit_scores.len();
        assert_eq!(report["rows"]["kept"], stored);
        assert_eq!(report["rows"]["inserted"], stored);
        assert!(report["pairs"]["scored"].as_u64() <= report["pairs"]["prefiltered"].as_u64());

        place.apply(&second_night(place));
        let text = run(place, SECOND, &[]).ended(0).stdout;
        for word in ["run", "model", "jobs", "users", "pairs", "rows", "seconds", "memory"] {
            assert!(text.lines().any(|line| line.starts_with(word)), "{word}: {text}");
        }
    }
}

/// Every key of `wanted` is there with a value of the same kind.
fn has_keys(found: &Value, wanted: &Value, at: &str) {
    for (key, value) in wanted.as_object().unwrap() {
        let found = &found[key];
        let fits = match value {
            Value::Object(_) => found.is_object(),
            Value::Array(_) => found.is_array(),
            Value::String(_) => found.is_string(),
            Value::Number(number) if number.is_u64() => found.is_u64(),
            _ => found.is_number(),
        };
        assert!(fits, "{at}.{key}: {found}");
        if value.is_object() {
            has_keys(found, value, &format!("{at}.{key}"));
        }
    }
}

// --- signals ---

#[test]
fn a_signal_between_chunks_keeps_what_is_committed_and_the_next_run_does_the_rest() {
    let start = tables();
    let users = scoreable(&start);
    let undisturbed = Db::new(&start);
    night(&undisturbed, FIRST, &[]);
    for (signal, status) in [("TERM", 143), ("INT", 130)] {
        let db = Db::new(&start);
        // Somebody of the third chunk.
        let gate = gate(&db, users[45]);
        let extra = ["-v", "--chunk-users", "20", "--connections", "1"];
        let mut running = spawn(&strs(&run_args(&db, FIRST, &extra)));
        running.wait_for("chunk 2 is in");
        running.signal(signal);
        running.wait_for("stopping after what is in flight");
        gate.sql("rollback");
        let run = running.end().ended(status);
        says(&run, &["chunk 3 is in", "the next run does the rest"]);

        let found = db.tables();
        let done: BTreeSet<Uuid> = users[..60].iter().copied().collect();
        let cursors = found.user_fit_score_cursors.iter();
        assert_eq!(cursors.map(|row| row.user_id).collect::<BTreeSet<_>>(), done);
        let expected = score_rows(&undisturbed.tables(), |user| done.contains(user));
        assert_rows(&score_rows(&found, |_| true), &expected, "three chunks");
        assert_eq!(
            db.query_i64("select count(*) from agent_logs where agent_name = 'fit_scorer'"),
            0
        );

        let rest = night(&db, FIRST, &[]);
        assert_eq!(rest["users"]["delta"], 60);
        assert_eq!(rest["users"]["full"], users.len() - 60);
        assert_rows(&canonical(&db.tables()), &canonical(&undisturbed.tables()), signal);
    }
}

/// Whose cursors are set, as numbers of their chunks, the first being 1. A chunk is 20 users of a
/// segment, which is as many as fill four chunks where all can be scored.
fn chunks_that_are_in(db: &Db, start: &Tables) -> Vec<usize> {
    let scoreable: BTreeSet<Uuid> = scoreable(start).into_iter().collect();
    let mut everyone: Vec<Uuid> = start.users.iter().map(|row| row.id).collect();
    everyone.sort_unstable();
    let mut chunks: Vec<Vec<Uuid>> = Vec::new();
    for segment in everyone.chunks(80) {
        let users = segment.iter().copied().filter(|user| scoreable.contains(user));
        chunks.extend(users.collect::<Vec<_>>().chunks(20).map(<[Uuid]>::to_vec));
    }
    let cursors = db.tables().user_fit_score_cursors;
    let done: BTreeSet<Uuid> = cursors.iter().map(|row| row.user_id).collect();
    let mut numbers = Vec::new();
    for (number, chunk) in chunks.iter().enumerate() {
        let in_it = chunk.iter().filter(|user| done.contains(user)).count();
        assert!(in_it == 0 || in_it == chunk.len(), "half of a chunk is in");
        if in_it > 0 {
            numbers.push(number + 1);
        }
    }
    numbers
}

/// A run of which one connection waits for a lock with the second chunk, and the other goes on.
fn one_of_two_connections_waits<'a>(
    db: &'a Db,
    start: &Tables,
) -> (support::Session<'a>, support::Running) {
    let gate = gate(db, scoreable(start)[25]);
    let extra = ["-v", "--chunk-users", "20", "--connections", "2"];
    let mut running = spawn(&strs(&run_args(db, FIRST, &extra)));
    running.wait_for("chunk 3 is in");
    waits_for_a_lock(db);
    (gate, running)
}

fn assert_nothing_is_finished_and_the_next_run_ends_as_if_undisturbed(db: &Db, start: &Tables) {
    let logged = "select count(*) from agent_logs where agent_name = 'fit_scorer'";
    assert_eq!(db.query_i64(logged), 0);

    night(db, FIRST, &[]);
    let undisturbed = Db::new(start);
    night(&undisturbed, FIRST, &[]);
    assert_rows(&canonical(&db.tables()), &canonical(&undisturbed.tables()), "the run after");
}

#[test]
fn a_signal_lets_the_chunks_of_all_connections_finish() {
    let start = tables();
    let db = Db::new(&start);
    let (gate, mut running) = one_of_two_connections_waits(&db, &start);
    running.signal("TERM");
    running.wait_for("stopping after what is in flight");
    gate.sql("rollback");
    let run = running.end().ended(143);
    says(&run, &["chunk 2 is in", "the next run does the rest"]);
    let done = chunks_that_are_in(&db, &start);
    assert!(done.starts_with(&[1, 2, 3]), "{done:?}");
    assert_nothing_is_finished_and_the_next_run_ends_as_if_undisturbed(&db, &start);
}

#[test]
fn a_connection_that_is_lost_is_made_again_and_the_night_ends_as_if_undisturbed() {
    let start = tables();
    let db = Db::new(&start);
    let (gate, mut running) = one_of_two_connections_waits(&db, &start);
    db.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'",
    );
    running.wait_for("connecting again");
    gate.sql("rollback");
    running.end().ended(0);
    let undisturbed = Db::new(&start);
    night(&undisturbed, FIRST, &[]);
    assert_rows(&canonical(&db.tables()), &canonical(&undisturbed.tables()), "one reconnection");
}

#[test]
fn a_connection_that_is_lost_fails_a_run_that_does_not_wait_and_what_was_written_stays() {
    let start = tables();
    let db = Db::new(&start);
    let gate = gate(&db, scoreable(&start)[25]);
    let extra = ["-v", "--chunk-users", "20", "--connections", "2", "--reconnect-for", "0"];
    let mut running = spawn(&strs(&run_args(&db, FIRST, &extra)));
    running.wait_for("chunk 3 is in");
    waits_for_a_lock(&db);
    db.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'",
    );
    let run = running.end().ended(1);
    says(&run, &["users are committed", "could not be reached again for 0 s (reconnect_for)"]);
    gate.sql("rollback");
    let done = chunks_that_are_in(&db, &start);
    assert!(done.starts_with(&[1, 3]), "{done:?}");
    assert_nothing_is_finished_and_the_next_run_ends_as_if_undisturbed(&db, &start);
}

/// Holds a user's row: a chunk with this user waits before it reads what is stored.
fn gate(db: &Db, user: Uuid) -> support::Session<'_> {
    let session = db.session();
    session.sql(&format!("begin; select from users where id = '{user}' for update"));
    session
}

fn waits_for_a_lock(db: &Db) {
    db.wait_until(
        "select count(*) from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'",
    );
}

#[test]
fn a_signal_while_loading_stops_the_run_before_it_writes() {
    let db = Db::new(&tables());
    let before = sorted(db.tables());
    let holder = db.session();
    holder.sql("begin; lock table job_skills in access exclusive mode");
    let mut running = spawn(&strs(&run_args(&db, FIRST, &[])));
    running.wait_for("loading");
    running.signal("TERM");
    running.wait_for("stopping after what is in flight");
    holder.sql("rollback");
    running.end().ended(143);
    assert!(sorted(db.tables()) == before && !db.storage().join(PINNED).exists());
}

#[test]
fn a_second_signal_ends_a_run_at_once() {
    let start = tables();
    let db = Db::new(&start);
    let gate = gate(&db, scoreable(&start)[0]);
    let mut running = spawn(&strs(&run_args(&db, FIRST, &["-v"])));
    running.wait_for("writing chunk 1");
    running.signal("INT");
    running.wait_for("stopping after what is in flight");
    running.signal("INT");
    running.end().ended(130);
    gate.sql("rollback");
    assert!(db.tables().job_fit_scores.is_empty());
    night(&db, FIRST, &[]);
}

#[test]
fn a_signal_on_a_dataset_leaves_the_old_version_and_the_next_run_does_it_all() {
    let start = generate(&Options { users: 900, jobs: 200, ..options() });
    let (data, undisturbed) = (Data::new(&start), Data::new(&start));
    night(&undisturbed, FIRST, &[]);
    for (signal, status) in [("TERM", 143), ("INT", 130)] {
        // Nobody reads the log, so that the run stands still in its middle once the pipe is full.
        let extra = ["-v", "--log-format", "json", "--chunk-users", "1"];
        let mut child = command(&strs(&run_args(&data, FIRST, &extra)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("chunk 1 is in") {
            line.clear();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "the run has ended");
        }
        let id = child.id().to_string();
        let sent = std::process::Command::new("kill").args(["-s", signal, &id]).status();
        assert!(sent.unwrap().success());
        let mut rest = String::new();
        log.read_to_string(&mut rest).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(status), "{rest}");
        assert!(!rest.contains("finishing"));
        assert_eq!(data.current(), None);
        assert!(data.tables().job_fit_scores.is_empty());
    }
    night(&data, FIRST, &[]);
    assert_rows(&canonical(&data.tables()), &canonical(&undisturbed.tables()), "after signals");
}

// --- what others do between the load and a chunk ---

#[test]
fn what_changes_between_load_and_chunk_is_left_out_left_alone_or_done_next_time() {
    let start = tables();
    let db = Db::new(&start);
    night(&db, FIRST, &[]);
    db.apply(&second_night(&db));
    let open_scrape = Uuid::from_u128(11);
    db.apply(&[Change::StartScrape { id: open_scrape, started_at: us(SECOND) - 1 }]);
    let before = db.tables();
    let (stale, others) = stale_and_others(&before);
    let first = scoreable(&before)[0];
    let mut stale = stale.into_iter().filter(|user| *user != first);
    let mut others = others.into_iter().filter(|user| *user != first);
    let [marked_again, reparsed] = [(); 2].map(|()| stale.next().unwrap());
    let [deleted, marked, uploaded] = [(); 3].map(|()| others.next().unwrap());
    // A pair that this night brings, of none of these.
    let busy = [marked_again, reparsed, deleted, marked, uploaded];
    let expected = pin(&start).full_scan(&before, &aliases(), us(SECOND), None).rows;
    let stored: BTreeSet<(Uuid, Uuid)> =
        before.job_fit_scores.iter().map(|row| (row.user_id, row.job_id)).collect();
    let short = expected
        .iter()
        .find(|row| !busy.contains(&row.user_id) && !stored.contains(&(row.user_id, row.job_id)))
        .unwrap();
    let (gone_job, short) = (short.job_id, short.user_id);
    let mut new_jobs = before.jobs.iter().filter(|job| {
        job.is_new
            && job.is_active
            && job.jd_cleaned
            && job.role_family.is_some()
            && job.id != gone_job
    });
    let (changed_job, ordinary_job) = (new_jobs.next().unwrap(), new_jobs.next().unwrap());
    let late_job =
        JobRow { id: Uuid::from_u128(12), fingerprint: "ab".repeat(32), ..ordinary_job.clone() };

    let gate = gate(&db, first);
    let mut running = spawn(&strs(&run_args(&db, SECOND, &["-v", "--json"])));
    running.wait_for("writing chunk 1");
    waits_for_a_lock(&db);
    db.sql(&format!(
        "delete from users where id = '{deleted}';
         update users set fit_scores_stale = true where id in ('{marked_again}', '{marked}');
         update resumes set updated_at = now() where user_id = '{reparsed}' and is_primary;
         delete from jobs where id = '{gone_job}';
         update jobs set salary_min_lpa = 99 where id = '{}'",
        changed_job.id
    ));
    let resume = ResumeRow {
        id: Uuid::from_u128(13),
        user_id: uploaded,
        file_hash: "cd".repeat(32),
        parse_status: "done".to_owned(),
        is_primary: true,
        created_at: us(SECOND),
        updated_at: us(SECOND),
    };
    let file = ResumeFile::Text(r#"{"skills": ["Rust"], "experience_years": 3}"#.to_owned());
    db.apply(&[
        Change::UploadResume { upload: Upload { resume, file }, at: us(SECOND) },
        Change::InsertJob { job: Box::new(late_job.clone()), skills: Vec::new() },
        Change::CompleteScrape { id: open_scrape, completed_at: us(SECOND) },
    ]);
    gate.sql("rollback");
    let report = running.end().ended(0).json();
    assert_eq!(report["users"]["deleted_meanwhile"], 1);
    assert_eq!(report["users"]["reset_meanwhile"], 0);
    assert_eq!(report["users"]["changed_meanwhile"], 4);
    assert!(report["pairs"]["deleted_meanwhile"].as_u64() >= Some(1), "{report}");

    let after = db.tables();
    for user in [marked_again, reparsed, marked, uploaded] {
        assert!(is_stale(&after, user), "{user}: the change is lost");
    }
    let cursors = after.user_fit_score_cursors.iter();
    let cursor = cursors.clone().find(|row| row.user_id == short).unwrap();
    assert_eq!(cursor.last_scrape_run_id, None, "a pair is missing: a full scan is due");
    assert!(job(&after, changed_job.id).is_new && job(&after, late_job.id).is_new);
    assert!(!job(&after, ordinary_job.id).is_new);
    let scrape = after.scrape_runs.iter().find(|run| run.id == open_scrape).unwrap();
    assert!(!scrape.scoring_complete, "its jobs were not loaded");

    let report = night(&db, LATER, &[]);
    assert!(report["users"]["full_reasons"]["stale"].as_u64() >= Some(4), "{report}");
    assert!(report["users"]["full_reasons"]["no_cursor"].as_u64() >= Some(1), "{report}");
    assert_scores(&db.tables(), &after, &pin(&start), us(LATER), "the night after");
    let found = db.tables();
    assert!(!job(&found, changed_job.id).is_new && !job(&found, late_job.id).is_new);
    assert_eq!(night(&db, LATER, &[])["outcome"], "nothing_to_do");
}

#[test]
fn a_week_that_is_reset_while_a_night_runs_stays_reset_and_the_next_run_fills_it() {
    let start = tables();
    let db = Db::new(&start);
    night(&db, FIRST, &[]);
    db.apply(&second_night(&db));
    let had_cursors = db.query_i64("select count(*) from user_fit_score_cursors");
    let reset = gate(&db, scoreable(&db.tables())[0]);
    let mut running = spawn(&strs(&run_args(&db, SECOND, &["-v", "--json"])));
    running.wait_for("writing chunk 1");
    waits_for_a_lock(&db);
    reset.sql(
        "delete from job_fit_scores;
         update user_fit_score_cursors set last_scrape_run_id = null;
         update users set fit_scores_stale = true;
         commit",
    );
    let report = running.end().ended(0).json();
    let is_reset = report["users"]["reset_meanwhile"].as_i64().unwrap();
    assert!(is_reset > 0 && is_reset <= had_cursors, "{report}");
    let after = db.tables();
    // Only who had no cursor to reset has scores, and is marked all the same.
    let of_old = after.user_fit_score_cursors.iter().filter(|row| row.last_scrape_run_id.is_none());
    let of_old: BTreeSet<Uuid> = of_old.map(|row| row.user_id).collect();
    assert_eq!(of_old.len() as i64, had_cursors);
    assert_eq!(score_rows(&after, |user| of_old.contains(user)), [""; 0]);
    assert!(after.users.iter().all(|user| user.fit_scores_stale));

    let next = night(&db, LATER, &[]);
    assert_eq!(next["users"]["full_reasons"], json!({ "stale": scoreable(&after).len() }));
    assert_scores(&db.tables(), &after, &pin(&start), us(LATER), "after the reset");
}

#[test]
fn a_run_whose_lock_is_lost_writes_no_further_chunk() {
    let start = tables();
    let users = scoreable(&start);
    let db = Db::new(&start);
    let gate = gate(&db, users[25]);
    let extra = ["-v", "--chunk-users", "20", "--connections", "1"];
    let mut running = spawn(&strs(&run_args(&db, FIRST, &extra)));
    running.wait_for("chunk 1 is in");
    running.wait_for("writing chunk 2");
    // It asks for its lock when a chunk begins: this one must be past that.
    waits_for_a_lock(&db);
    db.sql(
        "select pg_terminate_backend(pid) from pg_locks
         where locktype = 'advisory' and granted and database =
             (select oid from pg_database where datname = current_database())",
    );
    gate.sql("rollback");
    says(&running.end().ended(1), &["lock is lost"]);
    let cursors = db.query_i64("select count(*) from user_fit_score_cursors");
    assert_eq!(cursors, 40, "the chunk in flight had the lock, the next one had not");
    night(&db, FIRST, &[]);
    let undisturbed = Db::new(&start);
    night(&undisturbed, FIRST, &[]);
    assert_rows(&canonical(&db.tables()), &canonical(&undisturbed.tables()), "the run after");
}
