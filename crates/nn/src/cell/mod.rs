//! Recurrent cells: one step of time and the weights that every step shares.
//!
//! A cell knows nothing of sequences, directions or lengths; [`crate::unroll`] does.

mod config;
mod gru;
mod ind_rnn;
mod lstm;
mod min_gru;
mod min_lstm;
mod qrnn;
mod rnn;
mod scan_config;
mod sru;
mod state;

pub use config::{
    CellConfig, CellName, GruConfig, IndRnnConfig, InitConfig, LstmConfig, ResetPlace, RnnConfig,
};
pub use gru::Gru;
pub use ind_rnn::IndRnn;
pub use lstm::{Lstm, LstmNorm};
pub use min_gru::MinGru;
pub use min_lstm::MinLstm;
pub use qrnn::Qrnn;
pub use rnn::Rnn;
pub use scan_config::{Candidate, MinGruConfig, MinLstmConfig, Pooling, QrnnConfig, SruConfig};
pub use sru::Sru;
pub use state::State;

use crate::Rng;
use crate::dropout::keep_mask;
use crate::init::parameter;
use crate::ops::linear_map;
use burn::module::{Module, Param, ParamId};
use burn::tensor::{Device, Tensor};
use recurra_kernels::{CellKind, ScanKind};

/// One step of a recurrent network, `h_t = f_W(h_t-1, x_t)`.
///
/// The part of `f_W` that sees only `x_t` is [`project`](Self::project): it is done
/// for all steps of a sequence at once. The rest is [`step`](Self::step).
pub trait Cell {
    /// Width of the input.
    fn input_size(&self) -> usize;

    /// Width of the hidden state, which is also the output.
    fn hidden_size(&self) -> usize;

    /// Width of the cell state, for cells that have one.
    fn cell_size(&self) -> Option<usize> {
        None
    }

    /// How many inputs before its own a step sees.
    fn look_back(&self) -> usize {
        0
    }

    /// What the gates receive from the input, biases included.
    ///
    /// # Shapes
    /// `[batch, seq_len, (look_back + 1) * input_size]`, the oldest input first, to
    /// `[batch, seq_len, gates * hidden_size]`.
    fn project(&self, x: Tensor<3>) -> Tensor<3>;

    /// Advances the state by one step.
    ///
    /// `recurrent` is what the recurrent weights see: `state.hidden`, or the copy of
    /// it that recurrent dropout has thinned.
    ///
    /// # Shapes
    /// `projected [batch, gates * hidden_size]`, `recurrent [batch, hidden_size]`.
    fn step(&self, projected: Tensor<2>, recurrent: Tensor<2>, state: State) -> State;

    /// The cell as the fused kernels take it, or the option that they do not know.
    fn fused(&self) -> Result<FusedCell, &'static str>;

    /// The cell as the scanning kernels take it, for cells whose gates see only the input.
    fn scanned(&self) -> Option<ScannedCell> {
        None
    }

    /// A state of zeros for `batch_size` rows, like `x` in device and float type.
    fn zero_state(&self, batch_size: usize, x: &Tensor<3>) -> State {
        let zeros = |size: usize| Tensor::zeros([batch_size, size], (&x.device(), x.dtype()));
        State {
            hidden: zeros(self.hidden_size()),
            cell: self.cell_size().map(zeros),
            window: None,
        }
    }
}

/// The weights of a cell in the kernels' layout; see [`CellKind`].
#[derive(Debug, Clone)]
pub struct FusedCell {
    /// The recurrence with its options.
    pub kind: CellKind,
    /// `[gates * hidden_size, input_size]`
    pub w_ih: Tensor<2>,
    /// `[gates * hidden_size, hidden_size]`, `[1, hidden_size]` when diagonal.
    pub w_hh: Tensor<2>,
    /// `[vectors, hidden_size]`: biases and peepholes.
    pub vectors: Tensor<2>,
}

/// The weights of a cell that scans, in the kernels' layout; see [`ScanKind`].
#[derive(Debug, Clone)]
pub struct ScannedCell {
    /// The recurrence with its options.
    pub kind: ScanKind,
    /// `[gates * hidden_size, (look_back + 1) * input_size]`
    pub w_ih: Tensor<2>,
    /// `[vectors, hidden_size]`: biases and peepholes.
    pub vectors: Tensor<2>,
}

/// Any of the cells, so that one stack can hold unlike ones.
#[derive(Module, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a network has few cells, and each is handles to weights far larger than itself"
)]
pub enum AnyCell {
    /// See [`Rnn`].
    Rnn(Rnn),
    /// See [`Lstm`].
    Lstm(Lstm),
    /// See [`Gru`].
    Gru(Gru),
    /// See [`IndRnn`].
    IndRnn(IndRnn),
    /// See [`MinGru`].
    MinGru(MinGru),
    /// See [`MinLstm`].
    MinLstm(MinLstm),
    /// See [`Sru`].
    Sru(Sru),
    /// See [`Qrnn`].
    Qrnn(Qrnn),
}

/// The same call on whichever cell it is.
macro_rules! each_cell {
    ($any:expr, $cell:ident => $call:expr) => {
        match $any {
            AnyCell::Rnn($cell) => $call,
            AnyCell::Lstm($cell) => $call,
            AnyCell::Gru($cell) => $call,
            AnyCell::IndRnn($cell) => $call,
            AnyCell::MinGru($cell) => $call,
            AnyCell::MinLstm($cell) => $call,
            AnyCell::Sru($cell) => $call,
            AnyCell::Qrnn($cell) => $call,
        }
    };
}

