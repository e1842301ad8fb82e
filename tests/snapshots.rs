//! A published night is what is stored; it appears whole or not at all, whatever becomes of the run
//! that made it; and what is no snapshot is told apart from one.

mod support;

use arrow::{
    array::{Array, AsArray, ListArray, RecordBatch},
    datatypes::{Float64Type, TimestampMicrosecondType},
};
use fs_err as fs;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};
use support::{Data, Db, Place, Run, block_on, command, look, number, rows, spawn, talvix, time};
use talvix_fixtures::{
    generate::{Dirt, Options, generate},
    nights::{self, NightOptions},
    tables::Tables,
};
use talvix_snapshot::{
    read::{Nights, PublishedRun},
    sets::{JOB_FIT_SCORES, RUNS, SCORED_JOBS, SCORED_USERS, Set},
};
use talvix_storage::Storage;
use tempfile::TempDir;

/// Monday, 2026-11-16T17:00:00Z; in India it is still the same day.
const AS_OF_US: i64 = 1_794_848_400_000_000;
const DATE: &str = "2026-11-16";

fn options() -> Options {
    Options {
        jobs: 300,
        users: 90,
        seed: 11,
        paid_share: 0.3,
        as_of_us: AS_OF_US,
        dirt: Dirt::Database,
        ..Options::default()
    }
}

/// A folder for snapshots that does not exist yet.
struct Snapshots(TempDir);

