//! Text as a sequence of units: letters, Hangul syllables, or Jamo; normal forms; words as Moses
//! cuts them; and lists of words.

pub mod moses;
mod normal;
mod unit;
mod word_list;

pub(crate) use normal::single_spaced;
pub use normal::{NormalForm, Normalization};
pub use unit::{Case, Unit};
pub use word_list::{Characters, DropReason, Dropped, WordFilter, WordList};
