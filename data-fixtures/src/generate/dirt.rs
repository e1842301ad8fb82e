//! What spoils a row: every fault that a run must survive, at random.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Dirt;
use super::market::title_case;
use super::random::Draw;
use super::resumes::ResumeFile;
use super::users::NewUser;
use crate::tables::{BenchmarkRow, JobRow, JobSkillRow, Numeric, TargetRoleRow};

/// Spoilt rows in a thousand; a spoilt row has one to three faults.
const SPOILT: u64 = 200;

/// How many faults a row gets.
fn faults(dirt: Dirt, draw: &mut Draw) -> u64 {
    if dirt == Dirt::None || !draw.per_mille(SPOILT) { 0 } else { 1 + draw.below(3) }
}

/// A number that the columns hold and nobody means.
pub(crate) fn odd_number(draw: &mut Draw) -> Numeric {
    draw.pick(&[
        Numeric::NaN,
        Numeric::Units(-1),
        Numeric::Units(-250),
        Numeric::Units(0),
        Numeric::Units(1),
        Numeric::Units(9_999),
    ])
}

/// The same city for a reader, not for a computer.
pub(crate) fn odd_city(city: Option<String>, draw: &mut Draw) -> String {
    let name = city.unwrap_or_else(|| "bangalore".to_owned());
    match draw.below(6) {
        0 => name.to_uppercase(),
        1 => format!("  {} ", title_case(&name)),
        2 => String::new(),
        3 => "   ".to_owned(),
        4 => format!("\t{name}\u{a0}"),
        _ => "remote".to_owned(),
    }
}

pub(crate) fn spoil_job(
    dirt: Dirt,
    job: &mut JobRow,
    skills: &mut Vec<JobSkillRow>,
    draw: &mut Draw,
) {
    for _ in 0..faults(dirt, draw) {
        let kinds = if dirt == Dirt::Anything { 20 } else { 11 };
        match draw.below(kinds) {
            0 => job.salary_min_lpa = Some(odd_number(draw)),
            1 => job.salary_max_lpa = Some(odd_number(draw)),
            2 => {
                job.salary_min_lpa = Some(Numeric::Units(2500));
                job.salary_max_lpa = Some(Numeric::Units(1200));
            }
            3 => job.exp_min_years = Some(odd_number(draw)),
            4 => job.exp_max_years = Some(odd_number(draw)),
            5 => {
                job.exp_min_years = Some(Numeric::Units(80));
                job.exp_max_years = Some(Numeric::Units(30));
            }
            6 => job.city_canonical = Some(odd_city(job.city_canonical.take(), draw)),
            7 => skills.truncate(draw.below(3) as usize),
            8 | 9 => odd_skill(dirt, skills, draw),
            10 => job.posted_at = draw.pick(&[None, Some(0), Some(job.created_at)]),
            11 => {
                job.seniority_level =
                    Some(word(&["vp", "Senior", " mid ", "", "entry", "LEAD"], draw));
            }
            12 => job.work_mode = Some(word(&["moon", "Remote", " onsite", "", "HYBRID "], draw)),
            13 => {
                if let Some(skill) = skills.first_mut() {
                    let odd = ["Required", "optional", "", "nice to have"];
                    draw.pick(&odd).clone_into(&mut skill.skill_type);
                }
            }
            14 => {
                job.role_family =
                    Some(word(&["", "  ", " backend_engineer", "Data_Analyst"], draw));
            }
            15 => {
                job.city_canonical =
                    Some(word(&["pu\0ne", "\0", "\u{ff50}une", "D\u{0130}YARBAKIR"], draw));
            }
            16 => job.company_canonical.push('\0'),
            17 => job.employment_type = Some(word(&["gig", ""], draw)),
            18 => job.posted_at = draw.pick(&[Some(-1), Some(4_102_444_800_000_000)]),
            _ => job.company_canonical = String::new(),
        }
    }
}

fn word(words: &[&str], draw: &mut Draw) -> String {
    draw.pick(words).to_owned()
}

/// One more skill that says what the list says already, or nothing.
fn odd_skill(dirt: Dirt, skills: &mut Vec<JobSkillRow>, draw: &mut Draw) {
    let Some(first) = skills.first() else { return };
    let name = &first.skill_name;
    let skill_name = match draw.below(if dirt == Dirt::Anything { 11 } else { 9 }) {
        0 => format!("  {name}"),
        1 => format!("{name}\t"),
        2 => name.replace(' ', "   "),
        3 => "\u{ff32}\u{ff45}\u{ff41}\u{ff43}\u{ff54}".to_owned(),
        4 => String::new(),
        5 => " ".to_owned(),
        6 => "C++ / C#".to_owned(),
        7 => ".net.".to_owned(),
        8 => "हिन्दी".to_owned(),
        9 => format!("{name}\0"),
        _ => "\0".to_owned(),
    };
    let lower = skill_name.to_lowercase();
    if skills.iter().all(|row| row.skill_name.to_lowercase() != lower) {
        let skill_type = draw.pick(&["required", "nice_to_have"]).to_owned();
        skills.push(JobSkillRow { id: draw.uuid(), job_id: first.job_id, skill_name, skill_type });
    }
}

