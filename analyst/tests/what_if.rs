//! `what-if` on a snapshot against a second computation on plain rows.

mod support;

use serde_json::{Value, json};
use std::{collections::BTreeMap, path::Path};
use support::{
    made::{NAMES, Night, Pair, SEED, Weights, fit_score, label, recommendation, two_nights},
    program::{Run, analyst},
};

fn what_if(night: &Night, folder: &Path, weights: &str, more: &[&str]) -> Run {
    let file = folder.join("weights.json");
    fs_err::write(&file, weights).unwrap();
    let folder = folder.join("snapshots");
    night.publish(&folder);
    let arguments =
        ["what-if", "--weights", file.to_str().unwrap(), "--snapshots", folder.to_str().unwrap()];
    analyst(&[&arguments[..], more].concat())
}

/// A user's list under other weights: jobs with their scores, best first.
fn again(pairs: &[&Pair], weights: Weights) -> Vec<(String, i64)> {
    let mut scored: Vec<(i64, i64, &str)> = pairs
        .iter()
        .map(|pair| (-weights.raw_bp(pair.components, pair.is_dream), pair.rank, pair.job.as_str()))
        .filter(|(raw, ..)| fit_score(-raw) >= weights.cut())
        .collect();
    scored.sort_unstable();
    scored.into_iter().map(|(raw, _, job)| (job.to_owned(), -raw)).collect()
}

