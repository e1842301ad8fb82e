//! Parsed resumes: read, inflated with a limit, parsed borrowing, in parallel.

use crate::{
    error::Error,
    storage::{Storage, read_file},
};
use flate2::bufread::MultiGzDecoder;
use futures_util::{StreamExt, TryStreamExt, stream};
use rayon::prelude::*;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use std::{borrow::Cow, fmt, io::Read};
use talvix_engine::{
    columns::{ResumeFeatures, ResumeState, UserLevel},
    faults::Faults,
    ids::{Dictionary, SkillNo, Uuid, uuid_text},
    skills::{AliasTable, SkillSearch, Words},
};

/// A parsed resume is a few kilobytes; these are for what only looks like one.
const MAX_PACKED_BYTES: u64 = 4 << 20;
const MAX_BYTES: u64 = 16 << 20;

/// Requests to a bucket that are under way at once.
const MAX_REQUESTS: usize = 64;

/// The most years of experience that the database could hold, in tenths.
const MAX_TENTHS: i64 = 9_999;

/// What skills a resume can name: those that tonight's jobs list.
#[derive(Debug)]
pub struct Vocabulary<'a> {
    /// Canonical names.
    pub skills: &'a Dictionary,
    /// Other names.
    pub aliases: &'a AliasTable,
    /// All names, in running text.
    pub search: SkillSearch,
}

impl<'a> Vocabulary<'a> {
    /// The skills of a dictionary, with their aliases.
    #[must_use]
    pub fn new(skills: &'a Dictionary, aliases: &'a AliasTable) -> Self {
        Vocabulary { skills, aliases, search: SkillSearch::new(skills, aliases) }
    }
}

/// Reads the resumes of users, in their order; who has none is said by the flag beside the id.
///
/// Only a store that fails as a whole is an error; a resume that cannot be read costs its user
/// alone.
pub async fn read(
    storage: &Storage,
    users: &[(Uuid, bool)],
    vocabulary: &Vocabulary<'_>,
    faults: &mut Faults,
) -> Result<Vec<ResumeState>, Error> {
    let read: Vec<(ResumeState, Faults)> = match storage {
        Storage::Folder(root) => users
            .par_iter()
            .map_init(Vec::new, |buffer, (user, has_resume)| {
                if !has_resume {
                    return (ResumeState::Missing, Faults::default());
                }
                let packed = read_file(&root.join(file(user)), MAX_PACKED_BYTES);
                let reason = match &packed {
                    Ok(Some(packed)) => return parse_or_count(packed, user, vocabulary, buffer),
                    Ok(None) => "resume_file_missing",
                    Err(_) => "resume_file_unreadable",
                };
                unreadable(reason, user)
            })
            .collect(),
        Storage::Bucket { .. } => {
            stream::iter(users)
                .map(|(user, has_resume)| async move {
                    if !has_resume {
                        return Ok((ResumeState::Missing, Faults::default()));
                    }
                    Ok::<_, Error>(match storage.read(&file(user), MAX_PACKED_BYTES).await {
                        Ok(Some(packed)) => {
                            parse_or_count(&packed, user, vocabulary, &mut Vec::new())
                        }
                        Ok(None) => unreadable("resume_file_missing", user),
                        Err(Error::TooLarge { .. }) => unreadable("resume_file_unreadable", user),
                        Err(error) => return Err(error),
                    })
                })
                .buffered(MAX_REQUESTS)
                .try_collect()
                .await?
        }
    };
    Ok(read
        .into_iter()
        .map(|(state, own)| {
            faults.merge(own);
            state
        })
        .collect())
}

/// Where a user's parsed resume is. Made of the id alone: no text of a table names a file.
fn file(user: &Uuid) -> String {
    format!("parsed-resumes/{}.json.gz", uuid_text(user))
}

fn unreadable(reason: &'static str, user: &Uuid) -> (ResumeState, Faults) {
    let mut faults = Faults::default();
    faults.add(reason, "user", user);
    (ResumeState::Unreadable, faults)
}

fn parse_or_count(
    packed: &[u8],
    user: &Uuid,
    vocabulary: &Vocabulary<'_>,
    buffer: &mut Vec<u8>,
) -> (ResumeState, Faults) {
    let mut faults = Faults::default();
    match parse(packed, user, vocabulary, buffer, &mut faults) {
        Ok(features) => (ResumeState::Read(features), faults),
        Err(reason) => unreadable(reason, user),
    }
}

