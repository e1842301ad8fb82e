//! Two nights that are made up, as plain rows: what a run would keep of pairs whose components are
//! drawn by lot.

use super::{
    Dice,
    written::{self, Cell, Row},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};
use talvix_snapshot::sets;

/// Seven weights, in ten-thousandths, in the order of `weights_current.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights(pub [i64; 7]);

/// The weights that a database begins with.
pub const SEED: Weights = Weights([3_500, 2_500, 2_500, 2_000, 400_000, 750_000, 100_000]);

/// Their names.
pub const NAMES: [&str; 7] = [
    "skills_match_weight",
    "experience_weight",
    "market_demand_weight",
    "salary_align_weight",
    "min_fit_score_threshold",
    "apply_recommend_threshold",
    "dream_company_score_bonus",
];

impl Weights {
    /// As a file has them.
    pub fn json(self) -> String {
        let pairs = NAMES.iter().zip(self.0);
        let pairs: Vec<String> =
            pairs.map(|(name, units)| format!("\"{name}\": {}", units as f64 / 10_000.0)).collect();
        format!("{{{}}}", pairs.join(", "))
    }

    /// The raw score.
    pub fn raw_bp(self, components: [i64; 4], is_dream: bool) -> i64 {
        let [weights @ .., _, _, _] = self.0;
        let sum: i64 = weights.iter().zip(components).map(|(w, c)| w * c).sum();
        sum / weights.iter().sum::<i64>() + if is_dream { self.bonus_bp() } else { 0 }
    }

    /// What a dream company adds.
    pub fn bonus_bp(self) -> i64 {
        (self.0[6] + 50) / 100
    }

    /// The least score that is kept.
    pub fn cut(self) -> i64 {
        ((self.0[4] + 9_999) / 10_000).max(40)
    }

    /// The least score for which to apply.
    pub fn apply_from(self) -> i64 {
        (self.0[5] + 9_999) / 10_000
    }
}

/// Whole points.
pub fn fit_score(raw_bp: i64) -> i64 {
    ((raw_bp + 50) / 100).min(100)
}

/// The label of a score.
pub fn label(score: i64) -> &'static str {
    match score {
        75.. => "strong",
        60.. => "good",
        _ => "fair",
    }
}

/// The recommendation for a score.
pub fn recommendation(score: i64, weights: Weights) -> &'static str {
    match score - weights.apply_from() {
        0.. => "apply",
        -20.. => "consider",
        _ => "skip",
    }
}

/// A user of a night.
#[derive(Clone, Debug)]
pub struct User {
    /// Pays.
    pub pays: bool,
    /// `full` or `delta`; none of one who was skipped.
    pub mode: Option<&'static str>,
    /// Pairs that passed the prefilter.
    pub candidates: i64,
    /// Scored, and the result could not be stored.
    pub in_vain: bool,
}

impl User {
    /// Scored, and the result was stored.
    pub fn is_scored(&self) -> bool {
        self.mode.is_some() && !self.in_vain
    }

    /// How many pairs are kept.
    pub fn k(&self) -> usize {
        if self.pays { 25 } else { 3 }
    }
}

/// A kept pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Whose.
    pub user: String,
    /// From 1.
    pub rank: i64,
    /// Which.
    pub job: String,
    /// Before rounding.
    pub raw_bp: i64,
    /// Skills, experience, demand, salary.
    pub components: [i64; 4],
    /// A dream company.
    pub is_dream: bool,
    /// The three lists; free users have none.
    pub lists: Option<[Vec<String>; 3]>,
}

/// A night.
#[derive(Clone, Debug)]
pub struct Night {
    /// Local date.
    pub date: &'static str,
    /// Run.
    pub run_id: String,
    /// Model.
    pub model_id: &'static str,
    /// Weights.
    pub weights: Weights,
    /// Users by id.
    pub users: BTreeMap<String, User>,
    /// Role family and city of jobs by id.
    pub jobs: BTreeMap<String, (&'static str, &'static str)>,
    /// By user and rank.
    pub pairs: Vec<Pair>,
    /// All that passed the prefilter; a snapshot does not hold them.
    pub candidates: Vec<Pair>,
}

const FAMILIES: [&str; 5] = ["backend", "frontend", "data", "devops", "quality"];
const CITIES: [&str; 4] = ["bangalore", "pune", "remote", "-"];

