//! Fitting, and judging what came of it.

use super::column::{keep_column, windows_of_file};
use super::config::Recipe;
use super::data::Dataset;
use super::example::Example;
use super::infer::Forecast;
use super::intervals::Intervals;
use super::judge::{self, Yardstick};
use super::model::{ForecastModel, model};
use super::streamed::Forecaster;
use crate::Error;
use crate::quantize::{Steppers, write_weights};
use crate::tasks::{
    self, Evaluation, PredictOptions, Predictor, Sample, Trained, device, fit_and_ship, sampler,
    training_device,
};
use recurra_nn::streaming::Precision;
use recurra_nn::{Mode, NnError, Tensor};
use recurra_train::metric::{
    LOSS, MEAN_ABSOLUTE_ERROR, MEAN_SQUARED_ERROR, MeanSquaredError, Metrics,
};
use recurra_train::{Checkpoint, Control, Learner, Run, TrainConfig};
use std::path::Path;

/// Lines that a model of made-up series is tried on.
const SAMPLE_LINES: [&str; 4] = [
    "0.1, 0.2, 0.3",
    "1, 2, 3, 4, 5",
    "10, 20, 30, 40",
    "1000, 990, 980, 970",
];

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
        let sampler = sampler(&lengths, self.train)
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
        let scaled: Vec<f64> = valid.iter().map(Example::scaled_target).collect();
        let mut loss = MeanSquaredError::default();
        loss.add(&changes, &scaled)
            .expect("there is one change for each window");
        let pairs = valid.iter().zip(&changes);
        let forecasts: Vec<f64> = pairs.map(|(e, &change)| e.forecast(change)).collect();
        let (squared, absolute) = judge::errors(&forecasts, valid);
        // Squares of values near the largest number are no reason to stop.
        let finite = |value: f64| Some(value).filter(|value| value.is_finite());
        let mut metrics = Metrics::new();
        metrics.set(LOSS.name, loss.value());
        metrics.set(MEAN_SQUARED_ERROR.name, finite(squared));
        metrics.set(MEAN_ABSOLUTE_ERROR.name, finite(absolute));
        Ok(metrics)
    }
}

/// Finds what is wrong with data or network before anything is written.
pub(crate) fn check_data(recipe: &Recipe) -> Result<(), Error> {
    Dataset::read(recipe)?;
    model(recipe, &device())?;
    Ok(())
}

pub(crate) fn train(recipe: &Recipe, run: &Run, control: &Control) -> Result<Trained, Error> {
    if Checkpoint::newest(run)?.is_none() {
        for note in keep_column(recipe, run)? {
            control.progress.note(&note);
        }
    }
    let data = Dataset::of_run(recipe, run)?;
    let learner = Windows {
        data: &data,
        train: &recipe.train,
    };
    let model = model(recipe, &training_device())?;
    let fitted = fit_and_ship(&learner, model, &recipe.train, run, control)?;
    tasks::judged(fitted, |model| {
        let forecaster = Forecaster::Batch(Box::new(model.clone()));
        let yardstick = yardstick(recipe, &data, &forecaster)?;
        let evaluations = judged(&data, &model.forecast(&data.test)?, &yardstick)?;
        Ok((
            evaluations,
            samples(
                &Forecast::new(recipe, Forecaster::Batch(Box::new(model))),
                &data,
            )?,
        ))
    })
}

pub(crate) fn evaluate(
    recipe: &Recipe,
    run: &Run,
    data: Option<&Path>,
    precision: Precision,
) -> Result<Vec<Evaluation>, Error> {
    let model = Forecaster::open(recipe, run, precision)?;
    let Some(path) = data else {
        let data = Dataset::of_run(recipe, run)?;
        let yardstick = yardstick(recipe, &data, &model)?;
        return judged(&data, &model.forecast(&data.test)?, &yardstick);
    };
    let (examples, note) = windows_of_file(recipe, path)?;
    let forecasts = model.forecast(&examples)?;
    let mut evaluation = judge::evaluation(
        path.display().to_string(),
        &forecasts,
        &examples,
        &Yardstick::of_rules(&recipe.rules()),
    )?;
    evaluation.notes.extend(note);
    Ok(vec![evaluation])
}

/// Writes the weights in `precision`; the network in f32, and in what was written.
pub(crate) fn quantize(
    recipe: &Recipe,
    run: &Run,
    precision: Precision,
) -> Result<Steppers, Error> {
    let model = trained(recipe, run)?;
    write_weights(run, &model, precision, |precision| {
        model.streamer(precision)
    })
}

/// What the test is measured with: of a column also its past, and how far off the model was on
/// the validation part.
pub(super) fn yardstick(
    recipe: &Recipe,
    data: &Dataset,
    model: &Forecaster,
) -> Result<Yardstick, Error> {
    if data.history.is_empty() {
        return Ok(Yardstick::of_rules(&recipe.rules()));
    }
    let intervals = Intervals::new(&model.forecast(&data.valid)?, &data.valid);
    Ok(Yardstick::of_series(recipe, &data.history, intervals)?)
}

/// The judgement on the forecasts of the test windows: first all, then family by family.
pub(super) fn judged(
    data: &Dataset,
    forecasts: &[f64],
    yardstick: &Yardstick,
) -> Result<Vec<Evaluation>, Error> {
    let all = judge::evaluation("test".to_owned(), forecasts, &data.test, yardstick)?;
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
                let one = judge::evaluation(split, &forecasts, &examples, yardstick)?;
                evaluations.push(one);
            }
        }
    }
    Ok(evaluations)
}

/// What the model says after the end of a column, or to a few lines that anyone can check.
pub(super) fn samples(predictor: &Forecast, data: &Dataset) -> Result<Vec<Sample>, Error> {
    let lines = match &data.latest {
        Some(latest) => {
            let values: Vec<String> = latest.iter().map(short).collect();
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

/// Six digits of a number, as many as a reader wants to see or to type.
fn short(value: &f64) -> String {
    let rounded: f64 = format!("{value:.5e}").parse().unwrap_or(*value);
    rounded.to_string()
}

pub(super) fn trained(recipe: &Recipe, run: &Run) -> Result<ForecastModel, Error> {
    Ok(run.read_model(model(recipe, &device())?)?.0)
}
