//! One line of numbers in, the next number out.

use super::column::end_of_file;
use super::config::{DataConfig, Head, Recipe};
use super::covariates::Standard;
use super::data::{Dataset, check_values};
use super::example::Example;
use super::intervals::LEVEL;
use super::outlook::{Outlook, Sureness};
use super::panel::{Ends, Panel};
use super::streamed::Forecaster;
use crate::Error;
use crate::tasks::{PredictOptions, Prediction, Predictor};
use recurra_data::DataError;
use recurra_data::source::parse_numbers;
use recurra_nn::streaming::Precision;
use recurra_train::Run;
use recurra_train::baseline::ForecastRule;
use serde_json::json;
use std::path::Path;

/// More digits behind the point than this say nothing in 64-bit floats near 1.
const MAX_DECIMALS: usize = 15;

/// A trained model that continues series.
#[derive(Debug)]
pub struct Forecast {
    model: Forecaster,
    recipe: Recipe,
    rules: Vec<ForecastRule>,
    /// What the head says of how far off it may be.
    sureness: Option<Sureness>,
    /// How the known columns beside the series are measured.
    standards: Vec<Standard>,
}

pub(super) fn open(recipe: &Recipe, run: &Run, precision: Precision) -> Result<Forecast, Error> {
    let forecaster = Forecaster::open(recipe, run, precision)?;
    Ok(Forecast {
        standards: Dataset::standards(recipe, run)?,
        ..Forecast::new(recipe, forecaster)
    })
}

impl Forecast {
    pub(super) fn new(recipe: &Recipe, model: Forecaster) -> Self {
        Self {
            model,
            recipe: recipe.clone(),
            rules: recipe.rules(),
            sureness: Sureness::new(&recipe.model, LEVEL),
            standards: Vec::new(),
        }
    }

    /// Whether it reads columns beside the series, which a line has not.
    pub(super) fn reads_covariates(&self) -> bool {
        self.recipe.num_covariates() != [0, 0]
    }

    /// What should be known about a window before its forecast is believed.
    fn notices(&self, given: usize, window: &[f64]) -> Vec<String> {
        let [least, most] = self.recipe.window_len();
        let mut notices = Vec::new();
        if given > most {
            notices.push(format!(
                "{given} values were given; the last {most} are used, the longest window of \
                 this model"
            ));
        }
        if given < least {
            notices.push(format!(
                "{given} values were given; this model was trained on windows of {least} and \
                 more"
            ));
        }
        let says_changes = self.recipe.model.head != (Head::NegativeBinomial {});
        if says_changes && window.iter().all(|value| *value == window[0]) {
            notices.push("all values are the same, so the forecast is the same too".to_owned());
        }
        notices
    }
}

impl Predictor for Forecast {
    fn predict(&self, input: &str, line: usize, _: PredictOptions) -> Result<Prediction, Error> {
        let refused = |message: String| Error::Input { line, message };
        if self.reads_covariates() {
            let message = "this run reads several columns, and a line has one; `--table FILE` \
                           says what follows the rows of a file";
            return Err(refused(message.to_owned()));
        }
        let values = parse_numbers(input, Path::new("input"), line).map_err(|error| {
            refused(match error {
                DataError::NotANumber { column, got, .. } => {
                    format!("number {column}: expected a finite number, got {got}")
                }
                other => other.to_string(),
            })
        })?;
        if values.len() < 2 {
            return Err(refused(format!(
                "expected at least 2 numbers, as in `1, 2, 3`, got {}",
                values.len()
            )));
        }
        let read_at_once = self.recipe.model.ar_len.map_or(0, |ar_len| ar_len + 1);
        if values.len() < read_at_once {
            return Err(refused(format!(
                "expected at least {read_at_once} numbers, as `model.ar_len` reads the last {} \
                 changes at once, got {}",
                read_at_once - 1,
                values.len()
            )));
        }
        let window = &values[values.len().saturating_sub(self.recipe.window_len()[1])..];
        let skipped = values.len() - window.len();
        let example = Example::open_ended(window, self.recipe.model.scale_by).map_err(|error| {
            refused(match error {
                DataError::Value {
                    index,
                    expected,
                    got,
                    ..
                } => {
                    let number = skipped + index + 1;
                    format!("number {number}: expected {expected}, got {got:e}")
                }
                other => other.to_string(),
            })
        })?;
        check_values(&self.recipe.model, [("a line".to_owned(), &values[..])])
            .map_err(|error| refused(error.to_string()))?;
        self.answer(&example, values.len(), decimals_of(input))
    }

