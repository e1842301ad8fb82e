use std::io::Read;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Float32Array, Int32Array, ListBuilder, RecordBatch, StringArray,
    StringBuilder,
};
use flate2::read::GzDecoder;
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;

use super::*;
use crate::tables::Numeric;

/// 2026-11-22T17:00:00Z.
const AS_OF_US: i64 = 1_795_366_800_000_000;

fn options() -> Options {
    Options { as_of_us: AS_OF_US, seed: 1, max_jobs: None }
}

fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn numbers(values: &[Option<f32>]) -> ArrayRef {
    Arc::new(Float32Array::from(values.to_vec()))
}

fn lists(values: &[Option<&[&str]>]) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for value in values {
        match value {
            Some(texts) => builder.append_value(texts.iter().map(|&text| Some(text))),
            None => builder.append_null(),
        }
    }
    Arc::new(builder.finish())
}

type Columns = Vec<(&'static str, ArrayRef)>;

fn replace(columns: &mut Columns, name: &str, array: ArrayRef) {
    columns.iter_mut().find(|(column, _)| *column == name).unwrap().1 = array;
}

fn postings() -> Columns {
    vec![
        ("source_id", texts(&[Some("b:1"), Some("b:2"), Some("b:3"), Some("b:4")])),
        (
            "title",
            texts(&[
                Some("Senior Data Engineer"),
                Some("senior data engineer "),
                Some("Executive"),
                Some("Wanted"),
            ]),
        ),
        ("company", texts(&[Some("Nila Labs Pvt Ltd"), Some("NILA LABS PVT LTD"), None, None])),
        ("city_canonical", texts(&[Some("pune"), Some("pune"), Some("delhi"), None])),
        ("work_mode", texts(&[Some("hybrid"), None, None, None])),
        ("employment_type", texts(&[None, None, None, None])),
        ("exp_min_years", numbers(&[Some(3.3), None, None, None])),
        ("exp_max_years", numbers(&[None, None, Some(2.0), Some(f32::NAN)])),
        ("salary_min_lpa", numbers(&[Some(8.05), None, None, Some(-1.0)])),
        ("salary_max_lpa", numbers(&[Some(1e9), None, None, None])),
        ("posted_at", Arc::new(Date32Array::from(vec![Some(20_000), None, None, None]))),
        ("description", texts(&[None, None, None, None])),
        ("skills", lists(&[Some(&["Spark", "SQL", "spark"]), Some(&["Java"]), None, Some(&[])])),
        ("role_raw", texts(&[None, None, Some("Retail Sales"), None])),
    ]
}

fn resumes() -> Columns {
    vec![
        ("source_id", texts(&[Some("r:1"), Some("r:2"), Some("r:3"), Some("r:4"), Some("r:5")])),
        ("category", texts(&[Some("Hadoop"), None, None, Some("Sales"), None])),
        ("title", texts(&[None, Some("Senior Staff Nurse"), Some("Self employed"), None, None])),
        ("experience_years", numbers(&[Some(4.2), Some(0.0), None, Some(30.0), None])),
        ("city", texts(&[Some("Chennai"), None, None, None, None])),
        ("skills", lists(&[Some(&["hive", "sqoop"]), None, None, None, None])),
        ("text", texts(&[Some("I know hive"), Some("two"), Some("three"), Some("four"), Some("")])),
    ]
}

fn write(folder: &Path, file: &str, columns: Columns) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = fs_err::File::create(folder.join(file)).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn folder(postings: Columns, resumes: Columns) -> TempDir {
    let folder = TempDir::new().unwrap();
    write(folder.path(), "jobs.parquet", postings);
    write(folder.path(), "resumes.parquet", resumes);
    folder
}

#[test]
fn postings_become_jobs() {
    let folder = folder(postings(), resumes());
    let tables = import(folder.path(), &options()).unwrap();
    let [engineer, sales, wanted] = tables.jobs.as_slice() else { panic!("{:?}", tables.jobs) };

    assert_eq!(engineer.role_family.as_deref(), Some("data_engineer"));
    assert_eq!(engineer.seniority_level.as_deref(), Some("senior"));
    assert_eq!(engineer.company_canonical, "nila labs");
    assert_eq!(engineer.exp_min_years, Some(Numeric::Units(33)));
    assert_eq!(engineer.salary_min_lpa, Some(Numeric::Units(805)));
    assert_eq!(engineer.salary_max_lpa, None, "wider than its column");
    assert_eq!(engineer.posted_at, Some(20_000 * DAY_US - INDIA_AHEAD_US));
    assert!(engineer.is_active && engineer.is_new && engineer.jd_cleaned);

    assert_eq!(sales.role_family.as_deref(), Some("sales_executive"), "by the board's role");
    assert_eq!(sales.company, "unknown");

    assert!(!wanted.jd_cleaned && wanted.role_family.is_none());
    assert_eq!(wanted.exp_max_years, Some(Numeric::NaN), "left as it is");
    assert_eq!(wanted.salary_min_lpa, Some(Numeric::Units(-100)), "left as it is");

    let skills: Vec<_> = tables
        .job_skills
        .iter()
        .map(|skill| (skill.job_id, skill.skill_name.as_str(), skill.skill_type.as_str()))
        .collect();
    assert_eq!(skills, [(engineer.id, "Spark", "required"), (engineer.id, "SQL", "required")]);
}

#[test]
fn resumes_become_users() {
    let folder = folder(postings(), resumes());
    let tables = import(folder.path(), &options()).unwrap();
    let tiers: Vec<_> = tables.users.iter().map(|user| user.tier.as_str()).collect();
    assert_eq!(tiers, ["free", "free", "free", "free", "paid"]);
    assert_eq!(tables.users[0].email, "user-1@example.invalid");
    assert_eq!(tables.users[0].city_canonical.as_deref(), Some("chennai"));
    assert_eq!(tables.users[0].experience_years, Some(Numeric::Units(42)));
    for user in &tables.users[1..] {
        let city = user.city_canonical.as_deref().unwrap();
        assert!(["pune", "delhi"].contains(&city), "{city} is no city of a job");
    }

    let roles: Vec<_> = tables
        .user_target_roles
        .iter()
        .map(|role| {
            let user = tables.users.iter().position(|user| user.id == role.user_id).unwrap();
            (user, role.priority, role.role_family.as_str())
        })
        .collect();
    assert_eq!(
        roles,
        [
            (0, 1, "data_engineer"),
            (1, 1, "nurse"),
            (3, 1, "sales_executive"),
            (3, 2, "business_development")
        ]
    );

    let parsed = |user: usize| -> serde_json::Value {
        let bytes = &tables.parsed_resumes[&tables.users[user].id];
        let mut json = String::new();
        GzDecoder::new(bytes.as_slice()).read_to_string(&mut json).unwrap();
        serde_json::from_str(&json).unwrap()
    };
    let first = parsed(0);
    assert_eq!(first["user_id"], tables.users[0].id.to_string());
    assert_eq!(first["skills"], serde_json::json!(["hive", "sqoop"]));
    assert_eq!(first["experience_years"], 4.2);
    assert_eq!(first["raw_text"], "I know hive");
    assert!(first["seniority_level"].is_null());
    assert_eq!(parsed(1)["seniority_level"], "senior");
    assert!(parsed(2)["experience_years"].is_null());
}

#[test]
fn everything_else_that_a_night_needs_is_there() {
    let folder = folder(postings(), resumes());
    let tables = import(folder.path(), &options()).unwrap();
    let [run] = tables.scrape_runs.as_slice() else { panic!("{:?}", tables.scrape_runs) };
    assert!(!run.scoring_complete && run.completed_at.is_some_and(|at| at < AS_OF_US));
    assert_eq!(tables.model_weights.len(), 23);
    assert!(tables.job_fit_scores.is_empty() && tables.user_fit_score_cursors.is_empty());
}

#[test]
fn the_same_files_make_the_same_night_and_a_seed_moves_the_drawn_values_only() {
    let folder = folder(postings(), resumes());
    let first = import(folder.path(), &options()).unwrap();
    assert_eq!(import(folder.path(), &options()).unwrap(), first);
    let other = import(folder.path(), &Options { seed: 2, ..options() }).unwrap();
    assert_eq!((&other.jobs, &other.job_skills), (&first.jobs, &first.job_skills));
    assert_eq!(other.user_target_roles, first.user_target_roles);
    assert_ne!(other.users, first.users);
}

#[test]
fn fewer_jobs_are_the_first_ones() {
    let folder = folder(postings(), resumes());
    let all = import(folder.path(), &options()).unwrap();
    let two = import(folder.path(), &Options { max_jobs: Some(2), ..options() }).unwrap();
    assert_eq!(two.jobs, all.jobs[..2]);
    let none = import(folder.path(), &Options { max_jobs: Some(0), ..options() }).unwrap();
    assert!(none.jobs.is_empty() && none.job_skills.is_empty());
    assert_eq!(none.users[1].city_canonical, None, "no job, no city to draw");
}

#[test]
fn the_summary_counts_by_family() {
    let folder = folder(postings(), resumes());
    let text = summary(&import(folder.path(), &options()).unwrap());
    assert!(text.starts_with("3 jobs, 2 with a role family (66.7 %); 2 skills"), "{text}");
    assert!(text.contains("5 users, 3 with a target role (60.0 %)"), "{text}");
    assert!(text.contains("sales_executive                    1       1\n"), "{text}");
    assert!(summary(&Tables::default()).starts_with("0 jobs, 0 with a role family (none)"));
}

#[test]
fn errors_name_file_column_and_row() {
    let error_of = |postings: Columns| {
        let folder = folder(postings, resumes());
        let error = import(folder.path(), &options()).unwrap_err();
        error.to_string().replace(&format!("{}/", folder.path().display()), "")
    };
    let with = |name: &str, array: ArrayRef| {
        let mut columns = postings();
        replace(&mut columns, name, array);
        columns
    };
    let mut without_skills = postings();
    without_skills.retain(|(name, _)| *name != "skills");
    let days: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3, 4]));
    let years = texts(&[Some("4"), None, None, None]);
    let titles = texts(&[Some("Nurse"), None, Some("Nurse"), Some("Nurse")]);
    let ids = texts(&[Some("b:1"), Some("b:2"), Some("b:1"), Some("b:4")]);
    for (columns, message) in [
        (without_skills, "jobs.parquet: column skills is missing"),
        (
            with("exp_min_years", years),
            "jobs.parquet: column exp_min_years: expected a number, found Utf8",
        ),
        (
            with("posted_at", days.clone()),
            "jobs.parquet: column posted_at: expected a date, found Int32",
        ),
        (
            with("city_canonical", days),
            "jobs.parquet: column city_canonical: expected text, found Int32",
        ),
        (with("title", titles), "jobs.parquet: column title, row 1: expected a value, found null"),
        (
            with("source_id", ids),
            "jobs.parquet: row 2: source_id \"b:1\" stands in an earlier row too",
        ),
    ] {
        assert_eq!(error_of(columns), message);
    }
}

#[test]
fn missing_and_damaged_files_are_named() {
    let folder = TempDir::new().unwrap();
    let missing = import(folder.path(), &options()).unwrap_err();
    let cause = std::error::Error::source(&missing).unwrap().to_string();
    assert!(cause.contains("jobs.parquet"), "{cause}");
    fs_err::write(folder.path().join("jobs.parquet"), "not Parquet").unwrap();
    let damaged = import(folder.path(), &options()).unwrap_err();
    assert!(
        matches!(damaged, Error::Parquet { .. }) && damaged.to_string().contains("jobs.parquet")
    );
}
