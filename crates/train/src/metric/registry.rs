//! Every metric that a recipe may name, with its unit and which way is better.

use super::translation::{BLEU, CHRF, DISTINCT_1, DISTINCT_2};
use super::{
    ACCURACY, BITS_PER_CHAR, CALIBRATION_ERROR, CROSS_ENTROPY, CRPS, FRAME_ACCURACY, MACRO_F1,
    MASE, MEAN_ABSOLUTE_ERROR, MEAN_SQUARED_ERROR, NATS_PER_STEP, NEGATIVE_LOG_LIKELIHOOD, OWA,
    PERPLEXITY, PINBALL, RMSE, ROC_AUC, SMAPE, SPAN_F1, UNSEEN_ACCURACY, WEIGHTED_F1,
};
use serde::{Deserialize, Serialize};

/// Which way a metric improves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// Errors, losses, perplexity.
    Lower,
    /// Accuracy and its kin.
    Higher,
}

impl Better {
    /// Whether `candidate` is better than `best` by more than `min_delta`.
    ///
    /// # Example
    /// ```
    /// use recurra_train::metric::Better;
    /// assert!(Better::Lower.improves(0.5, 0.7, 0.1));
    /// assert!(!Better::Higher.improves(0.75, 0.7, 0.1));
    /// ```
    pub fn improves(self, candidate: f64, best: f64, min_delta: f64) -> bool {
        match self {
            Self::Lower => candidate < best - min_delta,
            Self::Higher => candidate > best + min_delta,
        }
    }

    /// The best of some values; bad numbers never are.
    pub fn best(self, values: impl Iterator<Item = f64>) -> Option<f64> {
        let values = values.filter(|value| value.is_finite());
        match self {
            Self::Lower => values.reduce(f64::min),
            Self::Higher => values.reduce(f64::max),
        }
    }

    /// As a reader sees it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Lower => "lower is better",
            Self::Higher => "higher is better",
        }
    }
}

/// What is known about a metric before it is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricInfo {
    /// The key in recipes, `metrics.jsonl` and reports.
    pub name: &'static str,
    /// The name in a sentence or on an axis.
    pub title: &'static str,
    /// The unit; empty for a plain ratio.
    pub unit: &'static str,
    /// Which way is better.
    pub better: Better,
}

/// The training criterion on held-out data, whatever it is.
pub const LOSS: MetricInfo = MetricInfo {
    name: "loss",
    title: "held-out loss",
    unit: "",
    better: Better::Lower,
};

/// All metrics, in the order in which messages list them.
pub const REGISTRY: &[MetricInfo] = &[
    LOSS,
    MEAN_SQUARED_ERROR,
    MEAN_ABSOLUTE_ERROR,
    RMSE,
    MASE,
    SMAPE,
    OWA,
    PINBALL,
    CRPS,
    NEGATIVE_LOG_LIKELIHOOD,
    ACCURACY,
    UNSEEN_ACCURACY,
    MACRO_F1,
    WEIGHTED_F1,
    SPAN_F1,
    ROC_AUC,
    CALIBRATION_ERROR,
    CROSS_ENTROPY,
    PERPLEXITY,
    BITS_PER_CHAR,
    BLEU,
    CHRF,
    DISTINCT_1,
    DISTINCT_2,
    NATS_PER_STEP,
    FRAME_ACCURACY,
];

/// The registered metric of this name.
///
/// # Example
/// ```
/// use recurra_train::metric::{Better, find};
/// assert_eq!(find("accuracy").map(|metric| metric.better), Some(Better::Higher));
/// assert_eq!(find("luck"), None);
/// ```
pub fn find(name: &str) -> Option<&'static MetricInfo> {
    REGISTRY.iter().find(|metric| metric.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct() {
        let mut names: Vec<&str> = REGISTRY.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), REGISTRY.len());
    }

    #[test]
    fn a_nan_improves_nothing() {
        assert!(!Better::Lower.improves(f64::NAN, 1.0, 0.0));
        assert!(!Better::Higher.improves(f64::NAN, 1.0, 0.0));
    }
}
