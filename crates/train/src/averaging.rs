//! An average of the weights over the updates, to evaluate and ship instead of the last.

use crate::TrainError;
use crate::history::Evaluation;
use crate::metric;
use crate::schedule::known_metric;
use burn::module::Module;
use recurra_nn::weights::{self, NamedTensor};
use serde::{Deserialize, Serialize};

/// `[train.averaging]`: none unless asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase", deny_unknown_fields)]
pub enum AveragingConfig {
    /// The last weights count.
    None {},
    /// `a ← decay·a + (1 − decay)·w` after every update; the first `a` is the first `w`.
    Ema {
        /// Share of the old average that is kept, such as 0.999.
        decay: f64,
    },
    /// The plain mean of the weights after update `start` and every later one.
    Mean {
        /// The first update that counts. Default 1.
        #[serde(default = "first_update")]
        start: u64,
    },
    /// The plain mean of the weights of every update after an evaluation whose metric was worse
    /// than the best of all but the `patience` evaluations before it: averaging begins when
    /// training has come as far as it will without.
    ///
    /// # Source
    /// Merity, Keskar and Socher 2018, "Regularizing and optimizing LSTM language models",
    /// algorithm 1 (NT-ASGD), where the update is plain SGD.
    Triggered {
        /// The metric that is watched.
        metric: String,
        /// Evaluations that are not looked at. Default 5.
        #[serde(default = "five")]
        patience: usize,
    },
}

fn five() -> usize {
    5
}

fn first_update() -> u64 {
    1
}

impl Default for AveragingConfig {
    fn default() -> Self {
        Self::None {}
    }
}

impl AveragingConfig {
    /// Checks every option.
    ///
    /// # Errors
    /// [`TrainError::Config`] naming the first option that is out of range.
    pub fn validate(&self) -> Result<(), TrainError> {
        match self {
            Self::Ema { decay } if !(0.0..1.0).contains(decay) => Err(TrainError::config(
                "train.averaging.decay",
                "a number of at least 0 and below 1",
                decay,
            )),
            Self::Triggered { metric, .. } => known_metric("train.averaging.metric", metric),
            Self::Mean { start: 0 } => Err(TrainError::config(
                "train.averaging.start",
                "an update, counted from 1",
                0,
            )),
            _ => Ok(()),
        }
    }
}

/// Averaging at work.
///
/// # Source
/// Polyak and Juditsky 1992 (mean); the exponential form as in PyTorch's `AveragedModel`.
#[derive(Debug, Clone, PartialEq)]
pub struct Averaging {
    config: AveragingConfig,
    average: Option<Vec<NamedTensor>>,
    count: u64,
    triggered: bool,
}

impl Averaging {
    /// Before the first update, from checked options.
    pub fn new(config: AveragingConfig) -> Self {
        Self {
            config,
            average: None,
            count: 0,
            triggered: false,
        }
    }

    /// Goes on with an average over `count` updates.
    pub(crate) fn restore(&mut self, average: Option<Vec<NamedTensor>>, count: u64) {
        self.average = average;
        self.count = count;
    }

    /// The average so far, if there is one.
    pub fn average(&self) -> Option<&[NamedTensor]> {
        self.average.as_deref()
    }

    /// How many updates went into it.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Looks at all evaluations so far, for averaging that they trigger.
    pub fn observe(&mut self, history: &[Evaluation]) {
        let AveragingConfig::Triggered { metric, patience } = &self.config else {
            return;
        };
        let Some(info) = metric::find(metric) else {
            return;
        };
        let values: Vec<f64> = history
            .iter()
            .filter_map(|evaluation| evaluation.metrics.get(metric))
            .collect();
        // Of each evaluation, so that the answer is the same after resuming.
        self.triggered = values.iter().enumerate().any(|(index, &value)| {
            let before = &values[..index.saturating_sub(*patience)];
            let better = |&earlier: &f64| info.better.improves(earlier, value, 0.0);
            before.iter().any(better)
        });
    }

    /// Takes in the weights after this update; updates count from 1.
    pub fn add<M: Module>(&mut self, update: u64, model: &M) {
        match self.config {
            AveragingConfig::None {} => return,
            AveragingConfig::Mean { start } if update < start => return,
            AveragingConfig::Triggered { .. } if !self.triggered => return,
            AveragingConfig::Ema { .. }
            | AveragingConfig::Mean { .. }
            | AveragingConfig::Triggered { .. } => {}
        }
        self.count += 1;
        let now = weights::export(model);
        let Some(average) = &mut self.average else {
            self.average = Some(now);
            return;
        };
        let share = match self.config {
            AveragingConfig::Ema { decay } => 1.0 - decay,
            _ => 1.0 / self.count as f64,
        };
        for (old, new) in average.iter_mut().zip(now) {
            for (a, w) in old.values.iter_mut().zip(new.values) {
                let (before, weight) = (f64::from(*a), f64::from(w));
                *a = (before + share * (weight - before)) as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::Param;
    use burn::tensor::{Device, Tensor};

    #[derive(Module, Debug)]
    struct Number {
        value: Param<Tensor<1>>,
    }

    fn average(config: AveragingConfig, values: &[f32]) -> Option<f32> {
        config.validate().unwrap();
        let mut averaging = Averaging::new(config);
        for (update, value) in (1..).zip(values) {
            let tensor = Tensor::from_data([*value], &Device::flex());
            let value = Param::from_tensor(tensor);
            averaging.add(update, &Number { value });
        }
        averaging.average().map(|tensors| tensors[0].values[0])
    }

    #[test]
    fn the_mean_counts_from_its_start() {
        let mean = |start| average(AveragingConfig::Mean { start }, &[9.0, 1.0, 2.0, 6.0]);
        assert_eq!(mean(2), Some(3.0));
        assert_eq!(mean(4), Some(6.0));
        assert_eq!(mean(5), None);
    }

    #[test]
    fn the_exponential_average_starts_at_the_first_weights() {
        let ema = |values: &[f32]| average(AveragingConfig::Ema { decay: 0.75 }, values);
        assert_eq!(ema(&[8.0]), Some(8.0));
        // 0.75 * 8 + 0.25 * 4 = 7, then 0.75 * 7 + 0.25 * 3 = 6
        assert_eq!(ema(&[8.0, 4.0, 3.0]), Some(6.0));
    }

    #[test]
    fn averaging_is_triggered_by_a_metric_that_no_longer_falls() {
        let config = AveragingConfig::Triggered {
            metric: "loss".to_owned(),
            patience: 2,
        };
        let mut averaging = Averaging::new(config);
        let mut history = Vec::new();
        let mut begun = Vec::new();
        // 3.1 is worse than 3.0, but that is one of the last two; 3.05 is worse than 3.0.
        for loss in [5.0, 3.0, 3.1, 3.2, 3.05, 1.0] {
            history.push(Evaluation {
                update: 1,
                epoch: 1,
                train_loss: loss,
                gradient_norm: 1.0,
                learning_rate: 1.0,
                metrics: [("loss", loss)].into_iter().collect(),
            });
            averaging.observe(&history);
            begun.push(averaging.triggered);
        }
        assert_eq!(begun, [false, false, false, false, true, true]);
    }

    #[test]
    fn without_averaging_there_is_none() {
        assert_eq!(average(AveragingConfig::None {}, &[1.0, 2.0]), None);
    }
}
