//! How fast names of skills are made comparable.

mod common;

use common::Scene;
use criterion::{BenchmarkId, Criterion, Throughput};
use std::{collections::BTreeSet, hint::black_box};
use talvix_engine::skills::canonical;

fn main() {
    common::main(bench);
}

fn bench(criterion: &mut Criterion, scene: &Scene) {
    let names: BTreeSet<&str> =
        scene.tables.job_skills.iter().map(|row| row.skill_name.as_str()).collect();
    for name in &names {
        let once = canonical(name);
        assert_eq!(canonical(&once), once, "{name}: canonical names stay as they are");
    }

    let mut group = criterion.benchmark_group("canonical");
    group.throughput(Throughput::Elements(names.len() as u64));
    let size = format!("{} spellings", names.len());
    group.bench_function(BenchmarkId::new("form", &size), |bencher| {
        bencher.iter(|| names.iter().map(|name| black_box(canonical(name)).len()).sum::<usize>());
    });
    group.bench_function(BenchmarkId::new("aliases", &size), |bencher| {
        bencher.iter(|| {
            let known = names.iter().filter_map(|name| scene.aliases.canonical(name));
            known.map(|name| black_box(name).len()).sum::<usize>()
        });
    });
    group.finish();
}