/// Two nights with much in common: of the second, some users are left alone, some are new, jobs
/// came and went, some components are others.
pub fn two_nights(seed: u64, num_users: usize, num_jobs: usize) -> (Night, Night) {
    let mut dice = Dice::new(seed);
    let jobs: Vec<(String, (&'static str, &'static str))> = (0..num_jobs)
        .map(|_| {
            let family = FAMILIES[dice.below(5) as usize];
            (dice.id(), (family, CITIES[dice.below(4) as usize]))
        })
        .collect();
    let people: BTreeSet<String> = (0..num_users).map(|_| dice.id()).collect();
    let run_ids = [1, 2].map(|night| format!("0190000{night}-{}", &dice.id()[9..]));
    let mut users = [BTreeMap::new(), BTreeMap::new()];
    for id in &people {
        let pays = dice.percent(25);
        for users in &mut users {
            let mode = match dice.below(20) {
                0 => continue,
                1 => None,
                2..12 => Some("full"),
                _ => Some("delta"),
            };
            let in_vain = mode.is_some() && dice.below(30) == 0;
            users.insert(id.clone(), User { pays, mode, candidates: 0, in_vain });
        }
    }
    let [first, second] = users;
    let mut offered = [BTreeMap::new(), BTreeMap::new()];
    for (at, (id, job)) in jobs.iter().enumerate() {
        if at % 9 > 0 {
            offered[0].insert(id.clone(), *job);
        }
        if at % 7 > 0 {
            // A job can be moved to another family.
            let family = if at % 31 == 0 { FAMILIES[0] } else { job.0 };
            offered[1].insert(id.clone(), (family, job.1));
        }
    }
    let [early, late] = offered;
    let night = |date, run_id: &str, users, jobs| Night {
        date,
        run_id: run_id.to_owned(),
        model_id: "sha256:00",
        weights: SEED,
        users,
        jobs,
        pairs: Vec::new(),
        candidates: Vec::new(),
    };
    let mut a = night("2026-11-24", &run_ids[0], first, early);
    let mut b = night("2026-11-25", &run_ids[1], second, late);
    keep(&mut a, seed, 0);
    keep(&mut b, seed, 1);
    (a, b)
}

/// Draws the components of all pairs, and keeps the best.
fn keep(night: &mut Night, seed: u64, nth: u64) {
    let Night { users, jobs, pairs, weights, candidates, .. } = night;
    for (user_id, user) in users.iter_mut().filter(|(_, user)| user.is_scored()) {
        let mut own: Vec<Pair> = Vec::new();
        for job_id in jobs.keys() {
            let key = user_id
                .bytes()
                .chain(job_id.bytes())
                .fold(seed, |hash, byte| hash.wrapping_mul(0x0100_0000_01B3) ^ u64::from(byte));
            let mut dice = Dice::new(key);
            if !dice.percent(30) {
                continue;
            }
            user.candidates += 1;
            let mut components = [(); 4].map(|()| dice.below(10_001) as i64);
            let is_dream = dice.percent(8);
            let word = dice.below(50);
            // Of some pairs something is another night's.
            let mut tonight = Dice::new(key ^ nth);
            if tonight.percent(12) {
                components[tonight.below(4) as usize] = tonight.below(10_001) as i64;
            }
            let more = tonight.below(20);
            let lists = user.pays.then(|| {
                let reasons = vec![format!("Covers {word} skills"), "Remote".to_owned()];
                let missing = if more == 0 { Vec::new() } else { vec![format!("skill {word}")] };
                [reasons, missing, vec!["rust".to_owned()]]
            });
            let raw_bp = weights.raw_bp(components, is_dream);
            let (user, job) = (user_id.clone(), job_id.clone());
            let pair = Pair { user, rank: 0, job, raw_bp, components, is_dream, lists };
            candidates.push(pair.clone());
            if fit_score(raw_bp) >= weights.cut() {
                own.push(pair);
            }
        }
        own.sort_by(|one, other| (-one.raw_bp, &one.job).cmp(&(-other.raw_bp, &other.job)));
        own.truncate(user.k());
        for (rank, pair) in (1..).zip(&mut own) {
            pair.rank = rank;
        }
        pairs.append(&mut own);
    }
}

impl Night {
    /// The pairs of a user, best first.
    pub fn of(&self, user: &str) -> Vec<&Pair> {
        self.pairs.iter().filter(|pair| pair.user == user).collect()
    }

