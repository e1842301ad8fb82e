//! A run that is killed, at every point of a night.

use crate::{
    Case, checker,
    scene::{DELTA, FULL, KILLED, Scene, Site, Where},
};
use std::sync::LazyLock;

/// Where a run can be killed: the point, and whether it comes once for each chunk.
const IN_A_DATABASE: [(&str, bool); 27] = [
    ("lock-taken", false),
    ("preflight-done", false),
    ("loading", false),
    ("loaded", false),
    ("file-written", false),
    ("file-synced", false),
    ("pinned", false),
    ("scored", true),
    ("chunk-begun", true),
    ("chunk-locked", true),
    ("chunk-deleted", true),
    ("chunk-copying", true),
    ("chunk-copied", true),
    ("chunk-rows-in", true),
    ("chunk-cursors-in", true),
    ("chunk-committed", true),
    ("chunks-in", false),
    ("staging", true),
    ("staged", false),
    ("finish-begun", false),
    ("finish-jobs", false),
    ("finish-runs", false),
    ("finish-committed", false),
    ("finished", false),
    ("publishing", true),
    ("published", false),
    ("reported", false),
];

const IN_A_DATASET: [(&str, bool); 18] = [
    ("loading", false),
    ("loaded", false),
    ("file-written", false),
    ("file-synced", false),
    ("pinned", false),
    ("scored", true),
    ("chunk-begun", true),
    ("chunks-in", false),
    ("staging", true),
    ("staged", false),
    ("version-writing", true),
    ("version-complete", false),
    ("version-renamed", false),
    ("version-linked", false),
    ("finished", false),
    ("publishing", true),
    ("published", false),
    ("reported", false),
];

/// The points of a place, with how often each is passed before: for the first, a middle and the last
/// chunk, table or set.
pub fn points(place: Where) -> Vec<(&'static str, usize)> {
    let points: &[(&str, bool)] = match place {
        Where::Postgres => &IN_A_DATABASE,
        Where::Dataset => &IN_A_DATASET,
    };
    let mut all = Vec::new();
    for (point, is_repeated) in points.iter().copied() {
        let passes: &[usize] = if is_repeated { &[0, 2, 3] } else { &[0] };
        all.extend(passes.iter().map(|passes| (point, *passes)));
    }
    all
}

/// What happens at a point that was passed so often before.
pub fn at(point: &str, passes: usize, action: &str) -> String {
    match passes {
        0 => format!("{point}=1*return({action})"),
        _ => format!("{point}={passes}*off->1*return({action})"),
    }
}

/// Those that also run where only a few are: one of each phase.
const SMOKE: [(&str, usize); 9] = [
    ("loading", 0),
    ("file-written", 0),
    ("chunk-copying", 2),
    ("chunk-rows-in", 3),
    ("chunk-committed", 0),
    ("finish-jobs", 0),
    ("publishing", 2),
    ("version-writing", 2),
    ("version-renamed", 0),
];

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for place in Where::ALL {
        for scene in [&FULL, &DELTA] {
            let night = if std::ptr::eq(scene, &raw const FULL) { "full" } else { "delta" };
            for (point, passes) in points(place) {
                let name = format!("kill/{}/{night}/{point}/{passes}", place.name());
                let is_smoke = night == "full" && SMOKE.contains(&(point, passes));
                let killed = move || killed_at(scene, place, point, passes, 1);
                cases.push(Case::new(name, killed).smoke_if(is_smoke));
            }
        }
        // Which is where others broke: the run that resumes is killed as well, and the one after.
        for (point, passes) in points(place).into_iter().filter(|(_, passes)| *passes != 2) {
            let name = format!("kill/{}/again/{point}/{passes}", place.name());
            let killed = move || killed_at(&FULL, place, point, passes, 3);
            let is_smoke = point == "chunk-copied" && passes == 0;
            cases.push(Case::new(name, killed).smoke_if(is_smoke));
        }
    }
    cases
}

/// Kills a run at a point, and as many that resume it there, too.
fn killed_at(
    scene: &'static LazyLock<Scene>,
    place: Where,
    point: &str,
    passes: usize,
    times: usize,
) {
    let site = Site::new(scene, place);
    for time in 0..times {
        let when = format!("killed at {point} the {}th time", time + 1);
        let mut run = site.start(&at(point, passes, "pause"), &[]);
        if !run.comes(&format!("fault point {point}")) {
            // A night without so many chunks to copy, or one that pins no model, does not get here;
            // neither does one that was done already.
            let run = site.ended(run);
            assert_eq!(run.status, 0, "{when}: {}", run.stderr);
            break;
        }
        // Readers see no halves while it stands there.
        checker::halves(&site.tables(), site.scene, &when);
        let run = site.killed(run);
        assert_eq!(run.status, KILLED, "{when}");
        checker::after_fault(&site, &when);
    }
    checker::converges(&site, &format!("killed at {point}"));
}
