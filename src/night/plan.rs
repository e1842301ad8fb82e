//! Who is scored with what, and what that adds up to.

use crate::config::ModeChoice;
use talvix_engine::{
    columns::UserColumns,
    ids::{UserNo, Uuid},
    mode::{Mode, ModeRules},
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

/// Who of a segment is scored, and who could not be.
#[derive(Debug)]
pub struct Decided {
    /// Whom to score, in the order of their ids, and how.
    pub to_score: Vec<(UserNo, Mode)>,
    /// Who could not be scored or is left out, likewise, and why.
    pub unscored: Vec<(UserNo, &'static str)>,
}

impl Decided {
    /// The users in chunks of at most so many to score, each with those who could not be and come
    /// before the next one's first. Where nobody is to be scored there is one chunk of the others.
    pub fn chunks(&self, num_users: usize) -> impl Iterator<Item = Piece<'_>> {
        let mut rest = &self.unscored[..];
        let mut pieces: Vec<Piece<'_>> = Vec::new();
        for to_score in self.to_score.chunks(num_users) {
            if let (Some((_, before)), Some((first, _))) = (pieces.last_mut(), to_score.first()) {
                let at = rest.partition_point(|(user, _)| user < first);
                (*before, rest) = rest.split_at(at);
            }
            pieces.push((to_score, &[]));
        }
        match pieces.last_mut() {
            Some((_, last)) => *last = rest,
            None if !rest.is_empty() => pieces.push((&[], rest)),
            None => {}
        }
        pieces.into_iter()
    }
}

/// Users to score, and users between and beside them who could not be.
type Piece<'a> = (&'a [(UserNo, Mode)], &'a [(UserNo, &'static str)]);

/// Why users are not scored under `--mode delta`.
const LEFT_OUT: &str = "left_out";

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

    /// Decides for the users of a segment.
    pub fn add(&mut self, users: &UserColumns, scorer: ScorerOn<'_>) -> Decided {
        let mut scoreable = Vec::new();
        let mut unscored = Vec::new();
        for user in users.numbers() {
            match users.skip[user.ix()] {
                Some(reason) => {
                    *self.users.skipped.entry(reason.name().to_owned()).or_default() += 1;
                    unscored.push((user, reason.name()));
                    self.note_due_in_full(users, user);
                }
                None => scoreable.push(user),
            }
        }
        let mut to_score = Vec::with_capacity(scoreable.len());
        for (user, mode) in scoreable.iter().copied().zip(scorer.modes(&self.rules, &scoreable)) {
            let scored_at_us = users.cursor[user.ix()].and_then(|cursor| cursor.last_scored_at_us);
            let is_later = scored_at_us.is_some_and(|at_us| at_us > self.rules.as_of_us);
            self.num_scored_later += usize::from(is_later);
            match mode {
                Mode::Full(_) if self.choice == ModeChoice::Delta => {
                    self.users.left_out += 1;
                    unscored.push((user, LEFT_OUT));
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
                }
            }
            to_score.push((user, mode));
        }
        self.users.scored += to_score.len();
        unscored.sort_unstable();
        Decided { to_score, unscored }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_hold_everybody_once_in_the_order_of_ids() {
        let to_score = [1, 3, 4, 8, 9].map(|user| (UserNo(user), Mode::Delta)).to_vec();
        let unscored = [0, 2, 5, 6, 7, 10].map(|user| (UserNo(user), "no_resume")).to_vec();
        let decided = Decided { to_score, unscored };
        let chunks: Vec<(Vec<u32>, Vec<u32>)> = decided
            .chunks(2)
            .map(|(scored, others)| {
                let scored = scored.iter().map(|(user, _)| user.0).collect();
                (scored, others.iter().map(|(user, _)| user.0).collect())
            })
            .collect();
        let expected = [(vec![1, 3], vec![0, 2]), (vec![4, 8], vec![5, 6, 7]), (vec![9], vec![10])];
        assert_eq!(chunks, expected);

        let nobody = Decided { to_score: Vec::new(), ..decided };
        assert_eq!(nobody.chunks(2).map(|(_, others)| others.len()).collect::<Vec<_>>(), [6]);
    }
}
