//! Nights through PgBouncer in transaction mode, where a connection's statements may each meet
//! another server process: the same rows, and still one run at a time.

mod support;

use std::{
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use fs_err as fs;
use support::{
    Db, ENGINE_ROLE, Place, Run, assert_rows, canonical, night, run_unprivileged, sorted, spawn,
    talvix,
};
use talvix_fixtures::{
    generate::{Dirt, Options, generate},
    nights::{self, NightOptions},
    tables::Tables,
};
use talvix_pg::Conninfo;
use tempfile::TempDir;

const FIRST: &str = "2026-11-16T17:00:00Z";
const SECOND: &str = "2026-11-17T17:00:00Z";
const LATER: &str = "2026-11-17T18:00:00Z";

/// The key of the run's lock: "talvix" in ASCII.
const LOCKS: &str = "from pg_locks where locktype = 'advisory' and granted \
     and ((classid::bigint << 32) | objid::bigint) = x'74616c766978'::bigint \
     and database = (select oid from pg_database where datname = current_database())";

fn options() -> Options {
    Options {
        jobs: 500,
        users: 130,
        seed: 48,
        paid_share: 0.3,
        as_of_us: FIRST.parse::<jiff::Timestamp>().unwrap().as_microsecond(),
        dirt: Dirt::Database,
        ..Options::default()
    }
}

/// PgBouncer in front of the tests' server, gone when the test ends.
struct Pooler {
    child: Child,
    port: u16,
    folder: TempDir,
}

/// No more server processes than a run needs at the same time: one holds the lock, two load, two
/// write, and another run may ask for the lock.
const POOL_SIZE: usize = 6;

impl Pooler {
    fn start() -> Pooler {
        let folder = tempfile::tempdir().unwrap();
        let admin = support::admin_info();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let users = folder.path().join("users.txt");
        let ini = folder.path().join("pgbouncer.ini");
        fs::write(&users, format!("\"{ENGINE_ROLE}\" \"\"\n")).unwrap();
        let settings = format!(
            "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {}\n\
             pool_mode = transaction\ndefault_pool_size = {POOL_SIZE}\n",
            admin.host(),
            admin.port(),
            users.display()
        );
        fs::write(&ini, settings).unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap().into_parts().0;
        let mut command = Command::new(program());
        command.arg(&ini).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        run_unprivileged(&mut command, &[folder.path(), &ini, &users]);
        let mut pooler = Pooler { child: command.spawn().unwrap(), port, folder };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = pooler.child.try_wait().unwrap();
            let patient = began.elapsed() < Duration::from_secs(30);
            assert!(ended.is_none() && patient, "PgBouncer does not start:\n{}", pooler.log());
            std::thread::sleep(Duration::from_millis(10));
        }
        pooler
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// A database through the pooler, as the role that nights run as.
    fn url(&self, db: &Db) -> String {
        format!("postgresql://{ENGINE_ROLE}@127.0.0.1:{}/{}", self.port, db.name())
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> PathBuf {
    if let Some(program) = std::env::var_os("TALVIX_TEST_PGBOUNCER") {
        return program.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders
        .map(|folder| folder.join("pgbouncer"))
        .find(|program| program.is_file())
        .expect("PgBouncer is not in PATH: run scripts/test, which installs it")
}

/// A database that is reached through the pooler.
struct Pooled<'a>(&'a Pooler, Db);

impl Place for Pooled<'_> {
    fn source_args(&self) -> Vec<String> {
        let storage = self.1.storage().to_str().unwrap().to_owned();
        vec!["--database-url".to_owned(), self.0.url(&self.1), "--storage".to_owned(), storage]
    }

    fn tables(&self) -> Tables {
        self.1.tables()
    }

    fn apply(&self, changes: &[nights::Change]) {
        self.1.apply(changes);
    }
}

fn run_args(place: &dyn Place, as_of: &str, extra: &[&str]) -> Vec<String> {
    let mut args = vec!["run".to_owned(), "--as-of".to_owned(), as_of.to_owned()];
    args.extend(place.source_args());
    args.extend(extra.iter().map(ToString::to_string));
    args
}

fn strs(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

fn run(place: &dyn Place, as_of: &str, extra: &[&str]) -> Run {
    talvix(&strs(&run_args(place, as_of, extra)))
}

#[test]
fn nights_through_a_pooler_write_the_rows_of_nights_without_one() {
    let pooler = Pooler::start();
    let start = generate(&options());
    let (pooled, direct) = (Pooled(&pooler, Db::new(&start)), Db::new(&start));
    let first = night(&pooled, FIRST, &["--chunk-users", "7"]);
    // The pooler keeps the server's sessions: a lock of one of them would outlive its run.
    assert_eq!(pooled.1.query_i64(&format!("select count(*) {LOCKS}")), 0);
    assert_eq!(first["users"]["delta"], 0);
    night(&direct, FIRST, &[]);
    assert_rows(&canonical(&pooled.tables()), &canonical(&direct.tables()), "the full night");

    let options = NightOptions::new(options());
    let changes = nights::night(&sorted(direct.tables()), 2, &options).changes;
    pooled.apply(&changes);
    direct.apply(&changes);
    let dry = night(&pooled, SECOND, &["--dry-run"]);
    let second = night(&pooled, SECOND, &["--chunk-users", "7"]);
    assert!(second["users"]["delta"].as_u64() > Some(100), "{second}");
    assert_eq!(dry["rows"], second["rows"]);
    night(&direct, SECOND, &[]);
    assert_rows(&canonical(&pooled.tables()), &canonical(&direct.tables()), "the delta night");
    assert_eq!(night(&pooled, LATER, &[])["outcome"], "nothing_to_do");
}

/// Clients before us may have left their settings on the server's processes.
#[test]
fn what_others_left_on_the_poolers_connections_changes_nothing() {
    let pooler = Pooler::start();
    let start = generate(&options());
    let (pooled, direct) = (Pooled(&pooler, Db::new(&start)), Db::new(&start));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let info = Conninfo::resolve(Some(&pooler.url(&pooled.1)), &|_| None, None).unwrap();
        let mut clients = Vec::new();
        for _ in 0..POOL_SIZE {
            let client = talvix_pg::connect(&info, "somebody").await.unwrap();
            let settings = "begin; set search_path = nowhere; set lock_timeout = 1;
                            set bytea_output = escape; set synchronous_commit = off";
            client.batch_execute(settings).await.unwrap();
            clients.push(client);
        }
        for client in &clients {
            client.batch_execute("commit").await.unwrap();
        }
    });
    night(&pooled, FIRST, &[]);
    night(&direct, FIRST, &[]);
    assert_rows(&canonical(&pooled.tables()), &canonical(&direct.tables()), "strange settings");
}

#[test]
fn a_second_run_stops_whether_or_not_it_takes_the_pooler() {
    let pooler = Pooler::start();
    let pooled = Pooled(&pooler, Db::new(&generate(&options())));
    let holder = pooled.1.session();
    holder.sql("begin; lock table job_skills in access exclusive mode");
    let mut first = spawn(&strs(&run_args(&pooled, FIRST, &["-v", "--json"])));
    first.wait_for("loading");
    let seconds = [run(&pooled.1, FIRST, &[]), run(&pooled, FIRST, &[])];
    holder.sql("rollback");
    let first = first.end().ended(0).json();
    let name = format!("talvix run {}", first["run_id"].as_str().unwrap());
    for second in seconds {
        let second = second.ended(3);
        assert!(second.stderr.contains(&name), "{}", second.stderr);
        assert_eq!(second.stdout, "");
    }
    assert_eq!(night(&pooled, LATER, &[])["outcome"], "nothing_to_do");
}

#[test]
fn a_killed_run_does_not_keep_the_lock_in_the_pooler() {
    let pooler = Pooler::start();
    let start = generate(&options());
    let (pooled, direct) = (Pooled(&pooler, Db::new(&start)), Db::new(&start));
    let gate = pooled.1.session();
    gate.sql("begin; lock table user_fit_score_cursors in exclusive mode");
    let mut first = spawn(&strs(&run_args(&pooled, FIRST, &["-v"])));
    first.wait_for("writing chunk 1");
    assert_eq!(pooled.1.query_i64(&format!("select count(*) {LOCKS}")), 1);
    first.kill();
    gate.sql("rollback");
    pooled.1.wait_until(&format!("select (count(*) = 0)::int {LOCKS}"));
    night(&pooled, FIRST, &[]);
    night(&direct, FIRST, &[]);
    assert_rows(&canonical(&pooled.tables()), &canonical(&direct.tables()), "after the kill");
}
