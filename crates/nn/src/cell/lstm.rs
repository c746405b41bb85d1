//! Long short-term memory.

use super::{Cell, FusedCell, LstmConfig, State, clamped, gate, packed, row, times};
use crate::activation::Activation;
use crate::init::{Initialiser, parameter};
use crate::norm::{LayerNorm, normalise};
use crate::{NnError, Rng};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use recurra_kernels::CellKind;

/// A long short-term memory cell.
///
/// ```text
/// i, f, g, o = W_ih x + b + W_hh h          (pre-activations)
/// i = σ(i + p_i ⊙ c)      f = σ(f + p_f ⊙ c)      g = tanh(g)
/// c' = f ⊙ c + i ⊙ g
/// o = σ(o + p_o ⊙ c')     h' = o ⊙ tanh(c')
/// ```
///
/// The peepholes `p` are optional (Gers and Schmidhuber 2000). With `coupled`,
/// `f = 1 - i`. With `clip`, pre-activations are clamped, as ONNX's `clip` does; with
/// `cell_clip`, `c'` is, as TensorFlow's `LSTMCell` does. With `proj_size`, `h' = W_hr (o ⊙ tanh(c'))` (Sak et al. 2014). With
/// `layer_norm`, `LN(W_ih x) + b + LN(W_hh h)` and `tanh(LN(c'))`, each LN over its
/// whole vector with a gain (Ba et al. 2016).
///
/// # Source
/// Hochreiter and Schmidhuber 1997; the forget gate is Gers et al. 2000.
#[derive(Module, Debug)]
pub struct Lstm {
    /// `[4 * cell_size, input_size]`, gates i, f, g, o.
    pub w_ih: Param<Tensor<2>>,
    /// `[4 * cell_size, hidden_size]`
    pub w_hh: Param<Tensor<2>>,
    /// `[4 * cell_size]`
    pub bias: Param<Tensor<1>>,
    /// `p_i, p_f, p_o`, `[3, cell_size]`.
    pub peepholes: Option<Param<Tensor<2>>>,
    /// `W_hr`, `[proj_size, cell_size]`.
    pub w_hr: Option<Param<Tensor<2>>>,
    /// Gains of the layer norms.
    pub norm: Option<LstmNorm>,
    #[module(skip)]
    coupled: bool,
    #[module(skip)]
    clip: Option<f64>,
    #[module(skip)]
    cell_clip: Option<f64>,
    #[module(skip)]
    gate_activation: Activation,
    #[module(skip)]
    candidate_activation: Activation,
    #[module(skip)]
    output_activation: Activation,
}

/// The layer norms inside a layer-normalised LSTM.
#[derive(Module, Debug)]
pub struct LstmNorm {
    /// Gain on `W_ih x`, `[4 * cell_size]`.
    pub gain_ih: Param<Tensor<1>>,
    /// Gain on `W_hh h`, `[4 * cell_size]`.
    pub gain_hh: Param<Tensor<1>>,
    /// On the cell state before its tanh.
    pub cell: LayerNorm,
}

impl LstmConfig {
    /// Draws the weights of a cell.
    pub fn build(
        &self,
        input_size: usize,
        rng: &mut Rng,
        device: &Device,
    ) -> Result<Lstm, NnError> {
        let size = self.hidden_size;
        let hidden_size = self.proj_size.unwrap_or(size);
        let w_ih = packed(self.init.input, 4, size, input_size, rng, device);
        let w_hh = packed(self.init.recurrent(), 4, size, hidden_size, rng, device);
        let mut bias = self.init.bias.draw(4, size, 1, rng);
        for value in &mut bias[size..2 * size] {
            *value += self.forget_bias as f32;
        }
        let peepholes = self
            .peepholes
            .then(|| parameter(vec![0.0; 3 * size], [3, size], device));
        let w_hr = self
            .proj_size
            .map(|proj| packed(Initialiser::Glorot, 1, proj, size, rng, device));
        let ones = |count: usize| parameter(vec![1.0; count], [count], device);
        let norm = self.layer_norm.then(|| LstmNorm {
            gain_ih: ones(4 * size),
            gain_hh: ones(4 * size),
            cell: LayerNorm::new(size, device),
        });
        Ok(Lstm {
            w_ih,
            w_hh,
            bias: parameter(bias, [4 * size], device),
            peepholes,
            w_hr,
            norm,
            coupled: self.coupled,
            clip: self.clip,
            cell_clip: self.cell_clip,
            gate_activation: self.gate_activation,
            candidate_activation: self.candidate_activation,
            output_activation: self.output_activation,
        })
    }
}

