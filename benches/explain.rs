//! How fast it is said what is stored of kept pairs: with texts for users who pay, without for
//! the others.

mod common;

use arrow::array::{Array, AsArray, ListArray};
use common::Scene;
use criterion::{BenchmarkId, Criterion, Throughput};
use std::hint::black_box;
use talvix_engine::{
    explain::PairRow,
    ids::{JobNo, UserNo},
    rows::ScoreRows,
};

fn main() {
    common::main(bench);
}

fn bench(criterion: &mut Criterion, scene: &Scene) {
    let scorer = scene.scorer();
    let scorer = scorer.on(&scene.night.users, &scene.night.stored);
    let explainer = scorer.explainer();
    let (mut paid, mut free): (Vec<Pair>, Vec<Pair>) = (Vec::new(), Vec::new());
    for block in scorer.score(&Scene::in_full(&scene.users())) {
        let rows = block.rows;
        for at in 0..rows.len() {
            let (user, job, raw_bp) = (rows.user[at], rows.job[at], rows.raw_bp[at]);
            check(&rows, at, &explainer.row(user, job, raw_bp));
            let pairs = if rows.is_full_score[at] { &mut paid } else { &mut free };
            pairs.push((user, job, raw_bp));
        }
    }
    assert!(!paid.is_empty() && !free.is_empty(), "{} and {} rows", paid.len(), free.len());

    let mut group = criterion.benchmark_group("explain");
    for (what, pairs) in [("with texts", &paid), ("without texts", &free)] {
        group.throughput(Throughput::Elements(pairs.len() as u64));
        let size = format!("{} kept pairs", pairs.len());
        group.bench_function(BenchmarkId::new(what, size), |bencher| {
            bencher.iter(|| {
                for &(user, job, raw_bp) in pairs {
                    black_box(explainer.row(user, job, raw_bp));
                }
            });
        });
    }
    group.finish();
}

/// A kept pair: who, which job, raw score in bp.
type Pair = (UserNo, JobNo, u32);

fn check(rows: &ScoreRows, at: usize, row: &PairRow<'_>) {
    assert_eq!(row.digest, rows.digest[at], "row {at}");
    assert_eq!(row.fit_score, rows.fit_score[at], "row {at}");
    assert_eq!(row.fit_label, rows.fit_label[at], "row {at}");
    assert_eq!(row.recommendation, rows.recommendation[at], "row {at}");
    let texts = row.texts.as_ref();
    let reasons = texts.map(|texts| texts.fit_reasons.iter().map(String::as_str).collect());
    assert_eq!(reasons, list(&rows.fit_reasons, at), "row {at}");
    let missing = texts.map(|texts| texts.missing_skills.clone());
    assert_eq!(missing, list(&rows.missing_skills, at), "row {at}");
    assert_eq!(texts.map(|texts| texts.strengths.clone()), list(&rows.strengths, at), "row {at}");
}

fn list(lists: &ListArray, at: usize) -> Option<Vec<&str>> {
    let start = lists.value_offsets()[at] as usize;
    let texts = lists.values().as_string::<i32>();
    let len = lists.value_length(at) as usize;
    lists.is_valid(at).then(|| (start..start + len).map(|at| texts.value(at)).collect())
}
