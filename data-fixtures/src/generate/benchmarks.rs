//! Salary benchmarks: the median by family, city, band of experience and month.

use super::market::market;
use super::random::{Draw, Stream};
use super::{DAY_US, Options, dirt};
use crate::tables::{BenchmarkRow, Numeric};

/// Bands in tenths of a year, and their pay in per cent of the family's.
const BANDS: [(i64, i64, i64); 4] = [(0, 30, 55), (30, 60, 100), (60, 100, 165), (100, 400, 240)];
const NUM_CITIES: usize = 20;
const NUM_MONTHS: i64 = 3;

pub(crate) fn benchmarks(options: &Options) -> Vec<BenchmarkRow> {
    let market = market();
    let today = options.as_of_us.div_euclid(DAY_US);
    let mut rows = Vec::new();
    for (index, family) in market.families.iter().enumerate() {
        let draw = &mut Draw::new(options.seed, 1, Stream::Benchmarks, index);
        let cities = market.cities.iter().take(NUM_CITIES).map(|city| (city.as_str(), Some(city)));
        for (city, place) in cities.chain([("remote", None)]) {
            for (low, high, band_pay) in BANDS {
                for month in 0..NUM_MONTHS {
                    let pay = family.pay * band_pay / 100;
                    let pay = pay * market.city_pay(place.map(String::as_str)) / 100;
                    let row = BenchmarkRow {
                        id: draw.uuid(),
                        role_category: family.name.clone(),
                        city: city.to_owned(),
                        exp_years_min: Numeric::Units(low),
                        exp_years_max: Numeric::Units(high),
                        p50_lpa: Numeric::Units(pay * draw.between(95, 105) / 100),
                        data_month: first_of_month(today, month),
                    };
                    if !draw.per_mille(200) {
                        rows.push(row);
                    }
                }
            }
        }
        dirt::spoil_benchmarks(options.dirt, &mut rows, draw);
    }
    rows
}

/// The first day of the month that lies `back` months before a day's.
fn first_of_month(day: i64, back: i64) -> i32 {
    let mut first = day;
    for step in 0..=back {
        let before = if step == 0 { first } else { first - 1 };
        first = before - i64::from(day_of_month(before)) + 1;
    }
    first as i32
}

fn day_of_month(day: i64) -> i8 {
    let time = jiff::Timestamp::from_second(day * 86_400).unwrap_or_default();
    jiff::tz::Offset::UTC.to_datetime(time).day()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_go_back_over_the_turn_of_the_year() {
        let day = |text: &str| {
            let time: jiff::Timestamp = format!("{text}T00:00:00Z").parse().unwrap();
            time.as_second() / 86_400
        };
        let months = [0, 1, 2].map(|back| i64::from(first_of_month(day("2026-01-31"), back)));
        assert_eq!(months, [day("2026-01-01"), day("2025-12-01"), day("2025-11-01")]);
    }

    #[test]
    fn keys_are_unique() {
        let mut keys: Vec<_> = benchmarks(&Options::default())
            .into_iter()
            .map(|r| (r.role_category, r.city, format!("{:?}", r.exp_years_min), r.data_month))
            .collect();
        keys.sort();
        let rows = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), rows);
    }
}
