//! Fitting, and judging what came of it.

use super::column::{keep_column, windows_of_file};
use super::config::Recipe;
use super::data::Dataset;
use super::example::Example;
use super::infer::Forecast;
use super::judge;
use super::model::ForecastModel;
use crate::Error;
use crate::inspect::{Network, Part};
use crate::report::graph::Topology;
use crate::tasks::{Evaluation, PredictOptions, Predictor, Sample, Trained, device, fit_and_ship};
use recurra_data::BatchSampler;
use recurra_data::sampler::Bucketing;
use recurra_nn::{Mode, NnError, Tensor};
use recurra_train::metric::{LOSS, MEAN_ABSOLUTE_ERROR, MEAN_SQUARED_ERROR, Metrics};
use recurra_train::{Checkpoint, Control, Learner, Run, Stream, TrainConfig};
use std::path::Path;

/// Lines that a model of made-up series is tried on.
const SAMPLE_LINES: [&str; 4] = [
    "0.1, 0.2, 0.3",
    "1, 2, 3, 4, 5",
    "10, 20, 30, 40",
    "1000, 990, 980, 970",
];

/// Batches that are sorted by length together.
const POOL_BATCHES: usize = 32;

/// What the update loop is given.
struct Windows<'a> {
    data: &'a Dataset,
    train: &'a TrainConfig,
}

impl Learner for Windows<'_> {
    type Model = ForecastModel;

    fn batches(&self, epoch: u64) -> Vec<Vec<usize>> {
        let first = self.data.train.first_of(epoch);
        let numbers = first..first + self.data.train.examples_per_epoch() as u64;
        let lengths: Vec<usize> = numbers.map(|n| self.data.train.len_of(n)).collect();
        let bucketing = if self.train.bucketing {
            Bucketing::ByLength {
                pool_batches: POOL_BATCHES,
            }
        } else {
            Bucketing::Off
        };
        let sampler =
            BatchSampler::new(&lengths, self.train.batch_size, self.train.seed, bucketing)
                .expect("a checked recipe has examples and a batch size of at least 1");
        let mut batches = sampler.batches(epoch);
        for index in batches.iter_mut().flatten() {
            *index += first as usize;
        }
        batches
    }

    fn loss(
        &self,
        model: &ForecastModel,
        indices: &[usize],
        mode: Mode<'_>,
    ) -> Result<Tensor<1>, NnError> {
        let examples: Vec<Example> = indices
            .iter()
            .map(|&index| self.data.train.example(index as u64))
            .collect::<Result<_, _>>()
            .map_err(|error| NnError::Config {
                key: "data.families".to_owned(),
                want: "series that can be scaled".to_owned(),
                got: error.to_string(),
            })?;
        model.loss(&examples.iter().collect::<Vec<_>>(), mode)
    }

    fn evaluate(&self, model: &ForecastModel) -> Result<Metrics, NnError> {
        let valid = &self.data.valid;
        let changes = model.scaled_changes(valid)?;
        let count = valid.len() as f64;
        let mean = |error: &dyn Fn(&Example, f64) -> f64| {
            let pairs = valid.iter().zip(&changes);
            pairs.map(|(e, &change)| error(e, change)).sum::<f64>() / count
        };
        let mut metrics = Metrics::new();
        metrics.set(
            LOSS.name,
            mean(&|e, change| (change - e.scaled_target()).powi(2)),
        );
        // Squares of values near the largest number are no reason to stop.
        let finite = |value: f64| Some(value).filter(|value| value.is_finite());
        let squared = mean(&|e, change| (e.forecast(change) - e.target).powi(2));
        let absolute = mean(&|e, change| (e.forecast(change) - e.target).abs());
        metrics.set(MEAN_SQUARED_ERROR.name, finite(squared));
        metrics.set(MEAN_ABSOLUTE_ERROR.name, finite(absolute));
        Ok(metrics)
    }
}

/// Finds what is wrong with data or network before anything is written.
pub(crate) fn check_data(recipe: &Recipe) -> Result<(), Error> {
    Dataset::read(recipe)?;
    model(recipe, false)?;
    Ok(())
}

