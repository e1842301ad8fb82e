//! Draws that are the same on any machine: a counter-based generator and integer arithmetic only.

use std::fmt::Write;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use uuid::{Builder, Uuid};

/// What a draw is for. A row's draws depend on the seed, the night, this and the row's number
/// alone, so rows can be made in any order and on any number of threads.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    Jobs = 1,
    Users = 2,
    Benchmarks = 3,
    Runs = 4,
    Cleaning = 5,
    JobChanges = 6,
    UserChanges = 7,
}

/// The draws of one row.
pub(crate) struct Draw(ChaCha8Rng);

impl Draw {
    pub(crate) fn new(seed: u64, night: u32, stream: Stream, index: usize) -> Self {
        let mut key = [0; 32];
        let words = [seed, u64::from(night), stream as u64, index as u64];
        for (bytes, word) in key.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// `0 .. n`; 0 for an `n` of 0. The bias of the multiplication is below `n / 2^64`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        let wide = u128::from(self.0.next_u64()) * u128::from(n);
        (wide >> 64) as u64
    }

    /// `low ..= high`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low) as u64 + 1) as i64
    }

    /// True `share` times in a thousand.
    pub(crate) fn per_mille(&mut self, share: u64) -> bool {
        self.below(1000) < share
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize].clone()
    }

    /// The index of a share: `[20, 60, 20]` gives 1 in 60 of 100 draws.
    pub(crate) fn share(&mut self, shares: &[u64]) -> usize {
        let mut at = self.below(shares.iter().sum());
        for (index, share) in shares.iter().enumerate() {
            if at < *share {
                return index;
            }
            at -= share;
        }
        0
    }

    pub(crate) fn uuid(&mut self) -> Uuid {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        Builder::from_random_bytes(bytes).into_uuid()
    }

    /// 64 lower-case hex digits, as a SHA-256 has them.
    pub(crate) fn hash(&mut self) -> String {
        let mut bytes = [0; 32];
        self.0.fill_bytes(&mut bytes);
        hex(&bytes)
    }
}

/// Lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Ranks with falling shares: rank `r` (from 0) in proportion to `1 / (r + 1 + flat)`.
pub(crate) struct Zipf {
    cumulative: Vec<u64>,
}

impl Zipf {
    pub(crate) fn new(ranks: usize, flat: u64) -> Self {
        let mut total = 0;
        let cumulative = (1..=ranks as u64)
            .map(|rank| {
                total += 1_000_000_000 / (rank + flat);
                total
            })
            .collect();
        Self { cumulative }
    }

    pub(crate) fn draw(&self, draw: &mut Draw) -> usize {
        let at = draw.below(self.cumulative.last().copied().unwrap_or(0));
        self.cumulative.partition_point(|sum| *sum <= at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_same_draws_wherever_it_is_made() {
        let draws = |index| {
            let mut draw = Draw::new(7, 1, Stream::Jobs, index);
            (draw.below(1000), draw.between(-5, 5), draw.uuid(), draw.hash())
        };
        assert_eq!(draws(3), draws(3));
        assert_ne!(draws(3), draws(4));
        let mut first = Draw::new(1, 1, Stream::Jobs, 0);
        assert_eq!(
            first.below(u64::MAX),
            7_265_308_578_580_508_705,
            "the stream is part of the format"
        );
    }

    #[test]
    fn ranks_fall_and_stay_in_range() {
        let zipf = Zipf::new(5, 0);
        let mut draw = Draw::new(1, 1, Stream::Jobs, 0);
        let mut counts = [0; 5];
        for _ in 0..10_000 {
            counts[zipf.draw(&mut draw)] += 1;
        }
        assert!(counts.is_sorted_by(|a, b| a > b), "{counts:?}");
    }

    #[test]
    fn hashes_look_like_sha256() {
        let hash = Draw::new(1, 1, Stream::Jobs, 0).hash();
        assert_eq!(hash.len(), 64);
        assert!(hash.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()));
    }
}
