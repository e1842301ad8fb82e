//! How many kept pairs have which fit score.

use crate::words::sum;
use std::collections::BTreeMap;

/// The lowest fit score that can be kept.
pub const LOWEST: usize = 40;
/// From here on a fit is good.
pub const GOOD: usize = 60;
/// From here on a fit is strong.
pub const STRONG: usize = 75;

/// Kept pairs of each fit score, from 40 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scores(pub [u64; 61]);

impl Scores {
    /// Of a report's `scores`; points outside 40 to 100 have no place.
    #[must_use]
    pub fn of_report(scores: &BTreeMap<String, u64>) -> Self {
        let mut points = [0_u64; 61];
        for (point, pairs) in scores {
            let at = point.parse::<usize>().ok().and_then(|point| point.checked_sub(LOWEST));
            if let Some(place) = at.and_then(|at| points.get_mut(at)) {
                *place = place.saturating_add(*pairs);
            }
        }
        Self(points)
    }

    /// The pairs of all of them.
    #[must_use]
    pub fn together(all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().fold(Self([0; 61]), |mut points, other| {
            for (to, from) in points.0.iter_mut().zip(other.0) {
                *to = to.saturating_add(from);
            }
            points
        })
    }

    /// How many pairs.
    #[must_use]
    pub fn total(&self) -> u64 {
        sum(self.0)
    }

    /// How many pairs have one of these scores.
    #[must_use]
    pub fn between(&self, from: usize, below: usize) -> u64 {
        let place = |score: usize| score.saturating_sub(LOWEST).min(self.0.len());
        sum(self.0[place(from)..place(below).max(place(from))].iter().copied())
    }

    /// The highest score that at least this part of the pairs reach: `0.5` is the median. None
    /// without pairs.
    #[must_use]
    pub fn reached_by(&self, part: f64) -> Option<usize> {
        let total = self.total();
        if total == 0 {
            return None;
        }
        let wanted = part * total as f64;
        let mut reached = 0.0;
        for (at, pairs) in self.0.iter().enumerate().rev() {
            reached += *pairs as f64;
            if *pairs > 0 && reached >= wanted {
                return Some(LOWEST + at);
            }
        }
        self.0.iter().position(|pairs| *pairs > 0).map(|at| LOWEST + at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(pairs: &[(usize, u64)]) -> Scores {
        let named = pairs.iter().map(|(point, pairs)| (point.to_string(), *pairs)).collect();
        Scores::of_report(&named)
    }

    #[test]
    fn half_reach_the_median() {
        let some = scores(&[(40, 1), (58, 1), (60, 1), (100, 1)]);
        assert_eq!(some.total(), 4);
        assert_eq!(some.reached_by(0.5), Some(60));
        assert_eq!(some.reached_by(0.75), Some(58));
        assert_eq!(some.reached_by(1.0), Some(40));
        assert_eq!(some.reached_by(0.0), Some(100));
        assert_eq!(scores(&[]).reached_by(0.5), None);
        assert_eq!(scores(&[(55, u64::MAX), (56, 9)]).reached_by(0.5), Some(55));
    }

    #[test]
    fn bounds_are_half_open() {
        let some = scores(&[(40, 1), (59, 2), (60, 4), (74, 8), (75, 16), (100, 32)]);
        assert_eq!(some.between(LOWEST, GOOD), 3);
        assert_eq!(some.between(GOOD, STRONG), 12);
        assert_eq!(some.between(STRONG, 101), 48);
        assert_eq!((some.between(0, 200), some.between(90, 80)), (63, 0));
    }

    #[test]
    fn points_outside_have_no_place() {
        let mut odd = BTreeMap::new();
        for point in ["39", "101", "", "-1", "x", "40"] {
            odd.insert(point.to_owned(), 1);
        }
        assert_eq!(Scores::of_report(&odd).total(), 1);
    }
}
