//! The cache changes what is read, never what comes out.

use super::*;
use flate2::{Compression, write::GzEncoder};
use fs_err as fs;
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory, path::Path as Key};
use proptest::prelude::*;
use std::{io::Write, path::PathBuf, time::Duration};
use talvix_engine::ids::uuid_text;

const WORDS: [&str; 12] = [
    "rust", "sql", "machine", "learning", "k8s", "c++", "team", "of", "data", "office", "excel",
    "café",
];
const NAMES: [&str; 9] = [
    "rust",
    "sql",
    "machine learning",
    "kubernetes",
    "c++",
    "data",
    "ms office",
    "excel",
    "team of data",
];

type Read = (Vec<ResumeState>, Faults);

/// Users, a folder of their resumes, and what is looked for.
struct World {
    folder: tempfile::TempDir,
    users: Vec<(Uuid, bool)>,
    skills: Dictionary,
    aliases: AliasTable,
}

impl World {
    fn new(num_users: u16) -> Self {
        let world = World {
            folder: tempfile::tempdir().unwrap(),
            users: (0..num_users).map(|number| (user(number), true)).collect(),
            skills: dictionary(&NAMES[..4]),
            aliases: AliasTable::new([("k8s", "kubernetes")]).unwrap(),
        };
        fs::create_dir(world.folder.path().join("parsed-resumes")).unwrap();
        for number in 0..num_users {
            world.write(number, &json(u64::from(number)));
        }
        settle();
        world
    }

    fn path(&self, number: u16) -> PathBuf {
        self.folder.path().join(format!("parsed-resumes/{}.json.gz", uuid_text(&user(number))))
    }

    fn write(&self, number: u16, json: &str) {
        fs::write(self.path(number), gzip(json)).unwrap();
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join(PLACE)
    }

    fn storage(&self) -> Storage {
        Storage::Folder(self.folder.path().to_owned())
    }

    fn read(&self, cache: CacheUse) -> (Read, CacheReport) {
        self.read_from(&self.storage(), cache)
    }

    fn read_from(&self, storage: &Storage, cache: CacheUse) -> (Read, CacheReport) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let vocabulary = Vocabulary { skills: &self.skills, aliases: &self.aliases };
            let mut reader = ResumeReader::open(storage, vocabulary, cache).await.unwrap();
            let mut faults = Faults::default();
            let mut states = Vec::new();
            // Segments that end within a block.
            for users in self.users.chunks(11) {
                states.extend(reader.read(users, &mut faults).await.unwrap());
            }
            let (report, new) = reader.finish();
            if let Some(new) = new {
                new.publish(storage).await.unwrap();
            }
            ((states, faults), report)
        })
    }

    /// Reads with the cache, and holds the answer against reading without.
    #[track_caller]
    fn check(&self) -> CacheReport {
        let (expected, _) = self.read(CacheUse::Off);
        let (found, _) = self.read(CacheUse::ReadOnly);
        assert_eq!(found, expected);
        let (found, report) = self.read(CacheUse::ReadWrite);
        assert_eq!(found, expected);
        let resumes = self.users.iter().filter(|(_, has_resume)| *has_resume).count();
        assert_eq!(report.read + report.from_cache, resumes);
        assert_eq!(report.warning, None);
        report
    }
}

fn user(number: u16) -> Uuid {
    let mut id = [0x42; 16];
    id[..2].copy_from_slice(&number.to_be_bytes());
    id
}

fn dictionary(names: &[&str]) -> Dictionary {
    let mut dictionary = Dictionary::default();
    for name in names {
        dictionary.intern(name);
    }
    dictionary
}

fn gzip(text: &str) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

