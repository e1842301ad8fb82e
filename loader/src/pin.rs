//! The week's scoring model in storage.

use crate::error::Error;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use talvix_engine::{
    model::{SCHEMA_VERSION, ScoringModel},
    week::IsoWeek,
};
use talvix_storage::Storage;

/// A model of a million skills and markets stays far below.
const MAX_PACKED_BYTES: u64 = 64 << 20;
const MAX_BYTES: u64 = 256 << 20;

/// The file: the model, and its id as a checksum.
#[derive(Serialize, Deserialize)]
struct File<M> {
    model_id: String,
    model: M,
}

/// Where the model of a week is.
#[must_use]
pub fn file(week: IsoWeek) -> String {
    format!("model-data/scoring_model_{week}.json.gz")
}

/// Reads the model of a week; `None` where none is pinned yet.
pub async fn read(
    storage: &Storage,
    week: IsoWeek,
    alias_table_sha256: &str,
) -> Result<Option<ScoringModel>, Error> {
    let file = file(week);
    let Some(packed) = storage.read(&file, MAX_PACKED_BYTES).await? else { return Ok(None) };
    let unfit = |reason: String| Error::Pinned { place: storage.place(&file), reason };
    let model = parse(&packed).map_err(|reason| unfit(format!("damaged: {reason}")))?;
    if model.week != week {
        return Err(unfit(format!("is the model of {}", model.week)));
    }
    if model.alias_table_sha256 != alias_table_sha256 {
        return Err(unfit(
            "was pinned with another table of skill aliases, so its counts do not fit".to_owned(),
        ));
    }
    Ok(Some(model))
}

fn parse(packed: &[u8]) -> Result<ScoringModel, String> {
    let mut json = Vec::new();
    GzDecoder::new(packed)
        .take(MAX_BYTES + 1)
        .read_to_end(&mut json)
        .map_err(|error| error.to_string())?;
    if json.len() as u64 > MAX_BYTES {
        return Err(format!("larger than {MAX_BYTES} bytes"));
    }
    let File { model_id, model } = serde_json::from_slice::<File<serde_json::Value>>(&json)
        .map_err(|error| error.to_string())?;
    if model["schema_version"] != SCHEMA_VERSION {
        return Err(format!(
            "its form is version {}, this talvix knows {SCHEMA_VERSION}",
            model["schema_version"]
        ));
    }
    let model: ScoringModel = serde_json::from_value(model).map_err(|error| error.to_string())?;
    if model.id() != model_id {
        return Err("its checksum does not match".to_owned());
    }
    Ok(model)
}

/// Writes the model of its week.
pub async fn write(storage: &Storage, model: &ScoringModel) -> Result<(), Error> {
    let file = file(model.week);
    let fail =
        |reason: String| talvix_storage::Error::Place { place: storage.place(&file), reason };
    let json = serde_json::to_vec(&File { model_id: model.id(), model })
        .map_err(|error| fail(error.to_string()))?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    let packed = gzip.write_all(&json).and_then(|()| gzip.finish());
    Ok(storage.write(&file, packed.map_err(|error| fail(error.to_string()))?).await?)
}
