//! Text to ids and back: characters, Jamo, words, or subwords learnt from the text.
//!
//! | pieces | `the lowest` | learnt |
//! |---|---|---|
//! | `characters` | `t` `h` `e` ` ` `l` `o` … | which there are |
//! | `jamo` | as characters, Hangul decomposed | which there are |
//! | `words` | `the` `lowest` | the most frequent |
//! | `bpe` | `▁the` `▁low` `est` | merges, most frequent first |
//! | `wordpiece` | `▁the` `▁lowest` | as `bpe`; cut into the longest pieces from the left |
//! | `unigram` | `▁the` `▁low` `est` | the pieces that make the text most probable |
//!
//! One tokenizer for both languages of a translation is a joint vocabulary: train it on the lines
//! of both. Two tokenizers are separate ones.

mod bpe;
mod chunk;
mod config;
mod file;
mod model;
mod unigram;
mod wordpiece;

pub use config::{Pieces, TokenizerConfig};
pub use model::Tokenizer;

#[cfg(test)]
mod tests;
