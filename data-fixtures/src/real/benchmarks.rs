//! What the postings themselves say a role pays.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::Offset;

use super::{Error, INDIA_AHEAD_US, draw};
use crate::tables::{BenchmarkRow, JobRow, Numeric};

/// Bands of experience, in tenths of a year, the upper end outside.
const BANDS: [(i64, i64); 4] = [(0, 30), (30, 60), (60, 100), (100, 400)];
/// Fewer salaries than this say more about one employer than about the market.
const MIN_SALARIES: usize = 5;

/// Role family, city and band.
type Market<'a> = (&'a str, &'a str, (i64, i64));

/// The benchmark of every role family, city and band with enough salaries: the lower median of the
/// postings' midpoints.
pub(super) fn make(jobs: &[JobRow], data_month: i32) -> Vec<BenchmarkRow> {
    let mut salaries: BTreeMap<Market<'_>, Vec<i64>> = BTreeMap::new();
    for job in jobs {
        let city = match job.work_mode.as_deref() {
            Some("remote") => Some("remote"),
            _ => job.city_canonical.as_deref(),
        };
        if let (Some(family), Some(city), Some(band), Some(salary)) =
            (job.role_family.as_deref(), city, band(job), midpoint(job))
        {
            salaries.entry((family, city, band)).or_default().push(salary);
        }
    }
    salaries.retain(|_, salaries| salaries.len() >= MIN_SALARIES);
    let rows = salaries.into_iter().map(|((family, city, (min, max)), mut salaries)| {
        let middle = (salaries.len() - 1) / 2;
        let (_, &mut p50, _) = salaries.select_nth_unstable(middle);
        BenchmarkRow {
            id: draw::uuid("benchmark", &format!("{family}\u{1f}{city}\u{1f}{min}")),
            role_category: family.to_owned(),
            city: city.to_owned(),
            exp_years_min: Numeric::Units(min),
            exp_years_max: Numeric::Units(max),
            p50_lpa: Numeric::Units(p50),
            data_month,
        }
    });
    rows.collect()
}

/// The first of the month of an instant in India, in days since 1970-01-01.
pub(super) fn data_month(as_of_us: i64) -> Result<i32, Error> {
    let there = Timestamp::from_microsecond(as_of_us.saturating_add(INDIA_AHEAD_US))
        .map_err(|_| Error::AsOf { as_of_us })?;
    let first = Offset::UTC.to_datetime(there).date().first_of_month();
    let since = first.duration_since(date(1970, 1, 1));
    Ok((since.as_hours() / 24) as i32)
}

fn band(job: &JobRow) -> Option<(i64, i64)> {
    let low = match (job.exp_min_years, job.exp_max_years) {
        (Some(Numeric::Units(low)), _) => low,
        (None, Some(Numeric::Units(_))) => 0,
        _ => return None,
    };
    BANDS.into_iter().find(|&(min, max)| min <= low && low < max)
}

/// In hundredths of an LPA, or the one end that is given. A zero and crossed ends say nothing.
fn midpoint(job: &JobRow) -> Option<i64> {
    let given = |end| match end {
        Some(Numeric::Units(units)) if units > 0 => Some(units),
        _ => None,
    };
    match (given(job.salary_min_lpa), given(job.salary_max_lpa)) {
        (Some(min), Some(max)) if min > max => None,
        (Some(min), Some(max)) => Some(i64::midpoint(min, max)),
        (min, max) => min.or(max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(city: &str, years: Option<i64>, min: i64, max: i64) -> JobRow {
        JobRow {
            id: draw::uuid("job", city),
            fingerprint: String::new(),
            title: String::new(),
            company: String::new(),
            company_canonical: String::new(),
            city_canonical: Some(city.to_owned()),
            work_mode: None,
            employment_type: None,
            seniority_level: None,
            role_family: Some("nurse".to_owned()),
            salary_min_lpa: Some(Numeric::Units(min)),
            salary_max_lpa: Some(Numeric::Units(max)),
            exp_min_years: years.map(Numeric::Units),
            exp_max_years: None,
            posted_at: None,
            last_seen_at: 0,
            is_active: true,
            is_new: true,
            jd_cleaned: true,
            created_at: 0,
        }
    }

    #[test]
    fn five_salaries_make_a_benchmark() {
        let mut jobs: Vec<_> = [300, 500, 100, 900, 400, 700]
            .map(|salary| job("pune", Some(30), salary, salary + 101))
            .to_vec();
        jobs.extend([1, 2, 3, 4].map(|salary| job("delhi", Some(0), salary, salary)));
        // Neither a zero, nor crossed ends, nor a job of unknown experience makes a fifth.
        jobs.extend([
            job("delhi", Some(0), 0, 0),
            job("delhi", Some(0), 9, 5),
            job("delhi", None, 5, 5),
        ]);
        let rows = make(&jobs, 7);
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].city.as_str(), rows[0].data_month), ("pune", 7));
        assert_eq!(
            (rows[0].exp_years_min, rows[0].exp_years_max),
            (Numeric::Units(30), Numeric::Units(60))
        );
        // The third of 150, 350, 450, 550, 750, 950.
        assert_eq!(rows[0].p50_lpa, Numeric::Units(450));
    }

    #[test]
    fn the_month_is_that_of_india() {
        // 2026-10-31T18:29:59Z and a second later: November begins in India.
        assert_eq!(data_month(1_793_471_399_000_000).unwrap(), 20_727);
        assert_eq!(data_month(1_793_471_400_000_000).unwrap(), 20_758);
        assert!(matches!(data_month(i64::MAX), Err(Error::AsOf { .. })));
    }
}
