//! The simple recurrent unit.

use super::{Cell, FusedCell, ScannedCell, SruConfig, State, packed, row, times};
use crate::init::parameter;
use crate::{NnError, Rng};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, activation};
use recurra_kernels::{Highway, ScanKind};

/// A recurrent unit whose products see only the input; the state enters element by element.
///
/// ```text
/// f = σ(W_f x + b_f + v_f ⊙ c)     c' = f ⊙ c + (1 - f) ⊙ W x
/// r = σ(W_r x + b_r + v_r ⊙ c)     h' = r ⊙ c' + (1 - r) ⊙ α s
/// ```
///
/// `s` is `x` where the input is as wide as the output, and `W_s x` elsewhere. The peepholes `v`
/// are optional; without them time runs in parallel blocks.
///
/// # Source
/// Lei et al. 2018, "Simple recurrent units for highly parallelizable recurrence".
#[derive(Module, Debug)]
pub struct Sru {
    /// `[3 * hidden_size, input_size]`: candidate, gates f, r; 4 with `W_s` last.
    pub w_ih: Param<Tensor<2>>,
    /// `b_f, b_r`, `[2 * hidden_size]`
    pub bias: Param<Tensor<1>>,
    /// `v_f, v_r`, `[2, hidden_size]`.
    pub peepholes: Option<Param<Tensor<2>>>,
    #[module(skip)]
    scale: f64,
}

impl SruConfig {
    /// Draws the weights of a cell.
    pub fn build(&self, input_size: usize, rng: &mut Rng, device: &Device) -> Result<Sru, NnError> {
        let size = self.hidden_size;
        let blocks = if input_size == size { 3 } else { 4 };
        let mut bias = self.init.bias.draw(2, size, 1, rng);
        super::raise(&mut bias[..size], self.forget_bias);
        let zeros = || parameter(vec![0.0; 2 * size], [2, size], device);
        Ok(Sru {
            w_ih: packed(self.init.input, blocks, size, input_size, rng, device),
            bias: parameter(bias, [2 * size], device),
            peepholes: self.peepholes.then(zeros),
            scale: self.highway_scale,
        })
    }
}

impl Sru {
    /// Where the highway starts.
    fn highway(&self) -> Highway {
        if self.w_ih.dims()[0] == 3 * self.hidden_size() {
            Highway::Input
        } else {
            Highway::Projected
        }
    }
}

impl Cell for Sru {
    fn input_size(&self) -> usize {
        self.w_ih.dims()[1]
    }

    fn hidden_size(&self) -> usize {
        self.bias.dims()[0] / 2
    }

    fn cell_size(&self) -> Option<usize> {
        Some(self.hidden_size())
    }

    /// The candidate, the gates with their biases, and the highway's start.
    fn project(&self, x: Tensor<3>) -> Tensor<3> {
        let size = self.hidden_size();
        let product = times(x.clone(), &self.w_ih);
        let start = match self.highway() {
            Highway::Input => x,
            Highway::Projected => product.clone().narrow(2, 3 * size, size),
        };
        let candidate = product.clone().narrow(2, 0, size);
        let gates = product.narrow(2, size, 2 * size) + row(&self.bias);
        Tensor::cat(vec![candidate, gates, start], 2)
    }

    fn step(&self, projected: Tensor<2>, _: Tensor<2>, state: State) -> State {
        let [candidate, mut f, mut r, start] = super::gates(&projected, self.hidden_size());
        let old = state.cell.expect("an SRU's state has a cell part");
        if let Some(peepholes) = &self.peepholes {
            f = f + peepholes.val().narrow(0, 0, 1) * old.clone();
            r = r + peepholes.val().narrow(0, 1, 1) * old.clone();
        }
        let cell = candidate.clone() + activation::sigmoid(f) * (old - candidate);
        let start = start.mul_scalar(self.scale);
        State {
            hidden: start.clone() + activation::sigmoid(r) * (cell.clone() - start),
            cell: Some(cell),
            window: None,
        }
    }

    fn fused(&self) -> Result<FusedCell, &'static str> {
        Err("scan")
    }

    fn scanned(&self) -> Option<ScannedCell> {
        let biases = self.bias.val().reshape([2, self.hidden_size()]);
        Some(ScannedCell {
            kind: ScanKind::Sru {
                peepholes: self.peepholes.is_some(),
                highway: self.highway(),
                scale: self.scale as f32,
            },
            w_ih: self.w_ih.val(),
            vectors: match &self.peepholes {
                Some(peepholes) => Tensor::cat(vec![biases, peepholes.val()], 0),
                None => biases,
            },
        })
    }
}
