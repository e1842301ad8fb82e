//! The ISO week of an instant, in India.

use jiff::{
    Timestamp, ToSpan,
    civil::Date,
    tz::{TimeZone, TimeZoneDatabase},
};
use serde::{Deserialize, Serialize};
use std::{fmt, sync::LazyLock};

/// The zone whose weeks count: a week begins on Monday, 00:00 in India.
///
/// Taken from the database that is compiled in, so that a bare container and an old machine agree.
static INDIA: LazyLock<TimeZone> = LazyLock::new(|| {
    TimeZoneDatabase::bundled()
        .get("Asia/Kolkata")
        .expect("the bundled time zone database knows Asia/Kolkata")
});

/// An ISO week-year and week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct IsoWeek {
    /// ISO week-year: the year that the week's Thursday lies in.
    pub year: i16,
    /// 1 to 53.
    pub week: i8,
}

impl IsoWeek {
    /// The week that an instant lies in, in India.
    #[must_use]
    pub fn of(instant: Timestamp) -> Self {
        let date = instant.to_zoned(INDIA.clone()).date().iso_week_date();
        IsoWeek { year: date.year(), week: date.week() }
    }

    /// The week of microseconds since the Unix epoch; an instant beyond the calendar (the
    /// database's `infinity`) lies in no week.
    #[must_use]
    pub fn of_us(us: i64) -> Option<Self> {
        Timestamp::from_microsecond(us).ok().map(Self::of)
    }
}

impl fmt::Display for IsoWeek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-W{:02}", self.year, self.week)
    }
}

/// The calendar day of an instant, in India: what a night's snapshot is filed under.
#[must_use]
pub fn india_date(instant: Timestamp) -> Date {
    instant.to_zoned(INDIA.clone()).date()
}

/// Fourteen days after an instant: when a score written then may go.
#[must_use]
pub fn expiry(instant: Timestamp) -> Timestamp {
    instant.checked_add((14 * 24).hours()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn week(instant: &str) -> String {
        IsoWeek::of(instant.parse().unwrap()).to_string()
    }

    #[test]
    fn weeks_turn_at_midnight_in_india() {
        // Sunday 23:59:59.999999 and Monday 00:00 in India.
        assert_eq!(week("2026-11-22T18:29:59.999999Z"), "2026-W47");
        assert_eq!(week("2026-11-22T18:30:00Z"), "2026-W48");
    }

    #[test]
    fn years_have_52_or_53_weeks() {
        assert_eq!(week("2026-12-31T12:00:00Z"), "2026-W53");
        assert_eq!(week("2027-01-03T12:00:00Z"), "2026-W53");
        assert_eq!(week("2027-01-04T12:00:00Z"), "2027-W01");
        assert_eq!(week("2024-12-30T12:00:00Z"), "2025-W01");
    }

    #[test]
    fn infinity_lies_in_no_week() {
        assert_eq!(IsoWeek::of_us(i64::MAX), None);
    }
}
