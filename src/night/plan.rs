//! Who is scored with what, and what that adds up to.

use crate::config::ModeChoice;
use talvix_engine::{
    columns::UserColumns,
    ids::{UserNo, Uuid},
    mode::{FullReason, Mode, ModeRules},
    score::ScorerOn,
};
use talvix_report::run::Users;

/// Decides segment by segment, and counts.
pub struct Plan<'a> {
    choice: ModeChoice,
    rules: ModeRules<'a>,
    /// No scrape run waits and no job is new.
    is_idle: bool,
    /// The users so far.
    pub users: Users,
    /// Users who were skipped or left out, and whose cursors do not ask for a full scan yet. They
    /// have not seen tonight's new jobs, and get one next.
    pub due_in_full: Vec<Uuid>,
    num_scored_later: usize,
}

impl<'a> Plan<'a> {
    /// A plan for nobody yet.
    pub fn new(choice: ModeChoice, rules: ModeRules<'a>, is_idle: bool) -> Self {
        Plan {
            choice,
            rules,
            is_idle,
            users: Users::default(),
            due_in_full: Vec::new(),
            num_scored_later: 0,
        }
    }

    /// Decides for the users of a segment: whom to score, in the order of their ids, and how.
    pub fn add(&mut self, users: &UserColumns, scorer: ScorerOn<'_>) -> Vec<(UserNo, Mode)> {
        let mut scoreable = Vec::new();
        for user in users.numbers() {
            match users.skip[user.ix()] {
                Some(reason) => {
                    *self.users.skipped.entry(reason.name().to_owned()).or_default() += 1;
                    self.note_due_in_full(users, user);
                }
                None => scoreable.push(user),
            }
        }
        let mut to_score = Vec::with_capacity(scoreable.len());
        for (user, mode) in scoreable.iter().copied().zip(scorer.modes(&self.rules, &scoreable)) {
            match mode {
                Mode::Full(_) if self.choice == ModeChoice::Delta => {
                    self.users.left_out += 1;
                    self.note_due_in_full(users, user);
                    continue;
                }
                Mode::Delta if self.is_idle => {
                    self.users.left_alone += 1;
                    continue;
                }
                Mode::Delta => self.users.delta += 1,
                Mode::Full(reason) => {
                    self.users.full += 1;
                    *self.users.full_reasons.entry(reason.name().to_owned()).or_default() += 1;
                    self.num_scored_later += usize::from(reason == FullReason::ScoredLater);
                }
            }
            to_score.push((user, mode));
        }
        self.users.scored += to_score.len();
        to_score
    }

    fn note_due_in_full(&mut self, users: &UserColumns, user: UserNo) {
        let cursor = users.cursor[user.ix()];
        if cursor.is_some_and(|cursor| cursor.last_scrape_run_id.is_some()) {
            self.due_in_full.push(users.id[user.ix()]);
        }
    }

    /// Nothing is new, and nobody needed a full scan.
    pub fn is_nothing_to_do(&self) -> bool {
        self.is_idle && self.users.scored == 0
    }

    /// What somebody should know.
    pub fn warnings(&self) -> Vec<String> {
        match self.num_scored_later {
            0 => Vec::new(),
            number => vec![format!(
                "{number} users were scored at a time after this run's: is the clock right?"
            )],
        }
    }
}
