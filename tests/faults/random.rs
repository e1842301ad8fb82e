//! Runs that are killed at moments drawn by a seed.

use crate::{
    Case, checker,
    kill::{at, points},
    scene::{DELTA, FULL, KILLED, Site, Where},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Duration;

/// How many seeds.
const SEEDS: u64 = 200;

pub fn cases() -> Vec<Case> {
    (0..SEEDS)
        .map(|seed| {
            let place = Where::ALL[usize::from(seed % 4 == 3)];
            let name = format!("random/{}/seed-{seed}", place.name());
            Case::new(name, move || killed_now_and_then(place, seed)).smoke_if(seed < 4)
        })
        .collect()
}

/// Kills up to three runs in a row, each at a point or at a moment after one.
fn killed_now_and_then(place: Where, seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let scene = if random.random_bool(0.5) { &FULL } else { &DELTA };
    let site = Site::new(scene, place);
    let points = points(place);
    for kill in 0..random.random_range(1..=3) {
        let (point, _) = points[random.random_range(0..points.len())];
        let passes = random.random_range(0..5);
        let later_ms = random.random_range(0..80);
        let connections = random.random_range(1..=3).to_string();
        let extra = ["--connections", connections.as_str()];
        let when = format!("seed {seed}, kill {kill} at {point}/{passes} and {later_ms} ms");
        let is_at_the_point = random.random_bool(0.5);
        let action = if is_at_the_point { "pause" } else { "wait" };
        let _ = fs_err::remove_file(site.go());
        let mut run = site.start(&at(point, passes, action), &extra);
        if run.comes(&format!("fault point {point}")) {
            site.let_go();
            std::thread::sleep(Duration::from_millis(later_ms));
        }
        let run = site.killed(run);
        assert!([0, KILLED].contains(&run.status), "{when}: {}", run.stderr);
        checker::after_fault(&site, &when);
    }
    checker::converges(&site, &format!("seed {seed}"));
}
