//! Disks that are full or broken: under storage, under snapshots, under a dataset.

use crate::{
    Case, checker,
    scene::{FULL, Site, Where},
};

/// A place at which a disk fails, how the run ends, and what it says. `scored` is whether the scores
/// are in all the same.
struct Failing {
    point: &'static str,
    /// How often it works before.
    passes: usize,
    status: i32,
    says: &'static str,
    is_scored: bool,
}

const fn failing(
    point: &'static str,
    passes: usize,
    status: i32,
    says: &'static str,
    is_scored: bool,
) -> Failing {
    Failing { point, passes, status, says, is_scored }
}

const STAGES: &str = "the scores are in, their snapshot could not be staged";
const PUBLISHES: &str = "the scores are in, their snapshot could not be published";

/// Of every run that pins and publishes. The first file that a run writes and syncs is the model.
const ANYWHERE: [Failing; 9] = [
    failing("file-write", 0, 4, "pinning the model", false),
    failing("file-sync", 0, 4, "pinning the model", false),
    failing("stage-write", 0, 1, STAGES, true),
    failing("stage-write", 3, 1, STAGES, true),
    failing("stage-sync", 0, 1, STAGES, true),
    failing("stage-sync", 3, 1, STAGES, true),
    failing("file-write", 1, 1, STAGES, true),
    failing("folder-rename", 0, 1, PUBLISHES, true),
    failing("folder-rename", 2, 1, PUBLISHES, true),
];

const DATASET: [Failing; 6] = [
    failing("carried-sync", 0, 1, "os error", false),
    failing("version-write", 0, 1, "os error", false),
    failing("version-write", 2, 1, "os error", false),
    failing("table-sync", 0, 1, "os error", false),
    failing("version-sync", 0, 1, "os error", false),
    failing("version-sync", 1, 1, "os error", false),
];

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for place in Where::ALL {
        let own: &'static [Failing] = if place == Where::Dataset { &DATASET } else { &[] };
        for failing in ANYWHERE.iter().chain(own) {
            for error in ["enospc", "eio"] {
                let Failing { point, passes, .. } = failing;
                let name = format!("disk/{}/{error}/{point}/{passes}", place.name());
                let is_smoke = error == "eio"
                    && *passes == 0
                    && (own.iter().any(|one| std::ptr::eq(one, failing))
                        || place == Where::Postgres);
                let run = move || fails(place, error, failing);
                cases.push(Case::new(name, run).smoke_if(is_smoke));
            }
        }
    }
    cases
}

fn fails(place: Where, error: &str, failing: &Failing) {
    let Failing { point, passes, status, says, is_scored } = failing;
    let site = Site::new(&FULL, place);
    let when = format!("{error} at {point}/{passes}");
    let run = site.run(&crate::kill::at(point, *passes, error), &[]);
    assert_eq!(run.status, *status, "{when}: {}", run.stderr);
    assert!(run.stderr.contains(says), "{when}: {}", run.stderr);
    let done = checker::after_fault(&site, &when);
    assert_eq!(checker::is_finished(&site), *is_scored, "{when}: {} users", done.len());
    checker::converges(&site, &when);
}
