//! A run that is killed loses nothing and shows nothing by halves: whatever the moment, readers
//! see users as they were or as they are to be, and the next run ends where an undisturbed one
//! would have.
//!
//! On PostgreSQL the moments are held open by locks of the test: the run waits there until it is
//! killed. On a dataset the run is killed at lines of its log, at files that appear, and at
//! moments drawn by a fixed seed.

mod support;

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};
use support::{
    Data, Db, Place, Running, Session, aliases, assert_rows, assert_scores, canonical, night,
    spawn, time,
};
use talvix_fixtures::{
    generate::{Dirt, Options, generate},
    nights::{self, Change, NightOptions},
    oracle::{Model, Weights},
    tables::Tables,
};
use uuid::Uuid;

/// Monday, 2026-11-16T17:00:00Z.
const AS_OF_US: i64 = 1_794_848_400_000_000;

/// Users of a chunk: few, so that a night has several.
const CHUNK_USERS: usize = 20;

/// Of a run that was killed.
const KILLED: i32 = 128 + 9;

/// Two nights: everyone in full, and then new jobs for most.
struct Nights {
    first: Tables,
    changes: Vec<Change>,
    as_of_us: [i64; 2],
}

impl Nights {
    fn new() -> Self {
        let base = Options {
            jobs: 300,
            users: 90,
            seed: 7,
            paid_share: 0.3,
            as_of_us: AS_OF_US,
            dirt: Dirt::Database,
            ..Options::default()
        };
        let first = generate(&base);
        let options = NightOptions { changed_users_per_mille: 300, ..NightOptions::new(base) };
        let second = nights::night(&first, 2, &options);
        Nights { first, changes: second.changes, as_of_us: [AS_OF_US, second.as_of_us] }
    }

    /// When a night is.
    fn as_of(&self, night: usize) -> String {
        time(self.as_of_us[night])
    }

    /// A place right before a night.
    fn before<P: Place>(&self, make: impl Fn(&Tables) -> P, night: usize) -> P {
        let place = make(&self.first);
        if night == 1 {
            support::night(&place, &self.as_of(0), &[]);
            place.apply(&self.changes);
        }
        place
    }

    /// The tables before and after an undisturbed night, which is what the oracle says it is.
    fn undisturbed<P: Place>(&self, make: impl Fn(&Tables) -> P, night: usize) -> (Tables, Tables) {
        let place = self.before(make, night);
        let before = place.tables();
        let report = support::night(&place, &self.as_of(night), &["--chunk-users", "20"]);
        assert_eq!(report["outcome"], "completed");
        let after = place.tables();
        let weights = Weights::from_rows(&self.first.model_weights);
        let model = Model::pin(&self.first, &aliases(), weights);
        assert_scores(&after, &before, &model, self.as_of_us[night], "undisturbed");
        (before, after)
    }
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
/// last, or not at all. Returns who is done.
#[track_caller]
fn assert_no_halves(found: &Tables, before: &Tables, after: &Tables, when: &str) -> Vec<Uuid> {
    let (found, before, after) = (by_user(found), by_user(before), by_user(after));
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

/// The next run does the rest, and the one after it finds nothing to do.
#[track_caller]
fn assert_next_run_ends_well(place: &impl Place, as_of: &str, after: &Tables, when: &str) {
    night(place, as_of, &[]);
    assert_rows(&canonical(&place.tables()), &canonical(after), when);
    assert_eq!(night(place, as_of, &[])["outcome"], "nothing_to_do", "{when}");
    assert_rows(&canonical(&place.tables()), &canonical(after), when);
}

fn start(place: &impl Place, as_of: &str, chunk_users: usize, connections: usize) -> Running {
    let source = place.source_args();
    let (chunk_users, connections) = (chunk_users.to_string(), connections.to_string());
    let mut args = vec!["run", "-v", "--as-of", as_of, "--chunk-users", &chunk_users];
    args.extend(["--connections", &connections]);
    args.extend(source.iter().map(String::as_str));
    spawn(&args)
}

/// Where a run in a database is held and killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Point {
    Loading,
    Scoring,
    /// In the second chunk, before its rows are written.
    WithinAChunk,
    /// In the second chunk; rows and cursors are written and not committed.
    AtTheEndOfAChunk,
    /// After the second chunk: the third waits for its first lock.
    BetweenChunks,
    /// Every chunk is in; the finish has marked jobs, and not committed.
    BeforeTheFinish,
}

impl Point {
    const ALL: [Point; 6] = [
        Point::Loading,
        Point::Scoring,
        Point::WithinAChunk,
        Point::AtTheEndOfAChunk,
        Point::BetweenChunks,
        Point::BeforeTheFinish,
    ];

