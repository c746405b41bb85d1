//! Completing words: the last letter of a word of fixed length, as in the lecture, or any
//! prefix to its likeliest words.
//!
//! Besides the files of every task: `search.rs` looks for the likeliest words, `judge.rs`
//! and `hit_rate.rs` hold model and baselines to the same words.

mod config;
mod data;
mod fit;
mod hit_rate;
mod infer;
mod judge;
mod model;
mod report;
mod search;
mod streamed;

#[cfg(test)]
mod tests;

pub use config::{DataConfig, EmbeddingConfig, Form, InputConfig, ModelConfig, NamedInput, Recipe};
pub use infer::Complete;

use super::{Task, by_usual_files};

/// The task's name in recipes and runs.
pub const NAME: &str = "complete";

impl Task for Recipe {
    by_usual_files!();
    by_usual_files!(open);
    by_usual_files!(quantize);
}
