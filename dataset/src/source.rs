//! A file as the Parquet decoder reads it.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

use crate::footer;

/// An open file, read by position.
///
/// The decoder's own way to read a file moves a position that all clones of the file share, so
/// two readers of one open file would disturb each other. It also allocates whatever length a
/// damaged footer claims, and an allocation that fails ends the process; here no read can be
/// longer than the file.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    file: Arc<File>,
    length: u64,
}

impl Source {
    pub(crate) fn new(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { file: Arc::new(file), length })
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Source {
    type T = io::BufReader<SourceReader>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(io::BufReader::new(SourceReader {
            file: Arc::clone(&self.file),
            position: start,
            // The only other thing that is read like this.
            is_at_header: start.saturating_add(footer::TAIL_BYTES as u64) != self.length,
        }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let end = start.checked_add(length as u64);
        if end.is_none_or(|end| end > self.length) {
            return Err(ParquetError::EOF(format!(
                "{length} bytes at {start} are outside of the file's {}",
                self.length
            )));
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, start)?;
        Ok(bytes.into())
    }
}

/// Reads on from a position of its own.
#[derive(Debug)]
pub(crate) struct SourceReader {
    file: Arc<File>,
    position: u64,
    /// Whether what comes next is the header of a page.
    is_at_header: bool,
}

impl Read for SourceReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.position)?;
        // The footer is last, so nobody who reads a sound file's pages gets here. The decoder skips
        // as many values as a header says there are, and would skip billions of them at the end.
        if read == 0 && !buffer.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file ends in a page"));
        }
        if std::mem::take(&mut self.is_at_header) && footer::is_unsound_page(&buffer[..read]) {
            let reason = "the header of a page asks for more than the page can hold";
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        self.position += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn nothing_is_read_or_skipped_at_the_end() {
        let mut file = tempfile::tempfile().unwrap();
        // What the header of a page begins with.
        let header = [0x15, 0, 0x15, 2, 0x15, 2, 0];
        file.write_all(b"012345").unwrap();
        file.write_all(&header).unwrap();
        let source = Source::new(file).unwrap();
        let mut reader = source.get_read(6).unwrap();
        let mut rest = [0; 7];
        reader.read_exact(&mut rest).unwrap();
        assert_eq!(rest, header);
        let skipped = io::copy(&mut reader.take(8), &mut io::sink());
        assert_eq!(skipped.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);

        let unsound = source.get_read(0).unwrap().read_exact(&mut rest);
        assert_eq!(unsound.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
