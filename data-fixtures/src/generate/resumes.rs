//! Parsed resumes, as the resume parser writes them.

use std::io::Write;

use flate2::{Compression, GzBuilder};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::market::{Market, title_case};
use super::random::Draw;

/// The parser lists no more.
const MAX_LISTED: usize = 20;
/// Length of the prose.
const RAW_TEXT_BYTES: usize = 2400;

/// Slots: `%t` title, `%s` skill, `%c` company, `%p` place, `%n` a number.
const SENTENCES: [&str; 28] = [
    "Worked as %t at %c, %p, where I was responsible for day-to-day delivery and %s.",
    "Built and maintained internal tools with %s and %s for a team of %n people.",
    "Reduced turnaround time by %n per cent by introducing %s across two departments.",
    "Handled clients in %p and neighbouring districts and prepared weekly reports for the management.",
    "Completed a certified course in %s with distinction.",
    "Hands-on experience of %s, %s and related practices in a fast-moving environment.",
    "Led a group of %n trainees and reviewed their work every fortnight.",
    "Coordinated with vendors and other teams so that deadlines were kept during the festive season.",
    "Received the employee of the quarter award at %c for work on %s.",
    "Responsible for planning, tracking and closing %n assignments a month.",
    "Prepared documentation and standard procedures which new joiners at %c still use.",
    "Comfortable with %s; currently learning more about it in my own time.",
    "Moved an old process to %s, which saved about %n hours a week.",
    "Presented results to senior leadership and took feedback into the next release.",
    "Graduated from a university in %p with first class in the final year.",
    "Participated in a college project about water management in rural areas near %p.",
    "Volunteered at a local school on weekends and taught basic computer usage to %n children.",
    "My role as %t included requirement gathering, estimation and support after go-live.",
    "Supported audits and made sure that records were complete and correct.",
    "Used %s every day to answer questions from the business.",
    "Interned at %c for %n months and received a pre-placement offer.",
    "Worked closely with %t colleagues at the %p office on a shared roadmap.",
    "Improved quality by adding checks with %s before anything reached the customer.",
    "Looking for a position where I can grow, take ownership and learn from experienced people.",
    "Travelled to client sites in %p and solved issues on the spot.",
    "Maintained dashboards and shared findings about %s in the monthly review.",
    "Languages known are English, Hindi and one regional language.",
    "Trained %n colleagues at %c in %s and wrote the handbook for it.",
];

/// What lies in storage for a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResumeFile {
    /// JSON, or what stands in its place: compressed when it is stored.
    Text(String),
    /// The text cut off in the middle of its compressed form.
    Truncated(String),
    /// Not compressed at all.
    Plain(String),
}

impl ResumeFile {
    /// The bytes of the file.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => gzip(text),
            Self::Truncated(text) => {
                let mut bytes = gzip(text);
                bytes.truncate(bytes.len() / 2);
                bytes
            }
            Self::Plain(text) => text.clone().into_bytes(),
        }
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder =
        GzBuilder::new().mtime(0).write(Vec::with_capacity(text.len() / 2), Compression::new(6));
    #[expect(clippy::expect_used, reason = "a vector takes what it is given")]
    encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()).expect("writing to memory")
}

/// A parsed resume with the keys that the parser writes, in its order.
#[derive(Serialize)]
pub(crate) struct Resume {
    pub(crate) user_id: String,
    pub(crate) skills: Vec<String>,
    pub(crate) top_5_skills: Vec<String>,
    pub(crate) experience_years: Option<f64>,
    pub(crate) current_title: String,
    pub(crate) seniority_level: Option<String>,
    pub(crate) education: Vec<Education>,
    pub(crate) certifications: Vec<String>,
    pub(crate) work_experience: Vec<Work>,
    pub(crate) raw_text: String,
}

#[derive(Serialize)]
pub(crate) struct Education {
    degree: &'static str,
    year: i64,
}

#[derive(Serialize)]
pub(crate) struct Work {
    company: String,
    title: String,
    years: i64,
}

