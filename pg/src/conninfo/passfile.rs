//! `.pgpass`: one line per server, `host:port:database:user:password`.

use std::path::Path;

use super::MAX_FILE_BYTES;

/// Whose password is looked for.
pub(super) struct Entry {
    pub(super) host: String,
    pub(super) port: String,
    pub(super) dbname: String,
    pub(super) user: String,
}

/// The password of the first line that fits. A file that others may read is not used: it is no
/// secret any more.
pub(super) fn find(file: &Path, wanted: &Entry) -> Option<Vec<u8>> {
    let text = match read(file) {
        Ok(text) => text?,
        Err(error) => {
            tracing::warn!("the password file is not used: {error}");
            return None;
        }
    };
    text.split(|&byte| byte == b'\n').find_map(|line| password(line, wanted))
}

fn read(file: &Path) -> std::io::Result<Option<Vec<u8>>> {
    use std::io::Read as _;
    use std::os::unix::fs::PermissionsExt as _;

    // Opened first and looked at after: the file that is judged is the one that is read.
    let opened = match fs_err::File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = opened.metadata()?;
    if !metadata.is_file() {
        tracing::warn!("{} is not used: it is not a plain file", file.display());
        return Ok(None);
    }
    if metadata.len() > MAX_FILE_BYTES {
        tracing::warn!("{} is not used: it is larger than {MAX_FILE_BYTES} bytes", file.display());
        return Ok(None);
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        tracing::warn!(
            "{} is not used: others than its owner may read it; run: chmod 600 {0}",
            file.display()
        );
        return Ok(None);
    }
    let mut text = Vec::new();
    // What is written to it meanwhile stays out.
    opened.take(MAX_FILE_BYTES).read_to_end(&mut text)?;
    Ok(Some(text))
}

fn password(line: &[u8], wanted: &Entry) -> Option<Vec<u8>> {
    let mut rest = line.strip_suffix(b"\r").unwrap_or(line);
    for want in [&wanted.host, &wanted.port, &wanted.dbname, &wanted.user] {
        let colon = unescaped_colon(rest)?;
        let field = &rest[..colon];
        if field != b"*" && unescape(field) != want.as_bytes() {
            return None;
        }
        rest = &rest[colon + 1..];
    }
    Some(unescape(rest)).filter(|password| !password.is_empty())
}

fn unescaped_colon(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|&byte| {
        let found = byte == b':' && !escaped;
        escaped = byte == b'\\' && !escaped;
        found
    })
}

fn unescape(text: &[u8]) -> Vec<u8> {
    let mut bytes = text.iter().copied();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        plain.push(if byte == b'\\' { bytes.next().unwrap_or(byte) } else { byte });
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn entry(host: &str, user: &str) -> Entry {
        Entry {
            host: host.to_owned(),
            port: "5432".to_owned(),
            dbname: "talvix".to_owned(),
            user: user.to_owned(),
        }
    }

    #[test]
    fn a_line_fits_by_field_or_star() {
        let wanted = entry("h", "u");
        for (line, want) in [
            ("h:5432:talvix:u:p", Some("p")),
            ("*:*:*:*:p", Some("p")),
            ("h:5432:talvix:u:p\r", Some("p")),
            (r"h:5432:talvix:u:a\:b\\c", Some(r"a:b\c")),
            ("h:5432:talvix:u:a:b", Some("a:b")),
            (r"\h:5432:talvix:u:p", Some("p")),
            ("other:5432:talvix:u:p", None),
            ("h:5433:talvix:u:p", None),
            ("h:5432:other:u:p", None),
            ("h:5432:talvix:other:p", None),
            (r"\*:5432:talvix:u:p", None),
            ("h:5432:talvix:u:", None),
            ("h:5432:talvix:u", None),
            ("# a comment", None),
            ("", None),
        ] {
            let got = password(line.as_bytes(), &wanted);
            assert_eq!(got.as_deref(), want.map(str::as_bytes), "{line}");
        }
        let odd = entry("a:b", r"c\d");
        assert_eq!(password(br"a\:b:*:*:c\\d:p", &odd).as_deref(), Some(&b"p"[..]));
    }

    #[test]
    fn the_first_line_that_fits_counts_and_only_in_a_private_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pgpass");
        fs_err::write(&file, "x:*:*:*:no\n*:*:*:u:first\nh:*:*:*:second\n").unwrap();
        let chmod = |mode| {
            fs_err::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
        };
        chmod(0o600);
        assert_eq!(find(&file, &entry("h", "u")).as_deref(), Some(&b"first"[..]));
        assert_eq!(find(&file, &entry("h", "v")).as_deref(), Some(&b"second"[..]));
        assert_eq!(find(&file, &entry("i", "v")), None);
        for mode in [0o640, 0o604, 0o644, 0o620] {
            chmod(mode);
            assert_eq!(find(&file, &entry("h", "u")), None, "{mode:o}");
        }
        chmod(0o600);
        let line = b"*:*:*:*:p\n".repeat(MAX_FILE_BYTES as usize / 10 + 1);
        fs_err::write(&file, line).unwrap();
        assert_eq!(find(&file, &entry("h", "u")), None, "too large");
        assert_eq!(find(&dir.path().join("missing"), &entry("h", "u")), None);
        assert_eq!(find(dir.path(), &entry("h", "u")), None);
    }
}
