//! Where the server is and how to reach it, found out as `psql` and every libpq program do.
//!
//! A setting is taken from the URL (or keyword string), else from the service that is named, else
//! from its environment variable, else from its default; a password last of all from the password
//! file.
//!
//! # Encryption
//!
//! | `sslmode` | socket | this machine (`localhost`, loopback) | another machine |
//! |---|---|---|---|
//! | none given | plain | as `prefer` | as `verify-full` |
//! | `disable` | plain | plain | plain |
//! | `allow` | plain | plain, else verified TLS | as `verify-full` |
//! | `prefer` | plain | verified TLS, else plain | as `verify-full` |
//! | `require`, `verify-full` | plain | TLS; certificate and host name verified | the same |
//! | `verify-ca` | plain | TLS; certificate verified, host name not compared | the same |
//!
//! This is stricter than libpq on purpose: TLS without verification stops nobody who can get
//! between, so there is no way to ask for it. A server with a private CA needs `sslrootcert`.

mod passfile;
mod service;
mod split;

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::Error;

/// Where Debian and its kin keep the server's socket; libpq there defaults to it, too.
const SOCKET_DIR: &str = "/var/run/postgresql";
const DEFAULT_PORT: u16 = 5432;

/// The largest password file, and file of services.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// A night that cannot reach its server should say so soon, not after the kernel's two minutes.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
// A vanished peer is noticed within a minute: 30 s of silence and three probes 10 s apart, or 30 s
// of unanswered data. The kernel's defaults take hours.
const KEEPALIVES_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVES_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVES_RETRIES: u32 = 3;
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(30);

/// The environment variables that stand for settings.
const VARIABLES: [(&str, &str); 14] = [
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("dbname", "PGDATABASE"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("passfile", "PGPASSFILE"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslnegotiation", "PGSSLNEGOTIATION"),
    ("application_name", "PGAPPNAME"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
];

/// Variables of libpq that ask for what is not done here: whoever set one should know. Options are
/// refused by poolers; a client certificate cannot be shown.
const UNUSED: [&str; 10] = [
    "PGOPTIONS",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLCRL",
    "PGSSLCRLDIR",
    "PGSSLMINPROTOCOLVERSION",
    "PGSSLMAXPROTOCOLVERSION",
    "PGREQUIREPEER",
    "PGREQUIREAUTH",
    "PGGSSENCMODE",
];

/// Takes a setting over from another configuration.
type TakeOver = fn(&mut Config, &Config);

/// Settings whose words the driver knows.
const DRIVER_WORDS: [(&str, TakeOver); 3] = [
    ("sslnegotiation", |config, from| {
        config.ssl_negotiation(from.get_ssl_negotiation());
    }),
    ("channel_binding", |config, from| {
        config.channel_binding(from.get_channel_binding());
    }),
    ("target_session_attrs", |config, from| {
        config.target_session_attrs(from.get_target_session_attrs());
    }),
];

/// How a connection is protected; the module's table says what each means where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// TLS only where the server insists.
    Allow,
    /// TLS where the server has it.
    Prefer,
    /// TLS; the certificate is verified, the host name not compared.
    VerifyCa,
    /// TLS; certificate and host name are verified.
    VerifyFull,
}

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        })
    }
}

/// The certificates that a server's certificate must lead back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roots {
    /// The system's bundle, or what `SSL_CERT_FILE` names.
    System,
    /// A PEM file.
    File(PathBuf),
}

/// A resolved address, user, database and protection. `Debug` and `Display` hide the password.
#[derive(Clone)]
pub struct Conninfo {
    config: Config,
    ssl_mode: SslMode,
    roots: Roots,
    connect_timeout: Option<Duration>,
}

