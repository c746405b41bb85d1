//! Which of several classes a sequence is: many to one.
//!
//! Besides the files of every task: `texts.rs` and `images.rs` read examples, `pretrained.rs`
//! begins with what a language model has learnt, `adversarial.rs` learns from moved vectors,
//! `judge.rs` and `baseline.rs` hold model and baselines to the same examples, `scored.rs` keeps
//! what the model said, `explain.rs` says which words moved an answer, and `streamed.rs` reads step
//! by step.

mod adversarial;
mod baseline;
mod config;
mod data;
mod explain;
mod fit;
mod images;
mod infer;
mod judge;
mod model;
mod pretrained;
mod report;
mod scored;
mod streamed;
mod texts;

#[cfg(test)]
mod tests;

pub use config::{
    BadRows, BaselineTerms, ClassWeights, DataConfig, ImagesConfig, Keep, LossConfig, ModelConfig,
    Recipe, TextsConfig,
};
pub use explain::{Explanation, WordEffect};
pub use infer::Classify;

pub(crate) use explain::explain;
pub(crate) use infer::open_for_texts as open_classify;

use super::{Task, by_usual_files};

/// The task's name in recipes and runs.
pub const NAME: &str = "classify";

impl Task for Recipe {
    by_usual_files!();
    by_usual_files!(open);
    by_usual_files!(quantize);
}
