//! Two computations that share no code but the rows agree bit by bit.

use talvix_fixtures::odd::odd_tables;
use talvix_fixtures::oracle::{Model, Weights};

/// Seeds 0 to 199; 0, 25, 50, … are the large ones.
const NUM_SEEDS: u64 = 200;

#[test]
fn polars_and_the_oracle_agree_on_odd_nights() {
    let mut num_rows = 0;
    for seed in 0..NUM_SEEDS {
        let (tables, aliases) = odd_tables(seed);
        let weights = Weights::from_rows(&tables.model_weights);
        // From week to week, across two ends of a year.
        let as_of_us = 1_795_348_800_000_000 + seed as i64 * 601_200_000_000;
        let expected =
            Model::pin(&tables, &aliases, weights).full_scan(&tables, &aliases, as_of_us, None);
        let scan = talvix_polars_check::full_scan(&tables, &aliases, &weights, as_of_us).unwrap();
        assert_eq!(scan.candidates, expected.prefiltered, "seed {seed}: candidates");
        assert_eq!(scan.rows.len(), expected.rows.len(), "seed {seed}: number of pairs");
        for (nth, (polars, oracle)) in scan.rows.iter().zip(&expected.rows).enumerate() {
            assert_eq!(polars, oracle, "seed {seed}: row {nth}");
        }
        num_rows += scan.rows.len();
    }
    assert!(num_rows > 5_000, "only {num_rows} pairs to compare");
}
