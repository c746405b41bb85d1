//! Mean squared error.

use super::mean::Mean;
use super::{Better, MetricInfo};
use crate::TrainError;

/// Mean squared error.
pub const MEAN_SQUARED_ERROR: MetricInfo = MetricInfo {
    name: "mean_squared_error",
    title: "mean squared error",
    unit: "the square of the target's unit",
    better: Better::Lower,
};

/// `1/n · Σ (prediction − target)²`, summed in `f64`.
///
/// # Example
/// ```
/// use recurra_train::metric::MeanSquaredError;
/// let mut mse = MeanSquaredError::default();
/// mse.add(&[1.0, 2.0], &[1.0, 4.0])?;
/// mse.add(&[0.0], &[1.0])?;
/// assert_eq!(mse.value(), Some((0.0 + 4.0 + 1.0) / 3.0));
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct MeanSquaredError(Mean);

impl MeanSquaredError {
    /// Takes some predictions and their targets.
    ///
    /// # Errors
    /// [`TrainError::MetricLengths`] when there is not one target each.
    pub fn add<T: Copy + Into<f64>>(
        &mut self,
        predictions: &[T],
        targets: &[T],
    ) -> Result<(), TrainError> {
        self.0.add_pairs(
            MEAN_SQUARED_ERROR,
            predictions,
            targets,
            |prediction, target| (prediction - target).powi(2),
        )
    }

    /// The mean so far; `None` before the first prediction.
    pub fn value(&self) -> Option<f64> {
        self.0.value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_split_gives_the_same_figure() {
        let (predictions, targets) = ([3.0, -1.0, 0.5, 8.0], [2.0, 1.0, 0.5, 4.0]);
        let mut whole = MeanSquaredError::default();
        whole.add(&predictions, &targets).unwrap();
        let mut split = MeanSquaredError::default();
        split.add(&predictions[..1], &targets[..1]).unwrap();
        split.add(&predictions[1..], &targets[1..]).unwrap();
        // (1 + 4 + 0 + 16) / 4
        assert_eq!(whole.value(), Some(5.25));
        assert_eq!(split.value(), Some(5.25));
    }

    #[test]
    fn unequal_lengths_are_refused_and_nothing_is_no_number() {
        let mut mse = MeanSquaredError::default();
        assert_eq!(
            mse.add(&[1.0], &[]).unwrap_err().to_string(),
            "mean_squared_error: 1 predictions for 0 targets; there must be one each"
        );
        assert_eq!(mse.value(), None);
    }
}
