//! Recurra: testkit.
