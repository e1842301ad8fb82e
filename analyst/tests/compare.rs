//! `compare` against a second computation on plain rows.

mod support;

use arrow::{
    array::{Array, AsArray},
    datatypes::Int32Type,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};
use support::{
    made::{Night, Pair, fit_score, two_nights},
    program::analyst,
    written::Row,
};

const SEED: u64 = 11;

fn published(seed: u64) -> (Night, Night, tempfile::TempDir) {
    let (a, b) = two_nights(seed, 300, 150);
    let folder = tempfile::tempdir().unwrap();
    a.publish(folder.path());
    b.publish(folder.path());
    (a, b, folder)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A night's rows by user and job.
type Side<'a> = BTreeMap<(&'a str, &'a str), Kept<'a>>;

/// A kept pair, and its row.
type Kept<'a> = (&'a Pair, Row);

/// The rows of both nights by their keys, and the users who are compared.
struct Sides<'a> {
    a: Side<'a>,
    b: Side<'a>,
    users: BTreeSet<&'a str>,
}

impl<'a> Sides<'a> {
    fn new(a: &'a Night, b: &'a Night) -> Self {
        let users: BTreeSet<&str> = a.scored().intersection(&b.scored()).copied().collect();
        let side = |night: &'a Night| {
            let rows = night.pairs.iter().zip(night.score_rows());
            rows.filter(|(pair, _)| users.contains(pair.user.as_str()))
                .map(|(pair, row)| ((pair.user.as_str(), pair.job.as_str()), (pair, row)))
                .collect()
        };
        Sides { a: side(a), b: side(b), users: users.clone() }
    }

    fn both(&self) -> impl Iterator<Item = (&(&'a str, &'a str), &Kept<'a>, &Kept<'a>)> {
        self.a.iter().filter_map(|(key, a)| Some((key, a, self.b.get(key)?)))
    }
}

/// The columns in which two rows differ.
fn differing(a: &Row, b: &Row) -> Vec<&'static str> {
    let names: BTreeSet<&str> = a.keys().chain(b.keys()).copied().collect();
    let differs =
        |name: &&'static str| format!("{:?}", a.get(name)) != format!("{:?}", b.get(name));
    names.into_iter().filter(differs).collect()
}

#[test]
fn everything_is_counted_as_by_hand() {
    for seed in [SEED, SEED + 1, SEED + 2] {
        let (a, b, folder) = published(seed);
        let answer = analyst(&[
            "compare",
            "previous",
            "latest",
            "--json",
            "--snapshots",
            text(folder.path()),
        ])
        .json();
        let sides = Sides::new(&a, &b);
        users_are_counted(&answer, &a, &b, &sides);
        rows_are_counted(&answer, &a, &b, &sides);
        causes_are_counted(&answer, &a, &b, &sides);
        drift_is_measured(&answer, &a, &b, &sides);
        assert_eq!(answer["warnings"], json!([]));
    }
}

fn users_are_counted(answer: &Value, a: &Night, b: &Night, sides: &Sides<'_>) {
    let mut counts = BTreeMap::new();
    let mut most: Vec<(i64, &str, Value)> = Vec::new();
    for user in &sides.users {
        let of = |side: &Side<'_>| -> BTreeSet<String> {
            side.keys().filter(|key| key.0 == *user).map(|key| key.1.to_owned()).collect()
        };
        let (old, new) = (of(&sides.a), of(&sides.b));
        let (gained, lost) = (new.difference(&old).count(), old.difference(&new).count());
        let both: Vec<_> = sides.both().filter(|(key, ..)| key.0 == *user).collect();
        let changed = both.iter().any(|(_, a, b)| !differing(&a.1, &b.1).is_empty());
        let points: i64 =
            both.iter().map(|(_, a, b)| fit_score(b.0.raw_bp) - fit_score(a.0.raw_bp)).sum();
        let kind = match (gained, lost) {
            (0, 0) if changed => "changed",
            (0, 0) => "same",
            (_, 0) => "gained",
            (0, _) => "lost",
            (_, _) => "gained_and_lost",
        };
        *counts.entry(kind).or_insert(0) += 1;
        if gained + lost > 0 {
            let named = json!({"user_id": user, "gained": gained, "lost": lost, "points": points});
            most.push((-((gained + lost) as i64), user, named));
        }
    }
    for kind in ["gained", "lost", "gained_and_lost", "changed", "same"] {
        assert_eq!(answer["users"][kind], json!(counts.get(kind).copied().unwrap_or(0)), "{kind}");
    }
    let (in_a, in_b) = (a.scored(), b.scored());
    assert_eq!(answer["users"]["a"], json!(in_a.len()));
    assert_eq!(answer["users"]["b"], json!(in_b.len()));
    assert_eq!(answer["users"]["both"], json!(sides.users.len()));
    assert_eq!(answer["users"]["only_a"], json!(in_a.difference(&in_b).count()));
    assert_eq!(answer["users"]["only_b"], json!(in_b.difference(&in_a).count()));
    most.sort_unstable_by_key(|(less, user, _)| (*less, *user));
    let most: Vec<Value> = most.into_iter().take(10).map(|(.., named)| named).collect();
    assert_eq!(answer["users_most_changed"], json!(most));
}

