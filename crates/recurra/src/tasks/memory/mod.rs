//! Memory: the lecture's "a plain RNN forgets the beginning", measured.
//!
//! The adding problem and copy memory ask for something seen many steps ago. Plain RNN,
//! LSTM, GRU and IndRNN are fitted on both, side by side: loss over training, and the
//! norm of the gradient by the number of steps that it has to travel back.

mod config;
mod data;
mod fit;
mod model;
mod report;
#[cfg(test)]
mod tests;

pub use config::{MemoryData, MemoryModel, NetworkConfig, Problem, Recipe};

use super::{Evaluation, RunReport, Task, Trained};
use crate::Error;
use crate::network::Network;
use recurra_nn::streaming::Precision;
use recurra_train::{Control, Run};
use std::path::Path;

/// The task's name in recipes and runs.
pub const NAME: &str = "memory";

impl Task for Recipe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn validate(&self) -> Result<(), Error> {
        self.check()
    }

    fn check_data(&self) -> Result<(), Error> {
        fit::contests(self).map(|_| ())
    }

    fn describe(&self, run: Option<&Run>) -> Result<Vec<Network>, Error> {
        fit::describe(self, run)
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
}