impl Snapshots {
    fn new() -> Self {
        Snapshots(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("snapshots")
    }

    fn url(&self) -> String {
        self.path().display().to_string()
    }

    fn storage(&self) -> Storage {
        Storage::Folder(self.path())
    }

    fn runs(&self) -> Vec<PublishedRun> {
        block_on(Nights::list(&self.storage())).unwrap().runs().to_vec()
    }

    fn latest(&self) -> PublishedRun {
        self.runs().pop().unwrap()
    }

    /// All rows of a set of a run.
    fn read(&self, run: &PublishedRun, set: &Set) -> RecordBatch {
        rows(&self.storage(), run, set).unwrap()
    }
}

fn run_args(place: &impl Place, as_of_us: i64, snapshots: &str, extra: &[&str]) -> Vec<String> {
    let mut args = vec!["run".to_owned(), "--as-of".to_owned(), time(as_of_us)];
    args.extend(["--snapshots".to_owned(), snapshots.to_owned()]);
    args.extend(place.source_args());
    args.extend(extra.iter().map(|text| (*text).to_owned()));
    args
}

fn run(place: &impl Place, as_of_us: i64, snapshots: &str, extra: &[&str]) -> Run {
    let args = run_args(place, as_of_us, snapshots, extra);
    talvix(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

fn publish(place: &impl Place, as_of_us: i64, snapshots: &Snapshots, extra: &[&str]) -> Value {
    run(place, as_of_us, &snapshots.url(), &[&["--json"], extra].concat()).ended(0).json()
}

fn text<'a>(batch: &'a RecordBatch, column: &str, row: usize) -> Option<&'a str> {
    let texts = batch[column].as_string::<i32>();
    texts.is_valid(row).then(|| texts.value(row))
}

fn list(batch: &RecordBatch, column: &str, row: usize) -> Option<Vec<String>> {
    let lists: &ListArray = batch[column].as_list();
    lists.is_valid(row).then(|| {
        let words = lists.value(row);
        words.as_string::<i32>().iter().map(|word| word.unwrap().to_owned()).collect()
    })
}

/// The rows of scores, stored and published, are the same; so are the counts of everything.
#[track_caller]
fn assert_published(report: &Value, tables: &Tables, snapshots: &Snapshots, when: &str) {
    let run = snapshots.latest();
    assert_eq!(report["run_id"], run.run_id.to_string(), "{when}");
    let [scores, users, jobs, about] =
        [&JOB_FIT_SCORES, &SCORED_USERS, &SCORED_JOBS, &RUNS].map(|set| snapshots.read(&run, set));

    let published: BTreeMap<(String, String), _> = (0..scores.num_rows())
        .map(|row| {
            let texts = ["fit_label", "recommendation"].map(|name| text(&scores, name, row));
            let lists =
                ["fit_reasons", "missing_skills", "strengths"].map(|name| list(&scores, name, row));
            let pays = scores["is_full_score"].as_boolean().value(row);
            let score = number(&scores, "fit_score", row).unwrap();
            let id = |column| text(&scores, column, row).unwrap().to_owned();
            let values = (score, texts.map(|text| text.unwrap().to_owned()), pays, lists);
            ((id("user_id"), id("job_id")), values)
        })
        .collect();
    let scored: BTreeSet<&str> = (0..users.num_rows())
        .filter(|&row| text(&users, "mode", row).is_some())
        .map(|row| text(&users, "user_id", row).unwrap())
        .collect();
    let stored: BTreeMap<(String, String), _> = tables
        .job_fit_scores
        .iter()
        .filter(|row| scored.contains(row.user_id.to_string().as_str()))
        .map(|row| {
            let lists = [&row.fit_reasons, &row.missing_skills, &row.strengths].map(Clone::clone);
            let texts = [row.fit_label.clone(), row.recommendation.clone()];
            let values = (i64::from(row.fit_score), texts, row.is_full_score, lists);
            ((row.user_id.to_string(), row.job_id.to_string()), values)
        })
        .collect();
    assert!(stored.len() > 50, "{when}: {} rows prove little", stored.len());
    assert_eq!(published, stored, "{when}");

    // Sorted, ranked without gaps, and each score is what its components make of it.
    let mut before = (String::new(), 0);
    for row in 0..scores.num_rows() {
        let user = text(&scores, "user_id", row).unwrap();
        let rank = number(&scores, "rank", row).unwrap();
        let follows =
            (user == before.0 && rank == before.1 + 1) || (*user > *before.0 && rank == 1);
        assert!(follows, "{when}: {user} {rank} after {before:?}");
        before = (user.to_owned(), rank);
        let of = |name| number(&scores, name, row).unwrap();
        let weighed = 35 * of("skills_bp")
            + 25 * of("experience_bp")
            + 25 * of("demand_bp")
            + 20 * of("salary_bp");
        assert_eq!(of("raw_bp"), weighed / 105 + of("dream_bonus_bp"), "{when}: row {row}");
        assert_eq!(of("fit_score"), 100.min((of("raw_bp") + 50) / 100), "{when}: row {row}");
    }

    // Who was scored and who was not, in the order of ids.
    let ids: Vec<&str> =
        (0..users.num_rows()).map(|row| text(&users, "user_id", row).unwrap()).collect();
    assert!(ids.is_sorted(), "{when}");
    let mut skipped: BTreeMap<&str, u64> = BTreeMap::new();
    for (row, user) in ids.iter().enumerate() {
        let (mode, why) = (text(&users, "mode", row), text(&users, "skipped_reason", row));
        assert_eq!(mode.is_none(), why.is_some(), "{when}: {user}");
        assert_eq!(mode == Some("full"), text(&users, "mode_reason", row).is_some(), "{when}");
        *skipped.entry(why.unwrap_or_default()).or_default() += 1;
        let kept: Vec<_> =
            published.iter().filter(|((of, _), _)| of == user).map(|(_, row)| row.0).collect();
        assert_eq!(number(&users, "kept", row), Some(kept.len() as i64), "{when}");
        assert_eq!(number(&users, "best_score", row), kept.iter().max().copied(), "{when}");
        assert_eq!(number(&users, "last_score", row), kept.iter().min().copied(), "{when}");
        assert_eq!(mode.is_some(), users["milliseconds"].is_valid(row), "{when}");
    }
    assert_eq!(Some(scored.len() as u64), report["users"]["scored"].as_u64(), "{when}");
    for (reason, number) in report["users"]["skipped"].as_object().unwrap() {
        assert_eq!(Some(skipped[reason.as_str()]), number.as_u64(), "{when}: {reason}");
    }
    let spent = users["milliseconds"].as_primitive::<Float64Type>();
    assert!(spent.iter().flatten().sum::<f64>() > 0., "{when}: no time was spent");
    let candidates: i64 =
        (0..users.num_rows()).filter_map(|row| number(&users, "candidates", row)).sum();
    assert_eq!(Some(candidates as u64), report["pairs"]["prefiltered"].as_u64(), "{when}");

    // Tonight's jobs, and how often each is kept.
    for row in 0..jobs.num_rows() {
        let job = text(&jobs, "job_id", row).unwrap();
        let kept: Vec<_> = published.iter().filter(|((_, of), _)| of == job).collect();
        assert_eq!(number(&jobs, "times_kept", row), Some(kept.len() as i64), "{when}: {job}");
        let best = kept.iter().map(|(_, row)| row.0).max();
        assert_eq!(number(&jobs, "best_score", row), best, "{when}: {job}");
    }
    let scoreable: BTreeSet<String> = tables
        .jobs
        .iter()
        .filter(|job| job.is_active && job.jd_cleaned && job.role_family.is_some())
        .map(|job| job.id.to_string())
        .collect();
    let listed: Vec<&str> =
        (0..jobs.num_rows()).map(|row| text(&jobs, "job_id", row).unwrap()).collect();
    assert!(listed.iter().copied().eq(scoreable.iter().map(String::as_str)), "{when}");

    // The run says the same of itself.
    assert_eq!(about.num_rows(), 1, "{when}");
    for (column, path) in [
        ("rows_kept", ["rows", "kept"]),
        ("rows_inserted", ["rows", "inserted"]),
        ("rows_unchanged", ["rows", "unchanged"]),
        ("rows_deleted", ["rows", "deleted"]),
        ("users_scored", ["users", "scored"]),
        ("users_full", ["users", "full"]),
        ("users_delta", ["users", "delta"]),
        ("jobs_scoreable", ["jobs", "scoreable"]),
        ("pairs_prefiltered", ["pairs", "prefiltered"]),
    ] {
        let expected = report[path[0]][path[1]].as_i64();
        assert_eq!(number(&about, column, 0), expected, "{when}: {column}");
    }
    assert_eq!(number(&about, "rows_kept", 0), Some(scores.num_rows() as i64), "{when}");
    let as_of = about["as_of"].as_primitive::<TimestampMicrosecondType>().value(0);
    assert_eq!(report["as_of"], time(as_of), "{when}");
    let own: Value = serde_json::from_str(text(&about, "report", 0).unwrap()).unwrap();
    assert_eq!(own["rows"], report["rows"], "{when}");
    assert_eq!(own["scores"], report["scores"], "{when}");
}

/// A full night and a delta night, each published; the weights are the seeded ones.
fn nights_are_published<P: Place>(make: impl Fn(&Tables) -> P) {
    let tables = generate(&options());
    let place = make(&tables);
    let snapshots = Snapshots::new();
    let first = publish(&place, AS_OF_US, &snapshots, &["--chunk-users", "7"]);
    assert_published(&first, &place.tables(), &snapshots, "full");
    assert_eq!(snapshots.latest().run_date, DATE);

    let second = nights::night(&tables, 2, &NightOptions::new(options()));
    place.apply(&second.changes);
    let report = publish(&place, second.as_of_us, &snapshots, &["--chunk-users", "7"]);
    assert!(report["users"]["delta"].as_u64().unwrap() > 30, "{report}");
    assert_published(&report, &place.tables(), &snapshots, "delta");
    assert_eq!(snapshots.runs().len(), 2);

    // Nothing to do: nothing to publish.
    let third = publish(&place, second.as_of_us, &snapshots, &[]);
    assert_eq!(third["outcome"], "nothing_to_do");
    assert_eq!(snapshots.runs().len(), 2);
    assert_nothing_staged(&snapshots);
}

#[track_caller]
fn assert_nothing_staged(snapshots: &Snapshots) {
    let staged = fs::read_dir(snapshots.path().join("_staging")).unwrap();
    assert_eq!(staged.count(), 0, "something is staged");
}

#[test]
fn nights_on_a_database_are_published_as_stored() {
    nights_are_published(Db::new);
}

#[test]
fn nights_on_a_dataset_are_published_as_stored() {
    nights_are_published(Data::new);
}

#[test]
fn who_reads_snapshots_finds_parquet_files_and_marks_of_success_only() {
    let place = Data::new(&generate(&options()));
    let snapshots = Snapshots::new();
    publish(&place, AS_OF_US, &snapshots, &[]);
    let run = snapshots.latest();
    for set in [&JOB_FIT_SCORES, &SCORED_USERS, &SCORED_JOBS, &RUNS] {
        let folder = snapshots.path().join(set.name);
        let folder = folder.join(format!("run_date={DATE}/run_id={}", run.run_id));
        let mut names: Vec<String> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        assert_eq!(names, ["_SUCCESS", "part-00000.parquet"], "{}", set.name);
        assert_eq!(fs::read(folder.join("_SUCCESS")).unwrap(), b"", "{}", set.name);
    }
    let manifest = snapshots.path().join(format!("_runs/{}.json", run.run_id));
    let manifest: Value = serde_json::from_slice(&fs::read(manifest).unwrap()).unwrap();
    assert_eq!(manifest["files"].as_array().unwrap().len(), 4);
}

#[test]
fn dry_runs_and_single_users_publish_nothing() {
    let tables = generate(&options());
    let place = Data::new(&tables);
    let snapshots = Snapshots::new();
    publish(&place, AS_OF_US, &snapshots, &["--dry-run"]);
    publish(&place, AS_OF_US, &snapshots, &["--user", &tables.users[0].id.to_string()]);
    assert!(!snapshots.path().exists());
}

#[test]
fn old_nights_go_when_enough_newer_ones_are_there() {
    const DAY_US: i64 = 24 * 3_600 * 1_000_000;
    let place = Data::new(&generate(&options()));
    let snapshots = Snapshots::new();
    let keep = ["--keep-nights", "2", "--mode", "full"];
    for day in 0..4 {
        publish(&place, AS_OF_US + day * DAY_US, &snapshots, &keep);
        // Twice on one day is one night.
        publish(&place, AS_OF_US + day * DAY_US + 1_000_000, &snapshots, &keep);
    }
    let dates: Vec<String> = snapshots.runs().into_iter().map(|run| run.run_date).collect();
    assert_eq!(dates, ["2026-11-18", "2026-11-18", "2026-11-19", "2026-11-19"]);
    for set in [&JOB_FIT_SCORES, &SCORED_USERS, &SCORED_JOBS] {
        assert_eq!(fs::read_dir(snapshots.path().join(set.name)).unwrap().count(), 2);
    }
    assert_eq!(fs::read_dir(snapshots.path().join("_runs")).unwrap().count(), 4);
}

/// `settle` waits until nothing of a killed run is left.
fn killed_runs_never_show_half_a_night<P: Place>(make: impl Fn(&Tables) -> P, settle: impl Fn(&P)) {
    const RUNS_KILLED: u64 = 25;
    let place = make(&generate(&options()));
    let snapshots = Snapshots::new();
    let storage = snapshots.storage();
    let done = AtomicBool::new(false);
    let looks = AtomicUsize::new(0);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut ended_well = 0;
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                look(&storage).unwrap();
                looks.fetch_add(1, Ordering::Relaxed);
            }
        });
        for number in 0..RUNS_KILLED {
            // Everyone each time, so that every run has something to publish.
            let args = run_args(
                &place,
                AS_OF_US + number as i64 * 1_000_000,
                &snapshots.url(),
                &["--mode", "full", "--chunk-users", "20"],
            );
            let mut run = spawn(&args.iter().map(String::as_str).collect::<Vec<_>>());
            let line = ["scoring", "staging the snapshot", "finishing", "publishing", "loading"];
            let reached = run.comes(line[number as usize % line.len()]);
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            std::thread::sleep(Duration::from_micros(random % 30_000));
            let status = run.kill().status;
            settle(&place);
            assert!(reached && (status == 137 || status == 0), "run {number} ended with {status}");
            ended_well += u64::from(status == 0);
            if reader.is_finished() {
                break;
            }
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
    assert!(looks.into_inner() > 20 && ended_well < RUNS_KILLED);
    let last = AS_OF_US + RUNS_KILLED as i64 * 1_000_000;
    publish(&place, last, &snapshots, &["--mode", "full"]);
    assert_eq!(look(&storage), Ok(snapshots.runs().len()));
    // The log has a row for each run that finished.
    let finished = place.tables().agent_logs;
    let finished = finished.iter().filter(|row| row.agent_name == "fit_scorer").count();
    assert!(finished > 1, "only the last run finished: the kills came too soon");
    assert_eq!(snapshots.runs().len(), finished, "what finished is published, nothing else");
    assert_nothing_staged(&snapshots);
}

