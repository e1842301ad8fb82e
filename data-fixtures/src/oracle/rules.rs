//! The formulas, one at a time, in whole numbers: basis points (bp), tenths of a year, hundredths
//! of an LPA. `/` divides non-negative numbers throughout, so it rounds down.

use crate::tables::Numeric;

/// The component of what is not known.
pub(super) const UNKNOWN_BP: i64 = 5_000;

/// A number that can be meant: neither `NaN` nor negative.
pub(super) fn possible(number: Option<Numeric>) -> Option<i64> {
    match number? {
        Numeric::Units(units) if units >= 0 => Some(units),
        Numeric::Units(_) | Numeric::NaN => None,
    }
}

/// Both ends of a range, or neither where they contradict each other.
pub(super) fn range(lo: Option<i64>, hi: Option<i64>) -> (Option<i64>, Option<i64>) {
    match (lo, hi) {
        (Some(lo), Some(hi)) if lo > hi => (None, None),
        ends => ends,
    }
}

/// Rarity of a skill that `df` of `n` jobs list.
pub(super) fn rarity(n: i64, df: i64) -> i64 {
    if df < 5 {
        return 1;
    }
    let mut log2 = 0;
    while (n / df) >> (log2 + 1) > 0 {
        log2 += 1;
    }
    log2.clamp(1, 8)
}

/// Skills: `has` of the weight `all` of a job's skills.
pub(super) fn skills_bp(has: i64, all: i64) -> i64 {
    if all == 0 { UNKNOWN_BP } else { 10_000 * has / (all + 8) }
}

/// The years of experience a job asks for, in tenths: as given, else by its level.
pub(super) fn band(lo: Option<i64>, hi: Option<i64>, level: Option<&str>) -> Option<(i64, i64)> {
    if lo.is_some() || hi.is_some() {
        return Some((lo.unwrap_or(0), hi.unwrap_or(600)));
    }
    match level? {
        "intern" => Some((0, 10)),
        "junior" => Some((0, 30)),
        "mid" => Some((30, 60)),
        "senior" => Some((60, 100)),
        "lead" => Some((100, 400)),
        _ => None,
    }
}

/// Experience: `years` of the user, in tenths, against the job's band.
pub(super) fn experience_bp(years: Option<i64>, band: Option<(i64, i64)>) -> i64 {
    match (years, band) {
        (Some(y), Some((lo, _))) if y < lo => (10_000 - 250 * (lo - y)).max(0),
        (Some(y), Some((_, hi))) if y > hi => (10_000 - 100 * (y - hi)).max(5_000),
        (Some(_), Some(_)) => 10_000,
        _ => UNKNOWN_BP,
    }
}

/// Market demand: `jobs` in the job's market.
pub(super) fn demand_bp(jobs: i64) -> i64 {
    (20 * jobs).min(10_000)
}

/// Salary: the offer against what the user expects.
pub(super) fn salary_bp(offer: Option<i64>, expected: Option<i64>) -> i64 {
    match (offer, expected) {
        (None, _) | (_, None | Some(0)) => UNKNOWN_BP,
        (Some(offer), Some(expected)) if offer >= expected => 10_000,
        (Some(offer), Some(expected)) => (10_000 - 20_000 * (expected - offer) / expected).max(0),
    }
}

/// The user's level: what the resume says, else by experience in tenths of a year.
pub(super) fn seniority(said: Option<String>, years: Option<i64>) -> Option<String> {
    let by_years = |years| match years {
        ..10 => "entry",
        10..30 => "junior",
        30..60 => "mid",
        60..100 => "senior",
        _ => "lead",
    };
    said.or_else(|| years.map(|years| by_years(years).to_owned()))
}

/// Whether a job's level suits a user's.
pub(super) fn level_suits(job: Option<&str>, user: Option<&str>) -> bool {
    let (Some(job), Some(user)) = (job, user) else { return true };
    job == "not_specified"
        || job == user
        || (user == "entry" && (job == "intern" || job == "junior"))
}

/// Ten-thousandths of a point as whole points, rounded up.
pub(super) fn points_up(ten_thousandths: i64) -> i64 {
    ten_thousandths.div_euclid(10_000) + i64::from(ten_thousandths.rem_euclid(10_000) > 0)
}

/// Ten-thousandths of a point as basis points, half away from zero.
pub(super) fn points_to_bp(ten_thousandths: i64) -> i64 {
    ten_thousandths.signum() * ((ten_thousandths.abs() + 50) / 100)
}

