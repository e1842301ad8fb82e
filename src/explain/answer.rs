//! What is said about a user's pairs: its JSON is documented in `docs/explain.md`, and its keys are
//! only ever added to.

use super::asked::AskedJob;
use serde::Serialize;
use std::collections::HashMap;
use talvix_engine::{
    breakdown::{Breakdown, JobFacts, Scored, Stopped},
    columns::SkipReason,
    ids::{JobNo, UserNo, Uuid, uuid_text},
    model::ScoringModel,
    ranking::{Cut, CutBy, Ranking, Standing},
    topk::PairKey,
};
use talvix_loader::lookup::{JobState, StoredScore};

/// How many pairs that just missed are shown besides the kept ones.
const NUM_MISSED: usize = 3;

/// Which model scores.
#[derive(Clone, Debug, Serialize)]
pub struct ModelFacts {
    /// The week.
    pub week: String,
    /// `sha256:` and the hash of its content.
    pub model_id: String,
    /// It is pinned; else it is what a run now would pin.
    pub is_pinned: bool,
    /// The instant of the run that pinned it, RFC 3339.
    pub pinned_at: Option<String>,
    /// How many scoreable jobs it counted.
    pub num_model_jobs: u32,
}

impl ModelFacts {
    /// What is to be said of a model.
    pub fn new(model: &ScoringModel, is_pinned: bool) -> Self {
        let pinned_at = jiff::Timestamp::from_microsecond(model.pinned_at_us).ok();
        ModelFacts {
            week: model.week.to_string(),
            model_id: model.id(),
            is_pinned,
            pinned_at: pinned_at.filter(|_| is_pinned).map(|at| at.to_string()),
            num_model_jobs: model.num_jobs,
        }
    }
}

/// A user's pairs.
#[derive(Debug, Serialize)]
pub struct Answer<'a> {
    /// Who.
    pub user_id: String,
    /// `free` or `paid`.
    pub tier: &'static str,
    /// How many pairs the tier keeps.
    pub max_kept: usize,
    /// With what.
    #[serde(flatten)]
    pub model: ModelFacts,
    /// Why the user is not scored.
    pub skipped: Option<&'static str>,
    /// How many jobs can be scored now.
    pub num_jobs: usize,
    /// How many of them pass the prefilter.
    pub num_candidates: usize,
    /// How many of them are kept.
    pub num_kept: usize,
    /// What a pair must reach to be kept; none for a user who is not scored.
    pub cut: Option<Cut>,
    /// The pairs: in the order asked for, else best first.
    pub pairs: Vec<Pair<'a>>,
}

/// What becomes of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is kept.
    Kept,
    /// It is good enough, but so many are better.
    BelowLastKept,
    /// It is below the least score that is kept.
    BelowMinimum,
    /// A rule of the prefilter stops it.
    Stopped,
    /// The job cannot be scored.
    JobNotScoreable,
}

/// A pair.
#[derive(Debug, Serialize)]
pub struct Pair<'a> {
    /// Which job.
    pub job_id: String,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Why the job cannot be scored: `not_active`, `not_cleaned`, `no_role_family`.
    pub not_scoreable: Vec<&'static str>,
    /// What the job is, where it can be scored.
    pub job: Option<JobFacts<'a>>,
    /// The first rule that stops the pair.
    pub stopped: Option<Stopped<'a>>,
    /// What its score is made of.
    pub score: Option<Scored<'a>>,
    /// Where it stands.
    pub standing: Option<Standing>,
    /// What is stored of it this week.
    pub stored: Option<Stored>,
}

/// What is stored of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Stored {
    /// The points.
    pub fit_score: i32,
    /// All of the row is what a run now would store; else the next run changes or removes it.
    pub is_current: bool,
}

impl<'a> Answer<'a> {
    /// The pairs with these jobs; with none, those that are kept and those that just missed.
    pub fn new(
        breakdown: Breakdown<'a>,
        user: UserNo,
        model: ModelFacts,
        ranking: &Ranking,
        asked: &[AskedJob],
        stored: &HashMap<Uuid, StoredScore>,
    ) -> Self {
        let of = PairsOf { breakdown, user, ranking, stored };
        let num_kept = ranking.num_kept();
        let num_shown = ranking.keys().len().min(num_kept + NUM_MISSED);
        let best = ranking.keys()[..num_shown].iter();
        let pairs = if asked.is_empty() {
            best.map(|key| of.scoreable(of.job_of(*key))).collect()
        } else {
            asked.iter().map(|job| of.asked(*job)).collect()
        };
        Answer {
            num_candidates: ranking.keys().len(),
            num_kept,
            cut: Some(ranking.cut()),
            pairs,
            ..Answer::of(breakdown, user, model)
        }
    }

