//! Two computations that share no code but the rows agree bit by bit.

#![expect(clippy::print_stderr, reason = "a test that is left out says so")]

use std::path::Path;

use talvix_fixtures::odd::odd_tables;
use talvix_fixtures::oracle::{Model, Weights};
use talvix_fixtures::real;
use talvix_fixtures::tables::Tables;

/// Seeds 0 to 199; 0, 25, 50, … are the large ones.
const NUM_SEEDS: u64 = 200;

#[test]
fn polars_and_the_oracle_agree_on_odd_nights() {
    let mut num_rows = 0;
    for seed in 0..NUM_SEEDS {
        let (tables, aliases) = odd_tables(seed);
        // From week to week, across two ends of a year.
        let as_of_us = 1_795_348_800_000_000 + seed as i64 * 601_200_000_000;
        num_rows += compare(&tables, &aliases, as_of_us, &format!("seed {seed}"));
    }
    assert!(num_rows > 5_000, "only {num_rows} pairs to compare");
}

/// Runs where the real postings are: `scripts/test --real DIR`.
#[test]
fn polars_and_the_oracle_agree_on_real_postings_and_resumes() {
    let Some(folder) = std::env::var_os("TALVIX_TEST_REAL") else {
        eprintln!("left out: scripts/test --real DIR names the folder of the real data");
        return;
    };
    let as_of_us = 1_795_348_800_000_000;
    let options = real::Options { as_of_us, seed: 1, max_jobs: None };
    let tables = real::import(Path::new(&folder), &options).unwrap();
    let aliases: Vec<(String, String)> = include_str!("../../engine/data/skill_aliases.csv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .skip(1)
        .filter_map(|line| line.split_once(','))
        .map(|(alias, name)| (alias.to_owned(), name.to_owned()))
        .collect();
    let num_rows = compare(&tables, &aliases, as_of_us, "the real data");
    assert!(num_rows > 5_000, "only {num_rows} pairs to compare");
}

/// Holds the two against each other; how many pairs there were.
#[track_caller]
fn compare(tables: &Tables, aliases: &[(String, String)], as_of_us: i64, what: &str) -> usize {
    let weights = Weights::from_rows(&tables.model_weights);
    let expected = Model::pin(tables, aliases, weights).full_scan(tables, aliases, as_of_us, None);
    let scan = talvix_polars_check::full_scan(tables, aliases, &weights, as_of_us).unwrap();
    assert_eq!(scan.candidates, expected.prefiltered, "{what}: candidates");
    assert_eq!(scan.rows.len(), expected.rows.len(), "{what}: number of pairs");
    for (nth, (polars, oracle)) in scan.rows.iter().zip(&expected.rows).enumerate() {
        assert_eq!(polars, oracle, "{what}: row {nth}");
    }
    scan.rows.len()
}
