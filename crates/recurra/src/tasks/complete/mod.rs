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

use super::{Evaluation, Predictor, RunReport, Task, Trained};
use crate::Error;
use crate::network::Network;
use crate::quantize::Steppers;
use recurra_nn::streaming::Precision;
use recurra_train::{Control, Run};
use std::path::Path;

/// The task's name in recipes and runs.
pub const NAME: &str = "complete";

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

    fn quantize(&self, run: &Run, precision: Precision) -> Result<Steppers, Error> {
        fit::quantize(self, run, precision)
    }
}