/// A resume by number: some odd, some unreadable.
fn json(number: u64) -> String {
    let pick = |at: u64| WORDS[(number.wrapping_mul(2 * at + 7) / 5 % 12) as usize];
    let text: Vec<&str> = (0..8).map(pick).collect();
    let years = [3.5, -1.0, 1e7, 12.0][(number % 4) as usize];
    match number % 11 {
        5 => "{\"skills\": 3}".to_owned(),
        6 => "{\"user_id\": \"nobody\"}".to_owned(),
        _ => format!(
            "{{\"skills\": [\"{}\", \"{}\"], \"experience_years\": {years}, \
             \"seniority_level\": \"{}\", \"raw_text\": \"{}\"}}",
            pick(9),
            NAMES[(number / 3 % 9) as usize],
            ["intern", "entry", "junior", "mid", "senior", "lead", "king"][(number % 7) as usize],
            text.join(" "),
        ),
    }
}

/// Lets so much time pass that a later change shows in a file's times.
fn settle() {
    std::thread::sleep(Duration::from_millis(40));
}

#[test]
fn an_unchanged_resume_is_not_read_again() {
    let world = World::new(40);
    assert_eq!(world.check().from_cache, 0);
    let report = world.check();
    assert_eq!((report.read, report.from_cache), (0, 40));
}

#[test]
fn a_changed_resume_is_read_again() {
    let mut world = World::new(40);
    world.check();
    let old = fs::metadata(world.path(1)).unwrap();
    // Same size and time of modification, in place; and by a rename.
    let other = json(1).replace("rust", "data");
    assert_ne!(other, json(1));
    for (number, renamed) in [(1, false), (12, true)] {
        let at = world.path(number);
        let packed = gzip(&other);
        if renamed {
            let new = at.with_extension("new");
            fs::write(&new, &packed).unwrap();
            fs::rename(new, &at).unwrap();
        } else {
            fs::write(&at, &packed).unwrap();
        }
        let file = fs::OpenOptions::new().write(true).open(&at).unwrap();
        file.set_modified(old.modified().unwrap()).unwrap();
    }
    // Nothing but the time, gone, no resume any more, no user any more.
    world.write(2, &json(2));
    fs::remove_file(world.path(3)).unwrap();
    world.users[4].1 = false;
    world.users.remove(20);
    settle();
    let report = world.check();
    assert_eq!((report.read, report.from_cache), (3, 35));
    let report = world.check();
    assert_eq!((report.read, report.from_cache), (1, 37));
    world.write(3, &json(3));
    world.users[4].1 = true;
    world.users.insert(20, (user(20), true));
    settle();
    // The file that is back is the one that the cache still knows.
    assert_eq!(world.check().read, 2);
    assert_eq!(world.check().read, 0);
}

#[test]
fn names_that_are_new_are_searched_for_where_they_may_stand() {
    let mut world = World::new(60);
    world.check();
    for num_names in [5, 7, 9, 2, 9] {
        world.skills = dictionary(&NAMES[..num_names]);
        let report = world.check();
        assert!(report.from_cache > 20, "{report:?}");
    }
    world.skills = Dictionary::default();
    assert_eq!(world.check().read, 0);
    world.skills = dictionary(&["excel", "rust"]);
    world.check();
}

#[test]
fn another_table_of_aliases_makes_the_cache_anew() {
    let mut world = World::new(20);
    world.check();
    world.aliases = AliasTable::new([("k8s", "rust"), ("team", "sql")]).unwrap();
    assert_eq!(world.check().from_cache, 0);
    assert_eq!(world.check().read, 0);
}

#[test]
fn few_changes_are_not_worth_a_new_cache() {
    let world = World::new(250);
    world.check();
    let before = fs::read(world.cache()).unwrap();
    for user in 0..12_u16 {
        world.write(user, &json(u64::from(user) + 1));
    }
    settle();
    assert_eq!(world.check().read, 12);
    assert_eq!(fs::read(world.cache()).unwrap(), before);
    world.write(12, &json(13));
    settle();
    assert_eq!(world.check().read, 13);
    assert_ne!(fs::read(world.cache()).unwrap(), before);
    assert_eq!(world.check().read, 0);
}

