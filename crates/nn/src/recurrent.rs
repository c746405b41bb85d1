//! A cell unrolled, in one direction or both: one layer of a stack.

use crate::cell::{AnyCell, Cell, State};
use crate::unroll::{Path, RecurrentNoise, Unroll, path, unroll};
use crate::{Mode, NnError};
use burn::module::Module;
use burn::tensor::Tensor;
use recurra_kernels::Direction;
use serde::{Deserialize, Serialize};

/// A cell with the noise on its recurrence.
#[derive(Module, Debug)]
pub struct Recurrent {
    /// The step and its weights.
    pub cell: AnyCell,
    #[module(skip)]
    pub(crate) noise: RecurrentNoise,
}

impl Recurrent {
    /// Width of what a neuron's state is: the cell state where there is one, else the hidden state.
    pub fn state_size(&self) -> usize {
        self.cell
            .cell_size()
            .unwrap_or_else(|| self.cell.hidden_size())
    }

    fn unroll(
        &self,
        x: Tensor<3>,
        lengths: Option<&[usize]>,
        state: Option<State>,
        direction: Direction,
        mut mode: Mode<'_>,
    ) -> Result<(Tensor<3>, State), NnError> {
        let thinned = match &mut mode {
            Mode::Train { rng, .. } if self.noise.weight_drop > 0.0 => {
                Some(self.cell.thinned(self.noise.weight_drop, rng))
            }
            _ => None,
        };
        let call = Unroll {
            lengths,
            state,
            direction,
            noise: self.noise,
            mode,
        };
        let unrolled = unroll(thinned.as_ref().unwrap_or(&self.cell), x, call)?;
        Ok((unrolled.outputs, unrolled.state))
    }
}

/// How the outputs of the two directions become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Merge {
    /// Side by side; twice as wide.
    Concat,
    /// Added.
    Sum,
    /// Multiplied element by element.
    Mul,
    /// Their mean.
    Average,
}

impl Merge {
    fn apply<const D: usize>(self, forward: Tensor<D>, backward: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Concat => Tensor::cat(vec![forward, backward], D - 1),
            Self::Sum => forward + backward,
            Self::Mul => forward * backward,
            Self::Average => (forward + backward).div_scalar(2.0),
        }
    }
}

/// Two cells that read the sequence in opposite directions.
///
/// # Source
/// Schuster and Paliwal 1997, "Bidirectional recurrent neural networks".
#[derive(Module, Debug)]
pub struct Bidirectional {
    /// Reads from the first step on.
    pub forward: Recurrent,
    /// Reads from each row's last real step back.
    pub backward: Recurrent,
    #[module(skip)]
    pub(crate) merge: Merge,
}

/// One layer of a stack.
#[derive(Module, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a network has few layers, and each is handles to weights far larger than itself"
)]
pub enum Layer {
    /// One direction.
    Forward(Recurrent),
    /// Both directions.
    Both(Bidirectional),
}

/// The state of one layer.
#[derive(Debug, Clone)]
pub struct LayerState {
    /// Behind the last step of the forward direction.
    pub forward: State,
    /// Behind the first step, for layers that also read backward.
    pub backward: Option<State>,
}

impl LayerState {
    /// See [`State::detach`].
    pub fn detach(self) -> Self {
        Self {
            forward: self.forward.detach(),
            backward: self.backward.map(State::detach),
        }
    }

    /// See [`State::select`].
    pub fn select(self, rows: &[usize]) -> Self {
        Self {
            forward: self.forward.select(rows),
            backward: self.backward.map(|state| state.select(rows)),
        }
    }
}

impl Layer {
    /// Width of the output, both directions merged.
    pub fn output_size(&self) -> usize {
        match self {
            Self::Forward(layer) => layer.cell.hidden_size(),
            Self::Both(both) if both.merge == Merge::Concat => {
                both.forward.cell.hidden_size() + both.backward.cell.hidden_size()
            }
            Self::Both(both) => both.forward.cell.hidden_size(),
        }
    }

    /// The cells of this layer: one, or forward and backward.
    pub fn cells(&self) -> Vec<&Recurrent> {
        match self {
            Self::Forward(layer) => vec![layer],
            Self::Both(both) => vec![&both.forward, &both.backward],
        }
    }

    /// The path of each of [`Self::cells`] in this mode.
    pub fn paths(&self, mode: &Mode<'_>) -> Vec<Path> {
        self.cells()
            .into_iter()
            .map(|layer| path(&layer.cell, layer.noise, mode))
            .collect()
    }

    /// The hidden state behind the last step, both directions merged: `[batch, output_size]`.
    pub fn last_hidden(&self, state: &LayerState) -> Tensor<2> {
        match (self, &state.backward) {
            (Self::Both(both), Some(backward)) => both
                .merge
                .apply(state.forward.hidden.clone(), backward.hidden.clone()),
            _ => state.forward.hidden.clone(),
        }
    }

    pub(crate) fn forward(
        &self,
        x: Tensor<3>,
        lengths: Option<&[usize]>,
        state: Option<LayerState>,
        mut mode: Mode<'_>,
    ) -> Result<(Tensor<3>, LayerState), NnError> {
        let (forward_state, backward_state) = match state {
            Some(state) => (Some(state.forward), state.backward),
            None => (None, None),
        };
        match self {
            Self::Forward(layer) => {
                let (outputs, forward) =
                    layer.unroll(x, lengths, forward_state, Direction::Forward, mode)?;
                let state = LayerState {
                    forward,
                    backward: None,
                };
                Ok((outputs, state))
            }
            Self::Both(both) => {
                let (ahead, forward) = both.forward.unroll(
                    x.clone(),
                    lengths,
                    forward_state,
                    Direction::Forward,
                    mode.reborrow(),
                )?;
                let (back, backward) =
                    both.backward
                        .unroll(x, lengths, backward_state, Direction::Backward, mode)?;
                let state = LayerState {
                    forward,
                    backward: Some(backward),
                };
                Ok((both.merge.apply(ahead, back), state))
            }
        }
    }
}
