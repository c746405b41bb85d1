//! Many outputs to one: what a many-to-one network reads of a whole sequence.

use crate::init::{Initialiser, parameter};
use crate::{NnError, Rng, lengths};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, activation};
use serde::{Deserialize, Serialize};

/// A way to make one vector of a row's outputs; padding never counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SequencePooling {
    /// Behind the last step; of a backward layer, behind the first.
    Last,
    /// The mean over the steps.
    Mean,
    /// The largest of each unit over the steps.
    Max,
    /// The mean by learnt weights, `α = softmax(v·tanh(W h))`.
    Attention,
}

/// Weights of the steps, learnt: `α = softmax over time of v·tanh(W h)`, `y = Σ α h`.
///
/// # Source
/// Yang et al. 2016, *Hierarchical attention networks for document classification*, without the
/// bias.
///
/// # Example
/// ```
/// use recurra_nn::{AttentionPooling, Device, Tensor, rng, weights::values};
/// let device = Device::flex();
/// let pooling = AttentionPooling::new(2, 3, &mut rng(0, 0), &device);
/// let outputs = Tensor::from_data([[[1.0, 2.0], [1.0, 2.0], [9.0, 9.0]]], &device);
/// // Steps that are alike have like weights, and the padding has none.
/// let (pooled, weights) = pooling.forward(outputs, &[2])?;
/// assert_eq!(values(&weights), [0.5, 0.5, 0.0]);
/// assert_eq!(values(&pooled), [1.0, 2.0]);
/// # Ok::<(), recurra_nn::NnError>(())
/// ```
#[derive(Module, Debug)]
pub struct AttentionPooling {
    /// `[key_size, input_size]`
    pub weight: Param<Tensor<2>>,
    /// `[key_size]`
    pub vector: Param<Tensor<1>>,
}

impl AttentionPooling {
    /// Glorot weights.
    pub fn new(input_size: usize, key_size: usize, rng: &mut Rng, device: &Device) -> Self {
        let weight = Initialiser::Glorot.draw(1, key_size, input_size, rng);
        let vector = Initialiser::Glorot.draw(1, 1, key_size, rng);
        Self {
            weight: parameter(weight, [key_size, input_size], device),
            vector: parameter(vector, [key_size], device),
        }
    }

    /// The weighted mean of each row, and the weights.
    ///
    /// # Shapes
    /// `outputs [batch, seq_len, input_size]`, `lengths [batch]`; back come
    /// `[batch, input_size]` and `[batch, seq_len]`.
    ///
    /// # Errors
    /// As [`pool`].
    pub fn forward(
        &self,
        outputs: Tensor<3>,
        row_lengths: &[usize],
    ) -> Result<(Tensor<2>, Tensor<2>), NnError> {
        check(&outputs, row_lengths)?;
        let [batch_size, seq_len, input_size] = outputs.dims();
        let keys = crate::cell::times(outputs.clone(), &self.weight).tanh();
        let vector: Tensor<3> = self.vector.val().unsqueeze();
        let scores: Tensor<2> = (keys * vector).sum_dim(2).squeeze_dim(2);
        let padding = lengths::mask(row_lengths, seq_len, &scores.device()).bool_not();
        let weights = activation::softmax(scores.mask_fill(padding, OUTSIDE), 1);
        let spread = weights.clone().unsqueeze_dim::<3>(2);
        let pooled = (outputs * spread).sum_dim(1);
        Ok((pooled.reshape([batch_size, input_size]), weights))
    }
}

/// Below every output that a cell can give, and far from overflow.
const OUTSIDE: f32 = -1e30;

/// The mean or the maximum over the real steps of each row, `[batch, input_size]`.
///
/// # Shapes
/// `outputs [batch, seq_len, input_size]`, whose padding is zero, as [`Stack::forward`] leaves it;
/// `lengths [batch]`.
///
/// # Errors
/// [`NnError::Shape`] for lengths that do not fit or a row without steps; [`NnError::Config`] for
/// `last` and `attention`, which read more than the outputs.
///
/// [`Stack::forward`]: crate::Stack::forward
///
/// # Example
/// ```
/// use recurra_nn::{Device, SequencePooling, Tensor, pool, weights::values};
/// let outputs = || Tensor::from_data([[[-1.0, 4.0], [-3.0, 2.0], [0.0, 0.0]]], &Device::flex());
/// let mean = pool(SequencePooling::Mean, outputs(), &[2])?;
/// assert_eq!(values(&mean), [-2.0, 3.0]);
/// let max = pool(SequencePooling::Max, outputs(), &[2])?;
/// assert_eq!(values(&max), [-1.0, 4.0]);
/// # Ok::<(), recurra_nn::NnError>(())
/// ```
pub fn pool(
    pooling: SequencePooling,
    outputs: Tensor<3>,
    row_lengths: &[usize],
) -> Result<Tensor<2>, NnError> {
    check(&outputs, row_lengths)?;
    let [batch_size, seq_len, input_size] = outputs.dims();
    let device = outputs.device();
    let shape = [batch_size, input_size];
    match pooling {
        SequencePooling::Mean => {
            let shares: Vec<f32> = row_lengths.iter().map(|&len| 1.0 / len as f32).collect();
            let shares = Tensor::<1>::from_data(&shares[..], &device).reshape([batch_size, 1]);
            Ok(outputs.sum_dim(1).reshape(shape) * shares)
        }
        SequencePooling::Max => {
            let padding = lengths::mask(row_lengths, seq_len, &device)
                .bool_not()
                .reshape([batch_size, seq_len, 1])
                .expand(outputs.dims());
            let real = outputs.mask_fill(padding, OUTSIDE);
            Ok(real.max_dim(1).reshape(shape))
        }
        SequencePooling::Last | SequencePooling::Attention => Err(NnError::config(
            "pooling",
            "`mean` or `max`, which read outputs alone",
            format!("{pooling:?}"),
        )),
    }
}

fn check(outputs: &Tensor<3>, row_lengths: &[usize]) -> Result<(), NnError> {
    let [batch_size, seq_len, _] = outputs.dims();
    lengths::check("pool", row_lengths, [batch_size, seq_len])?;
    match row_lengths.iter().position(|&len| len == 0) {
        Some(row) => Err(NnError::Shape {
            op: "pool",
            arg: "lengths",
            want: "at least 1 step in each row".to_owned(),
            got: format!("0 in row {row}"),
        }),
        None => Ok(()),
    }
}
