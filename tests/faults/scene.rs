//! Two nights as they are before anything goes wrong, and where they happen.

use crate::{
    checker,
    support::{
        Data, Db, Place, Run, Running, aliases, assert_scores, command, spawn_command, time,
    },
};
use fs_err as fs;
use serde_json::Value;
use std::{
    path::PathBuf,
    sync::{LazyLock, Mutex},
};
use talvix_fixtures::{
    generate::{Dirt, Options, generate},
    nights::{self, NightOptions},
    oracle::{Model, Weights},
    tables::Tables,
};
use talvix_pg::Conninfo;
use tempfile::TempDir;
use uuid::Uuid;

/// Monday, 2026-11-16T17:00:00Z.
pub const AS_OF_US: i64 = 1_794_848_400_000_000;

/// Users of a chunk: few, so that a night has several.
pub const CHUNK_USERS: usize = 20;

/// Of a run that was killed.
pub const KILLED: i32 = 128 + 9;

/// A night: what there is before it, and after it if nothing goes wrong.
pub struct Scene {
    pub as_of_us: i64,
    pub before: Tables,
    pub after: Tables,
    /// The pinned model, by the name of its file; of the first night only afterwards.
    model: (String, Vec<u8>),
    is_pinned_before: bool,
    /// Who is scored, by chunks.
    pub chunks: Vec<Vec<Uuid>>,
}

/// The first night: everyone in full, a model is pinned.
pub static FULL: LazyLock<Scene> = LazyLock::new(|| scenes(0));

/// The second one: new jobs for most, and some who changed.
pub static DELTA: LazyLock<Scene> = LazyLock::new(|| scenes(1));

fn scenes(number: usize) -> Scene {
    let base = Options {
        jobs: 300,
        users: 90,
        seed: 7,
        paid_share: 0.3,
        as_of_us: AS_OF_US,
        dirt: Dirt::Database,
        ..Options::default()
    };
    let mut first = generate(&base);
    for (number, user) in first.users.iter_mut().enumerate() {
        user.email = format!("canary-{number}@example.org");
        user.full_name = format!("Canary Name {number}");
    }
    let options = NightOptions { changed_users_per_mille: 300, ..NightOptions::new(base) };
    let second = nights::night(&first, 2, &options);
    let as_of_us = [AS_OF_US, second.as_of_us][number];

    let db = Db::new(&first);
    if number == 1 {
        plain(&db, AS_OF_US, &[]);
        db.apply(&second.changes);
    }
    let before = db.tables();
    let report = plain(&db, as_of_us, &["--chunk-users", "20"]);
    assert_eq!(report["outcome"], "completed");
    let after = db.tables();
    let weights = Weights::from_rows(&first.model_weights);
    let model = Model::pin(&first, &aliases(), weights);
    assert_scores(&after, &before, &model, as_of_us, "undisturbed");
    let pinned = fs::read_dir(db.storage().join("model-data"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().contains("scoring_model"))
        .unwrap();
    let name = pinned.file_name().unwrap().to_str().unwrap().to_owned();
    let chunks = checker::chunks(&after, as_of_us);
    Scene {
        as_of_us,
        before,
        after,
        model: (name, fs::read(pinned).unwrap()),
        is_pinned_before: number == 1,
        chunks,
    }
}

fn plain(place: &dyn Place, as_of_us: i64, extra: &[&str]) -> Value {
    crate::support::night(place, &time(as_of_us), extra)
}

/// Where a night happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    Postgres,
    Dataset,
}

impl Where {
    pub const ALL: [Where; 2] = [Where::Postgres, Where::Dataset];

    pub fn name(self) -> &'static str {
        match self {
            Where::Postgres => "postgres",
            Where::Dataset => "dataset",
        }
    }
}

/// A place that is gone when the case ends.
pub enum Spot {
    Db(Box<Db>),
    Data(Data),
}

impl Spot {
    pub fn place(&self) -> &dyn Place {
        match self {
            Spot::Db(db) => &**db,
            Spot::Data(data) => data,
        }
    }

    pub fn storage(&self) -> PathBuf {
        match self {
            Spot::Db(db) => db.storage().to_owned(),
            Spot::Data(data) => data.storage(),
        }
    }
}

/// A night at a place, with where it publishes, and all that was ever printed there.
pub struct Site {
    pub scene: &'static Scene,
    pub spot: Spot,
    pub folder: TempDir,
    /// A URL in place of the database's own.
    pub url: Option<String>,
    pub printed: Mutex<Vec<String>>,
    /// What no run may touch.
    untouched: String,
}

impl Site {
    pub fn new(scene: &'static Scene, place: Where) -> Self {
        Site::at(
            scene,
            match place {
                Where::Postgres => Spot::Db(Box::new(Db::new(&scene.before))),
                Where::Dataset => Spot::Data(Data::new(&scene.before)),
            },
        )
    }

