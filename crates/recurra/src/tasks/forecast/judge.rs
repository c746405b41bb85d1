//! How forecasts are judged: errors beside those of the baselines, and in plain words
//! whether the model is any use.

use super::config::Recipe;
use super::example::Example;
use super::intervals::Spread;
use super::verdict::{Verdict, copy_note};
use crate::report::chart::compact;
use crate::tasks::Evaluation;
use recurra_train::TrainError;
use recurra_train::baseline::{ArOrder, ForecastRule, LinearAr};
use recurra_train::metric::{
    CRPS, Directions, MASE, MEAN_ABSOLUTE_ERROR, MEAN_SQUARED_ERROR, MeanAbsoluteError,
    MeanSquaredError, Metrics, NEGATIVE_LOG_LIKELIHOOD, RMSE, SMAPE, mase, rmse, smape,
};

/// The name of the first baseline, as [`ForecastRule`] gives it.
const LAST_VALUE: &str = "last value";

/// The metric `MSE / variance of the targets`: 1 is what knowing only their mean gives.
pub(super) const RELATIVE: &str = "mse_over_variance";
/// The metric `MSE / MSE of the last value`: below 1 the model is better than no change.
pub(super) const SKILL: &str = "mse_over_last_value";
/// The metric `correlation of the forecast changes with the true ones`.
pub(super) const CORRELATION: &str = "change_correlation";

/// The share of true values in the intervals, and the name of the score of the whole spread.
pub(super) const COVERAGE: &str = "interval_coverage";
/// The share of changes whose direction was right.
pub(super) const DIRECTION: &str = "direction_right";
/// The baseline that is fitted: a linear autoregression.
pub(super) const LINEAR_AR: &str = "linear AR";

/// Most lags of the linear autoregression.
const MAX_LAGS: usize = 24;

/// The values behind a window, so many of them.
type Continuation<'a> = dyn Fn(&[f64], usize) -> Option<Vec<f64>> + 'a;

/// What forecasts are measured against and with.
#[derive(Debug, Clone, Default)]
pub(super) struct Yardstick {
    rules: Vec<ForecastRule>,
    /// Fitted to what training saw.
    linear_ar: Option<LinearAr>,
    /// What training saw of a series; empty for windows of many.
    history: Vec<f64>,
    season_len: usize,
    /// How the intervals of what is judged did.
    spread: Option<Spread>,
}

impl Yardstick {
    /// The rules alone, for windows that are not of one series.
    pub(super) fn of_rules(rules: &[ForecastRule]) -> Self {
        Self {
            rules: rules.to_vec(),
            ..Self::default()
        }
    }

    /// For a series of which training saw `history`.
    pub(super) fn of_series(recipe: &Recipe, history: &[f64]) -> Result<Self, TrainError> {
        let season_len = recipe.season_len().unwrap_or(1);
        let lags = recipe.window_len()[1].min(MAX_LAGS).min(history.len() / 4);
        let linear_ar = match history.len() {
            0 => None,
            _ => Some(LinearAr::fit(&[history], ArOrder::Aic(lags))?),
        };
        Ok(Self {
            rules: recipe.rules(),
            linear_ar,
            history: history.to_vec(),
            season_len,
            spread: None,
        })
    }

    /// The same for forecasts whose intervals did so.
    pub(super) fn with_spread(mut self, spread: Option<Spread>) -> Self {
        self.spread = spread;
        self
    }

    /// What each baseline that can say something to all windows says.
    fn baselines(&self, examples: &[Example]) -> Vec<(&'static str, Vec<f64>)> {
        let by = |name: &'static str, forecast: &Continuation<'_>| {
            let values = examples.iter().map(|example| {
                let said = forecast(example.inputs(), example.ahead)?;
                said.last().copied()
            });
            Some((name, values.collect::<Option<Vec<f64>>>()?))
        };
        let mut said: Vec<_> = self
            .rules
            .iter()
            .filter_map(|rule| by(rule.name(), &|window, steps| rule.forecast(window, steps)))
            .collect();
        if let Some(linear_ar) = &self.linear_ar {
            said.extend(by(LINEAR_AR, &|window, steps| {
                linear_ar.forecast(window, steps)
            }));
        }
        said
    }

    fn metrics(&self, said: &Said, forecasts: &[f64], examples: &[Example]) -> Metrics {
        let targets: Vec<f64> = examples.iter().map(|e| e.target).collect();
        let last: Vec<f64> = examples.iter().map(Example::last).collect();
        let no_change = mean(examples.iter().map(|e| (e.target - e.last()).powi(2)));
        let mut metrics = Metrics::new();
        let relative = ratio(said.mse, said.variance);
        let skill = ratio(said.mse, no_change);
        if self.history.is_empty() {
            metrics.set(MEAN_SQUARED_ERROR.name, said.mse);
            metrics.set(MEAN_ABSOLUTE_ERROR.name, said.mae);
            metrics.set(RELATIVE, relative);
            metrics.set(SKILL, skill);
            metrics.set(CORRELATION, said.correlation);
            return metrics;
        }
        metrics.set(RMSE.name, rmse(forecasts, &targets).unwrap_or(None));
        metrics.set(MEAN_ABSOLUTE_ERROR.name, said.mae);
        metrics.set(RELATIVE, relative);
        metrics.set(SKILL, skill);
        let scaled = mase(forecasts, &targets, &self.history, self.season_len);
        metrics.set(MASE.name, scaled.unwrap_or(None));
        metrics.set(SMAPE.name, smape(forecasts, &targets).unwrap_or(None));
        let directions = Directions::new(forecasts, &targets, &last).ok();
        metrics.set(DIRECTION, directions.and_then(|found| found.right.share()));
        metrics
    }
}

