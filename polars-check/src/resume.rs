//! Parsed resumes.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::text::{term, without_nul};

/// The known keys; any of them given twice is an error.
#[derive(Deserialize)]
struct File {
    user_id: Option<Value>,
    skills: Option<Vec<Value>>,
    experience_years: Option<f64>,
    seniority_level: Option<String>,
    raw_text: Option<String>,
}

pub(crate) struct Resume {
    pub(crate) skills: Vec<String>,
    /// Not negative and at most 9,999.
    pub(crate) years: Option<i64>,
    pub(crate) level: Option<String>,
    pub(crate) text: String,
}

/// None where the file cannot be read or is another user's.
pub(crate) fn read(file: &[u8], user: Uuid) -> Option<Resume> {
    const MIB: usize = 1024 * 1024;
    let mut json = String::new();
    let mut limited = MultiGzDecoder::new(file).take(16 * MIB as u64 + 1);
    limited.read_to_string(&mut json).ok()?;
    // An array would do for a struct, too.
    if file.len() > 4 * MIB || json.len() > 16 * MIB || !json.trim_start().starts_with('{') {
        return None;
    }
    let file: File = serde_json::from_str(&json).ok()?;
    if let Some(id) = file.user_id
        && id.as_str().and_then(|id| id.parse().ok()) != Some(user)
    {
        return None;
    }
    let skills = file.skills.unwrap_or_default();
    Some(Resume {
        skills: (skills.iter().filter_map(Value::as_str))
            .filter(|skill| skill.len() <= 200)
            .take(500)
            .map(str::to_owned)
            .collect(),
        years: file.experience_years.and_then(tenths),
        level: term(file.seniority_level.as_deref()),
        text: without_nul(&file.raw_text.unwrap_or_default()),
    })
}

/// By the digits of the shortest decimal: cut to hundredths, then half up.
fn tenths(years: f64) -> Option<i64> {
    let decimal = years.to_string();
    let (whole, fraction) = decimal.split_once('.').unwrap_or((&decimal, ""));
    let hundredths: i64 = format!("{whole}{fraction:0<2.2}").parse().ok()?;
    Some((hundredths + 5) / 10).filter(|tenths| years >= 0.0 && *tenths <= 9_999)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_become_tenths() {
        for (years, expected) in [
            (4.0, Some(40)),
            (4.35, Some(44)),
            (4.349, Some(43)),
            (0.05, Some(1)),
            (999.94, Some(9_999)),
            (999.95, None),
            (1e300, None),
            (-0.5, None),
            (-1.0, None),
        ] {
            assert_eq!(tenths(years), expected, "{years}");
        }
    }
}
