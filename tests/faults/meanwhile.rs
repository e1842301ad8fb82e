//! What others do to the database while a night runs.

use crate::{
    Case, checker,
    kill::at,
    scene::{DELTA, FULL, Scene, Site, Where},
    support::{Run, aliases, assert_scores},
};
use std::sync::LazyLock;
use talvix_fixtures::oracle::{Model, Weights};

/// The weekly reset, as it is scheduled.
const RESET: &str = "begin; delete from job_fit_scores;
     update user_fit_score_cursors set last_scrape_run_id = null, last_scored_at = null;
     update users set fit_scores_stale = true; commit";

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut case = |name: String, is_smoke: bool, run: Box<dyn FnOnce() + Send>| {
        cases.push(Case::new(format!("meanwhile/{name}"), run).smoke_if(is_smoke));
    };
    for (number, point) in ["scored", "chunk-locked", "chunk-committed", "chunks-in", "finish-jobs"]
        .into_iter()
        .enumerate()
    {
        let is_smoke = number == 1;
        let reset = move || {
            disturbed(&DELTA, point, RESET, |_, run| {
                if point == "scored" {
                    // Who has no cursor cannot lose it; all others are left alone.
                    assert!(run.json()["users"]["reset_meanwhile"].as_u64() > Some(0));
                }
            });
        };
        case(format!("reset/{point}"), is_smoke, Box::new(reset));
    }
    for point in ["loaded", "scored", "chunk-begun", "chunk-locked"] {
        let expired = "delete from job_fit_scores where id::text < '8' or user_id::text > '8'";
        let expire = move || disturbed(&DELTA, point, expired, |_, _| {});
        case(format!("expired/{point}"), point == "scored", Box::new(expire));
    }
    for point in ["scored", "chunk-begun", "chunk-locked"] {
        let job = "delete from jobs where id in (select job_id from kept_next limit 3)";
        let deleted = move || disturbed(&FULL, point, job, |_, _| {});
        case(format!("jobs-deleted/{point}"), point == "chunk-begun", Box::new(deleted));
        let user = "delete from users where id in (select id from users order by id limit 30)";
        let deleted = move || disturbed(&FULL, point, user, |_, _| {});
        case(format!("users-deleted/{point}"), point == "scored", Box::new(deleted));
    }
    case("rows-change".into(), true, Box::new(rows_change));
    case("stale-again".into(), true, Box::new(stale_again));
    case("jobs-change".into(), true, Box::new(jobs_change));
    case("deadlock".into(), true, Box::new(deadlock));
    case("lock-held".into(), false, Box::new(lock_held));
    case("table-renamed".into(), false, Box::new(table_renamed));
    case("rows-swallowed".into(), true, Box::new(rows_swallowed));
    case("transaction-fails-in-silence/chunk".into(), true, Box::new(|| fails_in_silence(1)));
    case(
        "transaction-fails-in-silence/finish".into(),
        false,
        Box::new(|| {
            fails_in_silence(FULL.chunks.len());
        }),
    );
    case("statement-timeout/halves".into(), false, Box::new(|| statement_timeout(true)));
    case("statement-timeout/too-short".into(), false, Box::new(|| statement_timeout(false)));
    cases
}

/// Does something to the database while a run stands at a point, and lets it go on.
fn disturb(site: &Site, fault_points: &str, point: &str, sql: &str) -> Run {
    let mut run = site.start(fault_points, &[]);
    run.wait_for(&format!("fault point {point}"));
    let db = site.db();
    std::thread::scope(|scope| {
        // It may have to wait for what the run holds.
        let session = db.session();
        let sql = scope.spawn(move || {
            // Where the server takes it for the one of a deadlock, it asks again.
            let tries = (0..5).map(|_| {
                let done = session.try_sql(sql);
                done.or_else(|error| session.try_sql("rollback").and(Err(error)))
            });
            tries.take_while(Result::is_err).last()
        });
        std::thread::sleep(std::time::Duration::from_millis(100));
        site.let_go();
        let failure = sql.join().unwrap();
        assert!(failure.is_none_or(|error| error.unwrap_err().contains("40P01")));
    });
    site.ended(run)
}

/// Whatever others did: the run ends well, and after the next one everybody has what a full scan of
/// what is there now gives.
fn disturbed(
    scene: &'static LazyLock<Scene>,
    point: &str,
    sql: &str,
    look: impl FnOnce(&Site, &Run),
) {
    let site = Site::new(scene, Where::Postgres);
    let jobs: Vec<String> = scene.chunks[0]
        .iter()
        .flat_map(|user| scene.after.job_fit_scores.iter().filter(move |row| row.user_id == *user))
        .map(|row| format!("('{}'::uuid)", row.job_id))
        .collect();
    site.db().sql(&format!("create view kept_next (job_id) as values {}", jobs.join(", ")));
    let run = disturb(&site, &at(point, 0, "wait"), point, sql);
    assert_eq!(run.status, 0, "{point}: {}", run.stderr);
    look(&site, &run);
    next_run_knows(&site, point);
}

