//! Clocks and the edges of weeks.

use crate::{
    Case,
    support::{Db, Place, night, talvix},
};
use talvix_fixtures::generate::{Dirt, Options, generate};

pub fn cases() -> Vec<Case> {
    // Ten seconds before and after midnight on Sunday in India; a year with 53 weeks.
    [
        ("week", "2026-11-22T18:29:50Z", "2026-11-22T18:30:10Z", "2026-W47", "2026-W48"),
        ("year", "2027-01-03T18:29:50Z", "2027-01-03T18:30:10Z", "2026-W53", "2027-W01"),
    ]
    .into_iter()
    .map(|(name, before, after, old, new)| {
        let over = move || over_the_edge(before, after, old, new);
        Case::new(format!("clock/edge-of-{name}"), over).smoke_if(name == "year")
    })
    .chain([
        Case::new("clock/set-back-an-hour", || set_back("2026-11-17T16:00:00Z")).smoke_if(true),
        Case::new("clock/set-back-eight-days", || set_back("2026-11-09T17:00:00Z")),
    ])
    .collect()
}

fn db(as_of: &str) -> Db {
    Db::new(&generate(&Options {
        jobs: 200,
        users: 60,
        seed: 5,
        as_of_us: as_of.parse::<jiff::Timestamp>().unwrap().as_microsecond(),
        dirt: Dirt::Database,
        ..Options::default()
    }))
}

/// A run belongs to the week in which it began, rows and model and all; the next one to the next.
fn over_the_edge(before: &str, after: &str, old: &str, new: &str) {
    let db = db(before);
    let run = night(&db, before, &[]);
    assert_eq!(run["week"], old);
    let week = "select distinct format('%s-W%s', year_number, lpad(week_number::text, 2, '0'))
                from job_fit_scores";
    assert_eq!(db.query(week), [old]);
    let run = night(&db, after, &[]);
    assert_eq!(run["week"], new);
    assert_eq!(run["users"]["full"], run["users"]["scored"]);
    assert_eq!(db.query(week), [new], "rows of the week before are gone");
    let is_model = |name: &String| name.contains("scoring_model");
    let models: Vec<String> = fs_err::read_dir(db.storage().join("model-data"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(is_model)
        .collect();
    assert_eq!(models.len(), 2, "{models:?}");
    assert_eq!(night(&db, after, &[])["outcome"], "nothing_to_do");
}

/// Who was scored at a later time than this run's is scored in full, and a warning asks for the
/// clock; once it is right again, a night is as ever.
fn set_back(to: &str) {
    const RIGHT: &str = "2026-11-17T17:00:00Z";
    let db = db(RIGHT);
    night(&db, RIGHT, &[]);
    let run = night(&db, to, &[]);
    let warnings = run["warnings"].to_string();
    assert!(warnings.contains("is the clock right?"), "{run}");
    assert_eq!(run["users"]["full"], run["users"]["scored"]);
    let later = "2026-11-17T18:00:00Z";
    night(&db, later, &[]);
    let args = db.source_args();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let again = talvix(&[&["run", "--as-of", later, "--json"], &args[..]].concat()).ended(0).json();
    assert_eq!(again["outcome"], "nothing_to_do");
}