    /// What is locked, by an open transaction, so that a run gets here and no further.
    fn lock(self, chunks: &[Vec<Uuid>], before: &Tables, after: &Tables) -> String {
        let lock = match self {
            Point::Loading => "lock table job_skills in access exclusive mode".to_owned(),
            Point::Scoring => "select id from users for update".to_owned(),
            Point::WithinAChunk => {
                let job = job_written_first_by(&chunks[1], &chunks[0], before, after);
                format!("select id from jobs where id = '{job}' for update")
            }
            Point::AtTheEndOfAChunk => {
                let stale = |user: &&Uuid| {
                    before.users.iter().any(|row| row.id == **user && row.fit_scores_stale)
                };
                let user = chunks[1].iter().find(stale).expect("a stale user in the second chunk");
                // Suits a foreign key's check, and not the change of a flag.
                format!("select id from users where id = '{user}' for share")
            }
            Point::BetweenChunks => {
                format!("select id from users where id = '{}' for update", chunks[2][0])
            }
            Point::BeforeTheFinish => "select id from scrape_runs for share".to_owned(),
        };
        format!("begin; {lock}")
    }

    /// Waits until the run is there.
    fn wait(self, run: &mut Running, db: &Db) {
        match self {
            Point::Loading => run.wait_for("loading"),
            Point::Scoring => return run.wait_for("scoring"),
            Point::WithinAChunk | Point::AtTheEndOfAChunk => run.wait_for("writing chunk 2"),
            Point::BetweenChunks => run.wait_for("chunk 2 is in"),
            Point::BeforeTheFinish => run.wait_for("finishing"),
        }
        db.wait_until(
            "select count(*) from pg_stat_activity where datname = current_database()
             and application_name like 'talvix run%' and wait_event_type = 'Lock'",
        );
    }