/// The next run leaves everybody with what a full scan gives.
fn next_run_knows(site: &Site, when: &str) {
    let before = site.tables();
    let run = site.run("", &[]);
    assert_eq!(run.status, 0, "{when}: {}", run.stderr);
    let after = site.tables();
    checker::report(&run, &before, &after, when);
    let first = &FULL.before;
    let model = Model::pin(first, &aliases(), Weights::from_rows(&first.model_weights));
    assert_scores(&after, &before, &model, site.scene.as_of_us, when);
    let again = site.run("", &[]);
    assert_eq!(again.json()["outcome"], "nothing_to_do", "{when}: {}", again.stdout);
}

/// Somebody uploads a resume, and another one changes a profile, after the load.
fn stale_again() {
    let site = Site::new(&FULL, Where::Postgres);
    let [first, second] = [FULL.chunks[2][0], FULL.chunks[2][1]];
    let sql = format!(
        "update users set fit_scores_stale = true, expected_salary_lpa = 12 where id = '{first}';
         update users set fit_scores_stale = true where id = '{second}';
         update resumes set file_hash = repeat('0', 64), updated_at = now() where user_id = '{second}'"
    );
    disturb(&site, &at("scored", 0, "wait"), "scored", &sql);
    let stale = format!(
        "select count(*) from users where fit_scores_stale and id in ('{first}', '{second}')"
    );
    assert_eq!(site.db().query_i64(&stale), 2, "what came after the load is still to be done");
    next_run_knows(&site, "stale again");
    assert_eq!(site.db().query_i64(&stale), 0);
}

/// Stored rows are edited, and one more comes, after the load: this very run finds and mends that.
fn rows_change() {
    let site = Site::new(&DELTA, Where::Postgres);
    let users: Vec<String> = DELTA.chunks[0].iter().map(ToString::to_string).collect();
    let of_chunk = format!("user_id = any('{{{}}}')", users.join(","));
    let sql = format!(
        "update job_fit_scores set fit_reasons = '{{of somebody else}}' where {of_chunk}
             and id::text < '8';
         insert into job_fit_scores (user_id, job_id, fit_score, fit_label, recommendation,
             fit_reasons, week_number, year_number)
         select s.user_id, j.id, 40, 'fair', 'skip', '{{of somebody else}}', s.week_number,
             s.year_number
         from jobs j, (select * from job_fit_scores where {of_chunk} order by id limit 1) s
         where not exists (select from job_fit_scores o
             where (o.user_id, o.job_id) = (s.user_id, j.id)) order by j.id limit 1"
    );
    let theirs = "select count(*) from job_fit_scores where fit_reasons = '{of somebody else}'";
    let run = disturb(&site, &at("scored", 0, "wait"), "scored", &sql);
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(run.json()["rows"]["updated"].as_u64() > Some(0), "{}", run.stdout);
    assert_eq!(site.db().query_i64(theirs), 0, "what others wrote is written over");
    let again = site.run("", &[]);
    assert_eq!(again.json()["outcome"], "nothing_to_do", "all is mended: {}", again.stdout);
    next_run_knows(&site, "rows that change");
}

/// A job is edited, one is new and one is cleaned, after the load.
fn jobs_change() {
    let site = Site::new(&DELTA, Where::Postgres);
    let new: Vec<_> = DELTA.before.jobs.iter().filter(|job| job.is_new).map(|job| job.id).collect();
    let (edited, copied) = (new[0], new[1]);
    let arrives = uuid::Uuid::from_u128(7);
    let sql = format!(
        "update jobs set title = title || '!' where id = '{edited}';
         insert into jobs select (jsonb_populate_record(j, jsonb_build_object('id', '{arrives}',
             'fingerprint', repeat('e', 64)))).* from jobs j where id = '{copied}'"
    );
    let run = disturb(&site, &at("scored", 0, "wait"), "scored", &sql);
    assert_eq!(run.status, 0, "{}", run.stderr);
    let still_new =
        format!("select count(*) from jobs where is_new and id in ('{edited}', '{arrives}')");
    assert_eq!(site.db().query_i64(&still_new), 2, "nobody has seen them as they are");
    let others = format!(
        "select count(*) from jobs where is_new and id = any('{{{}}}') and is_active and jd_cleaned
         and role_family is not null and id <> '{edited}'",
        new.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    );
    assert_eq!(site.db().query_i64(&others), 0, "the others are seen");
    next_run_knows(&site, "jobs that change");
    assert_eq!(site.db().query_i64(&still_new), 0);
}

/// Another writer holds what a chunk needs, and needs what it holds.
fn deadlock() {
    let site = Site::new(&FULL, Where::Postgres);
    let (first, last) = (FULL.chunks[1][0], FULL.chunks[1][CHUNK_LAST]);
    let mut run = site.start(&at("chunk-begun", 1, "wait"), &[]);
    run.wait_for("fault point chunk-begun");
    let session = site.db().session();
    session.sql(&format!("begin; select from users where id = '{last}' for update"));
    site.let_go();
    site.db().wait_until(
        "select count(*) from pg_stat_activity where datname = current_database()
         and application_name like 'talvix run%' and wait_event_type = 'Lock'",
    );
    // The server ends one of the two.
    let _ = session.try_sql(&format!("select from users where id = '{first}' for update"));
    let _ = session.try_sql("rollback");
    let run = site.ended(run);
    assert_eq!(run.status, 0, "{}", run.stderr);
    checker::ended_well(&site, "a deadlock");
    checker::converges(&site, "a deadlock");
}

