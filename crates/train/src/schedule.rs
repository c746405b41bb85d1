//! The learning rate over the updates.

use crate::TrainError;
use crate::metric::{self, Metrics};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// `[train.schedule]`: how the learning rate moves; every kind may start with a warm-up.
///
/// During the first `warmup` updates the rate climbs in equal steps to the optimizer's
/// `learning_rate`; `t` below counts the updates after that, from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase", deny_unknown_fields)]
pub enum ScheduleConfig {
    /// The optimizer's rate throughout.
    Constant {
        /// Updates of warm-up. Default 0.
        #[serde(default)]
        warmup: u64,
    },
    /// `η · factor^n`, where `n` is 1 from `t = after` on and grows by 1 `every` updates.
    Step {
        /// Updates of warm-up. Default 0.
        #[serde(default)]
        warmup: u64,
        /// Updates before the first reduction. Default: `every`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        /// Updates between two reductions.
        every: u64,
        /// What each reduction multiplies by.
        factor: f64,
    },
    /// `η_min + (η − η_min) · (1 + cos(π·t/T)) / 2`, and `η_min` after `T` updates.
    Cosine {
        /// Updates of warm-up. Default 0.
        #[serde(default)]
        warmup: u64,
        /// `T`. Default: to the end of training, which then needs `train.updates`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        updates: Option<u64>,
        /// `η_min`. Default 0.
        #[serde(default)]
        min_learning_rate: f64,
    },
    /// `η_min + (η − η_min) · (1 − t/T)`, and `η_min` after `T` updates; with a warm-up the slanted
    /// triangle of Howard and Ruder 2018.
    Linear {
        /// Updates of warm-up. Default 0.
        #[serde(default)]
        warmup: u64,
        /// `T`. Default: to the end of training, which then needs `train.updates`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        updates: Option<u64>,
        /// `η_min`. Default 0.
        #[serde(default)]
        min_learning_rate: f64,
    },
    /// Multiplied by `factor` when a metric has not improved for more than `patience`
    /// evaluations in a row.
    Plateau {
        /// Updates of warm-up. Default 0.
        #[serde(default)]
        warmup: u64,
        /// The metric that is watched.
        metric: String,
        /// What each reduction multiplies by.
        factor: f64,
        /// Evaluations without improvement that are borne.
        patience: u64,
        /// The rate is never reduced below this. Default 0.
        #[serde(default)]
        min_learning_rate: f64,
    },
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self::Constant { warmup: 0 }
    }
}

impl ScheduleConfig {
    /// Checks every option; `learning_rate` is the optimizer's, `updates` the run's.
    ///
    /// # Errors
    /// [`TrainError::Config`] naming the first option that is out of range.
    pub fn validate(&self, learning_rate: f64, updates: Option<u64>) -> Result<(), TrainError> {
        match self {
            Self::Constant { .. } => Ok(()),
            Self::Step { every, factor, .. } => {
                at_least_one("train.schedule.every", *every)?;
                shrinking(*factor)
            }
            Self::Cosine {
                updates: over,
                min_learning_rate,
                ..
            }
            | Self::Linear {
                updates: over,
                min_learning_rate,
                ..
            } => {
                match over.or(updates) {
                    Some(over) => at_least_one("train.schedule.updates", over)?,
                    None => {
                        return Err(TrainError::config(
                            "train.schedule.updates",
                            "a number of updates here or as `train.updates`",
                            "neither",
                        ));
                    }
                }
                below(*min_learning_rate, learning_rate)
            }
            Self::Plateau {
                metric,
                factor,
                min_learning_rate,
                ..
            } => {
                known_metric("train.schedule.metric", metric)?;
                shrinking(*factor)?;
                below(*min_learning_rate, learning_rate)
            }
        }
    }
}

/// What a schedule remembers between evaluations; only a plateau has any.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleState {
    /// Best value of the watched metric.
    pub best: Option<f64>,
    /// Evaluations since then.
    pub waited: u64,
    /// How often the rate was reduced.
    pub reductions: u32,
}

/// A schedule at work.
///
/// # Example
/// ```
/// use recurra_train::{Schedule, ScheduleConfig};
/// let config = ScheduleConfig::Step { warmup: 2, after: None, every: 10, factor: 0.5 };
/// let schedule = Schedule::new(config, 0.1, None);
/// let rates: Vec<f64> = [1, 2, 12, 13].map(|update| schedule.learning_rate(update)).into();
/// assert_eq!(rates, [0.05, 0.1, 0.1, 0.05]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    config: ScheduleConfig,
    learning_rate: f64,
    run_updates: Option<u64>,
    /// Goes into checkpoints.
    pub state: ScheduleState,
}

