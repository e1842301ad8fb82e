//! What must hold after a fault, and after the run that follows it.
//!
//! | what | how it is seen |
//! |---|---|
//! | a user is as before the night or as after it: rows, cursor and flags together | [`halves`] |
//! | new jobs, scrape runs and skipped users change at once, and last | [`halves`] |
//! | nothing else in the database changed | [`untouched`] |
//! | no session, lock, prepared transaction or staged night is left | [`residue`] |
//! | the pinned model is whole or not there, and the same whoever pinned it | [`model`] |
//! | who reads snapshots sees whole nights; those are the finished runs | [`published`] |
//! | the report adds up, and tells the difference of two states | [`report`] |
//! | no output holds a name or a secret | [`secrets`] |
//! | the next run ends as if undisturbed, and the one after finds nothing to do | [`converges`] |

use crate::{
    scene::{CHUNK_USERS, Scene, Site, Spot},
    support::{Place, Run, assert_rows, block_on, canonical, look},
};
use fs_err as fs;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};
use talvix_dataset::Dataset;
use talvix_fixtures::tables::{ScoreRow, Tables};
use talvix_loader::finished::{FinishedRun, in_dataset};
use talvix_snapshot::read::Nights;
use talvix_storage::Storage;
use uuid::Uuid;

/// Looks after a fault. Returns who is done.
#[track_caller]
pub fn after_fault(site: &Site, when: &str) -> Vec<Uuid> {
    site.settle();
    residue(site, when);
    let done = halves(&site.tables(), site.scene, when);
    assert!(site.is_untouched(), "{when}: something else was changed");
    model(site, when);
    published(site, when);
    done
}

/// The next run does the rest, and the one after it finds nothing to do.
#[track_caller]
pub fn converges(site: &Site, when: &str) {
    // A reader who looks all the time is part of it: runs only ever appear whole.
    let when = &format!("{when}, the run after");
    let before = site.tables();
    let run = site.run("", &[]);
    assert_eq!(run.status, 0, "{when}: {}", run.stderr);
    let after = site.tables();
    report(&run, &before, &after, when);
    ended_well(site, when);

    let counters = counters(site);
    let idle = site.run("", &[]);
    assert_eq!(idle.status, 0, "{when}: {}", idle.stderr);
    assert_eq!(idle.json()["outcome"], "nothing_to_do", "{when}");
    site.settle();
    assert_eq!(counters, self::counters(site), "{when}: a run with nothing to do wrote");
    let digest = |tables: &Tables| Sha256::digest(canonical(tables).join("\n"));
    assert_eq!(digest(&site.tables()), digest(&site.scene.after), "{when}");
    secrets(site, when);
}

/// The night is over, as if undisturbed.
#[track_caller]
pub fn ended_well(site: &Site, when: &str) {
    site.settle();
    assert_rows(&canonical(&site.tables()), &canonical(&site.scene.after), when);
    assert!(site.is_untouched(), "{when}: something else was changed");
    residue(site, when);
    let (file, expected) = site.model();
    assert!(fs::read(file).unwrap() == expected, "{when}: another model");
    let (published, finished) = published(site, when);
    let owed: BTreeSet<Uuid> = (finished.iter())
        .filter(|run| run.snapshot.as_deref() == Some("staged"))
        .map(|run| run.run_id)
        .collect();
    assert_eq!(published, owed, "{when}: runs that finished are not those that are published");
    assert!(staged(site).is_empty(), "{when}: {:?} is left staged", staged(site));
}

/// Who is scored in a night, by chunks.
pub fn chunks(after: &Tables, as_of_us: i64) -> Vec<Vec<Uuid>> {
    let mut users: Vec<Uuid> = (after.user_fit_score_cursors.iter())
        .filter(|row| row.last_scored_at == Some(as_of_us))
        .map(|row| row.user_id)
        .collect();
    users.sort_unstable();
    let chunks: Vec<Vec<Uuid>> = users.chunks(CHUNK_USERS).map(<[Uuid]>::to_vec).collect();
    assert!(chunks.len() > 3, "{} users are too few", users.len());
    chunks
}

/// The lines of a state by user; those of jobs and scrape runs under no user.
fn by_user(tables: &Tables) -> BTreeMap<Option<Uuid>, Vec<String>> {
    let mut lines: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for line in canonical(tables) {
        let mut words = line.split(' ');
        let of_user = matches!(words.next(), Some("score" | "cursor" | "user"));
        let user = of_user.then(|| words.next().unwrap().parse().unwrap());
        lines.entry(user).or_default().push(line);
    }
    lines
}

