//! The plain recurrent cell.

use super::{Cell, FusedCell, RnnConfig, State, affine, clamped, packed, row, times};
use crate::activation::Activation;
use crate::init::parameter;
use crate::{NnError, Rng};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use recurra_kernels::CellKind;

/// A plain recurrent cell.
///
/// `h' = act(W_ih x + b + W_hh h)`, what is in brackets clamped when `clip` is set.
///
/// # Source
/// Elman 1990, "Finding structure in time".
#[derive(Module, Debug)]
pub struct Rnn {
    /// `[hidden_size, input_size]`
    pub w_ih: Param<Tensor<2>>,
    /// `[hidden_size, hidden_size]`
    pub w_hh: Param<Tensor<2>>,
    /// `[hidden_size]`
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    clip: Option<f64>,
    #[module(skip)]
    activation: Activation,
}

impl RnnConfig {
    /// Draws the weights of a cell.
    pub fn build(&self, input_size: usize, rng: &mut Rng, device: &Device) -> Result<Rnn, NnError> {
        let size = self.hidden_size;
        Ok(Rnn {
            w_ih: packed(self.init.input, 1, size, input_size, rng, device),
            w_hh: packed(self.init.recurrent(), 1, size, size, rng, device),
            bias: parameter(self.init.bias.draw(1, size, 1, rng), [size], device),
            clip: self.clip,
            activation: self.activation,
        })
    }
}

impl Rnn {
    /// Whether PyTorch's `nn.RNN` computes the same.
    pub(crate) fn is_plain(&self) -> bool {
        self.clip.is_none() && matches!(self.activation, Activation::Tanh | Activation::Relu)
    }
}

impl Cell for Rnn {
    fn input_size(&self) -> usize {
        self.w_ih.dims()[1]
    }

    fn hidden_size(&self) -> usize {
        self.w_hh.dims()[1]
    }

    fn project(&self, x: Tensor<3>) -> Tensor<3> {
        affine(x, &self.w_ih, &self.bias)
    }

    fn step(&self, projected: Tensor<2>, recurrent: Tensor<2>, _: State) -> State {
        let gates = projected + times(recurrent, &self.w_hh);
        State::hidden_only(self.activation.apply(clamped(gates, self.clip)))
    }

    fn fused(&self) -> Result<FusedCell, &'static str> {
        if self.clip.is_some() {
            return Err("clip");
        }
        Ok(FusedCell {
            kind: CellKind::Rnn {
                activation: kernel_activation(self.activation)?,
            },
            w_ih: self.w_ih.val(),
            w_hh: self.w_hh.val(),
            vectors: row(&self.bias),
        })
    }
}

/// The activation as the kernels know it.
pub(super) fn kernel_activation(
    activation: Activation,
) -> Result<recurra_kernels::Activation, &'static str> {
    match activation {
        Activation::Tanh => Ok(recurra_kernels::Activation::Tanh),
        Activation::Relu => Ok(recurra_kernels::Activation::Relu),
        _ => Err("activation"),
    }
}
