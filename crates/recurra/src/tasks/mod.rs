//! What Recurra is used for; one folder a task, the same files in each.
//!
//! | file | what it holds |
//! |---|---|
//! | `mod.rs` | the task's door: what of `Task` is done by which file |
//! | `config.rs` | the task's sections of a recipe |
//! | `data.rs` | from files to what the model is fitted on |
//! | `model.rs` | the network, its loss, its description |
//! | `fit.rs` | fitting, and judging beside baselines |
//! | `infer.rs` | one line in, one line out, for tasks that answer |
//! | `report.rs` | the page of a run |
//!
//! What only one task has stands beside these, under its own name; what all have is here:
//!
//! | file | what it holds |
//! |---|---|
//! | `task.rs` | `Task`: every verb as a method, and which file usually does it |
//! | `shipping.rs` | fitting, and putting the weights where `open` finds them |
//! | `kept.rs` | the judgement that training leaves in a run |
//! | `streamed.rs` | models that read one token at a time |
//! | `sections.rs` | the parts of a run's page |
//! | `evenly.rs` | some of many examples |

pub mod classify;
pub mod complete;
mod evenly;
pub mod forecast;
mod kept;
pub mod language;
pub mod memory;
pub mod music;
mod sections;
mod shipping;
mod streamed;
pub mod tag;
mod task;
pub mod translate;

use evenly::evenly;
pub(crate) use kept::{keep, kept};
pub(crate) use task::Task;
use task::by_usual_files;

pub(crate) use shipping::{
    device, fit_and_ship, fit_and_ship_with, interrupted, judged, sampler, training_device,
};

use crate::report::chart::compact;
use crate::report::html::{Metric, MetricTable, Page};
use crate::report::{AlignmentMap, short_name};
use recurra_train::Outcome;
use recurra_train::metric::{self, MetricInfo, Metrics};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Metrics of a model beside those of its baselines, on one part of the data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// The task's name.
    pub task: &'static str,
    /// Which data: `test`, `train`, or the file that was given.
    pub split: String,
    /// The model's.
    pub metrics: Metrics,
    /// Each baseline's, by its name.
    pub baselines: BTreeMap<String, Metrics>,
    /// What a reader should know about the figures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Evaluation {
    /// With a first note that says so where a baseline does no worse by `metric`.
    pub(crate) fn with_verdict(mut self, metric: MetricInfo) -> Self {
        let Some(own) = self.metrics.get(metric.name) else {
            return self;
        };
        let values = self.baselines.iter();
        let values = values.filter_map(|(name, one)| Some((name, one.get(metric.name)?)));
        let best = values.reduce(
            |best, one| match metric.better.improves(one.1, best.1, 0.0) {
                true => one,
                false => best,
            },
        );
        if let Some((name, value)) = best
            && !metric.better.improves(own, value, 0.0)
        {
            let note = format!(
                "the network is no better than the baseline, {name}: {} {} against {}",
                metric.title,
                compact(own),
                compact(value)
            );
            self.notes.insert(0, note);
        }
        self
    }

    /// All metrics of the model, each beside the baselines'.
    pub(crate) fn table(&self) -> MetricTable {
        let mut columns = vec!["network".to_owned()];
        columns.extend(self.baselines.keys().map(|name| short_name(name)));
        let row = |name: String| {
            let of = |metrics: &Metrics| metrics.get(&name);
            let mut values = vec![of(&self.metrics)];
            values.extend(self.baselines.values().map(of));
            let known = metric::find(&name);
            Metric {
                name: known.map_or_else(|| name.replace('_', " "), |known| known.title.to_owned()),
                better: known.map(|known| known.better),
                values,
            }
        };
        MetricTable {
            columns,
            metrics: self.metrics.names().into_iter().map(row).collect(),
        }
    }
}

/// What the model makes of one input.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sample {
    /// As a user would write it.
    pub input: String,
    /// As `recurra predict` prints it.
    pub output: String,
}

