//! The weights that scoring needs, inside their bounds.

use crate::columns::NOT_A_NUMBER;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// One point of a `numeric(8,4)`, in its units.
const ONE: i64 = 10_000;

/// A weight that scoring needs, with the bounds it must keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightRule {
    /// Name in `weights_current.json` and `model_weights`.
    pub name: &'static str,
    /// Least value, in ten-thousandths.
    pub min: i64,
    /// Greatest value, in ten-thousandths.
    pub max: i64,
}

const fn rule(name: &'static str, min: i64, max: i64) -> WeightRule {
    WeightRule { name, min, max }
}

impl WeightRule {
    /// The seven weights that scoring needs.
    pub const ALL: [WeightRule; 7] = [
        rule("skills_match_weight", 2_000, 5_000),
        rule("experience_weight", 1_500, 3_500),
        rule("market_demand_weight", 1_500, 3_500),
        rule("salary_align_weight", 1_000, 3_000),
        rule("min_fit_score_threshold", 30 * ONE, 55 * ONE),
        rule("apply_recommend_threshold", 60 * ONE, 85 * ONE),
        rule("dream_company_score_bonus", 5 * ONE, 20 * ONE),
    ];
}

/// A weight that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WeightFault {
    /// It is not there.
    Missing(&'static str),
    /// It is not a number.
    NotANumber(&'static str),
    /// It is outside its bounds; all in ten-thousandths.
    OutOfBounds {
        /// Name.
        name: &'static str,
        /// What it is.
        value: i64,
        /// Least.
        min: i64,
        /// Greatest.
        max: i64,
    },
    /// The four component weights are all zero.
    AllZero,
}

impl fmt::Display for WeightFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |units: i64| units as f64 / ONE as f64;
        match self {
            WeightFault::Missing(name) => write!(f, "weight {name} is missing"),
            WeightFault::NotANumber(name) => write!(f, "weight {name} is not a number"),
            WeightFault::OutOfBounds { name, value, min, max } => write!(
                f,
                "weight {name} is {}: expected {} to {}",
                number(*value),
                number(*min),
                number(*max)
            ),
            WeightFault::AllZero => write!(
                f,
                "weights skills_match_weight, experience_weight, market_demand_weight and \
                 salary_align_weight are all zero"
            ),
        }
    }
}

/// The weights of a scoring model, in ten-thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weights {
    /// `skills_match_weight`.
    pub skills: u32,
    /// `experience_weight`.
    pub experience: u32,
    /// `market_demand_weight`.
    pub demand: u32,
    /// `salary_align_weight`.
    pub salary: u32,
    /// `min_fit_score_threshold`.
    pub min_fit_score: u32,
    /// `apply_recommend_threshold`.
    pub apply_score: u32,
    /// `dream_company_score_bonus`.
    pub dream_bonus: u32,
}

