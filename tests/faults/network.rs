//! A network that is slow, cuts, resets and swallows.

use crate::{
    Case, checker,
    kill::at,
    proxy::{Proxy, Toxic},
    scene::{FULL, Site, Where},
};
use std::time::{Duration, Instant};

/// The sweep over every piece that a run sends is done in so many parts.
const PARTS: usize = 8;

/// No run sends more pieces than this.
const MAX_PIECES: usize = 2_000;

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut case = |name: String, is_smoke: bool, run: Box<dyn FnOnce() + Send>| {
        cases.push(Case::new(format!("network/{name}"), run).smoke_if(is_smoke));
    };
    for part in 0..PARTS {
        case(format!("sweep/part-{part}"), false, Box::new(move || sweep(part, true)));
        case(
            format!("sweep-without-waiting/part-{part}"),
            false,
            Box::new(move || {
                sweep(part, false);
            }),
        );
    }
    let last = FULL_COMMITS;
    for nth in [1, 3, last] {
        let answer = move || commit_lost(Toxic::SwallowAnswerTo(nth));
        case(format!("answer-to-commit-lost/{nth}"), nth != 3, Box::new(answer));
        let commit = move || commit_lost(Toxic::SwallowCommit(nth));
        case(format!("commit-lost/{nth}"), nth == 3, Box::new(commit));
    }
    for (name, toxic) in [
        ("latency-100-ms", Toxic::Latency(Duration::from_millis(50))),
        ("slices", Toxic::Slices),
        ("64-kb-a-second", Toxic::Bandwidth(64 << 10)),
        ("cut-mid-load", Toxic::CutAfter(20_000)),
    ] {
        let slow = move || gets_through(toxic);
        case(name.to_owned(), name == "cut-mid-load", Box::new(slow));
    }
    for nth in [30, 60] {
        case(format!("black-hole/{nth}"), false, Box::new(move || black_hole(nth)));
    }
    for point in ["loading", "chunk-copying"] {
        case(format!("stopped-and-continued/{point}"), false, Box::new(move || stopped(point)));
    }
    cases
}

/// Transactions that the full night commits: its chunks and its end.
const FULL_COMMITS: usize = 6;

fn upstream() -> u16 {
    crate::support::admin_info().port()
}

/// Few and large chunks, so that a run sends few pieces.
const SHORT: [&str; 2] = ["--chunk-users", "1000"];

/// The connection with the nth piece is reset, for n in steps, until a run ends before that.
fn sweep(part: usize, waits: bool) {
    for nth in (part + 1..MAX_PIECES).step_by(PARTS) {
        let when = format!("piece {nth}");
        let mut site = Site::new(&FULL, Where::Postgres);
        let proxy = Proxy::to(upstream(), Toxic::ResetAt(nth));
        site.url = Some(proxy.url(site.db()));
        let extra: &[&str] = if waits { &[] } else { &["--reconnect-for", "0"] };
        let run = site.run("", &[&SHORT[..], extra].concat());
        let is_through = !proxy.is_done();
        drop(proxy);
        site.url = None;
        // A server that was never reached is a setting to mend; a lock lost alone may be another's.
        let is_lock = run.stderr.contains("the run's lock is lost");
        let expected: &[i32] = if is_through { &[0] } else { &[0, 1, 4] };
        assert!(expected.contains(&run.status), "{when}: {} {}", run.status, run.stderr);
        if run.status == 1 && waits {
            assert!(is_lock, "{when}: {}", run.stderr);
        }
        if run.status == 4 {
            assert!(run.stderr.contains("connecting to") || !waits, "{when}: {}", run.stderr);
        }
        checker::after_fault(&site, &when);
        if run.status == 0 {
            checker::report(&run, &FULL.before, &site.tables(), &when);
            checker::ended_well(&site, &when);
        }
        checker::converges(&site, &when);
        if is_through {
            return;
        }
    }
    panic!("a run sends more than {MAX_PIECES} pieces");
}

/// The answer to a commit is lost, or the commit itself: the run finds out which.
fn commit_lost(toxic: Toxic) {
    let mut site = Site::new(&FULL, Where::Postgres);
    assert_eq!(FULL.chunks.len() + 1, FULL_COMMITS);
    let proxy = Proxy::to(upstream(), toxic);
    site.url = Some(proxy.url(site.db()));
    let run = site.run("", &[]);
    let when = format!("{toxic:?}");
    assert!(proxy.is_done(), "{when}: there were not so many commits");
    assert_eq!(run.status, 0, "{when}: {}", run.stderr);
    let knows = run.stderr.contains("the transaction whose answer was lost is in");
    assert_eq!(knows, matches!(toxic, Toxic::SwallowAnswerTo(_)), "{when}: {}", run.stderr);
    assert_eq!(run.json()["users"]["reset_meanwhile"], 0, "{when}");
    drop(proxy);
    site.url = None;
    checker::report(&run, &FULL.before, &site.tables(), &when);
    checker::ended_well(&site, &when);
    checker::converges(&site, &when);
}

/// However slow, and whatever is cut once: the night ends well.
fn gets_through(toxic: Toxic) {
    let mut site = Site::new(&FULL, Where::Postgres);
    let proxy = Proxy::to(upstream(), toxic);
    site.url = Some(proxy.url(site.db()));
    let run = site.run("", &SHORT);
    let when = format!("{toxic:?}");
    assert_eq!(run.status, 0, "{when}: {}", run.stderr);
    drop(proxy);
    site.url = None;
    checker::report(&run, &FULL.before, &site.tables(), &when);
    checker::ended_well(&site, &when);
    checker::converges(&site, &when);
}

/// All connections swallow everything from some piece on: the run notices, and never hangs.
fn black_hole(nth: usize) {
    let mut site = Site::new(&FULL, Where::Postgres);
    let proxy = Proxy::to(upstream(), Toxic::BlackHoleAt(nth));
    site.url = Some(proxy.url(site.db()));
    let began = Instant::now();
    let mut run = site.start("", &["--reconnect-for", "20"]);
    run.wait_for("no answer for 50 s");
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
    let run = site.ended(run);
    assert!([0, 1].contains(&run.status), "{} {}", run.status, run.stderr);
    drop(proxy);
    site.url = None;
    checker::after_fault(&site, "a black hole");
    checker::converges(&site, "a black hole");
}

/// The process stands still for a while and goes on.
fn stopped(point: &str) {
    let site = Site::new(&FULL, Where::Postgres);
    let mut run = site.start(&at(point, 0, "wait"), &[]);
    run.wait_for(&format!("fault point {point}"));
    site.let_go();
    run.signal("STOP");
    std::thread::sleep(Duration::from_secs(5));
    let lock = "select count(*) from pg_locks where locktype = 'advisory' and database =
                (select oid from pg_database where datname = current_database())";
    assert_eq!(site.db().query_i64(lock), 1, "it still holds the lock");
    run.signal("CONT");
    let run = site.ended(run);
    assert_eq!(run.status, 0, "{}", run.stderr);
    checker::ended_well(&site, "stopped and continued");
    checker::converges(&site, "stopped and continued");
}
