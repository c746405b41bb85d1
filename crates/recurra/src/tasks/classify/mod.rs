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
pub(crate) use scored::likeliest;

use crate::Error;
use crate::network::Network;
use crate::quantize::Steppers;
use crate::tasks::{Evaluation, Predictor, RunReport, Task, Trained};
use recurra_nn::streaming::Precision;
use recurra_train::{Control, Run};
use std::path::Path;

/// The task's name in recipes and runs.
pub const NAME: &str = "classify";

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
