//! Staged nights become visible; what runs that were killed left; old nights go.

use crate::{
    error::Error,
    sets,
    stage::{MANIFEST, MAX_MANIFEST_BYTES, Manifest, STAGING, folder, to_json},
};
use talvix_fault_points::point;
use talvix_storage::Storage;
use uuid::Uuid;

/// Where the manifests of published nights are, beside the sets.
pub const MANIFESTS: &str = "_runs";

/// Makes a staged night visible: set after set, and `runs` last. A run that is in `runs` is
/// complete; if this stops half-way, [`recover`] does the rest.
pub async fn publish(storage: &Storage, manifest: &Manifest) -> Result<(), Error> {
    let run_id = manifest.run_id;
    for set in sets::ALL {
        let staged = format!("{}/{}", folder(run_id), set.name);
        // What is gone from here was published before we were stopped.
        if !storage.names(&staged).await?.is_empty() {
            storage.move_folder(&staged, &published(set.name, &manifest.run_date, run_id)).await?;
        }
        point("publishing");
    }
    storage.write(&format!("{MANIFESTS}/{run_id}.json"), to_json(manifest)?).await?;
    storage.remove_folder(&folder(run_id)).await?;
    point("published");
    Ok(())
}

/// The folder of a set of a published night.
#[must_use]
pub fn published(set: &str, run_date: &str, run_id: Uuid) -> String {
    format!("{set}/run_date={run_date}/run_id={run_id}")
}

/// What [`recover`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Nights of finished runs that are visible now.
    pub published: Vec<Uuid>,
    /// What unfinished runs left, removed.
    pub removed: Vec<String>,
}

/// Ends what runs before left: a staged night is published if its run is finished, else removed.
/// No other run may be at work.
pub async fn recover(
    storage: &Storage,
    is_finished: impl Fn(Uuid) -> bool,
) -> Result<Recovered, Error> {
    let mut recovered = Recovered::default();
    for name in storage.names(STAGING).await? {
        let run_id = name.parse().ok().filter(|run_id| is_finished(*run_id));
        let manifest = match run_id {
            Some(run_id) => manifest(storage, run_id).await?,
            None => None,
        };
        if let Some(manifest) = manifest {
            publish(storage, &manifest).await?;
            recovered.published.push(manifest.run_id);
        } else {
            storage.remove_folder(&format!("{STAGING}/{name}")).await?;
            recovered.removed.push(name);
        }
    }
    Ok(recovered)
}

/// The manifest of a staged night; none where it is not complete.
async fn manifest(storage: &Storage, run_id: Uuid) -> Result<Option<Manifest>, Error> {
    let file = format!("{}/{MANIFEST}", folder(run_id));
    let Some(bytes) = storage.read(&file, MAX_MANIFEST_BYTES).await? else { return Ok(None) };
    let manifest = serde_json::from_slice(&bytes).map_err(|error| Error::Manifest {
        place: storage.place(&file),
        reason: error.to_string(),
    })?;
    Ok(Some(manifest))
}

/// Removes all but the newest `keep` nights: all runs of the dates before. Returns those dates.
pub async fn retain(storage: &Storage, keep: usize) -> Result<Vec<String>, Error> {
    let nights = dates(storage, sets::RUNS.name).await?;
    let Some(oldest) = nights.iter().nth_back(keep.saturating_sub(1)) else {
        return Ok(Vec::new());
    };
    let mut removed = Vec::new();
    // First what makes a night visible, so that no reader finds half of one.
    for set in sets::ALL.iter().rev() {
        for date in dates(storage, set.name).await? {
            if date >= *oldest {
                continue;
            }
            let night = format!("{}/run_date={date}", set.name);
            for run in storage.names(&night).await? {
                if let Some(run_id) = run.strip_prefix("run_id=") {
                    storage.remove_file(&format!("{MANIFESTS}/{run_id}.json")).await?;
                }
            }
            if set.name == sets::RUNS.name {
                // All of it vanishes for readers at once; what is left of it here a later run removes.
                let aside = format!("{STAGING}/removed-{date}");
                storage.remove_folder(&aside).await?;
                storage.move_folder(&night, &aside).await?;
                storage.remove_folder(&aside).await?;
            } else {
                storage.remove_folder(&night).await?;
            }
            if !removed.contains(&date) {
                removed.push(date);
            }
        }
    }
    removed.sort_unstable();
    Ok(removed)
}

