//! The answer, as it stands in JSON. Keys are only ever added.

use super::{
    groups::{Group, WinnersAndLosers, groups},
    jobs::Jobs,
    tally::{JobTally, LABELS, Moves, RECOMMENDATIONS, Tally},
};
use crate::nights::Meta;
use serde::Serialize;
use talvix_engine::model::Weights;

/// What other weights change.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// What was scored again.
    pub source: Source,
    /// The weights of both sides.
    pub weights: Sides<serde_json::Value>,
    /// Users.
    pub users: Users,
    /// What a snapshot cannot know; null of a dataset.
    pub unsure: Option<Unsure>,
    /// Kept pairs.
    pub pairs: Pairs,
    /// Jobs in both lists of a user over jobs in either: the mean over users with a match; null
    /// without such users.
    pub overlap_mean: Option<f64>,
    /// Over how many users.
    pub overlap_users: u64,
    /// Spearman's rank correlation of the jobs in both lists of a user: the mean over users with
    /// at least two; null without such users.
    pub spearman_mean: Option<f64>,
    /// Over how many users.
    pub spearman_users: u64,
    /// Labels of pairs in both lists, best first.
    pub labels: Vec<Move>,
    /// Recommendations of pairs in both lists, best first.
    pub recommendations: Vec<Move>,
    /// Kept pairs by role family of the job, most rows first.
    pub role_families: Vec<Group>,
    /// Kept pairs by city of the job's market, most rows first.
    pub cities: Vec<Group>,
    /// The jobs that are kept more often, and those that are kept less often.
    pub jobs: WinnersAndLosers,
    /// What makes the answer less than it looks.
    pub warnings: Vec<String>,
}

/// What was scored again.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    /// The kept pairs of a published run.
    Snapshot(Meta),
    /// A dataset, in full.
    Dataset(DatasetSource),
}

/// A dataset.
#[derive(Debug, Serialize)]
pub struct DatasetSource {
    /// Its folder.
    pub dataset: String,
    /// The instant whose week it is.
    pub as_of: String,
    /// The week of the model.
    pub week: String,
    /// The model.
    pub model_id: String,
}

/// Before and after.
#[derive(Debug, Serialize)]
pub struct Sides<T> {
    /// Under the run's weights.
    pub before: T,
    /// Under the other weights.
    pub after: T,
}

/// How many users.
#[derive(Debug, Serialize)]
pub struct Users {
    /// All who were scored.
    pub scored: u64,
    /// With a match.
    pub with_matches: Sides<u64>,
    /// Another best match.
    pub top1_changed: u64,
    /// Other jobs among the first three.
    pub top3_changed: u64,
    /// Other jobs in the list.
    pub jobs_changed: u64,
    /// The same jobs in another order.
    pub order_changed: u64,
    /// The same jobs in the same order.
    pub unchanged: u64,
    /// At least one job came.
    pub gained: u64,
    /// At least one job went.
    pub lost: u64,
}

/// For how many users a pair that the snapshot does not hold may matter.
#[derive(Debug, Serialize)]
pub struct Unsure {
    /// It may be the best match.
    pub top1: u64,
    /// It may be among the first three.
    pub top3: u64,
    /// It may be in the list.
    pub list: u64,
    /// Users whose list was full: pairs are known to have been cut off.
    pub full_lists: u64,
}

/// How many kept pairs.
#[derive(Debug, Serialize)]
pub struct Pairs {
    /// Under the run's weights.
    pub before: u64,
    /// Under the other weights.
    pub after: u64,
    /// In both.
    pub both: u64,
    /// That came.
    pub gained: u64,
    /// That went.
    pub lost: u64,
    /// In both, with another fit score.
    pub scores_changed: u64,
}

/// Pairs in both lists whose word went from one to another, or stayed.
#[derive(Debug, Serialize)]
pub struct Move {
    /// Under the run's weights.
    pub before: &'static str,
    /// Under the other weights.
    pub after: &'static str,
    /// How many.
    pub pairs: u64,
}

impl Answer {
    /// Puts together what was counted.
    pub fn new(
        source: Source,
        (before, after): (Weights, Weights),
        tally: &Tally,
        jobs: &Jobs,
        warnings: Vec<String>,
        num_named: usize,
    ) -> Self {
        let all = tally.jobs.iter().copied().fold(JobTally::default(), JobTally::plus);
        let is_snapshot = matches!(source, Source::Snapshot(_));
        Answer {
            source,
            weights: Sides { before: before.to_file(), after: after.to_file() },
            users: Users {
                scored: tally.users,
                with_matches: Sides {
                    before: tally.with_matches_before,
                    after: tally.with_matches_after,
                },
                top1_changed: tally.top1_changed,
                top3_changed: tally.top3_changed,
                jobs_changed: tally.jobs_changed,
                order_changed: tally.order_changed,
                unchanged: tally.users - tally.jobs_changed - tally.order_changed,
                gained: tally.gained,
                lost: tally.lost,
            },
            unsure: is_snapshot.then_some(Unsure {
                top1: tally.unsure_top1,
                top3: tally.unsure_top3,
                list: tally.unsure_list,
                full_lists: tally.full_before,
            }),
            pairs: Pairs {
                before: all.before,
                after: all.after,
                both: tally.pairs_both,
                gained: all.gained,
                lost: all.lost,
                scores_changed: tally.scores_changed,
            },
            overlap_mean: tally.overlap.value(),
            overlap_users: tally.overlap.count,
            spearman_mean: tally.spearman.value(),
            spearman_users: tally.spearman.count,
            labels: moves(&LABELS, &tally.labels),
            recommendations: moves(&RECOMMENDATIONS, &tally.recommendations),
            role_families: groups(&jobs.families, &jobs.family, tally),
            cities: groups(&jobs.cities, &jobs.city, tally),
            jobs: WinnersAndLosers::of(jobs, tally, num_named),
            warnings,
        }
    }
}

fn moves(words: &[&'static str; 3], moves: &Moves) -> Vec<Move> {
    let each = words.iter().zip(moves);
    each.flat_map(|(before, row)| {
        words.iter().zip(row).map(|(after, pairs)| Move { before, after, pairs: *pairs })
    })
    .collect()
}
