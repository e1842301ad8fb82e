//! Two runs at once.

use crate::{
    Case, checker,
    scene::{FULL, Site, Where},
};
use std::time::{Duration, Instant};

/// How many pairs of runs.
const PAIRS: u64 = 20;

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for place in Where::ALL {
        for pair in 0..PAIRS {
            let name = format!("twins/{}/{pair}", place.name());
            let apart = Duration::from_millis(5 * (pair % 4));
            let case = Case::new(name, move || at_once(place, apart));
            cases.push(case.smoke_if(pair == 1));
        }
    }
    cases
}

/// Exactly one of two runs works; the other says who does, soon.
fn at_once(place: Where, apart: Duration) {
    let site = Site::new(&FULL, place);
    // Whoever is first is still at it when the second asks.
    let first = site.start("loaded=1*return(wait)", &[]);
    std::thread::sleep(apart);
    let second = site.start("loaded=1*return(wait)", &[]);
    let began = Instant::now();
    let Ok((mut winner, loser)) = first_to_end(first, second) else {
        panic!("neither of two runs ended, or both work")
    };
    assert!(began.elapsed() < Duration::from_secs(10));
    let loser = site.ended(loser);
    assert_eq!(loser.status, 3, "{}", loser.stderr);
    let says = match place {
        Where::Postgres => "another run holds the lock: talvix run",
        Where::Dataset => "locked by talvix run",
    };
    assert!(loser.stderr.contains(says), "{}", loser.stderr);
    winner.wait_for("fault point loaded");
    site.let_go();
    let winner = site.ended(winner);
    assert_eq!(winner.status, 0, "{}", winner.stderr);
    checker::ended_well(&site, "two runs at once");
    checker::converges(&site, "two runs at once");
}

type Running = crate::support::Running;

/// The one that goes on, and the one that ended.
fn first_to_end(mut first: Running, mut second: Running) -> Result<(Running, Running), ()> {
    for _ in 0..2_000 {
        if second.has_ended() {
            return Ok((first, second));
        }
        if first.has_ended() {
            return Ok((second, first));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Err(())
}
