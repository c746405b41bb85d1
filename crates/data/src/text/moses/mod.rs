//! Words as the Moses toolkit cuts them, without its escapes, and text out of them again.
//!
//! Published scores of translation are often over text that was cut this way; so a figure can only
//! be compared after cutting by the same rules. Only the rules of English, German and French that
//! differ are told apart; every other language, Korean among them, takes the German ones.

mod abbreviation;
mod join;
mod split;

use serde::{Deserialize, Serialize};

pub use join::detokenize;
pub use split::tokenize;

/// Whose rules for apostrophes and abbreviations are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English: `it 's`.
    En,
    /// German, and every language without rules of its own.
    De,
    /// French: `l' homme`.
    Fr,
    /// Korean: no abbreviations.
    Ko,
}

#[cfg(test)]
mod tests;
