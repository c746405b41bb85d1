//! The network: recurrent layers along a window, and a linear map of the last state.

use super::config::{ModelConfig, Recipe};
use super::example::{Example, INPUT_SIZE, collate};
use crate::Error;
use crate::network::{Network, Part};
use crate::report::graph::{Readout, Topology};
use crate::tasks::device;
use burn::module::Module;
use burn::tensor::TensorData;
use recurra_data::SeriesBatch;
use recurra_nn::loss::mse;
use recurra_nn::{Device, Linear, Mode, NnError, Rng, Stack, Tensor, weights};
use recurra_train::{Run, Stream};

/// Windows in one forward pass of evaluation.
const EVALUATION_BATCH: usize = 256;

/// Many to one: the state behind the last step of a window says the next change.
#[derive(Module, Debug)]
pub struct ForecastModel {
    /// Reads the window.
    pub stack: Stack,
    /// From the last hidden state to one number.
    pub head: Linear,
    /// From the features of the last steps to what is added to it.
    pub highway: Option<Linear>,
    #[module(skip)]
    ar_len: usize,
}

impl ForecastModel {
    /// Draws the weights.
    ///
    /// # Errors
    /// [`NnError::Config`] or [`NnError::ForeignOption`] naming the key at fault.
    pub fn new(config: &ModelConfig, rng: &mut Rng, device: &Device) -> Result<Self, NnError> {
        let stack = config.stack.build(INPUT_SIZE, rng, device)?;
        let head = Linear::new(stack.output_size(), 1, rng, device);
        let ar_len = config.ar_len.unwrap_or(0);
        let highway = (ar_len > 0).then(|| Linear::new(ar_len * INPUT_SIZE, 1, rng, device));
        Ok(Self {
            stack,
            head,
            highway,
            ar_len,
        })
    }

    /// The scaled change that follows each window, `[batch_size, 1]`.
    fn forward(&self, batch: &SeriesBatch, mode: Mode<'_>) -> Result<Tensor<2>, NnError> {
        let shape = [batch.batch_size, batch.seq_len, batch.input_size];
        let data = TensorData::new(batch.values.clone(), shape);
        let x = Tensor::<3>::from_data(data, &self.head.weight.val().device());
        let (_, state) = self
            .stack
            .forward(x.clone(), Some(&batch.lengths), None, mode)?;
        let said = self.head.forward(self.stack.last_hidden(&state));
        let Some(highway) = &self.highway else {
            return Ok(said);
        };
        // Windows of a column are all of one length; a shorter one has nothing before it.
        let [batch_size, seq_len, width] = x.dims();
        let missing = self.ar_len.saturating_sub(seq_len);
        let before = Tensor::zeros([batch_size, missing, width], &x.device());
        let padded = Tensor::cat(vec![before, x], 1);
        let last = padded.narrow(1, missing + seq_len - self.ar_len, self.ar_len);
        Ok(said + highway.forward(last.reshape([batch_size, self.ar_len * width])))
    }

    /// Mean squared error of the scaled changes, `[1]`.
    pub(super) fn loss(&self, examples: &[&Example], mode: Mode<'_>) -> Result<Tensor<1>, NnError> {
        let batch = padded(examples)?;
        let said = self.forward(&batch, mode)?;
        let data = TensorData::new(batch.targets, [batch.batch_size, 1]);
        mse(said.clone(), Tensor::from_data(data, &said.device()), None)
    }

    /// The scaled change that follows each window.
    pub(super) fn scaled_changes(&self, examples: &[Example]) -> Result<Vec<f64>, NnError> {
        let mut said = Vec::with_capacity(examples.len());
        for examples in examples.chunks(EVALUATION_BATCH) {
            let examples: Vec<&Example> = examples.iter().collect();
            let changes = self.forward(&padded(&examples)?, Mode::Eval)?;
            said.extend(weights::values(&changes).into_iter().map(f64::from));
        }
        Ok(said)
    }

    /// The value that follows each window, in the series' own numbers.
    pub(super) fn forecast(&self, examples: &[Example]) -> Result<Vec<f64>, NnError> {
        let changes = self.scaled_changes(examples)?;
        let pairs = examples.iter().zip(changes);
        Ok(pairs.map(|(e, change)| e.forecast(change)).collect())
    }
}

fn padded(examples: &[&Example]) -> Result<SeriesBatch, NnError> {
    collate(examples).map_err(|error| NnError::Config {
        key: "batch".to_owned(),
        want: "windows of at least 2 values".to_owned(),
        got: error.to_string(),
    })
}

/// The network of a recipe with its first weights.
pub(super) fn model(recipe: &Recipe, device: &Device) -> Result<ForecastModel, NnError> {
    let mut rng = Stream::Weights.rng(recipe.train.seed);
    ForecastModel::new(&recipe.model, &mut rng, device)
}

pub(crate) fn describe(recipe: &Recipe, _: Option<&Run>) -> Result<Vec<Network>, Error> {
    let model = model(recipe, &device())?;
    let mut head = vec![Part::linear(&model.head)];
    head.extend(model.highway.as_ref().map(|highway| Part {
        name: "linear, past the layers".to_owned(),
        ..Part::linear(highway)
    }));
    Ok(vec![Network {
        name: String::new(),
        topology: Topology::ManyToOne,
        input: "change, level".to_owned(),
        output: "next change".to_owned(),
        steps: recipe.window_len()[1] - 1,
        front: Vec::new(),
        layers: model.stack.summary(),
        readout: Readout::State,
        head,
    }])
}
