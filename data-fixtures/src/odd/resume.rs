//! Resume files: good, odd and broken.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use rand::RngExt;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Odd;
use super::values::{FILLERS, GAPS, LEVELS, SKILLS};

impl Odd {
    fn text(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..*[0, 5, 20, 60].choose(&mut self.rng).unwrap_or(&0) {
            let piece = if self.rng.random_bool(0.5) { &SKILLS[..] } else { &FILLERS[..] };
            text += &self.pick(piece);
            text += &self.pick(&GAPS);
        }
        text
    }

    /// A file in storage: mostly good, sometimes odd, sometimes broken, sometimes not there.
    pub(super) fn resume_file(&mut self, user: Uuid) -> Option<Vec<u8>> {
        let num_skills = *[0, 2, 6, 20, 20].choose(&mut self.rng).unwrap_or(&0);
        let mut skills: Vec<Value> = (0..num_skills).map(|_| json!(self.pick(&SKILLS))).collect();
        if self.rng.random_bool(0.15) {
            skills = SKILLS.map(|skill| json!(skill)).to_vec();
        }
        if self.rng.random_bool(0.2) {
            skills.extend([json!(7), json!(null), json!(["Python"]), json!({"C++": 1})]);
        }
        if self.rng.random_bool(0.02) {
            skills.splice(0..0, (0..498).map(|number| json!(format!("skill {number}"))));
        }
        if self.rng.random_bool(0.02) {
            skills.insert(0, json!("Rust ".repeat(41)));
        }
        let years: [Value; 16] = [
            json!(null),
            json!(0),
            json!(4),
            json!(4.0),
            json!(0.04),
            json!(0.05),
            json!(0.95),
            json!(2.94),
            json!(2.95),
            json!(4.25),
            json!(4.35),
            json!(-3),
            json!(-0.5),
            json!(999.94),
            json!(999.95),
            json!(1e300),
        ];
        let years = years.choose(&mut self.rng).unwrap_or(&Value::Null).clone();
        let mut resume = json!({
            "user_id": user.to_string(),
            "skills": skills,
            "experience_years": years,
            "seniority_level": self.maybe(&LEVELS),
            "raw_text": self.text(),
            "education": [{"skills": ["R"]}],
            "top_5_skills": ["Kubernetes"],
        });
        let other = self.id();
        match self.rng.random_range(0..150) {
            0 => return None,
            1 => return Some(Vec::new()),
            2 => return Some(resume.to_string().into_bytes()),
            3 => {
                let mut file = gzip(resume.to_string().as_bytes());
                file.truncate(self.rng.random_range(0..file.len()));
                return Some(file);
            }
            4 => {
                // One byte of the checksum: the text would do.
                let mut file = gzip(resume.to_string().as_bytes());
                let place = file.len() - 6;
                file[place] ^= 1;
                return Some(file);
            }
            5 => {
                let text = resume.to_string();
                return Some(gzip(&text.as_bytes()[..text.len() - 1]));
            }
            6 => return Some(gzip(format!("[{resume}]").as_bytes())),
            7 => return Some(gzip(format!("{resume}{resume}").as_bytes())),
            8 => resume["user_id"] = json!(other.to_string()),
            9 => resume["user_id"] = json!(12),
            10 => resume["user_id"] = json!("nobody"),
            11 => resume["user_id"] = json!(user.simple().to_string().to_uppercase()),
            12 => resume["user_id"] = json!(null),
            13 => resume["skills"] = json!("Python"),
            14 => resume["skills"] = json!({"Python": true}),
            15 => resume["skills"] = json!(null),
            16 => resume["experience_years"] = json!("4"),
            17 => resume["experience_years"] = json!([4]),
            18 => resume["seniority_level"] = json!(3),
            19 => resume["raw_text"] = json!(["Python"]),
            20 => resume["raw_text"] = json!(null),
            21 => resume = json!({}),
            22 => resume = json!({"skills": ["Python"], "raw_text": "\u{feff}"}),
            23 => {
                let twice = resume.to_string().replacen('{', "{\"skills\": [],", 1);
                return Some(gzip(twice.as_bytes()));
            }
            24 => {
                let twice = resume.to_string().replacen('{', "{\"education\": 1,", 1);
                return Some(gzip(twice.as_bytes()));
            }
            25 | 26 => {
                let text = resume.to_string();
                let (a, b) = text.as_bytes().split_at(self.rng.random_range(0..text.len()));
                return Some([gzip(a), gzip(b), gzip(b"\n")].concat());
            }
            27 => return Some(gzip(b"{\"raw_text\": \"Python \xff\"}")),
            28 => return Some(gzip(b"{\"raw_text\": \"\\ud800\"}")),
            n @ (29 | 30) => {
                // As large as a resume may be, and one byte larger.
                let mut text = resume.to_string().into_bytes();
                text.resize((16 << 20) + n - 29, b' ');
                return Some(gzip(&text));
            }
            31 => return Some(gzip(b"[null, [\"Python\"], 4, null, \"Python\"]")),
            _ => {}
        }
        Some(gzip(resume.to_string().as_bytes()))
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory cannot fail.
    let _ = gzip.write_all(bytes);
    gzip.finish().unwrap_or_default()
}
