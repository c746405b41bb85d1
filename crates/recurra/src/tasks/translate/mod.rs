//! Translation: an encoder reads a text, a decoder with attention writes another.

mod chat;
mod compare;
mod config;
mod data;
mod fit;
mod infer;
mod judge;
mod model;
mod pairs;
mod report;
mod retrieval;
mod vocabs;

#[cfg(test)]
mod tests;

pub use chat::{Chat, ChatOptions, Reply};
pub use compare::Comparison;
pub use config::{DataConfig, JudgeConfig, Recipe, Vocabulary};
pub use infer::Translate;

pub(crate) use compare::compare;
pub(crate) use infer::open;

use super::{Evaluation, Predictor, RunReport, Task, Trained};
use crate::Error;
use crate::network::Network;
use crate::quantize::Steppers;
use crate::report::graph::Graph;
use recurra_nn::streaming::Precision;
use recurra_train::{Control, Run};
use std::path::Path;

/// The task's name in recipes and runs.
pub const NAME: &str = "translate";

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

    fn graphs(&self, networks: &[Network]) -> Vec<Graph> {
        model::graphs(self, networks)
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
        Ok(Box::new(open(self, run, precision)?))
    }

    fn quantize(&self, run: &Run, precision: Precision) -> Result<Steppers, Error> {
        fit::quantize(self, run, precision)
    }
}
