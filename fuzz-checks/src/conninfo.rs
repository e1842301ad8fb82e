//! Any text as a connection string, with any `PG*` variables and any password file.

use std::{cell::RefCell, net::IpAddr, path::Path};

use fs_err as fs;
use talvix_pg::{Conninfo, conninfo::SslMode};
use tempfile::TempDir;

/// A password that no output may hold.
const PASSWORD: &str = "hunter2-canary";

/// A home with a password file in it.
struct Home {
    folder: TempDir,
    written: Vec<u8>,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for a home");
        Self { folder, written: Vec::new() }
    }

    /// Puts a password file there that only its owner may read.
    fn write(&mut self, pgpass: &[u8]) {
        use std::os::unix::fs::PermissionsExt as _;
        let file = self.folder.path().join(".pgpass");
        if self.written != pgpass {
            fs::write(&file, pgpass).expect("a folder that takes files");
            let private = std::fs::Permissions::from_mode(0o600);
            fs::set_permissions(&file, private).expect("a file of our own");
            self.written = pgpass.to_vec();
        }
    }
}

thread_local! {
    static HOME: RefCell<Home> = Home::new().into();
}

/// Resolves what stands before the first NUL, with the variables up to the second, one
/// `NAME=VALUE` a line, and the password file after it.
///
/// # Panics
///
/// Where an output holds a password, or a remote host might be reached without verified TLS.
pub fn check(bytes: &[u8]) {
    let input = String::from_utf8_lossy(bytes);
    let mut parts = input.splitn(3, '\0');
    let url = parts.next().unwrap_or_default();
    let env = parts.next().unwrap_or_default();
    let pgpass = parts.next().unwrap_or_default();
    HOME.with_borrow_mut(|home| {
        home.write(pgpass.as_bytes());
        check_with(url, env, home.folder.path());
    });
}

fn check_with(url: &str, env: &str, home: &Path) {
    // Files that the machine has by chance say nothing about us.
    const FILES: [&str; 3] = ["PGPASSFILE", "PGSSLROOTCERT", "passfile"];
    if url.contains(FILES[2]) {
        return;
    }
    let variable = |name: &str| {
        let of_line = |line: &str| line.strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
        let given = env.lines().find_map(of_line).filter(|_| !FILES.contains(&name));
        given.or_else(|| (name == "USER").then(|| "asha".to_owned()))
    };
    let secret = |name: &str| match name {
        "PGPASSWORD" => Some(PASSWORD.to_owned()),
        name => variable(name),
    };
    let Ok(info) = resolve(url, &secret, home) else { return };
    check_protection(&info, url);
    if let Some(url) = with_password(url) {
        let _ = resolve(&url, &variable, home);
    }
}

/// Resolves, and looks through all that is said about it.
fn resolve(
    url: &str,
    env: &dyn Fn(&str) -> Option<String>,
    home: &Path,
) -> Result<Conninfo, talvix_pg::Error> {
    let resolved = Conninfo::resolve(Some(url), env, Some(home));
    let said = match &resolved {
        Ok(info) => format!("{info} {info:?} {:?}", info.roots()),
        Err(error) => format!("{error} {error:?}"),
    };
    assert!(!said.contains(PASSWORD), "{said}");
    resolved
}

/// Whoever is asked for the host of another machine must prove to be it, unless it was said in so
/// many words that nobody has to.
fn check_protection(info: &Conninfo, url: &str) {
    let host = info.host();
    let is_local = host.starts_with('/')
        || host.starts_with('@')
        || host == "localhost"
        || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        // The address counts, whatever the name beside it says.
        || url.contains("hostaddr");
    let is_weak = matches!(info.ssl_mode(), SslMode::Allow | SslMode::Prefer);
    assert!(is_local || !is_weak, "{info:?}");
}

/// The string with a password at its end, where it is plain that one can stand there.
fn with_password(url: &str) -> Option<String> {
    if url.starts_with("postgresql://") || url.starts_with("postgres://") {
        let (question, at) = (url.rfind('?'), url.rfind('@'));
        return match question {
            Some(question) if at > Some(question) => None,
            Some(question) if question + 1 == url.len() => {
                Some(format!("{url}password={PASSWORD}"))
            }
            Some(_) => Some(format!("{url}&password={PASSWORD}")),
            None => Some(format!("{url}?password={PASSWORD}")),
        };
    }
    // After a name without a value it would be the value.
    (!url.trim_end().ends_with('=')).then(|| format!("{url} password={PASSWORD}"))
}
