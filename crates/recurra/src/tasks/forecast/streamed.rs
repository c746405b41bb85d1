//! Forecasts by the whole windows' network, or by the same network one value at a time.

use super::config::Head;
use super::config::Recipe;
use super::example::{COLUMN_SIZE, Example};
use super::model::{ForecastModel, model};
use super::outlook::Outlook;
use crate::Error;
use crate::artifact;
use crate::tasks::device;
use recurra_nn::NnError;
use recurra_nn::streaming::{Precision, StreamWorkspace, Streamer};
use recurra_train::Run;

/// What says the value that follows a window.
#[derive(Debug)]
pub(super) enum Forecaster {
    /// All windows at once.
    Batch(Box<ForecastModel>),
    /// Window by window, value by value, in any precision.
    Streamed(Streamer),
}

impl Forecaster {
    /// The weights of a run, in the precision that was asked for.
    pub(super) fn open(recipe: &Recipe, run: &Run, precision: Precision) -> Result<Self, Error> {
        let model = artifact::read(run, model(recipe, &device())?, precision)?.0;
        Ok(match precision {
            Precision::F32 => Self::Batch(Box::new(model)),
            _ => Self::Streamed(model.streamer(precision)?),
        })
    }

    /// What is said of the values that follow each window, window by window and step by step.
    pub(super) fn outlooks(&self, examples: &[Example]) -> Result<Vec<Vec<Outlook>>, NnError> {
        let streamer = match self {
            Self::Batch(model) => return model.outlooks(examples),
            Self::Streamed(streamer) => streamer,
        };
        let mut workspace = StreamWorkspace::new();
        let mut state = streamer.zero_state();
        let mut change = [0.0];
        let mut said = Vec::with_capacity(examples.len());
        for example in examples {
            state.reset();
            for step in example.features(&Head::Point {}).chunks_exact(COLUMN_SIZE) {
                streamer.step(step, &mut state, &mut change, &mut workspace)?;
            }
            said.push(vec![Outlook::Point(f64::from(change[0]))]);
        }
        Ok(said)
    }
}

impl ForecastModel {
    /// The same network, one step at a time.
    ///
    /// # Errors
    /// [`NnError::CannotStream`] for a network that needs a whole window.
    pub(super) fn streamer(&self, precision: Precision) -> Result<Streamer, NnError> {
        let whole = match (&self.highway, self.sizes(), self.says()) {
            (Some(_), ..) => Some("`model.ar_len` reads several steps at once"),
            (_, _, Head::Point {}) if self.sizes().are_of_the_next() => None,
            _ => Some("it says more than the next value of one column"),
        };
        if let Some(why) = whole {
            return Err(NnError::CannotStream {
                layer: self.stack.layers.len() + 1,
                why: why.to_owned(),
            });
        }
        Streamer::new(&self.stack, Some(&self.head), precision)
    }
}
