//! Sentences with a label for every word: files in columns, and a small set that is built in.

mod embedded;
mod read;

pub use embedded::EmbeddedSentences;
pub use read::{TaggedColumns, TaggedSentence, read_tagged};
