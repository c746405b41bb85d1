//! Mean squared error.

use crate::NnError;
use burn::tensor::Tensor;

/// `mean((prediction - target)^2)` over every element, shape `[1]`.
///
/// # Errors
/// [`NnError::Shape`] when the two shapes differ.
pub fn mse<const D: usize>(prediction: Tensor<D>, target: Tensor<D>) -> Result<Tensor<1>, NnError> {
    if prediction.dims() != target.dims() {
        return Err(NnError::shape(
            "mse",
            "target",
            prediction.dims(),
            target.dims(),
        ));
    }
    let error = prediction - target;
    Ok((error.clone() * error).mean())
}
