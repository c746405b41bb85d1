//! The mean over predictions and their targets that several metrics are.

use super::MetricInfo;
use crate::TrainError;

/// A mean that grows batch by batch.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mean {
    sum: f64,
    count: u64,
}

impl Mean {
    /// Takes `value(prediction, target)` of every pair.
    pub(super) fn add_pairs<T: Copy + Into<f64>>(
        &mut self,
        metric: MetricInfo,
        predictions: &[T],
        targets: &[T],
        value: impl Fn(f64, f64) -> f64,
    ) -> Result<(), TrainError> {
        if predictions.len() != targets.len() {
            return Err(TrainError::MetricLengths {
                metric: metric.name,
                predictions: predictions.len(),
                targets: targets.len(),
            });
        }
        for (&prediction, &target) in predictions.iter().zip(targets) {
            self.sum += value(prediction.into(), target.into());
        }
        self.count += predictions.len() as u64;
        Ok(())
    }

    /// The mean so far; `None` before the first pair.
    pub(super) fn value(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}