impl Resume {
    /// A resume for someone who looks for a family and has this many tenths of a year behind them.
    pub(crate) fn new(
        market: &Market,
        user_id: Uuid,
        family: usize,
        other: usize,
        tenths: i64,
        draw: &mut Draw,
    ) -> Self {
        let wanted = draw.between(5, 26) as usize;
        let mut known = market.skills(family, wanted - wanted / 4, draw);
        known.extend(market.skills(other, wanted / 4, draw));
        let said = market.skills(family, draw.between(3, 10) as usize, draw);

        let mut skills: Vec<String> =
            known.iter().take(MAX_LISTED).map(|skill| market.spelling(*skill, draw)).collect();
        // The prose names what the list has no room for, then what the parser does not know.
        let unlisted = known.iter().skip(MAX_LISTED).chain(&said);
        let further: Vec<String> = unlisted.map(|skill| market.spelling(*skill, draw)).collect();
        skills.dedup();

        let title = &market.families[family].title;
        let years = tenths / 10;
        Self {
            user_id: user_id.to_string(),
            top_5_skills: skills.iter().take(5).cloned().collect(),
            experience_years: draw.per_mille(850).then_some(tenths as f64 / 10.0),
            current_title: title.clone(),
            seniority_level: draw.per_mille(700).then(|| seniority(tenths).to_owned()),
            education: vec![Education {
                degree: draw.pick(&["B.Tech", "B.Com", "BCA", "MBA", "B.Sc", "B.A."]),
                year: 2026 - years - draw.between(0, 2),
            }],
            certifications: Vec::new(),
            work_experience: if years == 0 {
                Vec::new()
            } else {
                let company = market.company(draw.below(500) as usize);
                vec![Work { company, title: title.clone(), years }]
            },
            raw_text: raw_text(market, title, &skills, &further, draw),
            skills,
        }
    }

    pub(crate) fn json(&self) -> String {
        #[expect(clippy::expect_used, reason = "texts and finite numbers are always JSON")]
        serde_json::to_string(self).expect("a resume")
    }
}

pub(crate) fn seniority(tenths: i64) -> &'static str {
    match tenths {
        ..10 => "entry",
        10..30 => "junior",
        30..60 => "mid",
        60..100 => "senior",
        _ => "lead",
    }
}

/// About [`RAW_TEXT_BYTES`] of prose: every further skill, and some of the listed ones again.
fn raw_text(
    market: &Market,
    title: &str,
    listed: &[String],
    further: &[String],
    draw: &mut Draw,
) -> String {
    let mut text = format!("{}\nSummary\n", title_case(title));
    let mut next = further.iter();
    while text.len() < RAW_TEXT_BYTES || next.len() > 0 {
        let mut parts = draw.pick(&SENTENCES).split('%');
        text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            match part.as_bytes().first() {
                Some(b't') => text.push_str(title),
                Some(b'c') => text.push_str(&market.company(draw.below(500) as usize)),
                Some(b'p') => text.push_str(&title_case(market.city(draw))),
                Some(b'n') => text.push_str(&draw.between(2, 40).to_string()),
                _ => match next.next() {
                    Some(skill) => text.push_str(skill),
                    None if listed.is_empty() => text.push_str("teamwork"),
                    None => text.push_str(&draw.pick(listed)),
                },
            }
            text.push_str(part.get(1..).unwrap_or_default());
        }
        text.push(if draw.per_mille(200) { '\n' } else { ' ' });
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::super::market::market;
    use super::super::random::Stream;
    use super::*;

    fn resume(index: usize) -> Resume {
        let draw = &mut Draw::new(1, 1, Stream::Users, index);
        Resume::new(market(), Uuid::nil(), 0, 1, 45, draw)
    }

    #[test]
    fn a_resume_reads_as_the_parser_writes_it() {
        let json: serde_json::Value = serde_json::from_str(&resume(0).json()).unwrap();
        assert_eq!(json["user_id"], Uuid::nil().to_string());
        assert_eq!(json["current_title"], "Backend Engineer");
        let text = json["raw_text"].as_str().unwrap();
        assert!((2000..4000).contains(&text.len()), "{}", text.len());
        assert!(!text.contains('%'), "{text}");
        for key in ["skills", "top_5_skills", "education", "certifications", "work_experience"] {
            assert!(json[key].is_array(), "{key}");
        }
    }

    #[test]
    fn lists_are_as_long_as_the_parsers() {
        assert!((0..200).all(|index| resume(index).skills.len() <= MAX_LISTED));
        assert!((0..200).any(|index| resume(index).skills.len() > 15));
    }

    #[test]
    fn files_are_gzip_unless_they_are_spoilt() {
        let mut text = String::new();
        let file = ResumeFile::Text("{}".to_owned()).bytes();
        flate2::read::GzDecoder::new(file.as_slice()).read_to_string(&mut text).unwrap();
        assert_eq!(text, "{}");
        let cut = ResumeFile::Truncated(resume(0).json()).bytes();
        assert!(flate2::read::GzDecoder::new(cut.as_slice()).read_to_string(&mut text).is_err());
        assert_eq!(ResumeFile::Plain("no".to_owned()).bytes(), b"no");
    }
}
