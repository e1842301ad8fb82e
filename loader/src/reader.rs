//! Where tables come from: what a database and a dataset have in common.

use crate::{error::Error, tables::InputTable};
use arrow::array::RecordBatch;
use std::sync::{Mutex, PoisonError};
use talvix_engine::{ids::Uuid, week::IsoWeek};

/// What of the tables is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Selection {
    /// Stored scores of this week.
    pub week: IsoWeek,
    /// This user only.
    pub user: Option<Uuid>,
}

/// The users of a segment, by their ids; without ends everybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserRange {
    /// The first id.
    pub from: Option<Uuid>,
    /// The first id after the last.
    pub before: Option<Uuid>,
}

impl UserRange {
    /// Everybody, cut before each of these ids; they ascend, and the first one is the least there
    /// is.
    #[must_use]
    pub fn cut(firsts: &[Uuid]) -> Vec<UserRange> {
        let inner = firsts.get(1..).unwrap_or_default();
        let from = std::iter::once(None).chain(inner.iter().copied().map(Some));
        let before = inner.iter().copied().map(Some).chain(std::iter::once(None));
        from.zip(before).map(|(from, before)| UserRange { from, before }).collect()
    }
}

/// What becomes of a batch of rows.
type Take<'a> = Box<dyn FnMut(&RecordBatch) -> Result<(), Error> + Send + 'a>;

/// A table that is read batch by batch.
pub struct Read<'a> {
    pub(crate) table: InputTable,
    pub(crate) users: UserRange,
    pub(crate) take: Take<'a>,
}

impl<'a> Read<'a> {
    /// Reads a table's rows.
    pub fn all(
        table: InputTable,
        take: impl FnMut(&RecordBatch) -> Result<(), Error> + Send + 'a,
    ) -> Self {
        Read::of(UserRange::default(), table, take)
    }

    /// Reads some users' rows.
    pub fn of(
        users: UserRange,
        table: InputTable,
        take: impl FnMut(&RecordBatch) -> Result<(), Error> + Send + 'a,
    ) -> Self {
        Read { table, users, take: Box::new(take) }
    }

    /// Collects some users' rows.
    pub(crate) fn collect(
        users: UserRange,
        table: InputTable,
        batches: &'a mut Vec<RecordBatch>,
    ) -> Self {
        Read::of(users, table, |batch| {
            batches.push(batch.clone());
            Ok(())
        })
    }
}

/// The tables of a database or dataset as of one instant.
pub trait TableReader: Send + Sync {
    /// Cuts the users into segments of about this many, in the order of their ids.
    ///
    /// Fails for a tier that nobody has said how to treat, while nothing is written yet.
    fn segments(&self, num_users: usize) -> Result<Vec<UserRange>, Error>;

    /// Does these reads, several at the same time, started in this order. Batches go to their
    /// takers as they arrive: of no table more than one lies around.
    fn read(&self, reads: Vec<Read<'_>>) -> Result<(), Error>;

    /// Readers of the same instant that do not wait for each other.
    fn split(self: Box<Self>) -> Vec<Box<dyn TableReader>>;

    /// Lets go of the instant.
    fn close(self: Box<Self>) -> Result<(), Error>;
}

/// Does each read on the first of the workers that is free. After an error none is begun any more.
pub(crate) fn share_out<W: Send>(
    workers: impl IntoIterator<Item = W>,
    reads: Vec<Read<'_>>,
    read: impl Fn(&W, Read<'_>) -> Result<(), Error> + Sync,
) -> Result<(), Error> {
    let queue = Mutex::new(reads.into_iter());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = |worker: W| {
        while let Some(each) = next() {
            if let Err(error) = read(&worker, each) {
                while next().is_some() {}
                return Err(error);
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            workers.into_iter().map(|worker| scope.spawn(|| work(worker))).collect();
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_leave_nobody_out() {
        assert_eq!(UserRange::cut(&[]), [UserRange::default()]);
        assert_eq!(UserRange::cut(&[[3; 16]]), [UserRange::default()]);
        assert_eq!(
            UserRange::cut(&[[3; 16], [5; 16], [9; 16]]),
            [
                UserRange { from: None, before: Some([5; 16]) },
                UserRange { from: Some([5; 16]), before: Some([9; 16]) },
                UserRange { from: Some([9; 16]), before: None },
            ]
        );
    }
}
