//! A server that ends sessions, restarts, crashes, goes, fills up, or only reads.

use crate::{
    Case, checker,
    cluster::Cluster,
    kill::at,
    proxy::{Proxy, Toxic},
    scene::{DELTA, FULL, Site, Where},
    support::Db,
};
use std::time::{Duration, Instant};

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut case = |name: String, is_smoke: bool, run: Box<dyn FnOnce() + Send>| {
        cases.push(Case::new(format!("server/{name}"), run).smoke_if(is_smoke));
    };
    for (point, passes) in [
        ("loading", 0),
        ("chunk-locked", 1),
        ("chunk-copying", 2),
        ("chunk-cursors-in", 3),
        ("chunks-in", 0),
        ("finish-jobs", 0),
        ("finish-runs", 0),
    ] {
        let all = move || sessions_end(EVERY, point, passes, 0);
        case(format!("all-sessions/{point}/{passes}"), point == "chunk-copying", Box::new(all));
    }
    for point in ["chunk-locked", "chunk-copying", "chunk-rows-in", "finish-jobs"] {
        let writer = move || sessions_end(WRITERS, point, 0, 0);
        case(format!("writer/{point}"), point == "chunk-rows-in", Box::new(writer));
    }
    // No connection that writes is open yet, to tell this from a lock that somebody ended.
    let early = || sessions_end(EVERY, "scored", 0, 1);
    case("all-sessions/scored/0".into(), false, Box::new(early));
    for point in ["loading", "loaded"] {
        let loader = move || sessions_end(LOADERS, point, 0, 0);
        case(format!("loader/{point}"), point == "loading", Box::new(loader));
    }
    for (point, passes) in [("chunk-locked", 1), ("chunk-committed", 0), ("chunks-in", 0)] {
        let lock = move || sessions_end(LOCK, point, passes, 1);
        case(format!("lock/{point}"), point == "chunk-locked", Box::new(lock));
    }
    for (mode, point) in [
        ("fast", "chunk-copying"),
        ("immediate", "chunk-copying"),
        ("immediate", "chunk-cursors-in"),
        ("immediate", "loading"),
        ("fast", "finish-runs"),
    ] {
        let restarts = move || restarts(mode, point);
        case(format!("restart-{mode}/{point}"), false, Box::new(restarts));
    }
    case("unfit-when-it-is-back".into(), true, Box::new(unfit_when_it_is_back));
    case("backend-killed".into(), false, Box::new(backend_killed));
    for point in ["loading", "chunk-copying", "finish-jobs"] {
        case(format!("gone/{point}"), false, Box::new(move || gone(point)));
    }
    case("standby".into(), false, Box::new(standby));
    case("read-only".into(), true, Box::new(read_only));
    case("fail-over-to-a-node-that-only-reads".into(), false, Box::new(fails_over));
    case("full".into(), true, Box::new(full));
    cases
}

/// Sessions of a run: all, those that hold users in place, those that hold a snapshot, that with the
/// lock.
const EVERY: &str = "true";
const WRITERS: &str = "exists (select from pg_locks l where l.pid = a.pid and l.granted
    and l.relation in ('users'::regclass, 'jobs'::regclass)
    and l.mode in ('RowShareLock', 'RowExclusiveLock'))";
const LOADERS: &str = "a.backend_xmin is not null";
const LOCK: &str =
    "exists (select from pg_locks l where l.pid = a.pid and l.locktype = 'advisory')";

fn end_sessions(db: &Db, which: &str) -> i64 {
    db.query_i64(&format!(
        "select count(pg_terminate_backend(a.pid)) from pg_stat_activity a
         where a.datname = current_database() and a.application_name like 'talvix run%' and {which}"
    ))
}

