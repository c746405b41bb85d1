//! Sparse softmax cross-entropy over sequences.

use crate::ops::{CrossEntropySpec, mean_cross_entropy};
use crate::{NnError, lengths};
use burn::tensor::{DType, Tensor};

/// Token ids to be predicted, with the true length of each row.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'a> {
    /// Row-major `[batch, seq_len]`; what stands past a row's length is not looked at.
    pub ids: &'a [u32],
    /// `[batch]`
    pub lengths: &'a [usize],
}

/// `-mean(log softmax(logits)[label])` over real tokens, in nats, shape `[1]`.
///
/// # Shapes
/// `logits [batch, seq_len, vocab_size]`.
///
/// # Errors
/// [`NnError::Shape`] when the labels do not fit the logits, a real label is not
/// below `vocab_size`, or no row has a real token.
pub fn cross_entropy(logits: Tensor<3>, labels: Labels<'_>) -> Result<Tensor<1>, NnError> {
    smoothed_cross_entropy(logits, labels, 0.0)
}

/// [`cross_entropy`] where the share `smoothing` of each label is spread over all tokens.
///
/// `mean(-(1 - s) log p[label] - s / vocab_size · Σ log p)` with `p = softmax(logits)`, in nats,
/// shape `[1]`.
///
/// # Errors
/// As [`cross_entropy`]; [`NnError::Config`] when `smoothing` is not in `[0, 1]`.
///
/// # Source
/// Szegedy et al. 2016, "Rethinking the Inception architecture for computer vision",
/// section 7, in the form of PyTorch.
///
/// # Example
/// ```
/// use recurra_nn::loss::{Labels, smoothed_cross_entropy};
/// use recurra_nn::{Device, Tensor, weights::values};
/// // Probabilities 1/4 and 3/4.
/// let logits = Tensor::from_data([[[0.0, 3f32.ln()]]], &Device::flex());
/// let labels = Labels { ids: &[1], lengths: &[1] };
/// let loss = smoothed_cross_entropy(logits, labels, 0.5)?;
/// let expected = 0.75 * (4.0f32 / 3.0).ln() + 0.25 * 4f32.ln();
/// assert!((values(&loss)[0] - expected).abs() < 1e-6);
/// # Ok::<(), recurra_nn::NnError>(())
/// ```
pub fn smoothed_cross_entropy(
    logits: Tensor<3>,
    labels: Labels<'_>,
    smoothing: f64,
) -> Result<Tensor<1>, NnError> {
    let spec = labels.spec("cross_entropy", logits.dims(), smoothing)?;
    let logits = match logits.dtype() {
        DType::F32 => logits,
        _ => logits.cast(DType::F32),
    };
    Ok(mean_cross_entropy(logits, spec))
}

impl Labels<'_> {
    /// What the kernel takes, checked.
    pub(super) fn spec(
        &self,
        op: &'static str,
        [batch_size, seq_len, vocab_size]: [usize; 3],
        smoothing: f64,
    ) -> Result<CrossEntropySpec, NnError> {
        let rows = batch_size * seq_len;
        if self.ids.len() != rows {
            return Err(NnError::shape(op, "labels.ids", rows, self.ids.len()));
        }
        lengths::check(op, self.lengths, [batch_size, seq_len])?;
        if !(0.0..=1.0).contains(&smoothing) {
            return Err(NnError::config("smoothing", "from 0 to 1", smoothing));
        }
        let mask: Vec<bool> = (self.lengths.iter())
            .flat_map(|&length| (0..seq_len).map(move |step| step < length))
            .collect();
        let outside = |&(row, &id): &(usize, &u32)| mask[row] && id as usize >= vocab_size;
        if let Some((row, id)) = self.ids.iter().enumerate().find(outside) {
            let (batch, step) = (row / seq_len, row % seq_len);
            return Err(NnError::Shape {
                op,
                arg: "labels.ids",
                want: format!("ids below {vocab_size}"),
                got: format!("{id} in row {batch}, step {step}"),
            });
        }
        if !mask.contains(&true) {
            return Err(NnError::shape(op, "lengths", "a real step", 0));
        }
        Ok(CrossEntropySpec {
            labels: self.ids.to_vec(),
            mask,
            smoothing,
        })
    }
}