    /// The chunks that are committed then.
    fn done(self, chunks: &[Vec<Uuid>]) -> Vec<Uuid> {
        let chunks = match self {
            Point::Loading | Point::Scoring => &chunks[..0],
            Point::WithinAChunk | Point::AtTheEndOfAChunk => &chunks[..1],
            Point::BetweenChunks => &chunks[..2],
            Point::BeforeTheFinish => chunks,
        };
        chunks.concat()
    }
}

/// A job whose pair with one of these users is to be written, and with none of the others.
fn job_written_first_by(users: &[Uuid], others: &[Uuid], before: &Tables, after: &Tables) -> Uuid {
    let of = |tables: &Tables, users: &[Uuid]| -> Vec<Uuid> {
        let rows = tables.job_fit_scores.iter().filter(|row| users.contains(&row.user_id));
        rows.map(|row| row.job_id).collect()
    };
    let known: Vec<Uuid> = [of(before, users), of(after, others)].concat();
    let written = of(after, users).into_iter().find(|job| !known.contains(job));
    written.expect("a job that the second chunk is the first to write")
}

/// Who is scored in a night, by chunks.
fn chunks(after: &Tables, as_of_us: i64) -> Vec<Vec<Uuid>> {
    let mut users: Vec<Uuid> = after
        .user_fit_score_cursors
        .iter()
        .filter(|row| row.last_scored_at == Some(as_of_us))
        .map(|row| row.user_id)
        .collect();
    users.sort_unstable();
    let chunks: Vec<Vec<Uuid>> = users.chunks(CHUNK_USERS).map(<[Uuid]>::to_vec).collect();
    assert!(chunks.len() > 3, "{} users are too few", users.len());
    chunks
}

/// Kills a run at a point. A reader who looks before and after that sees no halves.
fn kill_at(point: Point, nights: &Nights, number: usize, db: &Db, expected: &(Tables, Tables)) {
    let (before, after) = expected;
    let chunks = chunks(after, nights.as_of_us[number]);
    let session: Session<'_> = db.session();
    session.sql(&point.lock(&chunks, before, after));
    // One connection, so that chunks come in one after the other.
    let mut run = start(db, &nights.as_of(number), CHUNK_USERS, 1);
    point.wait(&mut run, db);
    let mut done = point.done(&chunks);
    done.retain(|user| by_user(before)[&Some(*user)] != by_user(after)[&Some(*user)]);
    if point != Point::Loading {
        let seen = assert_no_halves(&db.tables(), before, after, &format!("{point:?}, seen"));
        assert_eq!(seen, done, "{point:?}");
    }
    assert_eq!(run.kill().status, KILLED, "{point:?}");
    session.sql("rollback");
    db.wait_until(
        "select (count(*) = 0)::int from pg_stat_activity
         where datname = current_database() and application_name like 'talvix run%'",
    );
    let left = assert_no_halves(&db.tables(), before, after, &format!("{point:?}, left"));
    assert_eq!(left, done, "{point:?}");
}

/// Kills a run at each point, the one that resumes it as well, and lets the third do the rest.
fn killed_at_each_point(number: usize) {
    let nights = Nights::new();
    let expected = nights.undisturbed(Db::new, number);
    for point in Point::ALL {
        let db = nights.before(Db::new, number);
        kill_at(point, &nights, number, &db, &expected);
        kill_at(point, &nights, number, &db, &expected);
        assert_next_run_ends_well(&db, &nights.as_of(number), &expected.1, &format!("{point:?}"));
    }
}

#[test]
fn a_full_night_in_a_database_killed_at_each_point_is_resumed() {
    killed_at_each_point(0);
}

#[test]
fn a_delta_night_in_a_database_killed_at_each_point_is_resumed() {
    killed_at_each_point(1);
}

#[test]
fn a_night_in_a_database_killed_at_one_point_after_the_other_is_resumed() {
    let nights = Nights::new();
    let expected = nights.undisturbed(Db::new, 0);
    let db = nights.before(Db::new, 0);
    for point in Point::ALL {
        kill_at(point, &nights, 0, &db, &expected);
    }
    assert_next_run_ends_well(&db, &nights.as_of(0), &expected.1, "after all points");
}

#[test]
fn a_night_killed_while_one_of_two_connections_waits_has_all_chunks_but_that_one() {
    let nights = Nights::new();
    for number in [0, 1] {
        let (before, after) = nights.undisturbed(Db::new, number);
        let chunks = chunks(&after, nights.as_of_us[number]);
        for point in [Point::WithinAChunk, Point::AtTheEndOfAChunk] {
            let when = format!("night {number}, {point:?}");
            let db = nights.before(Db::new, number);
            let session: Session<'_> = db.session();
            session.sql(&point.lock(&chunks, &before, &after));
            let mut run = start(&db, &nights.as_of(number), CHUNK_USERS, 2);
            let mut others = chunks.clone();
            // A later chunk may need the same job.
            if point == Point::AtTheEndOfAChunk {
                run.wait_for(&format!("chunk {} is in", chunks.len()));
                others.remove(1);
            } else {
                run.wait_for("chunk 1 is in");
                others.truncate(1);
            }
            run.kill();
            session.sql("rollback");
            db.wait_until(
                "select (count(*) = 0)::int from pg_stat_activity
                 where datname = current_database() and application_name like 'talvix run%'",
            );
            let left = assert_no_halves(&db.tables(), &before, &after, &when);
            let (was, is) = (by_user(&before), by_user(&after));
            let changed = |user: &Uuid| was[&Some(*user)] != is[&Some(*user)];
            let missing =
                others.concat().into_iter().find(|user| changed(user) && !left.contains(user));
            assert_eq!(missing, None, "{when}");
            assert!(!left.iter().any(|user| chunks[1].contains(user)), "{when}");
            assert_next_run_ends_well(&db, &nights.as_of(number), &after, &when);
        }
    }
}

#[test]
fn a_night_in_a_database_killed_at_any_moment_is_resumed() {
    let nights = Nights::new();
    let mut moments = Moments::new();
    for number in [0, 1] {
        let (before, after) = nights.undisturbed(Db::new, number);
        for round in 0..5 {
            let when = format!("night {number}, round {round}");
            let db = nights.before(Db::new, number);
            for _ in 0..2 {
                let mut run = start(&db, &nights.as_of(number), CHUNK_USERS, 3);
                run.comes("scoring");
                moments.pass(Duration::from_millis(60));
                run.kill();
                db.wait_until(
                    "select (count(*) = 0)::int from pg_stat_activity
                     where datname = current_database() and application_name like 'talvix run%'",
                );
                assert_no_halves(&db.tables(), &before, &after, &when);
            }
            assert_next_run_ends_well(&db, &nights.as_of(number), &after, &when);
        }
    }
}

/// What a run on a dataset is killed at.
#[derive(Clone, Copy, Debug)]
enum Sign {
    /// A line of the log.
    Line(&'static str),
    /// A file or folder.
    File(&'static str),
    /// A moment within this long after a line of the log.
    After(&'static str, Duration),
}

impl Sign {
    fn wait(self, run: &mut Running, dir: &Path, moments: &mut Moments) {
        match self {
            Sign::Line(line) => run.wait_for(line),
            Sign::File(name) => {
                run.wait_for("finishing");
                let began = Instant::now();
                // It may have come and gone.
                while !dir.join(name).exists() && began.elapsed() < Duration::from_secs(1) {
                    std::thread::yield_now();
                }
            }
            Sign::After(line, range) => {
                run.wait_for(line);
                moments.pass(range);
            }
        }
    }
}

/// Moments drawn by a fixed seed (xorshift): the same ones each time.
struct Moments(u64);

impl Moments {
    fn new() -> Self {
        Moments(0x9e37_79b9_7f4a_7c15)
    }

    /// Lets a while pass, of at most this long.
    fn pass(&mut self, at_most: Duration) {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let while_us = self.0 % at_most.as_micros() as u64;
        std::thread::sleep(Duration::from_micros(while_us));
    }
}

/// Kills a run on a dataset: the old version is there or the new one, complete.
fn kill_dataset_run(
    sign: Sign,
    data: &Data,
    as_of: &str,
    (before, after): &(Tables, Tables),
    moments: &mut Moments,
) {
    let mut run = start(data, as_of, 1, 1);
    sign.wait(&mut run, data.dir(), moments);
    let status = run.kill().status;
    assert!([KILLED, 0].contains(&status), "{sign:?}: {status}");
    let found = canonical(&data.tables());
    if found != canonical(before) {
        assert_rows(&found, &canonical(after), &format!("{sign:?}, left"));
    }
}

/// Nothing of a commit that was not made is left.
#[track_caller]
fn assert_no_staging(dir: &Path, when: &str) {
    for folder in [dir.to_owned(), dir.join("versions")] {
        for entry in fs_err::read_dir(&folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let known = ["current", "storage", "versions", ".talvix.lock"].contains(&&*name)
                || name.ends_with(".parquet")
                || (name.len() == 6 && name.parse::<u64>().is_ok());
            assert!(known, "{when}: {} holds {name}", folder.display());
        }
    }
    let current = fs_err::read_link(dir.join("current")).unwrap();
    let newest = fs_err::read_dir(dir.join("versions")).unwrap();
    let newest = newest.map(|entry| entry.unwrap().file_name()).max().unwrap();
    assert_eq!(current.file_name().unwrap(), newest, "{when}");
}

/// Kills a run at a sign, the one that resumes it as well, and lets the third do the rest.
fn killed_at(signs: &[Sign], number: usize) {
    let nights = Nights::new();
    let as_of = nights.as_of(number);
    let expected = nights.undisturbed(Data::new, number);
    let mut moments = Moments::new();
    for sign in signs {
        let data = nights.before(Data::new, number);
        kill_dataset_run(*sign, &data, &as_of, &expected, &mut moments);
        if canonical(&data.tables()) == canonical(&expected.0) {
            kill_dataset_run(*sign, &data, &as_of, &expected, &mut moments);
        }
        assert_next_run_ends_well(&data, &as_of, &expected.1, &format!("{sign:?}"));
        assert_no_staging(data.dir(), &format!("{sign:?}"));
    }
}

/// The moments that a run's log and files tell of.
const SIGNS: [Sign; 7] = [
    Sign::Line("loading"),
    Sign::Line("scoring"),
    Sign::Line("writing chunk 2"),
    Sign::Line("chunk 2 is in"),
    Sign::Line("finishing"),
    Sign::File("versions/.staging-000001"),
    Sign::File("versions/000001"),
];

#[test]
fn a_full_night_on_a_dataset_killed_at_each_point_is_resumed() {
    killed_at(&SIGNS, 0);
    killed_at(&[Sign::Line("pinning the model")], 0);
}

#[test]
fn a_delta_night_on_a_dataset_killed_at_each_point_is_resumed() {
    let mut signs = SIGNS;
    signs[5] = Sign::File("versions/.staging-000003");
    signs[6] = Sign::File("versions/000003");
    killed_at(&signs, 1);
}

#[test]
fn a_night_on_a_dataset_killed_at_any_moment_is_resumed() {
    let anywhere = Sign::After("loading", Duration::from_millis(250));
    let in_the_commit = Sign::After("finishing", Duration::from_millis(50));
    killed_at(&[anywhere, in_the_commit].repeat(5), 0);
    killed_at(&[anywhere, in_the_commit].repeat(5), 1);
}
