//! The kept pairs as columns: what a night stores.

use crate::{
    explain::{Explainer, PairTexts},
    ids::{JobNo, UserNo},
    topk::PairKey,
};
use arrow::array::{ListArray, ListBuilder, StringBuilder};
use foldhash::fast::FixedState;
use std::hash::{BuildHasher, Hasher};

/// A hash over the values of a stored row: two rows of a pair with one digest need no write.
///
/// Means something within one process only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RowDigest(u64);

impl RowDigest {
    /// Adds a list of texts; a null list differs from an empty one, a null text from an empty one.
    pub fn list<'a>(&mut self, texts: Option<impl ExactSizeIterator<Item = Option<&'a str>>>) {
        let mut hash = FixedState::with_seed(self.0).build_hasher();
        match texts {
            None => hash.write_u8(0),
            Some(texts) => {
                hash.write_u8(1);
                hash.write_usize(texts.len());
                for text in texts {
                    match text {
                        None => hash.write_u64(u64::MAX),
                        Some(text) => {
                            hash.write_usize(text.len());
                            hash.write(text.as_bytes());
                        }
                    }
                }
            }
        }
        self.0 = hash.finish();
    }
}

/// The values of a stored row that are not lists.
#[derive(Clone, Copy, Debug)]
pub struct RowValues<'a> {
    /// 40 to 100.
    pub fit_score: i32,
    /// `strong`, `good` or `fair`.
    pub fit_label: &'a str,
    /// `apply`, `consider` or `skip`.
    pub recommendation: &'a str,
    /// The user pays.
    pub is_full_score: bool,
    /// ISO week.
    pub week_number: i32,
    /// ISO week-year.
    pub year_number: i32,
}

impl RowValues<'_> {
    /// The digest, to which the three lists are still to be added: reasons, missing skills,
    /// strengths.
    #[must_use]
    pub fn digest(&self) -> RowDigest {
        let mut hash = FixedState::default().build_hasher();
        hash.write_i32(self.fit_score);
        hash.write_i32(self.week_number);
        hash.write_i32(self.year_number);
        hash.write_u8(u8::from(self.is_full_score));
        for text in [self.fit_label, self.recommendation] {
            hash.write_usize(text.len());
            hash.write(text.as_bytes());
        }
        RowDigest(hash.finish())
    }
}

/// Kept pairs, one element per pair: users ascending, each user's pairs best first.
#[derive(Clone, Debug)]
pub struct ScoreRows {
    /// Whose.
    pub user: Vec<UserNo>,
    /// Which job.
    pub job: Vec<JobNo>,
    /// Score before rounding, in bp.
    pub raw_bp: Vec<u32>,
    /// 40 to 100.
    pub fit_score: Vec<u8>,
    /// `strong`, `good` or `fair`.
    pub fit_label: Vec<&'static str>,
    /// `apply`, `consider` or `skip`.
    pub recommendation: Vec<&'static str>,
    /// The user pays.
    pub is_full_score: Vec<bool>,
    /// Null for free users.
    pub fit_reasons: ListArray,
    /// Null for free users.
    pub missing_skills: ListArray,
    /// Null for free users.
    pub strengths: ListArray,
    /// Over the values above and the week, raw score left out.
    pub digest: Vec<RowDigest>,
}

impl ScoreRows {
    /// How many pairs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.user.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.user.is_empty()
    }
}

/// Collects [`ScoreRows`].
pub(crate) struct ScoreRowsBuilder<'a> {
    explainer: Explainer<'a>,
    user: Vec<UserNo>,
    job: Vec<JobNo>,
    raw_bp: Vec<u32>,
    fit_score: Vec<u8>,
    fit_label: Vec<&'static str>,
    recommendation: Vec<&'static str>,
    is_full_score: Vec<bool>,
    lists: [ListBuilder<StringBuilder>; 3],
    digest: Vec<RowDigest>,
}

impl<'a> ScoreRowsBuilder<'a> {
    pub(crate) fn new(explainer: Explainer<'a>) -> Self {
        ScoreRowsBuilder {
            explainer,
            user: Vec::new(),
            job: Vec::new(),
            raw_bp: Vec::new(),
            fit_score: Vec::new(),
            fit_label: Vec::new(),
            recommendation: Vec::new(),
            is_full_score: Vec::new(),
            lists: std::array::from_fn(|_| ListBuilder::new(StringBuilder::new())),
            digest: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.user.len()
    }

    pub(crate) fn push(&mut self, user: UserNo, key: PairKey) {
        let job = self.explainer.inputs.jobs.by_rank[key.rank() as usize];
        let row = self.explainer.row(user, job, key.raw_bp());
        self.user.push(user);
        self.job.push(job);
        self.raw_bp.push(key.raw_bp());
        self.fit_score.push(row.fit_score);
        self.fit_label.push(row.fit_label);
        self.recommendation.push(row.recommendation);
        self.is_full_score.push(row.texts.is_some());
        self.digest.push(row.digest);
        let [reasons, missing, strengths] = &mut self.lists;
        match &row.texts {
            None => {
                reasons.append_null();
                missing.append_null();
                strengths.append_null();
            }
            Some(PairTexts { fit_reasons, missing_skills, strengths: has }) => {
                reasons.append_value(fit_reasons.iter().map(Some));
                missing.append_value(missing_skills.iter().map(Some));
                strengths.append_value(has.iter().map(Some));
            }
        }
    }

    pub(crate) fn finish(self) -> ScoreRows {
        let [mut reasons, mut missing, mut strengths] = self.lists;
        ScoreRows {
            user: self.user,
            job: self.job,
            raw_bp: self.raw_bp,
            fit_score: self.fit_score,
            fit_label: self.fit_label,
            recommendation: self.recommendation,
            is_full_score: self.is_full_score,
            fit_reasons: reasons.finish(),
            missing_skills: missing.finish(),
            strengths: strengths.finish(),
            digest: self.digest,
        }
    }
}