/// Everyone is as before the night or as after it, and the night's finish is there as a whole and
/// last, or not at all. Returns who is done and was not before.
#[track_caller]
pub fn halves(found: &Tables, scene: &Scene, when: &str) -> Vec<Uuid> {
    let (found, before, after) = (by_user(found), by_user(&scene.before), by_user(&scene.after));
    assert!(found.keys().eq(after.keys()), "{when}: users came or went");
    let mut done = Vec::new();
    for (user, lines) in &found {
        if lines == &before[user] {
            continue;
        }
        assert_rows(lines, &after[user], when);
        done.extend(*user);
    }
    if found[&None] != before[&None] {
        assert_eq!(found, after, "{when}: the finish is in, and not every chunk");
    }
    done
}

/// Whether the night's finish is in.
pub fn is_finished(site: &Site) -> bool {
    by_user(&site.tables())[&None] == by_user(&site.scene.after)[&None]
}

/// What no run has any business with, as one text: in a database each other table and column.
pub fn untouched(spot: &Spot) -> String {
    const WRITTEN: [&str; 3] = ["job_fit_scores", "user_fit_score_cursors", "agent_logs"];
    match spot {
        Spot::Db(db) => {
            let tables = db.query(
                "select relname from pg_class where relnamespace = 'public'::regnamespace
                 and relkind = 'r' order by 1",
            );
            let tables = tables.iter().filter(|table| !WRITTEN.contains(&table.as_str()));
            let hashes = tables.map(|table| {
                let written = match table.as_str() {
                    "users" => "fit_scores_stale,dashboard_ready,updated_at",
                    "jobs" => "is_new,updated_at",
                    "scrape_runs" => "scoring_complete,updated_at",
                    _ => "",
                };
                let sql = format!(
                    "select md5(coalesce(string_agg(row::text, '' order by row::text), ''))
                     from (select to_jsonb(t) - '{{{written}}}'::text[] as row from {table} t) r"
                );
                format!("{table} {}", db.query(&sql)[0])
            });
            hashes.collect::<Vec<_>>().join("\n")
        }
        // Of a dataset the tables say it all; what a night decides is taken out.
        Spot::Data(data) => {
            let mut tables = data.tables();
            tables.job_fit_scores.clear();
            tables.user_fit_score_cursors.clear();
            tables.agent_logs.clear();
            for user in &mut tables.users {
                (user.fit_scores_stale, user.dashboard_ready) = (false, false);
            }
            tables.jobs.iter_mut().for_each(|job| job.is_new = false);
            tables.scrape_runs.iter_mut().for_each(|run| run.scoring_complete = false);
            format!("{tables:?}")
        }
    }
}

/// Nothing of a run that is over is left in the server.
#[track_caller]
fn residue(site: &Site, when: &str) {
    let Spot::Db(db) = &site.spot else { return };
    for (what, sql) in [
        (
            "an advisory lock",
            "select count(*) from pg_locks where locktype = 'advisory' and database =
                (select oid from pg_database where datname = current_database())",
        ),
        (
            "a prepared transaction",
            "select count(*) from pg_prepared_xacts where database = current_database()",
        ),
        (
            "a temporary table",
            "select count(*) from pg_class where relpersistence = 't' and relkind = 'r'",
        ),
    ] {
        assert_eq!(db.query_i64(sql), 0, "{when}: {what} is left");
    }
}

/// The pinned model is whole or not there, and the same whoever pinned it.
#[track_caller]
fn model(site: &Site, when: &str) {
    let (file, expected) = site.model();
    if let Ok(found) = fs::read(file) {
        assert!(found == expected, "{when}: another model, or half of one");
    }
}

/// Every published run is whole, and of one that finished. Returns both.
#[track_caller]
fn published(site: &Site, when: &str) -> (BTreeSet<Uuid>, Vec<FinishedRun>) {
    let storage = Storage::Folder(site.snapshots());
    look(&storage).unwrap_or_else(|error| panic!("{when}: {error}"));
    let published: BTreeSet<Uuid> = match block_on(Nights::list(&storage)) {
        Ok(nights) => nights.runs().iter().map(|run| run.run_id).collect(),
        Err(talvix_snapshot::Error::NoNights { .. }) => BTreeSet::new(),
        Err(error) => panic!("{when}: {error}"),
    };
    let finished = finished(site);
    for run in &published {
        let is_finished = finished.iter().any(|finished| finished.run_id == *run);
        assert!(is_finished, "{when}: run {run} is published, and has not finished");
    }
    (published, finished)
}

