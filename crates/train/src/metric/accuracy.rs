//! Accuracy: the share of predictions that are right.

use super::{Better, MetricInfo};
use crate::TrainError;

/// Accuracy.
pub const ACCURACY: MetricInfo = MetricInfo {
    name: "accuracy",
    title: "accuracy",
    unit: "",
    better: Better::Higher,
};

/// The accuracy over words that training never had.
pub const UNSEEN_ACCURACY: MetricInfo = MetricInfo {
    name: "unseen_accuracy",
    title: "accuracy on unseen words",
    unit: "",
    better: Better::Higher,
};

/// `#{prediction = label} / n`, a fraction between 0 and 1.
///
/// # Example
/// ```
/// use recurra_train::metric::Accuracy;
/// let mut accuracy = Accuracy::default();
/// accuracy.add(&[3, 1, 4, 1], &[3, 1, 4, 5])?;
/// assert_eq!(accuracy.value(), Some(0.75));
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Accuracy {
    right: u64,
    count: u64,
}

impl Accuracy {
    /// Takes some predicted ids and their labels.
    ///
    /// # Errors
    /// [`TrainError::MetricLengths`] when there is not one label each.
    pub fn add(&mut self, predictions: &[u32], labels: &[u32]) -> Result<(), TrainError> {
        if predictions.len() != labels.len() {
            return Err(TrainError::MetricLengths {
                metric: ACCURACY.name,
                predictions: predictions.len(),
                targets: labels.len(),
            });
        }
        let pairs = predictions.iter().zip(labels);
        self.right += pairs.filter(|(p, l)| p == l).count() as u64;
        self.count += labels.len() as u64;
        Ok(())
    }

    /// The share so far; `None` before the first prediction.
    pub fn value(&self) -> Option<f64> {
        (self.count > 0).then(|| self.right as f64 / self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_of_unequal_size_count_by_prediction() {
        let mut accuracy = Accuracy::default();
        assert_eq!(accuracy.value(), None);
        accuracy.add(&[1], &[1]).unwrap();
        accuracy.add(&[1, 2, 3], &[0, 0, 0]).unwrap();
        assert_eq!(accuracy.value(), Some(0.25));
        assert!(accuracy.add(&[1], &[]).is_err());
    }
}
