//! A table of skill aliases.

use talvix_engine::skills::{AliasTable, canonical};

/// Parses a table.
///
/// # Panics
///
/// Where a name of the table is not canonical, or stands for another.
pub fn check(bytes: &[u8]) {
    let csv = String::from_utf8_lossy(bytes);
    let Ok(table) = AliasTable::parse(&csv) else { return };
    assert_eq!(table.sha256().len(), 64);
    for text in csv.split(['\n', ',']).take(100) {
        let Some(name) = table.canonical(text) else { continue };
        assert_eq!(canonical(&name), name, "{text:?}");
        assert_eq!(table.canonical(&name).as_ref(), Some(&name), "{text:?}");
        for alias in table.aliases_of(&name) {
            assert_eq!(table.canonical(alias).as_ref(), Some(&name), "{alias:?}");
        }
    }
}
