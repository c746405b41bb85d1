//! Which of several classes a sequence is: many to one.
//!
//! Besides the files of every task: `texts.rs` reads and numbers texts, `judge.rs` and
//! `baseline.rs` hold model and baselines to the same examples, `scored.rs` keeps what the model
//! said, `explain.rs` says which words moved an answer, and `streamed.rs` reads step by step.

mod baseline;
mod config;
mod data;
mod explain;
mod fit;
mod infer;
mod judge;
mod model;
mod report;
mod scored;
mod streamed;
mod texts;

#[cfg(test)]
mod tests;

pub use config::{
    BadRows, BaselineTerms, ClassWeights, DataConfig, Keep, LossConfig, Markup, ModelConfig,
    Recipe, TextsConfig,
};
pub use explain::{Explanation, WordEffect};
pub use infer::Classify;

pub(crate) use explain::explain;
pub(crate) use infer::open as open_classify;

use super::{Task, by_usual_files};

/// The task's name in recipes and runs.
pub const NAME: &str = "classify";

impl Task for Recipe {
    by_usual_files!();
    by_usual_files!(open);
    by_usual_files!(quantize);
}
