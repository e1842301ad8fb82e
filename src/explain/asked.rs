//! Ids as somebody typed them: which rows they name, or which ids look like them.

use crate::failure::Failure;
use std::collections::HashMap;
use talvix_engine::{
    columns::JobColumns,
    ids::{JobNo, Uuid, uuid_text},
};
use talvix_loader::{
    lookup::{self, JobState},
    reader::TableReader,
};

/// An id with more letters wrong than this is another id. Two random ones differ in about thirty
/// of 36, two that a clock has numbered in fifteen or more.
const MAX_WRONG: usize = 6;

/// The beginning of an id that says which one is meant has so many letters.
const MIN_BEGINNING: usize = 4;

/// So many ids are offered at most.
const MAX_OFFERED: usize = 3;

/// A job that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedJob {
    /// One that can be scored.
    Scoreable(JobNo),
    /// One that cannot.
    Not(Uuid, JobState),
}

/// The id that a text is.
pub fn id(text: &str) -> Option<Uuid> {
    text.trim().parse::<uuid::Uuid>().ok().map(uuid::Uuid::into_bytes)
}

/// The jobs that are named. All that are not there are told at once.
pub fn jobs(
    texts: &[String],
    jobs: &JobColumns,
    reader: &dyn TableReader,
) -> Result<Vec<AskedJob>, Failure> {
    let scoreable = |text: &String| id(text).and_then(|id| jobs.number_of(&id));
    let mut all: Option<HashMap<Uuid, JobState>> = None;
    let mut found = Vec::new();
    let mut unknown = Vec::new();
    for text in texts {
        if let Some(job) = scoreable(text) {
            found.push(AskedJob::Scoreable(job));
            continue;
        }
        let all = match &mut all {
            Some(all) => all,
            none => none.insert(lookup::jobs(reader)?),
        };
        match id(text).and_then(|id| Some((id, *all.get(&id)?))) {
            Some((id, state)) => found.push(AskedJob::Not(id, state)),
            None => unknown.push(no_such("job", text, all.keys())),
        }
    }
    if unknown.is_empty() { Ok(found) } else { Err(Failure::usage(unknown.join("; "))) }
}

/// There is no such user.
pub fn nobody(text: &str, ids: &[Uuid]) -> Failure {
    Failure::usage(no_such("user", text, ids.iter()))
}

fn no_such<'a>(what: &str, typed: &str, ids: impl Iterator<Item = &'a Uuid>) -> String {
    let near = nearest(typed, ids);
    let is_id = id(typed).is_some();
    let typed = typed.trim();
    match near.as_slice() {
        [] if is_id => format!("there is no {what} {typed}"),
        [] => format!("there is no {what} `{typed}`: an id is a UUID, 36 characters"),
        near => format!("there is no {what} {typed}; did you mean {}?", near.join(" or ")),
    }
}

/// The ids that begin like a text, else the ones with the fewest letters to change.
fn nearest<'a>(typed: &str, ids: impl Iterator<Item = &'a Uuid>) -> Vec<String> {
    let typed = typed.trim().to_lowercase();
    let mut least = MAX_WRONG;
    let mut near: Vec<String> = Vec::new();
    for id in ids {
        let text = uuid_text(id);
        let wrong = if typed.len() >= MIN_BEGINNING && text.starts_with(&typed) {
            0
        } else if typed.len().abs_diff(text.len()) > least {
            continue;
        } else {
            strsim::osa_distance(&typed, &text)
        };
        if wrong < least {
            near.clear();
            least = wrong;
        }
        if wrong == least {
            near.push(text);
        }
    }
    near.sort_unstable();
    near.truncate(MAX_OFFERED);
    near
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Uuid = [0x01, 0x90, 0xab, 0xcd, 0, 1, 0x7f, 3, 0x80, 5, 6, 7, 8, 9, 10, 0xff];
    const TEXT: &str = "0190abcd-0001-7f03-8005-060708090aff";

    fn near(typed: &str) -> Vec<String> {
        nearest(typed, [FIRST, [7; 16], [8; 16]].iter())
    }

    #[test]
    fn a_mistyped_id_is_found() {
        for typed in [
            TEXT,
            "0190ABCD-0001-7F03-8005-060708090AFF",
            "0190abcd-0001-7f03-8005-060708090af",
            "0190abdc-0001-7f03-8005-060708090aff",
            " 0190abcd-0001-7f03-8005-06o708o90aff",
            "0190abcd00017f038005060708090afe",
            "0190abcd",
        ] {
            assert_eq!(near(typed), [TEXT], "{typed}");
        }
    }

    #[test]
    fn another_id_is_not_taken_for_one() {
        for typed in ["", "asha", "019", "0190abcd-ffff-ffff-8005-060708090aff"] {
            assert!(near(typed).is_empty(), "{typed}");
        }
        assert_eq!(near("07070707-0707-0707-0707-0707070708").len(), 1);
    }

    #[test]
    fn what_is_typed_is_told_with_what_may_be_meant() {
        assert_eq!(no_such("job", "asha", [FIRST].iter()).matches("UUID").count(), 1);
        assert_eq!(
            no_such("user", "0190abce-0001-7f03-8005-060708090aff", [FIRST].iter()),
            format!("there is no user 0190abce-0001-7f03-8005-060708090aff; did you mean {TEXT}?")
        );
    }
}
