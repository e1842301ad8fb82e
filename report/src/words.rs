//! Numbers and dates in words, as the pages write them. Between a number and its unit stands a
//! space that no line breaks at, U+00A0.

/// A number with commas between thousands.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 user`, `2 users`: a number with what it counts.
#[must_use]
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A sum that stops at the largest number instead of overflowing.
#[must_use]
pub fn sum(numbers: impl IntoIterator<Item = u64>) -> u64 {
    numbers.into_iter().fold(0, u64::saturating_add)
}

/// A number for the tick of an axis: `950`, `1.5k`, `20M`.
#[must_use]
pub fn compact(number: f64) -> String {
    const UNITS: [(f64, &str); 6] =
        [(1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    if !number.is_finite() {
        return "–".to_owned();
    }
    if number.abs() >= 1e21 {
        return format!("{number:.0e}");
    }
    let (scaled, unit) = UNITS
        .iter()
        .find(|(size, _)| number.abs() >= *size)
        .map_or((number, ""), |(size, unit)| (number / size, *unit));
    let text = if scaled.abs() < 10.0 { format!("{scaled:.1}") } else { format!("{scaled:.0}") };
    format!("{}{unit}", text.strip_suffix(".0").unwrap_or(&text))
}

/// A part of a whole in percent: never `0 %` of something, never `100 %` of less than all.
#[must_use]
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 || part == 0 {
        return "0\u{a0}%".to_owned();
    }
    let percent = part as f64 / whole as f64 * 100.0;
    if part == whole {
        "100\u{a0}%".to_owned()
    } else if percent < 0.1 {
        "under 0.1\u{a0}%".to_owned()
    } else if part < whole && percent > 99.9 {
        "over 99.9\u{a0}%".to_owned()
    } else if !(10.0..=99.0).contains(&percent) {
        format!("{}\u{a0}%", format!("{percent:.1}").trim_end_matches(".0"))
    } else {
        format!("{percent:.0}\u{a0}%")
    }
}

/// How long something took.
#[must_use]
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "–".to_owned();
    }
    let whole = seconds.round() as u64;
    match whole {
        0..10 => format!("{seconds:.2}\u{a0}s"),
        10..120 => format!("{seconds:.0}\u{a0}s"),
        120..3600 => format!("{}\u{a0}min\u{a0}{:02}\u{a0}s", whole / 60, whole % 60),
        3600..360_000 => format!("{}\u{a0}h\u{a0}{:02}\u{a0}min", whole / 3600, whole % 3600 / 60),
        _ => format!("{}\u{a0}h", compact(seconds / 3600.0)),
    }
}

/// An amount of memory.
#[must_use]
pub fn memory(bytes: u64) -> String {
    if bytes < 1_000_000_000 {
        format!("{}\u{a0}MB", bytes / 1_000_000)
    } else if bytes < 100_000_000_000 {
        format!("{:.1}\u{a0}GB", bytes as f64 / 1e9)
    } else {
        format!("{}\u{a0}GB", count(bytes / 1_000_000_000))
    }
}

/// `2026-11-16` as `Monday, 16 November 2026`; what is no date stays as it is.
#[must_use]
pub fn long_date(date: &str) -> String {
    const WEEKDAYS: [&str; 7] =
        ["Saturday", "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];
    let Some((year, month, day)) = parts(date) else { return date.to_owned() };
    // Zeller's congruence: January and February count as months 13 and 14 of the year before.
    let (y, m) = if month < 3 { (year - 1, month + 12) } else { (year, month) };
    let weekday = (day + 13 * (m + 1) / 5 + y + y / 4 - y / 100 + y / 400) % 7;
    format!("{}, {day} {} {year}", WEEKDAYS[weekday], MONTHS[month - 1])
}

/// `2026-11-16` as `16 Nov`; what is no date stays as it is.
#[must_use]
pub fn short_date(date: &str) -> String {
    match parts(date) {
        Some((_, month, day)) => format!("{day} {}", &MONTHS[month - 1][..3]),
        None => date.to_owned(),
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn parts(date: &str) -> Option<(usize, usize, usize)> {
    let mut parts = date.split('-');
    let mut next = |digits: usize| {
        let part = parts.next()?;
        let is_number = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| part.parse().ok()).flatten()
    };
    let (year, month, day) = (next(4)?, next(2)?, next(2)?);
    let is_date = year > 0 && (1..=12).contains(&month) && (1..=31).contains(&day);
    (is_date && parts.next().is_none()).then_some((year, month, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_commas() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "job", "jobs"), "1 job");
        assert_eq!(counted(1_000, "job", "jobs"), "1,000 jobs");
    }

    #[test]
    fn ticks_are_short() {
        let numbers =
            [0.0, 0.5, 7.0, 950.0, 1_500.0, 20_000.0, 2.5e6, 3e12, 1.8e19, 1e300, f64::NAN];
        assert_eq!(
            numbers.map(compact),
            ["0", "0.5", "7", "950", "1.5k", "20k", "2.5M", "3T", "18E", "1e300", "–"]
        );
    }

    #[test]
    fn a_share_is_never_rounded_to_nothing_or_all() {
        let shares = [(0, 0), (0, 9), (1, 9_999), (1, 200), (1, 3), (9_999, 10_000), (7, 7)];
        assert_eq!(
            shares.map(|(part, whole)| share(part, whole).replace('\u{a0}', " ")),
            ["0 %", "0 %", "under 0.1 %", "0.5 %", "33 %", "over 99.9 %", "100 %"]
        );
        assert_eq!(share(5, 0), "0\u{a0}%");
        assert_eq!(share(u64::MAX, u64::MAX), "100\u{a0}%");
    }

    #[test]
    fn durations_and_memory_fit_their_size() {
        let seconds = [0.0, 2.614, 9.999, 97.2, 161.0, 4_000.0, f64::NAN, -1.0, f64::INFINITY];
        assert_eq!(
            seconds.map(|seconds| duration(seconds).replace('\u{a0}', " ")),
            ["0.00 s", "2.61 s", "10 s", "97 s", "2 min 41 s", "1 h 06 min", "–", "–", "–"]
        );
        let bytes = [0, 812_999_999, 1_449_000_000, 3_000_000_000_000];
        assert_eq!(
            bytes.map(|bytes| memory(bytes).replace('\u{a0}', " ")),
            ["0 MB", "812 MB", "1.4 GB", "3,000 GB"]
        );
    }

    #[test]
    fn dates_have_their_weekday() {
        assert_eq!(long_date("2026-11-16"), "Monday, 16 November 2026");
        assert_eq!(long_date("2028-02-29"), "Tuesday, 29 February 2028");
        assert_eq!(short_date("2026-01-05"), "5 Jan");
        for odd in ["", "yesterday", "2026-13-01", "2026-11-16T00", "26-1-1", "2026-11-+1"] {
            assert_eq!((long_date(odd), short_date(odd)), (odd.to_owned(), odd.to_owned()));
        }
    }
}
