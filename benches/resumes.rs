//! How fast parsed resumes are read, inflated, parsed and searched.

mod common;

use common::Scene;
use criterion::{BenchmarkId, Criterion, Throughput};
use talvix_engine::{columns::ResumeState, faults::Faults, ids::Uuid};
use talvix_loader::resumes::{CacheUse, ResumeReader, Vocabulary};

fn main() {
    common::main(bench);
}

fn bench(criterion: &mut Criterion, scene: &Scene) {
    let users = &scene.night.users;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let scored = scene.users();
    let wanted: Vec<(Uuid, bool)> = scored.iter().map(|user| (users.id[user.ix()], true)).collect();
    let read = || {
        let (skills, aliases) = (&scene.night.jobs.skill_names, &scene.aliases);
        let vocabulary = Vocabulary { skills, aliases };
        runtime.block_on(async {
            let opened = ResumeReader::open(&scene.storage, vocabulary, CacheUse::Off).await;
            opened.unwrap().read(&wanted, &mut Faults::default()).await.unwrap()
        })
    };
    for (user, state) in scored.iter().zip(read()) {
        let ResumeState::Read(features) = state else { panic!("{user:?}: {state:?}") };
        assert_eq!(features.skills, users.skills.row(user.ix()), "{user:?}");
    }

    let mut group = criterion.benchmark_group("resumes");
    group.throughput(Throughput::Elements(wanted.len() as u64));
    group.bench_function(BenchmarkId::new("read", format!("{} files", wanted.len())), |bencher| {
        bencher.iter(read);
    });
    group.finish();
}
