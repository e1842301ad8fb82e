//! Nights in a row, through the real binary: what is stored is what full scans would store, and
//! nothing is done twice.

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::{
    Data, Db, ENGINE_ROLE, Place, aliases, assert_rows, assert_scores, canonical, night, sorted,
    talvix, time,
};
use talvix_fixtures::{
    generate::{Dirt, Options, generate},
    nights::{self, Change, NightOptions},
    oracle::{Model, Weights},
    tables::Tables,
};

/// 2026-11-16T17:00:00Z, a Monday in India: seven nights of this week, then three of the next.
const FIRST_US: i64 = 1_794_848_400_000_000;
const NUM_NIGHTS: u32 = 10;
const FIRST_OF_A_WEEK: [u32; 2] = [1, 8];

fn options() -> NightOptions {
    let base = Options {
        jobs: 1_000,
        users: 250,
        paid_share: 0.3,
        as_of_us: FIRST_US,
        dirt: Dirt::Database,
        ..Options::default()
    };
    NightOptions { changed_users_per_mille: 100, ..NightOptions::new(base) }
}

fn number(report: &Value, pointer: &str) -> u64 {
    report.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{pointer}: {report}"))
}

/// The model of a week, from the tables as they are at its first run.
fn pin(tables: &Tables) -> Model {
    Model::pin(tables, &aliases(), Weights::from_rows(&tables.model_weights))
}

/// Runs ten nights at a place, each twice. `trace` is anything that a write would change. Returns
/// what was stored after each night.
fn ten_nights<T: PartialEq + std::fmt::Debug>(
    place: &dyn Place,
    trace: impl Fn() -> T,
) -> Vec<Vec<String>> {
    let options = options();
    let mut model = None;
    let mut full_pairs = 0;
    let mut history = Vec::new();
    let mut happened = BTreeSet::new();
    let mut reasons = BTreeSet::new();
    for nth in 1..=NUM_NIGHTS {
        let what = |what: &str| format!("night {nth} {what}");
        let mut as_of_us = FIRST_US;
        if nth > 1 {
            let night = nights::night(&sorted(place.tables()), nth, &options);
            place.apply(&night.changes);
            happened.extend(night.changes.iter().map(kind));
            as_of_us = night.as_of_us;
        }
        let before = place.tables();
        if FIRST_OF_A_WEEK.contains(&nth) {
            model = Some(pin(&before));
        }

        let untouched = trace();
        let report = night(place, &time(as_of_us), &[]);
        let after = place.tables();
        assert_scores(&after, &before, model.as_ref().unwrap(), as_of_us, &what("stores"));
        let [scored, delta] = ["/users/scored", "/users/delta"].map(|key| number(&report, key));
        if FIRST_OF_A_WEEK.contains(&nth) {
            assert_eq!(delta, 0, "{}", what("begins a week: all are scored in full"));
            full_pairs = number(&report, "/pairs/prefiltered");
        } else {
            assert!(delta * 3 > scored * 2, "{}", what("scores most by the new jobs alone"));
            let pairs = number(&report, "/pairs/prefiltered");
            assert!(pairs * 2 < full_pairs, "{pairs} pairs: {}", what("looks at few pairs"));
        }

        reasons.extend(report["users"]["full_reasons"].as_object().unwrap().keys().cloned());

        let traced = trace();
        assert_ne!(traced, untouched, "{}", what("leaves a trace"));
        let again = night(place, &time(as_of_us), &[]);
        assert_eq!(again["outcome"], "nothing_to_do", "{}", what("again"));
        assert_eq!(trace(), traced, "{}", what("again writes nothing"));
        history.push(canonical(&after));
    }
    // Or all this would prove less than it says.
    assert_eq!(happened.len(), 15, "{happened:?}");
    assert_eq!(Vec::from_iter(reasons), ["model_pinned", "stale", "stored_differs"]);
    history
}

