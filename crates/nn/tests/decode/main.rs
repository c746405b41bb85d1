//! Decoding of tables made by hand, where every answer can be worked out on paper.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod ensemble;
mod many_tokens;
mod properties;
mod refusals;
mod sampling;
mod table;
mod worked;