pub(crate) fn train(recipe: &Recipe, run: &Run, control: &Control) -> Result<Trained, Error> {
    if Checkpoint::newest(run)?.is_none() {
        keep_column(recipe, run)?;
    }
    let data = Dataset::of_run(recipe, run)?;
    let learner = Windows {
        data: &data,
        train: &recipe.train,
    };
    let shipped = fit_and_ship(&learner, model(recipe, true)?, &recipe.train, run, control)?;
    let interrupted = shipped.interrupted();
    let fitted = shipped.fitted;
    let (evaluations, samples) = if interrupted {
        (Vec::new(), Vec::new())
    } else {
        let evaluations = judged(recipe, &data, &fitted.model.forecast(&data.test)?);
        let predictor = Forecast::new(recipe, fitted.model);
        (evaluations, samples(&predictor, &data)?)
    };
    Ok(Trained {
        outcome: fitted.outcome,
        updates: fitted.updates,
        evaluations,
        samples,
    })
}

pub(crate) fn evaluate(
    recipe: &Recipe,
    run: &Run,
    data: Option<&Path>,
) -> Result<Vec<Evaluation>, Error> {
    let model = trained(recipe, run)?;
    let Some(path) = data else {
        let data = Dataset::of_run(recipe, run)?;
        return Ok(judged(recipe, &data, &model.forecast(&data.test)?));
    };
    let (examples, note) = windows_of_file(recipe, path)?;
    let forecasts = model.forecast(&examples)?;
    let mut evaluation = judge::evaluation(
        path.display().to_string(),
        &forecasts,
        &examples,
        &recipe.rules(),
    );
    evaluation.notes.extend(note);
    Ok(vec![evaluation])
}

pub(crate) fn open(recipe: &Recipe, run: &Run) -> Result<Forecast, Error> {
    Ok(Forecast::new(recipe, trained(recipe, run)?))
}

pub(crate) fn describe(recipe: &Recipe, _: Option<&Run>) -> Result<Vec<Network>, Error> {
    let model = model(recipe, false)?;
    let hidden_size = model.stack.output_size();
    Ok(vec![Network {
        name: String::new(),
        topology: Topology::ManyToOne,
        input: "change, level".to_owned(),
        output: "next change".to_owned(),
        steps: recipe.window_len()[1] - 1,
        front: Vec::new(),
        layers: model.stack.summary(),
        head: vec![Part {
            name: "linear".to_owned(),
            input_size: hidden_size,
            output_size: 1,
            num_params: hidden_size + 1,
        }],
    }])
}

/// The judgement on the forecasts of the test windows: first all, then family by family.
pub(super) fn judged(recipe: &Recipe, data: &Dataset, forecasts: &[f64]) -> Vec<Evaluation> {
    let rules = recipe.rules();
    let all = judge::evaluation("test".to_owned(), forecasts, &data.test, &rules);
    let mut evaluations = vec![all];
    if data.families.len() > 1 {
        for (family, name) in data.families.iter().enumerate() {
            let of_family = data.test.iter().zip(forecasts);
            let (examples, forecasts): (Vec<Example>, Vec<f64>) = of_family
                .filter(|(example, _)| example.family == family)
                .map(|(example, forecast)| (example.clone(), *forecast))
                .unzip();
            if !examples.is_empty() {
                let split = format!("test, {name}");
                evaluations.push(judge::evaluation(split, &forecasts, &examples, &rules));
            }
        }
    }
    evaluations
}

/// What the model says after the end of a column, or to a few lines that anyone can check.
pub(super) fn samples(predictor: &Forecast, data: &Dataset) -> Result<Vec<Sample>, Error> {
    let lines = match &data.latest {
        Some(latest) => {
            let values: Vec<String> = latest.iter().map(f64::to_string).collect();
            vec![values.join(", ")]
        }
        None => SAMPLE_LINES.map(str::to_owned).to_vec(),
    };
    lines
        .into_iter()
        .map(|input| {
            let options = PredictOptions { top_k: 1 };
            let output = predictor.predict(&input, 1, options)?.text;
            Ok(Sample { input, output })
        })
        .collect()
}

pub(super) fn trained(recipe: &Recipe, run: &Run) -> Result<ForecastModel, Error> {
    Ok(run.read_model(model(recipe, false)?)?.0)
}

fn model(recipe: &Recipe, with_gradients: bool) -> Result<ForecastModel, NnError> {
    let mut rng = Stream::Weights.rng(recipe.train.seed);
    ForecastModel::new(&recipe.model, &mut rng, &device(with_gradients))
}
