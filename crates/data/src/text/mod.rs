//! Text as a sequence of units: letters, Hangul syllables, or Jamo; and lists of words.

mod unit;
mod word_list;

pub use unit::{Case, Unit};
pub use word_list::{Characters, DropReason, Dropped, WordFilter, WordList};
