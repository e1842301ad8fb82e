//! Faults in a night.
fn main() {}
