//! Fitting, and judging what came of it.

use super::column::{keep_column, windows_of_file};
use super::config::{DataConfig, ModelConfig, Recipe};
use super::data::{Dataset, Subject, check_values};
use super::example::Example;
use super::infer::Forecast;
use super::intervals::{Intervals, LEVEL, Spread};
use super::judge::{self, Yardstick};
use super::model::{ForecastModel, model};
use super::outlook::{Outlook, Sureness};
use super::panel::{Ends, Judgement, Panel};
use super::streamed::Forecaster;
use crate::Error;
use crate::quantize::{Steppers, write_weights};
use crate::tasks::{
    self, Evaluation, PredictOptions, Predictor, Sample, Trained, device, fit_and_ship, sampler,
    training_device,
};
use recurra_nn::streaming::Precision;
use recurra_nn::weights::values;
use recurra_nn::{Mode, NnError, Tensor};
use recurra_train::metric::{LOSS, MEAN_ABSOLUTE_ERROR, MEAN_SQUARED_ERROR, Metrics};
use recurra_train::{Checkpoint, Control, Learner, Run, TrainConfig};
use std::path::Path;

/// Validation windows in one forward pass.
const VALID_BATCH: usize = 256;

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
        let mut loss = 0.0;
        for examples in valid.chunks(VALID_BATCH) {
            let mean = model.loss(&examples.iter().collect::<Vec<_>>(), Mode::Eval)?;
            loss += f64::from(values(&mean)[0]) * examples.len() as f64;
        }
        let forecasts = model.forecast(valid)?;
        let (squared, absolute) = judge::errors(&forecasts, valid);
        // Squares of values near the largest number are no reason to stop.
        let finite = |value: f64| Some(value).filter(|value| value.is_finite());
        let mut metrics = Metrics::new();
        metrics.set(LOSS.name, finite(loss / valid.len() as f64));
        metrics.set(MEAN_SQUARED_ERROR.name, finite(squared));
        metrics.set(MEAN_ABSOLUTE_ERROR.name, finite(absolute));
        Ok(metrics)
    }
}

