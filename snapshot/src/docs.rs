//! The tables of `docs/snapshots.md`, made from the sets.

use crate::sets::{self, Kind, Set};
use std::fmt::Write;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/snapshots.md");
const BEGIN: &str = "<!-- sets -->\n";
const END: &str = "<!-- /sets -->";

fn tables() -> String {
    let mut text = String::new();
    for set in sets::ALL {
        table(&mut text, set).unwrap();
    }
    text
}

fn table(text: &mut String, set: &Set) -> std::fmt::Result {
    writeln!(text, "\n### `{}`\n\nA row is {}.", set.name, set.row)?;
    if !set.sorted_by.is_empty() {
        writeln!(text, "Sorted by {}.", code(set.sorted_by).join(", "))?;
    }
    writeln!(text, "\n| column | type | meaning |\n|---|---|---|")?;
    for column in set.columns {
        let kind = match column.kind {
            Kind::Id => "id",
            Kind::Word | Kind::Text => "text",
            Kind::Int32 => "int32",
            Kind::Int64 => "int64",
            Kind::Double => "double",
            Kind::Bool => "boolean",
            Kind::Time => "timestamp",
            Kind::Words => "list of text",
        };
        let or_null = if column.nullable { ", or null" } else { "" };
        writeln!(text, "| `{}` | {kind}{or_null} | {} |", column.name, column.meaning)?;
    }
    Ok(())
}

fn code(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("`{name}`")).collect()
}

#[test]
fn the_docs_tell_every_column() {
    let page = fs_err::read_to_string(PATH).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    let expected = tables() + "\n";
    if std::env::var_os("TALVIX_UPDATE_DOCS").is_some() {
        fs_err::write(PATH, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert_eq!(found, expected, "TALVIX_UPDATE_DOCS=1 cargo test -p talvix-snapshot docs");
    }
}