/// What happened, by name.
fn kind(change: &Change) -> String {
    let json = serde_json::to_value(change).unwrap();
    let unmarked = if json["marks_stale"] == false { " unmarked" } else { "" };
    format!("{}{unmarked}", json["change"].as_str().unwrap())
}

/// New, late-cleaned, stale and dead jobs, changing, new and leaving users, a change of the week.
#[test]
fn ten_nights_store_what_full_scans_would_and_each_is_done_once() {
    let tables = generate(&options().base);
    let (database, data) = (Db::new(&tables), Data::new(&tables));
    let (in_database, in_dataset) = std::thread::scope(|scope| {
        let in_dataset = scope.spawn(|| ten_nights(&data, || (data.current(), data.tables())));
        let in_database = ten_nights(&database, || database.counters());
        (in_database, in_dataset.join().unwrap())
    });
    for (at, (database, dataset)) in in_database.iter().zip(&in_dataset).enumerate() {
        assert_rows(dataset, database, &format!("night {} of dataset and database", at + 1));
    }
}

/// The tables that row-level security may guard, by the policies that the grants come with.
const GUARD: &str = "do $$ declare t text; begin
    for t in select distinct tablename from pg_policies where schemaname = 'public' loop
      execute format('alter table public.%I enable row level security', t);
    end loop; end $$";

const DROP_POLICIES: &str = "do $$ declare p record; begin
    for p in select * from pg_policies where schemaname = 'public' loop
      execute format('drop policy %I on public.%I', p.policyname, p.tablename);
    end loop; end $$";

/// A database that another role than the usual one works in.
struct As<'a>(&'a Db, &'a str);

impl Place for As<'_> {
    fn source_args(&self) -> Vec<String> {
        let mut args = self.0.source_args();
        args[1] = self.0.url_as(self.1);
        args
    }

    fn tables(&self) -> Tables {
        self.0.tables()
    }

    fn apply(&self, changes: &[Change]) {
        self.0.apply(changes);
    }
}

/// A full night and two by new jobs; what is stored after each.
fn three_nights(place: &dyn Place) -> Vec<Vec<String>> {
    let options = options();
    let mut history = Vec::new();
    for number in 1..=3 {
        let mut as_of_us = FIRST_US;
        if number > 1 {
            let night = nights::night(&sorted(place.tables()), number, &options);
            place.apply(&night.changes);
            as_of_us = night.as_of_us;
        }
        let report = night(place, &time(as_of_us), &["--chunk-users", "60"]);
        assert_eq!(report["outcome"], "completed");
        history.push(canonical(&place.tables()));
        let again = night(place, &time(as_of_us), &[]);
        assert_eq!(again["outcome"], "nothing_to_do", "night {number} again");
    }
    history
}

#[test]
fn row_level_security_changes_no_row() {
    let tables = generate(&options().base);
    let open = three_nights(&Db::new(&tables));

    let guarded = Db::new(&tables);
    guarded.sql(GUARD);
    let found = three_nights(&guarded);
    for (night, (found, open)) in found.iter().zip(&open).enumerate() {
        assert_rows(found, open, &format!("night {} under policies", night + 1));
    }

    let bypassed = Db::new(&tables);
    bypassed.sql(GUARD);
    bypassed.sql(DROP_POLICIES);
    let source = bypassed.source_args();
    let mut args = vec!["run"];
    args.extend(source.iter().map(String::as_str));
    talvix(&args).ended(4);
    // A role of this test's own: one that bypasses security does so in every database.
    let role = format!("{}_past", bypassed.name());
    bypassed.sql(&format!("create role {role} login bypassrls in role {ENGINE_ROLE}"));
    let found = three_nights(&As(&bypassed, &role));
    bypassed.sql(&format!("drop role {role}"));
    for (night, (found, open)) in found.iter().zip(&open).enumerate() {
        assert_rows(found, open, &format!("night {} past all policies", night + 1));
    }
}
