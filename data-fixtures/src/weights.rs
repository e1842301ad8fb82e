//! The 23 model weights that a fresh database is seeded with.

use crate::tables::{Numeric, WeightRow};

/// Name, value, smallest and largest allowed value, in ten-thousandths.
const SEED: [(&str, i64, i64, i64); 23] = [
    ("skills_match_weight", 3_500, 2_000, 5_000),
    ("experience_weight", 2_500, 1_500, 3_500),
    ("market_demand_weight", 2_500, 1_500, 3_500),
    ("salary_align_weight", 2_000, 1_000, 3_000),
    ("min_fit_score_threshold", 400_000, 300_000, 550_000),
    ("apply_recommend_threshold", 750_000, 600_000, 850_000),
    ("followup_day1_delay", 70_000, 50_000, 100_000),
    ("followup_day2_delay", 70_000, 50_000, 140_000),
    ("followup_day3_delay", 70_000, 50_000, 140_000),
    ("li_connection_delay_days", 20_000, 10_000, 50_000),
    ("li_message_delay_hours", 480_000, 240_000, 960_000),
    ("li_daily_connections_cap", 150_000, 100_000, 250_000),
    ("li_daily_messages_cap", 300_000, 200_000, 400_000),
    ("li_daily_views_cap", 400_000, 250_000, 600_000),
    ("li_acceptance_rate_floor", 3_000, 2_000, 5_000),
    ("apply_window_start_hour", 200_000, 180_000, 220_000),
    ("apply_window_end_hour", 60_000, 40_000, 80_000),
    ("apply_slot_jitter_minutes", 150_000, 50_000, 300_000),
    ("tailored_resume_score_bonus", 50_000, 0, 150_000),
    ("dream_company_score_bonus", 100_000, 50_000, 200_000),
    ("max_weight_change_daily_pct", 50_000, 10_000, 100_000),
    ("max_weight_change_weekly_pct", 150_000, 50_000, 250_000),
    ("ab_test_confidence_threshold", 950_000, 900_000, 990_000),
];

/// The rows of `model_weights` that every night can start from, in the order of the seed.
#[must_use]
pub fn model_weights() -> Vec<WeightRow> {
    SEED.iter()
        .map(|&(name, value, min, max)| WeightRow {
            weight_name: name.to_owned(),
            weight_value: Numeric::Units(value),
            min_value: Numeric::Units(min),
            max_value: Numeric::Units(max),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_values_lie_within_their_bounds() {
        let names: BTreeSet<_> = SEED.iter().map(|row| row.0).collect();
        assert_eq!(names.len(), 23);
        for (name, value, min, max) in SEED {
            assert!(min <= value && value <= max, "{name}");
        }
    }
}
