//! Where a night happens: a database of its own, or a dataset directory.

use std::{collections::BTreeMap, path::Path, sync::Mutex, time::Duration};

use fs_err as fs;
use talvix_fixtures::{
    nights::{Change, apply_to_postgres, apply_to_storage},
    parquet::{apply_to_dataset, read_dataset, write_dataset, write_storage},
    postgres::{load_postgres, read_postgres},
    tables::Tables,
};
use talvix_pg::{Conninfo, connect, error::describe, schema};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, SimpleQueryMessage};
use uuid::Uuid;

/// The role that nights run as.
pub const ENGINE_ROLE: &str = "talvix_engine";

/// How long a test waits for what must happen: a test that would hang fails instead.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// Tables and storage that the binary can be pointed at.
pub trait Place: Sync {
    /// The arguments of `talvix run` that name it.
    fn source_args(&self) -> Vec<String>;
    /// What it holds now, resumes included.
    fn tables(&self) -> Tables;
    /// Applies what happens between two nights.
    fn apply(&self, changes: &[Change]);
}

/// A database with the data model and the grants, and a folder that is its storage. Both go when
/// the test ends, also when it fails.
pub struct Db {
    runtime: Runtime,
    admin: Conninfo,
    client: Mutex<Option<Client>>,
    name: String,
    storage: TempDir,
}

/// The tests' server, as superuser.
pub fn admin_info() -> Conninfo {
    let url = std::env::var("TALVIX_TEST_PG")
        .expect("TALVIX_TEST_PG is not set: run scripts/test, which starts a server for the tests");
    Conninfo::resolve(Some(&url), &|_| None, None).unwrap()
}

impl Db {
    /// A database that holds these tables.
    pub fn new(tables: &Tables) -> Db {
        Db::new_on(admin_info(), tables)
    }

    /// The same on another server, as its superuser.
    pub fn new_on(admin: Conninfo, tables: &Tables) -> Db {
        let db = Db::empty_on(admin);
        db.with_client(async |client| load_postgres(client, tables).await.unwrap());
        write_storage(tables, db.storage()).unwrap();
        db
    }

    /// A database without rows, but for the weights, and an empty storage.
    pub fn empty() -> Db {
        Db::empty_on(admin_info())
    }

    fn empty_on(admin: Conninfo) -> Db {
        // A worker keeps connections alive between calls.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let name = format!("talvix_test_{}", Uuid::new_v4().simple());
        let client = runtime.block_on(async {
            let server = connect(&admin, "talvix tests").await.unwrap();
            let template = template(&server, &admin).await;
            let create = format!("create database {name} template {template}");
            server.batch_execute(&create).await.unwrap();
            // Grants on a database are not copied with it.
            let client = connect(&admin.clone().with_dbname(&name), "talvix tests").await.unwrap();
            let connection =
                format!("grant connect, temporary on database {name} to {ENGINE_ROLE}");
            client.batch_execute(&connection).await.unwrap();
            client
        });
        let storage = tempfile::tempdir().unwrap();
        Db { runtime, admin, client: Mutex::new(Some(client)), name, storage }
    }

    /// The database as the role that nights run as.
    pub fn url(&self) -> String {
        self.url_as(ENGINE_ROLE)
    }

    /// The database as superuser.
    pub fn admin_url(&self) -> String {
        self.url_as(self.admin.user())
    }

