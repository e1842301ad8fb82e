//! `pg_service.conf`: settings under a name, `[name]` and then `keyword=value` lines.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{MAX_FILE_BYTES, setting};
use crate::Error;

/// Where Debian and its kin look for the system's file.
const SYSTEM_DIR: &str = "/etc/postgresql-common";

/// What a connection string may say, but for what picks the service itself. What is not in here is
/// refused by name.
pub(super) const KEYWORDS: [&str; 14] = [
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "passfile",
    "sslmode",
    "sslrootcert",
    "sslnegotiation",
    "application_name",
    "connect_timeout",
    "channel_binding",
    "target_session_attrs",
];

/// The settings of a service.
#[derive(Default)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) settings: BTreeMap<String, String>,
}

/// Finds a service as libpq does: in the file that is named, else in that of the home folder, and
/// then in the system's.
pub(super) fn find(
    name: &str,
    file: Option<String>,
    home: Option<&Path>,
    system_dir: Option<String>,
) -> Result<Service, Error> {
    let is_named = file.is_some();
    let own = file.map(PathBuf::from).or_else(|| home.map(|home| home.join(".pg_service.conf")));
    let system = system_dir.map_or_else(|| PathBuf::from(SYSTEM_DIR), PathBuf::from);
    let files = own.into_iter().chain([system.join("pg_service.conf")]);
    for (number, file) in files.enumerate() {
        let text = match read_text(&file) {
            Ok(text) => text,
            Err(error)
                if error.kind() == std::io::ErrorKind::NotFound && !(is_named && number == 0) =>
            {
                continue;
            }
            Err(error) => return Err(setting("the service file", error.to_string())),
        };
        if let Some(service) = parse(&text, name, &file)? {
            return Ok(service);
        }
    }
    Err(setting(
        format!("service {name}"),
        "is in no service file (PGSERVICEFILE, ~/.pg_service.conf, PGSYSCONFDIR)",
    ))
}

/// A file that cannot be larger than makes sense.
fn read_text(file: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let read = fs_err::File::open(file)?.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)?;
    if read as u64 > MAX_FILE_BYTES {
        let reason = format!("{}: larger than {MAX_FILE_BYTES} bytes", file.display());
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, reason));
    }
    Ok(text)
}

/// The first section of that name.
fn parse(text: &str, name: &str, file: &Path) -> Result<Option<Service>, Error> {
    let mut service: Option<Service> = None;
    for (number, line) in text.lines().enumerate() {
        let place = || format!("{}, line {}", file.display(), number + 1);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(section) = line.strip_prefix('[') {
            if service.is_some() {
                break;
            }
            if section.strip_suffix(']') == Some(name) {
                service = Some(Service { name: name.to_owned(), ..Service::default() });
            }
            continue;
        }
        let Some(service) = &mut service else { continue };
        let Some((keyword, value)) = line.split_once('=') else {
            return Err(setting(place(), "expected keyword=value"));
        };
        if !KEYWORDS.contains(&keyword) {
            let problem = format!("{keyword:?} is not a setting that is used: leave it out");
            return Err(setting(place(), problem));
        }
        // The first one counts, as with libpq.
        service.settings.entry(keyword.to_owned()).or_insert_with(|| value.to_owned());
    }
    Ok(service)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# ours\n[other]\nhost=no\noptions=-cx\n\n[night]\n  host=db.example\n\
                        # port=1\nport=6543\nport=1\npassword=a = b \nsslmode=\n[night]\nuser=no\n";

    #[test]
    fn a_section_is_read_to_the_next() {
        let service = parse(FILE, "night", Path::new("f")).unwrap().unwrap();
        let settings: Vec<_> =
            service.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let want =
            [("host", "db.example"), ("password", "a = b"), ("port", "6543"), ("sslmode", "")];
        assert_eq!(settings, want);
        assert!(parse(FILE, "none", Path::new("f")).unwrap().is_none());
        assert!(parse("", "none", Path::new("f")).unwrap().is_none());
    }

    #[test]
    fn what_cannot_be_read_is_told_by_line_and_without_values() {
        for (text, want) in [
            ("[a]\nhost", "/f, line 2: expected keyword=value"),
            ("[a]\n\nsslcert=x", "/f, line 3: \"sslcert\" is not a setting"),
            ("[a]\nservice=b", "/f, line 2: \"service\" is not a setting"),
            ("[a]\npassword =hunter2", "/f, line 2: \"password \" is not a setting"),
        ] {
            let error = parse(text, "a", Path::new("/f")).err().unwrap().to_string();
            assert!(error.starts_with(want), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_file_is_not_read_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("services");
        fs_err::write(&file, "#".repeat(MAX_FILE_BYTES as usize + 1)).unwrap();
        let named = Some(file.display().to_string());
        let error = find("a", named, None, None).err().unwrap().to_string();
        assert!(error.contains("services: larger than 1048576 bytes"), "{error}");
    }

    #[test]
    fn files_are_looked_at_in_order() {
        let home = tempfile::tempdir().unwrap();
        let system = tempfile::tempdir().unwrap();
        let named = home.path().join("named");
        fs_err::write(home.path().join(".pg_service.conf"), "[a]\nhost=home\n").unwrap();
        fs_err::write(system.path().join("pg_service.conf"), "[a]\nhost=x\n[b]\nhost=system\n")
            .unwrap();
        fs_err::write(&named, "[a]\nhost=named\n").unwrap();
        let find = |name: &str, file: Option<&Path>| {
            let file = file.map(|file| file.display().to_string());
            let system = Some(system.path().display().to_string());
            find(name, file, Some(home.path()), system).map(|found| found.settings["host"].clone())
        };
        assert_eq!(find("a", None).unwrap(), "home");
        assert_eq!(find("a", Some(&named)).unwrap(), "named");
        assert_eq!(find("b", None).unwrap(), "system");
        assert_eq!(find("b", Some(&named)).unwrap(), "system");
        let missing = find("a", Some(Path::new("/none"))).unwrap_err().to_string();
        assert!(missing.contains("/none"), "{missing}");
        let none = find("c", None).unwrap_err().to_string();
        assert!(none.starts_with("service c: is in no service file"), "{none}");
    }
}
