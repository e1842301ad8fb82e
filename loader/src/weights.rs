//! The live weights, from storage or the database.

use crate::error::Error;
use arrow::{
    array::{AsArray, RecordBatch},
    datatypes::Int64Type,
};
use std::collections::BTreeMap;
use talvix_engine::{
    columns::NOT_A_NUMBER,
    model::{WeightRule, Weights},
};
use talvix_storage::Storage;

/// The file of weights in storage.
const FILE: &str = "model-data/weights_current.json";

/// The file holds two dozen numbers.
const MAX_BYTES: u64 = 64 * 1024;

/// Reads and checks the weights, of storage or else of the rows of `model_weights`; the second value says where they come from when that is not the
/// usual file.
pub async fn read(
    storage: &Storage,
    table: &[RecordBatch],
) -> Result<(Weights, Option<String>), Error> {
    if let Some(bytes) = storage.read(FILE, MAX_BYTES).await? {
        return Ok((parse(&bytes, &storage.place(FILE))?, None));
    }
    let mut values = BTreeMap::new();
    let mut bounds = BTreeMap::new();
    for batch in table {
        let number = |at: usize, row| batch.column(at).as_primitive::<Int64Type>().value(row);
        for row in 0..batch.num_rows() {
            let name = batch.column(0).as_string::<i32>().value(row);
            values.insert(name.to_owned(), number(1, row));
            bounds.insert(name.to_owned(), (number(2, row), number(3, row)));
        }
    }
    let place = format!("{} is missing, and table model_weights", storage.place(FILE));
    let weights =
        Weights::check(&values, &bounds).map_err(|faults| Error::Weights { place, faults })?;
    let note =
        format!("{} is missing: the weights come from table model_weights", storage.place(FILE));
    Ok((weights, Some(note)))
}

/// Parses and checks a file of weights; `place` names it in errors.
pub fn parse(bytes: &[u8], place: &str) -> Result<Weights, Error> {
    Weights::check(&values(bytes, place)?, &BTreeMap::new())
        .map_err(|faults| Error::Weights { place: place.to_owned(), faults })
}

/// The values of a file of weights by their names, in ten-thousandths; [`NOT_A_NUMBER`] where
/// there is none. Nothing is checked but that no name is there twice.
pub fn values(bytes: &[u8], place: &str) -> Result<BTreeMap<String, i64>, Error> {
    let Object(pairs) = serde_json::from_slice(bytes).map_err(|error| Error::WeightsFile {
        place: place.to_owned(),
        reason: error.to_string(),
    })?;
    let mut values = BTreeMap::new();
    for (name, value) in pairs {
        let units = value.as_f64().and_then(|number| units(&name, number)).unwrap_or(NOT_A_NUMBER);
        if values.insert(name.clone(), units).is_some() {
            return Err(Error::WeightsFile {
                place: place.to_owned(),
                reason: format!("`{name}` is there twice"),
            });
        }
    }
    Ok(values)
}

/// A number in ten-thousandths. One that lies outside the bounds of its weight by less than half of
/// one does not come back inside them by rounding.
fn units(name: &str, number: f64) -> Option<i64> {
    let units = talvix_dataset::units_of_f64(number, 4)?;
    let rule = WeightRule::ALL.into_iter().find(|rule| rule.name == name);
    Some(match rule {
        Some(rule) if units == rule.max && number > rule.max as f64 / 1e4 => units + 1,
        Some(rule) if units == rule.min && number < rule.min as f64 / 1e4 => units - 1,
        _ => units,
    })
}

/// An object's pairs, double keys included: a map would keep the last in silence.
struct Object(Vec<(String, serde_json::Value)>);

impl<'de> serde::Deserialize<'de> for Object {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Object;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of weight name to number")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Object, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Object(pairs))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = r#"{"skills_match_weight": 0.35, "experience_weight": 0.25,
        "market_demand_weight": 0.25, "salary_align_weight": 0.2, "min_fit_score_threshold": 40,
        "apply_recommend_threshold": 75, "dream_company_score_bonus": 10, "other": "x"}"#;

    #[test]
    fn the_seed_parses_and_no_part_of_it_does() {
        assert_eq!(parse(SEED.as_bytes(), "f").unwrap().skills, 3_500);
        for end in 0..SEED.len() - 1 {
            assert!(parse(&SEED.as_bytes()[..end], "f").is_err(), "{end}");
        }
    }

    #[track_caller]
    fn refused(from: &str, to: &str) -> String {
        assert!(SEED.contains(from));
        parse(SEED.replace(from, to).as_bytes(), "f").unwrap_err().to_string()
    }

    #[test]
    fn each_wrong_weight_is_named() {
        let outside = refused("0.35", "0.5001");
        assert!(
            outside.contains("skills_match_weight is 0.5001: expected 0.2 to 0.5"),
            "{outside}"
        );
        for (rule, units) in
            WeightRule::ALL.into_iter().zip(Weights::named(parse(SEED.as_bytes(), "f").unwrap()))
        {
            let set = |number: f64| {
                let mut weights: serde_json::Value = serde_json::from_str(SEED).unwrap();
                assert_eq!(weights[rule.name], f64::from(units.1) / 1e4);
                weights[rule.name] = number.into();
                parse(weights.to_string().as_bytes(), "f").map(|_| ())
            };
            let (min, max) = (rule.min as f64 / 1e4, rule.max as f64 / 1e4);
            assert!(set(min).is_ok() && set(max).is_ok(), "{}", rule.name);
            // As near as JSON's numbers are surely told apart.
            for outside in [min * (1.0 - 1e-15), max * (1.0 + 1e-15), -1.0, 1e308, 0.0] {
                let error = set(outside).unwrap_err().to_string();
                let named = error.contains(rule.name);
                assert!(named, "{} as {outside}: {error}", rule.name);
            }
        }
        let zero = SEED.replace("0.35", "0").replace("0.25", "0").replace("0.2,", "0,");
        let zero = parse(zero.as_bytes(), "f").unwrap_err().to_string();
        assert_eq!(zero.matches("_weight is 0: expected").count(), 4, "{zero}");
        assert!(refused("0.35", "\"0.35\"").contains("skills_match_weight is not a number"));
        assert!(refused("0.35", "null").contains("skills_match_weight is not a number"));
        assert!(refused("0.35", "NaN").contains("expected a JSON object"));
        assert!(refused("0.35", "1e308").contains("skills_match_weight is"));
        assert!(refused("0.35", "1e999").contains("expected a JSON object"));
        assert!(refused("\"other\"", "\"experience_weight\"").contains("is there twice"));
        assert!(refused("experience_weight", "x").contains("experience_weight is missing"));
        for bytes in [&b""[..], b"[]", b"null", b"{", b"\xff", b"{}", b"{} {}"] {
            let error = parse(bytes, "f").unwrap_err();
            assert!(error.is_unfit(), "{error}");
        }
    }
}
