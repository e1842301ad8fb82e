//! The one total order of a user's pairs, and a bounded collector of the best.

use std::cmp::Reverse;

/// A pair's place in the one total order of a user's pairs: raw score descending, then the job's
/// rank ascending.
///
/// A job's rank is its place among all scoreable jobs by (`posted_at` descending with nulls last,
/// id ascending), so the rank names the job and no two keys of a user are equal. A greater key is
/// a better pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PairKey(u64);

impl PairKey {
    /// The key of a pair.
    #[must_use]
    pub fn new(raw_bp: u32, rank: u32) -> Self {
        PairKey(u64::from(raw_bp) << 32 | u64::from(!rank))
    }

    /// The raw score.
    #[must_use]
    pub fn raw_bp(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The job's rank.
    #[must_use]
    pub fn rank(self) -> u32 {
        !(self.0 as u32)
    }
}

/// The best `k` of the keys pushed, whatever their order.
///
/// Sorted insertion: for the few dozen that a user may keep it beats a heap, and the pairs come
/// out in order.
#[derive(Clone, Debug)]
pub struct TopK {
    k: usize,
    least_raw_bp: u32,
    /// Best first.
    keys: Vec<PairKey>,
}

impl TopK {
    /// Collects at most `k` keys, none with a raw score below `least_raw_bp`.
    #[must_use]
    pub fn new(k: usize, least_raw_bp: u32) -> Self {
        TopK { k, least_raw_bp, keys: Vec::with_capacity(k.min(64)) }
    }

    /// The least raw score that can still enter; a key with just this score may yet lose by rank.
    #[must_use]
    pub fn threshold_bp(&self) -> u32 {
        match self.keys.last() {
            _ if self.k == 0 => u32::MAX,
            Some(last) if self.keys.len() == self.k => last.raw_bp(),
            _ => self.least_raw_bp,
        }
    }

    /// Offers a key.
    pub fn push(&mut self, key: PairKey) {
        if key.raw_bp() < self.threshold_bp() {
            return;
        }
        if self.keys.len() == self.k {
            match self.keys.last() {
                Some(&last) if key > last => self.keys.pop(),
                _ => return,
            };
        }
        let at = self.keys.partition_point(|&kept| kept > key);
        self.keys.insert(at, key);
    }

    /// The kept keys, best first.
    #[must_use]
    pub fn into_keys(self) -> Vec<PairKey> {
        self.keys
    }
}

/// Ranks jobs by (`posted_at` descending with nulls last, id ascending): `rank[job]`.
#[must_use]
pub fn ranks(posted_at_us: &[Option<i64>], ids: &[crate::ids::Uuid]) -> Vec<u32> {
    let mut jobs: Vec<u32> = (0..ids.len() as u32).collect();
    jobs.sort_unstable_by_key(|&job| {
        let job = job as usize;
        (posted_at_us[job].is_none(), Reverse(posted_at_us[job]), ids[job])
    });
    let mut ranks = vec![0; jobs.len()];
    for (rank, &job) in jobs.iter().enumerate() {
        ranks[job as usize] = rank as u32;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranks_newest_first_nulls_last_then_id() {
        let ids = [[3; 16], [2; 16], [1; 16], [0; 16]];
        let ranks = ranks(&[None, Some(5), Some(5), Some(9)], &ids);
        assert_eq!(ranks, [3, 2, 1, 0]);
    }

    proptest! {
        #[test]
        fn equals_sort_and_cut(
            pairs in proptest::collection::btree_map(any::<u32>(), 0_u32..50, 0..200),
            k in prop::sample::select(vec![0_usize, 1, 3, 25, 1_000]),
            least in 0_u32..60,
        ) {
            let keys: Vec<_> = pairs.iter().map(|(&rank, &raw)| PairKey::new(raw, rank)).collect();
            let mut topk = TopK::new(k, least);
            for &key in &keys {
                topk.push(key);
            }

            let mut sorted: Vec<_> = pairs.into_iter().filter(|(_, raw)| *raw >= least).collect();
            sorted.sort_by_key(|&(rank, raw)| (Reverse(raw), rank));
            sorted.truncate(k);
            let kept: Vec<_> = topk.into_keys().iter().map(|key| (key.rank(), key.raw_bp())).collect();
            prop_assert_eq!(kept, sorted);
        }
    }
}
