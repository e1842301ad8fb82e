//! What the tool says when a run cannot be found or read.

mod support;

use fs_err as fs;
use std::path::Path;
use support::{
    made::{Night, two_nights},
    program::analyst,
    written,
};
use talvix_snapshot::sets;

struct Place {
    a: Night,
    b: Night,
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let (a, b) = two_nights(5, 30, 40);
        let folder = tempfile::tempdir().unwrap();
        a.publish(folder.path());
        b.publish(folder.path());
        Place { a, b, folder }
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    #[track_caller]
    fn compare(&self, a: &str, b: &str, status: i32) -> String {
        let root = self.root().to_str().unwrap();
        let run = analyst(&["compare", a, b, "--snapshots", root]);
        run.error(status).replace(root, "DIR")
    }

    fn part(&self, night: &Night, set: &str) -> std::path::PathBuf {
        let place = format!("{set}/run_date={}/run_id={}", night.date, night.run_id);
        self.root().join(place).join("part-00000.parquet")
    }

    /// Writes the scores of a night again, with other metadata.
    fn rewrite(&self, night: &Night, set: &sets::Set, key: &'static str, value: Option<&str>) {
        let mut meta = night.meta("job_fit_scores");
        match value {
            Some(value) => meta.insert(key, value.to_owned()),
            None => meta.remove(key),
        };
        let meta: Vec<(&str, &str)> =
            meta.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let rows = night.score_rows();
        written::write(self.root(), set, night.date, &night.run_id, &meta, &rows);
    }
}

#[test]
fn runs_are_listed_and_named_in_many_ways() {
    let place = Place::new();
    let root = place.root().to_str().unwrap();
    // What lies beside the sets is none of them.
    fs::create_dir_all(place.root().join("_staging/x/runs/run_date=2027-01-01/run_id=z")).unwrap();
    fs::create_dir_all(place.root().join("_runs")).unwrap();
    let listed = analyst(&["runs", "--snapshots", root]);
    let (a, b) = (&place.a, &place.b);
    let count = |rows: usize| {
        if rows < 1_000 {
            rows.to_string()
        } else {
            format!("{},{:03}", rows / 1_000, rows % 1_000)
        }
    };
    let rows: Vec<Vec<String>> = [a, b]
        .map(|night| {
            let numbers = [night.jobs.len(), night.scored().len(), night.pairs.len()].map(count);
            [
                vec![night.date.to_owned(), night.run_id.clone(), "2026-W48".to_owned()],
                numbers.to_vec(),
            ]
            .concat()
        })
        .to_vec();
    let found: Vec<Vec<String>> = listed
        .stdout
        .lines()
        .map(|line| line.split_whitespace().map(str::to_owned).collect())
        .collect();
    assert_eq!(found[0], ["date", "run", "week", "jobs", "users", "kept"]);
    assert_eq!(found[1..], rows);
    let last = analyst(&["runs", "--snapshots", root, "--last", "1", "--json"]).json();
    assert_eq!(last["runs_published"], 2);
    assert_eq!(last["runs"].as_array().unwrap().len(), 1);
    assert_eq!(last["runs"][0]["run_id"], b.run_id.as_str());

    let of = |a: &str, b: &str| {
        let answer = analyst(&["compare", a, b, "--json", "--snapshots", root]).json();
        [&answer["a"]["run_id"], &answer["b"]["run_id"]].map(|id| id.as_str().unwrap().to_owned())
    };
    let both = [a.run_id.clone(), b.run_id.clone()];
    assert_eq!(of("previous", "latest"), both);
    assert_eq!(of("2026-11-24", "2026-11-25"), both);
    assert_eq!(of(&a.run_id[..12], &b.run_id[..12].to_uppercase()), both);
}

