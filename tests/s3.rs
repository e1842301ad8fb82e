//! Resumes, weights and models in a bucket that is slow, broken, forbidden or somebody else's: one
//! object that fails costs its user, a bucket that fails costs the night, and no key is told.

mod support;

use std::{
    collections::BTreeMap,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use support::{Answer, BUCKET, Bucket, Data, Place, Run, assert_rows, canonical, command, night};
use talvix_fixtures::{
    generate::{Options, generate},
    tables::Tables,
};
use uuid::Uuid;

const AS_OF: &str = "2026-11-16T17:00:00Z";
const KEY_ID: &str = "AKIACANARY";
const SECRET: &str = "canary/secret";
const WEIGHTS: &str = "model-data/weights_current.json";

/// Tries of a request in these tests.
const ATTEMPTS: usize = 3;

const ALWAYS: usize = usize::MAX;

fn options() -> Options {
    Options {
        jobs: 100,
        users: 150,
        seed: 5,
        as_of_us: AS_OF.parse::<jiff::Timestamp>().unwrap().as_microsecond(),
        ..Options::default()
    }
}

fn tables() -> Tables {
    generate(&options())
}

/// A dataset whose storage is a bucket.
fn place() -> (Data, Bucket) {
    let data = Data::new(&tables());
    let bucket = Bucket::of(&data.storage());
    (data, bucket)
}

/// Users whose resumes were read well in a folder.
fn scored(data: &Data) -> Vec<Uuid> {
    let mut users: Vec<Uuid> =
        data.tables().user_fit_score_cursors.iter().map(|row| row.user_id).collect();
    users.sort_unstable();
    users
}

fn file(user: &Uuid) -> String {
    format!("/{user}.json.gz")
}

fn run(data: &Data, bucket: &Bucket, extra: &[(&str, &str)]) -> Run {
    ended(prepared(data, bucket, extra))
}

fn prepared(data: &Data, bucket: &Bucket, extra: &[(&str, &str)]) -> Command {
    let storage = format!("s3://{BUCKET}");
    let source = data.source_args();
    let args = ["run", "--json", "-vv", "--as-of", AS_OF, "--storage", &storage];
    let mut command = command(&args);
    command
        .args(source)
        .env("AWS_ENDPOINT", bucket.endpoint())
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_MAX_ATTEMPTS", ATTEMPTS.to_string())
        .env("AWS_TIMEOUT", "1s")
        .envs(extra.iter().copied());
    command
}

fn ended(mut command: Command) -> Run {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let run = Run {
        status: output.status.code().unwrap(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    };
    for said in [&run.stdout, &run.stderr] {
        assert!(!said.contains(KEY_ID) && !said.contains(SECRET), "{said}");
    }
    run
}

#[test]
fn a_night_from_a_bucket_is_a_night_from_a_folder() {
    let (data, bucket) = place();
    let from_folder = Data::new(&tables());
    night(&from_folder, AS_OF, &[]);
    run(&data, &bucket, &[]).ended(0);
    let when = "from a bucket";
    assert_rows(&canonical(&data.tables()), &canonical(&from_folder.tables()), when);
    assert!(bucket.keys().iter().any(|key| key.contains("scoring_model_2026-W47")));
    assert!(bucket.requests().iter().all(|request| request.contains(&format!("/{BUCKET}"))));
}

/// A bucket may have a host of its own in place of a part of the path.
#[test]
fn a_bucket_with_a_host_of_its_own_is_asked_without_its_name() {
    let (data, bucket) = place();
    run(&data, &bucket, &[("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true")]).ended(0);
    assert!(bucket.requests().iter().all(|request| !request.contains(BUCKET)));
}

#[test]
fn an_object_that_fails_costs_its_user_alone_and_is_asked_for_a_few_times() {
    /// The answer, how often it comes, how often it is asked for, and the fault.
    type Case = (Answer, usize, usize, Option<&'static str>);
    const UNREADABLE: Option<&str> = Some("resume_file_unreadable");
    let sound = Data::new(&tables());
    let before = night(&sound, AS_OF, &[]);
    let (data, bucket) = place();
    let elsewhere = Bucket::of(&data.storage());
    let cases: [Case; 10] = [
        (Answer::Error(404, "NoSuchKey"), ALWAYS, 1, Some("resume_file_missing")),
        (Answer::Error(403, "AccessDenied"), ALWAYS, 1, UNREADABLE),
        (Answer::Error(500, "InternalError"), ALWAYS, ATTEMPTS, UNREADABLE),
        (Answer::Error(503, "SlowDown"), ALWAYS, ATTEMPTS, UNREADABLE),
        (Answer::Error(503, "SlowDown"), ATTEMPTS - 1, ATTEMPTS, None),
        (Answer::Half, ALWAYS, ATTEMPTS, UNREADABLE),
        (Answer::Half, 1, 2, None),
        (Answer::Redirect(307, elsewhere.endpoint()), ALWAYS, 1, UNREADABLE),
        (Answer::Redirect(301, elsewhere.endpoint()), ALWAYS, 1, UNREADABLE),
        (Answer::Silence, ALWAYS, ATTEMPTS, UNREADABLE),
    ];
    let users = scored(&sound);
    let mut faults: BTreeMap<&str, usize> = BTreeMap::new();
    for (user, (answer, times, _, fault)) in users.iter().zip(&cases) {
        bucket.answer(&file(user), answer.clone(), *times);
        if let Some(fault) = fault {
            *faults.entry(fault).or_default() += 1;
        }
    }
    let began = Instant::now();
    let report = run(&data, &bucket, &[]).ended(0).json();
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
    for (user, (answer, _, asked, _)) in users.iter().zip(&cases) {
        assert_eq!(bucket.asked(&file(user)), *asked, "{answer:?}");
    }
    assert_eq!(elsewhere.requests(), Vec::<String>::new());
    for (fault, users) in faults {
        let at_first = before["input_faults"][fault].as_u64().unwrap_or(0) as usize;
        assert_eq!(report["input_faults"][fault], json!(at_first + users), "{report}");
    }
    let skipped = cases.iter().filter(|(.., fault)| fault.is_some()).count();
    let scored = |report: &Value| report["users"]["scored"].as_u64().unwrap() as usize;
    assert_eq!(scored(&report) + skipped, scored(&before));
}

/// Resumes that come late are waited for side by side, and not all at once.
#[test]
fn thousands_of_late_resumes_need_few_descriptors() {
    const AT_ONCE: usize = 64;
    let start = generate(&Options { jobs: 20, users: 3_000, ..options() });
    let data = Data::new(&start);
    let bucket = Bucket::of(&data.storage());
    bucket.answer(".json.gz", Answer::Late(Duration::from_millis(20)), ALWAYS);
    let plain = prepared(&data, &bucket, &[]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 256 && exec \"$0\" \"$@\""]);
    limited.arg(plain.get_program()).args(plain.get_args());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let report = ended(limited).ended(0).json();
    let read = report["resumes"]["read"].as_u64().unwrap();
    assert!(read > 2_000, "{report}");
    let most = bucket.most_owed();
    assert!((2..=AT_ONCE).contains(&most), "{most} at once");
    let from_folder = Data::new(&start);
    let expected = night(&from_folder, AS_OF, &[]);
    assert_eq!(report["input_faults"], expected["input_faults"]);
    assert_rows(&canonical(&data.tables()), &canonical(&from_folder.tables()), "late resumes");
}

#[test]
fn resumes_that_cannot_be_fetched_trip_the_breaker() {
    for (answer, said) in [
        (Answer::Error(503, "SlowDown"), "SlowDown: It is so."),
        (Answer::Error(403, "AccessDenied"), "let the key read"),
        (Answer::Silence, "could not be fetched"),
        (Answer::Error(404, "NoSuchKey"), "resumes cannot be read"),
    ] {
        let (data, bucket) = place();
        for key in bucket.keys() {
            if key.starts_with("parsed-resumes/") {
                bucket.answer(&format!("/{BUCKET}/{key}"), answer.clone(), ALWAYS);
            }
        }
        let began = Instant::now();
        let run = run(&data, &bucket, &[("AWS_MAX_ATTEMPTS", "2")]).ended(1);
        assert!(began.elapsed().as_secs() < 60, "{answer:?}: {:?}", began.elapsed());
        assert!(run.stderr.contains(said), "{answer:?}: {}", run.stderr);
        assert_eq!(data.current(), None);
        assert!(bucket.requests().iter().all(|request| request.starts_with("GET ")));
    }
}

#[test]
fn what_is_wrong_with_a_bucket_is_told_with_what_to_do() {
    for (status, code, ended, said) in [
        (403, "RequestTimeTooSkewed", 4, "set the clock of this machine"),
        (403, "SignatureDoesNotMatch", 4, "AWS_SECRET_ACCESS_KEY"),
        (403, "AccessDenied", 4, "let the key read"),
        (404, "NoSuchBucket", 4, "check the bucket's name"),
        (301, "PermanentRedirect", 4, "AWS_REGION"),
        (503, "SlowDown", 1, "SlowDown"),
    ] {
        let (data, bucket) = place();
        bucket.answer(WEIGHTS, Answer::Error(status, code), ALWAYS);
        let run = run(&data, &bucket, &[]);
        assert_eq!(run.status, ended, "{code}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{code}: {}", run.stderr);
        assert_eq!(data.current(), None);
    }
    let (data, bucket) = place();
    let insecure = [("AWS_ALLOW_INVALID_CERTIFICATES", "true")];
    let run = run(&data, &bucket, &insecure).ended(2);
    assert!(run.stderr.contains("always verified"), "{}", run.stderr);
    assert!(bucket.requests().is_empty());
}