#[test]
fn killed_runs_on_a_database_never_show_half_a_night() {
    killed_runs_never_show_half_a_night(Db::new, |db| {
        db.wait_until(
            "select (count(*) = 0)::int from pg_stat_activity
             where datname = current_database() and application_name like 'talvix run%'",
        );
    });
}

#[test]
fn killed_runs_on_a_dataset_never_show_half_a_night() {
    killed_runs_never_show_half_a_night(Data::new, |_| ());
}

#[test]
fn a_night_that_cannot_be_published_is_by_the_next_run_though_it_has_nothing_to_do() {
    let place = Data::new(&generate(&options()));
    let snapshots = Snapshots::new();
    // The last set has no room.
    fs::create_dir_all(snapshots.path()).unwrap();
    fs::write(snapshots.path().join("runs"), "in the way").unwrap();
    let failed = run(&place, AS_OF_US, &snapshots.url(), &["--json"]).ended(1);
    assert!(failed.stderr.contains("the scores are in"), "{}", failed.stderr);
    assert!(failed.stderr.contains("run again"), "{}", failed.stderr);
    let report = failed.json();
    assert_eq!(report["outcome"], "completed");
    assert_eq!(report["snapshot"], Value::Null);

    fs::remove_file(snapshots.path().join("runs")).unwrap();
    let next = publish(&place, AS_OF_US, &snapshots, &[]);
    assert_eq!(next["outcome"], "nothing_to_do");
    let notes = next["warnings"].to_string();
    assert!(notes.contains(report["run_id"].as_str().unwrap()), "{notes}");
    assert_published(&report, &place.tables(), &snapshots, "published later");
    assert_nothing_staged(&snapshots);
}