/// Some sessions of a run end while it stands at a point.
fn sessions_end(which: &'static str, point: &str, passes: usize, status: i32) {
    let site = Site::new(if point == "finish-runs" { &DELTA } else { &FULL }, Where::Postgres);
    let when = format!("sessions end at {point}");
    let mut run = site.start(&at(point, passes, "wait"), &[]);
    run.wait_for(&format!("fault point {point}"));
    let num_ended = end_sessions(site.db(), which);
    assert!(num_ended > 0, "{when}: there were none");
    site.let_go();
    let run = site.ended(run);
    assert_eq!(run.status, status, "{when}: {}", run.stderr);
    if status == 0 {
        checker::report(&run, &site.scene.before, &site.tables(), &when);
        checker::ended_well(&site, &when);
    } else {
        assert!(run.stderr.contains("the run's lock is lost"), "{when}: {}", run.stderr);
        assert!(!checker::is_finished(&site), "{when}");
        checker::after_fault(&site, &when);
    }
    checker::converges(&site, &when);
}

/// A night that has to begin again after users are in finds what would refuse one that begins: it has
/// failed, and says what is in.
fn unfit_when_it_is_back() {
    let site = Site::new(&FULL, Where::Postgres);
    let mut run = site.start(&at("chunk-copying", 2, "wait"), &[]);
    run.wait_for("fault point chunk-copying");
    assert!(end_sessions(site.db(), EVERY) > 0);
    site.db().sql("alter table model_weights rename to elsewhere");
    site.let_go();
    let run = site.ended(run);
    assert_eq!(run.status, 1, "{}", run.stderr);
    for said in ["users are committed, and the next run does the rest", "model_weights is missing"]
    {
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
    }
    site.db().sql("alter table elsewhere rename to model_weights");
    checker::after_fault(&site, "unfit when it is back");
    checker::converges(&site, "unfit when it is back");
}

/// The server restarts while a run stands at a point, in order or after a crash.
fn restarts(mode: &str, point: &str) {
    let cluster = Cluster::start();
    let site = Site::on(&FULL, cluster.admin());
    let mut run = site.start(&at(point, 0, "wait"), &[]);
    run.wait_for(&format!("fault point {point}"));
    site.disconnect();
    cluster.down(mode);
    site.let_go();
    std::thread::sleep(Duration::from_millis(1_500));
    cluster.up();
    site.connect();
    let run = site.ended(run);
    assert_eq!(run.status, 0, "{mode} at {point}: {}", run.stderr);
    checker::report(&run, &FULL.before, &site.tables(), point);
    checker::ended_well(&site, point);
    checker::converges(&site, point);
    indexes_agree(site.db());
}

/// The tables' indexes say the same as the tables.
fn indexes_agree(db: &Db) {
    db.sql("create extension if not exists amcheck");
    db.query(
        "select bt_index_check(i.indexrelid, true) from pg_index i
         join pg_class c on c.oid = i.indexrelid join pg_am m on m.oid = c.relam
         join pg_class t on t.oid = i.indrelid
         where m.amname = 'btree' and t.relnamespace = 'public'::regnamespace",
    );
}

/// A server process is killed, which ends all sessions and makes the server recover.
fn backend_killed() {
    let cluster = Cluster::start();
    let site = Site::on(&FULL, cluster.admin());
    let mut run = site.start(&at("chunk-copying", 1, "wait"), &[]);
    run.wait_for("fault point chunk-copying");
    let writer = site.db().query_i64(&format!(
        "select min(a.pid) from pg_stat_activity a where a.datname = current_database()
         and a.application_name like 'talvix run%' and {WRITERS}"
    ));
    site.disconnect();
    let killed = std::process::Command::new("kill").args(["-KILL", &writer.to_string()]).status();
    assert!(killed.unwrap().success());
    site.let_go();
    let run = site.ended(run);
    site.connect();
    assert_eq!(run.status, 0, "{}", run.stderr);
    checker::report(&run, &FULL.before, &site.tables(), "a killed server process");
    checker::ended_well(&site, "a killed server process");
    checker::converges(&site, "a killed server process");
    indexes_agree(site.db());
}

