//! The scoring rules of talvix: pure functions over columns. No I/O, no clock, no environment.
//!
//! In data order:
//!
//! - [`ids`]: dense numbers for jobs, users, skills, … and the dictionaries behind them
//! - [`week`]: the ISO week of an instant, in India
//! - [`faults`]: impossible input values, counted by kind
//! - [`skills`]: canonical form, alias table, and the search for skills in a resume's text
//! - [`columns`]: jobs, users and stored pairs as checked columns: the door
//! - [`model`]: weights, rarity, markets, benchmarks: what is pinned for a week
//! - [`components`]: the component formulas, one pair at a time: the meaning
//! - [`pair`]: prefilter and score of one pair: the reference
//! - [`topk`]: the one total order of a user's pairs, and the bounded collector
//! - [`index`]: jobs in buckets, and the candidate ranges of a user
//! - [`kernel`]: all candidates of a user, scalar and in lanes
//! - [`explain`]: labels, recommendations, reasons, strengths, missing skills
//! - [`rows`]: the kept pairs as columns
//! - [`breakdown`]: one pair with everything that its score is made of, or the rule that stops it
//! - [`ranking`]: all of a user's pairs in order: where one stands, and what is near it
//! - [`mode`]: full or delta, per user
//! - [`score`]: everything for many users: the only parallel code

pub mod breakdown;
pub mod columns;
pub mod components;
pub mod explain;
pub mod faults;
pub mod ids;
pub mod index;
pub mod kernel;
pub mod mode;
pub mod model;
pub mod pair;
pub mod ranking;
pub mod rows;
pub mod score;
pub mod skills;
pub mod topk;
pub mod week;
