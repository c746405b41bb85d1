//! The task `forecast`: given a window of a series, the next value.
//!
//! The lecture's first exercise (`0.1 0.2 0.3` to `0.4`) and the user's own column of
//! numbers. A window is scaled by its own values, in 64-bit floats: 0 is its last value and
//! 1 its mean absolute change. At each step the network reads the scaled change to a value
//! and where the value lies; the state behind the last step gives **the scaled change to the
//! next value**, which is turned back into the series' numbers. So what holds for 1 to 10
//! holds for a million as well, and the forecast of `a·x + b` is `a` times the forecast of
//! `x` plus `b`.
//!
//! Figures always stand beside the last value, the drift and the mean, with a plain word
//! when one of them is better or when the model only repeats what it saw last.

mod charts;
mod column;
mod config;
mod data;
mod example;
mod fit;
mod infer;
mod intervals;
mod judge;
mod model;
mod report;
mod rows;
mod streamed;
#[cfg(test)]
mod tests;
mod verdict;

pub use config::{
    ColumnConfig, DataConfig, FamilyConfig, GeneratedConfig, MadeKind, MadeSeries, ModelConfig,
    Recipe, RowFilter,
};
pub use infer::Forecast;
pub use model::ForecastModel;

use super::{Evaluation, Predictor, RunReport, Task, Trained};
use crate::Error;
use crate::network::Network;
use crate::quantize::Steppers;
use recurra_nn::streaming::Precision;
use recurra_train::{Control, Run};
use std::path::Path;

/// The task's name in recipes and runs.
pub const NAME: &str = "forecast";

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
        Ok(Box::new(fit::open(self, run, precision)?))
    }

    fn quantize(&self, run: &Run, precision: Precision) -> Result<Steppers, Error> {
        fit::quantize(self, run, precision)
    }
}
