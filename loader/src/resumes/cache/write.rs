//! A new cache: the old one and what changed, merged.

use super::{
    Entry, OldFile,
    format::{Footer, GROUP_ROWS, GroupSums, KEY, WORDS, rows, schema, sum},
    read::Unusable,
};
use crate::resumes::parse::Lookup;
use arrow::{
    array::{Array, BinaryArray, FixedSizeBinaryArray, RecordBatch},
    compute::interleave_record_batch,
};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::{
        metadata::KeyValue,
        properties::{EnabledStatistics, WriterProperties},
    },
    schema::types::ColumnPath,
};
use std::{
    io::{self, Seek, SeekFrom, Write},
    sync::Arc,
};
use talvix_engine::ids::Uuid;

/// Fewer changes than one in this many entries are read anew night after night rather than written.
/// By a profile carrying over an entry costs a fifth of reading a resume; with one change in a hundred
/// entries a night it is then cheapest to write each fifth or sixth night.
const ENTRIES_PER_CHANGE: usize = 20;

/// The most changes that wait in memory, some kilobyte each.
const MAX_WAITING: usize = 10_000;

/// What becomes of a user's entry.
#[derive(Debug)]
pub(in crate::resumes) struct Change {
    pub(in crate::resumes) user: Uuid,
    pub(in crate::resumes) what: What,
}

/// See [`Change`].
#[derive(Debug)]
pub(in crate::resumes) enum What {
    /// There is no such user, or no resume, any more.
    Gone,
    /// The same content in a file of another version; none where a later change might not show.
    Touched(Option<Vec<u8>>),
    Read(Box<Entry>),
}

/// The new cache, begun when enough has changed.
pub(in crate::resumes) struct Update {
    old: Option<Arc<OldFile>>,
    footer: Footer,
    waiting: Vec<Change>,
    /// The last user so far.
    last: Option<Uuid>,
    writer: Option<Merge>,
    make_file: Box<dyn Fn() -> io::Result<tempfile::NamedTempFile> + Send + Sync>,
}

impl Update {
    pub(in crate::resumes) fn new(
        old: Option<Arc<OldFile>>,
        footer: Footer,
        make_file: Box<dyn Fn() -> io::Result<tempfile::NamedTempFile> + Send + Sync>,
    ) -> Self {
        Update { old, footer, waiting: Vec::new(), last: None, writer: None, make_file }
    }

    /// Forgets the old cache, which turned out to be damaged.
    pub(in crate::resumes) fn forget_old(&mut self) {
        self.old = None;
        if let Some(writer) = &mut self.writer {
            writer.old = None;
        }
    }

    /// Takes the changes of users up to one, in ascending order.
    pub(in crate::resumes) fn take(
        &mut self,
        changes: Vec<Change>,
        last: &Uuid,
        lookup: &Lookup<'_>,
    ) -> Result<(), Unusable> {
        self.waiting.extend(changes);
        self.last = Some(*last);
        if self.writer.is_some() || self.waiting.len() >= self.enough().min(MAX_WAITING) {
            self.merge(last, lookup)?;
        }
        Ok(())
    }

    fn enough(&self) -> usize {
        self.old.as_ref().map_or(0, |old| old.num_rows()).div_ceil(ENTRIES_PER_CHANGE).max(1)
    }

    fn merge(&mut self, last: &Uuid, lookup: &Lookup<'_>) -> Result<(), Unusable> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            writer => writer.insert(Merge::new((self.make_file)()?, self.old.clone())?),
        };
        writer.merge(last, &std::mem::take(&mut self.waiting), lookup)
    }

    /// The whole new cache, if enough has changed to be worth it.
    pub(in crate::resumes) fn finish(
        mut self,
        lookup: &Lookup<'_>,
    ) -> Result<Option<tempfile::NamedTempFile>, Unusable> {
        let Some(last) = self.last else { return Ok(None) };
        if self.writer.is_none() && self.waiting.len() < self.enough() {
            return Ok(None);
        }
        self.merge(&last, lookup)?;
        self.writer.map(|writer| writer.finish(self.footer)).transpose()
    }
}

/// Rows of the old cache and changes, both ascending, into one new file.
struct Merge {
    old: Option<Arc<OldFile>>,
    next_group: usize,
    /// Rows of the old cache that are not written yet, from a position.
    current: Option<(RecordBatch, usize)>,
    file: tempfile::NamedTempFile,
    writer: ArrowWriter<Vec<u8>>,
    num_rows: usize,
    groups: Vec<GroupSums>,
}

impl Merge {
    fn new(file: tempfile::NamedTempFile, old: Option<Arc<OldFile>>) -> Result<Self, Unusable> {
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_statistics_enabled(EnabledStatistics::None)
            .set_offset_index_disabled(true)
            .set_max_row_group_row_count(None);
        for unique in ["user_id", "file_version", "file_sha256", "words"] {
            let column = ColumnPath::from(unique);
            properties = properties.set_column_dictionary_enabled(column, false);
        }
        for random in ["user_id", "file_sha256"] {
            properties = properties
                .set_column_compression(ColumnPath::from(random), Compression::UNCOMPRESSED);
        }
        let writer = ArrowWriter::try_new(Vec::new(), schema(), Some(properties.build()))?;
        let (current, groups) = (None, Vec::new());
        Ok(Merge { old, next_group: 0, current, file, writer, num_rows: 0, groups })
    }