impl Conninfo {
    /// Finds out where to connect to.
    ///
    /// `url` is a `postgresql://` URL or a string of `name=value` pairs; `env` looks up
    /// environment variables; `home` holds `.pgpass`, `.pg_service.conf` and
    /// `.postgresql/root.crt`.
    pub fn resolve(
        url: Option<&str>,
        env: &dyn Fn(&str) -> Option<String>,
        home: Option<&Path>,
    ) -> Result<Self, Error> {
        let env = |name: &str| env(name).filter(|value| !value.is_empty());
        for name in UNUSED {
            if env(name).is_some() {
                tracing::warn!("{name} is set, but talvix does not use it");
            }
        }
        let url = url.unwrap_or_default();
        let split::Given { service, servicefile, .. } = split::parse(url, DEFAULT_PORT)?;
        let service = match service.or_else(|| env("PGSERVICE")) {
            None => service::Service::default(),
            Some(name) => {
                let file = servicefile.or_else(|| env("PGSERVICEFILE"));
                service::find(&name, file, home, env("PGSYSCONFDIR"))?
            }
        };
        let beside = Beside { service, env: &env };

        let default_port = beside.number("port")?.unwrap_or(DEFAULT_PORT);
        let split::Given { mut config, names, sslmode, sslrootcert, passfile, .. } =
            split::parse(url, default_port)?;

        if config.get_hostaddrs().is_empty()
            && let Some(hostaddr) = beside.parsed("hostaddr", "an address of one host")?
        {
            config.hostaddr(hostaddr);
        }
        if config.get_hosts().is_empty() {
            match beside.text("host") {
                Some((list, place)) if list.contains(',') => return Err(several_hosts(&place)),
                Some((host, _)) => config.host(host),
                None if !config.get_hostaddrs().is_empty() => &mut config,
                None if Path::new(SOCKET_DIR).is_dir() => config.host(SOCKET_DIR),
                None => config.host("localhost"),
            };
        }
        if config.get_hosts().len() > 1 || config.get_hostaddrs().len() > 1 {
            return Err(several_hosts(split::PLACE));
        }
        if config.get_ports().is_empty() {
            config.port(default_port);
        }

        let user = match config.get_user().map(str::to_owned).or_else(|| beside.value("user")) {
            Some(user) => user,
            None => env("USER").or_else(|| env("LOGNAME")).ok_or_else(|| {
                setting("PGUSER", "no database user is given, and USER does not name one: set it")
            })?,
        };
        config.user(&user);
        if config.get_dbname().is_none_or(str::is_empty) {
            config.dbname(beside.value("dbname").unwrap_or(user));
        }
        if let (None, Some(name)) =
            (config.get_application_name(), beside.value("application_name"))
        {
            config.application_name(name);
        }
        for (name, set) in DRIVER_WORDS {
            if !names.contains(name)
                && let Some((word, place)) = beside.text(name)
            {
                // The driver knows the words.
                let quoted = word.replace('\\', "\\\\").replace('\'', "\\'");
                let parsed = Config::from_str(&format!("{name}='{quoted}'")).map_err(|_| {
                    setting(place, format!("is no word that {name} can be: {word:?}"))
                })?;
                set(&mut config, &parsed);
            }
        }

        let mut info = Self {
            config,
            ssl_mode: SslMode::VerifyFull,
            roots: Roots::System,
            connect_timeout: Some(CONNECT_TIMEOUT),
        };
        let given = sslmode.map(|word| (word, format!("{}, parameter sslmode", split::PLACE)));
        info.ssl_mode = info.protection(given.or_else(|| beside.text("sslmode")))?;
        info.roots = roots(sslrootcert.or_else(|| beside.value("sslrootcert")).as_deref(), home);

        if info.config.get_password().is_none() {
            if let Some(password) = beside.value("password") {
                info.config.password(password);
            } else if let Some(file) = passfile
                .or_else(|| beside.value("passfile"))
                .map(PathBuf::from)
                .or_else(|| home.map(|home| home.join(".pgpass")))
                && let Some(password) = passfile::find(&file, &info.passfile_entry())
            {
                info.config.password(password);
            }
        }

        if names.contains("connect_timeout") {
            info.connect_timeout = info.config.get_connect_timeout().copied();
        } else if let Some(seconds) = beside.number::<u64>("connect_timeout")? {
            info.connect_timeout = (seconds > 0).then(|| Duration::from_secs(seconds));
        }
        if !names.contains("keepalives_idle") {
            info.config.keepalives_idle(KEEPALIVES_IDLE);
        }
        if !names.contains("keepalives_interval") {
            info.config.keepalives_interval(KEEPALIVES_INTERVAL);
        }
        if !names.contains("keepalives_retries") {
            info.config.keepalives_retries(KEEPALIVES_RETRIES);
        }
        if !names.contains("tcp_user_timeout") {
            info.config.tcp_user_timeout(TCP_USER_TIMEOUT);
        }
        Ok(info)
    }