impl Schedule {
    /// A schedule before the first update, from checked options.
    pub fn new(config: ScheduleConfig, learning_rate: f64, run_updates: Option<u64>) -> Self {
        Self {
            config,
            learning_rate,
            run_updates,
            state: ScheduleState::default(),
        }
    }

    /// The rate of this update; updates count from 1.
    pub fn learning_rate(&self, update: u64) -> f64 {
        let warmup = match self.config {
            ScheduleConfig::Constant { warmup }
            | ScheduleConfig::Step { warmup, .. }
            | ScheduleConfig::Cosine { warmup, .. }
            | ScheduleConfig::Linear { warmup, .. }
            | ScheduleConfig::Plateau { warmup, .. } => warmup,
        };
        if update <= warmup {
            return self.learning_rate * update as f64 / warmup as f64;
        }
        let t = update.saturating_sub(warmup + 1);
        // Of the way from the warm-up to the end.
        let share = |updates: Option<u64>| {
            let rest = || self.run_updates.map(|all| all.saturating_sub(warmup));
            let over = updates.or_else(rest).unwrap_or(1).max(1);
            (t as f64 / over as f64).min(1.0)
        };
        match self.config {
            ScheduleConfig::Constant { .. } => self.learning_rate,
            ScheduleConfig::Step {
                after,
                every,
                factor,
                ..
            } => {
                let after = after.unwrap_or(every);
                let reductions = t.checked_sub(after).map_or(0, |since| 1 + since / every);
                self.learning_rate * factor.powi(i32::try_from(reductions).unwrap_or(i32::MAX))
            }
            ScheduleConfig::Cosine {
                updates,
                min_learning_rate,
                ..
            } => {
                let height = (1.0 + (PI * share(updates)).cos()) / 2.0;
                min_learning_rate + (self.learning_rate - min_learning_rate) * height
            }
            ScheduleConfig::Linear {
                updates,
                min_learning_rate,
                ..
            } => {
                let height = 1.0 - share(updates);
                min_learning_rate + (self.learning_rate - min_learning_rate) * height
            }
            ScheduleConfig::Plateau {
                factor,
                min_learning_rate,
                ..
            } => {
                let reductions = i32::try_from(self.state.reductions).unwrap_or(i32::MAX);
                (self.learning_rate * factor.powi(reductions)).max(min_learning_rate)
            }
        }
    }

    /// Takes the metrics of an evaluation; only a plateau looks at them.
    ///
    /// # Errors
    /// [`TrainError::UnreportedMetric`] when the watched metric is not among them.
    pub fn observe(&mut self, metrics: &Metrics) -> Result<(), TrainError> {
        let ScheduleConfig::Plateau {
            metric, patience, ..
        } = &self.config
        else {
            return Ok(());
        };
        let value = reported("train.schedule.metric", metric, metrics)?;
        let improved = match (self.state.best, metric::find(metric)) {
            (Some(best), Some(info)) => info.better.improves(value, best, 0.0),
            _ => true,
        };
        if improved {
            self.state.best = Some(value);
            self.state.waited = 0;
            return Ok(());
        }
        self.state.waited += 1;
        if self.state.waited > *patience {
            self.state.reductions += 1;
            self.state.waited = 0;
        }
        Ok(())
    }
}

/// The value of a metric that the recipe relies on.
pub(crate) fn reported(
    key: &'static str,
    name: &str,
    metrics: &Metrics,
) -> Result<f64, TrainError> {
    metrics
        .get(name)
        .ok_or_else(|| TrainError::UnreportedMetric {
            key,
            name: name.to_owned(),
            found: metrics.names(),
        })
}

/// Refuses a metric that nobody knows the better direction of.
pub(crate) fn known_metric(key: &'static str, name: &str) -> Result<(), TrainError> {
    if metric::find(name).is_some() {
        return Ok(());
    }
    let names: Vec<&str> = metric::REGISTRY.iter().map(|known| known.name).collect();
    let want = format!("one of {}", names.join(", "));
    Err(TrainError::config(key, want, format!("`{name}`")))
}

pub(crate) fn at_least_one(key: &'static str, value: u64) -> Result<(), TrainError> {
    if value >= 1 {
        return Ok(());
    }
    Err(TrainError::config(
        key,
        "a whole number of at least 1",
        value,
    ))
}