    /// Writes the rows of users up to one.
    fn merge(
        &mut self,
        last: &Uuid,
        changes: &[Change],
        lookup: &Lookup<'_>,
    ) -> Result<(), Unusable> {
        let read = changes.iter().filter_map(|change| match &change.what {
            What::Read(entry) => Some((change.user, &**entry)),
            What::Gone | What::Touched(_) => None,
        });
        let new = rows(read, lookup)?;
        let mut changes = changes.iter().peekable();
        let mut num_new = 0;
        let mut take_new = |picks: &mut Vec<(usize, usize)>, change: &Change| {
            if let What::Read(_) = change.what {
                picks.push((1, num_new));
                num_new += 1;
            }
        };
        while let Some((old, mut row)) = self.next_old() {
            let ids = old.column(0).as_any().downcast_ref::<FixedSizeBinaryArray>();
            let ids = ids.ok_or("other columns")?;
            let mut picks = Vec::with_capacity(old.num_rows() - row);
            let mut versions = Vec::new();
            while row < old.num_rows() && ids.value(row) <= last.as_slice() {
                let id = ids.value(row);
                while let Some(change) = changes.next_if(|change| change.user.as_slice() < id) {
                    take_new(&mut picks, change);
                }
                match changes.next_if(|change| change.user.as_slice() == id) {
                    None => picks.push((0, row)),
                    Some(Change { what: What::Touched(version), .. }) => {
                        versions.push((picks.len(), version.as_deref()));
                        picks.push((0, row));
                    }
                    Some(change) => take_new(&mut picks, change),
                }
                row += 1;
            }
            let is_at_end = row == old.num_rows();
            if !picks.is_empty() {
                let batch = interleave_record_batch(&[&old, &new], &picks)?;
                self.write(&with_versions(batch, &versions)?)?;
            }
            if !is_at_end {
                self.current = Some((old, row));
                break;
            }
        }
        let mut picks = Vec::new();
        for change in changes {
            take_new(&mut picks, change);
        }
        self.write(&new.slice(new.num_rows() - picks.len(), picks.len()))
    }

    fn next_old(&mut self) -> Option<(RecordBatch, usize)> {
        if let Some(current) = self.current.take() {
            return Some(current);
        }
        let old = self.old.as_ref().filter(|old| self.next_group < old.num_groups())?;
        self.next_group += 1;
        match old.group(self.next_group - 1, true) {
            Ok(group) => Some((group, 0)),
            Err(error) => {
                // What follows is read again the next night.
                tracing::info!("the old cache of resumes is not carried over further: {error}");
                self.old = None;
                None
            }
        }
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), Unusable> {
        let mut at = 0;
        while at < batch.num_rows() {
            let rows = (batch.num_rows() - at).min(GROUP_ROWS - self.num_rows);
            self.writer.write(&batch.slice(at, rows))?;
            self.num_rows += rows;
            at += rows;
            if self.num_rows == GROUP_ROWS {
                self.end_group()?;
            }
        }
        Ok(())
    }

    /// Writes a row group to the file and keeps its checksums.
    fn end_group(&mut self) -> Result<(), Unusable> {
        if self.num_rows == 0 {
            return Ok(());
        }
        self.num_rows = 0;
        self.writer.flush()?;
        self.writer.sync()?;
        let group = self.writer.flushed_row_groups().last().ok_or("no row group")?;
        let (start, _) = group.column(0).byte_range();
        let (words_start, words_len) = group.column(WORDS).byte_range();
        let bytes = std::mem::take(self.writer.inner_mut());
        // The file so far ends where what was taken begins.
        let base = self.file.as_file_mut().stream_position()?;
        let part = |from: u64, to: u64| bytes.get((from - base) as usize..(to - base) as usize);
        self.groups.push(GroupSums {
            features: sum(part(start, words_start).ok_or("no features")?),
            words: sum(part(words_start, words_start + words_len).ok_or("no words")?),
        });
        self.file.write_all(&bytes)?;
        Ok(())
    }

    fn finish(mut self, mut footer: Footer) -> Result<tempfile::NamedTempFile, Unusable> {
        const END: usize = 8;
        self.end_group()?;
        footer.groups = self.groups;
        let pair = KeyValue::new(KEY.to_owned(), serde_json::to_string(&footer)?);
        self.writer.append_key_value_metadata(pair);
        let bytes = self.writer.into_inner()?;
        let (rest, end) = bytes.split_last_chunk::<END>().ok_or("no end")?;
        let num_bytes = u32::from_le_bytes(*end.first_chunk().ok_or("no end")?);
        let start = rest.len().checked_sub(num_bytes as usize).ok_or("no footer")?;
        let seal = sum(&rest[start..]);
        self.file.write_all(rest)?;
        self.file.write_all(&seal)?;
        self.file.write_all(&(num_bytes + seal.len() as u32).to_le_bytes())?;
        self.file.write_all(b"PAR1")?;
        self.file.flush()?;
        self.file.seek(SeekFrom::Start(0))?;
        Ok(self.file)
    }
}

/// Rows some of which have another version of the file.
fn with_versions(
    batch: RecordBatch,
    versions: &[(usize, Option<&[u8]>)],
) -> Result<RecordBatch, Unusable> {
    const VERSION: usize = 1;
    if versions.is_empty() {
        return Ok(batch);
    }
    let (schema, mut columns, _) = batch.into_parts();
    let old = columns[VERSION].as_any().downcast_ref::<BinaryArray>().ok_or("other columns")?;
    let mut all: Vec<Option<&[u8]>> = old.iter().collect();
    for (row, version) in versions {
        all[*row] = *version;
    }
    let new: BinaryArray = all.into_iter().collect();
    columns[VERSION] = Arc::new(new);
    Ok(RecordBatch::try_new(schema, columns)?)
}
