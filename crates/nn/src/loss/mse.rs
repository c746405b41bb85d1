//! Mean squared error.

use super::steps::mean_over_real_steps;
use crate::NnError;
use burn::tensor::Tensor;

/// `mean((prediction - target)^2)`, shape `[1]`.
///
/// # Shapes
/// Both alike; with `lengths`, `[batch, seq_len, ..]`, and only real steps count.
///
/// # Errors
/// [`NnError::Shape`] when the two shapes differ or the lengths do not fit them.
///
/// # Example
/// ```
/// use recurra_nn::{Device, Tensor, loss::mse, weights::values};
/// let device = Device::flex();
/// let prediction = Tensor::<2>::from_data([[1.0, 2.0], [3.0, 9.0]], &device);
/// let target = Tensor::zeros([2, 2], &device);
/// let loss = mse(prediction, target, Some(&[2, 1]))?;
/// assert_eq!(values(&loss), [(1.0 + 4.0 + 9.0) / 3.0]);
/// # Ok::<(), recurra_nn::NnError>(())
/// ```
pub fn mse<const D: usize>(
    prediction: Tensor<D>,
    target: Tensor<D>,
    lengths: Option<&[usize]>,
) -> Result<Tensor<1>, NnError> {
    if prediction.dims() != target.dims() {
        let (want, got) = (prediction.dims(), target.dims());
        return Err(NnError::shape("mse", "target", want, got));
    }
    let error = prediction - target;
    mean_over_real_steps("mse", error.clone() * error, lengths)
}
