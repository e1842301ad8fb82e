//! `what-if` on a dataset against the oracle, which scores it by a second computation.

mod support;

use serde_json::{Value, json};
use std::{collections::BTreeMap, path::Path};
use support::program::analyst;
use talvix_fixtures::{
    generate::{DEFAULT_AS_OF_US, Dirt, Options, generate},
    oracle::{Expected, Model, Weights},
    parquet::write_dataset,
    tables::Tables,
};
use uuid::Uuid;

const AS_OF: &str = "2026-11-22T17:00:00Z";

fn tables() -> Tables {
    let dirt = Dirt::Database;
    generate(&Options { jobs: 600, users: 250, paid_share: 0.3, dirt, ..Options::default() })
}

fn aliases() -> Vec<(String, String)> {
    include_str!("../../engine/data/skill_aliases.csv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .skip(1)
        .filter_map(|line| line.split_once(','))
        .map(|(alias, name)| (alias.to_owned(), name.to_owned()))
        .collect()
}

fn what_if(folder: &Path, weights: &str) -> Value {
    let file = folder.join("weights.json");
    fs_err::write(&file, weights).unwrap();
    let dataset = folder.join("data");
    let [file, dataset] = [&file, &dataset].map(|path| path.to_str().unwrap());
    let answer =
        analyst(&["what-if", "--weights", file, "--dataset", dataset, "--as-of", AS_OF, "--json"]);
    answer.json()
}

fn lists(rows: &[Expected]) -> BTreeMap<Uuid, Vec<&Expected>> {
    let mut lists: BTreeMap<Uuid, Vec<&Expected>> = BTreeMap::new();
    for row in rows {
        lists.entry(row.user_id).or_default().push(row);
    }
    lists
}

#[test]
fn both_sides_are_what_the_oracle_keeps() {
    let (tables, aliases) = (tables(), aliases());
    let folder = tempfile::tempdir().unwrap();
    write_dataset(&tables, &folder.path().join("data")).unwrap();

    let old = Weights::from_rows(&tables.model_weights);
    let new = Weights {
        skills: 2_000,
        experience: 3_500,
        demand: 1_500,
        min_fit: 450_000,
        dream_bonus: 200_000,
        ..old
    };
    let answer = what_if(
        folder.path(),
        r#"{"skills_match_weight": 0.2, "experience_weight": 0.35, "market_demand_weight": 0.15,
            "min_fit_score_threshold": 45, "dream_company_score_bonus": 20}"#,
    );
    let scan = |weights| {
        Model::pin(&tables, &aliases, weights).full_scan(&tables, &aliases, DEFAULT_AS_OF_US, None)
    };
    let (before, after) = (scan(old), scan(new));
    let (olds, news) = (lists(&before.rows), lists(&after.rows));

    let (mut top1, mut top3, mut jobs_changed, mut unchanged) = (0, 0, 0, 0);
    let (mut both, mut scores_changed, mut gained, mut lost) = (0, 0, 0, 0);
    let users = olds.keys().chain(news.keys()).collect::<std::collections::BTreeSet<_>>();
    for user in &users {
        let list = |lists: &BTreeMap<Uuid, Vec<&Expected>>| -> Vec<(Uuid, i32)> {
            let rows = lists.get(*user).into_iter().flatten();
            rows.map(|row| (row.job_id, row.fit_score)).collect()
        };
        let (old, new) = (list(&olds), list(&news));
        let first = |list: &[(Uuid, i32)], n: usize| -> Vec<Uuid> {
            let mut jobs: Vec<Uuid> = list.iter().take(n).map(|(job, _)| *job).collect();
            jobs.sort_unstable();
            jobs
        };
        let in_order = |list: &[(Uuid, i32)]| list.iter().map(|(job, _)| *job).collect::<Vec<_>>();
        top1 += u64::from(first(&old, 1) != first(&new, 1));
        top3 += u64::from(first(&old, 3) != first(&new, 3));
        jobs_changed += u64::from(first(&old, 25) != first(&new, 25));
        unchanged += u64::from(in_order(&old) == in_order(&new));
        let (mut came, mut went) = (new.len(), 0);
        for (job, score) in &old {
            match new.iter().find(|(now, _)| now == job) {
                None => went += 1,
                Some((_, now)) => {
                    came -= 1;
                    both += 1;
                    scores_changed += u64::from(score != now);
                }
            }
        }
        gained += u64::from(came > 0);
        lost += u64::from(went > 0);
    }
    let found = &answer["users"];
    let scored = found["scored"].as_u64().unwrap();
    assert_eq!(found["with_matches"], json!({"before": olds.len(), "after": news.len()}));
    assert_eq!(found["top1_changed"], json!(top1));
    assert_eq!(found["top3_changed"], json!(top3));
    assert_eq!(found["jobs_changed"], json!(jobs_changed));
    // Users without a match on either side are unchanged too, and the oracle has no rows of them.
    assert_eq!(found["unchanged"].as_u64().unwrap() - unchanged, scored - users.len() as u64);
    assert_eq!([&found["gained"], &found["lost"]], [&json!(gained), &json!(lost)]);
    let pairs = &answer["pairs"];
    assert_eq!(pairs["before"], json!(before.rows.len()));
    assert_eq!(pairs["after"], json!(after.rows.len()));
    assert_eq!(pairs["both"], json!(both));
    assert_eq!(pairs["scores_changed"], json!(scores_changed));
    assert_eq!(answer["unsure"], Value::Null);
    assert!(both > 100 && gained > 10 && lost > 10 && top1 > 10, "a test of nothing: {answer}");
    let warnings = answer["warnings"].to_string();
    assert!(warnings.contains("no model is pinned for week 2026-W47"), "{warnings}");
}

#[test]
fn the_same_weights_change_nothing_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    write_dataset(&tables(), &data).unwrap();
    let files = || {
        let mut files = Vec::new();
        let mut folders = vec![data.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs_err::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let meta = entry.metadata().unwrap();
                if meta.is_dir() {
                    folders.push(entry.path());
                } else {
                    files.push((entry.path(), meta.len(), meta.modified().unwrap()));
                }
            }
        }
        files.sort();
        files
    };
    let before = files();
    let same = fs_err::read_to_string(data.join("storage/model-data/weights_current.json"));
    let answer = what_if(folder.path(), &same.unwrap());
    assert_eq!(files(), before);
    let users = &answer["users"];
    assert_eq!(users["unchanged"], users["scored"]);
    assert_eq!(answer["pairs"]["scores_changed"], json!(0));
    assert_eq!(answer["spearman_mean"], json!(1.0));
    assert_eq!(answer["overlap_mean"], json!(1.0));
}
