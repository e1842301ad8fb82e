//! How fast a user's best pairs are collected from all that pass the prefilter, beside sorting
//! them.

mod common;

use common::{Scene, num_prefiltered};
use criterion::{BenchmarkId, Criterion, Throughput};
use std::hint::black_box;
use talvix_engine::topk::{PairKey, TopK};

fn main() {
    common::main(bench);
}

fn bench(criterion: &mut Criterion, scene: &Scene) {
    let inputs = scene.inputs();
    let users = scene.sample();
    let cut = inputs.model.weights.cut_raw_bp();
    let pairs: Vec<(usize, Vec<PairKey>)> = users
        .iter()
        .map(|user| {
            let key = |job| {
                let raw_bp = inputs.raw_bp(*user, job).ok()?;
                Some(PairKey::new(raw_bp, inputs.jobs.rank[job.ix()]))
            };
            let keys = inputs.jobs.numbers().filter_map(key).collect();
            (inputs.users.tier[user.ix()].k(), keys)
        })
        .collect();
    let scores = scene.scores(&users);
    for ((k, keys), scores) in pairs.iter().zip(&scores) {
        assert_eq!(collect(*k, cut, keys), scores.kept);
        assert_eq!(sort_and_cut(*k, cut, keys), scores.kept);
    }

    let mut group = criterion.benchmark_group("topk");
    group.throughput(Throughput::Elements(num_prefiltered(&scores)));
    let size = scene.size(&scores);
    for (what, best) in [("collector", collect as Best), ("sort and cut", sort_and_cut)] {
        group.bench_function(BenchmarkId::new(what, &size), |bencher| {
            bencher.iter(|| {
                pairs.iter().map(|(k, keys)| black_box(best(*k, cut, keys)).len()).sum::<usize>()
            });
        });
    }
    group.finish();
}

/// The best `k` keys from a least raw score on, best first.
type Best = fn(usize, u32, &[PairKey]) -> Vec<PairKey>;

fn collect(k: usize, least_raw_bp: u32, keys: &[PairKey]) -> Vec<PairKey> {
    let mut topk = TopK::new(k, least_raw_bp);
    for key in keys {
        topk.push(*key);
    }
    topk.into_keys()
}

fn sort_and_cut(k: usize, least_raw_bp: u32, keys: &[PairKey]) -> Vec<PairKey> {
    let mut sorted: Vec<_> =
        keys.iter().filter(|key| key.raw_bp() >= least_raw_bp).copied().collect();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    sorted.truncate(k);
    sorted
}
