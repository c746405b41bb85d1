//! The element-wise functions that a gate may use.

use crate::ops;
use burn::tensor::{DType, Tensor, activation};
use recurra_kernels::Function;
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
            Self::Sigmoid => ops::apply(Function::Sigmoid, x),
            Self::Tanh => ops::apply(Function::Tanh, x),
            Self::Relu => ops::apply(Function::Relu, x),
            Self::HardSigmoid => x.div_scalar(6.0).add_scalar(0.5).clamp(0.0, 1.0),
            Self::HardSigmoidOnnx => x.mul_scalar(0.2).add_scalar(0.5).clamp(0.0, 1.0),
            Self::Softsign => x.clone() / x.abs().add_scalar(1.0),
            Self::Softplus => activation::softplus(x, 1.0),
            Self::Elu => {
                let negative = ops::apply(Function::Exp, x.clone().clamp_max(0.0));
                ops::apply(Function::Relu, x) + negative.sub_scalar(1.0)
            }
            Self::LeakyRelu => activation::leaky_relu(x, 0.01),
            Self::Linear => x,
        }
    }
}

/// `ln softmax(x)` along the last dimension.
///
/// # Example
/// ```
/// use recurra_nn::{Device, Tensor, log_softmax, weights::values};
/// let logits = Tensor::<2>::from_data([[1000.0, 1000.0]], &Device::flex());
/// assert_eq!(values(&log_softmax(logits)), [-std::f32::consts::LN_2; 2]);
/// ```
pub fn log_softmax<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    match x.dtype() {
        DType::F32 => ops::last_log_softmax(x),
        _ => activation::log_softmax(x, D - 1),
    }
}
