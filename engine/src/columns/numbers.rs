//! Numbers at the door: what cannot be is as if not given, and counted.

use crate::{faults::Faults, ids::Uuid};

/// How a loader writes the database's `NaN` (and a double's infinities) in a column of integers.
pub const NOT_A_NUMBER: i64 = i64::MIN;

/// The names under which the faults of one column are counted.
pub(super) struct Kind {
    pub(super) not_a_number: &'static str,
    pub(super) negative: &'static str,
    pub(super) too_large: &'static str,
}

pub(super) const SALARY: Kind = Kind {
    not_a_number: "salary_not_a_number",
    negative: "salary_negative",
    too_large: "salary_too_large",
};

pub(super) const JOB_EXPERIENCE: Kind = Kind {
    not_a_number: "job_experience_not_a_number",
    negative: "job_experience_negative",
    too_large: "job_experience_too_large",
};

pub(super) const EXPECTED_SALARY: Kind = Kind {
    not_a_number: "expected_salary_not_a_number",
    negative: "expected_salary_negative",
    too_large: "expected_salary_too_large",
};

pub(super) const USER_EXPERIENCE: Kind = Kind {
    not_a_number: "user_experience_not_a_number",
    negative: "user_experience_negative",
    too_large: "user_experience_too_large",
};

/// The most that `numeric(6,2)` holds, in hundredths.
pub(super) const MAX_HUNDREDTHS: i64 = 999_999;

/// The most that `numeric(4,1)` holds, in tenths.
pub(super) const MAX_TENTHS: i64 = 9_999;

/// A number in units of its column's scale, or `None` where it cannot be.
pub(super) fn check(
    units: Option<i64>,
    max: i64,
    kind: &Kind,
    faults: &mut Faults,
    row: (&str, &Uuid),
) -> Option<u32> {
    let fault = match units? {
        NOT_A_NUMBER => kind.not_a_number,
        units if units < 0 => kind.negative,
        units if units > max => kind.too_large,
        units => return u32::try_from(units).ok(),
    };
    faults.add(fault, row.0, row.1);
    None
}