    /// A user who is not scored.
    pub fn skipped(
        breakdown: Breakdown<'a>,
        user: UserNo,
        model: ModelFacts,
        reason: SkipReason,
    ) -> Self {
        Answer { skipped: Some(reason.name()), ..Answer::of(breakdown, user, model) }
    }

    fn of(breakdown: Breakdown<'a>, user: UserNo, model: ModelFacts) -> Self {
        let users = breakdown.explainer.inputs.users;
        let tier = users.tier[user.ix()];
        Answer {
            user_id: uuid_text(&users.id[user.ix()]),
            tier: tier.name(),
            max_kept: tier.k(),
            model,
            skipped: None,
            num_jobs: breakdown.explainer.inputs.jobs.len(),
            num_candidates: 0,
            num_kept: 0,
            cut: None,
            pairs: Vec::new(),
        }
    }
}

/// Says of a user's pairs, one by one, what there is to say.
struct PairsOf<'a, 'b> {
    breakdown: Breakdown<'a>,
    user: UserNo,
    ranking: &'b Ranking,
    stored: &'b HashMap<Uuid, StoredScore>,
}

impl<'a> PairsOf<'a, '_> {
    fn asked(&self, job: AskedJob) -> Pair<'a> {
        match job {
            AskedJob::Scoreable(job) => self.scoreable(job),
            AskedJob::Not(id, state) => self.not_scoreable(id, state),
        }
    }

    fn not_scoreable(&self, id: Uuid, state: JobState) -> Pair<'a> {
        let reasons = [
            (state.is_active, "not_active"),
            (state.jd_cleaned, "not_cleaned"),
            (state.has_role_family, "no_role_family"),
        ];
        Pair {
            job_id: uuid_text(&id),
            outcome: Outcome::JobNotScoreable,
            not_scoreable: reasons
                .iter()
                .filter(|(holds, _)| !holds)
                .map(|(_, why)| *why)
                .collect(),
            job: None,
            stopped: None,
            score: None,
            standing: None,
            stored: self.stored(&id, None),
        }
    }

    fn scoreable(&self, job: JobNo) -> Pair<'a> {
        let jobs = self.breakdown.explainer.inputs.jobs;
        let id = jobs.id[job.ix()];
        let (score, stopped) = match self.breakdown.pair(self.user, job) {
            Ok(score) => (Some(score), None),
            Err(stopped) => (None, Some(stopped)),
        };
        let key = score.as_ref().map(|score| PairKey::new(score.raw_bp, jobs.rank[job.ix()]));
        let standing = key.and_then(|key| self.ranking.standing(key));
        let outcome = match standing {
            None => Outcome::Stopped,
            Some(Standing { is_kept: true, .. }) => Outcome::Kept,
            Some(_) => match self.ranking.cut().by {
                CutBy::MinimumScore => Outcome::BelowMinimum,
                CutBy::LastKept => Outcome::BelowLastKept,
            },
        };
        let kept = score.as_ref().filter(|_| outcome == Outcome::Kept);
        let stored = self.stored(&id, kept);
        Pair {
            job_id: uuid_text(&id),
            outcome,
            not_scoreable: Vec::new(),
            job: Some(self.breakdown.job(job)),
            stopped,
            score,
            standing,
            stored,
        }
    }

    fn stored(&self, job: &Uuid, kept: Option<&Scored<'_>>) -> Option<Stored> {
        let stored = self.stored.get(job)?;
        let is_current = kept.is_some_and(|score| score.digest == stored.digest);
        Some(Stored { fit_score: stored.fit_score, is_current })
    }

    fn job_of(&self, key: PairKey) -> JobNo {
        self.breakdown.explainer.inputs.jobs.by_rank[key.rank() as usize]
    }
}