impl Weights {
    /// Checks the weights that scoring needs; all faults at once. Values are in ten-thousandths,
    /// [`NOT_A_NUMBER`] where there was none; others than the seven are passed over. `bounds`
    /// replaces the rule's own where it names one.
    pub fn check(
        values: &BTreeMap<String, i64>,
        bounds: &BTreeMap<String, (i64, i64)>,
    ) -> Result<Weights, Vec<WeightFault>> {
        let mut faults = Vec::new();
        let checked = WeightRule::ALL.map(|rule| {
            let (min, max) = bounds.get(rule.name).copied().unwrap_or((rule.min, rule.max));
            match values.get(rule.name).copied() {
                None => faults.push(WeightFault::Missing(rule.name)),
                Some(NOT_A_NUMBER) => faults.push(WeightFault::NotANumber(rule.name)),
                Some(value) if value < min.max(0) || value > max.min(i64::from(u32::MAX)) => {
                    faults.push(WeightFault::OutOfBounds { name: rule.name, value, min, max });
                }
                Some(value) => return value as u32,
            }
            0
        });
        if faults.is_empty() && checked[..4] == [0; 4] {
            faults.push(WeightFault::AllZero);
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let [skills, experience, demand, salary, min_fit_score, apply_score, dream_bonus] = checked;
        Ok(Weights { skills, experience, demand, salary, min_fit_score, apply_score, dream_bonus })
    }

    /// The weights by name, as [`WeightRule::ALL`] has them.
    #[must_use]
    pub fn named(self) -> [(&'static str, u32); 7] {
        let Weights { skills, experience, demand, salary, min_fit_score, apply_score, dream_bonus } =
            self;
        let units = [skills, experience, demand, salary, min_fit_score, apply_score, dream_bonus];
        std::array::from_fn(|at| (WeightRule::ALL[at].name, units[at]))
    }

    /// The weights as `weights_current.json` has them: names and numbers in their own units.
    #[must_use]
    pub fn to_file(self) -> serde_json::Value {
        let number = |units: u32| serde_json::Value::from(f64::from(units) / ONE as f64);
        let pairs = self.named().map(|(name, units)| (name.to_owned(), number(units)));
        serde_json::Value::Object(pairs.into_iter().collect())
    }

    /// The sum of the component weights; need not be one.
    #[must_use]
    pub fn sum(self) -> u64 {
        [self.skills, self.experience, self.demand, self.salary].map(u64::from).iter().sum()
    }

    /// The least fit score that is kept: at least 40.
    #[must_use]
    pub fn cut_score(self) -> u32 {
        self.min_fit_score.div_ceil(ONE as u32).max(40)
    }

    /// The least raw score of which the fit score is kept.
    #[must_use]
    pub fn cut_raw_bp(self) -> u32 {
        // Halves round up: the score 40 begins at 3 950 bp. No score is above 100.
        if self.cut_score() > 100 { u32::MAX } else { 100 * self.cut_score() - 50 }
    }

    /// The least fit score for which applying is recommended.
    #[must_use]
    pub fn apply_from(self) -> u32 {
        self.apply_score.div_ceil(ONE as u32)
    }

    /// What a dream company adds to the raw score, in bp.
    #[must_use]
    pub fn dream_bonus_bp(self) -> u32 {
        (self.dream_bonus + 50) / 100
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> BTreeMap<String, i64> {
        let seed = [3_500, 2_500, 2_500, 2_000, 400_000, 750_000, 100_000];
        WeightRule::ALL
            .iter()
            .zip(seed)
            .map(|(rule, value)| (rule.name.to_owned(), value))
            .collect()
    }

    #[test]
    fn the_seed_weights_pass() {
        let weights = Weights::check(&values(), &BTreeMap::new()).unwrap();
        assert_eq!(weights.sum(), 10_500);
        assert_eq!((weights.cut_score(), weights.cut_raw_bp()), (40, 3_950));
        assert_eq!((weights.apply_from(), weights.dream_bonus_bp()), (75, 1_000));
    }

    #[test]
    fn thresholds_round_up_and_the_bonus_half_away() {
        let mut values = values();
        values.insert("min_fit_score_threshold".into(), 41 * ONE + 1);
        values.insert("apply_recommend_threshold".into(), 70 * ONE + 1);
        values.insert("dream_company_score_bonus".into(), 7 * ONE + 3_350);
        let weights = Weights::check(&values, &BTreeMap::new()).unwrap();
        assert_eq!(
            (weights.cut_score(), weights.apply_from(), weights.dream_bonus_bp()),
            (42, 71, 734)
        );
    }

    #[test]
    fn all_faults_are_named_at_once() {
        let mut values = values();
        values.remove("experience_weight");
        values.insert("skills_match_weight".into(), NOT_A_NUMBER);
        values.insert("salary_align_weight".into(), 3_001);
        let faults = Weights::check(&values, &BTreeMap::new()).unwrap_err();
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                "weight skills_match_weight is not a number",
                "weight experience_weight is missing",
                "weight salary_align_weight is 0.3001: expected 0.1 to 0.3"
            ]
        );
    }

    #[test]
    fn zero_weights_cannot_be_divided_by() {
        let bounds = WeightRule::ALL.iter().map(|rule| (rule.name.to_owned(), (0, rule.max)));
        let zero = WeightRule::ALL.iter().map(|rule| (rule.name.to_owned(), 0)).collect();
        assert_eq!(Weights::check(&zero, &bounds.collect()), Err(vec![WeightFault::AllZero]));
    }
}
