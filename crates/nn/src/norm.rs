//! Layer normalisation.

use crate::init::parameter;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

/// Added to the variance.
pub(crate) const EPSILON: f64 = 1e-5;

/// `gain ⊙ (x - mean(x)) / sqrt(var(x) + 1e-5) + bias`, over the last dimension.
///
/// # Source
/// Ba, Kiros and Hinton 2016, "Layer normalization".
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// `[size]`, ones at first.
    pub gain: Param<Tensor<1>>,
    /// `[size]`, zeros at first.
    pub bias: Param<Tensor<1>>,
}

impl LayerNorm {
    /// A normalisation of vectors of this size.
    pub fn new(size: usize, device: &Device) -> Self {
        Self {
            gain: parameter(vec![1.0; size], [size], device),
            bias: parameter(vec![0.0; size], [size], device),
        }
    }

    /// Normalises every vector along the last dimension.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        normalise(x) * self.gain.val().unsqueeze() + self.bias.val().unsqueeze()
    }
}

/// Mean 0 and variance 1 over the last dimension, with no gain and no bias.
pub(crate) fn normalise<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let centred = x.clone() - x.mean_dim(D - 1);
    let variance = (centred.clone() * centred.clone()).mean_dim(D - 1);
    centred / variance.add_scalar(EPSILON).sqrt()
}