/// Puts the series into the run, so that it needs no other file and is continued on what it was
/// begun with; what was noticed about them.
fn keep_series(recipe: &Recipe, run: &Run) -> Result<Vec<String>, Error> {
    match &recipe.data {
        DataConfig::Generated(_) => Ok(Vec::new()),
        DataConfig::Column(data) => keep_column(data, recipe.train.seed, run),
        DataConfig::Panel(data) => {
            let panel = Panel::read(data)?;
            panel.keep(run)?;
            Ok(panel.dataset(data, recipe.model.scale_by)?.1)
        }
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
        for note in keep_series(recipe, run)? {
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
        let forecaster = Forecaster::Batch(Box::new(model));
        let evaluations = judged(recipe, &data, &forecaster)?.evaluations;
        let samples = samples(&Forecast::new(recipe, forecaster), &data)?;
        Ok((evaluations, samples))
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
        return Ok(judged(recipe, &Dataset::of_run(recipe, run)?, &model)?.evaluations);
    };
    if let DataConfig::Panel(data) = &recipe.data {
        let panel = Panel::of_file(path.to_owned(), data)?;
        check_values(&recipe.model, panel.series())?;
        let Ends {
            taken: ends,
            left_out,
        } = panel.ends(data, recipe.model.scale_by)?;
        let said = model.outlooks(&ends)?;
        let spread = Spreads::said(&recipe.model).over(&ends, &said)?;
        let judgement = Judgement::new(recipe, &ends, values_ahead(&ends, &said));
        let mut evaluation = judgement.evaluation(path.display().to_string(), spread)?;
        evaluation.notes.extend(left_out);
        return Ok(vec![evaluation]);
    }
    let standards = Dataset::standards(recipe, run)?;
    let (windows, note) = windows_of_file(recipe, path, &standards)?;
    let series = (windows.last()).map(|window| (path.display().to_string(), window.series()));
    check_values(&recipe.model, series)?;
    let said = model.outlooks(&windows)?;
    let yardstick = Yardstick::of_rules(&recipe.rules());
    let mut evaluations = Vec::new();
    for ahead in judged_steps(recipe.horizon()) {
        let Ahead {
            examples,
            forecasts,
            ..
        } = Ahead::new(&windows, &said, ahead);
        let split = title(&path.display().to_string(), ahead);
        evaluations.push(judge::evaluation(split, &forecasts, &examples, &yardstick)?);
    }
    if let Some(first) = evaluations.first_mut() {
        first.notes.extend(note);
    }
    Ok(evaluations)
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

/// Windows by the value that comes so many steps behind each, and what was said of it.
struct Ahead<'a> {
    examples: Vec<Example>,
    said: Vec<&'a Outlook>,
    /// The value itself, in the series' own numbers.
    forecasts: Vec<f64>,
}

impl<'a> Ahead<'a> {
    fn new(windows: &[Example], said: &'a [Vec<Outlook>], ahead: usize) -> Self {
        let examples: Vec<Example> = windows.iter().map(|one| one.at_step(ahead)).collect();
        let said: Vec<&Outlook> = said.iter().map(|steps| &steps[ahead - 1]).collect();
        let pairs = examples.iter().zip(&said);
        let forecasts = pairs.map(|(example, said)| said.value(example));
        Self {
            forecasts: forecasts.collect(),
            examples,
            said,
        }
    }
}

/// The steps ahead that are judged: the next, one in the middle, the last.
fn judged_steps(horizon: usize) -> Vec<usize> {
    let mut steps = vec![1, horizon.div_ceil(2), horizon];
    steps.dedup();
    steps
}

/// What forecasts so many steps ahead are called.
fn title(split: &str, ahead: usize) -> String {
    match ahead {
        1 => split.to_owned(),
        _ => format!("{split}, {ahead} steps ahead"),
    }
}

/// All values that were said, window by window, in the series' own numbers.
fn values_ahead(windows: &[Example], said: &[Vec<Outlook>]) -> Vec<Vec<f64>> {
    let pairs = windows.iter().zip(said);
    pairs
        .map(|(window, said)| said.iter().map(|said| said.value(window)).collect())
        .collect()
}

/// The judgement on the test windows, and what of it is drawn.
#[derive(Debug)]
pub(super) struct Judged<'a> {
    /// First all windows, then family by family, or by how far ahead.
    pub(super) evaluations: Vec<Evaluation>,
    /// Of the value that follows each window.
    pub(super) forecasts: Vec<f64>,
    /// Between which it is to be, where that is said.
    pub(super) intervals: Option<Vec<[f64; 2]>>,
    /// Of several series: all values ahead.
    pub(super) panel: Option<Judgement<'a>>,
}

/// Judges a model on the test windows; how far off it was on the validation part is what its
/// intervals are made of, unless its head says more than a value.
pub(super) fn judged<'a>(
    recipe: &Recipe,
    data: &'a Dataset,
    model: &Forecaster,
) -> Result<Judged<'a>, Error> {
    let said = model.outlooks(&data.test)?;
    let mut judged = Judged {
        evaluations: Vec::new(),
        forecasts: Ahead::new(&data.test, &said, 1).forecasts,
        intervals: None,
        panel: None,
    };
    let series = match &data.subject {
        Subject::Families => {
            let yardstick = Yardstick::of_rules(&recipe.rules());
            judged.evaluations = by_family(data, &judged.forecasts, &yardstick)?;
            return Ok(judged);
        }
        Subject::Panel => {
            let spread = Spreads::new(recipe, data, model)?.over(&data.test, &said)?;
            let judgement = Judgement::new(recipe, &data.test, values_ahead(&data.test, &said));
            judged.evaluations = vec![judgement.evaluation("test".to_owned(), spread)?];
            judged.panel = Some(judgement);
            return Ok(judged);
        }
        Subject::Series(series) => series,
    };
    let yardstick = Yardstick::of_series(recipe, &series.history)?;
    let spreads = Spreads::new(recipe, data, model)?;
    for ahead in judged_steps(recipe.horizon()) {
        let at = Ahead::new(&data.test, &said, ahead);
        let yardstick = yardstick.clone().with_spread(spreads.spread(&at, ahead)?);
        let split = title("test", ahead);
        let evaluation = judge::evaluation(split, &at.forecasts, &at.examples, &yardstick)?;
        judged.evaluations.push(evaluation);
        if ahead == 1 {
            judged.intervals = spreads.intervals(&at, ahead);
        }
    }
    Ok(judged)
}