fn rows_are_counted(answer: &Value, a: &Night, b: &Night, sides: &Sides<'_>) {
    let mut columns: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut same, mut changed) = (0, 0);
    for (_, a, b) in sides.both() {
        let differing = differing(&a.1, &b.1);
        if differing.is_empty() {
            same += 1;
        } else {
            changed += 1;
        }
        for name in differing {
            *columns.entry(name).or_default() += 1;
        }
    }
    let rows = &answer["rows"];
    for (key, expected) in [
        ("a", a.pairs.len()),
        ("b", b.pairs.len()),
        ("compared_a", sides.a.len()),
        ("compared_b", sides.b.len()),
        ("both", same + changed),
        ("only_a", sides.a.len() - same - changed),
        ("only_b", sides.b.len() - same - changed),
        ("same", same),
        ("changed", changed),
    ] {
        assert_eq!(rows[key], json!(expected), "{key}");
    }
    assert!(changed > 50 && same > 50, "a test of nothing: {changed}, {same}");
    for (name, count) in rows["changed_columns"].as_object().unwrap() {
        assert_eq!(*count, json!(columns.get(name.as_str()).copied().unwrap_or(0)), "{name}");
    }
    assert_eq!(rows["changed_columns"].as_object().unwrap().len(), 14);
    assert!(columns["fit_score"] > 0 && columns["missing_skills"] > 0, "{columns:?}");
}

fn causes_are_counted(answer: &Value, a: &Night, b: &Night, sides: &Sides<'_>) {
    let count = |from: &Side<'_>, other: &Night, against: &Side<'_>| {
        let mut causes = [0; 3];
        for (key, (pair, _)) in from.iter().filter(|(key, _)| !against.contains_key(*key)) {
            let list = other.of(key.0);
            let full = list.len() >= other.users[key.0].k();
            let cause = if !other.jobs.contains_key(key.1) {
                0
            } else if full && list.last().is_some_and(|last| pair.raw_bp <= last.raw_bp) {
                1
            } else {
                2
            };
            causes[cause] += 1;
        }
        causes
    };
    let lost = count(&sides.a, b, &sides.b);
    let gained = count(&sides.b, a, &sides.a);
    assert_eq!(
        answer["lost"],
        json!({"pairs": lost.iter().sum::<i32>(), "job_gone": lost[0], "outranked": lost[1], "other": lost[2]})
    );
    assert_eq!(
        answer["gained"],
        json!({"pairs": gained.iter().sum::<i32>(), "job_came": gained[0], "moved_up": gained[1], "other": gained[2]})
    );
    assert!(lost.iter().chain(&gained).all(|count| *count > 0), "a test of nothing: {lost:?}");
    let came = b.jobs.keys().filter(|job| !a.jobs.contains_key(*job)).count();
    let went = a.jobs.keys().filter(|job| !b.jobs.contains_key(*job)).count();
    let both = a.jobs.len() - went;
    assert_eq!(
        answer["jobs"],
        json!({"a": a.jobs.len(), "b": b.jobs.len(), "both": both, "came": came, "went": went})
    );
}

