//! When further training no longer helps.

use crate::TrainError;
use crate::metric::{self, Metrics};
use crate::schedule::{at_least_one, known_metric, reported};
use serde::{Deserialize, Serialize};

/// `[train.early_stopping]`: stop when a metric no longer improves, and keep the weights
/// of its best evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyStoppingConfig {
    /// The metric that is watched.
    pub metric: String,
    /// Stop at this many evaluations in a row without improvement.
    pub patience: u64,
    /// A smaller change is no improvement. Default 0.
    #[serde(default)]
    pub min_delta: f64,
}

impl EarlyStoppingConfig {
    /// Checks every option.
    ///
    /// # Errors
    /// [`TrainError::Config`] naming the first option that is out of range.
    pub fn validate(&self) -> Result<(), TrainError> {
        known_metric("train.early_stopping.metric", &self.metric)?;
        at_least_one("train.early_stopping.patience", self.patience)?;
        if self.min_delta.is_finite() && self.min_delta >= 0.0 {
            return Ok(());
        }
        Err(TrainError::config(
            "train.early_stopping.min_delta",
            "a number of at least 0",
            self.min_delta,
        ))
    }
}

/// The best evaluation so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The update after which it was measured.
    pub update: u64,
    /// The watched metric's value.
    pub value: f64,
}

/// What early stopping remembers between evaluations.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EarlyStoppingState {
    /// Evaluations since the best one.
    pub waited: u64,
    /// The best one.
    pub best: Option<Best>,
}

/// Early stopping at work.
///
/// # Example
/// ```
/// use recurra_train::{EarlyStopping, EarlyStoppingConfig};
/// let config = EarlyStoppingConfig { metric: "accuracy".into(), patience: 2, min_delta: 0.0 };
/// let mut stopping = EarlyStopping::new(config);
/// for (update, accuracy) in [(10, 0.5), (20, 0.7), (30, 0.6), (40, 0.7)] {
///     stopping.observe(update, &[("accuracy", accuracy)].into_iter().collect())?;
/// }
/// assert!(stopping.should_stop());
/// assert_eq!(stopping.state.best.unwrap().update, 20);
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct EarlyStopping {
    config: EarlyStoppingConfig,
    /// Goes into checkpoints.
    pub state: EarlyStoppingState,
}

impl EarlyStopping {
    /// Before the first evaluation, from checked options.
    pub fn new(config: EarlyStoppingConfig) -> Self {
        Self {
            config,
            state: EarlyStoppingState::default(),
        }
    }

    /// Takes the metrics of an evaluation; tells whether they are the best so far.
    ///
    /// # Errors
    /// [`TrainError::UnreportedMetric`] when the watched metric is not among them.
    pub fn observe(&mut self, update: u64, metrics: &Metrics) -> Result<bool, TrainError> {
        let name = &self.config.metric;
        let value = reported("train.early_stopping.metric", name, metrics)?;
        let improved = match (self.state.best, metric::find(name)) {
            (Some(best), Some(info)) => {
                info.better
                    .improves(value, best.value, self.config.min_delta)
            }
            _ => true,
        };
        if improved {
            self.state = EarlyStoppingState {
                waited: 0,
                best: Some(Best { update, value }),
            };
        } else {
            self.state.waited += 1;
        }
        Ok(improved)
    }

    /// Whether patience has run out.
    pub fn should_stop(&self) -> bool {
        self.state.waited >= self.config.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observe_all(min_delta: f64, losses: &[f64]) -> EarlyStopping {
        let mut stopping = EarlyStopping::new(EarlyStoppingConfig {
            metric: "loss".into(),
            patience: 3,
            min_delta,
        });
        for (update, loss) in (1..).zip(losses) {
            let metrics = [("loss", *loss)].into_iter().collect();
            stopping.observe(update, &metrics).unwrap();
        }
        stopping
    }

    #[test]
    fn an_improvement_starts_the_wait_again() {
        let stopping = observe_all(0.0, &[5.0, 6.0, 6.0, 4.0, 4.5, 4.5]);
        assert!(!stopping.should_stop());
        assert_eq!(
            stopping.state.best,
            Some(Best {
                update: 4,
                value: 4.0
            })
        );
        assert!(observe_all(0.0, &[5.0, 6.0, 6.0, 4.0, 4.5, 4.5, 4.0]).should_stop());
    }

    #[test]
    fn small_gains_do_not_count() {
        let stopping = observe_all(0.5, &[5.0, 4.8, 4.6, 4.5]);
        assert!(stopping.should_stop());
        assert_eq!(stopping.state.best.unwrap().update, 1);
    }

    #[test]
    fn an_unknown_metric_is_refused_with_the_known_ones() {
        let error = EarlyStoppingConfig {
            metric: "acuracy".into(),
            patience: 1,
            min_delta: 0.0,
        }
        .validate()
        .unwrap_err();
        let error = error.to_string();
        let known = "`train.early_stopping.metric`: expected one of loss, mean_squared_error, ";
        assert!(error.starts_with(known), "{error}");
        assert!(error.ends_with(", got `acuracy`"), "{error}");
    }
}
