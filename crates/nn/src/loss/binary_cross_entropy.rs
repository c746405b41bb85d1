//! Binary cross-entropy.

use super::steps::mean_over_real_steps;
use crate::NnError;
use burn::tensor::{Tensor, activation};

/// `mean(-y ln σ(x) - (1 - y) ln(1 - σ(x)))` in nats, shape `[1]`, from raw logits `x`.
///
/// Computed through `ln σ`, which neither overflows nor takes the logarithm of zero.
///
/// # Shapes
/// Both alike; with `lengths`, `[batch, seq_len, ..]`, and only real steps count.
///
/// # Errors
/// [`NnError::Shape`] when the two shapes differ or the lengths do not fit them.
pub fn binary_cross_entropy<const D: usize>(
    logits: Tensor<D>,
    target: Tensor<D>,
    lengths: Option<&[usize]>,
) -> Result<Tensor<1>, NnError> {
    const OP: &str = "binary_cross_entropy";
    if logits.dims() != target.dims() {
        return Err(NnError::shape(OP, "target", logits.dims(), target.dims()));
    }
    let of_one = activation::log_sigmoid(logits.clone()) * target.clone();
    let of_zero = activation::log_sigmoid(logits.neg()) * target.neg().add_scalar(1.0);
    mean_over_real_steps(OP, (of_one + of_zero).neg(), lengths)
}
