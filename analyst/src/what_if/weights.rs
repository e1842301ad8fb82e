//! The other weights, from a file that may name some of them.
//!
//! A nightly run refuses weights outside their bounds. Here they are a question and nobody's
//! scores, so they are used, and the answer says that a run would refuse them.

use crate::failure::Failure;
use fs_err as fs;
use std::{collections::BTreeMap, path::Path};
use talvix_engine::model::{WeightFault, WeightRule, Weights};

/// A file of weights is small.
const MAX_BYTES: u64 = 64 * 1024;

/// The most that a weight can be here: 10,000, in ten-thousandths. Scores of less than a thousand
/// times the highest stay far inside 32 bits.
const MAX_UNITS: i64 = 10_000 * 10_000;

/// A file of weights.
#[derive(Debug)]
pub struct File {
    place: String,
    /// In ten-thousandths.
    values: BTreeMap<String, i64>,
}

impl File {
    /// Reads a file that names at least one of the seven weights.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let place = path.display().to_string();
        let length = fs::metadata(path).map_err(|error| usage(&error))?.len();
        if length > MAX_BYTES {
            return Err(Failure::usage(format!(
                "{place}: larger than {MAX_BYTES} bytes: this is no file of weights"
            )));
        }
        let bytes = fs::read(path).map_err(|error| usage(&error))?;
        let values = talvix_loader::weights::values(&bytes, &place).map_err(Failure::usage)?;
        let file = File { place, values };
        if file.named().next().is_none() {
            return Err(Failure::usage(format!(
                "{}: it names none of the weights: {}",
                file.place,
                WeightRule::ALL.map(|rule| rule.name).join(", ")
            )));
        }
        Ok(file)
    }

    /// The rules of the weights that it names.
    fn named(&self) -> impl Iterator<Item = WeightRule> {
        WeightRule::ALL.into_iter().filter(|rule| self.values.contains_key(rule.name))
    }

    /// These weights with those of the file in their place.
    pub fn over(&self, before: Weights) -> Result<Weights, Failure> {
        let named = before.named().map(|(name, units)| (name.to_owned(), i64::from(units)));
        let mut values = BTreeMap::from(named);
        values.extend(self.named().map(|rule| (rule.name.to_owned(), self.values[rule.name])));
        let bounds = WeightRule::ALL.map(|rule| (rule.name.to_owned(), (0, MAX_UNITS)));
        Weights::check(&values, &bounds.into_iter().collect()).map_err(|faults| {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            Failure::usage(format!("{}: {}", self.place, faults.join("; ")))
        })
    }

    /// What is odd about the file: weights that a run would refuse, names that are no weights.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for WeightRule { name, min, max } in self.named() {
            let value = self.values[name];
            if !(min..=max).contains(&value) {
                let fault = WeightFault::OutOfBounds { name, value, min, max };
                warnings.push(format!("{fault}; a nightly run refuses it"));
            }
        }
        let is_known = |name: &str| WeightRule::ALL.iter().any(|rule| rule.name == name);
        let others: Vec<&str> =
            self.values.keys().map(String::as_str).filter(|name| !is_known(name)).collect();
        if !others.is_empty() {
            warnings.push(format!("no score depends on {}: passed over", others.join(", ")));
        }
        warnings
    }
}

fn usage(error: &std::io::Error) -> Failure {
    Failure::usage(format!("--weights: {error}"))
}

/// The weights of a run, from the metadata of its files.
pub fn of_run(json: &str, run_id: &str) -> Result<Weights, Failure> {
    let place = format!("run {run_id}, talvix.weights");
    let values = talvix_loader::weights::values(json.as_bytes(), &place).map_err(Failure::unfit)?;
    let bounds = WeightRule::ALL.map(|rule| (rule.name.to_owned(), (0, MAX_UNITS)));
    Weights::check(&values, &bounds.into_iter().collect()).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Failure::unfit(format!("{place}: {}", faults.join("; ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: Weights = Weights {
        skills: 3_500,
        experience: 2_500,
        demand: 2_500,
        salary: 2_000,
        min_fit_score: 400_000,
        apply_score: 750_000,
        dream_bonus: 100_000,
    };

    fn file(json: &str) -> Result<File, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.json");
        fs::write(&path, json).unwrap();
        File::read(&path)
    }

    #[test]
    fn what_a_file_does_not_name_stays() {
        let file = file(r#"{"skills_match_weight": 0.6, "skill_match_weight": 0.1}"#).unwrap();
        assert_eq!(file.over(BEFORE).unwrap(), Weights { skills: 6_000, ..BEFORE });
        assert_eq!(
            file.warnings(),
            [
                "weight skills_match_weight is 0.6: expected 0.2 to 0.5; a nightly run refuses it",
                "no score depends on skill_match_weight: passed over"
            ]
        );
        let json = BEFORE.to_file();
        assert_eq!(json["salary_align_weight"], 0.2);
        assert_eq!(of_run(&json.to_string(), "x").unwrap(), BEFORE);
    }

    #[test]
    fn wrong_files_are_refused() {
        let refused = |json| file(json).and_then(|file| file.over(BEFORE)).unwrap_err().to_string();
        assert!(refused("[]").contains("expected a JSON object"));
        assert!(refused(r#"{"x": 1}"#).contains("names none of the weights: skills_match_weight,"));
        let wrong = refused(r#"{"skills_match_weight": -1, "experience_weight": "much"}"#);
        assert!(wrong.contains("skills_match_weight is -1: expected 0 to 10000"), "{wrong}");
        assert!(wrong.contains("experience_weight is not a number"), "{wrong}");
        let zero = r#"{"skills_match_weight": 0, "experience_weight": 0,
            "market_demand_weight": 0, "salary_align_weight": 0}"#;
        assert!(refused(zero).contains("all zero"));
    }
}
