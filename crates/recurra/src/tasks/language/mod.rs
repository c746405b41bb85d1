//! Language models: what comes next in running text, by word, letter or Jamo; and text that goes
//! on by itself.
//!
//! It is a sibling of `complete` and not a form of it. A list of words is rows that stand alone,
//! padded to a length, drawn in any order and judged one by one; running text is one stream, whose
//! batches continue each other and whose state is carried from update to update and into
//! checkpoints. One task with both would ask at every step which of the two it is. What they share
//! stands once, beside them: single steps in `tasks/streamed.rs`, decoding and losses in
//! `recurra_nn`, the n-gram model in `recurra_train`.
//!
//! Besides the files of every task: `generate.rs` continues a text, `neuron.rs` shows what a neuron
//! does while one is read.

mod config;
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

use super::{Evaluation, Predictor, RunReport, Task, Trained};
use crate::network::Network;
use crate::quantize::Steppers;
use crate::{Error, GenerateOptions, Generated};
use recurra_nn::streaming::Precision;
use recurra_train::{Control, Run};
use std::path::Path;

/// The task's name in recipes and runs.
pub const NAME: &str = "language";

impl Task for Recipe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn validate(&self) -> Result<(), Error> {
        self.check()
    }

    fn check_data(&self) -> Result<(), Error> {
        fit::check_data(self)
    }

    fn describe(&self, run: Option<&Run>) -> Result<Vec<Network>, Error> {
        model::describe(self, run)
    }

    fn train(&self, run: &Run, control: &Control) -> Result<Trained, Error> {
        fit::train(self, run, control)
    }

    fn evaluate(
        &self,
        run: &Run,
        data: Option<&Path>,
        precision: Precision,
    ) -> Result<Vec<Evaluation>, Error> {
        fit::evaluate(self, run, data, precision)
    }

    fn report(&self, run: &Run) -> Result<RunReport, Error> {
        report::report(self, run)
    }

    fn open(&self, run: &Run, precision: Precision) -> Result<Box<dyn Predictor>, Error> {
        Ok(Box::new(infer::open(self, run, precision)?))
    }

    fn generate(
        &self,
        run: &Run,
        options: &GenerateOptions,
        say: &mut dyn FnMut(&str) -> Result<(), Error>,
    ) -> Result<Generated, Error> {
        generate::generate(self, run, options, say)
    }

    fn quantize(&self, run: &Run, precision: Precision) -> Result<Steppers, Error> {
        fit::quantize(self, run, precision)
    }
}
