//! The week's pinned model, as a disk or a person may have changed it.

use talvix_loader::pin::parse;

use crate::packed;

/// Parses a pinned model.
///
/// # Panics
///
/// Where a model passes that is not what its checksum says.
pub fn check(bytes: &[u8]) {
    let Ok(model) = parse(&packed(bytes)) else { return };
    let again = serde_json::from_str(&model.to_json()).expect("a model reads what it writes");
    assert_eq!(model, again);
    assert_eq!(model.id(), again.id());
}
