//! What it takes to record a night for analysts: its rows as columns, and those as Parquet files.

mod common;

use common::Scene;
use criterion::{BenchmarkId, Criterion, Throughput};
use std::collections::BTreeMap;
use talvix_exporter::{
    chunk::{Chunk, LeftOut},
    snapshot::SnapshotRows,
};
use talvix_snapshot::stage::{Manifest, NightMark, Stage};
use talvix_storage::Storage;

fn main() {
    common::main(bench);
}

fn bench(criterion: &mut Criterion, scene: &Scene) {
    let chunk = scene.chunk();
    let kept: usize = chunk.blocks.iter().map(|block| block.rows.len()).sum();
    let jobs = scene.night.jobs.len();
    assert_eq!(rows(scene, &chunk), [kept, scene.users().len(), jobs], "every row, once");
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::Folder(folder.path().to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let staged = stage(scene, &chunk, &storage, &runtime);
    let written: Vec<u64> = staged.files.iter().map(|file| file.rows).collect();
    assert_eq!(written, [kept as u64, scene.users().len() as u64, jobs as u64, 0]);
    let bytes: u64 = staged.files.iter().map(|file| file.bytes).sum();

    let mut group = criterion.benchmark_group("snapshot");
    group.throughput(Throughput::Elements(kept as u64));
    let size = format!("{kept} kept pairs, {jobs} jobs");
    group.bench_function(BenchmarkId::new("rows", &size), |bencher| {
        bencher.iter(|| rows(scene, &chunk));
    });
    let size = format!("{size}, {} kB", bytes / 1_000);
    group.bench_function(BenchmarkId::new("rows and files", size), |bencher| {
        bencher.iter(|| stage(scene, &chunk, &storage, &runtime));
    });
    group.finish();
}

/// Makes the rows of pairs, users and jobs, and counts them.
fn rows(scene: &Scene, chunk: &Chunk) -> [usize; 3] {
    let mut counts = [0; 3];
    let mut night = SnapshotRows::new(&scene.night.jobs, &scene.model);
    let mut count = |set: &talvix_snapshot::sets::Set, rows: usize| {
        let sets = ["job_fit_scores", "scored_users", "scored_jobs"];
        counts[sets.iter().position(|name| *name == set.name).unwrap()] += rows;
    };
    night
        .of_chunk(chunk, &LeftOut::default(), |set, batch| {
            count(set, batch.num_rows());
            Ok(())
        })
        .unwrap();
    night
        .of_jobs(|set, batch| {
            count(set, batch.num_rows());
            Ok(())
        })
        .unwrap();
    counts
}

/// Makes the rows and the files, and removes what was staged before.
fn stage(
    scene: &Scene,
    chunk: &Chunk,
    storage: &Storage,
    runtime: &tokio::runtime::Runtime,
) -> Manifest {
    runtime.block_on(storage.remove_folder("_staging")).unwrap();
    let night = NightMark {
        run_id: uuid::Uuid::nil(),
        run_date: "2026-11-16".to_owned(),
        metadata: BTreeMap::new(),
    };
    let mut stage = Stage::begin(storage, night).unwrap();
    let mut night = SnapshotRows::new(&scene.night.jobs, &scene.model);
    night.of_chunk(chunk, &LeftOut::default(), |set, batch| Ok(stage.write(set, batch)?)).unwrap();
    night.of_jobs(|set, batch| Ok(stage.write(set, batch)?)).unwrap();
    runtime.block_on(stage.finish()).unwrap()
}
