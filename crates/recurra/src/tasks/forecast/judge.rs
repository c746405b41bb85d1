//! How forecasts are judged: errors beside those of the baselines, and in plain words
//! whether the model is any use.

use super::example::Example;
use crate::report::chart::compact;
use crate::tasks::Evaluation;
use recurra_train::baseline::ForecastRule;
use recurra_train::metric::{
    MEAN_ABSOLUTE_ERROR, MEAN_SQUARED_ERROR, MeanAbsoluteError, MeanSquaredError, Metrics,
};

/// The metric `MSE / variance of the targets`: 1 is what knowing only their mean gives.
pub(super) const RELATIVE: &str = "mse_over_variance";
/// The metric `MSE / MSE of the last value`: below 1 the model is better than no change.
pub(super) const SKILL: &str = "mse_over_last_value";
/// The metric `correlation of the forecast changes with the true ones`.
pub(super) const CORRELATION: &str = "change_correlation";

/// Forecast changes this small beside the true ones are no forecast.
const COPY_SIZE: f64 = 0.1;
/// A correlation below this is none.
const COPY_CORRELATION: f64 = 0.1;
/// Fewer windows than this make no correlation.
const FEW: usize = 8;

/// Judges `forecasts` beside every rule that can say something to all windows.
pub(super) fn evaluation(
    split: String,
    forecasts: &[f64],
    examples: &[Example],
    rules: &[ForecastRule],
) -> Evaluation {
    let said = Said::new(forecasts, examples);
    let baselines: Vec<(ForecastRule, Said)> = rules
        .iter()
        .filter_map(|&rule| {
            let values = examples.iter().map(|e| rule.predict(e.inputs()));
            let values: Vec<f64> = values.collect::<Option<_>>()?;
            Some((rule, Said::new(&values, examples)))
        })
        .collect();
    let no_change = mean(examples.iter().map(|e| (e.target - e.last()).powi(2)));
    let metrics = |said: &Said| {
        let mut metrics = Metrics::new();
        metrics.set(MEAN_SQUARED_ERROR.name, said.mse);
        metrics.set(MEAN_ABSOLUTE_ERROR.name, said.mae);
        metrics.set(RELATIVE, ratio(said.mse, said.variance));
        metrics.set(SKILL, ratio(said.mse, no_change));
        metrics.set(CORRELATION, said.correlation);
        metrics
    };
    let mut notes = Vec::new();
    notes.extend(baseline_note(&said, &baselines));
    notes.extend(copy_note(&said));
    Evaluation {
        task: super::NAME,
        split,
        metrics: metrics(&said),
        baselines: baselines
            .iter()
            .map(|(rule, said)| (rule.name().to_owned(), metrics(said)))
            .collect(),
        notes,
    }
}

/// What is known about some forecasts.
struct Said {
    count: usize,
    mse: f64,
    mae: f64,
    /// Of the targets.
    variance: f64,
    /// Of the forecast changes with the true ones; nothing when either never varies.
    correlation: Option<f64>,
    /// Root mean square of the forecast changes over that of the true ones.
    change_size: Option<f64>,
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
        let square = |values: &[f64]| mean(values.iter().map(|value| value * value));
        Self {
            count: examples.len(),
            mse,
            mae,
            variance: covariance(&targets, &targets),
            correlation: correlation(&said, &truth),
            change_size: ratio(square(&said), square(&truth)).map(f64::sqrt),
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
fn baseline_note(model: &Said, baselines: &[(ForecastRule, Said)]) -> Option<String> {
    let (best, said) = baselines
        .iter()
        .min_by(|a, b| a.1.mse.total_cmp(&b.1.mse))?;
    if said.mse > model.mse || model.mse == 0.0 {
        return None;
    }
    let name = best.name();
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
    Some(match best {
        ForecastRule::LastValue => format!(
            "`{name}` is better ({figures}): this model has learnt nothing useful on this data"
        ),
        _ => format!("`{name}` is better ({figures}): use it on data like this"),
    })
}

/// Whether the model only says again what it saw last.
fn copy_note(model: &Said) -> Option<String> {
    if let Some(size) = model.change_size.filter(|&size| size < COPY_SIZE) {
        return Some(format!(
            "the model repeats the last value: the changes it forecasts are {:.1} % of the \
             true ones in size",
            100.0 * size
        ));
    }
    let correlation = model
        .correlation
        .filter(|&correlation| model.count >= FEW && correlation < COPY_CORRELATION)?;
    Some(format!(
        "the changes that the model forecasts do not follow the true ones (correlation \
         {correlation:.2}); its curve looks right only because each forecast starts from the \
         last value"
    ))
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
