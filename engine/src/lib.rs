//! The scoring rules of talvix: pure functions over columns.
