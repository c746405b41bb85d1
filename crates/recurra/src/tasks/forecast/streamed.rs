//! Forecasts by the whole windows' network, or by the same network one value at a time.

use super::config::Recipe;
use super::example::{Example, INPUT_SIZE};
use super::model::{ForecastModel, model};
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

    /// The value that follows each window, in the series' own numbers.
    pub(super) fn forecast(&self, examples: &[Example]) -> Result<Vec<f64>, NnError> {
        let streamer = match self {
            Self::Batch(model) => return model.forecast(examples),
            Self::Streamed(streamer) => streamer,
        };
        let mut workspace = StreamWorkspace::new();
        let mut state = streamer.zero_state();
        let mut change = [0.0];
        let mut forecasts = Vec::with_capacity(examples.len());
        for example in examples {
            state.reset();
            for step in example.features().chunks_exact(INPUT_SIZE) {
                streamer.step(step, &mut state, &mut change, &mut workspace)?;
            }
            forecasts.push(example.forecast(f64::from(change[0])));
        }
        Ok(forecasts)
    }
}

impl ForecastModel {
    /// The same network, one step at a time.
    ///
    /// # Errors
    /// [`NnError::CannotStream`] for a network that needs a whole window.
    pub(super) fn streamer(&self, precision: Precision) -> Result<Streamer, NnError> {
        if self.highway.is_some() {
            return Err(NnError::CannotStream {
                layer: self.stack.layers.len() + 1,
                why: "`model.ar_len` reads several steps at once".to_owned(),
            });
        }
        Streamer::new(&self.stack, Some(&self.head), precision)
    }
}
