//! Where a number stands on an axis, and the ticks of the axis.

/// A length along x: percents of the width. What is no number or lies outside stands at the edge.
#[must_use]
pub fn percent(part: f64) -> String {
    let percent = if part.is_nan() { 0.0 } else { part.clamp(0.0, 1.0) * 100.0 };
    let text = format!("{percent:.2}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    format!("{short}%")
}

/// An axis from 0 to a bit above the largest value, with ticks at round numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Where the axis ends.
    pub top: f64,
    /// From 0 to the top.
    pub ticks: Vec<f64>,
}

impl Axis {
    /// For values up to `max`, with about `steps` steps of 1, 2 or 5 times a power of ten, none
    /// smaller than `least`. Without a value above 0 the axis ends at one least step.
    #[must_use]
    pub fn to(max: f64, steps: usize, least: f64) -> Self {
        let max = if max.is_finite() && max > 0.0 { max } else { least };
        let rough = max / steps.max(1) as f64;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|times| times * power)
            .find(|step| *step >= rough * 0.999)
            .unwrap_or(rough)
            .max(least);
        let count = (max / step * 0.999_999).ceil().max(1.0) as usize;
        let ticks: Vec<_> = (0..=count).map(|nth| nth as f64 * step).collect();
        Self { top: count as f64 * step, ticks }
    }

    /// How far up a value stands, from 0 to 1.
    #[must_use]
    pub fn at(&self, value: f64) -> f64 {
        let part = value / self.top;
        if part.is_nan() { 0.0 } else { part.clamp(0.0, 1.0) }
    }
}

/// A logarithmic axis for counts, on which 0 has a place of its own at the start.
#[derive(Clone, Copy, Debug)]
pub struct LogAxis {
    max: u64,
}

impl LogAxis {
    /// The part of the axis where 0 stands.
    const ZERO: f64 = 0.03;
    /// Where 1 stands.
    const ONE: f64 = 0.10;

    /// For values up to `max`.
    #[must_use]
    pub fn to(max: u64) -> Self {
        Self { max: max.max(10) }
    }

    /// How far along a value stands, from 0 to 1.
    #[must_use]
    pub fn at(self, value: u64) -> f64 {
        if value == 0 {
            return Self::ZERO;
        }
        let part = (value as f64).ln() / (self.max as f64).ln();
        Self::ONE + part.min(1.0) * (0.98 - Self::ONE)
    }

    /// 0 and the powers of ten, at most about eight.
    #[must_use]
    pub fn ticks(self) -> Vec<u64> {
        let powers: Vec<_> =
            (0..20).map(|power| 10_u64.pow(power)).take_while(|tick| *tick <= self.max).collect();
        let each = powers.len().div_ceil(7);
        std::iter::once(0).chain(powers.into_iter().step_by(each)).collect()
    }
}

/// The numbers of a bin when bins double: 0, 1, 2 to 3, 4 to 7, and so on.
#[must_use]
pub fn log_bin(nth: usize) -> (u64, u64) {
    let from = |nth: usize| match nth {
        0 => 0,
        1..=64 => 1_u64 << (nth - 1),
        _ => u64::MAX,
    };
    (from(nth), if nth == 0 { 0 } else { from(nth + 1).saturating_sub(1).max(from(nth)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ticks_are_round_and_reach_the_largest_value() {
        assert_eq!(Axis::to(97.0, 4, 1.0).ticks, [0.0, 50.0, 100.0]);
        assert_eq!(Axis::to(161.3, 4, 0.01).ticks, [0.0, 50.0, 100.0, 150.0, 200.0]);
        assert_eq!(Axis::to(100.0, 4, 1.0).ticks, [0.0, 50.0, 100.0]);
        assert_eq!(Axis::to(3.0, 4, 1.0).ticks, [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(Axis::to(1.0, 4, 1.0).ticks, [0.0, 1.0]);
    }

    #[test]
    fn an_axis_without_values_has_one_step() {
        for max in [0.0, -5.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Axis::to(max, 4, 1.0), Axis { top: 1.0, ticks: vec![0.0, 1.0] });
        }
    }

    #[test]
    fn percents_stay_inside() {
        let parts = [0.0, 0.5, 1.0 / 3.0, 1.0, 7.0, -1.0, f64::NAN, f64::INFINITY];
        let want = ["0%", "50%", "33.33%", "100%", "100%", "0%", "0%", "100%"];
        assert_eq!(parts.map(percent), want);
    }

    #[test]
    fn bins_double_and_leave_no_gap() {
        let bins: Vec<_> = (0..5).map(log_bin).collect();
        assert_eq!(bins, [(0, 0), (1, 1), (2, 3), (4, 7), (8, 15)]);
        assert_eq!(log_bin(64), (1 << 63, u64::MAX - 1));
        for nth in 0..64 {
            assert_eq!(log_bin(nth).1 + 1, log_bin(nth + 1).0);
        }
        assert_eq!(log_bin(1_000), (u64::MAX, u64::MAX));
    }

    #[test]
    fn zero_stands_before_one() {
        let axis = LogAxis::to(2_000);
        assert!(axis.at(0) < axis.at(1) && axis.at(1) < axis.at(2) && axis.at(2_000) < 1.0);
        assert_eq!(axis.ticks(), [0, 1, 10, 100, 1_000]);
        assert_eq!(LogAxis::to(0).ticks(), [0, 1, 10]);
        assert!(LogAxis::to(u64::MAX).ticks().len() <= 8);
    }

    proptest! {
        #[test]
        fn every_axis_holds_its_values(max in prop::num::f64::ANY, steps in 0_usize..12) {
            let axis = Axis::to(max, steps, 1.0);
            prop_assert!(axis.top > 0.0 && axis.ticks.len() <= steps.max(1) * 3 + 2);
            prop_assert!(!max.is_finite() || axis.top >= max * 0.999);
            prop_assert!((0.0..=1.0).contains(&axis.at(max)));
        }
    }
}
