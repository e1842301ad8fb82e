//! An earlier night's cache, row group by row group.

use super::format::{Footer, KEY, Sum, WORDS, reason, schema, sum};
use crate::resumes::parse::{Facts, Lookup};
use arrow::{
    array::{
        Array, BinaryArray, DictionaryArray, FixedSizeBinaryArray, Int32Array, ListArray,
        RecordBatch, StringArray, UInt16Array,
    },
    compute::concat_batches,
    datatypes::Int32Type,
};
use bytes::{Buf, Bytes, buf::Reader};
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder},
    },
    errors::ParquetError,
    file::{
        metadata::ParquetMetaDataReader,
        reader::{ChunkReader, Length},
    },
};
use std::{error::Error as StdError, fs::File, os::unix::fs::FileExt, sync::Arc};
use talvix_engine::{columns::UserLevel, ids::Uuid, skills::AliasTable};

/// Why a cache cannot be used; never more than a note.
pub(super) type Unusable = Box<dyn StdError + Send + Sync>;

/// A file with a sound seal, written by this version with these aliases.
#[derive(Debug)]
pub(in crate::resumes) struct OldFile {
    file: File,
    metadata: ArrowReaderMetadata,
    pub(in crate::resumes) footer: Footer,
}

impl OldFile {
    pub(in crate::resumes) fn open(file: File, aliases: &AliasTable) -> Result<Self, Unusable> {
        const END: usize = 8;
        let num_bytes = file.metadata()?.len();
        let at = |from_end: usize| num_bytes.checked_sub(from_end as u64).ok_or("too short");
        let mut end = [0; END];
        file.read_exact_at(&mut end, at(END)?)?;
        let (footer_bytes, magic) = end.split_at(4);
        if magic != b"PAR1" {
            return Err("not a Parquet file".into());
        }
        let footer_bytes = u32::from_le_bytes([0, 1, 2, 3].map(|at: usize| footer_bytes[at]));
        let start = at(footer_bytes as usize + END)?;
        let mut footer = vec![0; footer_bytes as usize];
        file.read_exact_at(&mut footer, start)?;
        let (footer, seal) = footer.split_last_chunk::<32>().ok_or("no seal")?;
        if sum(footer) != *seal {
            return Err("damaged".into());
        }
        let metadata = ParquetMetaDataReader::decode_metadata(footer)?;
        let pairs = metadata.file_metadata().key_value_metadata();
        let ours = pairs.into_iter().flatten().find(|pair| pair.key == KEY);
        let ours = ours.and_then(|pair| pair.value.as_deref()).ok_or("not a cache")?;
        let footer: Footer = serde_json::from_str(ours)?;
        if !footer.is_current(aliases) {
            return Err("of another version or other aliases".into());
        }
        let metadata = ArrowReaderMetadata::try_new(Arc::new(metadata), ArrowReaderOptions::new())?;
        let has_sums = footer.groups.len() == metadata.metadata().num_row_groups();
        if !has_sums || metadata.schema().fields() != schema().fields() {
            return Err("other columns".into());
        }
        Ok(OldFile { file, metadata, footer })
    }

    pub(super) fn num_groups(&self) -> usize {
        self.footer.groups.len()
    }

    pub(in crate::resumes) fn num_rows(&self) -> usize {
        self.metadata.metadata().file_metadata().num_rows() as usize
    }

    /// The rows of a group, with or without the words.
    pub(super) fn group(&self, number: usize, with_words: bool) -> Result<RecordBatch, Unusable> {
        let group = self.metadata.metadata().row_group(number);
        let sums = &self.footer.groups[number];
        let (start, _) = group.column(0).byte_range();
        let (words_start, words_len) = group.columns().last().ok_or("no columns")?.byte_range();
        let end = if with_words { words_start + words_len } else { words_start };
        let mut bytes = vec![0; usize::try_from(end.checked_sub(start).ok_or("damaged")?)?];
        self.file.read_exact_at(&mut bytes, start)?;
        let (features, words) = bytes.split_at((words_start - start) as usize);
        let is_sound = |bytes: &[u8], expected: &Sum| sum(bytes) == *expected;
        if !is_sound(features, &sums.features) || (with_words && !is_sound(words, &sums.words)) {
            return Err("damaged".into());
        }

        let window = Window { start, bytes: bytes.into() };
        let columns = if with_words { 0..WORDS + 1 } else { 0..WORDS };
        let schema = self.metadata.metadata().file_metadata().schema_descr();
        let mask = ProjectionMask::roots(schema, columns);
        let reader =
            ParquetRecordBatchReaderBuilder::new_with_metadata(window, self.metadata.clone())
                .with_row_groups(vec![number])
                .with_projection(mask)
                .with_batch_size(group.num_rows() as usize)
                .build()?;
        let batches = reader.collect::<Result<Vec<_>, _>>()?;
        let first = batches.first().ok_or("no rows")?;
        Ok(concat_batches(&first.schema(), &batches)?)
    }
}

/// A part of the file, in memory.
struct Window {
    start: u64,
    bytes: Bytes,
}