fn shrinking(factor: f64) -> Result<(), TrainError> {
    if factor > 0.0 && factor < 1.0 {
        return Ok(());
    }
    Err(TrainError::config(
        "train.schedule.factor",
        "a number between 0 and 1",
        factor,
    ))
}

fn below(min_learning_rate: f64, learning_rate: f64) -> Result<(), TrainError> {
    if (0.0..learning_rate).contains(&min_learning_rate) {
        return Ok(());
    }
    Err(TrainError::config(
        "train.schedule.min_learning_rate",
        format!("at least 0 and below the learning rate of {learning_rate}"),
        min_learning_rate,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{a} != {b}");
    }

    #[test]
    fn warmup_climbs_in_equal_steps_before_any_schedule() {
        let schedule = Schedule::new(ScheduleConfig::Constant { warmup: 4 }, 0.8, None);
        let rates: Vec<f64> = (1..=6).map(|u| schedule.learning_rate(u)).collect();
        for (rate, want) in rates.iter().zip([0.2, 0.4, 0.6, 0.8, 0.8, 0.8]) {
            close(*rate, want);
        }
    }

    #[test]
    fn steps_may_begin_later_than_they_are_apart() {
        // Zaremba et al. 2014: four epochs at the full rate, then half of it each epoch.
        let config = ScheduleConfig::Step {
            warmup: 0,
            after: Some(40),
            every: 10,
            factor: 0.5,
        };
        let schedule = Schedule::new(config, 1.0, None);
        let rates = [1, 40, 41, 50, 51, 61].map(|update| schedule.learning_rate(update));
        for (rate, want) in rates.iter().zip([1.0, 1.0, 0.5, 0.5, 0.25, 0.125]) {
            close(*rate, want);
        }
    }

    #[test]
    fn cosine_halves_midway_and_rests_at_the_minimum() {
        let config = ScheduleConfig::Cosine {
            warmup: 0,
            updates: Some(10),
            min_learning_rate: 0.1,
        };
        let schedule = Schedule::new(config, 1.1, None);
        close(schedule.learning_rate(1), 1.1);
        close(schedule.learning_rate(6), 0.6);
        close(schedule.learning_rate(11), 0.1);
        close(schedule.learning_rate(1000), 0.1);
    }

    #[test]
    fn cosine_takes_its_length_from_the_run_less_the_warmup() {
        let config = ScheduleConfig::Cosine {
            warmup: 2,
            updates: None,
            min_learning_rate: 0.0,
        };
        let schedule = Schedule::new(config, 1.0, Some(12));
        close(schedule.learning_rate(8), 0.5);
    }

    #[test]
    fn a_slanted_triangle_climbs_and_falls_in_equal_steps() {
        let config = ScheduleConfig::Linear {
            warmup: 2,
            updates: None,
            min_learning_rate: 0.2,
        };
        let schedule = Schedule::new(config, 1.0, Some(6));
        let rates = [1, 2, 3, 4, 5, 6, 7, 8].map(|update| schedule.learning_rate(update));
        for (rate, want) in rates.iter().zip([0.5, 1.0, 1.0, 0.8, 0.6, 0.4, 0.2, 0.2]) {
            close(*rate, want);
        }
    }

    #[test]
    fn a_plateau_is_left_after_patience_and_not_below_the_minimum() {
        let config = ScheduleConfig::Plateau {
            warmup: 0,
            metric: "loss".into(),
            factor: 0.1,
            patience: 1,
            min_learning_rate: 0.05,
        };
        let mut schedule = Schedule::new(config, 1.0, None);
        let mut rates = Vec::new();
        for loss in [3.0, 2.0, 2.0, 2.5, 2.0, 2.0, 2.0, 2.0] {
            schedule
                .observe(&[("loss", loss)].into_iter().collect())
                .unwrap();
            rates.push(schedule.learning_rate(1));
        }
        // Equal is no improvement; two misses exceed a patience of one.
        for (rate, want) in rates
            .iter()
            .zip([1.0, 1.0, 1.0, 0.1, 0.1, 0.05, 0.05, 0.05])
        {
            close(*rate, want);
        }
    }

    #[test]
    fn a_missing_metric_is_named_with_those_there_are() {
        let config = ScheduleConfig::Plateau {
            warmup: 0,
            metric: "accuracy".into(),
            factor: 0.5,
            patience: 0,
            min_learning_rate: 0.0,
        };
        let error = Schedule::new(config, 1.0, None)
            .observe(&[("loss", 1.0)].into_iter().collect())
            .unwrap_err();
        insta::assert_snapshot!(error, @"`train.schedule.metric`: the task reports no metric `accuracy`; it reports loss");
    }
}
