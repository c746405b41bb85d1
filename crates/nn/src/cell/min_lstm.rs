//! The minimal long short-term memory.

use super::{Candidate, Cell, FusedCell, MinLstmConfig, ScannedCell, State, affine, packed};
use crate::init::parameter;
use crate::{NnError, Rng};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, activation};
use recurra_kernels::ScanKind;

/// A long short-term memory whose gates and candidate see only the input, so that a whole
/// sequence is one product and a scan.
///
/// ```text
/// f = σ(W_f x + b_f)      i = σ(W_i x + b_i)
/// h' = f / (f + i) ⊙ h + i / (f + i) ⊙ g(W_h x + b_h)
/// ```
///
/// with `g` as [`Candidate`] says. The quotients are formed from `ln f - ln i`, so that gates
/// that are both all but shut keep their ratio. There is no cell state beside the hidden one.
///
/// The paper's code starts from `g(0) = 1/2`, this cell like all others from zero.
///
/// # Source
/// Feng et al. 2024, "Were RNNs all we needed?".
#[derive(Module, Debug)]
pub struct MinLstm {
    /// `[3 * hidden_size, input_size]`: gates f, i, candidate.
    pub w_ih: Param<Tensor<2>>,
    /// `[3 * hidden_size]`
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    candidate: Candidate,
}

impl MinLstmConfig {
    /// Draws the weights of a cell.
    pub fn build(
        &self,
        input_size: usize,
        rng: &mut Rng,
        device: &Device,
    ) -> Result<MinLstm, NnError> {
        let size = self.hidden_size;
        let mut bias = self.init.bias.draw(3, size, 1, rng);
        super::raise(&mut bias[..size], self.forget_bias);
        Ok(MinLstm {
            w_ih: packed(self.init.input, 3, size, input_size, rng, device),
            bias: parameter(bias, [3 * size], device),
            candidate: self.candidate,
        })
    }
}

impl Cell for MinLstm {
    fn input_size(&self) -> usize {
        self.w_ih.dims()[1]
    }

    fn hidden_size(&self) -> usize {
        self.bias.dims()[0] / 3
    }

    fn project(&self, x: Tensor<3>) -> Tensor<3> {
        affine(x, &self.w_ih, &self.bias)
    }

    fn step(&self, projected: Tensor<2>, _: Tensor<2>, state: State) -> State {
        let [f, i, candidate] = super::gates(&projected, self.hidden_size());
        let quotient = activation::log_sigmoid(i) - activation::log_sigmoid(f);
        let candidate = self.candidate.apply(candidate);
        let old = state.hidden;
        State::hidden_only(old.clone() + activation::sigmoid(quotient) * (candidate - old))
    }

    fn fused(&self) -> Result<FusedCell, &'static str> {
        Err("scan")
    }

    fn scanned(&self) -> Option<ScannedCell> {
        Some(ScannedCell {
            kind: ScanKind::MinLstm {
                candidate: self.candidate.kernel(),
            },
            w_ih: self.w_ih.val(),
            vectors: self.bias.val().reshape([3, self.hidden_size()]),
        })
    }
}