pub(crate) fn spoil_user(dirt: Dirt, new: &mut NewUser, draw: &mut Draw) {
    for _ in 0..faults(dirt, draw) {
        let kinds = if dirt == Dirt::Anything { 17 } else { 10 };
        let user = &mut new.user;
        match draw.below(kinds) {
            0 => user.expected_salary_lpa = Some(odd_number(draw)),
            1 => user.experience_years = Some(odd_number(draw)),
            2 => user.city_canonical = Some(odd_city(user.city_canonical.take(), draw)),
            3 => user.cities_preferred.push(Some(odd_city(None, draw))),
            4 => {
                let city = user.city_canonical.clone();
                user.cities_preferred.push(city.or_else(|| Some("pune".to_owned())));
            }
            5 => (user.city_canonical, user.cities_preferred) = (None, Vec::new()),
            6 => both_dream_and_blacklist(new, draw),
            7 | 8 => odd_resume(new, draw),
            9 => user.cities_preferred.insert(0, None),
            10 => user.cities_preferred.push(Some(word(&["\0", "del\0hi", "\u{a0}"], draw))),
            11 => user.work_modes_preferred.push(None),
            12 => user
                .work_modes_preferred
                .push(Some(word(&["moon", "", " Remote ", "ONSITE"], draw))),
            13 => user.work_modes_preferred = vec![Some("moon".to_owned())],
            14 => many_roles(new, draw),
            15 => {
                if let Some(first) = new.roles.first_mut() {
                    first.role_family = word(&["", "  ", "\0", "astronaut"], draw);
                }
            }
            _ => {
                for role in &mut new.roles {
                    role.priority = 0;
                }
            }
        }
    }
}

fn both_dream_and_blacklist(new: &mut NewUser, draw: &mut Draw) {
    let Some(mut other) = new.prefs.first().cloned() else { return };
    other.id = draw.uuid();
    let opposite = if other.pref_type == "dream" { "blacklist" } else { "dream" };
    opposite.clone_into(&mut other.pref_type);
    let twice = new.prefs.iter().any(|row| {
        row.company_canonical == other.company_canonical && row.pref_type == other.pref_type
    });
    if !twice {
        new.prefs.push(other);
    }
}

/// More than the five that the database allows, some of the same priority.
fn many_roles(new: &mut NewUser, draw: &mut Draw) {
    const MORE: [&str; 6] =
        ["teacher", "nurse", "accountant", "qa_engineer", "data_engineer", "content_writer"];
    for (role, priority) in MORE.into_iter().zip([3, 3, 4, 4, 5, 5]) {
        if new.roles.iter().all(|row| row.role_family != role) {
            new.roles.push(TargetRoleRow {
                id: draw.uuid(),
                user_id: new.user.id,
                role_family: role.to_owned(),
                display_name: title_case(role),
                priority,
                created_at: new.user.created_at,
            });
        }
    }
}

/// A file in which something is missing or odd, or that is none.
fn odd_resume(new: &mut NewUser, draw: &mut Draw) {
    let Some(ResumeFile::Text(json)) = &new.file else { return };
    let Ok(mut resume) = serde_json::from_str::<BTreeMap<String, Value>>(json) else { return };
    let mut set = |key: &str, value: &str| {
        // Everything in this file is JSON.
        resume.insert(key.to_owned(), serde_json::from_str(value).unwrap_or_default());
    };
    match draw.below(18) {
        0 => set("skills", "null"),
        1 => set("skills", r#"["Python", 3, null, ["SQL"], {}, "  ", "", "python", "MS  Excel "]"#),
        2 => set("skills", r#""Python, SQL""#),
        3 => set("raw_text", "null"),
        4 => set("raw_text", r#"["a", "list"]"#),
        5 => set("raw_text", r#""Knows C++. C# and node.js, (Spring-Boot)... R, Go, SQL\u0000""#),
        6 => set("experience_years", draw.pick(&["4.25", "0.05", "12.349", "1e3", "1e-7"])),
        7 => set("experience_years", "-2"),
        8 => set("experience_years", r#""four""#),
        9 => set("seniority_level", draw.pick(&[r#""VP""#, r#"" Senior ""#, r#""""#, "7"])),
        10 => drop(resume.remove("skills")),
        11 => drop(resume.remove("raw_text")),
        12 => drop(resume.remove("user_id")),
        13 => set("user_id", &format!("\"{}\"", new.user.id.simple()).to_uppercase()),
        14 => set("skills", r#"["Ｐｙｔｈｏｎ", "हिन्दी", "C", "R", "Go", "Node.JS", "\u0000sql"]"#),
        15 => {
            new.file = Some(ResumeFile::Text("[]".to_owned()));
            return;
        }
        16 => {
            new.file = None;
            return;
        }
        _ => set("unknown_key", r#"{"deep": [[[[1, 2, 3]]]]}"#),
    }
    new.file = serde_json::to_string(&resume).ok().map(ResumeFile::Text);
}

/// Three rows a family that no salary may come from.
pub(crate) fn spoil_benchmarks(dirt: Dirt, rows: &mut [BenchmarkRow], draw: &mut Draw) {
    if dirt == Dirt::None || rows.is_empty() {
        return;
    }
    for _ in 0..3 {
        let at = draw.below(rows.len() as u64) as usize;
        let row = &mut rows[at];
        match draw.below(4) {
            0 => row.p50_lpa = Numeric::NaN,
            1 => row.p50_lpa = Numeric::Units(-100),
            2 => row.city = row.city.to_uppercase(),
            _ => row.p50_lpa = Numeric::Units(0),
        }
    }
}