    /// Whether a URL or keyword string holds a password: where it was typed, it shows in the list of
    /// processes.
    #[must_use]
    pub fn holds_password(url: &str) -> bool {
        split::parse(url, DEFAULT_PORT).is_ok_and(|given| given.config.get_password().is_some())
    }

    /// The same server and user, another database.
    #[must_use]
    pub fn with_dbname(mut self, dbname: &str) -> Self {
        self.config.dbname(dbname);
        self
    }

    /// The same server and database, another user.
    #[must_use]
    pub fn with_user(mut self, user: &str) -> Self {
        self.config.user(user);
        self
    }

    /// The host's name or address, or the folder of the socket.
    #[must_use]
    pub fn host(&self) -> String {
        match (self.config.get_hosts().first(), self.config.get_hostaddrs().first()) {
            (Some(Host::Tcp(name)), _) => name.clone(),
            (Some(Host::Unix(dir)), _) => dir.display().to_string(),
            (None, Some(address)) => address.to_string(),
            (None, None) => String::new(),
        }
    }

    /// The port, which names the socket, too.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.config.get_ports().first().copied().unwrap_or(DEFAULT_PORT)
    }

    /// The database user.
    #[must_use]
    pub fn user(&self) -> &str {
        self.config.get_user().unwrap_or_default()
    }

    /// The database.
    #[must_use]
    pub fn dbname(&self) -> &str {
        self.config.get_dbname().unwrap_or_default()
    }

    /// How the connection is protected.
    #[must_use]
    pub fn ssl_mode(&self) -> SslMode {
        self.ssl_mode
    }

    /// The certificates to trust.
    #[must_use]
    pub fn roots(&self) -> &Roots {
        &self.roots
    }

    /// The longest that a connection may take to be ready, TLS and password included.
    #[must_use]
    pub fn connect_timeout(&self) -> Option<Duration> {
        self.connect_timeout
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn is_socket(&self) -> bool {
        matches!(self.config.get_hosts().first(), Some(Host::Unix(_)))
            && self.config.get_hostaddrs().is_empty()
    }

    /// Whether the traffic stays on this machine.
    fn is_local(&self) -> bool {
        match (self.config.get_hosts().first(), self.config.get_hostaddrs().first()) {
            // The address is what is connected to, whatever the name says.
            (_, Some(address)) => address.is_loopback(),
            (Some(Host::Unix(_)), None) => true,
            (Some(Host::Tcp(name)), None) => {
                name == "localhost" || IpAddr::from_str(name).is_ok_and(|ip| ip.is_loopback())
            }
            (None, None) => false,
        }
    }

    /// From a word and where it stands.
    fn protection(&self, given: Option<(String, String)>) -> Result<SslMode, Error> {
        let local = self.is_local();
        let (word, place) = match given {
            Some(given) => given,
            None if local => return Ok(SslMode::Prefer),
            None => return Ok(SslMode::VerifyFull),
        };
        match word.as_str() {
            "disable" => Ok(SslMode::Disable),
            "allow" if local => Ok(SslMode::Allow),
            "prefer" if local => Ok(SslMode::Prefer),
            "allow" | "prefer" | "require" | "verify-full" => Ok(SslMode::VerifyFull),
            "verify-ca" => Ok(SslMode::VerifyCa),
            _ => Err(setting(
                place,
                format!(
                    "expected disable, allow, prefer, require, verify-ca or verify-full, \
                     found {word:?}"
                ),
            )),
        }
    }

    fn passfile_entry(&self) -> passfile::Entry {
        let host = self.host();
        passfile::Entry {
            // The default socket goes by the name of the machine it is on.
            host: if host == SOCKET_DIR { "localhost".to_owned() } else { host },
            port: self.port().to_string(),
            dbname: self.dbname().to_owned(),
            user: self.user().to_owned(),
        }
    }
}

impl fmt::Display for Conninfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = if self.config.get_password().is_some() { ":***" } else { "" };
        let (user, host, port, dbname) = (self.user(), self.host(), self.port(), self.dbname());
        if self.is_socket() {
            return write!(f, "postgresql://{user}{password}@/{dbname}?host={host}&port={port}");
        }
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        write!(f, "postgresql://{user}{password}@{host}:{port}/{dbname}?sslmode={}", self.ssl_mode)
    }
}

