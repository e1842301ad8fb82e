//! The texts that paid users read.

use super::Offer;
use super::people::User;

pub(super) fn missing_skills(user: &User, offer: &Offer) -> Vec<String> {
    by_weight(offer, 10, |skill, required| required && !user.skills.contains(skill))
}

pub(super) fn strengths(user: &User, offer: &Offer) -> Vec<String> {
    by_weight(offer, 5, |skill, _| user.skills.contains(skill))
}

/// The first of the chosen skills by weight, heaviest first, then name.
fn by_weight(offer: &Offer, num: usize, chosen: impl Fn(&str, bool) -> bool) -> Vec<String> {
    let mut skills: Vec<_> = (offer.skills.iter())
        .filter(|(skill, _, required)| chosen(skill, *required))
        .map(|&(skill, weight, _)| (-weight, skill))
        .collect();
    skills.sort_unstable();
    skills.into_iter().take(num).map(|(_, skill)| skill.to_owned()).collect()
}

pub(super) fn fit_reasons(user: &User, offer: &Offer) -> Vec<String> {
    let job = offer.job;
    let mut reasons = Vec::new();

    let required: Vec<_> = offer.skills.iter().filter(|(_, _, required)| *required).collect();
    let covered = required.iter().filter(|(skill, _, _)| user.skills.contains(*skill)).count();
    if covered > 0 {
        reasons.push(format!("Covers {covered} of {} required skills", required.len()));
    }
    if let (Some(y), Some((lo, hi))) = (user.experience, job.band)
        && lo <= y
        && y <= hi
    {
        let band = if hi >= 400 {
            format!("{}+", decimal(lo, 10))
        } else {
            format!("{}–{}", decimal(lo, 10), decimal(hi, 10))
        };
        reasons.push(format!("{} years of experience fits the {band} year band", decimal(y, 10)));
    }
    if let (Some(offer), Some(expected)) = (job.listed_salary, user.expected_salary)
        && offer >= expected
        && expected > 0
    {
        let (offer, expected) = (decimal(offer, 100), decimal(expected, 100));
        reasons.push(format!("Offers ₹{offer} LPA against ₹{expected} LPA expected"));
    }
    if job.is_remote() {
        reasons.push("Remote".to_owned());
    } else if let Some(city) = &job.city
        && user.cities.contains(city)
    {
        reasons.push(format!("In {city}"));
    }
    if user.dreams.contains(&job.company) {
        reasons.push("Dream company".to_owned());
    }
    reasons
}

/// A number of units, ten or a hundred of which make one, without zeros at its end.
fn decimal(units: i64, units_per_one: i64) -> String {
    let digits = if units_per_one == 10 { 1 } else { 2 };
    let (whole, rest) = (units / units_per_one, units % units_per_one);
    let text = format!("{whole}.{rest:0digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_end_where_the_zeros_begin() {
        let tenths = [0, 5, 10, 45, 100, 105].map(|n| decimal(n, 10));
        assert_eq!(tenths, ["0", "0.5", "1", "4.5", "10", "10.5"]);
        let hundredths = [5, 50, 1_800, 1_850, 1_805, 10_000].map(|n| decimal(n, 100));
        assert_eq!(hundredths, ["0.05", "0.5", "18", "18.5", "18.05", "100"]);
    }
}
