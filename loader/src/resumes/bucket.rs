//! Parsed resumes in a bucket: one listing in place of a request for each that did not change.

use super::{
    cache::OldRow,
    files::{Version, file_name, is_settled},
    known::{Known, Outcome},
    parse::{MAX_PACKED_BYTES, Scratch},
};
use crate::error::Error;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use object_store::{ObjectMeta, ObjectStore, path::Path as Key};
use rayon::prelude::*;
use std::sync::Arc;
use talvix_engine::ids::Uuid;
use talvix_storage::Storage;

/// Requests that are under way at once.
const MAX_REQUESTS: usize = 64;

/// More failed requests than this, and than this share of all (in percent), are no matter of single
/// resumes: asking for the others would take hours. Where one object is not there, nothing failed.
const MAX_FAILED: usize = 50;
const MAX_FAILED_PERCENT: usize = 5;

/// Reads the resumes of a bucket.
pub(super) struct BucketReader {
    storage: Storage,
    store: Arc<dyn ObjectStore>,
    listing: Option<Listing>,
    num_asked: usize,
    num_failed: usize,
}

impl BucketReader {
    /// For a bucket of which a listing tells what changed, or of which everything is read.
    pub(super) fn new(storage: Storage, store: Arc<dyn ObjectStore>, is_listed: bool) -> Self {
        let listing = is_listed.then(|| Listing::new(&store, &storage.key("parsed-resumes")));
        BucketReader { storage, store, listing, num_asked: 0, num_failed: 0 }
    }

    /// What became of the resume of each user; beside it the users' old entries.
    pub(super) async fn read(
        &mut self,
        users: &[(Uuid, bool)],
        rows: &[Option<OldRow>],
        known: &Known<'_>,
    ) -> Result<Vec<Outcome>, Error> {
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(users.len());
        let mut wanted: Vec<usize> = Vec::new();
        for (at, ((user, has_resume), row)) in users.iter().zip(rows).enumerate() {
            let mut outcome = Outcome::Missing;
            if *has_resume {
                let now = match &mut self.listing {
                    Some(listing) => listing.version(&self.storage.key(&file(user))).await,
                    None => None,
                };
                match known.unchanged(*row, || now) {
                    Some(unchanged) => outcome = unchanged,
                    None => wanted.push(at),
                }
            }
            outcomes.push(outcome);
        }
        let (storage, store) = (&self.storage, self.store.as_ref());
        let mut fetched = stream::iter(wanted)
            .map(|at| async move { (at, fetch(storage, store, &file(&users[at].0)).await) })
            .buffered(MAX_REQUESTS)
            .ready_chunks(MAX_REQUESTS);
        while let Some(some) = fetched.next().await {
            let mut answered = Vec::with_capacity(some.len());
            for (at, fetched) in some {
                self.num_asked += 1;
                match fetched {
                    Ok(fetched) => answered.push((at, fetched)),
                    Err(last) => {
                        self.num_failed += 1;
                        let (failed, asked) = (self.num_failed, self.num_asked);
                        if failed > MAX_FAILED && failed * 100 > asked * MAX_FAILED_PERCENT {
                            return Err(Error::Resumes { failed, asked, last });
                        }
                        // The report counts them; one says why.
                        if failed == 1 {
                            tracing::warn!("a resume is not read: {last}");
                        }
                        answered.push((at, Err("resume_file_unreadable")));
                    }
                }
            }
            let parsed: Vec<(usize, Outcome)> = answered
                .into_par_iter()
                .map_init(Scratch::default, |scratch, (at, fetched)| match fetched {
                    Err(reason) => (at, Outcome::NoFile(reason)),
                    Ok((packed, version)) => {
                        scratch.packed = packed;
                        (at, known.parse(&users[at].0, version, rows[at], scratch))
                    }
                })
                .collect();
            for (at, outcome) in parsed {
                outcomes[at] = outcome;
            }
        }
        Ok(outcomes)
    }
}

/// The key of a user's resume, below the prefix.
fn file(user: &Uuid) -> String {
    format!("parsed-resumes/{}", file_name(user))
}

/// What a bucket lists, while it comes in ascending order.
struct Listing {
    objects: BoxStream<'static, object_store::Result<ObjectMeta>>,
    next: Option<ObjectMeta>,
    is_usable: bool,
}

impl Listing {
    fn new(store: &Arc<dyn ObjectStore>, folder: &Key) -> Self {
        Listing { objects: store.list(Some(folder)), next: None, is_usable: true }
    }

    /// The version of a key. Keys must be asked for in ascending order.
    ///
    /// `None` where the listing does not tell: the object is then asked for itself, so that a
    /// listing that is refused, incomplete or in another order costs time and nothing else.
    async fn version(&mut self, key: &Key) -> Option<Version> {
        while self.is_usable {
            if let Some(next) = &self.next
                && next.location >= *key
            {
                return (next.location == *key).then(|| version(next));
            }
            let before = self.next.take();
            match self.objects.next().await {
                Some(Ok(next)) => {
                    self.is_usable = before.is_none_or(|before| before.location < next.location);
                    self.next = Some(next);
                }
                Some(Err(_)) | None => self.is_usable = false,
            }
        }
        None
    }
}

/// Size, tag and time. Without a tag nothing says that the content is the same.
fn version(object: &ObjectMeta) -> Version {
    let modified_ns = object.last_modified.timestamp_micros();
    let tag = object.e_tag.as_deref().unwrap_or_default();
    Version {
        bytes: format!("{} {modified_ns} {tag}", object.size).into_bytes(),
        is_settled: !tag.is_empty() && is_settled(i128::from(modified_ns) * 1_000),
    }
}

/// An object of at most [`MAX_PACKED_BYTES`], or why it cannot be read; or that the store failed.
async fn fetch(
    storage: &Storage,
    store: &dyn ObjectStore,
    file: &str,
) -> Result<Result<(Vec<u8>, Version), &'static str>, talvix_storage::Error> {
    match storage.get(store, file, MAX_PACKED_BYTES).await {
        Ok(Some((bytes, object))) => Ok(Ok((bytes, version(&object)))),
        Ok(None) => Ok(Err("resume_file_missing")),
        Err(talvix_storage::Error::TooLarge { .. }) => Ok(Err("resume_file_unreadable")),
        Err(error) => Err(error),
    }
}
