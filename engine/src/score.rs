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
use std::{cell::RefCell, ops::Range, sync::OnceLock};
use thread_local::ThreadLocal;

/// Users that one task takes at a time: enough to make the row builders pay, few enough to share a
/// chunk of 5 000 evenly.
const USERS_PER_TASK: usize = 128;

/// A user who was scored.
#[derive(Clone, Debug)]
pub struct ScoredUser {
    /// Who.
    pub user: UserNo,
    /// With which jobs.
    pub mode: Mode,
    /// Pairs that passed the prefilter.
    pub num_prefiltered: u64,
    /// Pairs that were scored exactly.
    pub num_scored: u64,
    /// How long that took, by the scorer's clock.
    pub nanoseconds: u64,
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

/// Nanoseconds since whenever: the engine itself knows no time.
pub type Clock = fn() -> u64;

/// Tonight's jobs and model, indexed and ready to score whoever comes.
#[derive(Debug)]
pub struct Scorer<'a> {
    jobs: &'a JobColumns,
    model: &'a ModelOnJobs,
    week: IsoWeek,
    processor: Processor,
    clock: Clock,
    all_jobs: OnceLock<JobIndex>,
    new_jobs: OnceLock<JobIndex>,
}

impl<'a> Scorer<'a> {
    /// Prepares to score. The jobs are indexed when the first user asks for it.
    #[must_use]
    pub fn new(
        jobs: &'a JobColumns,
        model: &'a ModelOnJobs,
        week: IsoWeek,
        processor: Processor,
    ) -> Self {
        let (all_jobs, new_jobs) = (OnceLock::new(), OnceLock::new());
        Scorer { jobs, model, week, processor, clock: || 0, all_jobs, new_jobs }
    }

    /// Times each user by a clock, which costs two looks at it.
    #[must_use]
    pub fn timed_by(self, clock: Clock) -> Self {
        Scorer { clock, ..self }
    }

    /// What the jobs of a full scan are laid out as.
    fn all_jobs(&self) -> &JobIndex {
        self.all_jobs.get_or_init(|| JobIndex::new(self.jobs, self.model, self.jobs.numbers()))
    }

    /// The same for a delta's.
    fn new_jobs(&self) -> &JobIndex {
        self.new_jobs.get_or_init(|| {
            let new = self.jobs.numbers().filter(|job| self.jobs.is_new[job.ix()]);
            JobIndex::new(self.jobs, self.model, new)
        })
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
            let mut roles = of.roles.row(user).iter();
            let city = of.cities.row(user).first().map(|city| city.0);
            (roles.next().copied(), roles.next().copied(), of.level[user], city, at)
        };
        let mut order: Vec<_> = (0..users.len() as u32).map(profile).collect();
        order.sort_unstable();

        // Before the users are shared out, so that no thread waits for another one's index.
        let is_full = |(_, mode): &(UserNo, Mode)| matches!(mode, Mode::Full(_));
        let all_jobs = users.iter().any(is_full).then(|| self.scorer.all_jobs());
        let new_jobs = (!users.iter().all(is_full)).then(|| self.scorer.new_jobs());
        // Of each thread: rayon begins anew wherever one takes work from another.
        let scratches = ThreadLocal::new();
        let new_scratches = || {
            RefCell::new(Scratches {
                all_jobs: all_jobs.map(|index| self.scratch(index)),
                new_jobs: new_jobs.map(|index| self.scratch(index)),
            })
        };
        let scored: Vec<(u32, UserScores)> = order
            .into_par_iter()
            .with_min_len(USERS_PER_TASK)
            .map(|(.., at)| {
                let mut scratches = scratches.get_or(new_scratches).borrow_mut();
                let (user, mode) = users[at as usize];
                let began = (self.scorer.clock)();
                let mut scores = self.user(user, mode, &mut scratches);
                scores.nanoseconds = (self.scorer.clock)().saturating_sub(began);
                (at, scores)
            })
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
            scored.push(ScoredUser {
                user,
                mode,
                num_prefiltered: scores.num_prefiltered,
                num_scored: scores.num_scored,
                nanoseconds: scores.nanoseconds,
                rows: start..rows.len(),
            });
        }
        ScoredBlock { users: scored, rows: rows.finish(), num_prefiltered, num_scored }
    }

    fn user(&self, user: UserNo, mode: Mode, scratches: &mut Scratches<'_>) -> UserScores {
        let by_index = match mode {
            Mode::Full(_) => &mut scratches.all_jobs,
            Mode::Delta => &mut scratches.new_jobs,
        };
        let Some((index, scratch)) = by_index else { unreachable!("indexed for this mode") };
        let scores = lanes::score_user(self.inputs, index, user, scratch);
        match mode {
            Mode::Full(_) => scores,
            Mode::Delta => self.with_stored(user, scores, self.stored.of(user)),
        }
    }

    fn scratch<'b>(&self, index: &'b JobIndex) -> (&'b JobIndex, lanes::Scratch) {
        (index, lanes::Scratch::new(index, self.scorer.processor))
    }

    /// The best of the new jobs and of those stored.
    fn with_stored(&self, user: UserNo, new: UserScores, stored: &[StoredPair]) -> UserScores {
        let Inputs { jobs, users, model } = self.inputs;
        let mut topk = TopK::new(users.tier[user.ix()].k(), model.weights.cut_raw_bp());
        let UserScores { kept, mut num_prefiltered, mut num_scored, .. } = new;
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
        UserScores { kept: topk.into_keys(), num_prefiltered, num_scored, nanoseconds: 0 }
    }
}

/// The indexes that users need, each with room to scan it.
struct Scratches<'a> {
    all_jobs: Option<(&'a JobIndex, lanes::Scratch)>,
    new_jobs: Option<(&'a JobIndex, lanes::Scratch)>,
}