#[test]
fn a_run_that_is_not_there() {
    let place = Place::new();
    let (a, b) = (place.a.run_id.as_str(), place.b.run_id.as_str());
    let last = format!("the last ones are {b} (2026-11-25), {a} (2026-11-24)");
    assert_eq!(
        place.compare("2026-11-23", "latest", 2),
        format!("DIR: there is no run `2026-11-23`; {last}")
    );
    assert_eq!(place.compare("latest", "", 2), format!("DIR: there is no run ``; {last}"));
    assert_eq!(
        place.compare("0190000", "latest", 2),
        format!(
            "`0190000` can be any of 2 runs: {a} (2026-11-24), {b} (2026-11-25); name one by its id"
        )
    );
    assert_eq!(
        place.compare("latest", b, 2),
        format!("`latest` and `{b}` are one run: {b} of 2026-11-25")
    );
}

#[test]
fn two_runs_of_one_night_need_their_ids() {
    let place = Place::new();
    let mut again = place.b.clone();
    again.run_id = "01900003-0000-7000-8000-000000000000".to_owned();
    again.publish(place.root());
    assert_eq!(
        place.compare("2026-11-24", "2026-11-25", 2),
        format!(
            "`2026-11-25` can be any of 2 runs: {} (2026-11-25), {} (2026-11-25); name one by its \
             id",
            place.b.run_id, again.run_id
        )
    );
}

#[test]
fn folders_without_nights() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_str().unwrap();
    let run = analyst(&["compare", "previous", "latest", "--snapshots", root]);
    assert_eq!(
        run.error(2),
        format!(
            "{root}: there is no run in `runs`: no night was published here, or this is not the \
             place that `talvix run --snapshots` was given"
        )
    );
    let run = analyst(&["runs", "--snapshots", "/nowhere"]);
    assert!(run.error(2).starts_with("/nowhere: there is no run in `runs`: "), "{run:?}");
    let (night, _) = two_nights(5, 10, 20);
    night.publish(folder.path());
    let run = analyst(&["compare", "previous", "latest", "--snapshots", root]);
    assert_eq!(run.error(2), "there is no run before the latest one: only one night is published");
}

#[test]
fn a_run_that_is_not_complete() {
    let place = Place::new();
    let Night { date, run_id, .. } = &place.b;
    fs::remove_file(place.part(&place.b, "scored_jobs")).unwrap();
    assert_eq!(
        place.compare("previous", "latest", 4),
        format!(
            "run {run_id} of {date} is not complete: there is no \
             DIR/scored_jobs/run_date={date}/run_id={run_id}/part-00000.parquet; it was removed \
             after it was published, or copied in part"
        )
    );
    fs::remove_dir_all(place.part(&place.b, "runs").parent().unwrap()).unwrap();
    assert_eq!(
        place.compare("2026-11-24", run_id, 4),
        format!(
            "run {run_id} of {date} is not complete: it has files in `job_fit_scores` and none in \
             `runs`, which is published last; the next `talvix run` publishes the rest"
        )
    );
}

#[test]
fn files_that_are_not_ours_or_too_new() {
    let place = Place::new();
    let Night { date, run_id, .. } = &place.b;
    let file = format!("DIR/job_fit_scores/run_date={date}/run_id={run_id}/part-00000.parquet");
    let scores = &sets::JOB_FIT_SCORES;

    place.rewrite(&place.b, scores, "talvix.schema_version", Some("2"));
    assert_eq!(
        place.compare("previous", "latest", 4),
        format!(
            "{file}: its columns are of version 2, written by talvix 0.1.0; this one knows them up \
             to version 1: use a newer one"
        )
    );
    place.rewrite(&place.b, scores, "talvix.schema_version", None);
    assert_eq!(
        place.compare("previous", "latest", 4),
        format!(
            "{file}: it was not written by talvix: the file's metadata has no talvix.schema_version"
        )
    );
    place.rewrite(&place.b, scores, "talvix.run_id", Some("another"));
    assert_eq!(
        place.compare("previous", "latest", 4),
        format!(
            "{file}: its metadata says talvix.run_id another, its place {run_id}: it was moved \
             here from elsewhere"
        )
    );
    let fewer = sets::Set { columns: &scores.columns[..15], ..*scores };
    place.rewrite(&place.b, &fewer, "talvix.version", Some("0.1.0"));
    assert_eq!(
        place.compare("previous", "latest", 4),
        format!("{file}: there is no column strengths")
    );
    fs::write(place.part(&place.b, "job_fit_scores"), b"PAR1 and nothing else").unwrap();
    let said = place.compare("previous", "latest", 4);
    assert!(said.starts_with(&format!("{file}: cannot be read or written as Parquet: ")), "{said}");

    // A footer that is whole, and pages that are not.
    place.b.publish(place.root());
    let path = place.part(&place.b, "job_fit_scores");
    let mut bytes = fs::read(&path).unwrap();
    bytes[4..400].fill(0xA5);
    fs::write(&path, bytes).unwrap();
    let said = place.compare("previous", "latest", 4);
    assert!(said.contains(&format!(" or {file}: cannot be read: ")), "{said}");
}

