//! The independently recurrent cell.

use super::rnn::kernel_activation;
use super::{Cell, FusedCell, IndRnnConfig, State, affine, packed, row};
use crate::activation::Activation;
use crate::init::parameter;
use crate::{NnError, Rng};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use rand::RngExt;
use recurra_kernels::CellKind;

/// A recurrent cell whose units remember only themselves.
///
/// `h' = act(W_ih x + b + u ⊙ h)`: the recurrent weights are one number a unit, so
/// a unit's memory is read off `u`: `|u|` to the power of the lag.
///
/// # Source
/// Li et al. 2018, "Independently recurrent neural network (IndRNN)".
#[derive(Module, Debug)]
pub struct IndRnn {
    /// `[hidden_size, input_size]`
    pub w_ih: Param<Tensor<2>>,
    /// `u`, `[hidden_size]`
    pub w_hh: Param<Tensor<1>>,
    /// `[hidden_size]`
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    activation: Activation,
}

impl IndRnnConfig {
    /// Draws the weights of a cell; unless told otherwise `u` is uniform between 0 and
    /// 1, so that units cover short and long memories from the start.
    pub fn build(
        &self,
        input_size: usize,
        rng: &mut Rng,
        device: &Device,
    ) -> Result<IndRnn, NnError> {
        let size = self.hidden_size;
        let w_ih = packed(self.init.input, 1, size, input_size, rng, device);
        let memories = match self.init.recurrent {
            Some(init) => init.draw(1, size, 1, rng),
            None => (0..size).map(|_| rng.random_range(0.0..1.0)).collect(),
        };
        Ok(IndRnn {
            w_ih,
            w_hh: parameter(memories, [size], device),
            bias: parameter(self.init.bias.draw(1, size, 1, rng), [size], device),
            activation: self.activation,
        })
    }
}

impl Cell for IndRnn {
    fn input_size(&self) -> usize {
        self.w_ih.dims()[1]
    }

    fn hidden_size(&self) -> usize {
        self.w_hh.dims()[0]
    }

    fn project(&self, x: Tensor<3>) -> Tensor<3> {
        affine(x, &self.w_ih, &self.bias)
    }

    fn step(&self, projected: Tensor<2>, recurrent: Tensor<2>, _: State) -> State {
        let gates = projected + recurrent * row(&self.w_hh);
        State::hidden_only(self.activation.apply(gates))
    }

    fn fused(&self) -> Result<FusedCell, &'static str> {
        Ok(FusedCell {
            kind: CellKind::IndRnn {
                activation: kernel_activation(self.activation)?,
            },
            w_ih: self.w_ih.val(),
            w_hh: row(&self.w_hh),
            vectors: row(&self.bias),
        })
    }
}
