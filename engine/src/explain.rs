//! What is said about a kept pair: label, recommendation, reasons, strengths, missing skills.

use crate::{
    columns::{Tier, WorkMode},
    components::{Band, fit_score},
    ids::{JobNo, UserNo},
    pair::Inputs,
    rows::{RowDigest, RowValues},
    week::IsoWeek,
};
use serde::Serialize;

/// The most missing skills that are named.
const MAX_MISSING: usize = 10;

/// The most strengths that are named.
const MAX_STRENGTHS: usize = 5;

/// A band that ends here or later has no upper end worth naming, in tenths of a year.
const OPEN_ENDED_TENTHS: u16 = 400;

/// The label of a fit score.
#[must_use]
pub fn fit_label(fit_score: u8) -> &'static str {
    match fit_score {
        75.. => "strong",
        60.. => "good",
        _ => "fair",
    }
}

/// The recommendation for a fit score.
#[must_use]
pub fn recommendation(fit_score: u8, apply_from: u32) -> &'static str {
    match u32::from(fit_score) {
        score if score >= apply_from => "apply",
        score if score + 20 >= apply_from => "consider",
        _ => "skip",
    }
}

/// The texts of a pair of a paying user. Where nothing qualifies a list is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PairTexts<'a> {
    /// Short English sentences.
    pub fit_reasons: Vec<String>,
    /// Required skills that the user lacks, heaviest first.
    pub missing_skills: Vec<&'a str>,
    /// The job's skills that the user has, heaviest first.
    pub strengths: Vec<&'a str>,
}

/// A kept pair with all that is stored of it.
#[derive(Clone, Debug)]
pub struct PairRow<'a> {
    /// 40 to 100.
    pub fit_score: u8,
    /// `strong`, `good` or `fair`.
    pub fit_label: &'static str,
    /// `apply`, `consider` or `skip`.
    pub recommendation: &'static str,
    /// `None` for free users.
    pub texts: Option<PairTexts<'a>>,
    /// Over all of these and the week.
    pub digest: RowDigest,
}

/// Says what is stored about pairs.
#[derive(Clone, Copy, Debug)]
pub struct Explainer<'a> {
    /// What pairs are made of.
    pub inputs: Inputs<'a>,
    /// The week of the night.
    pub week: IsoWeek,
}

impl<'a> Explainer<'a> {
    /// What is stored of a kept pair with this raw score.
    #[must_use]
    pub fn row(&self, user: UserNo, job: JobNo, raw_bp: u32) -> PairRow<'a> {
        let fit_score = fit_score(raw_bp);
        let fit_label = fit_label(fit_score);
        let recommendation = recommendation(fit_score, self.inputs.model.weights.apply_from());
        let is_full_score = self.inputs.users.tier[user.ix()] == Tier::Paid;
        let texts = is_full_score.then(|| self.texts(user, job));

