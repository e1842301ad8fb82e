//! What must hold for any bytes that reach talvix from outside.
//!
//! A check takes bytes, hands them to the product and panics where a promise is broken. cargo-fuzz
//! runs the checks on bytes that it makes up (`fuzz/`, `scripts/fuzz`); the tests of this crate run
//! them on the inputs that are kept in `fuzz/seeds` and `fuzz/regressions`.
//!
//! | check | bytes | beyond "no panic, within the limits" |
//! |---|---|---|
//! | [`resume`] | a parsed resume: its gzip, or the JSON in it | skills are those asked for, ascending |
//! | [`weights`] | `weights_current.json` | what passes is within its bounds, and written again it reads the same |
//! | [`pinned_model`] | the week's model: its gzip, or the JSON in it | what passes has its checksum |
//! | [`conninfo`] | a connection string, `PG*` variables, a password file | no output holds a password; no remote host without verified TLS |
//! | [`canonical`] | a skill, a text | folding twice is folding once; words are those of the slow rule |
//! | [`aliases`] | a table of skill aliases | names are canonical, and stand for themselves |
//! | [`copy_encoder`] | rows of values | a reader written from PostgreSQL's documentation finds them |
//! | [`copy_decoder`] | a binary `COPY` stream | the same rows or fault wherever the stream is cut |
//! | [`parquet`] | a table of a dataset | as many rows as it says, or an error that names the file |
//!
//! [`limits`] holds every input to 64 MiB and 100 ms.

pub mod aliases;
pub mod canonical;
pub mod conninfo;
pub mod copy_decoder;
pub mod copy_encoder;
pub mod limits;
pub mod parquet;
pub mod pinned_model;
pub mod resume;
pub mod weights;

mod copy_reader;

use std::borrow::Cow;

/// A check, by the name of its fuzz target and of its folders of inputs.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// The name.
    pub name: &'static str,
    /// Panics where a promise is broken.
    pub run: fn(&[u8]),
}

/// Every check.
pub const CHECKS: [Check; 9] = [
    Check { name: "resume", run: resume::check },
    Check { name: "weights", run: weights::check },
    Check { name: "pinned_model", run: pinned_model::check },
    Check { name: "conninfo", run: conninfo::check },
    Check { name: "canonical", run: canonical::check },
    Check { name: "aliases", run: aliases::check },
    Check { name: "copy_encoder", run: copy_encoder::check },
    Check { name: "copy_decoder", run: copy_decoder::check },
    Check { name: "parquet", run: parquet::check },
];

/// Bytes as they are where they already are a gzip file, else packed into one: so that JSON is
/// reached without a checksum to guess. Nothing is compressed, which would cost more than the check.
fn packed(bytes: &[u8]) -> Cow<'_, [u8]> {
    const MOST_OF_A_BLOCK: usize = 0xffff;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return bytes.into();
    }
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let mut blocks = bytes.chunks(MOST_OF_A_BLOCK).peekable();
    loop {
        let block = blocks.next().unwrap_or_default();
        let is_last = blocks.peek().is_none();
        gzip.push(u8::from(is_last));
        gzip.extend((block.len() as u16).to_le_bytes());
        gzip.extend((!(block.len() as u16)).to_le_bytes());
        gzip.extend(block);
        if is_last {
            break;
        }
    }
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    gzip.extend(sum.sum().to_le_bytes());
    gzip.extend((bytes.len() as u32).to_le_bytes());
    gzip.into()
}