#[test]
fn a_dry_run_writes_nothing() {
    let world = World::new(5);
    world.read(CacheUse::ReadOnly);
    assert!(!world.folder.path().join("model-data").exists());
}

#[test]
fn a_cache_that_cannot_be_written_is_a_warning() {
    let world = World::new(5);
    fs::write(world.folder.path().join("model-data"), "").unwrap();
    let (read, report) = world.read(CacheUse::ReadWrite);
    assert_eq!(read, world.read(CacheUse::Off).0);
    assert!(report.warning.unwrap().contains("cannot be written"));
}

#[test]
fn the_cache_of_another_storage_is_of_no_use_and_does_no_harm() {
    let (world, other) = (World::new(20), World::new(20));
    for number in 0..20 {
        other.write(number, &json(u64::from(number) + 1));
    }
    settle();
    other.check();
    fs::create_dir(world.folder.path().join("model-data")).unwrap();
    fs::copy(other.cache(), world.cache()).unwrap();
    assert_eq!(world.check().from_cache, 0);
    assert_eq!(world.check().read, 0);
}

#[test]
fn no_word_and_no_id_of_a_text_is_in_the_cache() {
    let world = World::new(1);
    world.write(0, r#"{"raw_text": "Xanthippe@example.invalid speaks SQL"}"#);
    world.check();
    let cache = fs::read(world.cache()).unwrap();
    let has = |word: &[u8]| cache.windows(word.len()).any(|found| found == word);
    assert!(!has(b"anthippe") && !has(b"example"));
}

#[test]
fn two_runs_at_once_leave_a_whole_cache() {
    let world = World::new(40);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| world.read(CacheUse::ReadWrite));
        }
    });
    assert_eq!(world.check().read, 0);
    let left = fs::read_dir(world.folder.path().join("model-data")).unwrap().count();
    assert_eq!(left, 1, "no temporary file is left");
}

#[test]
fn a_bucket_is_listed_once_and_read_where_it_changed() {
    let world = World::new(30);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let memory = Arc::new(InMemory::new());
    let put = |number: u16, json: &str| {
        let key = Key::from(format!("p/parsed-resumes/{}.json.gz", uuid_text(&user(number))));
        runtime.block_on(memory.put(&key, gzip(json).into())).unwrap();
    };
    for number in 0..30 {
        put(number, &json(u64::from(number)));
    }
    settle();
    let store: Arc<dyn ObjectStore> = memory.clone();
    let storage = Storage::Bucket { store, url: "s3://b/p".to_owned(), prefix: Key::from("p") };
    let expected = world.read(CacheUse::Off).0;
    for (read, from_cache) in [(30, 0), (0, 30)] {
        let (found, report) = world.read_from(&storage, CacheUse::ReadWrite);
        assert_eq!(found, expected);
        assert_eq!((report.read, report.from_cache), (read, from_cache));
    }
    put(7, &json(100));
    world.write(7, &json(100));
    settle();
    let (found, report) = world.read_from(&storage, CacheUse::ReadWrite);
    assert_eq!(found, world.read(CacheUse::Off).0);
    assert_eq!((report.read, report.from_cache), (1, 29));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Bytes that are other, missing or too many.
    #[test]
    fn a_damaged_cache_changes_nothing(
        damage in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
        further in prop::collection::vec(any::<u8>(), 0..9),
        num_names in 1..9_usize,
    ) {
        let mut world = World::new(23);
        world.check();
        let mut bytes = fs::read(world.cache()).unwrap();
        for (at, bits) in damage {
            let at = at.index(bytes.len());
            bytes[at] ^= bits;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes.extend(further);
        fs::write(world.cache(), bytes).unwrap();
        world.skills = dictionary(&NAMES[..num_names]);
        // Entries that were lost with a damaged part are there again after the night that follows.
        world.check();
        world.check();
        prop_assert_eq!(world.check().read, 0);
    }
}
