//! What the sources may hold: unsafe code and SQL that is put together stand in a few files that
//! somebody has looked at; nothing is built from elsewhere than the registry.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use fs_err as fs;

/// Files that may allow unsafe code, which is forbidden everywhere else.
const UNSAFE: [&str; 4] = [
    "engine/src/kernel/avx512.rs",
    "engine/src/kernel/prefetch.rs",
    "engine/src/kernel/processor.rs",
    "fuzz-checks/src/limits.rs",
];

/// Files that put SQL together, and of what: no text of a table, a file or a setting is among it.
const SQL: [(&str, &str); 8] = [
    ("loader/src/postgres.rs", "names of tables and columns; a snapshot's id from the server"),
    ("loader/src/postgres/copy_out.rs", "names of columns and types"),
    ("exporter/src/postgres/steps.rs", "names of tables and columns"),
    ("exporter/src/postgres/stored.rs", "names of tables and columns; ids"),
    ("pg/src/schema/lack.rs", "lines of the manifest"),
    ("pg/src/schema/manifest.rs", "the catalogue's query"),
    ("data-fixtures/src/postgres.rs", "names of tables and columns"),
    ("data-fixtures/src/nights/postgres.rs", "names of tables and columns"),
];

/// What a statement begins with.
const VERBS: [&str; 24] = [
    "alter", "begin", "call", "comment", "copy", "create", "declare", "delete", "do", "drop",
    "execute", "fetch", "grant", "insert", "listen", "lock", "merge", "notify", "reset", "revoke",
    "select", "set", "truncate", "update",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The product's files of Rust by their names below the root, with their text above their tests.
fn sources() -> Vec<(String, String)> {
    let mut folders: Vec<PathBuf> = vec![root().join("src")];
    for entry in fs::read_dir(root()).unwrap() {
        let folder = entry.unwrap().path();
        if folder.join("Cargo.toml").is_file() {
            folders.push(folder.join("src"));
        }
    }
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|of| of == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let product = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                if !name.ends_with("tests.rs") {
                    sources.push((name, product.to_owned()));
                }
            }
        }
    }
    assert!(sources.len() > 100, "{} files", sources.len());
    sources
}

/// The files of which something is true.
fn files(sources: &[(String, String)], holds: impl Fn(&str) -> bool) -> BTreeSet<&str> {
    sources.iter().filter(|(_, text)| holds(text)).map(|(name, _)| name.as_str()).collect()
}

#[test]
fn unsafe_code_stands_where_it_was_looked_at() {
    let sources = sources();
    let allowed = files(&sources, |text| {
        text.contains("allow(unsafe_code") || text.contains("expect(unsafe_code")
    });
    assert_eq!(allowed, BTreeSet::from(UNSAFE));
    // And the lint holds for every crate.
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("\nunsafe_code = \"deny\"\n"));
    for entry in fs::read_dir(root()).unwrap() {
        let manifest = entry.unwrap().path().join("Cargo.toml");
        // Not of the workspace, and nothing but calls of one macro.
        if manifest.ends_with("fuzz/Cargo.toml") {
            continue;
        }
        if let Ok(text) = fs::read_to_string(&manifest) {
            assert!(text.contains("[lints]\nworkspace = true"), "{}", manifest.display());
        }
    }
}

/// Whether something is formatted that reads like a statement.
fn formats_sql(text: &str) -> bool {
    ["format!(", "write!(", "writeln!("].iter().any(|formatting| {
        text.split(formatting).skip(1).any(|rest| {
            // What is written to comes first.
            let argument = rest.trim_start().trim_start_matches("f,").trim_start();
            let Some(literal) = argument.strip_prefix('"') else { return false };
            let word = literal.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
            // A sentence that begins with such a word has no place for a name in its first lines.
            let end = literal.find('"').unwrap_or(literal.len());
            VERBS.contains(&word) && !is_told(&literal[..end])
        })
    })
}

/// Sentences for people that begin like a statement.
fn is_told(literal: &str) -> bool {
    literal.contains("; run ") || literal.contains(": run ")
}

#[test]
fn sql_is_put_together_where_it_was_looked_at() {
    assert!(formats_sql("let x = format!(\n    \"select {columns} from x\");"));
    assert!(!formats_sql("format!(\"selected {rows}\")"));
    let sources = sources();
    let found = files(&sources, formats_sql);
    assert_eq!(found, SQL.iter().map(|(name, _)| *name).collect());
}

#[test]
fn everything_is_built_from_the_registry_and_as_it_was_locked() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let mut sources = lock.lines().filter_map(|line| line.strip_prefix("source = "));
    let registry = "\"registry+https://github.com/rust-lang/crates.io-index\"";
    assert!(sources.all(|source| source == registry));
    // What has no source is a crate of this workspace.
    for package in lock.split("[[package]]").skip(1).filter(|text| !text.contains("source = ")) {
        assert!(package.contains("name = \"talvix"), "{package}");
    }
    // Nothing of ours runs while it is built.
    for (name, _) in self::sources() {
        assert!(!name.ends_with("build.rs"), "{name}");
    }
}

/// An ordinary build cannot be told to fail: it holds neither the code for that nor the names.
#[cfg(not(feature = "fault-points"))]
#[test]
fn the_binary_holds_no_fault_points() {
    let binary = fs::read(env!("CARGO_BIN_EXE_talvix")).unwrap();
    let holds = |text: &str| binary.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(holds("pg_try_advisory_xact_lock"), "the texts of a binary are found");
    for text in ["FAILPOINTS", "FAULT_POINTS_GO", "fault point ", "chunk-copied", "version-linked"]
    {
        assert!(!holds(text), "{text}");
    }
}