    /// The database as some role: as the one that nights run as, through the pooler where the tests
    /// are told of one.
    pub fn url_as(&self, role: &str) -> String {
        let (host, port, name) = (self.admin.host(), self.admin.port(), &self.name);
        if let (ENGINE_ROLE, Ok(pooler)) = (role, std::env::var("TALVIX_TEST_POOLER")) {
            return format!("postgresql://{role}@{pooler}/{name}");
        }
        if host.starts_with('/') {
            format!("postgresql://{role}@/{name}?host={}&port={port}", host.replace('/', "%2F"))
        } else {
            format!("postgresql://{role}@{host}:{port}/{name}")
        }
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its resumes, weights and pinned models are.
    pub fn storage(&self) -> &Path {
        self.storage.path()
    }

    /// Runs statements as superuser.
    pub fn sql(&self, statements: &str) {
        self.with_client(async |client| execute(client, statements).await);
    }

    /// The first column of each row, as superuser; null is an empty text.
    pub fn query(&self, sql: &str) -> Vec<String> {
        self.with_client(async |client| query(client, sql).await)
    }

    /// The number that a query returns, as superuser.
    pub fn query_i64(&self, sql: &str) -> i64 {
        let rows = self.query(sql);
        assert_eq!(rows.len(), 1, "{sql}");
        rows[0].parse().unwrap_or_else(|_| panic!("{sql}: {:?} is no number", rows[0]))
    }

    /// Another connection as superuser: it can hold locks while the binary runs.
    pub fn session(&self) -> Session<'_> {
        let info = self.admin.clone().with_dbname(&self.name);
        let client = self.runtime.block_on(connect(&info, "talvix tests")).unwrap();
        Session { runtime: &self.runtime, client }
    }

