//! How fast it is found what users keep, in pairs that pass the prefilter: the reference, and the
//! fast path as each kind of processor runs it.

mod common;

use common::{Scene, num_prefiltered};
use criterion::{BenchmarkId, Criterion, Throughput};
use rayon::ThreadPoolBuilder;
use talvix_engine::{
    ids::{JobNo, UserNo},
    kernel::{Processor, UserScores, scalar},
};

fn main() {
    common::main(bench);
}

fn bench(criterion: &mut Criterion, scene: &Scene) {
    let inputs = scene.inputs();
    let jobs = &scene.night.jobs;
    let sample = scene.sample();
    let every_job = || reference(scene, &sample, |_| jobs.numbers());
    let survivors: Vec<Vec<JobNo>> = sample
        .iter()
        .map(|user| jobs.numbers().filter(|job| inputs.prefilter(*user, *job).is_ok()).collect())
        .collect();
    let survivors_only = || reference(scene, &sample, |at| survivors[at].iter().copied());
    let expected = every_job();
    assert_eq!(survivors_only(), expected, "no job that is stopped is kept");

    let mut group = criterion.benchmark_group("kernel");
    group.sample_size(10);
    let size = scene.size(&expected);
    group.throughput(Throughput::Elements(num_prefiltered(&expected)));
    group.bench_function(BenchmarkId::new("reference, every job", &size), |bencher| {
        bencher.iter(every_job);
    });
    group.bench_function(BenchmarkId::new("reference, survivors only", &size), |bencher| {
        bencher.iter(survivors_only);
    });

    let users = scene.users();
    let scores = scene.scores(&users);
    let size = scene.size(&scores);
    group.throughput(Throughput::Elements(num_prefiltered(&scores)));
    let all = Scene::in_full(&users);
    for processor in Processor::here() {
        let scorer = scene.scorer_for(processor);
        let scorer = scorer.on(&scene.night.users, &scene.night.stored);
        let fast = scorer.scores(&Scene::in_full(&sample));
        for ((user, fast), expected) in sample.iter().zip(fast).zip(&expected) {
            assert_eq!(fast.kept, expected.kept, "{user:?} on {processor}");
            assert_eq!(fast.num_prefiltered, expected.num_prefiltered, "{user:?} on {processor}");
        }
        let all_threads = std::thread::available_parallelism().unwrap().get();
        for threads in if all_threads > 1 { vec![1, all_threads] } else { vec![1] } {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let what = format!("{processor}, threads: {threads}");
            group.bench_function(BenchmarkId::new(what, &size), |bencher| {
                pool.install(|| bencher.iter(|| scorer.scores(&all)));
            });
        }
    }
    group.finish();
}

/// What users keep of the jobs that each is given by place.
fn reference<J: Iterator<Item = JobNo>>(
    scene: &Scene,
    users: &[UserNo],
    jobs: impl Fn(usize) -> J,
) -> Vec<UserScores> {
    let inputs = scene.inputs();
    let score = |(at, user): (usize, &UserNo)| scalar::score_user(inputs, *user, jobs(at));
    users.iter().enumerate().map(score).collect()
}
