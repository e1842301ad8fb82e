//! What the cache of resumes saves: a first night, one with nothing new, one with new names.

mod common;

use common::Scene;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use std::{path::Path, time::Duration};
use talvix_engine::{
    columns::ResumeState,
    faults::Faults,
    ids::{Dictionary, Uuid},
};
use talvix_loader::resumes::{CacheReport, CacheUse, ResumeReader, Vocabulary};
use talvix_storage::Storage;

/// Names that an earlier night did not know: the last of tonight's.
const NUM_NEW: usize = 50;

/// Files that were changed later than this before they are read are not kept as sure.
const SETTLING: Duration = Duration::from_millis(2_100);

fn main() {
    common::main(bench);
}

fn bench(criterion: &mut Criterion, scene: &Scene) {
    let Storage::Folder(root) = &scene.storage else { panic!("a folder") };
    let cache = root.join("model-data/resume_features.parquet");
    let all = &scene.night.jobs.skill_names;
    let mut fewer = Dictionary::default();
    for name in all.texts().take(all.len() - NUM_NEW) {
        fewer.intern(name);
    }
    let users = &scene.night.users;
    let ids: Vec<(Uuid, bool)> =
        scene.users().iter().map(|user| (users.id[user.ix()], true)).collect();
    let read = |skills| read(scene, &ids, skills);

    std::thread::sleep(SETTLING);
    let (expected, report) = read(all);
    assert_eq!((report.read, report.from_cache), (ids.len(), 0));
    let (found, report) = read(all);
    assert_eq!((report.read, report.from_cache), (0, ids.len()));
    assert_eq!(found, expected);
    remove(&cache);
    read(&fewer);
    let (found, grown) = read(all);
    assert!(grown.from_cache > ids.len() / 2, "{grown:?}");
    assert_eq!(found, expected);

    let mut group = criterion.benchmark_group("cache");
    group.throughput(Throughput::Elements(ids.len() as u64));
    let size = format!("{} resumes", ids.len());
    group.bench_function(BenchmarkId::new("first night", &size), |bencher| {
        bencher.iter_batched(|| remove(&cache), |()| read(all), BatchSize::PerIteration);
    });
    group.bench_function(BenchmarkId::new("nothing new", &size), |bencher| {
        bencher.iter(|| read(all));
    });
    let size = format!("{size}, {NUM_NEW} new names, {} read again", grown.read);
    group.bench_function(BenchmarkId::new("new names", size), |bencher| {
        let earlier = || {
            remove(&cache);
            read(&fewer);
        };
        bencher.iter_batched(earlier, |()| read(all), BatchSize::PerIteration);
    });
    group.finish();
}

fn read(
    scene: &Scene,
    ids: &[(Uuid, bool)],
    skills: &Dictionary,
) -> (Vec<ResumeState>, CacheReport) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let vocabulary = Vocabulary { skills, aliases: &scene.aliases };
        let opened = ResumeReader::open(&scene.storage, vocabulary, CacheUse::ReadWrite).await;
        let mut reader = opened.unwrap();
        let states = reader.read(ids, &mut Faults::default()).await.unwrap();
        let (report, new) = reader.finish();
        assert_eq!(report.warning, None);
        if let Some(new) = new {
            new.publish(&scene.storage).await.unwrap();
        }
        (states, report)
    })
}

fn remove(cache: &Path) {
    fs_err::remove_file(cache).unwrap();
}