/// How far off a forecast may be: as the head says, or as the validation part was.
struct Spreads<'a> {
    sureness: Option<Sureness>,
    valid: &'a [Example],
    /// What was said of them, where the head says a value alone.
    said: Vec<Vec<Outlook>>,
}

impl<'a> Spreads<'a> {
    fn new(recipe: &Recipe, data: &'a Dataset, model: &Forecaster) -> Result<Self, Error> {
        let sureness = Sureness::new(&recipe.model, LEVEL);
        let said = match sureness {
            Some(_) => Vec::new(),
            None => model.outlooks(&data.valid)?,
        };
        Ok(Self {
            sureness,
            valid: &data.valid,
            said,
        })
    }

    /// As the head of a model says alone.
    fn said(model: &ModelConfig) -> Self {
        Self {
            sureness: Sureness::new(model, LEVEL),
            valid: &[],
            said: Vec::new(),
        }
    }

    /// How the intervals of all values ahead did together.
    fn over(&self, windows: &[Example], said: &[Vec<Outlook>]) -> Result<Option<Spread>, Error> {
        let horizon = said.first().map_or(0, Vec::len);
        let steps = 1..=horizon;
        let spreads = steps.map(|ahead| self.spread(&Ahead::new(windows, said, ahead), ahead));
        Ok(Spread::mean(&spreads.collect::<Result<Vec<_>, Error>>()?))
    }

    /// How the intervals of the values so many steps ahead did.
    fn spread(&self, at: &Ahead<'_>, ahead: usize) -> Result<Option<Spread>, Error> {
        Ok(match (&self.sureness, self.errors(ahead)) {
            (Some(sureness), _) => Spread::of_said(sureness, &at.said, &at.examples)?,
            (None, Some(errors)) => errors.judge(&at.forecasts, &at.examples)?,
            (None, None) => None,
        })
    }

    /// Between which these values are to be.
    fn intervals(&self, at: &Ahead<'_>, ahead: usize) -> Option<Vec<[f64; 2]>> {
        if let Some(sureness) = &self.sureness {
            let pairs = at.said.iter().zip(&at.examples);
            let intervals = pairs.map(|(said, example)| sureness.interval(said, example));
            return Some(intervals.collect());
        }
        let errors = self.errors(ahead)?;
        let pairs = at.forecasts.iter().zip(&at.examples);
        let intervals = pairs.map(|(&value, example)| errors.around(value, example));
        Some(intervals.collect())
    }

    /// How far off what was said of the validation part was, so many steps ahead.
    fn errors(&self, ahead: usize) -> Option<Intervals> {
        if self.sureness.is_some() || self.said.is_empty() {
            return None;
        }
        let valid = Ahead::new(self.valid, &self.said, ahead);
        Intervals::new(&valid.forecasts, &valid.examples)
    }
}

/// The judgement on windows of made-up series: first all, then family by family.
fn by_family(
    data: &Dataset,
    forecasts: &[f64],
    yardstick: &Yardstick,
) -> Result<Vec<Evaluation>, Error> {
    let all = judge::evaluation("test".to_owned(), forecasts, &data.test, yardstick)?;
    let mut evaluations = vec![all];
    if data.names.len() > 1 {
        for (family, name) in data.names.iter().enumerate() {
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
    let lines = match &data.subject {
        // What stands beside a column is in no line.
        Subject::Series(_) if predictor.reads_covariates() => Vec::new(),
        Subject::Series(series) => {
            let values: Vec<String> = series.latest.iter().map(short).collect();
            vec![values.join(", ")]
        }
        Subject::Families => SAMPLE_LINES.map(str::to_owned).to_vec(),
        // They are drawn.
        Subject::Panel => Vec::new(),
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