impl Length for Window {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for Window {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let len = self.len().saturating_sub(start);
        Ok(self.get_bytes(start, len as usize)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let from = start.checked_sub(self.start).map(|from| from as usize);
        from.filter(|from| from + length <= self.bytes.len())
            .map(|from| self.bytes.slice(from..from + length))
            .ok_or_else(|| ParquetError::EOF("outside of the row group".to_owned()))
    }
}

/// The entries of an earlier night, from the lowest user id to the highest.
#[derive(Debug)]
pub(in crate::resumes) struct OldCache {
    file: Arc<OldFile>,
    with_words: bool,
    next_group: usize,
    groups: Vec<Group>,
    /// The users before and up to whom the loaded rows are.
    above: Option<Uuid>,
    up_to: Option<Uuid>,
}

#[derive(Debug)]
struct Group {
    ids: FixedSizeBinaryArray,
    versions: BinaryArray,
    sums: FixedSizeBinaryArray,
    unreadable: StringArray,
    faults: StringArray,
    experience: UInt16Array,
    levels: StringArray,
    skills: ListArray,
    keys: Int32Array,
    /// The number in [`Lookup::names`] of each name, if it is there.
    numbers: Vec<Option<u32>>,
    words: Option<BinaryArray>,
}

/// Where an entry is.
#[derive(Clone, Copy, Debug)]
pub(in crate::resumes) struct OldRow {
    group: usize,
    row: usize,
}

impl OldCache {
    pub(in crate::resumes) fn new(file: Arc<OldFile>, with_words: bool) -> Self {
        OldCache { file, with_words, next_group: 0, groups: Vec::new(), above: None, up_to: None }
    }

    /// Loads the entries of users up to one, from where it stopped before.
    pub(in crate::resumes) fn load(
        &mut self,
        last: &Uuid,
        lookup: &Lookup<'_>,
    ) -> Result<(), Unusable> {
        self.above = self.up_to.replace(*last);
        if let Some(above) = self.above {
            self.groups.retain(|group| group.last_id().is_some_and(|id| id > above.as_slice()));
        }
        let is_enough = |group: &Group| group.last_id().is_some_and(|id| id >= last.as_slice());
        while self.next_group < self.file.num_groups() && !self.groups.last().is_some_and(is_enough)
        {
            let batch = self.file.group(self.next_group, self.with_words)?;
            self.next_group += 1;
            self.groups.push(Group::new(&batch, lookup).ok_or("other columns")?);
        }
        Ok(())
    }

    /// What was loaded last, ascending.
    pub(in crate::resumes) fn rows(&self) -> impl Iterator<Item = (Uuid, OldRow)> {
        let is_done = |id: &Uuid| self.above.is_some_and(|above| *id <= above);
        let is_wanted = |id: &Uuid| self.up_to.is_some_and(|up_to| *id <= up_to);
        let groups = self.groups.iter().enumerate();
        groups
            .flat_map(|(group, columns)| {
                (0..columns.ids.len()).map(move |row| (columns.id(row), OldRow { group, row }))
            })
            .skip_while(move |(id, _)| is_done(id))
            .take_while(move |(id, _)| is_wanted(id))
    }

    /// The file's state when the entry was made; empty where a later change might not show.
    pub(in crate::resumes) fn version(&self, at: OldRow) -> &[u8] {
        let versions = &self.groups[at.group].versions;
        if versions.is_null(at.row) { &[] } else { versions.value(at.row) }
    }

    pub(in crate::resumes) fn sha256(&self, at: OldRow) -> &[u8] {
        self.groups[at.group].sums.value(at.row)
    }

    /// The words of its text; `None` where they were not asked for.
    pub(in crate::resumes) fn words(&self, at: OldRow) -> Option<&[u8]> {
        self.groups[at.group].words.as_ref().map(|words| words.value(at.row))
    }

    /// What the resume says, without unknown names and words; `None` where the entry is odd.
    pub(in crate::resumes) fn facts(&self, at: OldRow) -> Option<Result<Facts, &'static str>> {
        let OldRow { group, row } = at;
        let group = &self.groups[group];
        let text = |texts: &StringArray| texts.is_valid(row).then(|| reason(texts.value(row)));
        if let Some(why) = text(&group.unreadable) {
            return why.map(Err);
        }
        let faults = group.faults.value(row).split_whitespace();
        let faults = faults.map(reason).collect::<Option<_>>()?;
        let level = group.levels.is_valid(row).then(|| group.levels.value(row));
        let offsets = group.skills.value_offsets();
        let keys = &group.keys.values()[offsets[row] as usize..offsets[row + 1] as usize];
        let mut known: Vec<u32> =
            keys.iter().filter_map(|key| *group.numbers.get(*key as usize)?).collect();
        known.sort_unstable();
        Some(Ok(Facts {
            known,
            experience_tenths: group.experience.is_valid(row).then(|| group.experience.value(row)),
            level: level.and_then(UserLevel::named),
            faults,
            ..Facts::default()
        }))
    }
}

impl Group {
    fn new(batch: &RecordBatch, lookup: &Lookup<'_>) -> Option<Self> {
        fn column<T: Clone + 'static>(batch: &RecordBatch, at: usize) -> Option<T> {
            batch.column(at).as_any().downcast_ref::<T>().cloned()
        }
        let skills: ListArray = column(batch, 7)?;
        let names = skills.values().as_any().downcast_ref::<DictionaryArray<Int32Type>>()?;
        let texts = names.values().as_any().downcast_ref::<StringArray>()?;
        let numbers = texts.iter().map(|name| lookup.names.get(name?)).collect();
        Some(Group {
            ids: column(batch, 0)?,
            versions: column(batch, 1)?,
            sums: column(batch, 2)?,
            unreadable: column(batch, 3)?,
            faults: column(batch, 4)?,
            experience: column(batch, 5)?,
            levels: column(batch, 6)?,
            keys: names.keys().clone(),
            numbers,
            skills,
            words: (batch.num_columns() > WORDS).then(|| column(batch, WORDS)).flatten(),
        })
    }

    fn last_id(&self) -> Option<&[u8]> {
        self.ids.len().checked_sub(1).map(|last| self.ids.value(last))
    }

    fn id(&self, row: usize) -> Uuid {
        self.ids.value(row).try_into().unwrap_or_default()
    }
}