/// Storage holds what users gave: what analysts read does not lie among it.
#[test]
fn snapshots_within_storage_are_refused() {
    let data = Data::new(&generate(&options()));
    let storage = data.storage();
    let link = data.dir().join("link");
    fs::os::unix::fs::symlink(&storage, &link).unwrap();
    for place in [storage.clone(), storage.join("a/b"), link.join("a"), storage.join("../storage")]
    {
        let place = place.display().to_string();
        let run = run(&data, AS_OF_US, &place, &[]).ended(2);
        assert!(run.stderr.contains("lies in storage"), "{place}: {}", run.stderr);
        assert_eq!(data.current(), None);
    }
    let beside = data.dir().join("storage-snapshots").display().to_string();
    run(&data, AS_OF_US, &beside, &[]).ended(0);
}

/// Modes of files and folders below a folder, by name.
fn modes(root: &Path) -> BTreeMap<String, u32> {
    let mut modes = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
            modes.insert(path.strip_prefix(root).unwrap().display().to_string(), mode);
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    modes
}

#[test]
fn what_is_published_is_for_owner_and_group_as_far_as_the_mask_lets_it() {
    let tables = generate(&options());
    for (mask, file, folder, private) in
        [("000", 0o640, 0o777, 0o700), ("022", 0o640, 0o755, 0o700), ("077", 0o600, 0o700, 0o700)]
    {
        let (data, snapshots) = (Data::new(&tables), tempfile::tempdir().unwrap());
        let args = run_args(&data, AS_OF_US, snapshots.path().to_str().unwrap(), &[]);
        let output = std::process::Command::new("sh")
            .args([
                "-c",
                &format!("umask {mask}; exec \"$0\" \"$@\""),
                env!("CARGO_BIN_EXE_talvix"),
            ])
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for (name, mode) in modes(snapshots.path()) {
            let is_folder = snapshots.path().join(&name).is_dir();
            let want = match name.as_str() {
                "_staging" => private,
                _ if is_folder => folder,
                _ => file,
            };
            assert_eq!(mode, want, "{name} under {mask}: {mode:o}");
        }
        let stored = modes(&data.storage());
        let of = |name: &str| stored[&format!("model-data/{name}")];
        assert_eq!(of("scoring_model_2026-W47.json.gz"), file, "under {mask}");
        assert_eq!(of("resume_features.parquet"), 0o600, "under {mask}");
    }
}

