//! Tagging: a label for every word of a sentence; parts of speech, chunks, entities.
//!
//! Many to many, aligned: each word goes in as its own vector, what its letters say, and its
//! shape; a stack that reads both ways sees the whole sentence; a softmax labels each word, or a
//! conditional random field the sentence at once.

mod characters;
mod config;
mod data;
mod fit;
mod infer;
mod judge;
mod model;
mod report;
mod scheme;
mod shape;

#[cfg(test)]
mod tests;

pub use config::{
    CharacterModel, DataConfig, Head, LabelKind, ModelConfig, Recipe, SpanScheme, SplitOrder,
};
pub use infer::Tag;

use super::{Task, by_usual_files};

/// The task's name in recipes and runs.
pub const NAME: &str = "tag";

impl Task for Recipe {
    by_usual_files!();
    by_usual_files!(open);
}
