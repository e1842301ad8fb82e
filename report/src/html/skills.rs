//! Skills that jobs ask for, and that users lack.

use super::{
    chart::bars::{self, Bar, cut},
    scores::paying,
    section::{self, panel},
};
use crate::{
    night::Night,
    words::{count, share},
};
use maud::{Markup, html};

/// How many of each.
const NAMED: usize = 20;

/// The section.
pub fn section(night: &Night) -> Markup {
    let (asked, missing) = (top(&night.skills_asked), top(&night.skills_missing));
    let (jobs, pairs) = (night.report.jobs.scoreable as u64, paying(night).total());
    section::section(
        "skills",
        "Skills",
        &html! {
            @if !asked.is_empty() && !missing.is_empty() { p { (caption(asked, missing)) } }
            div.two {
                (panel(
                    &html! { "Most asked for" },
                    "By jobs that list the skill",
                    &ranking(asked, jobs, "No job lists a skill.", "jobs", "a"),
                ))
                (panel(
                    &html! { "Most missing" },
                    "By kept pairs of paying users that lack the skill",
                    &ranking(missing, pairs, "No paying user's pair lacks a skill.", "pairs", "b"),
                ))
            }
        },
    )
}

fn top(skills: &[(String, u64)]) -> &[(String, u64)] {
    let some = skills.iter().take(NAMED).take_while(|(_, number)| *number > 0).count();
    &skills[..some]
}

fn caption(asked: &[(String, u64)], missing: &[(String, u64)]) -> String {
    let both = missing.iter().filter(|(skill, _)| asked.iter().any(|(other, _)| other == skill));
    let first = match (cut(&asked[0].0), cut(&missing[0].0)) {
        (one, other) if one == other => format!("{one} is asked for most and missing most"),
        (one, other) => format!("{one} is asked for most, {other} is missing most"),
    };
    if missing.len() < 2 {
        return format!("{first}.");
    }
    format!(
        "{first}. Of the {} skills most missing, {} are among those most asked for.",
        missing.len(),
        both.count()
    )
}

fn ranking(skills: &[(String, u64)], whole: u64, none: &str, of: &str, class: &str) -> Markup {
    if skills.is_empty() {
        return html! { p { (none) } };
    }
    let bars: Vec<_> = skills
        .iter()
        .map(|(skill, number)| Bar {
            name: skill.clone(),
            // A part of a whole that is not known, or that was counted at another time, is none.
            note: if *number <= whole {
                format!("{} of {of}", share(*number, whole))
            } else {
                String::new()
            },
            length: *number as f64,
            shown: count(*number),
        })
        .collect();
    bars::list(&bars, class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skills_stand_with_their_part() {
        let skill = |name: &str, number| (name.to_owned(), number);
        let mut night = Night::default();
        night.report.jobs.scoreable = 8;
        night.skills_asked = vec![skill("sql", 2), skill("go", 0)];
        let html = section(&night).into_string();
        assert!(html.contains("25\u{a0}% of jobs") && !html.contains("<bdi>go"), "{html}");
        assert!(html.contains("No paying user's pair lacks a skill."), "{html}");
    }
}