/// ISO week-year and week of an instant in India, which is 5½ hours ahead all year.
pub(super) fn iso_week(as_of_us: i64) -> (i32, i32) {
    const DAY_US: i64 = 86_400_000_000;
    let day = (as_of_us + 19_800_000_000).div_euclid(DAY_US);
    // A week belongs to the year of its Thursday; day 0, 1 January 1970, was one.
    let thursday = day - (day + 3).rem_euclid(7) + 3;
    let first_day = |year: i64| {
        365 * (year - 1970) + (year - 1969).div_euclid(4) - (year - 1901).div_euclid(100)
            + (year - 1601).div_euclid(400)
    };
    let mut year = 1970 + thursday.div_euclid(366);
    while first_day(year + 1) <= thursday {
        year += 1;
    }
    (year as i32, ((thursday - first_day(year)) / 7 + 1) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_numbers_are_as_not_given() {
        assert_eq!(possible(None), None);
        assert_eq!(possible(Some(Numeric::NaN)), None);
        assert_eq!(possible(Some(Numeric::Units(-1))), None);
        assert_eq!(possible(Some(Numeric::Units(0))), Some(0));
        assert_eq!(range(Some(3), Some(2)), (None, None));
        assert_eq!(range(Some(3), Some(3)), (Some(3), Some(3)));
        assert_eq!(range(Some(3), None), (Some(3), None));
    }

    #[test]
    fn rarity_is_the_rounded_down_logarithm() {
        for (n, df, r) in [
            (100_000, 0, 1),
            (100_000, 4, 1), // fewer than five jobs prove nothing
            (100_000, 5, 8), // 20 000: log2 is 14.3, cut to 8
            (1_280, 5, 8),   // 256 = 2^8
            (1_279, 5, 7),   // 255
            (40, 5, 3),      // 8 = 2^3
            (39, 5, 2),      // 7
            (20, 5, 2),      // 4
            (19, 5, 1),      // 3
            (5, 5, 1),       // 1: log2 is 0, raised to 1
            (3, 7, 1),       // 0: other tables than the model's
        ] {
            assert_eq!(rarity(n, df), r, "{n} {df}");
        }
    }

    #[test]
    fn skills_by_weight() {
        // Two of rarity 1 required, one of rarity 3 nice to have: T = 2 + 2 + 3 = 7.
        assert_eq!(skills_bp(7, 7), 4_666); // 70 000 / 15 = 4666.7
        assert_eq!(skills_bp(2, 7), 1_333); // 20 000 / 15 = 1333.3
        assert_eq!(skills_bp(0, 7), 0);
        assert_eq!(skills_bp(0, 0), 5_000);
        assert_eq!(skills_bp(160, 160), 9_523); // 1 600 000 / 168 = 9523.8
    }

    #[test]
    fn bands_as_given_else_by_level() {
        assert_eq!(band(Some(15), Some(35), Some("lead")), Some((15, 35)));
        assert_eq!(band(Some(15), None, None), Some((15, 600)));
        assert_eq!(band(None, Some(35), None), Some((0, 35)));
        for (level, expected) in [
            ("intern", Some((0, 10))),
            ("junior", Some((0, 30))),
            ("mid", Some((30, 60))),
            ("senior", Some((60, 100))),
            ("lead", Some((100, 400))),
            ("not_specified", None),
        ] {
            assert_eq!(band(None, None, Some(level)), expected);
        }
        assert_eq!(band(None, None, None), None);
    }

    #[test]
    fn experience_within_below_and_above() {
        let band = Some((30, 60));
        assert_eq!(experience_bp(Some(30), band), 10_000);
        assert_eq!(experience_bp(Some(60), band), 10_000);
        assert_eq!(experience_bp(Some(29), band), 9_750); // 10 000 − 250·1
        assert_eq!(experience_bp(Some(0), band), 2_500); // 10 000 − 250·30
        assert_eq!(experience_bp(Some(0), Some((100, 400))), 0); // 10 000 − 25 000
        assert_eq!(experience_bp(Some(61), band), 9_900); // 10 000 − 100·1
        assert_eq!(experience_bp(Some(110), band), 5_000); // 10 000 − 5 000
        assert_eq!(experience_bp(Some(9_999), band), 5_000);
        assert_eq!(experience_bp(None, band), 5_000);
        assert_eq!(experience_bp(Some(30), None), 5_000);
        // A lower end beyond the upper end that is put in for a missing one.
        assert_eq!(experience_bp(Some(650), Some((700, 600))), 0); // below: 10 000 − 12 500
        assert_eq!(experience_bp(Some(690), Some((700, 600))), 7_500); // below: 10 000 − 2 500
        assert_eq!(experience_bp(Some(700), Some((700, 600))), 5_000); // above: 10 000 − 10 000
    }

    #[test]
    fn demand_is_full_at_five_hundred_jobs() {
        assert_eq!(demand_bp(0), 0);
        assert_eq!(demand_bp(1), 20);
        assert_eq!(demand_bp(499), 9_980);
        assert_eq!(demand_bp(500), 10_000);
        assert_eq!(demand_bp(50_000), 10_000);
    }

    #[test]
    fn salary_below_at_and_above_the_expected() {
        assert_eq!(salary_bp(Some(1_800), Some(1_500)), 10_000);
        assert_eq!(salary_bp(Some(1_500), Some(1_500)), 10_000);
        assert_eq!(salary_bp(Some(1_499), Some(1_500)), 9_987); // 10 000 − 20 000/1 500 = 13
        assert_eq!(salary_bp(Some(1_000), Some(1_500)), 3_334); // 10 000 − 10^7/1 500 = 6 666
        assert_eq!(salary_bp(Some(750), Some(1_500)), 0); // 10 000 − 10 000
        assert_eq!(salary_bp(Some(0), Some(1)), 0); // a benchmark of nothing: 10 000 − 20 000
        assert_eq!(salary_bp(None, Some(1_500)), 5_000);
        assert_eq!(salary_bp(Some(1_500), None), 5_000);
        assert_eq!(salary_bp(Some(1_500), Some(0)), 5_000);
    }

    #[test]
    fn levels() {
        let level = |years| seniority(None, Some(years)).unwrap();
        assert_eq!(
            [0, 9, 10, 29, 30, 59, 60, 99, 100, 400].map(level),
            [
                "entry", "entry", "junior", "junior", "mid", "mid", "senior", "senior", "lead",
                "lead"
            ]
        );
        assert_eq!(seniority(None, None), None);
        assert_eq!(seniority(Some("intern".into()), Some(100)).as_deref(), Some("intern"));

        assert!(level_suits(None, Some("lead")));
        assert!(level_suits(Some("lead"), None));
        assert!(level_suits(Some("not_specified"), Some("lead")));
        assert!(level_suits(Some("mid"), Some("mid")));
        assert!(level_suits(Some("junior"), Some("entry")));
        assert!(level_suits(Some("intern"), Some("entry")));
        assert!(!level_suits(Some("mid"), Some("entry")));
        assert!(!level_suits(Some("junior"), Some("intern")));
        assert!(!level_suits(Some("intern"), Some("junior")));
    }

    #[test]
    fn thresholds_go_up_and_the_bonus_to_the_nearest() {
        assert_eq!(points_up(400_000), 40);
        assert_eq!(points_up(400_001), 41);
        assert_eq!(points_to_bp(100_000), 1_000); // 10.0 points
        assert_eq!(points_to_bp(70_049), 700);
        assert_eq!(points_to_bp(70_050), 701);
    }

    #[test]
    fn weeks_begin_on_monday_in_india() {
        let us = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
        assert_eq!(iso_week(us("2026-11-22T18:29:59.999999Z")), (2026, 47)); // still Sunday
        assert_eq!(iso_week(us("2026-11-22T18:30:00Z")), (2026, 48)); // Monday 00:00
        assert_eq!(iso_week(us("2027-01-03T18:00:00Z")), (2026, 53));
        assert_eq!(iso_week(us("2024-12-29T18:30:00Z")), (2025, 1));
        let mut instant = us("1969-06-01T12:00:00Z");
        while instant < us("2101-01-01T00:00:00Z") {
            let india = jiff::Timestamp::from_microsecond(instant)
                .unwrap()
                .to_zoned(jiff::tz::TimeZone::get("Asia/Kolkata").unwrap());
            let week = india.date().iso_week_date();
            let expected = (i32::from(week.year()), i32::from(week.week()));
            assert_eq!(iso_week(instant), expected, "{india}");
            instant += 86_400_000_000;
        }
    }
}
