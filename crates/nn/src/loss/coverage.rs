//! What attending to the same again costs.

use super::steps::mean_over_real_steps;
use crate::NnError;
use burn::tensor::Tensor;

/// `mean_t Σ_j min(a_tj, c_tj)` over real steps `t`, shape `[1]`, where the coverage
/// `c_t = Σ_{s<t} a_s` is how much each position `j` was attended to before.
///
/// # Shapes
/// The alignment `a [batch, steps, source_len]`, of which each row has `lengths` steps; all are
/// real without lengths.
///
/// # Errors
/// [`NnError::Shape`] when the lengths do not fit, or no step is real.
///
/// # Source
/// See, Liu and Manning 2017, "Get to the point: summarization with pointer-generator networks",
/// equation 12.
///
/// # Example
/// ```
/// use recurra_nn::loss::coverage_loss;
/// use recurra_nn::{Device, Tensor, weights::values};
/// // Nothing is covered at the first step; at the second (1/4, 3/4) is, at the third (1, 1).
/// let alignment = [[[0.25, 0.75], [0.75, 0.25], [0.5, 0.5]]];
/// let alignment = Tensor::from_data(alignment, &Device::flex());
/// let loss = values(&coverage_loss(alignment, None)?)[0];
/// assert!((loss - (0.0 + (0.25 + 0.25) + (0.5 + 0.5)) / 3.0).abs() < 1e-6);
/// # Ok::<(), recurra_nn::NnError>(())
/// ```
pub fn coverage_loss(
    alignment: Tensor<3>,
    lengths: Option<&[usize]>,
) -> Result<Tensor<1>, NnError> {
    let coverage = alignment.clone().cumsum(1) - alignment.clone();
    let repeated = alignment.min_pair(coverage).sum_dim(2).squeeze_dim::<2>(2);
    mean_over_real_steps("coverage_loss", repeated, lengths)
}