/// What a parsed resume says, or why it cannot be read.
fn parse(
    packed: &[u8],
    user: &Uuid,
    vocabulary: &Vocabulary<'_>,
    buffer: &mut Vec<u8>,
    faults: &mut Faults,
) -> Result<ResumeFeatures, &'static str> {
    buffer.clear();
    MultiGzDecoder::new(packed)
        .take(MAX_BYTES + 1)
        .read_to_end(buffer)
        .map_err(|_| "resume_gzip_damaged")?;
    if buffer.len() as u64 > MAX_BYTES {
        return Err("resume_too_large");
    }
    // A derived struct also reads from a list of its fields in order.
    if !buffer.trim_ascii_start().starts_with(b"{") {
        return Err("resume_json_damaged");
    }
    let resume: Resume<'_> = serde_json::from_slice(buffer).map_err(|_| "resume_json_damaged")?;
    if resume.user_id.is_some_and(|id| !is_uuid(&id.0, user)) {
        return Err("resume_of_another_user");
    }

    let mut skills: Vec<SkillNo> = Vec::new();
    for skill in resume.skills.into_iter().flat_map(|skills| skills.0) {
        if let Some(name) = vocabulary.aliases.canonical(&skill)
            && let Some(number) = vocabulary.skills.get(&name)
        {
            skills.push(SkillNo(number));
        }
    }
    if let Some(text) = resume.raw_text {
        let mut words = Words::default();
        words.split(&text.0);
        vocabulary.search.find(&words, &mut skills);
    }
    skills.sort_unstable();
    skills.dedup();

    let experience_tenths = resume.experience_years.and_then(|years| {
        let reason = match talvix_dataset::units_of_f64(years, 1) {
            Some(tenths @ 0..=MAX_TENTHS) if years >= 0.0 => return Some(tenths as u16),
            _ if years < 0.0 => "resume_experience_negative",
            _ => "resume_experience_too_large",
        };
        faults.add(reason, "user", user);
        None
    });
    let level = resume.seniority_level.and_then(|word| UserLevel::named(&word.0));
    Ok(ResumeFeatures { skills, experience_tenths, level })
}

/// A parsed resume, as far as it matters here; other keys may be there. A key that is there twice
/// makes it unreadable.
#[derive(Deserialize)]
struct Resume<'a> {
    #[serde(borrow, default)]
    user_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    skills: Option<Texts<'a>>,
    #[serde(default)]
    experience_years: Option<f64>,
    #[serde(borrow, default)]
    seniority_level: Option<Text<'a>>,
    #[serde(borrow, default)]
    raw_text: Option<Text<'a>>,
}

/// A text, borrowed from the JSON where nothing in it is escaped.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The texts of a list; what is no text is passed over.
struct Texts<'a>(Vec<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Texts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts<'de>, A::Error> {
                /// A text, or anything else.
                #[derive(Deserialize)]
                #[serde(untagged)]
                enum Entry<'a> {
                    #[serde(borrow)]
                    Text(Cow<'a, str>),
                    Other(IgnoredAny),
                }
                let mut texts = Vec::new();
                while let Some(entry) = list.next_element()? {
                    match entry {
                        Entry::Text(text) => texts.push(text),
                        Entry::Other(IgnoredAny) => {}
                    }
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

/// Whether a text is an id: hex digits in either case, with or without dashes.
fn is_uuid(text: &str, id: &Uuid) -> bool {
    let digits: String = text.trim().chars().filter(|c| *c != '-').collect();
    digits.eq_ignore_ascii_case(&uuid_text(id).replace('-', ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    const USER: Uuid = [0xab; 16];

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    }

    fn parse_packed(packed: &[u8], faults: &mut Faults) -> Result<ResumeFeatures, &'static str> {
        let mut skills = Dictionary::default();
        for skill in ["python", "react", "machine learning"] {
            skills.intern(skill);
        }
        let aliases = AliasTable::new([("react js", "react")]).unwrap();
        parse(packed, &USER, &Vocabulary::new(&skills, &aliases), &mut Vec::new(), faults)
    }

    #[track_caller]
    fn refused(json: &str) -> &'static str {
        parse_packed(&gzip(json.as_bytes()), &mut Faults::default()).unwrap_err()
    }

    #[track_caller]
    fn read(json: &str) -> (ResumeFeatures, Faults) {
        let mut faults = Faults::default();
        (parse_packed(&gzip(json.as_bytes()), &mut faults).unwrap(), faults)
    }

    #[test]
    fn listed_and_said_skills_count() {
        let (features, faults) = read(
            r#"{"user_id": "ABABABAB-abab-abab-abab-abababababab", "other": [[{}]],
                "skills": ["PYTHON", 7, null, ["x"], "cooking"], "experience_years": 4.25,
                "seniority_level": " Mid ", "raw_text": "React\nJS \u0026 co"}"#,
        );
        assert_eq!(features.skills, [SkillNo(0), SkillNo(1)]);
        assert_eq!(features.experience_tenths, Some(43));
        assert_eq!(features.level, Some(UserLevel::Mid));
        assert_eq!(faults, Faults::default());
    }

