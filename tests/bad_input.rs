//! Bad input costs itself alone: an impossible value reads as not given and is counted, a resume
//! that cannot be read skips its user, a table that does not fit is refused with the place named.
//! Never a panic, never a hang, never a half-written state.

mod support;

use std::{
    collections::BTreeMap,
    fs::Permissions,
    io::Write,
    os::unix::fs::PermissionsExt,
    os::unix::net::UnixListener,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use arrow::{
    array::{
        Array, ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
        TimestampSecondArray,
    },
    compute::{concat_batches, nullif},
    datatypes::{Field, Schema},
};
use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use fs_err as fs;
use parquet::arrow::ArrowWriter;
use serde_json::{Value, json};
use support::{
    Data, Db, PATIENCE, Place, Run, aliases, assert_rows, assert_scores, canonical,
    run_unprivileged, spawn,
};
use talvix_dataset::Table;
use talvix_fixtures::{
    generate::{Options, generate},
    oracle::{Model, Weights},
    parquet::write_storage,
    postgres::load_postgres,
    tables::{JobRow, Numeric, Tables, UserRow},
};
use talvix_pg::{Conninfo, connect};
use uuid::Uuid;

/// Monday, 2026-11-16T17:00:00Z.
const AS_OF_US: i64 = 1_794_848_400_000_000;
const AS_OF: &str = "2026-11-16T17:00:00Z";

/// Of a run that was killed.
const KILLED: i32 = 128 + 9;

/// Faults by name, with the rows that have them.
type Faults = BTreeMap<&'static str, Vec<String>>;

/// What spoils a row or a column.
type Spoil<'a, T> = &'a dyn Fn(&mut T);
type Change<'a> = &'a dyn Fn(&ArrayRef) -> ArrayRef;

/// Tables without a fault: everyone can be scored.
fn sound() -> Tables {
    let mut tables = generate(&Options {
        jobs: 200,
        users: 60,
        seed: 3,
        paid_share: 0.4,
        as_of_us: AS_OF_US,
        ..Options::default()
    });
    let unfit: Vec<Uuid> =
        model(&tables).full_scan(&tables, &aliases(), AS_OF_US, None).skipped.into_keys().collect();
    tables.users.retain(|row| !unfit.contains(&row.id));
    tables.user_target_roles.retain(|row| !unfit.contains(&row.user_id));
    tables.user_company_prefs.retain(|row| !unfit.contains(&row.user_id));
    tables.resumes.retain(|row| !unfit.contains(&row.user_id));
    tables.parsed_resumes.retain(|user, _| !unfit.contains(user));
    tables
}

fn model(tables: &Tables) -> Model {
    Model::pin(tables, &aliases(), Weights::from_rows(&tables.model_weights))
}

/// A database that accepts anything: its checks and triggers are gone, as after a careless repair,
/// and so are indexes that have no room for long texts.
fn unchecked_database(tables: &Tables) -> Db {
    let db = Db::empty();
    db.sql(
        "do $$ declare rule record; begin
           for rule in select conrelid::regclass as of, conname from pg_constraint
             where connamespace = 'public'::regnamespace and (contype = 'c' or contype = 'u'
               and conrelid in ('jobs'::regclass, 'job_skills'::regclass)) loop
             execute format('alter table %s drop constraint %I', rule.of, rule.conname);
           end loop;
           for rule in select indexrelid::regclass as name from pg_index
             where indrelid in ('jobs'::regclass, 'job_skills'::regclass) and not indisprimary loop
             execute format('drop index %s', rule.name);
           end loop;
         end $$",
    );
    let info = Conninfo::resolve(Some(&db.admin_url()), &|_| None, None).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut client = connect(&info, "talvix tests").await.unwrap();
        load_postgres(&mut client, tables).await.unwrap();
    });
    // The load switches triggers on again.
    db.sql("alter table user_target_roles disable trigger user");
    write_storage(tables, db.storage()).unwrap();
    db
}

/// Runs the binary, which must neither hang nor panic.
#[track_caller]
fn run(place: &impl Place) -> Run {
    let source = place.source_args();
    let mut args = vec!["run", "--json", "--as-of", AS_OF];
    args.extend(source.iter().map(String::as_str));
    let mut run = spawn(&args);
    assert!(!run.comes("panicked"), "{}", run.stderr());
    // Its log has ended, and so has it; or patience has.
    let run = run.kill();
    assert_ne!(run.status, KILLED, "it hangs: {}", run.stderr);
    run
}

