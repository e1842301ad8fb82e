//! A night while it is written, where no reader looks.

use crate::{
    error::Error,
    file::{FILE_NAME, SetFile, SetWriter},
    sets::{self, SCHEMA_VERSION, Set},
};
use arrow::array::RecordBatch;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use talvix_fault_points::{io, point};
use talvix_storage::Storage;
use uuid::Uuid;

/// Where nights are staged, beside the sets.
pub const STAGING: &str = "_staging";

/// The manifest of a staged night: written last, so that what is staged with one is complete.
pub(crate) const MANIFEST: &str = "manifest.json";

/// The most that a manifest can be.
pub(crate) const MAX_MANIFEST_BYTES: u64 = 1 << 20;

/// A mark of tools that write folders: this one is complete.
const SUCCESS: &str = "_SUCCESS";

/// Which night.
#[derive(Clone, Debug)]
pub struct NightMark {
    /// The run.
    pub run_id: Uuid,
    /// The local date of the run's instant, `YYYY-MM-DD`.
    pub run_date: String,
    /// What stands in every file's footer besides run, set and version, such as `talvix.model_id`.
    pub metadata: BTreeMap<String, String>,
}

/// What a published or staged night consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The run.
    pub run_id: Uuid,
    /// The local date of the run's instant.
    pub run_date: String,
    /// The version of the sets' columns.
    pub schema_version: u32,
    /// The file of each set.
    pub files: Vec<SetFile>,
}

/// A night that is being staged.
#[derive(Debug)]
pub struct Stage {
    storage: Storage,
    night: NightMark,
    writers: Vec<(&'static Set, SetWriter)>,
}

impl Stage {
    /// Begins to write the sets of a night.
    pub fn begin(storage: &Storage, night: NightMark) -> Result<Self, Error> {
        // Until it is published nobody else looks into a night.
        storage.create_private_folder(STAGING)?;
        let mut writers = Vec::new();
        for set in sets::ALL {
            let file = file(night.run_id, set);
            let mut metadata = night.metadata.clone();
            metadata.extend([
                ("talvix.run_id".to_owned(), night.run_id.to_string()),
                ("talvix.set".to_owned(), set.name.to_owned()),
                ("talvix.schema_version".to_owned(), SCHEMA_VERSION.to_string()),
                ("talvix.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ]);
            let metadata: Vec<_> = metadata.into_iter().collect();
            let local = storage.temporary_for_readers(&file)?;
            writers.push((set, SetWriter::new(set, local, storage.place(&file), &metadata)?));
        }
        Ok(Stage { storage: storage.clone(), night, writers })
    }

    /// Adds rows of a set; they follow those before in the set's order.
    pub fn write(&mut self, set: &Set, batch: &RecordBatch) -> Result<(), Error> {
        io("stage-write")?;
        for (of, writer) in &mut self.writers {
            if of.name == set.name {
                writer.write(batch)?;
            }
        }
        point("staging");
        Ok(())
    }

    /// Removes what was staged: there is nothing to publish.
    pub async fn discard(self) -> Result<(), Error> {
        let Stage { storage, night, writers } = self;
        drop(writers);
        Ok(storage.remove_folder(&folder(night.run_id)).await?)
    }

    /// Ends all files and puts them where a later run finds them, whatever becomes of this one.
    pub async fn finish(self) -> Result<Manifest, Error> {
        let Stage { storage, night, writers } = self;
        let mut files = Vec::new();
        for (set, writer) in writers {
            let (file_of_set, local) = writer.close()?;
            storage.put_file(&file(night.run_id, set), local).await?;
            let success = format!("{}/{}/{SUCCESS}", folder(night.run_id), set.name);
            storage.write(&success, Vec::new()).await?;
            files.push(file_of_set);
        }
        let manifest = Manifest {
            run_id: night.run_id,
            run_date: night.run_date,
            schema_version: SCHEMA_VERSION,
            files,
        };
        storage.write(&format!("{}/{MANIFEST}", folder(night.run_id)), to_json(&manifest)?).await?;
        Ok(manifest)
    }
}

/// Where a night is staged.
pub(crate) fn folder(run_id: Uuid) -> String {
    format!("{STAGING}/{run_id}")
}

fn file(run_id: Uuid, set: &Set) -> String {
    format!("{}/{}/{FILE_NAME}", folder(run_id), set.name)
}

pub(crate) fn to_json(manifest: &Manifest) -> Result<Vec<u8>, Error> {
    serde_json::to_vec_pretty(manifest).map_err(|error| Error::File(error.into()))
}