impl fmt::Debug for Conninfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Conninfo({self})")
    }
}

fn roots(given: Option<&str>, home: Option<&Path>) -> Roots {
    match given {
        Some("system") => Roots::System,
        Some(file) => Roots::File(file.into()),
        None => home
            .map(|home| home.join(".postgresql/root.crt"))
            .filter(|file| file.is_file())
            .map_or(Roots::System, Roots::File),
    }
}

/// What is said beside the connection string.
struct Beside<'a> {
    service: service::Service,
    env: &'a dyn Fn(&str) -> Option<String>,
}

impl Beside<'_> {
    /// A setting and where it stands: in the service, else in its environment variable.
    fn text(&self, keyword: &str) -> Option<(String, String)> {
        if let Some(value) = self.service.settings.get(keyword).filter(|value| !value.is_empty()) {
            return Some((value.clone(), format!("service {}, {keyword}", self.service.name)));
        }
        let (_, variable) = VARIABLES.iter().find(|(of, _)| *of == keyword)?;
        (self.env)(variable).map(|value| (value, (*variable).to_owned()))
    }

    fn value(&self, keyword: &str) -> Option<String> {
        self.text(keyword).map(|(value, _)| value)
    }

    fn parsed<T: FromStr>(&self, keyword: &str, expected: &str) -> Result<Option<T>, Error> {
        let Some((value, place)) = self.text(keyword) else { return Ok(None) };
        let parsed = value.trim().parse();
        parsed
            .map(Some)
            .map_err(|_| setting(place, format!("expected {expected}, found {value:?}")))
    }

    fn number<N: FromStr>(&self, keyword: &str) -> Result<Option<N>, Error> {
        self.parsed(keyword, "a number")
    }
}

fn setting(place: impl Into<String>, problem: impl Into<String>) -> Error {
    Error::Setting { place: place.into(), problem: problem.into() }
}