/// A night counts exactly these faults, and stores for everyone else what the oracle says. What a
/// test put into storage to be in the way is given, to be removed before the tables are read.
#[track_caller]
fn assert_counted(
    place: &impl Place,
    bad: &Tables,
    faults: &Faults,
    in_the_way: &[PathBuf],
) -> Value {
    let report = run(place).ended(0).json();
    let counts: BTreeMap<_, _> = faults.iter().map(|(name, rows)| (name, rows.len())).collect();
    assert_eq!(report["input_faults"], json!(counts));
    for (name, rows) in faults {
        let some = &rows[..rows.len().min(20)];
        assert_eq!(report["input_fault_examples"][name], json!(some), "{name}");
    }
    let model = model(bad);
    let mut skipped: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in model.full_scan(bad, &aliases(), AS_OF_US, None).skipped.into_values() {
        *skipped.entry(reason).or_default() += 1;
    }
    assert_eq!(report["users"]["skipped"], json!(skipped));
    for path in in_the_way {
        if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) }.unwrap();
    }
    assert_scores(&place.tables(), bad, &model, AS_OF_US, "stored");
    report
}

/// A run is refused: each text stands in the message, and nothing was written.
#[track_caller]
fn assert_refused(data: &Data, texts: &[&str]) {
    let run = run(data).ended(4);
    for text in texts {
        assert!(run.stderr.contains(text), "no {text:?} in: {}", run.stderr);
    }
    assert_eq!(run.stdout, "");
    assert_nothing_written(data);
}

#[track_caller]
fn assert_nothing_written(data: &Data) {
    assert_eq!(data.current(), None);
    assert!(!data.dir().join("versions").exists());
    let kept: Vec<_> = fs::read_dir(data.storage().join("model-data")).unwrap().collect();
    assert_eq!(kept.len(), 1, "no model is pinned");
}

