//! How fast the prefilter is where every pair is asked about: what the index saves.

mod common;

use common::{Scene, num_prefiltered};
use criterion::{BenchmarkId, Criterion, Throughput};

fn main() {
    common::main(bench);
}

fn bench(criterion: &mut Criterion, scene: &Scene) {
    let inputs = scene.inputs();
    let users = scene.sample();
    let num_passing = || -> u64 {
        let of_user = |user| {
            let jobs = scene.night.jobs.numbers();
            jobs.filter(|job| inputs.prefilter(user, *job).is_ok()).count() as u64
        };
        users.iter().copied().map(of_user).sum()
    };
    let scores = scene.scores(&users);
    assert_eq!(num_passing(), num_prefiltered(&scores), "the index offers what the rules let pass");

    let mut group = criterion.benchmark_group("prefilter");
    group.throughput(Throughput::Elements(scene.num_pairs(users.len())));
    group.sample_size(10);
    group.bench_function(BenchmarkId::new("every pair", scene.size(&scores)), |bencher| {
        bencher.iter(num_passing);
    });
    group.finish();
}