#[test]
fn a_folder_that_cannot_hold_snapshots_stops_the_run_before_it_writes() {
    let place = Data::new(&generate(&options()));
    let snapshots = Snapshots::new();
    fs::create_dir_all(snapshots.path()).unwrap();
    fs::write(snapshots.path().join("_staging"), "in the way").unwrap();
    let refused = run(&place, AS_OF_US, &snapshots.url(), &[]).ended(4);
    assert!(refused.stderr.contains("_staging"), "{}", refused.stderr);
    assert!(place.current().is_none());
}

/// A bucket that refuses every request.
fn refusing_bucket() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut line = String::new();
            while stream.read_line(&mut line).is_ok_and(|bytes| bytes > 2) {
                line.clear();
            }
            let answer = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = stream.get_mut().write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn a_bucket_that_refuses_costs_its_snapshot_and_the_next_run_makes_one_of_everybody() {
    let place = Data::new(&generate(&options()));
    let args = run_args(&place, AS_OF_US, "s3://talvix/snapshots", &[]);
    let output = command(&args.iter().map(String::as_str).collect::<Vec<_>>())
        .env("AWS_ENDPOINT", refusing_bucket())
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_ACCESS_KEY_ID", "canary-key")
        .env("AWS_SECRET_ACCESS_KEY", "canary-secret")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the scores are in") && said.contains("s3://talvix/snapshots"), "{said}");
    assert!(!said.contains("canary"), "{said}");
    assert!(place.current().is_some());

    let snapshots = Snapshots::new();
    let next = publish(&place, AS_OF_US + 1_000_000, &snapshots, &[]);
    assert_eq!(next["users"]["scored"], next["users"]["full"]);
    assert_eq!(next["rows"]["unchanged"], next["rows"]["kept"]);
    assert_published(&next, &place.tables(), &snapshots, "of everybody");
    // Once is enough.
    let third = publish(&place, AS_OF_US + 1_000_000, &snapshots, &[]);
    assert_eq!(third["outcome"], "nothing_to_do");
}

