//! How fast parsed resumes are read, and skills found in their text.

mod common;

use common::Scene;
use criterion::{BenchmarkId, Criterion, Throughput};
use flate2::read::MultiGzDecoder;
use std::{hint::black_box, io::Read};
use talvix_engine::{
    columns::ResumeState,
    faults::Faults,
    ids::{SkillNo, Uuid},
};
use talvix_loader::resumes::{self, Vocabulary};

fn main() {
    common::main(bench);
}

fn bench(criterion: &mut Criterion, scene: &Scene) {
    let users = &scene.night.users;
    let vocabulary = Vocabulary::new(&scene.night.jobs.skill_names, &scene.aliases);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let scored = scene.users();
    let wanted: Vec<(Uuid, bool)> = scored.iter().map(|user| (users.id[user.ix()], true)).collect();
    let read = || {
        let mut faults = Faults::default();
        runtime.block_on(resumes::read(&scene.storage, &wanted, &vocabulary, &mut faults)).unwrap()
    };
    for (user, state) in scored.iter().zip(read()) {
        let ResumeState::Read(features) = state else { panic!("{user:?}: {state:?}") };
        assert_eq!(features.skills, users.skills.row(user.ix()), "{user:?}");
    }
    let texts: Vec<String> = wanted.iter().map(|(id, _)| raw_text(scene, id)).collect();
    for (user, text) in scored.iter().zip(&texts) {
        let has = users.skills.row(user.ix());
        let found = find(&vocabulary, text);
        assert!(found.iter().all(|skill| has.contains(skill)), "{user:?}: {found:?}");
    }

    let mut group = criterion.benchmark_group("resumes");
    group.throughput(Throughput::Elements(wanted.len() as u64));
    group.bench_function(BenchmarkId::new("read", format!("{} files", wanted.len())), |bencher| {
        bencher.iter(read);
    });
    let bytes: usize = texts.iter().map(String::len).sum();
    group.throughput(Throughput::Bytes(bytes as u64));
    let size = format!("{} texts, {} skills", texts.len(), vocabulary.skills.len());
    group.bench_function(BenchmarkId::new("search", size), |bencher| {
        bencher.iter(|| {
            texts.iter().map(|text| black_box(find(&vocabulary, text)).len()).sum::<usize>()
        });
    });
    group.finish();
}

fn find(vocabulary: &Vocabulary<'_>, text: &str) -> Vec<SkillNo> {
    let mut found = Vec::new();
    vocabulary.search.find(text, &mut found);
    found
}

fn raw_text(scene: &Scene, user: &Uuid) -> String {
    let packed = &scene.tables.parsed_resumes[&uuid::Uuid::from_bytes(*user)];
    let mut json = Vec::new();
    MultiGzDecoder::new(packed.as_slice()).read_to_end(&mut json).unwrap();
    let resume: serde_json::Value = serde_json::from_slice(&json).unwrap();
    resume["raw_text"].as_str().unwrap_or_default().to_owned()
}
