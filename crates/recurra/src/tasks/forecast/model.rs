//! The network: recurrent layers along a window, and a linear map of the last state.

use super::config::{Ahead, ArInit, Head, ModelConfig, PATHS, Recipe};
use super::example::{Batch, COLUMN_SIZE, Example, collate};
use super::outlook::{Outlook, loss_of};
use crate::Error;
use crate::network::{Network, Part};
use crate::report::graph::{Readout, Topology};
use crate::tasks::device;
use burn::module::{Module, Param};
use burn::tensor::TensorData;
use recurra_data::series::ScaleBy;
use recurra_nn::{Device, Linear, Mode, NnError, Rng, Stack, Tensor, weights};
use recurra_train::{Run, Stream};

/// Windows in one forward pass of evaluation.
pub(super) const EVALUATION_BATCH: usize = 256;

/// Many to one: the state behind the last step of a window says what follows.
#[derive(Module, Debug)]
pub struct ForecastModel {
    /// Reads the window.
    pub stack: Stack,
    /// From the last hidden state, and what is known of the steps to come, to what is said.
    pub head: Linear,
    /// From the features of the last steps to what is added to every value.
    pub highway: Option<Linear>,
    #[module(skip)]
    ar_len: usize,
    #[module(skip)]
    sizes: Sizes,
    #[module(skip)]
    says: Head,
    #[module(skip)]
    scale_by: ScaleBy,
    #[module(skip)]
    paths: usize,
}

/// What surrounds the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Columns that are read beside the series.
    pub num_inputs: usize,
    /// Columns that are known before they come.
    pub num_known: usize,
    /// Values ahead that are forecast.
    pub horizon: usize,
    /// How those behind the next are.
    pub ahead: Ahead,
    /// Values in a season and in a window, where the series have a season.
    pub season: Option<[usize; 2]>,
}

impl Sizes {
    /// A series alone, and its next value.
    pub const NEXT: Self = Self {
        num_inputs: 0,
        num_known: 0,
        horizon: 1,
        ahead: Ahead::Direct,
        season: None,
    };

    pub(super) fn of(recipe: &Recipe) -> Self {
        let [num_inputs, num_known] = recipe.num_covariates();
        Self {
            num_inputs,
            num_known,
            horizon: recipe.horizon(),
            ahead: recipe.model.ahead,
            season: recipe
                .season_len()
                .map(|season_len| [season_len, recipe.window_len()[1]]),
        }
    }

    /// Whether the next value of a series alone is all there is to say.
    pub(super) fn are_of_the_next(self) -> bool {
        let Self {
            num_inputs,
            num_known,
            horizon,
            ..
        } = self;
        [num_inputs, num_known, horizon] == [0, 0, 1]
    }

    /// Numbers that are read at a step.
    pub(super) fn input_size(self) -> usize {
        COLUMN_SIZE * (1 + self.num_inputs) + self.num_known
    }

    /// Values that are said at once.
    pub(super) fn steps(self) -> usize {
        match self.ahead {
            Ahead::Direct => self.horizon,
            Ahead::Recursive => 1,
        }
    }
}

impl ForecastModel {
    /// Draws the weights.
    ///
    /// # Errors
    /// [`NnError::Config`] or [`NnError::ForeignOption`] naming the key at fault.
    pub fn new(
        config: &ModelConfig,
        sizes: Sizes,
        rng: &mut Rng,
        device: &Device,
    ) -> Result<Self, NnError> {
        let (input_size, steps) = (sizes.input_size(), sizes.steps());
        let stack = config.stack.build(input_size, rng, device)?;
        let width = stack.output_size() + steps * sizes.num_known;
        let head = Linear::new(width, steps * config.head.width(), rng, device);
        let ar_len = config.ar_len.unwrap_or(0);
        let highway = (ar_len > 0).then(|| {
            let highway = Linear::new(ar_len * input_size, steps, rng, device);
            match (config.ar_init, sizes.season) {
                (ArInit::LastSeason, Some([season_len, window_len])) => {
                    // A level is seen over as many steps as a window has changes.
                    let level = (window_len - 1) as f32;
                    last_season(highway, [season_len, ar_len, input_size], level)
                }
                _ => highway,
            }
        });
        Ok(Self {
            stack,
            head,
            highway,
            ar_len,
            sizes,
            says: config.head.clone(),
            scale_by: config.scale_by,
            paths: match config.head {
                Head::Point {} => 1,
                _ => config.paths.unwrap_or(PATHS),
            },
        })
    }

    /// What surrounds it.
    pub(super) fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// What it says of a value.
    pub(super) fn says(&self) -> &Head {
        &self.says
    }

    /// What the unit of a window is.
    pub(super) fn scale_by(&self) -> ScaleBy {
        self.scale_by
    }

    /// How many times values behind the next are drawn, where they are read on; 1 where the value
    /// itself is.
    pub(super) fn paths(&self) -> usize {
        self.paths
    }