impl Lstm {
    fn size(&self) -> usize {
        self.w_hh.dims()[0] / 4
    }

    /// `pre`, plus the peephole `index` onto `cell`, clipped, through the gate function.
    fn open(&self, pre: Tensor<2>, index: usize, cell: &Tensor<2>) -> Tensor<2> {
        let pre = match &self.peepholes {
            Some(peepholes) => pre + peepholes.val().narrow(0, index, 1) * cell.clone(),
            None => pre,
        };
        self.gate_activation.apply(clamped(pre, self.clip))
    }

    /// Whether PyTorch's `nn.LSTM` computes the same.
    pub(crate) fn is_plain(&self) -> bool {
        let activations = (
            self.gate_activation,
            self.candidate_activation,
            self.output_activation,
        );
        self.peepholes.is_none()
            && self.norm.is_none()
            && !self.coupled
            && self.clip.is_none()
            && self.cell_clip.is_none()
            && activations == (Activation::Sigmoid, Activation::Tanh, Activation::Tanh)
    }
}

impl Cell for Lstm {
    fn input_size(&self) -> usize {
        self.w_ih.dims()[1]
    }

    fn hidden_size(&self) -> usize {
        self.w_hh.dims()[1]
    }

    fn cell_size(&self) -> Option<usize> {
        Some(self.size())
    }

    fn project(&self, x: Tensor<3>) -> Tensor<3> {
        let product = times(x, &self.w_ih);
        let product = match &self.norm {
            Some(norm) => normalise(product) * row(&norm.gain_ih),
            None => product,
        };
        product + row(&self.bias)
    }

    fn step(&self, projected: Tensor<2>, recurrent: Tensor<2>, state: State) -> State {
        let size = self.size();
        let previous = state.cell.expect("an LSTM's state has a cell part");
        let product = times(recurrent, &self.w_hh);
        let product = match &self.norm {
            Some(norm) => normalise(product) * row(&norm.gain_hh),
            None => product,
        };
        let gates = projected + product;
        let i = self.open(gate(&gates, 0, size), 0, &previous);
        let f = if self.coupled {
            i.clone().neg().add_scalar(1.0)
        } else {
            self.open(gate(&gates, 1, size), 1, &previous)
        };
        let g = clamped(gate(&gates, 2, size), self.clip);
        let cell = f * previous + i * self.candidate_activation.apply(g);
        let cell = clamped(cell, self.cell_clip);
        let o = self.open(gate(&gates, 3, size), 2, &cell);
        let shown = match &self.norm {
            Some(norm) => norm.cell.forward(cell.clone()),
            None => cell.clone(),
        };
        let hidden = o * self.output_activation.apply(shown);
        let hidden = match &self.w_hr {
            Some(w_hr) => times(hidden, w_hr),
            None => hidden,
        };
        State {
            hidden,
            cell: Some(cell),
            window: None,
        }
    }

    fn fused(&self) -> Result<FusedCell, &'static str> {
        if self.w_hr.is_some() {
            return Err("proj_size");
        }
        if self.norm.is_some() {
            return Err("layer_norm");
        }
        if self.cell_clip.is_some() {
            return Err("cell_clip");
        }
        if self.gate_activation != Activation::Sigmoid {
            return Err("gate_activation");
        }
        if self.candidate_activation != Activation::Tanh {
            return Err("candidate_activation");
        }
        if self.output_activation != Activation::Tanh {
            return Err("output_activation");
        }
        let biases = self.bias.val().reshape([4, self.size()]);
        let vectors = match &self.peepholes {
            Some(peepholes) => Tensor::cat(vec![biases, peepholes.val()], 0),
            None => biases,
        };
        Ok(FusedCell {
            kind: CellKind::Lstm {
                peepholes: self.peepholes.is_some(),
                coupled: self.coupled,
                clip: self.clip.map(|clip| clip as f32),
            },
            w_ih: self.w_ih.val(),
            w_hh: self.w_hh.val(),
            vectors,
        })
    }
}