fn drift_is_measured(answer: &Value, a: &Night, b: &Night, sides: &Sides<'_>) {
    let mut names: BTreeSet<&str> =
        a.jobs.values().chain(b.jobs.values()).map(|job| job.0).collect();
    names.insert("all");
    let mut found: Vec<&Value> = answer["role_families"].as_array().unwrap().iter().collect();
    found.push(&answer["drift"]);
    assert_eq!(found.len(), names.len());
    for family in found {
        let name = family["name"].as_str().unwrap();
        let fits = |found: &str| name == "all" || found == name;
        let mut points: Vec<i64> = sides
            .both()
            .filter(|(key, ..)| fits(b.jobs[key.1].0))
            .map(|(_, a, b)| fit_score(b.0.raw_bp) - fit_score(a.0.raw_bp))
            .collect();
        points.sort_unstable();
        let n = points.len();
        assert_eq!(family["pairs"], json!(n));
        let mean = points.iter().sum::<i64>() as f64 / n as f64;
        // JSON numbers are parsed to within a bit.
        let found = family["mean_points"].as_f64().unwrap();
        assert!((found - mean).abs() < 1e-12, "{name}: {found}, {mean}");
        let median = (points[(n - 1) / 2] + points[n / 2]) as f64 / 2.0;
        assert_eq!(family["median_points"], json!(median), "{name}");
        assert_eq!(family["rose"], json!(points.iter().filter(|points| **points > 0).count()));
        assert_eq!(family["fell"], json!(points.iter().filter(|points| **points < 0).count()));
        let kept = |night: &Night, side: &Side<'_>| {
            side.keys().filter(|key| fits(night.jobs[key.1].0)).count()
        };
        assert_eq!(family["kept_a"], json!(kept(a, &sides.a)), "{name}");
        assert_eq!(family["kept_b"], json!(kept(b, &sides.b)), "{name}");
        let came = b.jobs.iter().filter(|(id, job)| fits(job.0) && !a.jobs.contains_key(*id));
        assert_eq!(family["jobs_came"], json!(came.count()), "{name}");
        let went = a.jobs.iter().filter(|(id, job)| fits(job.0) && !b.jobs.contains_key(*id));
        assert_eq!(family["jobs_went"], json!(went.count()), "{name}");
    }
}

#[test]
fn the_rows_that_differ_are_written() {
    let (a, b, folder) = published(SEED);
    let (parquet, csv) = (folder.path().join("d.parquet"), folder.path().join("d.csv"));
    for file in [&parquet, &csv] {
        let snapshots = text(folder.path());
        let arguments = ["compare", &a.run_id, "2026-11-25", "--snapshots", snapshots, "--rows"];
        let run = analyst(&[&arguments[..], &[text(file)]].concat());
        assert_eq!(run.status, 0, "{}", run.stderr);
    }
    let sides = Sides::new(&a, &b);
    let keys: BTreeSet<(&str, &str)> = sides.a.keys().chain(sides.b.keys()).copied().collect();
    let mut expected = Vec::new();
    for key in keys {
        let (a, b) = (sides.a.get(&key), sides.b.get(&key));
        let change = match (a, b) {
            (Some(_), None) => "removed",
            (None, _) => "added",
            (Some(a), Some(b)) if !differing(&a.1, &b.1).is_empty() => "changed",
            (Some(_), Some(_)) => continue,
        };
        let raw = [a, b].map(|side| side.map(|(pair, _)| pair.raw_bp as i32));
        let missing = [a, b].map(|side| {
            side.and_then(|(pair, _)| pair.lists.as_ref()).map(|lists| lists[1].clone())
        });
        expected.push((key.0.to_owned(), key.1.to_owned(), change.to_owned(), raw, missing));
    }
    let mut found = Vec::new();
    let opened = fs_err::File::open(&parquet).unwrap().into_parts().0;
    let reader = ParquetRecordBatchReaderBuilder::try_new(opened).unwrap();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        assert_eq!(batch.num_columns(), 3 + 2 * 14);
        let column = |name: &str| batch.column_by_name(name).unwrap();
        let word = |name: &str, row| column(name).as_string_view().value(row).to_owned();
        let int = |name: &str, row| {
            let column = column(name).as_primitive::<Int32Type>();
            column.is_valid(row).then(|| column.value(row))
        };
        let list = |name: &str, row: usize| {
            let lists = column(name).as_list::<i64>();
            lists.is_valid(row).then(|| {
                let texts = lists.value(row);
                texts.as_string_view().iter().flatten().map(str::to_owned).collect::<Vec<_>>()
            })
        };
        for row in 0..batch.num_rows() {
            found.push((
                word("user_id", row),
                word("job_id", row),
                word("change", row),
                [int("raw_bp_a", row), int("raw_bp_b", row)],
                [list("missing_skills_a", row), list("missing_skills_b", row)],
            ));
        }
    }
    assert_eq!(found, expected);

    let csv = fs_err::read_to_string(csv).unwrap();
    let mut lines = csv.lines();
    let head = lines.next().unwrap();
    assert!(head.starts_with("user_id,job_id,change,rank_a,rank_b,fit_score_a,fit_score_b,"));
    assert_eq!(lines.count(), expected.len());
    assert!(csv.contains(" skills; Remote,"), "lists are one text in CSV");
}

