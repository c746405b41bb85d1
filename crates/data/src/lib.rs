//! From bytes to batches, as plain arrays: no tensors and no model.
//!
//! ```text
//! bytes --source--> Example --encode(vocab)--> Sample --collate--> Batch
//! ```
//!
//! The modules are in reading order; each uses only those above it.
//!
//! | module | what it does |
//! |---|---|
//! | [`fault`] | rows that cannot be used, one by one |
//! | [`error`] | the one error type: file, line, column, expected, got, what to do |
//! | [`checksum`] | a number that tells contents apart |
//! | [`rng`] | random numbers as a pure function of a seed and a stream |
//! | [`source`] | text lines, number columns and number lists from plain, `.gz` or `.zst` files |
//! | [`text`] | letters, Hangul by Jamo or by syllable, word lists |
//! | [`words`] | small word lists that are part of the crate |
//! | [`vocab`] | units of text to token ids and back |
//! | [`tokenizer`] | characters, words and subwords that are learnt from text |
//! | [`music`] | tunes as piano rolls, from and to MIDI |
//! | [`series`] | generated number series, windows and their scaling, memory problems |
//! | [`split`] | training, validation and test parts |
//! | [`parallel`] | pairs of texts: files, known data sets, lengths, duplicates |
//! | [`labelled`] | texts with a label each, and the rows that have none |
//! | [`images`] | grey images with a label each |
//! | [`tagged`] | sentences with a label for every word |
//! | [`sampler`] | which items form which batch of which epoch |
//! | [`batch`] | padding and teacher forcing, here and nowhere else |
//! | [`contiguous`] | a long text as rows that are read on from window to window |

pub mod fault;

pub mod error;

pub mod checksum;

pub mod rng;

pub mod source;

pub mod text;

pub mod words;

pub mod passages;

pub mod vocab;

pub mod tokenizer;

pub mod music;

pub mod series;

pub mod split;

pub mod parallel;

pub mod labelled;

pub mod images;

pub mod tagged;

pub mod sampler;

pub mod batch;

pub mod contiguous;

pub use batch::{SeriesBatch, SeriesRow, Targets, TokenBatch};
pub use checksum::Checksum;
pub use contiguous::{Contiguous, Window};
pub use error::DataError;
pub use sampler::{BatchSampler, TokenBatchSampler};
pub use split::{Split, SplitFractions};
pub use tokenizer::{Tokenizer, TokenizerConfig};
pub use vocab::{Specials, TokenId, Vocab};
