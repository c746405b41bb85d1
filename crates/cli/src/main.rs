//! The command `recurra`.
fn main() {}
