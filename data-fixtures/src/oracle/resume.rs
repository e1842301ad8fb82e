//! A parsed resume: what a user can do, or that it cannot be read.

use std::fmt;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use uuid::Uuid;

use super::text::{stored, term};

const MAX_PACKED_BYTES: usize = 4 << 20;
const MAX_UNPACKED_BYTES: usize = 16 << 20;
const MAX_SKILLS: usize = 500;
const MAX_SKILL_BYTES: usize = 200;
const KNOWN_KEYS: [&str; 5] =
    ["user_id", "skills", "experience_years", "seniority_level", "raw_text"];

/// What a night reads of a parsed resume.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Resume {
    /// As the parser wrote them.
    pub(super) skills: Vec<String>,
    /// None where it is not given or impossible.
    pub(super) experience_tenths: Option<i64>,
    /// One of the six levels a user can have.
    pub(super) seniority: Option<String>,
    /// Empty where it is not given.
    pub(super) raw_text: String,
}

/// The resume in a storage file; none where it cannot be read or is another user's.
pub(super) fn read(file: Option<&[u8]>, user: Uuid) -> Option<Resume> {
    let file = file.filter(|file| file.len() <= MAX_PACKED_BYTES)?;
    let mut json = Vec::new();
    MultiGzDecoder::new(file).take(MAX_UNPACKED_BYTES as u64 + 1).read_to_end(&mut json).ok()?;
    if json.len() > MAX_UNPACKED_BYTES {
        return None;
    }
    let Pairs(pairs) = serde_json::from_slice(&json).ok()?;
    let get = |key: &str| match pairs.iter().filter(|(k, _)| k == key).collect::<Vec<_>>()[..] {
        [] => Some(&Value::Null),
        [(_, value)] => Some(value),
        _ => None,
    };

    match get("user_id")? {
        Value::Null => {}
        Value::String(id) if Uuid::parse_str(id) == Ok(user) => {}
        _ => return None,
    }
    let skills = match get("skills")? {
        Value::Null => Vec::new(),
        Value::Array(skills) => {
            let texts = skills.iter().filter_map(Value::as_str);
            let short = texts.filter(|skill| skill.len() <= MAX_SKILL_BYTES);
            short.take(MAX_SKILLS).map(stored).collect()
        }
        _ => return None,
    };
    let experience_tenths = match get("experience_years")? {
        Value::Null => None,
        Value::Number(years) => tenths(years.as_f64()?),
        _ => return None,
    };
    let text = |key| match get(key)? {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(stored(text)),
        _ => None,
    };
    let seniority = term(Some(&text("seniority_level")?)).filter(|level| {
        ["intern", "entry", "junior", "mid", "senior", "lead"].contains(&level.as_str())
    });
    Some(Resume { skills, experience_tenths, seniority, raw_text: text("raw_text")? })
}

/// Years to tenths, half away from zero, by the digits of the shortest decimal: 4.35 is 44 though
/// the nearest double lies below it. None for what nobody has: less than 0, more than 999.9.
fn tenths(years: f64) -> Option<i64> {
    if !(0.0..1000.0).contains(&years) {
        return None;
    }
    let shortest = years.abs().to_string();
    let (whole, fraction) = shortest.split_once('.').unwrap_or((&shortest, ""));
    let digit = |i: usize| fraction.as_bytes().get(i).map_or(0, |d| i64::from(d - b'0'));
    let tenths = whole.parse::<i64>().ok()? * 10 + digit(0) + i64::from(digit(1) >= 5);
    (tenths <= 9999).then_some(tenths)
}

