//! How fast a chunk of users is scored by all threads, texts included.

mod common;

use common::Scene;
use criterion::{BenchmarkId, Criterion, Throughput};
use talvix_engine::kernel::scalar;

fn main() {
    common::main(bench);
}

fn bench(criterion: &mut Criterion, scene: &Scene) {
    let inputs = scene.inputs();
    let scorer = scene.scorer();
    let scorer = scorer.on(&scene.night.users, &scene.night.stored);
    let users = scene.users();
    for block in scorer.score(&Scene::in_full(&scene.sample())) {
        for user in &block.users {
            let reference = scalar::score_user(inputs, user.user, scene.night.jobs.numbers());
            let expected: Vec<u32> = reference.kept.iter().map(|key| key.raw_bp()).collect();
            assert_eq!(block.rows.raw_bp[user.rows.clone()], expected, "{:?}", user.user);
        }
    }

    let chunk = Scene::in_full(&users);
    let id = BenchmarkId::new("chunk", scene.size(&scene.scores(&users)));
    let mut group = criterion.benchmark_group("score");
    group.throughput(Throughput::Elements(scene.num_pairs(users.len())));
    group.bench_function(id, |bencher| bencher.iter(|| scorer.score(&chunk)));
    group.finish();
}
