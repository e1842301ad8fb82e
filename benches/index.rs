//! How fast jobs are laid out for scanning.

mod common;

use common::Scene;
use criterion::{BenchmarkId, Criterion, Throughput};

fn main() {
    common::main(bench);
}

fn bench(criterion: &mut Criterion, scene: &Scene) {
    let jobs = &scene.night.jobs;
    assert_eq!(scene.index().len(), jobs.len(), "every job has its place");

    let mut group = criterion.benchmark_group("index");
    group.throughput(Throughput::Elements(jobs.len() as u64));
    let size = format!("{} jobs, {} listed skills", jobs.len(), jobs.skills.values().len());
    group.bench_function(BenchmarkId::new("build", size), |bencher| {
        bencher.iter(|| scene.index());
    });
    group.finish();
}
