//! All candidates of a user: which pairs a user keeps.
//!
//! [`scalar`] is the meaning, [`lanes`] the same bits sooner.

#[cfg(target_arch = "x86_64")]
mod avx512;
mod bounds;
pub mod lanes;
mod prefetch;
mod processor;
pub mod scalar;
mod user_lanes;

pub use processor::Processor;

use crate::topk::PairKey;

/// The pairs that a user keeps, and how many were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserScores {
    /// Best first.
    pub kept: Vec<PairKey>,
    /// Pairs that pass the prefilter.
    pub num_prefiltered: u64,
    /// Pairs that were scored exactly.
    pub num_scored: u64,
    /// How long that took, where somebody has looked at a clock.
    pub nanoseconds: u64,
}
