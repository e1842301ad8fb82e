//! A user's matches before and after, and how far apart they are.

use super::unseen::Unseen;

/// A match: a job and its raw score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// The job, by its number.
    pub job: u32,
    /// Score before rounding, in bp.
    pub raw_bp: u32,
}

/// A user's matches under both weights, each best first.
#[derive(Clone, Copy, Debug)]
pub struct UserLists<'a> {
    /// The user's id as 36 characters.
    pub user_id: &'a str,
    /// How many matches the user may keep.
    pub k: usize,
    /// Under the run's weights.
    pub before: &'a [Match],
    /// Under the other weights.
    pub after: &'a [Match],
    /// The best that a pair which is not among `before` could score after; none where every pair
    /// is known.
    pub unseen: Option<Unseen>,
}

/// How two lists of a user compare.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Distance {
    /// The best match is another one, or there is one on one side only.
    pub top1_changed: bool,
    /// The first three are other jobs, in whatever order.
    pub top3_changed: bool,
    /// The lists hold other jobs.
    pub jobs_changed: bool,
    /// They hold the same jobs in another order.
    pub order_changed: bool,
    /// Jobs in both.
    pub num_common: usize,
    /// Jobs in both over jobs in either; none where both lists are empty.
    pub overlap: Option<f64>,
    /// Spearman's rank correlation of the jobs in both; none where these are fewer than two.
    pub spearman: Option<f64>,
}

impl Distance {
    /// Compares lists, each best first and without a job twice.
    pub fn new(before: &[Match], after: &[Match]) -> Self {
        let place_after: Vec<Option<usize>> =
            before.iter().map(|pair| after.iter().position(|now| now.job == pair.job)).collect();
        let common: Vec<usize> = place_after.iter().copied().flatten().collect();
        let num_common = common.len();
        let in_either = before.len() + after.len() - num_common;
        let jobs_changed = num_common < before.len() || num_common < after.len();
        let first = |matches: &[Match]| matches.first().map(|pair| pair.job);
        Distance {
            top1_changed: first(before) != first(after),
            top3_changed: !same_jobs(top3(before), top3(after)),
            jobs_changed,
            order_changed: !jobs_changed && !common.is_sorted(),
            num_common,
            overlap: (in_either > 0).then(|| num_common as f64 / in_either as f64),
            spearman: spearman(&common),
        }
    }
}

/// The first three, or as many as there are.
fn top3(matches: &[Match]) -> &[Match] {
    &matches[..matches.len().min(3)]
}

fn same_jobs(one: &[Match], other: &[Match]) -> bool {
    one.len() == other.len()
        && one.iter().all(|pair| other.iter().any(|found| found.job == pair.job))
}

/// Spearman's rank correlation: of n jobs in both lists, numbered 1 to n in the order of each,
/// `1 - 6·Σd² / (n·(n² - 1))`, with d the difference of a job's two numbers. No two jobs of a list
/// have one place, so there are no ties. `after` holds the places in the second list, in the order
/// of the first.
fn spearman(after: &[usize]) -> Option<f64> {
    let n = after.len() as u64;
    if n < 2 {
        return None;
    }
    // The place of a job among those in both.
    let rank = |place: usize| after.iter().filter(|other| **other < place).count() as u64;
    let squares: u64 =
        after.iter().zip(0_u64..).map(|(place, before)| rank(*place).abs_diff(before).pow(2)).sum();
    Some(1.0 - (6 * squares) as f64 / (n * (n * n - 1)) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(before: &[u32], after: &[u32]) -> Distance {
        let matches = |jobs: &[u32]| -> Vec<Match> {
            jobs.iter().map(|&job| Match { job, raw_bp: 5_000 }).collect()
        };
        Distance::new(&matches(before), &matches(after))
    }

    #[test]
    fn distances_by_hand() {
        let same = distance(&[1, 2, 3], &[1, 2, 3]);
        assert!(!same.top1_changed && !same.top3_changed);
        assert!(!same.jobs_changed && !same.order_changed);
        assert_eq!((same.overlap, same.spearman), (Some(1.0), Some(1.0)));

        let turned = distance(&[1, 2, 3], &[3, 2, 1]);
        assert!(turned.top1_changed && !turned.top3_changed);
        assert!(!turned.jobs_changed && turned.order_changed);
        assert_eq!((turned.overlap, turned.spearman), (Some(1.0), Some(-1.0)));

        // In both: 1 and 4, in the same order.
        let other = distance(&[1, 2, 3, 4], &[1, 4, 5]);
        assert!(!other.top1_changed && other.top3_changed);
        assert!(other.jobs_changed && !other.order_changed);
        assert_eq!((other.num_common, other.overlap, other.spearman), (2, Some(0.4), Some(1.0)));

        // Places 2, 1, 4, 3: d² are 1, 1, 1, 1; 1 - 24/60.
        assert_eq!(distance(&[1, 2, 3, 4], &[2, 1, 4, 3]).spearman, Some(0.6));
    }

    #[test]
    fn empty_lists_have_no_distance() {
        let none = distance(&[], &[]);
        assert_eq!(none, Distance::default());
        let gone = distance(&[1], &[]);
        assert!(gone.top1_changed && gone.top3_changed && gone.jobs_changed);
        assert_eq!((gone.overlap, gone.spearman), (Some(0.0), None));
    }
}