/// Impossible numbers and unknown words, each in a few rows.
fn impossible_values() -> (Tables, Faults) {
    let units = |units| Some(Numeric::Units(units));
    let nan = Some(Numeric::NaN);
    let in_jobs: [(&str, usize, Spoil<'_, JobRow>); 9] = [
        ("salary_negative", 25, &|job| job.salary_max_lpa = units(-1)),
        ("salary_not_a_number", 2, &|job| job.salary_max_lpa = nan),
        ("salary_zero", 2, &|job| {
            (job.salary_min_lpa, job.salary_max_lpa) = (None, units(0));
        }),
        ("salary_min_above_max", 2, &|job| {
            (job.salary_min_lpa, job.salary_max_lpa) = (units(2_000), units(1_999));
        }),
        ("job_experience_negative", 2, &|job| job.exp_min_years = units(-5)),
        ("job_experience_not_a_number", 2, &|job| job.exp_max_years = nan),
        ("job_experience_min_above_max", 2, &|job| {
            (job.exp_min_years, job.exp_max_years) = (units(31), units(30));
        }),
        ("seniority_level_unknown", 2, &|job| job.seniority_level = Some("vp".to_owned())),
        ("work_mode_unknown", 2, &|job| job.work_mode = Some("moon".to_owned())),
    ];
    let in_users: [(&str, Spoil<'_, UserRow>); 5] = [
        ("expected_salary_negative", &|user| user.expected_salary_lpa = units(-1)),
        ("expected_salary_not_a_number", &|user| user.expected_salary_lpa = nan),
        ("user_experience_negative", &|user| user.experience_years = units(-1)),
        ("user_experience_not_a_number", &|user| user.experience_years = nan),
        ("work_mode_preferred_unknown", &|user| {
            user.work_modes_preferred = vec![Some("moon".to_owned()), None];
        }),
    ];

    let mut tables = sound();
    let mut faults = Faults::new();
    let mut jobs = tables
        .jobs
        .iter_mut()
        .filter(|job| job.is_active && job.jd_cleaned && job.role_family.is_some());
    for (name, rows, spoil) in in_jobs {
        for _ in 0..rows {
            let job = jobs.next().expect("enough jobs");
            spoil(job);
            faults.entry(name).or_default().push(format!("job {}", job.id));
        }
    }
    for (user, (name, spoil)) in tables.users.iter_mut().zip(in_users) {
        spoil(user);
        faults.insert(name, vec![format!("user {}", user.id)]);
    }
    for (row, (name, p50)) in tables
        .salary_benchmarks
        .iter_mut()
        .zip([("benchmark_negative", Numeric::Units(-1)), ("benchmark_not_a_number", Numeric::NaN)])
    {
        row.p50_lpa = p50;
        faults.insert(name, vec![format!("salary benchmark {}", row.id)]);
    }
    // Words that read as the least they can mean, and are no fault of a number or level.
    "perhaps".clone_into(&mut tables.job_skills[0].skill_type);
    "admires".clone_into(&mut tables.user_company_prefs[0].pref_type);
    "perhaps".clone_into(&mut tables.resumes.last_mut().unwrap().parse_status);
    (tables, faults)
}

#[test]
fn impossible_values_in_a_dataset_read_as_not_given_and_are_counted() {
    let (bad, faults) = impossible_values();
    assert_counted(&Data::new(&bad), &bad, &faults, &[]);
}

#[test]
fn impossible_values_in_a_database_read_as_not_given_and_are_counted() {
    let (bad, faults) = impossible_values();
    assert_counted(&unchecked_database(&bad), &bad, &faults, &[]);
}

#[test]
fn what_is_sound_has_no_faults() {
    let tables = sound();
    assert_counted(&Data::new(&tables), &tables, &Faults::new(), &[]);
    assert_counted(&Db::new(&tables), &tables, &Faults::new(), &[]);
}

/// Adds roles to a user until there are six; the sixth and its user are returned.
fn six_target_roles(tables: &mut Tables) -> (Uuid, String) {
    let user = tables.users[0].id;
    let mut families: Vec<String> =
        tables.jobs.iter().filter_map(|job| job.role_family.clone()).collect();
    families.sort_unstable();
    families.dedup();
    let row = tables.user_target_roles.iter().find(|row| row.user_id == user).unwrap().clone();
    tables.user_target_roles.retain(|row| row.user_id != user);
    for (family, priority) in families.iter().zip(1..=6) {
        let mut row = row.clone();
        row.id = Uuid::from_u128(priority as u128);
        (row.role_family, row.priority) = (family.clone(), priority);
        tables.user_target_roles.push(row);
    }
    (user, families[5].clone())
}

#[test]
fn of_six_target_roles_in_a_dataset_five_count() {
    let mut bad = sound();
    let (user, sixth) = six_target_roles(&mut bad);
    let faults = Faults::from([("target_roles_above_five", vec![format!("user {user}")])]);
    let data = Data::new(&bad);
    assert_counted(&data, &bad, &faults, &[]);
    let of_sixth = |job: &Uuid| {
        bad.jobs.iter().any(|row| row.id == *job && row.role_family.as_ref() == Some(&sixth))
    };
    let rows = data.tables().job_fit_scores;
    let mut jobs = rows.iter().filter(|row| row.user_id == user).map(|row| row.job_id);
    assert!(!jobs.any(|job| of_sixth(&job)));
}

#[test]
fn of_six_target_roles_in_a_database_without_the_trigger_five_count() {
    let mut bad = sound();
    let (user, _) = six_target_roles(&mut bad);
    let faults = Faults::from([("target_roles_above_five", vec![format!("user {user}")])]);
    // The loader of fixtures refuses the sixth, as the trigger would.
    let sixth = bad.user_target_roles.pop().unwrap();
    let db = unchecked_database(&bad);
    db.sql(&format!(
        "insert into user_target_roles (id, user_id, role_family, display_name, priority)
         values ('{}', '{user}', '{}', '', 6)",
        sixth.id, sixth.role_family
    ));
    bad.user_target_roles.push(sixth);
    assert_counted(&db, &bad, &faults, &[]);
}

#[test]
fn target_roles_that_are_blank_or_said_twice_count_once_or_never() {
    let mut bad = sound();
    let user = bad.users[0].id;
    let row = bad.user_target_roles.iter().find(|row| row.user_id == user).unwrap().clone();
    for (number, role) in [row.role_family.to_uppercase(), " \t".to_owned()].into_iter().enumerate()
    {
        let mut row = row.clone();
        row.id = Uuid::from_u128(number as u128);
        (row.role_family, row.priority) = (role, 4 + number as i32);
        bad.user_target_roles.push(row);
    }
    let faults = Faults::from([("target_role_blank", vec![format!("user {user}")])]);
    assert_counted(&Data::new(&bad), &bad, &faults, &[]);
    assert_counted(&unchecked_database(&bad), &bad, &faults, &[]);
}

/// Texts with everything that a text format of `COPY` would have to escape, and one of a megabyte.
#[test]
fn texts_with_tabs_newlines_and_backslashes_come_out_as_they_are() {
    const ODD: &str =
        "\t \n \\ \\. \\N \r \u{7f} \" ' \u{202e}rtl \u{1f9d1}\u{200d}\u{1f680} e\u{301}";
    let mut bad = sound();
    let long = "Ünder ".repeat((1 << 20) / 7);
    for (number, job) in bad.jobs.iter_mut().enumerate() {
        job.title = format!("{ODD} {number}");
        job.company_canonical = if number % 40 == 0 { long.clone() } else { ODD.to_lowercase() };
        job.company.clone_from(&job.company_canonical);
    }
    for (number, skill) in bad.job_skills.iter_mut().enumerate() {
        match number % 300 {
            0 => skill.skill_name = "ü".repeat(1 << 19),
            1..20 => skill.skill_name = format!("{ODD}{number}"),
            _ => {}
        }
    }
    bad.user_company_prefs.dedup_by_key(|pref| pref.user_id);
    for pref in &mut bad.user_company_prefs {
        pref.company_canonical = ODD.to_lowercase();
    }
    assert_counted(&Data::new(&bad), &bad, &Faults::new(), &[]);
    let db = unchecked_database(&bad);
    assert_counted(&db, &bad, &Faults::new(), &[]);
    let odd = "select count(*) from job_fit_scores where array_to_string(missing_skills, '') like '%\\\\.%'";
    assert!(db.query_i64(odd) > 0);
}

#[test]
fn a_nul_in_a_text_of_a_dataset_is_as_if_it_were_not_there() {
    let mut bad = sound();
    for job in bad.jobs.iter_mut().step_by(3) {
        job.city_canonical = job.city_canonical.take().map(|city| format!("\0{city}\0"));
        job.seniority_level = job.seniority_level.take().map(|level| level.replace('i', "\0i"));
        job.work_mode = job.work_mode.take().map(|mode| format!("{mode}\0"));
        job.company_canonical.push('\0');
        job.title.push('\0');
    }
    for skill in bad.job_skills.iter_mut().step_by(2) {
        skill.skill_name.insert(1, '\0');
    }
    for user in bad.users.iter_mut().step_by(2) {
        user.city_canonical = user.city_canonical.take().map(|city| city.replace('a', "a\0"));
        user.work_modes_preferred.push(Some("\0remote".to_owned()));
    }
    let data = Data::new(&bad);
    assert_counted(&data, &bad, &Faults::new(), &[]);
    let rows = data.tables().job_fit_scores;
    let texts = |row: &talvix_fixtures::tables::ScoreRow| format!("{row:?}");
    assert!(!rows.iter().any(|row| texts(row).contains("\\0")), "no NUL is stored");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// A gigabyte of a resume, once unpacked, in a megabyte: 64 parts of 16 MiB.
fn bomb() -> Vec<u8> {
    let bomb = gzip(&vec![b' '; 16 << 20]).repeat(64);
    assert!(bomb.len() < 2 << 20, "{} bytes", bomb.len());
    bomb
}

/// The resume with a key set to something else.
fn with_key(packed: &[u8], key: &str, value: Value) -> Vec<u8> {
    let mut resume: Value = serde_json::from_reader(MultiGzDecoder::new(packed)).unwrap();
    resume[key] = value;
    gzip(&serde_json::to_vec(&resume).unwrap())
}

/// What stands where a resume should be.
enum Stead {
    /// Other bytes.
    Bytes(Vec<u8>),
    Nothing,
    Folder,
    Pipe,
    Socket,
    /// A link to a sound resume of the same user, out of storage.
    Link,
    /// A link to itself.
    Loop,
}

/// Spoils a user's resume each.
fn bad_resumes(tables: &mut Tables) -> (Faults, Vec<(Uuid, Stead)>) {
    let users: Vec<Uuid> = tables.users.iter().map(|row| row.id).collect();
    let good = |user: usize| tables.parsed_resumes[&users[user]].as_slice();
    let other = users[0];
    let cut = |packed: &[u8], keep: usize| Stead::Bytes(packed[..keep].to_vec());
    let json = |text: &str| Stead::Bytes(gzip(text.as_bytes()));
    let key = |user, key, value| Stead::Bytes(with_key(good(user), key, value));
    let mut checksum = good(4).to_vec();
    *checksum.last_mut().unwrap() ^= 1;
    let steads = vec![
        ("resume_gzip_damaged", cut(good(1), good(1).len() / 2)),
        ("resume_gzip_damaged", cut(good(2), good(2).len() - 1)),
        ("resume_gzip_damaged", cut(good(3), 5)),
        ("resume_gzip_damaged", Stead::Bytes(checksum)),
        ("resume_gzip_damaged", Stead::Bytes(b"{\"skills\": [\"python\"]}".to_vec())),
        ("resume_gzip_damaged", Stead::Bytes((0..=255).cycle().take(9_999).collect())),
        ("resume_too_large", Stead::Bytes(bomb())),
        ("resume_json_damaged", json("")),
        ("resume_json_damaged", json("{\"skills\": [\"python\"")),
        ("resume_json_damaged", json("[]")),
        ("resume_json_damaged", json(&"[".repeat(100_000))),
        ("resume_json_damaged", key(12, "skills", json!("python"))),
        ("resume_json_damaged", Stead::Bytes(gzip(b"{\"raw_text\": \"\xff\"}"))),
        ("resume_of_another_user", key(14, "user_id", json!(other))),
        ("resume_of_another_user", key(15, "user_id", json!("me"))),
        ("resume_file_missing", Stead::Nothing),
        ("resume_file_unreadable", Stead::Folder),
        ("resume_file_unreadable", Stead::Pipe),
        ("resume_file_unreadable", Stead::Socket),
        ("resume_file_unreadable", Stead::Link),
        ("resume_file_unreadable", Stead::Loop),
        ("resume_file_unreadable", Stead::Bytes(vec![0; (4 << 20) + 1])),
        // These say one thing that cannot be, and are read without it.
        ("resume_experience_negative", key(23, "experience_years", json!(-2.5))),
        ("resume_experience_too_large", key(24, "experience_years", json!(1e300))),
        ("resume_skills_above_500", key(25, "skills", json!(vec!["sql"; 501]))),
        ("resume_skill_too_long", key(26, "skills", json!(["sql", "x".repeat(1 << 20)]))),
    ];
    let mut faults = Faults::new();
    let mut stead_of = Vec::new();
    for (user, (fault, stead)) in users[1..].iter().zip(steads) {
        faults.entry(fault).or_default().push(format!("user {user}"));
        stead_of.push((*user, stead));
    }
    for (user, stead) in &stead_of {
        match stead {
            Stead::Bytes(bytes) => tables.parsed_resumes.insert(*user, bytes.clone()),
            _ => tables.parsed_resumes.remove(user),
        };
    }
    for rows in faults.values_mut() {
        rows.sort_unstable();
    }
    (faults, stead_of)
}

/// Puts what is no plain file where a resume should be; returns what is to be removed again.
fn put_in_the_way(storage: &Path, steads: &[(Uuid, Stead)], sound: &Tables) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for (user, stead) in steads {
        let path = storage.join(format!("parsed-resumes/{user}.json.gz"));
        match stead {
            Stead::Bytes(_) | Stead::Nothing => continue,
            Stead::Folder => fs::create_dir(&path).unwrap(),
            Stead::Pipe => {
                assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            }
            Stead::Socket => drop(UnixListener::bind(&path).unwrap()),
            Stead::Loop => fs::os::unix::fs::symlink(&path, &path).unwrap(),
            Stead::Link => {
                let outside = storage.join("outside.json.gz");
                fs::write(&outside, &sound.parsed_resumes[user]).unwrap();
                fs::os::unix::fs::symlink(&outside, &path).unwrap();
            }
        }
        paths.push(path);
    }
    paths
}

/// The night of a place whose storage holds resumes that are wrong in every way.
#[track_caller]
fn assert_bad_resumes_cost_their_users_alone<P: Place>(
    make: impl Fn(&Tables) -> P,
    storage: impl Fn(&P) -> PathBuf,
) {
    let sound = sound();
    let mut bad = sound.clone();
    let (faults, steads) = bad_resumes(&mut bad);
    let place = make(&bad);
    let in_the_way = put_in_the_way(&storage(&place), &steads, &sound);
    let report = assert_counted(&place, &bad, &faults, &in_the_way);
    assert_eq!(report["users"]["skipped"]["resume_unreadable"], 22);
    let peak = report["peak_rss_bytes"].as_u64().unwrap();
    assert!(peak < 300_000_000, "{peak} bytes, for a resume that unpacks to a gigabyte");
}

#[test]
fn bad_resumes_of_a_dataset_cost_their_users_alone() {
    assert_bad_resumes_cost_their_users_alone(Data::new, Data::storage);
}

#[test]
fn bad_resumes_beside_a_database_cost_their_users_alone() {
    assert_bad_resumes_cost_their_users_alone(Db::new, |db| db.storage().to_owned());
}

/// Who runs as root may read everything, so this runs as somebody else.
#[test]
fn a_resume_that_may_not_be_read_costs_its_user_alone() {
    let data = Data::new(&sound());
    let users = data.tables().users;
    let path = data.storage().join(format!("parsed-resumes/{}.json.gz", users[3].id));
    fs::set_permissions(&path, Permissions::from_mode(0o0)).unwrap();
    // The binary may lie where only this user may look.
    let binary = data.dir().join("talvix");
    fs::copy(env!("CARGO_BIN_EXE_talvix"), &binary).unwrap();
    let mut all = vec![data.dir().to_owned()];
    let mut folders = all.clone();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            all.push(path.clone());
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    let source = data.source_args();
    let mut command = Command::new(binary);
    command.env_clear().args(["run", "--json", "--as-of", AS_OF]).args(source);
    command.current_dir(data.dir());
    run_unprivileged(&mut command, &all.iter().map(PathBuf::as_path).collect::<Vec<_>>());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let faults = json!({"resume_file_unreadable": [format!("user {}", users[3].id)]});
    assert_eq!(report["input_fault_examples"], faults);
    assert_eq!(report["users"]["scored"], users.len() - 1);
}

/// Resumes come and go while they are read: each is there or not, and nothing worse.
#[test]
fn a_resume_that_vanishes_meanwhile_is_there_or_not() {
    let data = Data::new(&sound());
    let folder = data.storage().join("parsed-resumes");
    let paths: Vec<PathBuf> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).take(8).collect();
    let (is_over, began) = (AtomicBool::new(false), Instant::now());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // A run that fails the test says so in the end, too.
            while !is_over.load(Ordering::Relaxed) && began.elapsed() < PATIENCE {
                for path in &paths {
                    let bytes = fs::read(path).unwrap();
                    fs::remove_file(path).unwrap();
                    std::thread::yield_now();
                    fs::write(path, bytes).unwrap();
                }
            }
        });
        for _ in 0..3 {
            let report = run(&data).ended(0).json();
            let faults = report["input_faults"].as_object().unwrap();
            let kinds = ["resume_file_missing", "resume_gzip_damaged"];
            assert!(faults.keys().all(|kind| kinds.contains(&kind.as_str())), "{report}");
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

/// The root of storage may be a link; below it none is followed, whatever it is that is read.
#[test]
fn no_link_leads_out_of_storage() {
    let tables = sound();
    let expected = Data::new(&tables);
    run(&expected).ended(0);
    let pinned = "model-data/scoring_model_2026-W47.json.gz";
    let cache = "model-data/resume_features.parquet";
    let link_to = |data: &Data, name: &str, from: &Data| {
        let (here, outside) = (data.storage().join(name), from.dir().join("outside"));
        fs::rename(from.storage().join(name), &outside).unwrap();
        if here.is_dir() {
            fs::remove_dir_all(&here).unwrap();
        } else if here.exists() {
            fs::remove_file(&here).unwrap();
        }
        fs::os::unix::fs::symlink(&outside, &here).unwrap();
    };
    for (name, status, said) in [
        ("model-data", 4, "model-data: no folder, or a link, which is not followed"),
        ("model-data/weights_current.json", 4, "weights_current.json: not a plain file"),
        (pinned, 4, "2026-W47.json.gz: not a plain file"),
        // All resumes are as if they could not be read: a broken mount.
        ("parsed-resumes", 1, "resume_file_unreadable"),
        // It is as none, and replaced.
        (cache, 0, ""),
    ] {
        let (data, from) = (Data::new(&tables), Data::new(&tables));
        run(&from).ended(0);
        link_to(&data, name, &from);
        let run = run(&data).ended(status);
        assert!(run.stderr.contains(said), "{name}: {}", run.stderr);
        assert_eq!(data.current().is_some(), status == 0, "{name}");
        if name == cache {
            assert!(!data.storage().join(cache).is_symlink());
            assert_rows(&canonical(&data.tables()), &canonical(&expected.tables()), name);
        }
    }
    let data = Data::new(&tables);
    fs::rename(data.storage(), data.dir().join("elsewhere")).unwrap();
    fs::os::unix::fs::symlink("elsewhere", data.storage()).unwrap();
    run(&data).ended(0);
    assert_rows(&canonical(&data.tables()), &canonical(&expected.tables()), "a linked root");
}

/// Only the user's id names a file: what a table says of paths opens nothing.
#[test]
fn where_a_table_says_that_a_resume_lies_matters_to_nobody() {
    let tables = sound();
    let (hostile, plain) = (Db::new(&tables), Db::new(&tables));
    hostile.sql(
        "update resumes set storage_path = case mod(row_number, 6)
             when 0 then '../../../etc/passwd' when 1 then '/etc/passwd'
             when 2 then '%2e%2e/%2e%2e/secret' when 3 then repeat('x/', 2048)
             when 4 then null else (select min(id::text) from users) || '.json.gz' end
         from (select id as of, row_number() over (order by id) from resumes) numbered
         where of = resumes.id",
    );
    run(&plain).ended(0);
    run(&hostile).ended(0);
    assert_rows(&canonical(&hostile.tables()), &canonical(&plain.tables()), "hostile paths");
}

#[test]
fn a_nul_in_a_resume_is_as_if_it_were_not_there() {
    let mut bad = sound();
    for packed in bad.parsed_resumes.values_mut() {
        *packed = with_key(packed, "skills", json!(["py\0thon", "\0", "sq\0l", 7, null]));
        *packed = with_key(packed, "seniority_level", json!("se\0nior"));
    }
    assert_counted(&Data::new(&bad), &bad, &Faults::new(), &[]);
    assert_counted(&Db::new(&bad), &bad, &Faults::new(), &[]);
}

#[test]
fn many_bombs_at_once_stay_within_bounds() {
    let mut bad = sound();
    let bomb = bomb();
    let mut faults = Faults::new();
    for user in bad.users.iter().take(12) {
        bad.parsed_resumes.insert(user.id, bomb.clone());
        faults.entry("resume_too_large").or_default().push(format!("user {}", user.id));
    }
    faults.get_mut("resume_too_large").unwrap().sort_unstable();
    let report = assert_counted(&Data::new(&bad), &bad, &faults, &[]);
    assert!(report["peak_rss_bytes"].as_u64().unwrap() < 300_000_000, "{report}");
}

/// Writes a table of a dataset once more, with a column replaced.
fn replace_column(data: &Data, table: &str, column: &str, change: impl Fn(&ArrayRef) -> ArrayRef) {
    let path = data.table(table);
    let (schema, batches) = {
        let file = Table::open(&path).unwrap();
        let batches: Vec<RecordBatch> = file.read_all().map(Result::unwrap).collect();
        (file.schema(), batches)
    };
    let batch = concat_batches(&schema, &batches).unwrap();
    let at = schema.index_of(column).unwrap();
    let mut columns = batch.columns().to_vec();
    columns[at] = change(&columns[at]);
    let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
    fields[at] = Arc::new(Field::new(column, columns[at].data_type().clone(), true));
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    let file = fs::File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn a_null_where_none_may_be_is_refused_by_file_column_and_row() {
    const ROW: usize = 3;
    let tables = sound();
    for (table, column) in [
        ("jobs", "id"),
        ("jobs", "company_canonical"),
        ("jobs", "is_new"),
        ("job_skills", "job_id"),
        ("users", "id"),
        ("users", "tier"),
        ("users", "fit_scores_stale"),
        ("user_target_roles", "role_family"),
        ("user_target_roles", "priority"),
        ("user_company_prefs", "pref_type"),
        ("resumes", "is_primary"),
        ("salary_benchmarks", "p50_lpa"),
        ("model_weights", "weight_value"),
    ] {
        let data = Data::new(&tables);
        replace_column(&data, table, column, |array| {
            let here: BooleanArray = (0..array.len()).map(|row| Some(row == ROW)).collect();
            nullif(array, &here).unwrap()
        });
        let (file, column) = (format!("{table}.parquet"), format!("column {column}, row {ROW}"));
        assert_refused(&data, &[&file, &column, "null"]);
    }
}

#[test]
fn columns_of_a_wrong_type_are_refused_all_at_once() {
    let data = Data::new(&sound());
    let text =
        |array: &ArrayRef| -> ArrayRef { Arc::new(StringArray::from(vec!["18 LPA"; array.len()])) };
    let truth =
        |array: &ArrayRef| -> ArrayRef { Arc::new(BooleanArray::from(vec![true; array.len()])) };
    let number =
        |array: &ArrayRef| -> ArrayRef { Arc::new(Float64Array::from(vec![1.5; array.len()])) };
    replace_column(&data, "jobs", "salary_max_lpa", text);
    replace_column(&data, "jobs", "posted_at", truth);
    replace_column(&data, "users", "fit_scores_stale", text);
    replace_column(&data, "users", "id", number);
    replace_column(&data, "job_skills", "skill_name", number);
    fs::write(data.table("resumes"), "user_id,parse_status\n").unwrap();
    fs::remove_file(data.table("user_target_roles")).unwrap();
    assert_refused(
        &data,
        &[
            "7 things",
            "jobs.parquet: column salary_max_lpa: expected a number",
            "jobs.parquet: column posted_at",
            "users.parquet: column fit_scores_stale",
            "users.parquet: column id",
            "job_skills.parquet: column skill_name",
            "resumes.parquet",
            "user_target_roles.parquet",
        ],
    );
}

#[test]
fn a_value_that_fits_no_column_is_refused_by_file_column_and_row() {
    const ROW: usize = 2;
    let tables = sound();
    let doubles = |array: &ArrayRef| -> ArrayRef {
        let value = |row| if row == ROW { 1e9 } else { 10.0 };
        Arc::new((0..array.len()).map(value).collect::<Float64Array>())
    };
    let ids = |array: &ArrayRef| -> ArrayRef {
        let value = |row| match row {
            ROW => "job 3".to_owned(),
            row => Uuid::from_u128(row as u128).to_string(),
        };
        Arc::new(StringArray::from_iter_values((0..array.len()).map(value)))
    };
    let integers = |array: &ArrayRef| -> ArrayRef {
        let value = |row| if row == ROW { 3_000_000_000_i64 } else { 1 };
        Arc::new((0..array.len()).map(value).collect::<Int64Array>())
    };
    let seconds = |array: &ArrayRef| -> ArrayRef {
        let value = |row| if row == ROW { i64::MAX } else { 1 };
        Arc::new((0..array.len()).map(|row| Some(value(row))).collect::<TimestampSecondArray>())
    };
    let cases: [(&str, &str, Change<'_>); 5] = [
        ("jobs", "salary_max_lpa", &doubles),
        ("users", "experience_years", &doubles),
        ("jobs", "id", &ids),
        ("user_target_roles", "priority", &integers),
        ("jobs", "posted_at", &seconds),
    ];
    for (table, column, change) in cases {
        let data = Data::new(&tables);
        replace_column(&data, table, column, change);
        let (file, column) = (format!("{table}.parquet"), format!("column {column}, row {ROW}"));
        assert_refused(&data, &[&file, &column, "expected", "found"]);
    }
}

#[test]
fn two_rows_with_one_id_are_refused() {
    let mut tables = sound();
    tables.users[1].id = tables.users[0].id;
    let id = tables.users[0].id.to_string();
    assert_refused(&Data::new(&tables), &["users", &id, "twice"]);
    let mut tables = sound();
    tables.jobs[1] = tables.jobs[0].clone();
    let id = tables.jobs[0].id.to_string();
    assert_refused(&Data::new(&tables), &["jobs", &id, "twice"]);
}

#[test]
fn a_truncated_or_foreign_file_is_refused_by_name() {
    let tables = sound();
    for table in ["jobs", "users", "job_skills"] {
        let whole = fs::read(Data::new(&tables).table(table)).unwrap();
        let cuts = [0, 3, 4, 8, 12, whole.len() / 2, whole.len() - 8, whole.len() - 1];
        let mut foreign: Vec<Vec<u8>> = cuts.iter().map(|cut| whole[..*cut].to_vec()).collect();
        foreign.push(b"id,tier\n1,free\n".to_vec());
        foreign.push(vec![0; 4_096]);
        foreign.push(b"PAR1\xff\xff\xff\x7fPAR1".to_vec());
        for bytes in foreign {
            let data = Data::new(&tables);
            fs::write(data.table(table), bytes).unwrap();
            assert_refused(&data, &[&format!("{table}.parquet")]);
        }
    }
}

/// Bytes go bad anywhere in a file: the run ends well, or refuses the file by name and commits
/// nothing. Damage in a column that is only carried over shows when the table is written once more.
#[test]
fn a_damaged_file_is_read_or_refused_and_never_worse() {
    let tables = sound();
    let whole = fs::read(Data::new(&tables).table("jobs")).unwrap();
    let mut at = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..40 {
        let mut bytes = whole.clone();
        for _ in 0..=round % 4 {
            at ^= at << 13;
            at ^= at >> 7;
            at ^= at << 17;
            let here = (at >> 8) as usize % bytes.len();
            bytes[here] ^= (at as u8) | 1;
        }
        let data = Data::new(&tables);
        fs::write(data.table("jobs"), bytes).unwrap();
        let run = run(&data);
        match run.status {
            0 => assert!(data.current().is_some()),
            1 | 4 => {
                assert!(run.stderr.contains("jobs"), "{}", run.stderr);
                assert_eq!(data.current(), None);
                assert_eq!(run.stdout, "");
            }
            other => panic!("round {round}: status {other}: {}", run.stderr),
        }
    }
}

/// The database can hold instants that no calendar has.
#[test]
fn times_without_end_are_the_newest_and_the_oldest() {
    let mut tables = sound();
    let (first, last) = (tables.jobs[0].id, tables.jobs[1].id);
    let db = Db::new(&tables);
    db.sql(&format!(
        "update jobs set posted_at = 'infinity' where id = '{first}';
         update jobs set posted_at = '-infinity' where id = '{last}'"
    ));
    tables.jobs[0].posted_at = Some(i64::MAX);
    tables.jobs[1].posted_at = Some(i64::MIN);
    assert_counted(&db, &tables, &Faults::new(), &[]);
}
