//! How long the program takes for a full night on a dataset, from reading the tables to knowing
//! what it would write.

mod common;

use common::Scene;
use criterion::{BenchmarkId, Criterion, Throughput};
use std::{path::Path, process::Command};

fn main() {
    common::main(bench);
}

fn bench(criterion: &mut Criterion, scene: &Scene) {
    let as_of = scene.as_of.to_string();
    let scores = scene.scores(&scene.users());
    let expected: u64 = scores.iter().map(|scores| scores.kept.len() as u64).sum();
    assert!(expected > 0, "a night that keeps nothing proves little");
    let run = || assert_eq!(rows_kept(scene.dataset(), &as_of), expected);
    run();

    let mut group = criterion.benchmark_group("night");
    group.throughput(Throughput::Elements(expected));
    group.sample_size(10);
    let id = BenchmarkId::new("dataset, dry run", scene.size(&scores));
    group.bench_function(id, |bencher| bencher.iter(run));
    group.finish();
}

/// Runs the program with none of the caller's settings; how many rows it keeps.
fn rows_kept(dataset: &Path, as_of: &str) -> u64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_talvix"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TALVIX_") || name == "DATABASE_URL" {
            command.env_remove(name);
        }
    }
    command.args(["run", "--dry-run", "--json", "--quiet", "--as-of", as_of, "--dataset"]);
    let output = command.arg(dataset).current_dir(dataset).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    report["rows"]["kept"].as_u64().unwrap()
}