    /// Who was scored.
    pub fn scored(&self) -> BTreeSet<&str> {
        let scored = self.users.iter().filter(|(_, user)| user.is_scored());
        scored.map(|(id, _)| id.as_str()).collect()
    }

    /// The metadata of the files of a set.
    pub fn meta(&self, set: &'static str) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            ("talvix.run_id", self.run_id.clone()),
            ("talvix.version", "0.1.0".to_owned()),
            ("talvix.schema_version", "1".to_owned()),
            ("talvix.set", set.to_owned()),
            ("talvix.model_id", self.model_id.to_owned()),
            ("talvix.as_of", format!("{}T17:00:00Z", self.date)),
            ("talvix.week", "2026-W48".to_owned()),
            ("talvix.weights", self.weights.json()),
        ])
    }

    /// Publishes the night below a root.
    pub fn publish(&self, root: &Path) {
        for (set, rows) in [
            (&sets::JOB_FIT_SCORES, self.score_rows()),
            (&sets::SCORED_USERS, self.user_rows()),
            (&sets::SCORED_JOBS, self.job_rows()),
            (&sets::RUNS, self.run_rows()),
        ] {
            let meta = self.meta(set.name);
            let meta: Vec<(&str, &str)> =
                meta.iter().map(|(key, value)| (*key, value.as_str())).collect();
            written::write(root, set, self.date, &self.run_id, &meta, &rows);
        }
    }

    /// The rows of `job_fit_scores`.
    pub fn score_rows(&self) -> Vec<Row> {
        self.pairs
            .iter()
            .map(|pair| {
                let score = fit_score(pair.raw_bp);
                let bonus = if pair.is_dream { self.weights.bonus_bp() } else { 0 };
                let mut row = Row::from([
                    ("user_id", pair.user.as_str().into()),
                    ("rank", pair.rank.into()),
                    ("job_id", pair.job.as_str().into()),
                    ("fit_score", score.into()),
                    ("raw_bp", pair.raw_bp.into()),
                    ("skills_bp", pair.components[0].into()),
                    ("experience_bp", pair.components[1].into()),
                    ("demand_bp", pair.components[2].into()),
                    ("salary_bp", pair.components[3].into()),
                    ("dream_bonus_bp", bonus.into()),
                    ("fit_label", label(score).into()),
                    ("recommendation", recommendation(score, self.weights).into()),
                    ("is_full_score", pair.lists.is_some().into()),
                ]);
                if let Some([reasons, missing, strengths]) = &pair.lists {
                    row.insert("fit_reasons", Cell::Words(reasons.clone()));
                    row.insert("missing_skills", Cell::Words(missing.clone()));
                    row.insert("strengths", Cell::Words(strengths.clone()));
                }
                row
            })
            .collect()
    }

    fn user_rows(&self) -> Vec<Row> {
        let rows = self.users.iter().map(|(id, user)| {
            let pairs = self.of(id);
            let tier = if user.pays { "paid" } else { "free" };
            let mut row = Row::from([
                ("user_id", id.as_str().into()),
                ("tier", tier.into()),
                ("kept", (pairs.len() as i64).into()),
            ]);
            match user.mode {
                Some(mode) => {
                    row.insert("mode", mode.into());
                    row.insert("candidates", user.candidates.into());
                }
                None => {
                    row.insert("skipped_reason", "no_resume".into());
                }
            }
            if user.in_vain {
                row.insert("skipped_reason", "reset_meanwhile".into());
            }
            if let (Some(first), Some(last)) = (pairs.first(), pairs.last()) {
                row.insert("best_raw_bp", first.raw_bp.into());
                row.insert("last_raw_bp", last.raw_bp.into());
            }
            row
        });
        rows.collect()
    }

    fn job_rows(&self) -> Vec<Row> {
        let rows = self.jobs.iter().map(|(id, (family, city))| {
            Row::from([
                ("job_id", id.as_str().into()),
                ("role_family", (*family).into()),
                ("market_city", (*city).into()),
            ])
        });
        rows.collect()
    }

    fn run_rows(&self) -> Vec<Row> {
        vec![Row::from([
            ("year_number", 2026.into()),
            ("week_number", 48.into()),
            ("model_id", self.model_id.into()),
            ("jobs_scoreable", (self.jobs.len() as i64).into()),
            ("users_scored", (self.scored().len() as i64).into()),
            ("rows_kept", (self.pairs.len() as i64).into()),
        ])]
    }
}
