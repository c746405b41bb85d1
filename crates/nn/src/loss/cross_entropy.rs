//! Sparse softmax cross-entropy over sequences.

use crate::ops::{CrossEntropySpec, mean_cross_entropy, mean_linear_cross_entropy};
use crate::{Linear, NnError, lengths};
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

/// [`smoothed_cross_entropy`] of `head.forward(x)`, without all the logits: some rows at a time.
///
/// As exact, faster and with less memory where the vocabulary is large.
///
/// # Shapes
/// `x [batch, seq_len, input_size]` of the head.
///
/// # Errors
/// As [`smoothed_cross_entropy`]; [`NnError::Shape`] when `x` does not fit the head.
///
/// # Example
/// ```
/// use recurra_nn::loss::{Labels, cross_entropy, linear_cross_entropy};
/// use recurra_nn::{Device, Linear, Tensor, rng, weights::values};
/// let device = Device::flex();
/// let head = Linear::new(3, 5, &mut rng(0, 0), &device);
/// let x = Tensor::<3>::ones([1, 2, 3], &device);
/// let labels = Labels { ids: &[4, 0], lengths: &[2] };
/// let loss = values(&linear_cross_entropy(x.clone(), &head, labels, 0.0)?)[0];
/// let plain = values(&cross_entropy(head.forward(x), labels)?)[0];
/// assert!((loss - plain).abs() < 1e-6);
/// # Ok::<(), recurra_nn::NnError>(())
/// ```
pub fn linear_cross_entropy(
    x: Tensor<3>,
    head: &Linear,
    labels: Labels<'_>,
    smoothing: f64,
) -> Result<Tensor<1>, NnError> {
    tied_cross_entropy(x, head.weight.val(), head.bias.val(), labels, smoothing)
}

/// [`linear_cross_entropy`] of `x W^T + b` where the weights are not a head's own, but an
/// embedding's.
///
/// # Shapes
/// `weight [vocab_size, input_size]`, `bias [vocab_size]`.
///
/// # Errors
/// As [`linear_cross_entropy`]; [`NnError::Shape`] when weight and bias do not fit each other.
pub fn tied_cross_entropy(
    x: Tensor<3>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    labels: Labels<'_>,
    smoothing: f64,
) -> Result<Tensor<1>, NnError> {
    const OP: &str = "linear_cross_entropy";
    let ([batch_size, seq_len, width], [vocab_size, input_size]) = (x.dims(), weight.dims());
    if width != input_size {
        let want = [batch_size, seq_len, input_size];
        return Err(NnError::shape(OP, "x", want, x.dims()));
    }
    if bias.dims() != [vocab_size] {
        return Err(NnError::shape(OP, "bias", [vocab_size], bias.dims()));
    }
    if [x.dtype(), weight.dtype(), bias.dtype()] != [DType::F32; 3] {
        let logits = x.matmul(weight.transpose().unsqueeze()) + bias.unsqueeze();
        return smoothed_cross_entropy(logits, labels, smoothing);
    }
    let spec = labels.spec(OP, [batch_size, seq_len, vocab_size], smoothing)?;
    Ok(mean_linear_cross_entropy(x, weight, bias, spec))
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
