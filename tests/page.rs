//! The page of a large night, opened in a browser.

mod support;

use fs_err as fs;
use std::{ffi::OsStr, path::Path, process::Command};
use support::{Data, talvix, time};
use talvix_fixtures::generate::{Dirt, Options, generate};

/// Monday, 2026-11-16T17:00:00Z.
const AS_OF_US: i64 = 1_794_848_400_000_000;

/// The most that a page may be, in bytes.
const MAX_PAGE_BYTES: usize = 2_000_000;

/// Chromium asks for nothing of its own accord.
const QUIET: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
];

#[test]
fn the_page_of_100_000_users_opens_without_errors_and_asks_for_nothing() {
    let chromium = std::env::var_os("TALVIX_TEST_CHROMIUM")
        .expect("TALVIX_TEST_CHROMIUM is not set: run scripts/test, which finds a browser");
    let options = Options {
        jobs: 6_000,
        users: 100_000,
        seed: 3,
        paid_share: 0.2,
        as_of_us: AS_OF_US,
        dirt: Dirt::None,
        ..Options::default()
    };
    let data = Data::new(&generate(&options));
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (snapshots, page) = (path("snapshots"), path("night.html"));
    let dir = data.dir().to_str().unwrap();
    let run = ["run", "--json", "--dataset", dir, "--snapshots", &snapshots, "--as-of"];
    let report = talvix(&[&run[..], &[&time(AS_OF_US)]].concat()).ended(0).json();
    let scored = report["users"]["scored"].as_u64().unwrap();
    assert!(scored > 90_000, "{report}");
    talvix(&["report", "--snapshots", &snapshots, "--out", &page]).ended(0);
    let text = fs::read_to_string(&page).unwrap();
    assert!(text.len() < MAX_PAGE_BYTES, "{} bytes", text.len());
    assert!(!text.contains("NaN") && !text.contains("inf "));

    assert!(!text.contains("http://") && !text.contains("https://"));
    // Whatever the page asked for would be refused, and the browser would say so.
    let said = opened(&chromium, folder.path(), &page);
    assert!(!said.stderr.contains("CONSOLE"), "the page complains: {}", said.stderr);
    let figure = talvix_report::text::count(scored);
    assert!(said.stdout.contains(&figure), "{figure} is not shown");
    assert!(said.stdout.contains("</svg>"), "no chart is drawn");

    let asking = path("asking.html");
    let image = "<img src=\"https://talvix.invalid/x.png\"></body>";
    fs::write(&asking, text.replace("</body>", image)).unwrap();
    let said = opened(&chromium, folder.path(), &asking);
    assert!(said.stderr.contains("CONSOLE"), "nobody would have noticed: {}", said.stderr);
}

/// What a browser shows of a page, and what it says about it.
struct Shown {
    stdout: String,
    stderr: String,
}

fn opened(chromium: &OsStr, folder: &Path, page: &str) -> Shown {
    let output = Command::new(chromium)
        .args(QUIET)
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg("--dump-dom")
        .arg(format!("file://{page}"))
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}", text(&output.stderr));
    Shown { stdout: text(&output.stdout), stderr: text(&output.stderr) }
}