/// The server goes, and comes back only when the run has given it up.
fn gone(point: &str) {
    let cluster = Cluster::start();
    let site = Site::on(&FULL, cluster.admin());
    let mut run = site.start(&at(point, 0, "wait"), &["--reconnect-for", "3"]);
    run.wait_for(&format!("fault point {point}"));
    site.disconnect();
    cluster.down("immediate");
    site.let_go();
    let began = Instant::now();
    let run = site.ended(run);
    assert_eq!(run.status, 1, "{point}: {}", run.stderr);
    assert!(began.elapsed() < Duration::from_secs(20), "{point}: {:?}", began.elapsed());
    assert!(run.stderr.contains("for 3 s (reconnect_for)"), "{point}: {}", run.stderr);
    cluster.up();
    site.connect();
    checker::after_fault(&site, point);
    checker::converges(&site, point);
}

const READ_ONLY: &str = "the server is read-only";

/// A node that follows another one takes no night.
fn standby() {
    let cluster = Cluster::start();
    let mut site = Site::on(&FULL, cluster.admin());
    let standby = cluster.standby();
    let url = format!("postgresql://talvix_engine@127.0.0.1:{}/{}", standby.port, site.db().name());
    site.url = Some(url);
    let run = site.run("", &[]);
    assert_eq!(run.status, 4, "{}", run.stderr);
    assert!(run.stderr.contains(READ_ONLY), "{}", run.stderr);
    site.url = None;
    checker::after_fault(&site, "a standby");
    checker::converges(&site, "a standby");
}

fn read_only() {
    let site = Site::new(&FULL, Where::Postgres);
    let name = site.db().name().to_owned();
    site.db().sql(&format!("alter database {name} set default_transaction_read_only = on"));
    let run = site.run("", &[]);
    assert_eq!(run.status, 4, "{}", run.stderr);
    assert!(run.stderr.contains(READ_ONLY), "{}", run.stderr);
    site.db().sql(&format!(
        "set transaction read write; alter database {name} reset default_transaction_read_only"
    ));
    checker::after_fault(&site, "a database that is read-only");
    checker::converges(&site, "a database that is read-only");
}

/// The name of the server leads to its standby from the middle of the night on.
fn fails_over() {
    let cluster = Cluster::start();
    let mut site = Site::on(&FULL, cluster.admin());
    let standby = cluster.standby();
    let proxy = Proxy::to(cluster.port, Toxic::None);
    site.url = Some(proxy.url(site.db()));
    let mut run = site.start(&at("chunk-copying", 1, "wait"), &["--reconnect-for", "4"]);
    run.wait_for("fault point chunk-copying");
    proxy.lead_to(standby.port);
    proxy.cut_all();
    site.let_go();
    let run = site.ended(run);
    assert_eq!(run.status, 1, "{}", run.stderr);
    assert!(run.stderr.contains(READ_ONLY), "{}", run.stderr);
    site.url = None;
    let done = checker::after_fault(&site, "a fail-over");
    assert!(done.iter().all(|user| FULL.chunks[0].contains(user)));
    checker::converges(&site, "a fail-over");
}

/// Every connection is taken: for longer than is waited, and for less.
fn full() {
    let site = Site::new(&FULL, Where::Postgres);
    let name = site.db().name().to_owned();
    let limit = |number: i32| {
        site.db().sql(&format!("alter database {name} connection limit {number}"));
    };
    limit(0);
    let run = site.run("", &["--reconnect-for", "1"]);
    assert_eq!(run.status, 4, "{}", run.stderr);
    assert!(run.stderr.contains("53300"), "{}", run.stderr);
    let mut run = site.start("", &[]);
    run.wait_for("53300");
    limit(-1);
    let run = site.ended(run);
    assert_eq!(run.status, 0, "{}", run.stderr);
    checker::ended_well(&site, "a server that is full");
    checker::converges(&site, "a server that is full");
}
