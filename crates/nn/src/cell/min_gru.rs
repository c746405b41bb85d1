//! The minimal gated recurrent unit.

use super::{Candidate, Cell, FusedCell, MinGruConfig, ScannedCell, State, affine, packed};
use crate::init::parameter;
use crate::{NnError, Rng};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, activation};
use recurra_kernels::ScanKind;

/// A gated recurrent unit whose gate and candidate see only the input, so that a whole sequence
/// is one product and a scan.
///
/// `z = σ(W_z x + b_z)`, `h' = (1 - z) ⊙ h + z ⊙ g(W_h x + b_h)`, with `g` as [`Candidate`] says.
///
/// The paper's code starts from `g(0) = 1/2`, this cell like all others from zero.
///
/// # Source
/// Feng et al. 2024, "Were RNNs all we needed?".
#[derive(Module, Debug)]
pub struct MinGru {
    /// `[2 * hidden_size, input_size]`: gate z, candidate.
    pub w_ih: Param<Tensor<2>>,
    /// `[2 * hidden_size]`
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    candidate: Candidate,
}

impl MinGruConfig {
    /// Draws the weights of a cell.
    pub fn build(
        &self,
        input_size: usize,
        rng: &mut Rng,
        device: &Device,
    ) -> Result<MinGru, NnError> {
        let size = self.hidden_size;
        Ok(MinGru {
            w_ih: packed(self.init.input, 2, size, input_size, rng, device),
            bias: parameter(self.init.bias.draw(2, size, 1, rng), [2 * size], device),
            candidate: self.candidate,
        })
    }
}

impl Cell for MinGru {
    fn input_size(&self) -> usize {
        self.w_ih.dims()[1]
    }

    fn hidden_size(&self) -> usize {
        self.bias.dims()[0] / 2
    }

    fn project(&self, x: Tensor<3>) -> Tensor<3> {
        affine(x, &self.w_ih, &self.bias)
    }

    fn step(&self, projected: Tensor<2>, _: Tensor<2>, state: State) -> State {
        let [z, candidate] = super::gates(&projected, self.hidden_size());
        let candidate = self.candidate.apply(candidate);
        let old = state.hidden;
        State::hidden_only(old.clone() + activation::sigmoid(z) * (candidate - old))
    }

    fn fused(&self) -> Result<FusedCell, &'static str> {
        Err("scan")
    }

    fn scanned(&self) -> Option<ScannedCell> {
        Some(ScannedCell {
            kind: ScanKind::MinGru {
                candidate: self.candidate.kernel(),
            },
            w_ih: self.w_ih.val(),
            vectors: self.bias.val().reshape([2, self.hidden_size()]),
        })
    }
}