fn several_hosts(place: &str) -> Error {
    setting(place, "names several hosts: name the one that is the primary")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::os::unix::fs::PermissionsExt;

    use tokio_postgres::config::{ChannelBinding, TargetSessionAttrs};

    use super::*;

    fn resolve(url: &str, env: &[(&str, &str)]) -> Result<Conninfo, Error> {
        let env: HashMap<&str, &str> = env.iter().copied().chain([("USER", "asha")]).collect();
        let url = Some(url).filter(|url| !url.is_empty());
        Conninfo::resolve(url, &|name| env.get(name).map(ToString::to_string), None)
    }

    fn shown(url: &str, env: &[(&str, &str)]) -> String {
        resolve(url, env).unwrap().to_string()
    }

    #[test]
    fn url_keywords_and_environment_say_the_same() {
        let want = "postgresql://u:***@db.example:6543/talvix?sslmode=verify-full";
        assert_eq!(shown("postgresql://u:p%40ss@db.example:6543/talvix", &[]), want);
        assert_eq!(shown("postgres://db.example/talvix?user=u&password=p&port=6543", &[]), want);
        assert_eq!(shown("postgresql://u:p@db.example?port=6543&dbname=talvix", &[]), want);
        let keywords = r"host=db.example port = 6543 dbname='talvix' user=u password='p\' x'";
        assert_eq!(shown(keywords, &[]), want);
        let env = [
            ("PGHOST", "db.example"),
            ("PGPORT", "6543"),
            ("PGDATABASE", "talvix"),
            ("PGUSER", "u"),
            ("PGPASSWORD", "p"),
        ];
        assert_eq!(shown("", &env), want);
        assert_eq!(
            shown("postgresql://v@other/x", &env),
            "postgresql://v:***@other:6543/x?sslmode=verify-full"
        );
    }

    #[test]
    fn percent_signs_and_quotes_are_undone() {
        let password = |url| resolve(url, &[]).unwrap().config.get_password().unwrap().to_vec();
        assert_eq!(password("postgresql://u:p%40%2Fs%3F@h/d"), b"p@/s?");
        assert_eq!(password("postgresql://u:a?b@h/d?sslmode=disable"), b"a?b");
        assert_eq!(password(r"host=h password='a b\'c' sslmode=disable"), b"a b'c");
        assert_eq!(password(r"password=a\ b host=h"), b"a b");
        let info = resolve("postgresql://h/d?sslrootcert=%2Fetc%2Fmy%20ca.pem", &[]).unwrap();
        assert_eq!(info.roots, Roots::File("/etc/my ca.pem".into()));
        let info = resolve(r"host=h sslrootcert='/etc/my \\ca.pem' sslmode=verify-ca", &[]);
        assert_eq!(info.unwrap().roots, Roots::File(r"/etc/my \ca.pem".into()));
    }

    #[test]
    fn defaults_are_the_user_and_this_machine() {
        let info = resolve("", &[]).unwrap();
        assert_eq!((info.user(), info.dbname(), info.port()), ("asha", "asha", 5432));
        assert_eq!(info.ssl_mode(), SslMode::Prefer);
        assert!(["localhost", SOCKET_DIR].contains(&info.host().as_str()));
        assert_eq!(resolve("", &[("PGUSER", "bela")]).unwrap().dbname(), "bela");
        let nobody = Conninfo::resolve(None, &|_| None, None).unwrap_err();
        assert!(nobody.to_string().starts_with("PGUSER: no database user"), "{nobody}");
    }

    #[test]
    fn a_socket_is_a_folder() {
        let want = "postgresql://postgres@/postgres?host=/tmp/s&port=5433";
        assert_eq!(shown("postgresql://postgres@/postgres?host=/tmp/s&port=5433", &[]), want);
        assert_eq!(shown("postgresql://postgres@%2Ftmp%2Fs:5433/postgres", &[]), want);
        assert_eq!(
            shown("user=postgres dbname=postgres", &[("PGHOST", "/tmp/s"), ("PGPORT", "5433")]),
            want
        );
    }

    #[test]
    fn only_verified_tls_leaves_this_machine() {
        for (mode, local, remote) in [
            ("disable", SslMode::Disable, SslMode::Disable),
            ("allow", SslMode::Allow, SslMode::VerifyFull),
            ("prefer", SslMode::Prefer, SslMode::VerifyFull),
            ("require", SslMode::VerifyFull, SslMode::VerifyFull),
            ("verify-ca", SslMode::VerifyCa, SslMode::VerifyCa),
            ("verify-full", SslMode::VerifyFull, SslMode::VerifyFull),
        ] {
            for host in ["localhost", "127.0.0.1", "[::1]"] {
                let info = resolve(&format!("postgresql://{host}/d?sslmode={mode}"), &[]).unwrap();
                assert_eq!(info.ssl_mode(), local, "{host} {mode}");
            }
            for host in ["db.example", "10.0.0.1", "localhost.evil.example"] {
                let info = resolve(&format!("postgresql://{host}/d?sslmode={mode}"), &[]).unwrap();
                assert_eq!(info.ssl_mode(), remote, "{host} {mode}");
            }
            let env = [("PGSSLMODE", mode)];
            assert_eq!(resolve("postgresql://h/d", &env).unwrap().ssl_mode(), remote);
        }
        let renamed = resolve("host=localhost hostaddr=10.0.0.1", &[]).unwrap();
        assert_eq!(renamed.ssl_mode(), SslMode::VerifyFull);
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name() {
        for (url, env, want) in [
            ("postgresql://a,b/d", None, "the database URL: names several hosts"),
            ("", Some(("PGHOST", "a,b")), "PGHOST: names several hosts"),
            ("postgresql://h/d?sslmode=no", None, "the database URL, parameter sslmode: expected"),
            ("", Some(("PGSSLMODE", "no")), "PGSSLMODE: expected disable"),
            ("", Some(("PGPORT", "x")), "PGPORT: expected a number, found \"x\""),
            ("", Some(("PGHOSTADDR", "db.example")), "PGHOSTADDR: expected an address"),
            ("", Some(("PGCHANNELBINDING", "x'y\\")), "PGCHANNELBINDING: is no word"),
            ("", Some(("PGCONNECT_TIMEOUT", "-1")), "PGCONNECT_TIMEOUT: expected a number"),
            ("postgresql://h:x/d", None, "the database URL: invalid value for option `port`"),
            ("postgresql://h/d?pgbouncer=true", None, "the database URL, parameter pgbouncer: is"),
            ("postgresql://h/d?options=-cx", None, "the database URL, parameter options: is not"),
            ("host=h options='-c x=1'", None, "the database URL, parameter options: is not"),
            ("postgresql://h/d?port=x", None, "the database URL: invalid value for option `port`"),
            ("postgresql://h:1/d?port=2", None, "the database URL: names two ports"),
            ("postgresql:///?host=h?password=abc", None, "the database URL, parameter host: holds"),
            (
                "postgresql://h/d?sslmode=no;password=abc",
                None,
                "the database URL, parameter sslmode: h",
            ),
            ("mysql://h/d", None, "the database URL: expected postgresql://"),
            ("host=h password='abc", None, "the database URL: expected postgresql://"),
            ("host=h password", None, "the database URL: expected postgresql://"),
        ] {
            let error = resolve(url, &env.into_iter().collect::<Vec<_>>()).unwrap_err().to_string();
            assert!(error.starts_with(want), "{url} {env:?}: {error}");
            assert!(!error.contains("abc"), "{error}");
        }
    }

    #[test]
    fn waiting_has_a_limit_that_can_be_set() {
        let seconds = |url, env: &[_]| {
            resolve(url, env).unwrap().connect_timeout().map(|limit| limit.as_secs())
        };
        assert_eq!(seconds("", &[]), Some(10));
        assert_eq!(seconds("", &[("PGCONNECT_TIMEOUT", "3")]), Some(3));
        assert_eq!(seconds("connect_timeout=4", &[("PGCONNECT_TIMEOUT", "3")]), Some(4));
        assert_eq!(seconds("connect_timeout=0", &[]), None);
        assert_eq!(seconds("", &[("PGCONNECT_TIMEOUT", "0")]), None);
        let info = resolve("keepalives_idle=7", &[("PGAPPNAME", "me")]).unwrap();
        assert_eq!(info.config.get_keepalives_idle(), Duration::from_secs(7));
        assert_eq!(info.config.get_tcp_user_timeout(), Some(&TCP_USER_TIMEOUT));
        assert_eq!(info.config.get_application_name(), Some("me"));
    }

    #[test]
    fn a_service_comes_after_the_string_and_before_the_environment() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(".pg_service.conf");
        let text = "[night]\nhost=db.example\nport=6543\ndbname=talvix\nuser=u\npassword=s\n\
                    sslmode=verify-ca\napplication_name=me\nchannel_binding=require\n\
                    target_session_attrs=read-write\nconnect_timeout=4\nhostaddr=10.0.0.7\n\
                    [odd]\nport=x\n[several]\nhost=a,b\n[word]\nchannel_binding=perhaps\n";
        fs_err::write(&file, text).unwrap();
        let resolve = |url: &str, env: &[(&str, &str)]| {
            let env: HashMap<&str, &str> = env.iter().copied().chain([("USER", "asha")]).collect();
            let env = |name: &str| env.get(name).map(ToString::to_string);
            Conninfo::resolve(Some(url), &env, Some(home.path()))
        };
        let want = "postgresql://u:***@db.example:6543/talvix?sslmode=verify-ca";
        let others = [("PGHOST", "no"), ("PGPORT", "1"), ("PGSSLMODE", "disable")];
        let by_name = resolve("service=night", &others).unwrap();
        assert_eq!(by_name.to_string(), want);
        assert_eq!(by_name.config.get_password(), Some(&b"s"[..]));
        assert_eq!(by_name.config.get_hostaddrs(), ["10.0.0.7".parse::<IpAddr>().unwrap()]);
        assert_eq!(by_name.config.get_application_name(), Some("me"));
        assert_eq!(by_name.config.get_channel_binding(), ChannelBinding::Require);
        assert_eq!(by_name.config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        assert_eq!(by_name.connect_timeout(), Some(Duration::from_secs(4)));
        assert_eq!(resolve("", &[("PGSERVICE", "night")]).unwrap().to_string(), want);
        assert_eq!(resolve("postgresql:///?service=night", &[]).unwrap().to_string(), want);
        let mixed = resolve("postgresql://v:p@h/?service=night&sslmode=verify-full", &[]).unwrap();
        assert_eq!(mixed.to_string(), "postgresql://v:***@h:6543/talvix?sslmode=verify-full");
        assert_eq!(mixed.config.get_password(), Some(&b"p"[..]));
        for (url, env, want) in [
            ("service=none", None, "service none: is in no service file"),
            ("", Some(("PGSERVICE", "none")), "service none: is in no service file"),
            ("service=odd", None, "service odd, port: expected a number, found \"x\""),
            ("service=several", None, "service several, host: names several hosts"),
            ("service=word", None, "service word, channel_binding: is no word"),
            ("service=night servicefile=/none", None, "the service file:"),
        ] {
            let error = resolve(url, &env.into_iter().collect::<Vec<_>>()).unwrap_err();
            assert!(error.to_string().starts_with(want), "{url}: {error}");
        }
    }

    #[test]
    fn every_variable_counts_where_the_string_says_nothing() {
        let with = |name, value| resolve("", &[(name, value)]).unwrap();
        assert_eq!(with("PGHOSTADDR", "10.0.0.7").host(), "10.0.0.7");
        assert_eq!(with("PGHOSTADDR", "10.0.0.7").ssl_mode(), SslMode::VerifyFull);
        let named = resolve("", &[("PGHOSTADDR", "127.0.0.1"), ("PGHOST", "db.example")]).unwrap();
        assert_eq!((named.host(), named.ssl_mode()), ("db.example".to_owned(), SslMode::Prefer));
        let bound = with("PGCHANNELBINDING", "require");
        assert_eq!(bound.config.get_channel_binding(), ChannelBinding::Require);
        let primary = with("PGTARGETSESSIONATTRS", "read-write");
        assert_eq!(primary.config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        let roots = with("PGSSLROOTCERT", "/ca.pem").roots().clone();
        assert_eq!(roots, Roots::File("/ca.pem".into()));
        // Empty is as none.
        assert_eq!(with("PGSSLMODE", "").ssl_mode(), SslMode::Prefer);
        // Each setting of a service but the database itself has one.
        let ours: Vec<_> = VARIABLES.iter().map(|(keyword, _)| *keyword).collect();
        assert!(service::KEYWORDS.iter().all(|keyword| ours.contains(keyword)));
    }

    #[test]
    fn the_password_file_comes_last() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(".pgpass");
        fs_err::write(&file, "db.example:*:d:asha:from-file\n").unwrap();
        fs_err::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
        let password = |url, env: Option<(&str, &str)>| {
            let env = |name: &str| match name {
                "USER" => Some("asha".to_owned()),
                name => env.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()),
            };
            let info = Conninfo::resolve(Some(url), &env, Some(home.path())).unwrap();
            info.config.get_password().map(|p| String::from_utf8(p.to_vec()).unwrap())
        };
        let got = |text: &str| Some(text.to_owned());
        assert_eq!(password("postgresql://db.example/d", None), got("from-file"));
        assert_eq!(password("postgresql://db.example/other", None), None);
        let env = Some(("PGPASSWORD", "from-env"));
        assert_eq!(password("postgresql://db.example/d", env), got("from-env"));
        assert_eq!(password("postgresql://asha:from-url@db.example/d", env), got("from-url"));
        let elsewhere = Some(("PGPASSFILE", "/nowhere"));
        assert_eq!(password("postgresql://db.example/d", elsewhere), None);
    }

    #[test]
    fn nothing_prints_the_password() {
        let info = resolve("postgresql://u:hunter2@h/d", &[]).unwrap();
        assert_eq!(
            format!("{info:?}"),
            "Conninfo(postgresql://u:***@h:5432/d?sslmode=verify-full)"
        );
        assert_eq!(
            shown("postgresql://[::1]/d", &[]),
            "postgresql://asha@[::1]:5432/d?sslmode=prefer"
        );
    }

    #[test]
    fn a_password_in_a_string_is_noticed() {
        for (url, want) in [
            ("postgresql://u:p@h/d", true),
            ("postgresql://u@h/d?password=p", true),
            ("postgresql://u@h/d?password=p==&user=x", true),
            ("host=h password='p'", true),
            ("postgresql://u@h/d", false),
            ("host=h passfile=p", false),
            ("postgresql://u:p@h:x/d", false),
        ] {
            assert_eq!(Conninfo::holds_password(url), want, "{url}");
        }
    }

    #[test]
    fn letters_beyond_ascii_are_letters() {
        // A slice at the length of the scheme once cut this `é` in two.
        assert_eq!(resolve("postgres://0é", &[]).unwrap().host(), "0é");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(postgres(ql)?://)?[a-z0-9='\\\\@:/?&% ,\\[\\]é-]{0,60}") {
            let _ = resolve(&text, &[]);
        }
    }
}