        let mut digest = RowValues {
            fit_score: i32::from(fit_score),
            fit_label,
            recommendation,
            is_full_score,
            week_number: i32::from(self.week.week),
            year_number: i32::from(self.week.year),
        }
        .digest();
        let texts_ref = texts.as_ref();
        digest
            .list(texts_ref.map(|texts| texts.fit_reasons.iter().map(|text| Some(text.as_str()))));
        digest.list(texts_ref.map(|texts| texts.missing_skills.iter().map(|text| Some(*text))));
        digest.list(texts_ref.map(|texts| texts.strengths.iter().map(|text| Some(*text))));
        PairRow { fit_score, fit_label, recommendation, texts, digest }
    }

    /// Reasons, missing skills and strengths of a pair.
    #[must_use]
    pub fn texts(&self, user: UserNo, job: JobNo) -> PairTexts<'a> {
        let Inputs { jobs, users, model } = self.inputs;
        let has = users.skills.row(user.ix());
        let mut missing: Vec<(u32, &str)> = Vec::new();
        let mut strengths: Vec<(u32, &str)> = Vec::new();
        let (mut num_required, mut num_covered) = (0_usize, 0_usize);
        for &listed in jobs.skills.row(job.ix()) {
            let is_covered = has.binary_search(&listed.skill()).is_ok();
            let named = (model.weight(listed), jobs.skill_names.text(listed.skill().0));
            num_required += usize::from(listed.required());
            num_covered += usize::from(listed.required() && is_covered);
            if is_covered {
                strengths.push(named);
            } else if listed.required() {
                missing.push(named);
            }
        }
        PairTexts {
            fit_reasons: self.reasons(user, job, num_covered, num_required),
            missing_skills: heaviest(missing, MAX_MISSING),
            strengths: heaviest(strengths, MAX_STRENGTHS),
        }
    }

    fn reasons(
        &self,
        user: UserNo,
        job: JobNo,
        num_covered: usize,
        num_required: usize,
    ) -> Vec<String> {
        let Inputs { jobs, users, .. } = self.inputs;
        let (u, j) = (user.ix(), job.ix());
        let mut reasons = Vec::new();
        if num_covered > 0 {
            reasons.push(format!("Covers {num_covered} of {num_required} required skills"));
        }
        if let (Some(years), Some(Band { lo_tenths, hi_tenths })) =
            (users.experience_tenths[u], jobs.band[j])
            && (lo_tenths..=hi_tenths).contains(&years)
        {
            let (years, lo) = (Tenths(years), Tenths(lo_tenths));
            reasons.push(if hi_tenths >= OPEN_ENDED_TENTHS {
                format!("{years} years of experience fits the {lo}+ year band")
            } else {
                let hi = Tenths(hi_tenths);
                format!("{years} years of experience fits the {lo}–{hi} year band")
            });
        }
        if let (Some(offer), expected @ 1..) =
            (jobs.salary_hundredths[j], users.expected_hundredths[u])
            && offer >= expected
        {
            let (offer, expected) = (Hundredths(offer), Hundredths(expected));
            reasons.push(format!("Offers ₹{offer} LPA against ₹{expected} LPA expected"));
        }
        if jobs.mode[j] == WorkMode::Remote {
            reasons.push("Remote".to_owned());
        } else if let Some(city) = jobs.city[j]
            && users.cities.row(u).contains(&city)
        {
            reasons.push(format!("In {}", jobs.cities.text(city.0)));
        }
        if self.inputs.is_dream(user, job) {
            reasons.push("Dream company".to_owned());
        }
        reasons
    }
}

/// The names by weight descending, then by code point.
fn heaviest(mut named: Vec<(u32, &str)>, at_most: usize) -> Vec<&str> {
    named.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    named.truncate(at_most);
    named.into_iter().map(|(_, name)| name).collect()
}

/// A number of tenths without a trailing `.0`.
struct Tenths(u16);

impl std::fmt::Display for Tenths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.0 / 10, self.0 % 10) {
            (whole, 0) => write!(f, "{whole}"),
            (whole, tenth) => write!(f, "{whole}.{tenth}"),
        }
    }
}

/// A number of hundredths without trailing zeros.
struct Hundredths(u32);

impl std::fmt::Display for Hundredths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole}"),
            (whole, part) if part % 10 == 0 => write!(f, "{whole}.{}", part / 10),
            (whole, part) => write!(f, "{whole}.{part:02}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_drop_trailing_zeros() {
        assert_eq!(Tenths(45).to_string(), "4.5");
        assert_eq!(Tenths(30).to_string(), "3");
        assert_eq!(Hundredths(1_800).to_string(), "18");
        assert_eq!(Hundredths(1_850).to_string(), "18.5");
        assert_eq!(Hundredths(1_805).to_string(), "18.05");
    }

    #[test]
    fn labels_and_recommendations_by_hand() {
        assert_eq!([74, 75, 59, 60].map(fit_label), ["good", "strong", "fair", "good"]);
        let recommend = |score| recommendation(score, 75);
        assert_eq!([75, 74, 55, 54].map(recommend), ["apply", "consider", "consider", "skip"]);
    }

    #[test]
    fn heaviest_first_then_by_name() {
        let named = vec![(2, "b"), (4, "z"), (2, "a"), (1, "c")];
        assert_eq!(heaviest(named, 3), ["z", "a", "b"]);
    }
}