    #[test]
    fn what_is_missing_is_unknown() {
        assert_eq!(read("{}").0, ResumeFeatures::default());
        let nulls = r#"{"user_id": null, "skills": null, "experience_years": null,
                        "seniority_level": null, "raw_text": null}"#;
        assert_eq!(read(nulls).0, ResumeFeatures::default());
    }

    #[test]
    fn impossible_experience_is_counted() {
        for (years, kind) in [
            ("-1", "resume_experience_negative"),
            ("1000", "resume_experience_too_large"),
            ("1e300", "resume_experience_too_large"),
        ] {
            let (features, faults) = read(&format!(r#"{{"experience_years": {years}}}"#));
            assert_eq!(features.experience_tenths, None);
            assert_eq!(faults.count(kind), 1, "{years}");
        }
        assert_eq!(read(r#"{"experience_years": 0}"#).0.experience_tenths, Some(0));
    }

    #[test]
    fn other_shapes_are_unreadable() {
        for json in [
            "",
            "[]",
            "{",
            "{} {}",
            "\u{feff}{}",
            r#"{"skills": "Python"}"#,
            r#"{"experience_years": "4"}"#,
            r#"{"experience_years": NaN}"#,
            r#"{"experience_years": 1e400}"#,
            r#"{"seniority_level": 3}"#,
            r#"{"raw_text": ["x"]}"#,
            r#"{"raw_text": "\ud800"}"#,
            r#"{"skills": [], "skills": []}"#,
        ] {
            assert_eq!(refused(json), "resume_json_damaged", "{json}");
        }
        assert_eq!(refused(&format!(r#"{{"x": {}"#, "[".repeat(10_000))), "resume_json_damaged");
        let invalid_utf8 = gzip(b"{\"raw_text\": \"\xff\"}");
        let mut faults = Faults::default();
        assert_eq!(parse_packed(&invalid_utf8, &mut faults), Err("resume_json_damaged"));
    }

    #[test]
    fn a_resume_of_another_user_is_unreadable() {
        for id in ["00000000-abab-abab-abab-abababababab", "", "me"] {
            assert_eq!(refused(&format!(r#"{{"user_id": "{id}"}}"#)), "resume_of_another_user");
        }
    }

    #[test]
    fn a_gzip_cut_anywhere_is_unreadable() {
        let packed = gzip(br#"{"skills": ["python"]}"#);
        for end in 0..packed.len() {
            assert!(parse_packed(&packed[..end], &mut Faults::default()).is_err(), "{end}");
        }
    }

    #[test]
    fn a_flipped_bit_is_noticed_or_means_nothing() {
        let packed = gzip(br#"{"skills": ["python"]}"#);
        let whole = parse_packed(&packed, &mut Faults::default());
        let mut num_noticed = 0;
        for at in 0..8 * packed.len() {
            let mut flipped = packed.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            let result = parse_packed(&flipped, &mut Faults::default());
            num_noticed += usize::from(result.is_err());
            // The header's time and system, and the bits that fill up the last byte of data.
            assert!(result.is_err() || result == whole, "bit {at}");
        }
        assert!(num_noticed > 4 * packed.len());
    }

    #[test]
    fn members_are_read_together() {
        let mut packed = gzip(br#"{"skills": ["#);
        packed.extend(gzip(br#""python"]}"#));
        let features = parse_packed(&packed, &mut Faults::default()).unwrap();
        assert_eq!(features.skills, [SkillNo(0)]);
    }

    #[test]
    fn a_bomb_is_not_inflated() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        let zeros = vec![0; 1 << 20];
        for _ in 0..1 << 10 {
            gzip.write_all(&zeros).unwrap();
        }
        let bomb = gzip.finish().unwrap();
        assert_eq!(parse_packed(&bomb, &mut Faults::default()), Err("resume_too_large"));
    }
}