fn report(snapshots: &Snapshots, args: &[&str]) -> Run {
    talvix(&[&["report", "--snapshots", &snapshots.url()], args].concat())
}

#[test]
fn the_report_of_a_run_is_the_page_that_the_run_has_printed() {
    let place = Data::new(&generate(&options()));
    let snapshots = Snapshots::new();
    let printed = run(&place, AS_OF_US, &snapshots.url(), &[]).ended(0).stdout;
    let text = report(&snapshots, &["--text"]).ended(0).stdout;
    // But for what only its end could tell.
    let stable = |text: &str| -> Vec<String> {
        let is_stable = |line: &&str| {
            ["run ", "model", "jobs", "users", "pairs", "rows"]
                .iter()
                .any(|of| line.starts_with(of))
        };
        text.lines().filter(is_stable).map(str::to_owned).collect()
    };
    assert_eq!(stable(&text), stable(&printed));
    assert_eq!(stable(&text).len(), 6, "{text}");

    let page = report(&snapshots, &["--out", "-"]).ended(0).stdout;
    assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
    let out = snapshots.0.path().join("night.html");
    let said = report(&snapshots, &[DATE, "--out", out.to_str().unwrap()]).ended(0);
    assert!(said.stdout.starts_with(out.to_str().unwrap()), "{}", said.stdout);
    assert_eq!(fs::read_to_string(out).unwrap(), page);
}