    /// Waits until a query returns a number above zero.
    pub fn wait_until(&self, sql: &str) {
        let began = std::time::Instant::now();
        while self.query_i64(sql) == 0 {
            assert!(began.elapsed() < PATIENCE, "never came true: {sql}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The server's own counts of rows that were inserted, updated and deleted in each table since
    /// the database was made, rolled back ones included.
    pub fn counters(&self) -> BTreeMap<String, (i64, i64, i64)> {
        // A connection reports what it did before it is gone from the list.
        self.wait_until(
            "select (count(*) = 0)::int from pg_stat_activity
             where datname = current_database() and application_name like 'talvix run%'",
        );
        self.sql("select pg_stat_force_next_flush()");
        let rows = self.query(
            "select concat_ws(' ', relname, n_tup_ins, n_tup_upd, n_tup_del)
             from pg_stat_user_tables where schemaname = 'public'",
        );
        rows.iter()
            .map(|row| {
                let parts: Vec<&str> = row.split(' ').collect();
                let number = |at: usize| parts[at].parse().unwrap();
                (parts[0].to_owned(), (number(1), number(2), number(3)))
            })
            .collect()
    }

    /// Lets go of the server, which may stop then.
    pub fn disconnect(&self) {
        drop(self.client.lock().unwrap().take());
    }

    /// Reaches it again, once it takes connections.
    pub fn connect(&self) {
        let info = self.admin.clone().with_dbname(&self.name);
        let began = std::time::Instant::now();
        loop {
            match self.runtime.block_on(connect(&info, "talvix tests")) {
                Ok(client) => {
                    *self.client.lock().unwrap() = Some(client);
                    return;
                }
                Err(error) => assert!(began.elapsed() < PATIENCE, "{error}"),
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn with_client<T>(&self, work: impl AsyncFnOnce(&mut Client) -> T) -> T {
        let mut client = self.client.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.runtime.block_on(work(client.as_mut().unwrap()))
    }
}

impl Place for Db {
    fn source_args(&self) -> Vec<String> {
        let storage = self.storage().to_str().unwrap().to_owned();
        vec!["--database-url".to_owned(), self.url(), "--storage".to_owned(), storage]
    }

    fn tables(&self) -> Tables {
        let mut tables = self.with_client(async |client| read_postgres(client).await.unwrap());
        tables.parsed_resumes = stored_resumes(self.storage());
        tables
    }

    fn apply(&self, changes: &[Change]) {
        self.with_client(async |client| apply_to_postgres(client, changes).await.unwrap());
        apply_to_storage(self.storage(), changes).unwrap();
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        drop(self.client.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take());
        let statement = format!("drop database if exists {} with (force)", self.name);
        // What is left behind goes with the tests' server.
        self.runtime.block_on(async {
            if let Ok(server) = connect(&self.admin, "talvix tests").await {
                let _ = server.batch_execute(&statement).await;
            }
        });
    }
}

/// A connection as superuser. A transaction that it left open ends when it is dropped.
pub struct Session<'a> {
    runtime: &'a Runtime,
    client: Client,
}

impl Session<'_> {
    /// Runs statements.
    pub fn sql(&self, statements: &str) {
        self.runtime.block_on(execute(&self.client, statements));
    }

    /// Runs statements that the server may refuse.
    pub fn try_sql(&self, statements: &str) -> Result<(), String> {
        let done = self.runtime.block_on(self.client.batch_execute(statements));
        done.map_err(|error| describe(&error))
    }

    /// The first column of each row; null is an empty text.
    pub fn query(&self, sql: &str) -> Vec<String> {
        self.runtime.block_on(query(&self.client, sql))
    }
}

async fn execute(client: &Client, statements: &str) {
    if let Err(error) = client.batch_execute(statements).await {
        panic!("{statements}: {}", describe(&error));
    }
}

async fn query(client: &Client, sql: &str) -> Vec<String> {
    let messages = match client.simple_query(sql).await {
        Ok(messages) => messages,
        Err(error) => panic!("{sql}: {}", describe(&error)),
    };
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
        _ => None,
    });
    rows.collect()
}

/// A database with the data model and the grants that others are copied from: made by the first
/// test of a cluster that wants one, and again when the data model has changed.
async fn template(server: &Client, admin: &Conninfo) -> String {
    let mut hash = std::hash::DefaultHasher::new();
    std::hash::Hash::hash(&(schema::sql(), schema::grants_sql()), &mut hash);
    let name = format!("talvix_template_{:016x}", std::hash::Hasher::finish(&hash));
    let lock = format!("select pg_advisory_lock(hashtext('{name}'))");
    execute(server, &lock).await;
    let there = format!("select 1 from pg_database where datname = '{name}'");
    if query(server, &there).await.is_empty() {
        // Under its name only when it is whole.
        let unfinished = format!("{name}_unfinished");
        execute(server, &format!("drop database if exists {unfinished} with (force)")).await;
        execute(server, &format!("create database {unfinished}")).await;
        let info = admin.clone().with_dbname(&unfinished);
        let mut client = connect(&info, "talvix tests").await.unwrap();
        schema::apply(&mut client).await.unwrap();
        execute(&client, schema::grants_sql()).await;
        drop(client);
        let ours = format!("select count(*) from pg_stat_activity where datname = '{unfinished}'");
        let began = std::time::Instant::now();
        while query(server, &ours).await != ["0"] && began.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        execute(server, &format!("alter database {unfinished} rename to {name}")).await;
    }
    execute(server, "select pg_advisory_unlock_all()").await;
    name
}

/// A dataset directory with its storage, gone when the test ends.
pub struct Data(TempDir);

impl Data {
    /// A plain folder of these tables.
    pub fn new(tables: &Tables) -> Data {
        let dir = tempfile::tempdir().unwrap();
        write_dataset(tables, dir.path()).unwrap();
        Data(dir)
    }

    /// The dataset.
    pub fn dir(&self) -> &Path {
        self.0.path()
    }

    /// Where its resumes, weights and pinned models are.
    pub fn storage(&self) -> std::path::PathBuf {
        self.dir().join("storage")
    }

    /// The folder that `current` names; none before the first commit.
    pub fn current(&self) -> Option<std::path::PathBuf> {
        fs::read_link(self.dir().join("current")).ok()
    }

    /// The file of a table as it is now.
    pub fn table(&self, name: &str) -> std::path::PathBuf {
        let folder = if self.current().is_some() { "current" } else { "." };
        self.dir().join(folder).join(format!("{name}.parquet"))
    }
}

impl Place for Data {
    fn source_args(&self) -> Vec<String> {
        vec!["--dataset".to_owned(), self.dir().to_str().unwrap().to_owned()]
    }

    fn tables(&self) -> Tables {
        read_dataset(self.dir()).unwrap()
    }

    fn apply(&self, changes: &[Change]) {
        apply_to_dataset(self.dir(), changes).unwrap();
    }
}

fn stored_resumes(storage: &Path) -> BTreeMap<Uuid, Vec<u8>> {
    let folder = storage.join("parsed-resumes");
    let mut files = BTreeMap::new();
    if !folder.is_dir() {
        return files;
    }
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let user = name.strip_suffix(".json.gz").and_then(|id| Uuid::try_parse(id).ok());
        // What is no file a test has put there, to be in the way.
        if let Some(user) = user.filter(|_| path.is_file()) {
            files.insert(user, fs::read(&path).unwrap());
        }
    }
    files
}