    fn continue_table(&self, path: &Path) -> Result<Vec<(String, Prediction)>, Error> {
        let ends = match &self.recipe.data {
            DataConfig::Generated(_) => {
                let want = "a run on a column of a file";
                return Err(Error::config(
                    "--table",
                    want,
                    "one on series that are made up",
                ));
            }
            DataConfig::Column(data) => {
                let end = end_of_file(&self.recipe, data, path, &self.standards)?;
                Ends {
                    taken: vec![(String::new(), end)],
                    left_out: None,
                }
            }
            DataConfig::Panel(data) => {
                let panel = Panel::of_file(path.to_owned(), data)?;
                panel.open_ends(data, self.recipe.model.scale_by)?
            }
        };
        let Ends {
            taken,
            mut left_out,
        } = ends;
        let answers = taken.into_iter().map(|(name, end)| {
            let whose = format!("the end of {} {name}", path.display());
            check_values(
                &self.recipe.model,
                [(whose.trim_end().to_owned(), end.inputs())],
            )?;
            let values: Vec<String> = end.inputs().iter().map(f64::to_string).collect();
            let decimals = decimals_of(&values.join(" "));
            let mut answer = self.answer(&end, end.inputs().len(), decimals)?;
            answer.notices.extend(left_out.take());
            Ok((name, answer))
        });
        answers.collect()
    }
}

impl Forecast {
    /// What follows a window, of which `given` values were given, with so many decimals.
    fn answer(
        &self,
        example: &Example,
        given: usize,
        decimals: usize,
    ) -> Result<Prediction, Error> {
        let window = example.inputs();
        let said = self.model.outlooks(std::slice::from_ref(example))?;
        let said = said.into_iter().next().unwrap_or_default();
        let forecasts: Vec<f64> = said.iter().map(|said| said.value(example)).collect();
        let intervals: Option<Vec<[f64; 2]>> = self.sureness.as_ref().map(|sureness| {
            let around = said.iter().map(|said| sureness.interval(said, example));
            around.collect()
        });
        let forecast = forecasts[0];
        let text: Vec<String> = forecasts
            .iter()
            .map(|&value| written(value, decimals))
            .collect();
        let baselines: serde_json::Map<String, serde_json::Value> = self
            .rules
            .iter()
            .filter_map(|rule| Some((rule.name().to_owned(), json!(rule.predict(window)?))))
            .collect();
        let mut json = json!({
            "prediction": forecast,
            "change": forecast - example.last(),
            "values_used": window.len(),
            "baselines": baselines,
        });
        if self.recipe.horizon() > 1 {
            json["predictions"] = json!(forecasts);
        }
        if let Some(intervals) = intervals {
            json["intervals"] = json!(intervals);
        }
        if let Some(paths) = paths(&said) {
            json["paths"] = json!(paths);
        }
        Ok(Prediction {
            text: text.join(", "),
            json,
            notices: self.notices(given, window),
            ranked: Vec::new(),
            alignment: None,
        })
    }
}

/// Each path that was drawn, where there are several, step by step.
fn paths(said: &[Outlook]) -> Option<Vec<Vec<f64>>> {
    let drawn = said.iter().map(|said| match said {
        Outlook::Drawn(values) if values.len() > 1 => Some(values),
        _ => None,
    });
    let steps: Vec<&Vec<f64>> = drawn.collect::<Option<_>>()?;
    let count = steps.first()?.len();
    let path = |path: usize| steps.iter().map(|values| values[path]).collect();
    Some((0..count).map(path).collect())
}

/// Digits behind the point to answer with: two more than the most precise number has.
fn decimals_of(input: &str) -> usize {
    let numbers = input.split(|c: char| matches!(c, ',' | ';') || c.is_whitespace());
    let precision = numbers.map(|number| {
        let (digits, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let behind = digits.split_once('.').map_or(0, |(_, behind)| behind.len()) as i64;
        behind.saturating_sub(exponent.parse().unwrap_or(0)).max(0)
    });
    let most = precision.max().unwrap_or(0).unsigned_abs() as usize;
    most.saturating_add(2).min(MAX_DECIMALS)
}

fn written(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    // A zero has no sign.
    let is_zero = text.chars().all(|c| matches!(c, '-' | '0' | '.'));
    if is_zero {
        text.trim_start_matches('-').to_owned()
    } else {
        text
    }
}
