//! Text as a sequence of units: letters, Hangul syllables, or Jamo; normal forms; text without
//! tags; words as Moses cuts them; and lists of words.

mod markup;
pub mod moses;
mod normal;
mod unit;
mod word_list;

pub use markup::Markup;
pub(crate) use normal::single_spaced;
pub use normal::{NormalForm, Normalization};
pub use unit::{Case, Unit};
pub use word_list::{Characters, DropReason, Dropped, WordFilter, WordList};