/// The known keys of an object with their values, a key given twice twice.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    if KNOWN_KEYS.contains(&key.as_str()) {
                        pairs.push((key, map.next_value()?));
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const USER: Uuid = Uuid::from_u128(0xa1b2);

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    }

    fn parse(json: &str) -> Option<Resume> {
        read(Some(&gzip(json.as_bytes())), USER)
    }

    #[test]
    fn a_whole_resume() {
        let json = r#"{"user_id": "00000000-0000-0000-0000-00000000A1B2", "education": [[1]],
            "skills": ["Rust", null, 7, "S\u0000QL"], "experience_years": 4.25,
            "seniority_level": " Entry", "raw_text": "I\u0000 am", "x": 1, "x": 2}"#;
        let resume = Resume {
            skills: vec!["Rust".into(), "SQL".into()],
            experience_tenths: Some(43),
            seniority: Some("entry".into()),
            raw_text: "I am".into(),
        };
        assert_eq!(parse(json), Some(resume));
        assert_eq!(parse("{}"), Some(Resume::default()));
        assert_eq!(
            parse(
                r#"{"user_id":null,"skills":null,"experience_years":null,"seniority_level":null,"raw_text":null}"#
            ),
            Some(Resume::default())
        );
        assert_eq!(parse(r#"{"seniority_level":"wizard"}"#), Some(Resume::default()));
    }

    #[test]
    fn too_many_and_too_long_skills_do_not_count() {
        let skills = |skills: Vec<String>| {
            let json = serde_json::json!({ "skills": skills }).to_string();
            parse(&json).unwrap().skills
        };
        let many: Vec<String> = (0..600).map(|number| number.to_string()).collect();
        assert_eq!(skills(many.clone()), many[..500]);
        assert_eq!(skills(vec!["é".repeat(100), "é".repeat(101)]), ["é".repeat(100)]);
        assert_eq!(skills([vec!["x".repeat(201)], many.clone()].concat()), many[..500]);
    }

    #[test]
    fn what_cannot_be_read() {
        for json in [
            "",
            "[]",
            "null",
            r#"{"skills":[}"#,
            "{} {}",
            r#"{"user_id":"00000000-0000-0000-0000-00000000a1b3"}"#,
            r#"{"user_id":41394}"#,
            r#"{"skills":"Rust"}"#,
            r#"{"skills":{}}"#,
            r#"{"experience_years":"4"}"#,
            r#"{"seniority_level":3}"#,
            r#"{"raw_text":[]}"#,
            r#"{"raw_text":"a","raw_text":"a"}"#,
            r#"{"skills":null,"skills":[]}"#,
        ] {
            assert_eq!(parse(json), None, "{json}");
        }
        assert_eq!(read(None, USER), None);
        assert_eq!(read(Some(b"{}"), USER), None);
        assert_eq!(read(Some(&[]), USER), None);
        assert_eq!(read(Some(&gzip(b"{\"raw_text\":\"\xff\"}")), USER), None);
    }

    #[test]
    fn gzip_in_parts_cut_off_and_too_large() {
        let whole = gzip(b"{\"skills\":[\"Rust\"]}");
        assert!(read(Some(&whole), USER).is_some());
        for end in 0..whole.len() {
            assert_eq!(read(Some(&whole[..end]), USER), None);
        }
        let parts = [gzip(b"{\"skills\":"), gzip(b"[\"Rust\"]}")].concat();
        assert_eq!(read(Some(&parts), USER), read(Some(&whole), USER));

        let mut json = b"{}".to_vec();
        json.resize(MAX_UNPACKED_BYTES, b' ');
        assert!(read(Some(&gzip(&json)), USER).is_some());
        json.push(b' ');
        assert_eq!(read(Some(&gzip(&json)), USER), None);
    }

    #[test]
    fn years_become_tenths_half_away_from_zero() {
        for (years, expected) in [
            (0.0, Some(0)),
            (4.0, Some(40)),
            (4.25, Some(43)),
            (4.249, Some(42)),
            (4.35, Some(44)),
            (0.05, Some(1)),
            (0.049, Some(0)),
            (2.95, Some(30)),
            (1e-7, Some(0)),
            (999.9, Some(9999)),
            (999.94, Some(9999)),
            (999.95, None),
            (1000.0, None),
            (1e300, None),
            (-1.0, None),
        ] {
            assert_eq!(tenths(years), expected, "{years}");
        }
    }
}