#[test]
fn what_is_no_published_run_is_named() {
    let place = Data::new(&generate(&options()));
    let snapshots = Snapshots::new();
    let refused = |status, args: &[&str], words: &[&str]| {
        let said = report(&snapshots, args).ended(status).stderr;
        for word in words {
            assert!(said.contains(word), "{word:?} is not in: {said}");
        }
    };
    refused(2, &[], &["no night was published here", "--snapshots"]);
    publish(&place, AS_OF_US, &snapshots, &[]);
    publish(&place, AS_OF_US + 1_000_000, &snapshots, &["--mode", "full"]);
    let runs = snapshots.runs();
    let [first, second] = &runs[..] else { panic!("{runs:?}") };
    refused(2, &["2026-11-17"], &["no run `2026-11-17`", &second.run_id.to_string()]);
    refused(2, &[DATE], &["any of 2 runs", &first.run_id.to_string(), &second.run_id.to_string()]);
    report(&snapshots, &[&first.run_id.to_string()[..20], "--text"]).ended(0);

    let file = |set: &str| {
        let folder = snapshots.path().join(set).join(format!("run_date={DATE}"));
        folder.join(format!("run_id={}/part-00000.parquet", second.run_id))
    };
    // Of another set.
    let users = fs::read(file("scored_users")).unwrap();
    fs::copy(file("scored_jobs"), file("scored_users")).unwrap();
    refused(4, &["latest"], &["scored_users", "talvix.set scored_jobs", "moved here"]);
    // Anybody's Parquet.
    fs::copy(place.table("users"), file("scored_users")).unwrap();
    refused(4, &["latest"], &["scored_users", "not written by talvix", "talvix.schema_version"]);
    // No Parquet at all.
    fs::write(file("scored_users"), "PAR1").unwrap();
    refused(4, &["latest"], &["scored_users"]);
    // Of a later talvix: a footer in which one digit is another.
    let mut later = users.clone();
    let key = b"talvix.schema_version";
    let at = later.windows(key.len()).position(|window| window == key).unwrap() + key.len();
    let digit = at + later[at..].iter().position(|byte| *byte == b'1').unwrap();
    later[digit] = b'2';
    fs::write(file("scored_users"), later).unwrap();
    refused(4, &["latest"], &["scored_users", "version 2", "newer"]);
    // Half a run.
    fs::remove_file(file("scored_users")).unwrap();
    refused(4, &["latest"], &["scored_users", "not complete", &second.run_id.to_string()]);
    fs::write(file("scored_users"), users).unwrap();
    report(&snapshots, &["latest", "--text"]).ended(0);
}

/// The Python with DuckDB, Polars and pandas that `scripts/test` installs.
fn python() -> PathBuf {
    let python = std::env::var_os("TALVIX_TEST_PYTHON");
    python.expect("TALVIX_TEST_PYTHON is not set: run scripts/test, which installs readers").into()
}