#[derive(Default)]
struct Counts(BTreeMap<&'static str, u64>);

impl Counts {
    fn add(&mut self, name: &'static str, counts: bool) {
        *self.0.entry(name).or_default() += u64::from(counts);
    }
}

fn same_as_by_hand(night: &Night, answer: &Value, new: Weights) {
    let mut counts = Counts::default();
    let (mut overlaps, mut correlations) = (Vec::new(), Vec::new());
    let mut labels: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut advice: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut kept: BTreeMap<&str, [u64; 4]> = BTreeMap::new();
    for user in night.scored() {
        let pairs = night.of(user);
        let before: Vec<(String, i64)> =
            pairs.iter().map(|pair| (pair.job.clone(), pair.raw_bp)).collect();
        let after = again(&pairs, new);
        let jobs = |list: &[(String, i64)], n: usize| {
            let mut jobs: Vec<String> = list.iter().take(n).map(|(job, _)| job.clone()).collect();
            jobs.sort_unstable();
            jobs
        };
        let in_order = |list: &[(String, i64)]| -> Vec<String> {
            list.iter().map(|(job, _)| job.clone()).collect()
        };
        let other_jobs = jobs(&before, 25) != jobs(&after, 25);
        let other_order = in_order(&before) != in_order(&after);
        counts.add("scored", true);
        counts.add("top1_changed", jobs(&before, 1) != jobs(&after, 1));
        counts.add("top3_changed", jobs(&before, 3) != jobs(&after, 3));
        counts.add("jobs_changed", other_jobs);
        counts.add("order_changed", !other_jobs && other_order);
        counts.add("unchanged", !other_order);
        let common: Vec<&String> =
            in_order_of(&before).filter(|job| in_order_of(&after).any(|now| now == *job)).collect();
        counts.add("gained", common.len() < after.len());
        counts.add("lost", common.len() < before.len());
        let either = before.len() + after.len() - common.len();
        if either > 0 {
            overlaps.push(common.len() as f64 / either as f64);
        }
        if common.len() > 1 {
            let place = |list: &[(String, i64)], job: &String| {
                in_order_of(list).filter(|other| common.contains(other)).position(|o| o == job)
            };
            // Pearson's correlation of the places: Spearman's by its definition.
            let n = common.len() as f64;
            let mean = (n - 1.0) / 2.0;
            let (mut product, mut square) = (0.0, 0.0);
            for job in &common {
                let x = place(&before, job).unwrap() as f64 - mean;
                let y = place(&after, job).unwrap() as f64 - mean;
                product += x * y;
                square += x * x;
            }
            correlations.push(product / square);
        }
        for (job, raw) in &before {
            let group = kept.entry(night.jobs[job].0).or_default();
            group[0] += 1;
            let Some((_, now)) = after.iter().find(|(now, _)| now == job) else {
                group[3] += 1;
                continue;
            };
            let (old, now) = (fit_score(*raw), fit_score(*now));
            counts.add("scores_changed", old != now);
            *labels.entry((label(old), label(now))).or_default() += 1;
            let (old, now) = (recommendation(old, SEED), recommendation(now, new));
            *advice.entry((old, now)).or_default() += 1;
        }
        for (job, _) in &after {
            let group = kept.entry(night.jobs[job].0).or_default();
            group[1] += 1;
            group[2] += u64::from(!in_order_of(&before).any(|old| old == job));
        }
    }
    for (name, count) in &counts.0 {
        let found = if *name == "scores_changed" { &answer["pairs"] } else { &answer["users"] };
        assert_eq!(found[name], json!(count), "{name}");
    }
    let close = |found: &Value, expected: &[f64]| {
        let mean = expected.iter().sum::<f64>() / expected.len() as f64;
        assert!((found.as_f64().unwrap() - mean).abs() < 1e-12, "{found}, {mean}");
    };
    close(&answer["overlap_mean"], &overlaps);
    assert_eq!(answer["overlap_users"], json!(overlaps.len()));
    close(&answer["spearman_mean"], &correlations);
    assert_eq!(answer["spearman_users"], json!(correlations.len()));
    for (found, expected) in [(&answer["labels"], labels), (&answer["recommendations"], advice)] {
        let found = found.as_array().unwrap();
        assert_eq!(found.len(), 9);
        for each in found {
            let key = (each["before"].as_str().unwrap(), each["after"].as_str().unwrap());
            assert_eq!(each["pairs"], json!(expected.get(&key).copied().unwrap_or(0)), "{key:?}");
        }
    }
    for group in answer["role_families"].as_array().unwrap() {
        let expected = kept.get(group["name"].as_str().unwrap()).copied().unwrap_or_default();
        let found = ["before", "after", "gained", "lost"].map(|key| group[key].as_u64().unwrap());
        assert_eq!(found, expected, "{group}");
    }
    let pairs = &answer["pairs"];
    let sum = |at: usize| kept.values().map(|counts| counts[at]).sum::<u64>();
    for (at, key) in ["before", "after", "gained", "lost"].into_iter().enumerate() {
        assert_eq!(pairs[key], json!(sum(at)), "{key}");
    }
    assert_eq!(pairs["both"], json!(sum(0) - sum(3)));
}

fn in_order_of(list: &[(String, i64)]) -> impl Iterator<Item = &String> {
    list.iter().map(|(job, _)| job)
}

#[test]
fn everything_is_counted_as_by_hand() {
    let others = [
        SEED,
        Weights([5_000, 1_500, 1_500, 1_000, 400_000, 750_000, 100_000]),
        Weights([2_000, 3_500, 2_500, 3_000, 525_000, 805_001, 200_000]),
        Weights([0, 0, 0, 10_000, 300_000, 600_000, 0]),
    ];
    for (seed, new) in (21..).zip(others) {
        let (night, _) = two_nights(seed, 300, 150);
        let folder = tempfile::tempdir().unwrap();
        let answer = what_if(&night, folder.path(), &new.json(), &["--json"]).json();
        same_as_by_hand(&night, &answer, new);
        for (name, units) in NAMES.iter().zip(new.0) {
            assert_eq!(answer["weights"]["after"][name], json!(units as f64 / 10_000.0));
        }
    }
}

/// A full scan knows the pairs that were not kept: where it gives another list than the kept pairs
/// do, the answer must have said that it may.
#[test]
fn lists_that_a_full_scan_makes_other_ones_are_among_the_unsure() {
    let near = Weights([3_600, 2_500, 2_500, 2_000, 400_000, 750_000, 100_000]);
    let far = Weights([5_000, 1_500, 3_500, 1_000, 450_000, 750_000, 200_000]);
    for (seed, new) in [(31, SEED), (32, near), (33, far)] {
        let (night, _) = two_nights(seed, 300, 150);
        let folder = tempfile::tempdir().unwrap();
        let answer = what_if(&night, folder.path(), &new.json(), &["--json"]).json();
        let (mut others, mut full) = ([0; 3], 0);
        for user in night.scored() {
            let k = night.users[user].k();
            let all: Vec<&Pair> =
                night.candidates.iter().filter(|pair| pair.user == user).collect();
            let kept = night.of(user);
            full += u64::from(kept.len() == k);
            let scores = |pairs: &[&Pair], n: usize| -> Vec<i64> {
                again(pairs, new).into_iter().take(n.min(k)).map(|(_, raw)| raw).collect()
            };
            for (count, n) in others.iter_mut().zip([1, 3, k]) {
                *count += u64::from(scores(&all, n) != scores(&kept, n));
            }
        }
        let unsure = ["top1", "top3", "list"].map(|key| answer["unsure"][key].as_u64().unwrap());
        assert_eq!(answer["unsure"]["full_lists"], json!(full));
        for (others, unsure) in others.iter().zip(unsure) {
            assert!(*others <= unsure, "{others} lists are other ones, {unsure} are unsure");
        }
        let users = answer["users"]["scored"].as_u64().unwrap();
        assert!(new == far || unsure[0] < users, "nothing is sure: {unsure:?}");
        assert_eq!(new == SEED, others == [0; 3], "{others:?}");
    }
}

#[test]
fn however_users_are_cut_the_answer_is_the_same() {
    let (night, _) = two_nights(25, 300, 150);
    let folder = tempfile::tempdir().unwrap();
    let weights = r#"{"skills_match_weight": 0.5, "min_fit_score_threshold": 50}"#;
    let whole = what_if(&night, folder.path(), weights, &["--json"]).json();
    for rows in ["1", "70", "501", "2000"] {
        let cut = what_if(&night, folder.path(), weights, &["--json", "--slice-rows", rows]).json();
        assert!(cut == whole, "{rows} rows");
    }
}

#[test]
fn a_part_of_the_weights_is_enough() {
    let (night, _) = two_nights(41, 60, 60);
    let folder = tempfile::tempdir().unwrap();
    let part = r#"{"skills_match_weight": 0.6, "skils_match_weight": 0.1}"#;
    let answer = what_if(&night, folder.path(), part, &["--json"]).json();
    let mut new = SEED;
    new.0[0] = 6_000;
    same_as_by_hand(&night, &answer, new);
    assert_eq!(
        answer["warnings"],
        json!([
            "weight skills_match_weight is 0.6: expected 0.2 to 0.5; a nightly run refuses it",
            "no score depends on skils_match_weight: passed over"
        ])
    );
}

#[test]
fn the_page_fits_a_terminal_and_rows_are_written() {
    let (night, _) = two_nights(51, 200, 150);
    let folder = tempfile::tempdir().unwrap();
    let rows = folder.path().join("rows.csv");
    let weights = r#"{"skills_match_weight": 0.5, "min_fit_score_threshold": 50}"#;
    let run = what_if(&night, folder.path(), weights, &["--rows", rows.to_str().unwrap()]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    for line in run.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for title in ["WEIGHTS", "USERS", "NOT IN THE SNAPSHOT", "PAIRS", "LABELS", "JOBS kept less"] {
        assert!(run.stdout.contains(title), "{title}");
    }
    let mut new = SEED;
    (new.0[0], new.0[4]) = (5_000, 500_000);
    let mut expected = Vec::new();
    for user in night.scored() {
        let pairs = night.of(user);
        let after = again(&pairs, new);
        for pair in pairs {
            let rank = after.iter().position(|(job, _)| *job == pair.job);
            let change = match rank {
                None => "removed",
                Some(at) if at as i64 + 1 != pair.rank || after[at].1 != pair.raw_bp => "changed",
                Some(_) => continue,
            };
            let now = rank.map_or_else(
                || [String::new(), String::new()],
                |at| [(at + 1).to_string(), after[at].1.to_string()],
            );
            let Pair { user, job, rank, raw_bp, .. } = pair;
            expected.push(format!("{user},{job},{change},{rank},{},{raw_bp},{},", now[0], now[1]));
        }
    }
    let csv = fs_err::read_to_string(rows).unwrap();
    let mut lines = csv.lines();
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("user_id,job_id,change,rank_before,rank_after,raw_bp_before,")
    );
    let found: Vec<&str> = lines.collect();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert!(found.starts_with(expected.as_str()), "{found}, {expected}");
    }
}