impl Cell for AnyCell {
    fn input_size(&self) -> usize {
        each_cell!(self, cell => cell.input_size())
    }
    fn hidden_size(&self) -> usize {
        each_cell!(self, cell => cell.hidden_size())
    }
    fn cell_size(&self) -> Option<usize> {
        each_cell!(self, cell => cell.cell_size())
    }
    fn look_back(&self) -> usize {
        each_cell!(self, cell => cell.look_back())
    }
    fn project(&self, x: Tensor<3>) -> Tensor<3> {
        each_cell!(self, cell => cell.project(x))
    }
    fn step(&self, projected: Tensor<2>, recurrent: Tensor<2>, state: State) -> State {
        each_cell!(self, cell => cell.step(projected, recurrent, state))
    }
    fn fused(&self) -> Result<FusedCell, &'static str> {
        each_cell!(self, cell => cell.fused())
    }
    fn scanned(&self) -> Option<ScannedCell> {
        each_cell!(self, cell => cell.scanned())
    }
}

impl AnyCell {
    /// The cell with recurrent weights that are zero with probability `weight_drop`, and the others
    /// over `1 - weight_drop`; gradients reach the weights that are not. A cell without a matrix of
    /// recurrent weights is as it was.
    ///
    /// # Source
    /// Merity, Keskar and Socher 2018, "Regularizing and optimizing LSTM language models": weights
    /// dropped as in DropConnect (Wan et al. 2013), once for a whole sequence.
    pub(crate) fn thinned(&self, weight_drop: f64, rng: &mut Rng) -> Self {
        let mut cell = self.clone();
        let w_hh = match &mut cell {
            Self::Rnn(cell) => &mut cell.w_hh,
            Self::Lstm(cell) => &mut cell.w_hh,
            Self::Gru(cell) => &mut cell.w_hh,
            _ => return cell,
        };
        let weights = w_hh.val();
        let (device, dtype) = (weights.device(), weights.dtype());
        let mask = keep_mask(weights.dims(), weight_drop, rng, &device, dtype);
        let thinned = weights * mask.div_scalar(1.0 - weight_drop);
        // Not `from_tensor`, which would make it a parameter of its own.
        *w_hh = Param::initialized(ParamId::new(), thinned);
        cell
    }
}

/// `x W^T`, for `w [rows, columns]` as PyTorch stores it.
pub(crate) fn times<const D: usize>(x: Tensor<D>, w: &Param<Tensor<2>>) -> Tensor<D> {
    linear_map(x, w.val(), None)
}

/// `x W^T + b`, for `w [rows, columns]` and `b [rows]`.
pub(crate) fn affine<const D: usize>(
    x: Tensor<D>,
    w: &Param<Tensor<2>>,
    b: &Param<Tensor<1>>,
) -> Tensor<D> {
    linear_map(x, w.val(), Some(b.val()))
}

/// `x` clamped to `[-bound, bound]`, if there is a bound.
pub(crate) fn clamped(x: Tensor<2>, bound: Option<f64>) -> Tensor<2> {
    match bound {
        Some(bound) => x.clamp(-bound, bound),
        None => x,
    }
}

/// `[n]` as `[1, n]` or `[1, 1, n]`, to be added to every row.
pub(crate) fn row<const D: usize>(v: &Param<Tensor<1>>) -> Tensor<D> {
    v.val().unsqueeze()
}

/// The columns of gate `index` in `[batch, gates * size]`.
pub(crate) fn gate(gates: &Tensor<2>, index: usize, size: usize) -> Tensor<2> {
    gates.clone().narrow(1, index * size, size)
}

/// The columns of the first gates in `[batch, gates * size]`.
pub(crate) fn gates<const N: usize>(projected: &Tensor<2>, size: usize) -> [Tensor<2>; N] {
    std::array::from_fn(|index| gate(projected, index, size))
}

/// Adds `by` to every bias.
pub(crate) fn raise(biases: &mut [f32], by: f64) {
    for bias in biases {
        *bias += by as f32;
    }
}

/// Draws the packed weights `[gates * rows, columns]` of a cell.
pub(crate) fn packed(
    init: crate::init::Initialiser,
    gates: usize,
    rows: usize,
    columns: usize,
    rng: &mut Rng,
    device: &Device,
) -> Param<Tensor<2>> {
    parameter(
        init.draw(gates, rows, columns, rng),
        [gates * rows, columns],
        device,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::values;
    use crate::{LayerConfig, rng};

    #[test]
    fn thinned_weights_are_zero_or_scaled_and_gradients_reach_those_that_are_left() {
        let device = Device::flex().autodiff();
        let config = LayerConfig::new(CellName::Lstm, 4).cell().unwrap();
        let cell = config.build(3, &mut rng(1, 0), &device).unwrap();
        let thinned = cell.thinned(0.5, &mut rng(2, 0));
        let (AnyCell::Lstm(whole), AnyCell::Lstm(thin)) = (&cell, &thinned) else {
            panic!("an LSTM was asked for");
        };
        let (before, after) = (values(&whole.w_hh.val()), values(&thin.w_hh.val()));
        let mut dropped = 0;
        for (before, after) in before.iter().zip(&after) {
            assert!(*after == 0.0 || (after - 2.0 * before).abs() < 1e-6);
            dropped += usize::from(*after == 0.0);
        }
        assert!((16..=48).contains(&dropped), "{dropped} of 64");
        assert_eq!(values(&whole.w_ih.val()), values(&thin.w_ih.val()));

        let gradients = thin.w_hh.val().sum().backward();
        let gradient = values(&whole.w_hh.val().grad(&gradients).unwrap());
        for (gradient, after) in gradient.iter().zip(&after) {
            assert_eq!(*gradient, if *after == 0.0 { 0.0 } else { 2.0 });
        }
    }
}