#[test]
fn the_page_fits_a_terminal() {
    let (_, _, folder) = published(SEED);
    let run = analyst(&["compare", "previous", "latest", "--snapshots", text(folder.path())]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    for line in run.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for title in ["USERS", "ROWS of users", "MATCHES", "JOBS ", "SCORE DRIFT", "MOST CHANGED"] {
        assert!(run.stdout.contains(title), "{title}");
    }
}

/// Row groups of 500 rows, users of up to 50 rows in both nights: ranges end in the middle of
/// groups, and some hold one user.
#[test]
fn however_users_are_cut_the_answer_is_the_same() {
    let (_, _, folder) = published(SEED);
    let answer = |more: &[&str]| {
        let snapshots = text(folder.path());
        let arguments = ["compare", "previous", "latest", "--snapshots", snapshots, "--json"];
        let rows = folder.path().join("rows.csv");
        let run = analyst(&[&arguments[..], more, &["--rows", text(&rows)]].concat());
        (run.json(), fs_err::read_to_string(rows).unwrap())
    };
    let whole = answer(&[]);
    for rows in ["1", "70", "501", "2000"] {
        assert!(answer(&["--slice-rows", rows]) == whole, "{rows} rows");
    }
}

#[test]
fn nights_without_users_or_jobs_have_answers() {
    for (users, jobs) in [(0, 30), (30, 0), (0, 0)] {
        let (a, b) = two_nights(SEED, users, jobs);
        let folder = tempfile::tempdir().unwrap();
        a.publish(folder.path());
        b.publish(folder.path());
        let snapshots = text(folder.path());
        let arguments = ["compare", "previous", "latest", "--snapshots", snapshots];
        let rows = folder.path().join("rows.parquet");
        let answer = analyst(&[&arguments[..], &["--json", "--rows", text(&rows)]].concat()).json();
        assert_eq!(answer["rows"]["both"], json!(0));
        assert_eq!(answer["drift"]["mean_points"], Value::Null);
        assert!(rows.exists());
        assert_eq!(analyst(&arguments).status, 0);

        let weights = folder.path().join("weights.json");
        fs_err::write(&weights, r#"{"skills_match_weight": 0.4}"#).unwrap();
        let arguments = ["what-if", "--weights", text(&weights), "--snapshots", snapshots];
        let answer = analyst(&[&arguments[..], &["--json"]].concat()).json();
        assert_eq!(answer["pairs"]["before"], json!(0));
        assert_eq!(answer["overlap_mean"], Value::Null);
        assert_eq!(analyst(&arguments).status, 0);
    }
}

#[test]
fn other_models_are_said_and_turned_nights_too() {
    let (a, mut b, folder) = published(SEED);
    b.model_id = "sha256:01";
    b.publish(folder.path());
    let snapshots = text(folder.path());
    let answer =
        analyst(&["compare", "latest", &a.run_id, "--json", "--snapshots", snapshots]).json();
    let warnings = answer["warnings"].to_string();
    assert!(warnings.contains("run A is the later one"), "{warnings}");
    assert!(warnings.contains("different models"), "{warnings}");
    let page = analyst(&["compare", "latest", &a.run_id, "--snapshots", snapshots]).stdout;
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
}
