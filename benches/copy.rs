//! How fast kept pairs become the bytes of a binary `COPY`, such bytes become values again, and
//! a chunk is compared with what is stored.

mod common;

use arrow::{
    array::{
        ArrayRef, BooleanArray, FixedSizeBinaryArray, Int32Array, RecordBatch, StringArray,
        TimestampMicrosecondArray,
    },
    datatypes::{Field, Schema},
};
use bytes::Bytes;
use common::Scene;
use criterion::{BenchmarkId, Criterion, Throughput};
use std::sync::Arc;
use talvix_engine::{ids::Uuid, rows::ScoreRows};
use talvix_exporter::{
    chunk::{Chunk, LeftOut, NightOut},
    diff::{Diff, Existing, NewRow},
    pgcopy,
};
use talvix_loader::tables::SCORES;
use talvix_pg::copy::{CopyDecoder, CopyEncoder, Row};

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
    let chunk = scene.chunk();
    let out = NightOut {
        run_id: uuid::Uuid::nil(),
        as_of: scene.as_of,
        week: scene.week(),
        jobs: &scene.night.jobs,
        scrape_run_id: None,
    };
    assert_eq!(pgcopy::COLUMNS, COLUMNS.join(", "));
    let rows = Diff::new(&chunk, &chunk.all(), &[], &LeftOut::default()).write;
    let bytes = encode(&out, &rows);
    let texts: usize = chunk.blocks.iter().map(|block| num_texts(&block.rows)).sum();
    assert!(!rows.is_empty() && texts > 0, "{} rows, {texts} texts prove little", rows.len());
    assert_eq!(decode(bytes.clone()), (rows.len(), texts), "every row comes out again, whole");

    let mut group = criterion.benchmark_group("copy");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    let size = format!("{} rows of {} users", rows.len(), chunk.scored().count());
    group.bench_function(BenchmarkId::new("encode", &size), |bencher| {
        bencher.iter(|| encode(&out, &rows));
    });
    group.bench_function(BenchmarkId::new("decode", &size), |bencher| {
        bencher.iter(|| decode(bytes.clone()));
    });
    group.finish();

    let stored: Vec<RecordBatch> =
        chunk.blocks.iter().map(|block| stored(&out, &chunk, &block.rows)).collect();
    let unchanged = || {
        let stored = Existing::read(&out, &chunk, &chunk.all(), &stored).unwrap();
        let diff = Diff::new(&chunk, &chunk.all(), &stored, &LeftOut::default());
        (diff.write.len(), diff.delete.len(), diff.unchanged)
    };
    assert_eq!(unchanged(), (0, 0, rows.len() as u64), "what is stored is what is kept");
    let mut group = criterion.benchmark_group("diff");
    group.throughput(Throughput::Elements(rows.len() as u64));
    group.bench_function(BenchmarkId::new("unchanged", &size), |bencher| bencher.iter(unchanged));
    group.finish();
}

fn encode(out: &NightOut<'_>, rows: &[NewRow<'_>]) -> Bytes {
    let mut encoder = CopyEncoder::new();
    for row in rows {
        pgcopy::encode(&mut encoder, out, row, 0).unwrap();
    }
    encoder.finish()
}

/// Reads every value; how many rows there are, and texts in their lists.
fn decode(bytes: Bytes) -> (usize, usize) {
    let mut decoder = CopyDecoder::new(&COLUMNS);
    decoder.feed(bytes);
    let (mut num_rows, mut num_texts) = (0, 0);
    while let Some(mut row) = decoder.next_row().unwrap() {
        for _ in 0..3 {
            row.not_null(Row::uuid).unwrap();
        }
        row.not_null(Row::int4).unwrap();
        row.not_null(Row::text).unwrap();
        row.not_null(Row::text).unwrap();
        for _ in 0..3 {
            num_texts += row.text_array().unwrap().map_or(0, |texts| texts.len());
        }
        row.not_null(Row::bool).unwrap();
        row.not_null(Row::int4).unwrap();
        row.not_null(Row::int4).unwrap();
        row.not_null(Row::timestamptz).unwrap();
        row.not_null(Row::timestamptz).unwrap();
        num_rows += 1;
    }
    decoder.finish().unwrap();
    (num_rows, num_texts)
}

fn num_texts(rows: &ScoreRows) -> usize {
    [&rows.fit_reasons, &rows.missing_skills, &rows.strengths]
        .map(|lists| lists.values().len())
        .iter()
        .sum()
}

/// Kept pairs as they are read back.
fn stored(out: &NightOut<'_>, chunk: &Chunk, rows: &ScoreRows) -> RecordBatch {
    let ids = |ids: Vec<Uuid>| -> ArrayRef {
        Arc::new(FixedSizeBinaryArray::try_from_iter(ids.into_iter()).unwrap())
    };
    let number = |value: i32| -> ArrayRef { Arc::new(Int32Array::from(vec![value; rows.len()])) };
    let fit_scores: Int32Array = rows.fit_score.iter().map(|score| i32::from(*score)).collect();
    let created_at = TimestampMicrosecondArray::from(vec![0; rows.len()]).with_timezone("UTC");
    let columns: Vec<ArrayRef> = vec![
        ids((0..rows.len()).map(|_| uuid::Uuid::now_v7().into_bytes()).collect()),
        ids(rows.user.iter().map(|user| chunk.users.id[user.ix()]).collect()),
        ids(rows.job.iter().map(|job| out.jobs.id[job.ix()]).collect()),
        Arc::new(fit_scores),
        Arc::new(StringArray::from(rows.fit_label.clone())),
        Arc::new(StringArray::from(rows.recommendation.clone())),
        Arc::new(rows.fit_reasons.clone()),
        Arc::new(rows.missing_skills.clone()),
        Arc::new(rows.strengths.clone()),
        Arc::new(BooleanArray::from(rows.is_full_score.clone())),
        number(i32::from(out.week.week)),
        number(i32::from(out.week.year)),
        Arc::new(created_at),
    ];
    let fields: Vec<Field> = SCORES
        .columns
        .iter()
        .zip(&columns)
        .map(|(column, values)| Field::new(column.name, values.data_type().clone(), true))
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}
