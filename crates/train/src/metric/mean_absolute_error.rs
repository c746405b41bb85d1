//! Mean absolute error.

use super::mean::Mean;
use super::{Better, MetricInfo};
use crate::TrainError;

/// Mean absolute error.
pub const MEAN_ABSOLUTE_ERROR: MetricInfo = MetricInfo {
    name: "mean_absolute_error",
    title: "mean absolute error",
    unit: "the target's unit",
    better: Better::Lower,
};

/// `1/n · Σ |prediction − target|`, summed in `f64`.
///
/// # Example
/// ```
/// use recurra_train::metric::MeanAbsoluteError;
/// let mut mae = MeanAbsoluteError::default();
/// mae.add(&[1.0, 2.0], &[1.0, 4.0])?;
/// assert_eq!(mae.value(), Some(1.0));
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct MeanAbsoluteError(Mean);

impl MeanAbsoluteError {
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
            MEAN_ABSOLUTE_ERROR,
            predictions,
            targets,
            |prediction, target| (prediction - target).abs(),
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
    fn errors_of_both_signs_add_up() {
        let mut mae = MeanAbsoluteError::default();
        mae.add(&[3.0, -1.0], &[2.0, 1.0]).unwrap();
        mae.add(&[8.0], &[5.0]).unwrap();
        // (1 + 2 + 3) / 3
        assert_eq!(mae.value(), Some(2.0));
        assert!(mae.add(&[], &[1.0]).is_err());
    }
}
