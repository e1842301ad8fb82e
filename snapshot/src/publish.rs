//! Staged nights become visible; what runs that were killed left; old nights go.

use crate::{
    error::Error,
    sets,
    stage::{MANIFEST, MAX_MANIFEST_BYTES, Manifest, STAGING, folder, to_json},
};
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
    }
    storage.write(&format!("{MANIFESTS}/{run_id}.json"), to_json(manifest)?).await?;
    storage.remove_folder(&folder(run_id)).await?;
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
            storage.remove_folder(&night).await?;
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
