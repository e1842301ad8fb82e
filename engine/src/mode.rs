//! Full or delta, per user.

use crate::{
    columns::{ScrapeRuns, StoredPair},
    explain::Explainer,
    ids::UserNo,
    week::IsoWeek,
};

/// Why a user needs a full scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FullReason {
    /// It was asked for.
    Asked,
    /// The model was pinned after the user was scored.
    ModelPinned,
    /// The user's data changed.
    Stale,
    /// There is no cursor, or it names no scrape run.
    NoCursor,
    /// The cursor is of another week.
    OtherWeek,
    /// The cursor is from a time after this run.
    ScoredLater,
    /// A scrape run that a night has scored is newer than the cursor's.
    CursorLags,
    /// What is stored does not come out again.
    StoredDiffers,
}

impl FullReason {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            FullReason::Asked => "asked",
            FullReason::ModelPinned => "model_pinned",
            FullReason::Stale => "stale",
            FullReason::NoCursor => "no_cursor",
            FullReason::OtherWeek => "other_week",
            FullReason::ScoredLater => "scored_later",
            FullReason::CursorLags => "cursor_lags",
            FullReason::StoredDiffers => "stored_differs",
        }
    }
}

/// Which jobs a user is scored with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Every scoreable job.
    Full(FullReason),
    /// The new jobs, and those stored for the user this week.
    Delta,
}

/// What the modes of all users depend on.
#[derive(Clone, Copy, Debug)]
pub struct ModeRules<'a> {
    /// The run's instant, in microseconds since the Unix epoch.
    pub as_of_us: i64,
    /// When the week's model was pinned.
    pub pinned_at_us: i64,
    /// This run pinned it.
    pub pinned_now: bool,
    /// Everyone is full.
    pub full_asked: bool,
    /// The scrape runs.
    pub scrape_runs: &'a ScrapeRuns,
}

impl ModeRules<'_> {
    /// The mode of a user who can be scored, with what is stored for the user this week and who
    /// scores that once more.
    #[must_use]
    pub fn of(&self, explainer: Explainer<'_>, user: UserNo, stored: &[StoredPair]) -> Mode {
        match self.full_reason(explainer, user, stored) {
            Some(reason) => Mode::Full(reason),
            None => Mode::Delta,
        }
    }

    /// Whether everybody is full, whatever is stored.
    #[must_use]
    pub fn all_full(&self) -> bool {
        self.full_asked || self.pinned_now
    }

    fn full_reason(
        &self,
        explainer: Explainer<'_>,
        user: UserNo,
        stored: &[StoredPair],
    ) -> Option<FullReason> {
        let users = explainer.inputs.users;
        if self.full_asked {
            return Some(FullReason::Asked);
        }
        if self.pinned_now {
            return Some(FullReason::ModelPinned);
        }
        if users.fit_scores_stale[user.ix()] {
            return Some(FullReason::Stale);
        }
        let cursor = users.cursor[user.ix()]
            .and_then(|cursor| Some((cursor.last_scrape_run_id?, cursor.last_scored_at_us?)))
            .and_then(|(run, scored_at)| Some((self.scrape_runs.get(&run)?, scored_at)));
        let Some((run, scored_at_us)) = cursor else { return Some(FullReason::NoCursor) };
        if IsoWeek::of_us(scored_at_us) != Some(explainer.week) {
            return Some(FullReason::OtherWeek);
        }
        if scored_at_us > self.as_of_us {
            return Some(FullReason::ScoredLater);
        }
        // A run that was stopped after it pinned a model leaves users scored with the one before.
        if scored_at_us < self.pinned_at_us {
            return Some(FullReason::ModelPinned);
        }
        if self.scrape_runs.newest_scored_us().is_some_and(|newest| run.started_at_us < newest) {
            return Some(FullReason::CursorLags);
        }
        (!comes_out_again(explainer, user, stored)).then_some(FullReason::StoredDiffers)
    }
}

/// Whether scoring the stored pairs once more gives the stored rows.
fn comes_out_again(explainer: Explainer<'_>, user: UserNo, stored: &[StoredPair]) -> bool {
    let inputs = explainer.inputs;
    stored.len() <= inputs.users.tier[user.ix()].k()
        && stored.iter().all(|pair| {
            let Some(job) = pair.job else { return false };
            let Ok(raw_bp) = inputs.raw_bp(user, job) else { return false };
            raw_bp >= inputs.model.weights.cut_raw_bp()
                && explainer.row(user, job, raw_bp).digest == pair.digest
        })
}
