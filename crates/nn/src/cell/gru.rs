//! The gated recurrent unit.

use super::{Cell, FusedCell, GruConfig, State, affine, clamped, gate, packed, row, times};
use crate::activation::Activation;
use crate::init::parameter;
use crate::{NnError, Rng};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use recurra_kernels::{CellKind, Reset};

/// A gated recurrent unit.
///
/// `r, z = σ(W_ih x + b + W_hh h)`, `h' = (1 - z) ⊙ n + z ⊙ h`, and
/// - reset after the product (cuDNN, PyTorch, Keras by default):
///   `n = tanh(W_in x + b_n + r ⊙ (W_hn h + b_hn))`
/// - reset before it (the paper, ONNX by default):
///   `n = tanh(W_in x + b_n + W_hn (r ⊙ h))`
///
/// With `clip`, the three pre-activations are clamped, as ONNX's `clip` does.
///
/// # Source
/// Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder".
#[derive(Module, Debug)]
pub struct Gru {
    /// `[3 * hidden_size, input_size]`, gates r, z, n.
    pub w_ih: Param<Tensor<2>>,
    /// `[3 * hidden_size, hidden_size]`
    pub w_hh: Param<Tensor<2>>,
    /// `[3 * hidden_size]`
    pub bias: Param<Tensor<1>>,
    /// `b_hn`, `[hidden_size]`, with the reset after the product.
    pub bias_hn: Option<Param<Tensor<1>>>,
    #[module(skip)]
    clip: Option<f64>,
    #[module(skip)]
    gate_activation: Activation,
    #[module(skip)]
    candidate_activation: Activation,
}

impl GruConfig {
    /// Draws the weights of a cell.
    pub fn build(&self, input_size: usize, rng: &mut Rng, device: &Device) -> Result<Gru, NnError> {
        let size = self.hidden_size;
        let w_ih = packed(self.init.input, 3, size, input_size, rng, device);
        let w_hh = packed(self.init.recurrent(), 3, size, size, rng, device);
        let bias = parameter(self.init.bias.draw(3, size, 1, rng), [3 * size], device);
        let bias_hn = (self.reset == super::config::ResetPlace::AfterProduct)
            .then(|| parameter(self.init.bias.draw(1, size, 1, rng), [size], device));
        Ok(Gru {
            w_ih,
            w_hh,
            bias,
            bias_hn,
            clip: self.clip,
            gate_activation: self.gate_activation,
            candidate_activation: self.candidate_activation,
        })
    }
}

impl Gru {
    /// Whether PyTorch's `nn.GRU` computes the same.
    pub(crate) fn is_plain(&self) -> bool {
        self.bias_hn.is_some()
            && self.clip.is_none()
            && self.gate_activation == Activation::Sigmoid
            && self.candidate_activation == Activation::Tanh
    }

    /// Gate `index` of the pre-activations, clipped, through the gate function.
    fn open(&self, gates: &Tensor<2>, index: usize) -> Tensor<2> {
        let pre = gate(gates, index, self.hidden_size());
        self.gate_activation.apply(clamped(pre, self.clip))
    }
}

impl Cell for Gru {
    fn input_size(&self) -> usize {
        self.w_ih.dims()[1]
    }

    fn hidden_size(&self) -> usize {
        self.w_hh.dims()[1]
    }

    fn project(&self, x: Tensor<3>) -> Tensor<3> {
        affine(x, &self.w_ih, &self.bias)
    }

    fn step(&self, projected: Tensor<2>, recurrent: Tensor<2>, state: State) -> State {
        let size = self.hidden_size();
        let (z, candidate) = match &self.bias_hn {
            Some(bias_hn) => {
                let product = times(recurrent, &self.w_hh);
                let gates = projected.clone() + product.clone();
                let (r, z) = (self.open(&gates, 0), self.open(&gates, 1));
                let reset = r * (gate(&product, 2, size) + row(bias_hn));
                (z, gate(&projected, 2, size) + reset)
            }
            None => {
                let w_hh = self.w_hh.val();
                let w_gates = w_hh.clone().narrow(0, 0, 2 * size).transpose();
                let w_candidate = w_hh.narrow(0, 2 * size, size).transpose();
                let gates =
                    projected.clone().narrow(1, 0, 2 * size) + recurrent.clone().matmul(w_gates);
                let (r, z) = (self.open(&gates, 0), self.open(&gates, 1));
                let product = (r * recurrent).matmul(w_candidate);
                (z, gate(&projected, 2, size) + product)
            }
        };
        let n = self
            .candidate_activation
            .apply(clamped(candidate, self.clip));
        // (1 - z) n + z h, with one product fewer.
        let hidden = n.clone() + z * (state.hidden - n);
        State::hidden_only(hidden)
    }

    fn fused(&self) -> Result<FusedCell, &'static str> {
        if self.clip.is_some() {
            return Err("clip");
        }
        if self.gate_activation != Activation::Sigmoid {
            return Err("gate_activation");
        }
        if self.candidate_activation != Activation::Tanh {
            return Err("candidate_activation");
        }
        let biases = self.bias.val().reshape([3, self.hidden_size()]);
        let (reset, vectors) = match &self.bias_hn {
            Some(bias_hn) => (
                Reset::AfterProduct,
                Tensor::cat(vec![biases, row(bias_hn)], 0),
            ),
            None => (Reset::BeforeProduct, biases),
        };
        Ok(FusedCell {
            kind: CellKind::Gru { reset },
            w_ih: self.w_ih.val(),
            w_hh: self.w_hh.val(),
            vectors,
        })
    }
}
