//! What every loss over sequences shares: only real steps count.

use crate::{NnError, lengths};
use burn::tensor::Tensor;

/// The mean of `[batch, seq_len, ..]` over real steps, shape `[1]`; over everything when
/// `row_lengths` is `None`.
///
/// # Errors
/// [`NnError::Shape`] when the lengths do not fit, or no step is real.
pub(super) fn mean_over_real_steps<const D: usize>(
    op: &'static str,
    values: Tensor<D>,
    row_lengths: Option<&[usize]>,
) -> Result<Tensor<1>, NnError> {
    let Some(row_lengths) = row_lengths else {
        return Ok(values.mean());
    };
    let shape = values.dims();
    lengths::check(op, row_lengths, [shape[0], shape[1]])?;
    let real_steps: usize = row_lengths.iter().sum();
    if real_steps == 0 {
        return Err(NnError::shape(op, "lengths", "a real step", 0));
    }
    let count = real_steps * shape[2..].iter().product::<usize>();
    let sum = lengths::silence_padding(values, row_lengths).sum();
    Ok(sum.div_scalar(count as f64))
}
