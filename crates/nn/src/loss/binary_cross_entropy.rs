//! Binary cross-entropy.

use crate::NnError;
use burn::tensor::{Tensor, activation};

/// `mean(-y ln σ(x) - (1 - y) ln(1 - σ(x)))` in nats, shape `[1]`, from raw logits `x`.
///
/// Computed as `max(x, 0) - x y + ln(1 + e^-|x|)`, which neither overflows nor
/// takes the logarithm of zero.
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
    let tail = logits.clone().abs().neg().exp().log1p();
    Ok((activation::relu(logits.clone()) - logits * target + tail).mean())
}
