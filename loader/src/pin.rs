//! The week's scoring model in storage.

use crate::error::Error;
use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
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

/// Parses the bytes of a file, and compares the model with its checksum. The reason tells what is
/// wrong with them.
pub fn parse(packed: &[u8]) -> Result<ScoringModel, String> {
    let mut json = Vec::new();
    // All of the file: what is behind the first member is not there for nothing.
    MultiGzDecoder::new(packed)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use talvix_engine::model::Weights;

    const ALIASES: &str = "sha256:aliases";

    fn week() -> IsoWeek {
        IsoWeek::of("2026-11-16T17:00:00Z".parse().unwrap())
    }

    fn model() -> ScoringModel {
        ScoringModel {
            schema_version: SCHEMA_VERSION,
            week: week(),
            pinned_at_us: 1,
            alias_table_sha256: ALIASES.to_owned(),
            weights: Weights {
                skills: 3_500,
                experience: 2_500,
                demand: 2_500,
                salary: 2_000,
                min_fit_score: 400_000,
                apply_score: 750_000,
                dream_bonus: 100_000,
            },
            num_jobs: 3,
            listed_by: [("sql", 2), ("rust", 1)].map(|(name, jobs)| (name.to_owned(), jobs)).into(),
            markets: BTreeMap::new(),
            benchmarks: Vec::new(),
        }
    }

    /// Storage with the model pinned, and the file's bytes.
    async fn pinned() -> (tempfile::TempDir, Storage, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::Folder(folder.path().to_owned());
        write(&storage, &model()).await.unwrap();
        let bytes = storage.read(&file(week()), MAX_PACKED_BYTES).await.unwrap().unwrap();
        (folder, storage, bytes)
    }

    #[tokio::test]
    async fn what_was_pinned_is_read() {
        let (_folder, storage, _) = pinned().await;
        assert_eq!(read(&storage, week(), ALIASES).await.unwrap(), Some(model()));
        let other = IsoWeek::of("2026-11-23T17:00:00Z".parse().unwrap());
        assert_eq!(read(&storage, other, ALIASES).await.unwrap(), None);
    }

    /// A damaged model is never taken, and never made anew unasked.
    #[tokio::test]
    async fn a_file_cut_anywhere_is_damaged() {
        let (_folder, storage, bytes) = pinned().await;
        for length in 0..bytes.len() {
            storage.write(&file(week()), bytes[..length].to_vec()).await.unwrap();
            let error = read(&storage, week(), ALIASES).await.unwrap_err();
            assert!(error.is_unfit(), "{length}: {error}");
            assert!(error.to_string().contains("--repin"), "{length}: {error}");
        }
    }

    #[tokio::test]
    async fn a_flipped_bit_is_noticed_or_means_nothing() {
        let (_folder, storage, bytes) = pinned().await;
        let mut num_noticed = 0;
        for at in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            storage.write(&file(week()), flipped).await.unwrap();
            match read(&storage, week(), ALIASES).await {
                // The header's time and system, and bits that fill up the last byte of data.
                Ok(found) => assert_eq!(found, Some(model()), "bit {at}"),
                Err(error) => {
                    assert!(error.is_unfit(), "bit {at}: {error}");
                    num_noticed += 1;
                }
            }
        }
        assert!(num_noticed > 7 * bytes.len(), "{num_noticed} of {}", 8 * bytes.len());
    }

    #[tokio::test]
    async fn a_model_of_another_kind_is_refused_by_what_it_is() {
        let (_folder, storage, bytes) = pinned().await;
        let gzip = |json: &str| {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
            gzip.write_all(json.as_bytes()).unwrap();
            gzip.finish().unwrap()
        };
        let mut json = String::new();
        MultiGzDecoder::new(&bytes[..]).read_to_string(&mut json).unwrap();
        let version = format!("\"schema_version\":{SCHEMA_VERSION}");
        assert!(json.contains(&version));
        let other_week =
            ScoringModel { week: IsoWeek::of("2026-11-23T17:00:00Z".parse().unwrap()), ..model() };
        let other_week =
            serde_json::to_string(&File { model_id: other_week.id(), model: &other_week }).unwrap();
        for (name, bytes, said) in [
            ("newer", gzip(&json.replace(&version, "\"schema_version\":2")), "version 2"),
            ("another week's", gzip(&other_week), "is the model of 2026-W48"),
            ("changed", gzip(&json.replace("\"sql\":2", "\"sql\":3")), "checksum"),
            ("with a key more", gzip(&json.replacen('{', "{\"x\":1,", 1)), ""),
            ("not packed", json.clone().into_bytes(), "damaged"),
            ("with garbage behind", [&bytes[..], b"x"].concat(), "damaged"),
            ("twice", [&bytes[..], &bytes[..]].concat(), "damaged"),
            ("a list", gzip("[]"), "damaged"),
            ("deep", gzip(&"[".repeat(100_000)), "damaged"),
        ] {
            storage.write(&file(week()), bytes).await.unwrap();
            match read(&storage, week(), ALIASES).await {
                // A key that nobody knows is passed over; the model is what its checksum says.
                Ok(found) => assert_eq!((found, said), (Some(model()), ""), "{name}"),
                Err(error) => {
                    assert!(error.is_unfit() && !said.is_empty(), "{name}: {error}");
                    assert!(error.to_string().contains(said), "{name}: {error}");
                }
            }
        }
        let other = read(&storage, week(), "sha256:other").await;
        assert!(other.is_err());
    }
}
