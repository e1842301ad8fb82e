//! The file of weights, as people edit it.

use talvix_loader::weights::parse;

/// Parses weights.
///
/// # Panics
///
/// Where weights pass that they should not, or do not come back as they were.
pub fn check(bytes: &[u8]) {
    const PLACE: &str = "weights_current.json";
    match parse(bytes, PLACE) {
        Ok(weights) => {
            for (rule, (name, units)) in
                talvix_engine::model::WeightRule::ALL.iter().zip(weights.named())
            {
                assert_eq!(rule.name, name);
                assert!((rule.min..=rule.max).contains(&i64::from(units)), "{name} is {units}");
            }
            assert!(weights.sum() > 0);
            let written = weights.to_file().to_string();
            assert_eq!(parse(written.as_bytes(), PLACE).ok(), Some(weights), "{written}");
        }
        Err(error) => assert!(error.to_string().contains(PLACE), "{error}"),
    }
}