#[test]
fn rows_that_cannot_be_right() {
    let mut place = Place::new();
    // The same pair twice.
    let twice = place.b.pairs.iter().find(|pair| place.a.scored().contains(pair.user.as_str()));
    let twice = twice.unwrap().clone();
    place.b.pairs.push(twice.clone());
    place.b.publish(place.root());
    assert_eq!(
        place.compare("previous", "latest", 4),
        format!(
            "user {} and job {} are twice in run {} or {}: its files are damaged",
            twice.user, twice.job, place.a.run_id, place.b.run_id
        )
    );

    // A score that its components do not give.
    let mut wrong = place.a.clone();
    wrong.pairs[0].raw_bp += 1;
    wrong.publish(place.root());
    let root = place.root().to_str().unwrap();
    let weights = place.root().join("w.json");
    fs::write(&weights, r#"{"skills_match_weight": 0.4}"#).unwrap();
    let weights = weights.to_str().unwrap();
    let run = analyst(&["what-if", "--weights", weights, "--snapshots", root, "--run", "previous"]);
    let pair = &wrong.pairs[0];
    assert_eq!(
        run.error(4),
        format!(
            "run {}, job {}: its score is {} bp, and its components with the run's weights give \
             {}: the files are damaged or follow another formula",
            wrong.run_id,
            pair.job,
            pair.raw_bp,
            pair.raw_bp - 1
        )
    );
}

#[test]
fn wrong_use() {
    let place = Place::new();
    let root = place.root().to_str().unwrap();
    let rows = ["compare", "previous", "latest", "--snapshots", root, "--rows", "rows.txt"];
    assert_eq!(
        analyst(&rows).error(2),
        "--rows rows.txt: expected a name that ends in .parquet or .csv"
    );
    let weights = place.root().join("w.json");
    let what_if = |json: &str| {
        fs::write(&weights, json).unwrap();
        let run =
            analyst(&["what-if", "--weights", weights.to_str().unwrap(), "--snapshots", root]);
        run.error(2).replace(root, "DIR")
    };
    assert_eq!(
        what_if(r#"{"skills": 1}"#),
        "DIR/w.json: it names none of the weights: skills_match_weight, experience_weight, \
         market_demand_weight, salary_align_weight, min_fit_score_threshold, \
         apply_recommend_threshold, dream_company_score_bonus"
    );
    assert_eq!(
        what_if(r#"{"salary_align_weight": -0.1, "experience_weight": null}"#),
        "DIR/w.json: weight experience_weight is not a number; weight salary_align_weight is \
         -0.1: expected 0 to 10000"
    );
    assert_eq!(
        what_if(r#"{"salary_align_weight": 1, "salary_align_weight": 2}"#),
        "DIR/w.json: expected a JSON object of weight name to number: `salary_align_weight` is \
         there twice"
    );
    let run = analyst(&["what-if", "--weights", "/nowhere.json", "--snapshots", root]);
    assert!(run.error(2).starts_with("--weights: "), "{run:?}");
    assert!(run.error(2).contains("/nowhere.json"), "{run:?}");
}
