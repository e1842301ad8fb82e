//! How fast kept pairs become the bytes of a binary `COPY`.

mod common;

use bytes::Bytes;
use common::Scene;
use criterion::{BenchmarkId, Criterion, Throughput};
use std::collections::HashSet;
use talvix_exporter::{
    chunk::{Chunk, NightOut},
    diff::{Diff, NewRow},
    pgcopy,
};
use talvix_pg::copy::{CopyDecoder, CopyEncoder};

/// As `pgcopy::COLUMNS` says.
const COLUMNS: [&str; 14] = [
    "id",
    "user_id",
    "job_id",
    "fit_score",
    "fit_label",
    "recommendation",
    "fit_reasons",
    "missing_skills",
    "strengths",
    "is_full_score",
    "week_number",
    "year_number",
    "expires_at",
    "created_at",
];

fn main() {
    common::main(bench);
}

fn bench(criterion: &mut Criterion, scene: &Scene) {
    let scorer = scene.scorer();
    let scorer = scorer.on(&scene.night.users, &scene.night.stored);
    let chunk = Chunk { users: scene.night.users.clone(), blocks: scorer.score(&scene.in_full()) };
    let out = NightOut {
        run_id: uuid::Uuid::nil(),
        as_of: scene.as_of,
        week: scene.week(),
        jobs: &scene.night.jobs,
        scrape_run_id: None,
    };
    assert_eq!(pgcopy::COLUMNS, COLUMNS.join(", "));
    let rows = Diff::new(&out, &chunk, &[], &HashSet::new()).unwrap().write;
    let bytes = encode(&out, &rows);
    assert_eq!(decoded_rows(bytes.clone()), rows.len(), "every row comes out again");

    let mut group = criterion.benchmark_group("copy");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    let size = format!("{} rows of {} users", rows.len(), chunk.scored().count());
    group.bench_function(BenchmarkId::new("encode", size), |bencher| {
        bencher.iter(|| encode(&out, &rows));
    });
    group.finish();
}

fn encode(out: &NightOut<'_>, rows: &[NewRow<'_>]) -> Bytes {
    let mut encoder = CopyEncoder::new();
    for row in rows {
        pgcopy::encode(&mut encoder, out, row, 0).unwrap();
    }
    encoder.finish()
}

fn decoded_rows(bytes: Bytes) -> usize {
    let mut decoder = CopyDecoder::new(&COLUMNS);
    decoder.feed(bytes);
    let mut num_rows = 0;
    while decoder.next_row().unwrap().is_some() {
        num_rows += 1;
    }
    decoder.finish().unwrap();
    num_rows
}
