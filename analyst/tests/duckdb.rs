//! `compare` and `what-if` against SQL in DuckDB on the same files.
//!
//! Runs where `TALVIX_TEST_PYTHON` names a Python that has the package `duckdb`.

#![expect(clippy::print_stderr, reason = "a test that is left out says so")]

mod support;

use fs_err as fs;
use std::process::Command;
use support::{made::two_nights, program::analyst};

#[test]
fn sql_says_the_same() {
    let Some(python) = std::env::var_os("TALVIX_TEST_PYTHON") else {
        eprintln!("left out: TALVIX_TEST_PYTHON names no Python with the package duckdb");
        return;
    };
    for (seed, weights) in [
        (61, r#"{"skills_match_weight": 0.5, "salary_align_weight": 0.1}"#),
        (62, r#"{"min_fit_score_threshold": 52.5, "apply_recommend_threshold": 80.0001}"#),
        (63, r#"{"experience_weight": 0, "dream_company_score_bonus": 19.995}"#),
    ] {
        let (a, b) = two_nights(seed, 400, 200);
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let root = path("snapshots");
        a.publish(root.as_ref());
        b.publish(root.as_ref());
        fs::write(path("weights.json"), weights).unwrap();

        let compared = analyst(&[
            "compare",
            &a.run_id,
            &b.run_id,
            "--json",
            "--snapshots",
            &root,
            "--slice-rows",
            "900",
        ]);
        assert_eq!(compared.status, 0, "{}", compared.stderr);
        fs::write(path("compare.json"), compared.stdout).unwrap();
        let weights = path("weights.json");
        let asked = analyst(&["what-if", "--weights", &weights, "--json", "--snapshots", &root]);
        assert_eq!(asked.status, 0, "{}", asked.stderr);
        fs::write(path("what-if.json"), asked.stdout).unwrap();

        let output = Command::new(&python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sql/check.py"))
            .args([&root, &a.run_id, &b.run_id])
            .args([path("compare.json"), path("what-if.json")])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "seed {seed}:\n{said}{error}");
    }
}
