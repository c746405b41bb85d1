//! The quasi-recurrent network.

use super::{Cell, FusedCell, Pooling, QrnnConfig, ScannedCell, State, affine, gate, packed};
use crate::init::parameter;
use crate::{NnError, Rng};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, activation};
use recurra_kernels::ScanKind;

/// A convolution over the last inputs, pooled over time by gates.
///
/// ```text
/// z = tanh(W_z * x + b_z)     f, o, i = σ(W * x + b)
/// f pooling:     h' = f ⊙ h + (1 - f) ⊙ z
/// fo pooling:    c' = f ⊙ c + (1 - f) ⊙ z     h' = o ⊙ c'
/// ifo pooling:   c' = f ⊙ c + i ⊙ z           h' = o ⊙ c'
/// ```
///
/// `W * x` sees this input and the `window_size - 1` before it, and none after it. The state
/// carries those inputs, so that a sequence may be read in pieces.
///
/// # Source
/// Bradbury et al. 2017, "Quasi-recurrent neural networks".
#[derive(Module, Debug)]
pub struct Qrnn {
    /// `[gates * hidden_size, window_size * input_size]`: z, f, o, i; the oldest input first.
    pub w_ih: Param<Tensor<2>>,
    /// `[gates * hidden_size]`
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    pooling: Pooling,
    #[module(skip)]
    window_size: usize,
}

impl QrnnConfig {
    /// Draws the weights of a cell.
    pub fn build(
        &self,
        input_size: usize,
        rng: &mut Rng,
        device: &Device,
    ) -> Result<Qrnn, NnError> {
        let (size, gates) = (self.hidden_size, self.pooling.num_gates());
        let seen = self.window_size * input_size;
        let mut bias = self.init.bias.draw(gates, size, 1, rng);
        super::raise(&mut bias[size..2 * size], self.forget_bias);
        Ok(Qrnn {
            w_ih: packed(self.init.input, gates, size, seen, rng, device),
            bias: parameter(bias, [gates * size], device),
            pooling: self.pooling,
            window_size: self.window_size,
        })
    }
}

impl Cell for Qrnn {
    fn input_size(&self) -> usize {
        self.w_ih.dims()[1] / self.window_size
    }

    fn hidden_size(&self) -> usize {
        self.bias.dims()[0] / self.pooling.num_gates()
    }

    fn cell_size(&self) -> Option<usize> {
        (self.pooling != Pooling::F).then(|| self.hidden_size())
    }

    fn look_back(&self) -> usize {
        self.window_size - 1
    }

    fn project(&self, x: Tensor<3>) -> Tensor<3> {
        affine(x, &self.w_ih, &self.bias)
    }

    fn step(&self, projected: Tensor<2>, _: Tensor<2>, state: State) -> State {
        let size = self.hidden_size();
        let open = |index: usize| activation::sigmoid(gate(&projected, index, size));
        let z = gate(&projected, 0, size).tanh();
        let f = open(1);
        let Some(old) = state.cell else {
            return State::hidden_only(z.clone() + f * (state.hidden - z));
        };
        let cell = match self.pooling {
            Pooling::Ifo => f * old + open(3) * z,
            Pooling::F | Pooling::Fo => z.clone() + f * (old - z),
        };
        State {
            hidden: open(2) * cell.clone(),
            cell: Some(cell),
            window: None,
        }
    }

    fn fused(&self) -> Result<FusedCell, &'static str> {
        Err("scan")
    }

    fn scanned(&self) -> Option<ScannedCell> {
        Some(ScannedCell {
            kind: ScanKind::Qrnn {
                pooling: self.pooling.kernel(),
            },
            w_ih: self.w_ih.val(),
            vectors: (self.bias.val()).reshape([self.pooling.num_gates(), self.hidden_size()]),
        })
    }
}
