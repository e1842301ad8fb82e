//! Ids and chances out of hashes: the same row gets the same ones wherever it stands in a file.

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// The id of the thing called `key` among those of `kind`: a UUID of version 8, made of a hash.
pub(super) fn uuid(kind: &str, key: &str) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash(&[kind, key])[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

/// A number for `key` that another `purpose` or seed does not share.
pub(super) fn number(seed: u64, purpose: &str, key: &str) -> u64 {
    let hash = hash(&[&seed.to_string(), purpose, key]);
    hash[..8].iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// SHA-256 of the parts with 0x1F between them, in 64 lower-case hex digits.
pub(super) fn hex(parts: &[&str]) -> String {
    use std::fmt::Write;
    hash(parts).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn hash(parts: &[&str]) -> [u8; 32] {
    Sha256::digest(parts.join("\u{1f}").as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_gives_the_same_id_and_another_kind_another() {
        assert_eq!(uuid("job", "a:1"), uuid("job", "a:1"));
        assert_ne!(uuid("job", "a:1"), uuid("user", "a:1"));
        assert_ne!(number(1, "city", "a:1"), number(2, "city", "a:1"));
    }

    #[test]
    fn hex_is_the_sha256_of_the_joined_parts() {
        // printf 'abc' | sha256sum
        assert_eq!(
            hex(&["abc"]),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(hex(&["a", "b"]), hex(&["a\u{1f}b"]));
    }
}
