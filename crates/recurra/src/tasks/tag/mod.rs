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

use super::{Evaluation, Predictor, RunReport, Task, Trained};
use crate::Error;
use crate::network::Network;
use recurra_nn::streaming::Precision;
use recurra_train::{Control, Run};
use std::path::Path;

/// The task's name in recipes and runs.
pub const NAME: &str = "tag";

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
        if precision != Precision::F32 {
            return Err(self.nothing_to_quantize(run));
        }
        fit::evaluate(self, run, data)
    }

    fn report(&self, run: &Run) -> Result<RunReport, Error> {
        report::report(self, run)
    }

    fn open(&self, run: &Run, precision: Precision) -> Result<Box<dyn Predictor>, Error> {
        if precision != Precision::F32 {
            return Err(self.nothing_to_quantize(run));
        }
        Ok(Box::new(infer::open(self, run)?))
    }
}