const CHUNK_LAST: usize = crate::scene::CHUNK_USERS - 1;

/// Another session holds a user for longer than is waited for.
fn lock_held() {
    let site = Site::new(&FULL, Where::Postgres);
    let session = site.db().session();
    let user = FULL.chunks[1][3];
    session.sql(&format!("begin; select from users where id = '{user}' for update"));
    let run = site.run("", &[]);
    assert_eq!(run.status, 1, "{}", run.stderr);
    for said in ["55P03", "holding users in place", "sessions that hold locks", "are committed"] {
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
    }
    session.sql("rollback");
    let done = checker::after_fault(&site, "a lock that others hold");
    assert!(!done.iter().any(|user| FULL.chunks[1].contains(user)));
    checker::converges(&site, "a lock that others hold");
}

/// The schema changes under a run.
fn table_renamed() {
    let site = Site::new(&FULL, Where::Postgres);
    let away = "alter table user_fit_score_cursors rename to away";
    let run = disturb(&site, &at("chunk-committed", 0, "wait"), "chunk-committed", away);
    assert_eq!(run.status, 1, "{}", run.stderr);
    assert!(run.stderr.contains("42P01"), "{}", run.stderr);
    site.db().sql("alter table away rename to user_fit_score_cursors");
    let done = checker::after_fault(&site, "a table that was renamed");
    assert!(done.iter().all(|user| FULL.chunks[0].contains(user)));
    checker::converges(&site, "a table that was renamed");
}

/// A trigger drops a row that was sent.
fn rows_swallowed() {
    let site = Site::new(&FULL, Where::Postgres);
    let user = &FULL.after.job_fit_scores.iter().map(|row| row.user_id).max().unwrap();
    site.db().sql(&format!(
        "create function swallow() returns trigger language plpgsql as $$ begin
             if new.user_id = '{user}' then return null; end if; return new; end $$;
         create trigger swallow before insert on job_fit_scores
             for each row execute function swallow()"
    ));
    let run = site.run("", &[]);
    assert_eq!(run.status, 1, "{}", run.stderr);
    assert!(run.stderr.contains("the server counted"), "{}", run.stderr);
    site.db().sql("drop trigger swallow on job_fit_scores; drop function swallow");
    let done = checker::after_fault(&site, "rows that are swallowed");
    assert!(!done.contains(user));
    checker::converges(&site, "rows that are swallowed");
}

/// A transaction has failed and nobody heard of it: the server answers its commit with a rollback.
fn fails_in_silence(number: usize) {
    let site = Site::new(&FULL, Where::Postgres);
    let run = site.run(&at("transaction-fails", number, "eio"), &[]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(run.stderr.contains("25P02"), "it was noticed: {}", run.stderr);
    checker::report(&run, &FULL.before, &site.tables(), "a failure in silence");
    checker::ended_well(&site, "a failure in silence");
    checker::converges(&site, "a failure in silence");
}

/// The server's limit is too short for a chunk's rows, and long enough for half of them, or not.
fn statement_timeout(is_enough_for_halves: bool) {
    /// What each row is slowed down by.
    const ROW_MS: usize = 40;
    let rows = |users: &[uuid::Uuid]| {
        FULL.after.job_fit_scores.iter().filter(|row| users.contains(&row.user_id)).count()
    };
    let chunks = || FULL.chunks.iter().map(Vec::as_slice);
    let most = chunks().map(rows).max().unwrap();
    let most_of_half =
        chunks().flat_map(|users| users.chunks(users.len().div_ceil(2)).map(rows)).max().unwrap();
    assert!(most_of_half + 4 < most, "no half is much smaller than a chunk");
    let ms = if is_enough_for_halves { most.midpoint(most_of_half) * ROW_MS } else { 5 * ROW_MS };
    let site = Site::new(&FULL, Where::Postgres);
    let db = site.db();
    db.sql(&format!(
        "create function slow() returns trigger language plpgsql as
             $$ begin perform pg_sleep({ROW_MS} / 1000.0); return new; end $$;
         create trigger slow before insert on job_fit_scores for each row execute function slow();
         alter role talvix_engine in database {} set statement_timeout = {ms}",
        db.name()
    ));
    let run = site.run("", &[]);
    assert_eq!(run.status, i32::from(!is_enough_for_halves), "{}", run.stderr);
    assert!(run.stderr.contains("in two halves"), "{}", run.stderr);
    if !is_enough_for_halves {
        assert!(run.stderr.contains("statement_timeout is 200ms"), "{}", run.stderr);
    }
    db.sql(&format!(
        "drop trigger slow on job_fit_scores; drop function slow;
         alter role talvix_engine in database {} reset statement_timeout",
        db.name()
    ));
    checker::after_fault(&site, "a limit on a statement's time");
    checker::converges(&site, "a limit on a statement's time");
}
