//! Faults of our own, and limits that are met.

use crate::{
    Case, checker,
    scene::{FULL, Site, Where},
};

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for place in Where::ALL {
        for point in ["scored", "chunk-begun", "staging", "version-writing", "loading"] {
            if (point == "version-writing") != (place == Where::Dataset)
                && point == "version-writing"
            {
                continue;
            }
            let name = format!("bounds/{}/panic/{point}", place.name());
            let case = Case::new(name, move || panics(place, point));
            cases.push(case.smoke_if(point == "chunk-begun"));
        }
        let name = format!("bounds/{}/memory", place.name());
        cases.push(Case::new(name, move || too_little_memory(place)).smoke_if(true));
    }
    cases
}

/// A fault of ours ends the run like any other, and says nothing of what it held.
fn panics(place: Where, point: &str) {
    let site = Site::new(&FULL, place);
    let when = format!("a panic at {point}");
    let run = site.run(&format!("{point}=1*panic(canary)"), &[]);
    assert_eq!(run.status, 1, "{when}: {}", run.stderr);
    assert!(run.stderr.contains("a fault in talvix itself"), "{when}: {}", run.stderr);
    checker::after_fault(&site, &when);
    checker::converges(&site, &when);
}

/// A run that would need more memory than it may hold says so before it writes.
fn too_little_memory(place: Where) {
    let site = Site::new(&FULL, place);
    let run = site.run("", &["--memory-limit", "16MiB"]);
    assert_eq!(run.status, 4, "{}", run.stderr);
    for said in ["of memory and may hold 16.0 MiB (memory_limit)", "nothing was written"] {
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
    }
    assert!(checker::after_fault(&site, "too little memory").is_empty());
    checker::converges(&site, "too little memory");
}
