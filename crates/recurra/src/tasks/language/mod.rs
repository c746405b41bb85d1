//! Language models: what comes next in running text, by word, letter, Jamo or piece of a tokenizer;
//! and text that goes on by itself.
//!
//! It is a sibling of `complete` and not a form of it. A list of words is rows that stand alone,
//! padded to a length, drawn in any order and judged one by one; running text is one stream, whose
//! batches continue each other and whose state is carried from update to update and into
//! checkpoints. One task with both would ask at every step which of the two it is. What they share
//! stands once, beside them: single steps in `tasks/streamed.rs`, decoding and losses in
//! `recurra_nn`, the n-gram model in `recurra_train`.
//!
//! Besides the files of every task: `cutter.rs` cuts a text, `generate.rs` continues one, `neuron.rs`
//! shows what a neuron does while one is read.

mod config;
mod cutter;
mod data;
mod fit;
mod generate;
mod infer;
mod judge;
mod model;
mod neuron;
mod report;

#[cfg(test)]
mod tests;

pub use config::{DataConfig, ModelConfig, Recipe, Unit};
pub use infer::Language;
pub use neuron::{NeuronOptions, neuron_page};

use super::{Task, by_usual_files};
use crate::{Error, GenerateOptions, Generated};
use recurra_train::Run;

/// The task's name in recipes and runs.
pub const NAME: &str = "language";

impl Task for Recipe {
    by_usual_files!();
    by_usual_files!(open);
    by_usual_files!(quantize);

    fn generate(
        &self,
        run: &Run,
        options: &GenerateOptions,
        say: &mut dyn FnMut(&str) -> Result<(), Error>,
    ) -> Result<Generated, Error> {
        generate::generate(self, run, options, say)
    }
}
