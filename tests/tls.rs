//! Who may be told the password: a server whose certificate leads back to a known root, is in date
//! and names the host that was asked for. Everyone else is refused before it is sent.
//!
//! A real PostgreSQL with TLS, of this test's own, behind a proxy that writes down what is sent.

mod support;

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use fs_err as fs;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use support::{Db, PATIENCE, Run, admin_info, command, run_unprivileged};
use tempfile::TempDir;

const HOST: &str = "db.example.test";
const PASSWORD: &str = "hunter2-canary";

/// What a client asks first: whether the server has TLS.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A key and a certificate in PEM form.
struct Identity {
    key: String,
    certificate: String,
}

type Ca = (String, Issuer<'static, KeyPair>);

fn ca(name: &str) -> Ca {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), Issuer::new(params, key))
}

/// A server's, signed by a CA or by itself.
fn identity(signer: Option<&Ca>, is_expired: bool) -> Identity {
    let mut params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    if is_expired {
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = match signer {
        Some((_, issuer)) => params.signed_by(&key, issuer),
        None => params.self_signed(&key),
    };
    Identity { key: key.serialize_pem(), certificate: certificate.unwrap().pem() }
}

/// The files of a cluster whose superuser `postgres` has [`PASSWORD`] and must use TLS.
struct Cluster {
    programs: PathBuf,
    folder: TempDir,
}

impl Cluster {
    fn new() -> Cluster {
        let bin = "select setting from pg_config where name = 'BINDIR'";
        let programs = PathBuf::from(Db::empty().query(bin).remove(0));
        let folder = tempfile::tempdir().unwrap();
        let cluster = Cluster { programs, folder };
        let password = cluster.path("password");
        fs::write(&password, PASSWORD).unwrap();
        let mut initdb = cluster.program("initdb");
        initdb.args(["--username=postgres", "--auth=password", "--no-sync", "--locale=C"]);
        initdb.args(["--encoding=UTF8", "--pwfile"]).arg(&password);
        run_unprivileged(&mut initdb, &[cluster.folder.path(), &password]);
        let output = initdb.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::write(cluster.path("data/pg_hba.conf"), "hostssl all all 127.0.0.1/32 password\n")
            .unwrap();
        cluster
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.arg("-D").arg(self.path("data"));
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Starts the server with a certificate.
    fn start(&self, identity: &Identity) -> Server {
        let (key, certificate) = (self.path("server.key"), self.path("server.crt"));
        fs::write(&key, &identity.key).unwrap();
        fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        fs::write(&certificate, &identity.certificate).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = fs::File::create(self.path("log")).unwrap().into_file();
        let mut postgres = self.program("postgres");
        postgres.args(["-p", &port.to_string(), "-k", "", "-c", "listen_addresses=127.0.0.1"]);
        postgres.args(["-c", "fsync=off", "-c", "ssl=on"]);
        postgres.arg("-c").arg(format!("ssl_cert_file={}", certificate.display()));
        postgres.arg("-c").arg(format!("ssl_key_file={}", key.display()));
        postgres.stderr(log);
        run_unprivileged(&mut postgres, &[&key, &certificate]);
        let mut server = Server { process: postgres.spawn().unwrap(), port };
        let began = Instant::now();
        while !self.said().contains("ready to accept connections") {
            let is_over = server.process.try_wait().unwrap().is_some();
            assert!(!is_over && began.elapsed() < PATIENCE, "no server: {}", self.said());
            thread::sleep(Duration::from_millis(20));
        }
        server
    }

    fn said(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

/// A server at work, stopped at the end.
struct Server {
    process: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let quit = ["-s", "QUIT", &self.process.id().to_string()].map(str::to_owned);
        let _ = Command::new("kill").args(quit).status();
        let _ = self.process.wait();
    }
}

/// Stands between client and server and writes down what the client sends, connection after
/// connection.
struct Recorder {
    port: u16,
    sent: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Recorder {
    /// In front of a server; without one it says `N`, that there is no TLS, and hears on.
    fn before(server: Option<u16>) -> Recorder {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&sent);
        thread::spawn(move || {
            for client in listener.incoming() {
                let number = {
                    let mut sent = recorded.lock().unwrap();
                    sent.push(Vec::new());
                    sent.len() - 1
                };
                let recorded = Arc::clone(&recorded);
                thread::spawn(move || hear(client.unwrap(), server, &recorded, number));
            }
        });
        Recorder { port, sent }
    }

    /// What was sent on all connections since the last call.
    fn take(&self) -> Vec<Vec<u8>> {
        // The last bytes of a connection that ended may still be on their way here.
        thread::sleep(Duration::from_millis(100));
        std::mem::take(&mut *self.sent.lock().unwrap())
    }
}

fn hear(mut client: TcpStream, server: Option<u16>, sent: &Mutex<Vec<Vec<u8>>>, number: usize) {
    let mut server = server.map(|port| TcpStream::connect(("127.0.0.1", port)).unwrap());
    if let Some(server) = &server {
        let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut from, &mut to));
    }
    let mut part = [0; 4_096];
    while let Ok(length @ 1..) = client.read(&mut part) {
        sent.lock().unwrap()[number].extend(&part[..length]);
        let answered = match &mut server {
            Some(server) => server.write_all(&part[..length]),
            None => client.write_all(b"N"),
        };
        if answered.is_err() {
            return;
        }
    }
    if let Some(server) = server {
        let _ = server.shutdown(std::net::Shutdown::Write);
    }
}

/// What a client has told a server that it asked for TLS.
#[derive(Debug, PartialEq)]
enum Told {
    /// Only that it wants TLS.
    Nothing,
    /// No more than it takes to refuse: its greeting and an alert.
    Greeting,
    /// Something under TLS, such as user and password.
    Secrets,
}

fn told(sent: &[u8]) -> Told {
    /// A record of data that holds an alert: two bytes, the kind of record, and the seal.
    const ALERT_BYTES: usize = 2 + 1 + 16;
    const DATA: u8 = 23;
    let Some(mut records) = sent.strip_prefix(&SSL_REQUEST) else {
        panic!("it began with something else: {sent:?}");
    };
    if records.is_empty() {
        return Told::Nothing;
    }
    while let [kind, 3, _, high, low, rest @ ..] = records {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if *kind == DATA && length > ALERT_BYTES {
            return Told::Secrets;
        }
        records = rest.get(length..).unwrap_or_default();
    }
    assert!(records.is_empty(), "that is no TLS: {records:?}");
    Told::Greeting
}

/// `talvix` with a server's URL and the password.
fn asks(args: &[&str], url: &str) -> Run {
    let output =
        command(args).args(["--database-url", url]).env("PGPASSWORD", PASSWORD).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run {
        status: output.status.code().unwrap(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

fn url(port: u16, host: &str, mode: &str, roots: &Path) -> String {
    let roots = roots.display();
    format!(
        "host={host} hostaddr=127.0.0.1 port={port} user=postgres dbname=postgres sslmode={mode} \
         sslrootcert={roots}"
    )
}

#[test]
fn only_a_server_that_is_who_it_should_be_is_told_the_password() {
    let (ours, theirs, impostors) = (ca("ours"), ca("theirs"), ca("ours"));
    let cluster = Cluster::new();
    let [our_roots, their_roots, impostors_roots] =
        [(&ours, "ours"), (&theirs, "theirs"), (&impostors, "impostors")].map(|(ca, name)| {
            let path = cluster.path(name);
            fs::write(&path, &ca.0).unwrap();
            path
        });
    let storage = tempfile::tempdir().unwrap();
    let night = ["run", "--storage", storage.path().to_str().unwrap()];

    let server = cluster.start(&identity(Some(&ours), false));
    let recorder = Recorder::before(Some(server.port));
    let good = url(recorder.port, HOST, "verify-full", &our_roots);
    asks(&["schema", "apply"], &good).ended(0);
    asks(&night, &good).ended(0);
    let sent = recorder.take();
    assert!(sent.len() > 1);
    assert!(sent.iter().all(|sent| told(sent) == Told::Secrets), "{sent:?}");
    // The host's name is not compared where that is asked for.
    let any_name = url(recorder.port, "other.example.test", "verify-ca", &our_roots);
    asks(&night, &any_name).ended(0);
    recorder.take();

    let refused = |recorder: &Recorder, url: &str, told_it: &Told, said: &str| {
        let run = asks(&night, url);
        assert_eq!(run.status, 4, "{url}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{url}: {said:?} is not in {}", run.stderr);
        assert!(!run.stderr.contains(PASSWORD) && run.stdout.is_empty(), "{run:?}");
        let sent = recorder.take();
        assert!(!sent.is_empty(), "{url}");
        for sent in sent {
            assert_eq!(told(&sent), *told_it, "{url}: {sent:?}");
        }
    };
    for mode in ["verify-full", "require"] {
        let wrong_host = url(recorder.port, "other.example.test", mode, &our_roots);
        refused(&recorder, &wrong_host, &Told::Greeting, "not valid for name");
    }
    for mode in ["verify-full", "verify-ca"] {
        let other_ca = url(recorder.port, HOST, mode, &their_roots);
        refused(&recorder, &other_ca, &Told::Greeting, "sslrootcert");
        let same_name = url(recorder.port, HOST, mode, &impostors_roots);
        refused(&recorder, &same_name, &Told::Greeting, "sslrootcert");
    }
    drop(server);

    let expired = cluster.start(&identity(Some(&ours), true));
    let recorder = Recorder::before(Some(expired.port));
    for mode in ["verify-full", "verify-ca"] {
        let expired = url(recorder.port, HOST, mode, &our_roots);
        refused(&recorder, &expired, &Told::Greeting, "renew the server's certificate");
    }
    drop(expired);

    let self_signed = cluster.start(&identity(None, false));
    let recorder = Recorder::before(Some(self_signed.port));
    let url_of = |port| url(port, HOST, "verify-full", &our_roots);
    refused(&recorder, &url_of(recorder.port), &Told::Greeting, "sslrootcert");
    drop(self_signed);

    // A server that has no TLS, and somebody in between who says so.
    for server in [Some(admin_info().port()), None] {
        let recorder = Recorder::before(server);
        let plain = url_of(recorder.port);
        refused(&recorder, &plain, &Told::Nothing, "does not support TLS");
    }
}