/// The dates of a set, oldest first.
pub(crate) async fn dates(storage: &Storage, set: &str) -> Result<Vec<String>, Error> {
    let names = storage.names(set).await?;
    Ok(names.iter().filter_map(|name| name.strip_prefix("run_date=").map(str::to_owned)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        read::{Nights, PublishedRun, SetReader},
        stage::{NightMark, Stage},
    };
    use arrow::array::RecordBatch;
    use object_store::memory::InMemory;
    use std::{collections::BTreeMap, sync::Arc};

    /// A run that was staged and got no further.
    async fn stage(storage: &Storage, number: u128, run_date: &str) -> Manifest {
        let night = NightMark {
            run_id: Uuid::from_u128(number),
            run_date: run_date.to_owned(),
            metadata: BTreeMap::new(),
        };
        let mut stage = Stage::begin(storage, night).unwrap();
        for set in sets::ALL {
            stage.write(set, &RecordBatch::new_empty(set.schema())).unwrap();
        }
        stage.finish().await.unwrap()
    }

    async fn listed(storage: &Storage) -> Vec<PublishedRun> {
        match Nights::list(storage).await {
            Ok(nights) => nights.runs().to_vec(),
            Err(Error::NoNights { .. }) => Vec::new(),
            Err(error) => panic!("{error}"),
        }
    }

    #[track_caller]
    fn assert_are(found: &[PublishedRun], expected: &[u128]) {
        let found: Vec<u128> = found.iter().map(|run| run.run_id.as_u128()).collect();
        assert_eq!(found, expected);
    }

    async fn nights_come_and_go(storage: &Storage) {
        let first = stage(storage, 1, "2026-11-16").await;
        assert_are(&listed(storage).await, &[]);
        publish(storage, &first).await.unwrap();
        assert_are(&listed(storage).await, &[1]);
        for set in sets::ALL {
            SetReader::open(storage, &listed(storage).await[0], set).await.unwrap();
        }

        // One whose run was stopped while it was published, one whose run never finished, and what
        // a run left that was stopped while it staged.
        let second = stage(storage, 2, "2026-11-17").await;
        let set = sets::JOB_FIT_SCORES.name;
        let (from, to) = (
            format!("{}/{set}", folder(second.run_id)),
            published(set, &second.run_date, second.run_id),
        );
        storage.move_folder(&from, &to).await.unwrap();
        stage(storage, 3, "2026-11-17").await;
        let begun = format!("{STAGING}/{}/runs/part-00000.parquet", Uuid::from_u128(4));
        storage.write(&begun, b"PAR1".to_vec()).await.unwrap();
        assert_are(&listed(storage).await, &[1]);
        let recovered = recover(storage, |run| [2, 4].contains(&run.as_u128())).await.unwrap();
        assert_eq!(recovered.published, [second.run_id]);
        assert_eq!(recovered.removed, [3, 4].map(|run| Uuid::from_u128(run).to_string()));
        assert_are(&listed(storage).await, &[1, 2]);
        assert!(storage.names(STAGING).await.unwrap().is_empty());
        assert_eq!(recover(storage, |_| true).await.unwrap(), Recovered::default());

        // Two runs of a night, and what is left of a night that was removed in part.
        for (number, date) in [(5, "2026-11-18"), (6, "2026-11-18")] {
            publish(storage, &stage(storage, number, date).await).await.unwrap();
        }
        let part = published(set, "2026-11-15", Uuid::from_u128(7)) + "/part-00000.parquet";
        storage.write(&part, b"PAR1".to_vec()).await.unwrap();
        let removed = retain(storage, 2).await.unwrap();
        assert_eq!(removed, ["2026-11-15", "2026-11-16"]);
        assert_are(&listed(storage).await, &[2, 5, 6]);
        for set in sets::ALL {
            assert_eq!(dates(storage, set.name).await.unwrap(), ["2026-11-17", "2026-11-18"]);
        }
        assert_eq!(storage.names(MANIFESTS).await.unwrap().len(), 3);
        assert!(retain(storage, 3).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn nights_come_and_go_in_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        nights_come_and_go(&Storage::Folder(folder.path().join("snapshots"))).await;
    }

    #[tokio::test]
    async fn nights_come_and_go_in_a_bucket() {
        nights_come_and_go(&Storage::Bucket {
            store: Arc::new(InMemory::new()),
            url: "s3://test/snapshots".to_owned(),
            prefix: object_store::path::Path::from("snapshots"),
        })
        .await;
    }
}
