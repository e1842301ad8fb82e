//! How fast one thread finds what users keep: the reference, and the fast path beside it.

mod common;

use common::Scene;
use criterion::{Criterion, Throughput};
use talvix_engine::kernel::{UserScores, scalar};

fn main() {
    common::main(bench);
}

fn bench(criterion: &mut Criterion, scene: &Scene) {
    let index = scene.index();
    let users = scene.users();
    let (slow, fast) = (by_scalar(scene), scene.by_lanes(&index));
    for ((user, slow), fast) in users.iter().zip(slow).zip(fast) {
        assert_eq!(fast.kept, slow.kept, "{user:?}");
        assert_eq!(fast.num_prefiltered, slow.num_prefiltered, "{user:?}");
    }

    let mut group = criterion.benchmark_group("kernel");
    group.throughput(Throughput::Elements(scene.num_pairs()));
    group.sample_size(10);
    group.bench_function(scene.id("scalar"), |bencher| bencher.iter(|| by_scalar(scene)));
    group.bench_function(scene.id("lanes"), |bencher| bencher.iter(|| scene.by_lanes(&index)));
    group.finish();
}

fn by_scalar(scene: &Scene) -> Vec<UserScores> {
    let inputs = scene.inputs();
    let score = |user| scalar::score_user(inputs, user, scene.night.jobs.numbers());
    scene.users().into_iter().map(score).collect()
}