/// Judges `forecasts` beside every baseline.
pub(super) fn evaluation(
    split: String,
    forecasts: &[f64],
    examples: &[Example],
    yardstick: &Yardstick,
) -> Result<Evaluation, TrainError> {
    let said = Said::new(forecasts, examples);
    let baselines: Vec<(&str, Said, Vec<f64>)> = yardstick
        .baselines(examples)
        .into_iter()
        .map(|(name, values)| (name, Said::new(&values, examples), values))
        .collect();
    let targets: Vec<f64> = examples.iter().map(|e| e.target).collect();
    let last: Vec<f64> = examples.iter().map(Example::last).collect();
    let is_one_series = !yardstick.history.is_empty();
    let ahead = examples.first().map_or(1, |example| example.ahead);
    let mut notes = Vec::new();
    let mut metrics = yardstick.metrics(&said, forecasts, examples);
    if is_one_series {
        notes.push(Verdict::new(forecasts, &targets, &last, ahead)?.sentence);
        if let Some(spread) = &yardstick.spread {
            metrics.set(COVERAGE, spread.inside.share());
            metrics.set(CRPS.name, spread.crps);
            metrics.set(NEGATIVE_LOG_LIKELIHOOD.name, spread.nats);
            notes.extend(spread.note());
        }
    }
    notes.extend(baseline_note(&said, &baselines));
    // Changes over several steps overlap, and say less than their number.
    if ahead == 1 {
        notes.extend(copy_note(forecasts, &targets, &last)?);
    }
    if is_one_series && ahead == 1 {
        notes.extend(direction_note(forecasts, &targets, &last)?);
    }
    Ok(Evaluation {
        task: super::NAME,
        split,
        metrics,
        baselines: baselines
            .iter()
            .map(|(name, said, values)| {
                let metrics = yardstick.metrics(said, values, examples);
                ((*name).to_owned(), metrics)
            })
            .collect(),
        notes,
    })
}

/// How often the direction was right, and how often by luck it might have been.
fn direction_note(
    forecasts: &[f64],
    targets: &[f64],
    last: &[f64],
) -> Result<Option<String>, TrainError> {
    let right = Directions::new(forecasts, targets, last)?.right;
    let [low, high] = right.interval();
    Ok(right.share().map(|share| {
        let luck = match low > 0.5 {
            true => "",
            false => ", no better than a coin",
        };
        format!(
            "the direction of the next change was right {:.1} % of {} times (95 % confidence: \
             {:.1} % to {:.1} %){luck}",
            100.0 * share,
            right.count,
            100.0 * low,
            100.0 * high
        )
    }))
}

/// What is known about some forecasts.
struct Said {
    mse: f64,
    mae: f64,
    /// Of the targets.
    variance: f64,
    /// Of the forecast changes with the true ones; nothing when either never varies.
    correlation: Option<f64>,
}

impl Said {
    fn new(forecasts: &[f64], examples: &[Example]) -> Self {
        let pairs = || forecasts.iter().zip(examples);
        let (mse, mae) = errors(forecasts, examples);
        let changes: Vec<(f64, f64)> = pairs()
            .map(|(said, e)| (said - e.last(), e.target - e.last()))
            .collect();
        let (said, truth): (Vec<f64>, Vec<f64>) = changes.iter().copied().unzip();
        let targets: Vec<f64> = examples.iter().map(|e| e.target).collect();
        Self {
            mse,
            mae,
            variance: covariance(&targets, &targets),
            correlation: correlation(&said, &truth),
        }
    }
}

/// Mean squared and mean absolute error of one forecast for each example.
pub(super) fn errors(forecasts: &[f64], examples: &[Example]) -> (f64, f64) {
    let targets: Vec<f64> = examples.iter().map(|e| e.target).collect();
    let (mut squared, mut absolute) = (MeanSquaredError::default(), MeanAbsoluteError::default());
    squared
        .add(forecasts, &targets)
        .and_then(|()| absolute.add(forecasts, &targets))
        .expect("there is one forecast for each example");
    let figure = |value: Option<f64>| value.unwrap_or(f64::NAN);
    (figure(squared.value()), figure(absolute.value()))
}

/// Whether something simpler does as well.
fn baseline_note(model: &Said, baselines: &[(&str, Said, Vec<f64>)]) -> Option<String> {
    let (name, said, _) = baselines
        .iter()
        .min_by(|a, b| a.1.mse.total_cmp(&b.1.mse))?;
    if said.mse > model.mse || model.mse == 0.0 {
        return None;
    }
    if said.mse <= 1e-12 * said.variance {
        let off = match ratio(model.mse, model.variance) {
            Some(off) => format!("{} of the variance", compact(off)),
            None => compact(model.mse),
        };
        return Some(format!(
            "`{name}` is exact on this data; the model's MSE is {off}"
        ));
    }
    let figures = format!("MSE {} against {}", compact(said.mse), compact(model.mse));
    Some(match *name {
        LAST_VALUE => format!(
            "`{name}` is better ({figures}): this model has learnt nothing useful on this data"
        ),
        _ => format!("`{name}` is better ({figures}): use it on data like this"),
    })
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0usize);
    for value in values {
        sum += value;
        count += 1;
    }
    sum / count.max(1) as f64
}

fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let (mean_a, mean_b) = (mean(a.iter().copied()), mean(b.iter().copied()));
    mean(a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b)))
}

fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let spread = (covariance(a, a) * covariance(b, b)).sqrt();
    ratio(covariance(a, b), spread)
}

/// A quotient that is a number.
fn ratio(value: f64, by: f64) -> Option<f64> {
    Some(value / by).filter(|ratio| by > 0.0 && ratio.is_finite())
}