/// What training leaves besides the run directory.
#[derive(Debug, Clone)]
pub struct Trained {
    /// Why training ended.
    pub outcome: Outcome,
    /// Updates made, over all interruptions.
    pub updates: u64,
    /// On data that was not trained on, unless its `split` says otherwise; nothing when
    /// training was interrupted.
    pub evaluations: Vec<Evaluation>,
    /// A few predictions.
    pub samples: Vec<Sample>,
}

/// How a prediction is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PredictOptions {
    /// How many answers to give where a task ranks them.
    pub top_k: usize,
}

/// What a model says to one line.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The line that is printed.
    pub text: String,
    /// The same for a program.
    pub json: serde_json::Value,
    /// What a user should know about this input: unknown letters, for example.
    pub notices: Vec<String>,
    /// The texts that it chose among, best first, where a task ranks texts.
    pub ranked: Vec<RankedText>,
    /// What the best text looked at while it was written, where the model attends.
    pub alignment: Option<AlignmentMap>,
}

/// One of several answers.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedText {
    /// The answer.
    pub text: String,
    /// What it was ranked by; the higher, the better.
    pub score: f64,
}

/// A trained model that answers lines; made by [`crate::open`].
pub trait Predictor: Send + Sync + std::fmt::Debug {
    /// The answer to one line.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for a line that the model cannot take; `line` is its
    /// number, from 1.
    fn predict(
        &self,
        input: &str,
        line: usize,
        options: PredictOptions,
    ) -> Result<Prediction, crate::Error>;

    /// What follows the last rows of a table, series by series with its name; one without a name
    /// where the table has one.
    ///
    /// # Errors
    /// [`crate::Error::Config`] for a run that goes on with no table, and whatever is wrong with the
    /// table.
    fn continue_table(&self, _: &Path) -> Result<Vec<(String, Prediction)>, crate::Error> {
        let want = "a run of the task `forecast`, which goes on with tables";
        Err(crate::Error::config("--table", want, "one of another task"))
    }
}

/// The charts and the page of a finished run.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// `report.html`.
    pub page: Page,
    /// `plots/<name>.svg`.
    pub plots: Vec<(String, crate::report::Svg)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use recurra_train::metric::{ACCURACY, Better, LOSS};

    #[test]
    fn a_baseline_that_is_no_worse_is_named_first() {
        let metrics = |accuracy: f64, loss: f64| {
            let mut metrics = Metrics::new();
            metrics.set(ACCURACY.name, accuracy);
            metrics.set(LOSS.name, loss);
            metrics
        };
        let judged = || Evaluation {
            task: "test",
            split: "test".to_owned(),
            metrics: metrics(0.8, 0.5),
            baselines: BTreeMap::from([
                ("a".to_owned(), metrics(0.8, 0.6)),
                ("b".to_owned(), metrics(0.7, 0.9)),
            ]),
            notes: vec!["of ten".to_owned()],
        };
        let notes = judged().with_verdict(ACCURACY).notes;
        assert!(
            notes[0].contains("baseline, a: accuracy 0.8 against 0.8"),
            "{notes:?}"
        );
        assert_eq!(notes[1], "of ten");
        assert_eq!(judged().with_verdict(LOSS).notes, ["of ten"]);
    }

    #[test]
    fn of_a_metric_that_is_not_registered_nobody_knows_which_way_is_better() {
        let judged = Evaluation {
            task: "test",
            split: "test".to_owned(),
            metrics: [("accuracy", 0.5), ("luck", 0.5)].into_iter().collect(),
            baselines: BTreeMap::new(),
            notes: Vec::new(),
        };
        let better: Vec<_> = judged
            .table()
            .metrics
            .iter()
            .map(|one| one.better)
            .collect();
        assert_eq!(better, [Some(Better::Higher), None]);
    }
}