    /// What is said of the scaled changes that follow each window, `[batch, steps, head width]`.
    fn forward(&self, batch: &Batch, mode: Mode<'_>) -> Result<Tensor<3>, NnError> {
        let device = self.head.weight.val().device();
        let Batch { series, future, .. } = batch;
        let shape = [series.batch_size, series.seq_len, series.input_size];
        let data = TensorData::new(series.values.clone(), shape);
        let x = Tensor::<3>::from_data(data, &device);
        let [batch_size, seq_len, width] = x.dims();
        let (_, state) = self
            .stack
            .forward(x.clone(), Some(&series.lengths), None, mode)?;
        let mut read = self.stack.last_hidden(&state);
        if !future.is_empty() {
            let shape = [batch_size, future.len() / batch_size];
            let future = Tensor::from_data(TensorData::new(future.clone(), shape), &device);
            read = Tensor::cat(vec![read, future], 1);
        }
        let (steps, numbers) = (self.sizes.steps(), self.says.width());
        let said = self
            .head
            .forward(read)
            .reshape([batch_size, steps, numbers]);
        let Some(highway) = &self.highway else {
            return Ok(said);
        };
        // Windows of a column are all of one length; a shorter one has nothing before it.
        let missing = self.ar_len.saturating_sub(seq_len);
        let before = Tensor::zeros([batch_size, missing, width], &device);
        let padded = Tensor::cat(vec![before, x], 1);
        let last = padded.narrow(1, missing + seq_len - self.ar_len, self.ar_len);
        let moved = highway.forward(last.reshape([batch_size, self.ar_len * width]));
        Ok(self.says.moved(said, moved))
    }

    /// Mean loss of the scaled changes, `[1]`.
    pub(super) fn loss(&self, examples: &[&Example], mode: Mode<'_>) -> Result<Tensor<1>, NnError> {
        let batch = self.batch(examples)?;
        let said = self.forward(&batch, mode)?;
        let (batch_size, device) = (batch.series.batch_size, said.device());
        let shape = [batch_size, self.sizes.steps()];
        let targets = TensorData::new(batch.series.targets, shape);
        let levels = TensorData::new(batch.levels, [batch_size, 1]);
        let (targets, levels) = (
            Tensor::from_data(targets, &device),
            Tensor::from_data(levels, &device),
        );
        loss_of(&self.says, said, targets, levels)
    }

    /// What is said of the values that follow each window, window by window and step by step.
    pub(super) fn outlooks(&self, examples: &[Example]) -> Result<Vec<Vec<Outlook>>, NnError> {
        if self.sizes.ahead == Ahead::Recursive {
            return self.walk(examples);
        }
        let mut said = Vec::with_capacity(examples.len());
        for examples in examples.chunks(EVALUATION_BATCH) {
            said.extend(self.at_once(&examples.iter().collect::<Vec<_>>())?);
        }
        Ok(said)
    }

    /// What is said of the values behind each window without reading on.
    pub(super) fn at_once(&self, examples: &[&Example]) -> Result<Vec<Vec<Outlook>>, NnError> {
        let numbers = weights::values(&self.forward(&self.batch(examples)?, Mode::Eval)?);
        let width = self.says.width();
        let of_window = |(numbers, example): (&[f32], &&Example)| {
            let steps = numbers.chunks_exact(width);
            steps.map(|said| self.says.outlook(said, example)).collect()
        };
        let windows = numbers.chunks_exact(width * self.sizes.steps());
        Ok(windows.zip(examples).map(of_window).collect())
    }

    /// The value that follows each window, in the series' own numbers.
    pub(super) fn forecast(&self, examples: &[Example]) -> Result<Vec<f64>, NnError> {
        let mut said = Vec::with_capacity(examples.len());
        for examples in examples.chunks(EVALUATION_BATCH) {
            said.extend(self.at_once(&examples.iter().collect::<Vec<_>>())?);
        }
        let pairs = examples.iter().zip(&said);
        Ok(pairs.map(|(window, said)| said[0].value(window)).collect())
    }

    fn batch(&self, examples: &[&Example]) -> Result<Batch, NnError> {
        let (input_size, steps) = (self.sizes.input_size(), self.sizes.steps());
        collate(examples, &self.says, input_size, steps).map_err(unfit)
    }
}

/// A highway that begins as the last season: to each value ahead goes the level of one season before
/// it, and nothing else.
fn last_season(
    highway: Linear,
    [season_len, ar_len, input_size]: [usize; 3],
    level: f32,
) -> Linear {
    let device = highway.weight.val().device();
    let [steps, width] = highway.weight.val().dims();
    let mut weight = vec![0.0; steps * width];
    for step in 0..steps {
        let place = ar_len - season_len + step % season_len;
        // The first number of a step is the change, the second the level.
        weight[step * width + place * input_size + 1] = level;
    }
    let weight = Tensor::from_data(TensorData::new(weight, [steps, width]), &device);
    Linear {
        weight: Param::from_tensor(weight),
        bias: Param::from_tensor(Tensor::zeros([steps], &device)),
    }
}

fn unfit(error: recurra_data::DataError) -> NnError {
    NnError::Config {
        key: "batch".to_owned(),
        want: "windows of at least 2 values".to_owned(),
        got: error.to_string(),
    }
}

/// The network of a recipe with its first weights.
pub(super) fn model(recipe: &Recipe, device: &Device) -> Result<ForecastModel, NnError> {
    let mut rng = Stream::Weights.rng(recipe.train.seed);
    ForecastModel::new(&recipe.model, Sizes::of(recipe), &mut rng, device)
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
        input: match recipe.num_covariates() {
            [0, 0] => "change, level".to_owned(),
            [inputs, known] => format!("change, level of {} columns, {known} known", 1 + inputs),
        },
        output: match recipe.horizon() {
            1 => "next change".to_owned(),
            horizon => format!("next {horizon} changes"),
        },
        steps: recipe.window_len()[1] - 1,
        front: Vec::new(),
        layers: model.stack.summary(),
        readout: Readout::State,
        head,
    }])
}
