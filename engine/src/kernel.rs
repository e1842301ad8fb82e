//! All candidates of a user: which pairs a user keeps.
//!
//! [`scalar`] is the meaning, [`lanes`] the same bits sooner.

pub mod lanes;
pub mod scalar;

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
}
