//! SIGTERM and SIGINT at every point: done or rolled back within ten seconds.

use crate::{
    Case, checker,
    kill::{at, points},
    scene::{FULL, Site, Where},
};
use std::time::{Duration, Instant};

/// What a service manager is told to wait.
const LONGEST: Duration = Duration::from_secs(10);

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for place in Where::ALL {
        for (number, (point, passes)) in points(place).into_iter().enumerate() {
            let (signal, status) = [("term", 143), ("int", 130)][number % 2];
            let name = format!("signals/{}/{signal}/{point}/{passes}", place.name());
            let is_smoke =
                ["loaded", "chunk-copied", "finish-jobs"].contains(&point) && passes == 0;
            let stopped = move || stopped_at(place, point, passes, signal, status);
            cases.push(Case::new(name, stopped).smoke_if(is_smoke));
        }
        for point in ["loading", "scored", "pinned"] {
            let name = format!("signals/{}/stuck/{point}", place.name());
            cases.push(Case::new(name, move || stuck_at(place, point)).smoke_if(point == "scored"));
        }
    }
    for point in ["chunk-copying", "finish-jobs"] {
        let name = format!("signals/postgres/stuck/{point}");
        cases.push(Case::new(name, move || stuck_at(Where::Postgres, point)));
    }
    cases
}

/// A signal that comes right then; the run may go on to where it can end.
fn stopped_at(place: Where, point: &str, passes: usize, signal: &str, status: i32) {
    let site = Site::new(&FULL, place);
    let when = format!("SIG{signal} at {point}");
    let began = Instant::now();
    let run = site.run(&at(point, passes, signal), &[]);
    assert!(began.elapsed() < LONGEST, "{when}: {:?}", began.elapsed());
    checker::after_fault(&site, &when);
    if run.status == 0 {
        // It came when nothing was left to stop, or the point was not passed so often.
        checker::ended_well(&site, &when);
    } else {
        assert_eq!(run.status, status, "{when}: {}", run.stderr);
        assert!(run.stderr.contains("stopped by a signal"), "{when}: {}", run.stderr);
        assert!(!checker::is_finished(&site), "{when}: a run that was stopped finished the night");
    }
    checker::converges(&site, &when);
}

/// A signal while what is in flight never comes to an end.
fn stuck_at(place: Where, point: &str) {
    let site = Site::new(&FULL, place);
    let when = format!("stuck at {point}");
    let mut run = site.start(&at(point, 0, "pause"), &[]);
    run.wait_for(&format!("fault point {point}"));
    let began = Instant::now();
    run.signal("TERM");
    let run = site.ended(run);
    assert_eq!(run.status, 143, "{when}: {}", run.stderr);
    assert!(began.elapsed() < LONGEST, "{when}: {:?}", began.elapsed());
    assert!(run.stderr.contains("what was in flight is rolled back"), "{when}: {}", run.stderr);
    checker::after_fault(&site, &when);
    checker::converges(&site, &when);
}
