//! Everything for many users: the only parallel code.

use crate::{
    columns::{JobColumns, StoredPair, StoredPairs, UserColumns},
    explain::Explainer,
    ids::UserNo,
    index::JobIndex,
    kernel::{Processor, UserScores, lanes},
    mode::{Mode, ModeRules},
    model::ModelOnJobs,
    pair::Inputs,
    rows::{ScoreRows, ScoreRowsBuilder},
    topk::{PairKey, TopK},
    week::IsoWeek,
};
use rayon::prelude::*;
use std::ops::Range;

/// Users that one task takes at a time: enough to make the scratch room and the row builders pay,
/// few enough to share a chunk of 5 000 evenly.
const USERS_PER_TASK: usize = 128;

/// A user who was scored.
#[derive(Clone, Debug)]
pub struct ScoredUser {
    /// Who.
    pub user: UserNo,
    /// With which jobs.
    pub mode: Mode,
    /// The user's rows in the block.
    pub rows: Range<usize>,
}

/// Some users in the order asked, with their rows.
#[derive(Clone, Debug)]
pub struct ScoredBlock {
    /// Who.
    pub users: Vec<ScoredUser>,
    /// What is kept for them.
    pub rows: ScoreRows,
    /// Pairs that passed the prefilter.
    pub num_prefiltered: u64,
    /// Pairs that were scored exactly.
    pub num_scored: u64,
}

/// Tonight's jobs and model, indexed and ready to score whoever comes.
#[derive(Debug)]
pub struct Scorer<'a> {
    jobs: &'a JobColumns,
    model: &'a ModelOnJobs,
    week: IsoWeek,
    processor: Processor,
    all_jobs: JobIndex,
    new_jobs: JobIndex,
}

impl<'a> Scorer<'a> {
    /// Indexes the jobs.
    #[must_use]
    pub fn new(
        jobs: &'a JobColumns,
        model: &'a ModelOnJobs,
        week: IsoWeek,
        processor: Processor,
    ) -> Self {
        let (all_jobs, new_jobs) = rayon::join(
            || JobIndex::new(jobs, model, jobs.numbers()),
            || {
                let new = jobs.numbers().filter(|job| jobs.is_new[job.ix()]);
                JobIndex::new(jobs, model, new)
            },
        );
        Scorer { jobs, model, week, processor, all_jobs, new_jobs }
    }

    /// The same for some users, with what is stored for them.
    #[must_use]
    pub fn on<'b>(&'b self, users: &'b UserColumns, stored: &'b StoredPairs) -> ScorerOn<'b> {
        let inputs = Inputs { jobs: self.jobs, users, model: self.model };
        ScorerOn { scorer: self, inputs, stored }
    }
}

/// A scorer, and the users it scores.
#[derive(Clone, Copy, Debug)]
pub struct ScorerOn<'a> {
    scorer: &'a Scorer<'a>,
    inputs: Inputs<'a>,
    stored: &'a StoredPairs,
}

