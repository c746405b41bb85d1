//! Binary cross-entropy.

use crate::NnError;
use burn::tensor::{Tensor, activation};

/// `mean(-y ln σ(x) - (1 - y) ln(1 - σ(x)))` in nats, shape `[1]`, from raw logits `x`.
///
/// Computed through `ln σ`, which neither overflows nor takes the logarithm of zero.
///
/// # Errors
/// [`NnError::Shape`] when the two shapes differ.
pub fn binary_cross_entropy<const D: usize>(
    logits: Tensor<D>,
    target: Tensor<D>,
) -> Result<Tensor<1>, NnError> {
    if logits.dims() != target.dims() {
        let (want, got) = (logits.dims(), target.dims());
        return Err(NnError::shape("binary_cross_entropy", "target", want, got));
    }
    let of_one = activation::log_sigmoid(logits.clone()) * target.clone();
    let of_zero = activation::log_sigmoid(logits.neg()) * target.neg().add_scalar(1.0);
    Ok((of_one + of_zero).mean().neg())
}
