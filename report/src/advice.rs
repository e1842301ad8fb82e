//! What the names in a report mean, and what to do about them.

/// Why a user was scored with every job; the names are those of `users.full_reasons`.
#[must_use]
pub fn full_reason(name: &str) -> Option<&'static str> {
    Some(match name {
        "asked" => "the run was started with --mode full",
        "model_pinned" => "the week's model was pinned after they were last scored",
        "stale" => "their profile or resume changed",
        "no_cursor" => "they are new, were skipped before, or their cursor is gone",
        "other_week" => "they were last scored in another week",
        "scored_later" => "they were last scored after this run's instant: check the clock",
        "cursor_lags" => "they missed a scrape run that an earlier night scored",
        "stored_differs" => "a stored job went stale, or their profile changed",
        _ => return None,
    })
}

/// Why a user was skipped and what to do; the names are those of `users.skipped`.
#[must_use]
pub fn skipped(name: &str) -> Option<&'static str> {
    Some(match name {
        "no_resume" => "they have not uploaded one; nothing to do",
        "resume_unreadable" => "it is damaged or missing: see input_fault_examples with --json",
        "no_target_role" => "they have not finished onboarding; nothing to do",
        _ => return None,
    })
}

/// What a kind of input fault is and what to do; the names are those of `input_faults`.
#[must_use]
pub fn fault(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "resume_file_missing" => {
            "the table says it is parsed, but there is no file: parse it again"
        }
        "resume_file_unreadable" => {
            "no plain file, over 4 MiB, or refused by the system: check its permissions"
        }
        "resume_gzip_damaged" => "damaged on its way to storage: parse it again",
        "resume_too_large" => "more than 16 MiB unpacked: parse it again",
        "resume_json_damaged" => "not the JSON object it must be: parse it again",
        "resume_of_another_user" => "names another user: find out who wrote it, parse it again",
        "target_role_blank" => "dropped: correct what writes target roles",
        "target_roles_above_five" => "the first five by priority count: remove the others",
        "benchmark_not_a_number" | "benchmark_negative" => {
            "the benchmark is left out: correct its row"
        }
        _ if kind.starts_with("salary_") || kind.starts_with("job_experience_") => {
            "read as not given: correct the job, or what scrapes it"
        }
        "work_mode_unknown" | "seniority_level_unknown" => {
            "read as not given: correct the job, or what scrapes it"
        }
        _ if kind.starts_with("expected_salary_") || kind.starts_with("user_experience_") => {
            "read as not given: correct the user's profile"
        }
        "work_mode_preferred_unknown" => "read as not given: correct the user's profile",
        "resume_skills_above_500" => "the first 500 count: parse the resume again",
        "resume_skill_too_long" => "skills above 200 bytes do not count: parse the resume again",
        _ if kind.starts_with("resume_experience_") => "read as not given: parse the resume again",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_knows_has_no_advice() {
        assert!(full_reason("stale").is_some() && full_reason("else").is_none());
        assert!(skipped("no_resume").is_some() && skipped("else").is_none());
        assert!(fault("salary_zero").is_some() && fault("else").is_none());
    }

    #[test]
    fn every_documented_fault_has_advice() {
        let docs = include_str!("../../docs/nightly-run.md");
        let (_, section) = docs.split_once("## Bad input").unwrap();
        let (section, _) = section.split_once("## Exit status").unwrap();
        let kinds: Vec<_> = section
            .lines()
            .filter(|line| line.starts_with("| `"))
            .flat_map(|line| line.split('|').nth(1).unwrap().split(','))
            .map(|kind| kind.trim().trim_matches('`'))
            .collect();
        assert!(kinds.len() > 20, "{kinds:?}");
        for kind in kinds {
            assert!(fault(kind).is_some(), "{kind}");
        }
    }
}