    /// In a database of another server.
    pub fn on(scene: &'static Scene, admin: Conninfo) -> Self {
        Site::at(scene, Spot::Db(Box::new(Db::new_on(admin, &scene.before))))
    }

    fn at(scene: &'static Scene, spot: Spot) -> Self {
        let (name, bytes) = &scene.model;
        if scene.is_pinned_before {
            let folder = spot.storage().join("model-data");
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(name), bytes).unwrap();
        }
        if let Spot::Db(db) = &spot {
            db.sql(
                "update users set oauth_access_token = 'canary-token',
                     oauth_refresh_token = 'canary-token', wa_phone = 'canary-' || id,
                     google_id = 'canary-' || id, avatar_url = 'canary';
                 insert into user_connections (user_id, platform, session_encrypted, session_iv)
                     select id, 'linkedin', 'canary', 'canary' from users;
                 update resumes set original_name = 'canary.pdf', summary = '{\"canary\": 1}'",
            );
        }
        let untouched = checker::untouched(&spot);
        let folder = tempfile::tempdir().unwrap();
        Site { scene, spot, folder, url: None, printed: Mutex::default(), untouched }
    }

    pub fn db(&self) -> &Db {
        match &self.spot {
            Spot::Db(db) => db,
            Spot::Data(_) => panic!("a dataset is no database"),
        }
    }

    pub fn tables(&self) -> Tables {
        self.spot.place().tables()
    }

    pub fn snapshots(&self) -> PathBuf {
        self.folder.path().join("snapshots")
    }

    /// The file that lets go of a run that waits at a fault point.
    pub fn go(&self) -> PathBuf {
        self.folder.path().join("go")
    }

    pub fn let_go(&self) {
        fs::write(self.go(), "").unwrap();
    }

    /// The pinned model's file, and what is to be in it.
    pub fn model(&self) -> (PathBuf, &[u8]) {
        let (name, bytes) = &self.scene.model;
        (self.spot.storage().join("model-data").join(name), bytes)
    }

    /// What nobody may have touched since.
    pub fn is_untouched(&self) -> bool {
        self.untouched == checker::untouched(&self.spot)
    }

    fn args(&self, extra: &[&str]) -> Vec<String> {
        let as_of = time(self.scene.as_of_us);
        let mut args = ["run", "--json", "-v", "--as-of", &as_of].map(str::to_owned).to_vec();
        if !extra.contains(&"--chunk-users") {
            args.extend(["--chunk-users".to_owned(), CHUNK_USERS.to_string()]);
        }
        let mut source = self.spot.place().source_args();
        if let Some(url) = &self.url {
            source[1].clone_from(url);
        }
        args.extend(source);
        args.extend(["--snapshots".to_owned(), self.snapshots().to_str().unwrap().to_owned()]);
        if !extra.contains(&"--connections") {
            // One connection, so that chunks come in one after the other.
            args.extend(["--connections", "1"].map(str::to_owned));
        }
        args.extend(extra.iter().map(ToString::to_string));
        args
    }

    /// Starts a run with something to happen at fault points.
    pub fn start(&self, fault_points: &str, extra: &[&str]) -> Running {
        let args = self.args(extra);
        let mut command = command(&args.iter().map(String::as_str).collect::<Vec<_>>());
        command
            .env_remove("RUST_BACKTRACE")
            .env("FAILPOINTS", fault_points)
            .env("FAULT_POINTS_GO", self.go());
        spawn_command(command)
    }

    /// Runs it to its end.
    pub fn run(&self, fault_points: &str, extra: &[&str]) -> Run {
        self.ended(self.start(fault_points, extra))
    }

    /// Waits for a run's end, and keeps what it printed.
    pub fn ended(&self, running: Running) -> Run {
        self.keep(running.end())
    }

    pub fn killed(&self, running: Running) -> Run {
        self.keep(running.kill())
    }

    fn keep(&self, run: Run) -> Run {
        assert!(![101, 134, 139].contains(&run.status), "a fault of its own: {}", run.stderr);
        self.printed.lock().unwrap().extend([run.stdout.clone(), run.stderr.clone()]);
        run
    }

    /// Lets go of the database: its server is to stop.
    pub fn disconnect(&self) {
        self.db().disconnect();
    }

    /// Reaches the database again.
    pub fn connect(&self) {
        self.db().connect();
    }

    /// Waits until nothing of a run is left in the server.
    pub fn settle(&self) {
        if let Spot::Db(db) = &self.spot {
            db.wait_until(
                "select (count(*) = 0)::int from pg_stat_activity
                 where datname = current_database() and application_name like 'talvix run%'",
            );
        }
    }
}