#[test]
fn analysts_read_and_join_nights_with_their_tools() {
    let tables = generate(&options());
    let place = Data::new(&tables);
    let snapshots = Snapshots::new();
    let first = publish(&place, AS_OF_US, &snapshots, &[]);
    let second = nights::night(&tables, 2, &NightOptions::new(options()));
    place.apply(&second.changes);
    let second = publish(&place, second.as_of_us, &snapshots, &[]);

    let count = |report: &Value, path: [&str; 2]| {
        Value::from(vec![report["run_id"].clone(), report[path[0]][path[1]].clone()])
    };
    let both = |path| Value::from(vec![count(&first, path), count(&second, path)]);
    for (reader, types) in [
        (
            "duckdb",
            r#"{"user_id": "VARCHAR", "fit_score": "INTEGER", "fit_reasons": "VARCHAR[]",
                "is_full_score": "BOOLEAN", "as_of": "TIMESTAMP WITH TIME ZONE"}"#,
        ),
        (
            "polars",
            r#"{"user_id": "String", "fit_score": "Int32", "fit_reasons": "List(String)",
                "is_full_score": "Boolean", "as_of": "Datetime(time_unit='us', time_zone='UTC')"}"#,
        ),
        (
            "pandas",
            r#"{"user_id": "str", "fit_score": "int32", "fit_reasons": "ndarray",
                "is_full_score": "bool", "as_of": "datetime64[us, UTC]"}"#,
        ),
    ] {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers.py");
        let output = std::process::Command::new(python())
            .arg(script)
            .args([reader, &snapshots.url()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{reader}: {}", String::from_utf8_lossy(&output.stderr));
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(found["scores"], both(["rows", "kept"]), "{reader}");
        assert_eq!(found["users"], both(["users", "scored"]), "{reader}");
        assert_eq!(found["jobs"], both(["jobs", "scoreable"]), "{reader}");
        for (run, report) in found["runs"].as_array().unwrap().iter().zip([&first, &second]) {
            let expected = [
                &report["run_id"],
                &report["rows"]["kept"],
                &report["users"]["scored"],
                &report["jobs"]["scoreable"],
            ];
            assert!(run.as_array().unwrap().iter().eq(expected), "{reader}: {run}");
        }
        // Every row meets its user and its job.
        for (run, report) in found["joined"].as_array().unwrap().iter().zip([&first, &second]) {
            assert_eq!(
                [&run[0], &run[1]],
                [&report["run_id"], &report["rows"]["kept"]],
                "{reader}"
            );
            assert!(run[3].as_i64() > Some(50), "{reader}: {run} has few reasons");
        }
        assert_eq!(found["types"], serde_json::from_str::<Value>(types).unwrap(), "{reader}");
        if reader == "duckdb" {
            assert_eq!(found["bloom"], serde_json::json!([["True"]]), "the filter tells nothing");
        }
    }
}

/// The code blocks of a page of the docs, each with its language and the line above it.
fn code_blocks(page: &str) -> Vec<(String, String, String)> {
    let mut blocks = Vec::new();
    let (mut above, mut lines) = (String::new(), page.lines());
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let code: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((above.clone(), language.to_owned(), code.join("\n")));
        } else if !line.is_empty() {
            line.clone_into(&mut above);
        }
    }
    blocks
}

#[test]
fn the_queries_of_the_docs_find_something() {
    let place = Data::new(&generate(&options()));
    let snapshots = Snapshots::new();
    publish(&place, AS_OF_US, &snapshots, &[]);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/snapshots.md");
    let mut num_run = 0;
    for (above, language, code) in code_blocks(&fs::read_to_string(page).unwrap()) {
        let queries: Vec<String> = match (above.as_str(), language.as_str()) {
            // Spark takes a Java machine and half a gigabyte: not for every test run.
            ("Spark SQL:", _) => continue,
            (_, "python") => vec![code],
            (_, "sql") => {
                let queries = code.split_inclusive(';').filter(|text| text.contains("select"));
                let run = |sql| format!("import duckdb; print(duckdb.sql('''{sql}''').fetchall())");
                queries.map(run).collect()
            }
            other => panic!("what is {other:?}?"),
        };
        for query in queries {
            let output = std::process::Command::new(python())
                .args(["-c", &query])
                .current_dir(snapshots.0.path())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{query}: {said}");
            let found = String::from_utf8_lossy(&output.stdout);
            assert!(found.len() > 20, "{query}: {found}");
            num_run += 1;
        }
    }
    assert_eq!(num_run, 6);
}