fn finished(site: &Site) -> Vec<FinishedRun> {
    match &site.spot {
        Spot::Db(db) => db
            .query("select metadata::text from agent_logs where agent_name = 'fit_scorer'")
            .iter()
            .filter_map(|text| {
                let metadata: Value = serde_json::from_str(text).unwrap();
                Some(FinishedRun {
                    run_id: metadata["run_id"].as_str()?.parse().unwrap(),
                    snapshot: metadata["snapshot"].as_str().map(str::to_owned),
                })
            })
            .collect(),
        Spot::Data(data) => {
            in_dataset(&Dataset::open(data.dir()).unwrap().current().unwrap()).unwrap()
        }
    }
}

/// What lies where nights are staged.
fn staged(site: &Site) -> Vec<String> {
    block_on(Storage::Folder(site.snapshots()).names("_staging")).unwrap()
}

/// What was written so far, by the server's own count or the dataset's versions.
fn counters(site: &Site) -> Vec<String> {
    match &site.spot {
        Spot::Db(db) => db.counters().iter().map(|count| format!("{count:?}")).collect(),
        Spot::Data(data) => vec![format!("{:?}", data.current())],
    }
}

/// The report of a run that ended well adds up, and tells how the stored rows changed.
#[track_caller]
pub fn report(run: &Run, before: &Tables, after: &Tables, when: &str) {
    let report = run.json();
    if report["outcome"] == "nothing_to_do" {
        return;
    }
    let number = |path: &str| report.pointer(path).and_then(Value::as_u64).unwrap();
    let kept = number("/rows/inserted") + number("/rows/updated") + number("/rows/unchanged");
    assert_eq!(number("/rows/kept"), kept, "{when}");
    let (inserted, updated, deleted) = changes(before, after);
    assert_eq!(
        [inserted, updated, deleted],
        ["/rows/inserted", "/rows/updated", "/rows/deleted"].map(number),
        "{when}: rows inserted, updated, deleted: found, and as reported"
    );
    let skipped = report["users"]["skipped"].as_object().unwrap();
    let skipped: u64 = skipped.values().filter_map(Value::as_u64).sum();
    let users = number("/users/scored") + number("/users/left_alone") + number("/users/left_out");
    assert_eq!(users + skipped, after.users.len() as u64, "{when}: users");
}

/// Stored pairs that came, changed and went.
fn changes(before: &Tables, after: &Tables) -> (u64, u64, u64) {
    fn rows(tables: &Tables) -> HashMap<(Uuid, Uuid, i32, i32), &ScoreRow> {
        let rows = tables.job_fit_scores.iter();
        rows.map(|row| ((row.user_id, row.job_id, row.year_number, row.week_number), row)).collect()
    }
    let (was, is) = (rows(before), rows(after));
    let inserted = is.keys().filter(|key| !was.contains_key(*key)).count();
    let deleted = was.keys().filter(|key| !is.contains_key(*key)).count();
    let values = |row: &ScoreRow| {
        let texts = (row.fit_reasons.clone(), row.missing_skills.clone(), row.strengths.clone());
        (row.fit_score, texts, row.is_full_score, row.fit_label.clone())
    };
    let updated = is
        .iter()
        .filter(|(key, row)| was.get(*key).is_some_and(|old| values(old) != values(row)))
        .count();
    (inserted as u64, updated as u64, deleted as u64)
}

/// No output holds a name or a secret: what was printed, and all files but the tables themselves.
#[track_caller]
fn secrets(site: &Site, when: &str) {
    let holds = |text: &str| text.to_lowercase().contains("canary");
    for text in site.printed.lock().unwrap().iter() {
        assert!(!holds(text), "{when}: {text}");
        assert!(!text.contains("panicked at"), "{when}: {text}");
    }
    let mut folders = vec![site.folder.path().to_owned(), site.spot.storage()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                let is_clean = !holds(&decoded(&path));
                assert!(is_clean, "{when}: {}", path.display());
            }
        }
    }
}

/// A file's bytes, and of Parquet all texts of it.
fn decoded(path: &Path) -> String {
    use arrow::array::{AsArray, ListArray};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    let mut text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    if path.extension().is_some_and(|extension| extension == "parquet") {
        let file = fs::File::open(path).unwrap().into_file();
        // A file that a killed run left unfinished is bytes only.
        let open = ParquetRecordBatchReaderBuilder::try_new(file);
        let reader = open.and_then(ParquetRecordBatchReaderBuilder::build);
        for batch in reader.into_iter().flatten().flatten() {
            for column in batch.columns() {
                let lists = column.as_list_opt::<i32>().map(ListArray::values);
                let texts = lists.unwrap_or(column).as_string_opt::<i32>();
                text.extend(texts.into_iter().flatten().flatten());
            }
        }
    }
    text
}
