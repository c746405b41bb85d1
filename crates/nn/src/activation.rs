//! The element-wise functions that a gate may use.

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

/// An element-wise function, by the name that Keras or ONNX gives it.
///
/// The fused kernels know `sigmoid` for gates and `tanh` (a plain RNN also `relu`)
/// elsewhere; any other choice takes the generic path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `1 / (1 + e^-x)`
    Sigmoid,
    /// `tanh x`
    Tanh,
    /// `max(0, x)`
    Relu,
    /// `min(1, max(0, x / 6 + 0.5))`, as Keras 3 and PyTorch define it.
    HardSigmoid,
    /// `min(1, max(0, 0.2 x + 0.5))`, ONNX's default and Keras 2's.
    HardSigmoidOnnx,
    /// `x / (1 + |x|)`
    Softsign,
    /// `ln(1 + e^x)`
    Softplus,
    /// `x` for `x >= 0`, else `e^x - 1`
    Elu,
    /// `x` for `x >= 0`, else `0.01 x`
    LeakyRelu,
    /// `x`
    Linear,
}

impl Activation {
    /// Applies the function to every element.
    pub fn apply<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Sigmoid => activation::sigmoid(x),
            Self::Tanh => x.tanh(),
            Self::Relu => activation::relu(x),
            Self::HardSigmoid => x.div_scalar(6.0).add_scalar(0.5).clamp(0.0, 1.0),
            Self::HardSigmoidOnnx => x.mul_scalar(0.2).add_scalar(0.5).clamp(0.0, 1.0),
            Self::Softsign => x.clone() / x.abs().add_scalar(1.0),
            Self::Softplus => activation::softplus(x, 1.0),
            Self::Elu => {
                let negative = x.clone().clamp_max(0.0).exp().sub_scalar(1.0);
                activation::relu(x) + negative
            }
            Self::LeakyRelu => activation::leaky_relu(x, 0.01),
            Self::Linear => x,
        }
    }
}