impl<'a> ScorerOn<'a> {
    /// Says what is stored about pairs.
    #[must_use]
    pub fn explainer(&self) -> Explainer<'a> {
        Explainer { inputs: self.inputs, week: self.scorer.week }
    }

    /// The mode of each of these users, in their order.
    #[must_use]
    pub fn modes(&self, rules: &ModeRules<'_>, users: &[UserNo]) -> Vec<Mode> {
        let explainer = self.explainer();
        users.par_iter().map(|&user| rules.of(explainer, user, self.stored.of(user))).collect()
    }

    /// Scores users; blocks and users are in the order given. The result does not depend on the
    /// number of threads.
    #[must_use]
    pub fn score(&self, users: &[(UserNo, Mode)]) -> Vec<ScoredBlock> {
        let mut scores = self.scores(users);
        users
            .par_chunks(USERS_PER_TASK)
            .zip(scores.par_chunks_mut(USERS_PER_TASK))
            .map(|(users, scores)| self.block(users, scores))
            .collect()
    }

    /// What users keep, in the order given. Users who look for the same are scored one after the
    /// other, while what they look at is in the processor's cache.
    #[must_use]
    pub fn scores(&self, users: &[(UserNo, Mode)]) -> Vec<UserScores> {
        let of = self.inputs.users;
        let profile = |at: u32| {
            let user = users[at as usize].0.ix();
            (of.roles.row(user), of.level[user], of.cities.row(user))
        };
        let mut order: Vec<u32> = (0..users.len() as u32).collect();
        order.sort_unstable_by(|a, b| profile(*a).cmp(&profile(*b)));

        let scored: Vec<(u32, UserScores)> = order
            .into_par_iter()
            .with_min_len(USERS_PER_TASK)
            .map_init(
                || Scratches::new(self),
                |scratches, at| {
                    let (user, mode) = users[at as usize];
                    (at, self.user(user, mode, scratches))
                },
            )
            .collect();
        let mut scores = vec![UserScores::default(); users.len()];
        for (at, of_user) in scored {
            scores[at as usize] = of_user;
        }
        scores
    }

    fn block(&self, users: &[(UserNo, Mode)], scores: &mut [UserScores]) -> ScoredBlock {
        let mut rows = ScoreRowsBuilder::new(self.explainer());
        let mut scored = Vec::with_capacity(users.len());
        let (mut num_prefiltered, mut num_scored) = (0, 0);
        for (&(user, mode), scores) in users.iter().zip(scores) {
            num_prefiltered += scores.num_prefiltered;
            num_scored += scores.num_scored;
            let start = rows.len();
            for key in std::mem::take(&mut scores.kept) {
                rows.push(user, key);
            }
            scored.push(ScoredUser { user, mode, rows: start..rows.len() });
        }
        ScoredBlock { users: scored, rows: rows.finish(), num_prefiltered, num_scored }
    }

    fn user(&self, user: UserNo, mode: Mode, scratches: &mut Scratches) -> UserScores {
        match mode {
            Mode::Full(_) => {
                lanes::score_user(self.inputs, &self.scorer.all_jobs, user, &mut scratches.all_jobs)
            }
            Mode::Delta => {
                let new_jobs = &self.scorer.new_jobs;
                let new = lanes::score_user(self.inputs, new_jobs, user, &mut scratches.new_jobs);
                self.with_stored(user, new, self.stored.of(user))
            }
        }
    }

    /// The best of the new jobs and of those stored.
    fn with_stored(&self, user: UserNo, new: UserScores, stored: &[StoredPair]) -> UserScores {
        let Inputs { jobs, users, model } = self.inputs;
        let mut topk = TopK::new(users.tier[user.ix()].k(), model.weights.cut_raw_bp());
        let UserScores { kept, mut num_prefiltered, mut num_scored } = new;
        for key in kept {
            topk.push(key);
        }
        // A job can be both, when a run was stopped before it could say so.
        let not_new =
            stored.iter().filter_map(|pair| pair.job).filter(|job| !jobs.is_new[job.ix()]);
        for job in not_new {
            if let Ok(raw_bp) = self.inputs.raw_bp(user, job) {
                num_prefiltered += 1;
                num_scored += 1;
                topk.push(PairKey::new(raw_bp, jobs.rank[job.ix()]));
            }
        }
        UserScores { kept: topk.into_keys(), num_prefiltered, num_scored }
    }
}

/// Room for both indexes.
struct Scratches {
    all_jobs: lanes::Scratch,
    new_jobs: lanes::Scratch,
}

impl Scratches {
    fn new(on: &ScorerOn<'_>) -> Self {
        Scratches {
            all_jobs: lanes::Scratch::new(&on.scorer.all_jobs, on.scorer.processor),
            new_jobs: lanes::Scratch::new(&on.scorer.new_jobs, on.scorer.processor),
        }
    }
}
