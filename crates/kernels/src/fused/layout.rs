//! How a call's working memory is laid out, and its parameters and states brought into it.

use super::cells::cell;
use super::lanes::{Cell, LANES};
use super::recurrence::{Multiplied, Plan, Stage, Vector};
use super::schedule::Block;
use crate::arch::Machine;
use crate::gemm::Panels;
use crate::{CellKind, SequenceShape, Weights};

/// A cell with its sizes. W, `width`, is the hidden size padded to whole groups of units.
pub(super) struct Layout {
    pub(super) machine: Machine,
    pub(super) cell: Box<dyn Cell>,
    pub(super) plan: Plan,
    pub(super) input_size: usize,
    pub(super) hidden_size: usize,
    pub(super) width: usize,
    /// Values of one step of one row: `[SLOTS, W]`.
    pub(super) slots_len: usize,
    /// Values of one row's state: `[STATES, W]`.
    pub(super) state_len: usize,
}

impl Layout {
    pub(super) fn new(machine: Machine, kind: CellKind, shape: SequenceShape) -> Layout {
        let cell = cell(kind);
        let width = shape.hidden_size.next_multiple_of(LANES);
        Layout {
            machine,
            plan: cell.plan(),
            input_size: shape.input_size,
            hidden_size: shape.hidden_size,
            width,
            slots_len: cell.num_slots() * width,
            state_len: cell.num_states() * width,
            cell,
        }
    }

    /// Columns of a row that `W_ih·x` reaches: the first ones.
    pub(super) fn x_columns(&self) -> usize {
        self.plan.x_gates.len() * self.width
    }

    /// The vectors of the plan with their values: rows of `vectors`, then `w_hh` if it is one.
    fn vectors<'a>(&self, weights: &Weights<'a>) -> impl Iterator<Item = (Vector, &'a [f32])> {
        let rows = weights.vectors.chunks_exact(self.hidden_size);
        let values = rows.chain(std::iter::once(weights.w_hh));
        self.plan.vectors.iter().copied().zip(values)
    }

    /// What the slots of a step start from: the biases. `[SLOTS, W]`
    pub(super) fn biases(&self, weights: &Weights<'_>) -> Vec<f32> {
        let mut biases = vec![0.0; self.slots_len];
        for (vector, values) in self.vectors(weights) {
            if vector.of == Multiplied::One {
                biases[vector.slot * self.width..][..self.hidden_size].copy_from_slice(values);
            }
        }
        biases
    }

    /// The vectors that the cell multiplies itself. `[FACTORS, W]`
    pub(super) fn factors(&self, weights: &Weights<'_>) -> Vec<f32> {
        let mut factors = Vec::new();
        for (vector, values) in self.vectors(weights) {
            if vector.of != Multiplied::One {
                factors.extend_from_slice(values);
                factors.resize(factors.len().next_multiple_of(self.width), 0.0);
            }
        }
        factors
    }

    /// `W_ih` transposed, `[I, x slots · W]`: from inputs to slots.
    pub(super) fn x_to_slots(&self, w_ih: &[f32]) -> Panels {
        self.transposed(self.plan.x_gates, w_ih, self.input_size)
    }

    /// `W_ih`, `[x slots · W, I]`: from gradients of slots to gradients of inputs.
    pub(super) fn slots_to_x(&self, w_ih: &[f32]) -> Panels {
        self.untransposed(self.plan.x_gates, w_ih, self.input_size)
    }

    /// `W_hh` of one stage, transposed, `[H, stage slots · W]`; `None` without a product.
    pub(super) fn operand_to_slots(&self, stage: &Stage, w_hh: &[f32]) -> Option<Panels> {
        (!stage.gates.is_empty()).then(|| self.transposed(stage.gates, w_hh, self.hidden_size))
    }

    /// `W_hh` of one stage, `[stage slots · W, H]`; `None` without a product.
    pub(super) fn slots_to_operand(&self, stage: &Stage, w_hh: &[f32]) -> Option<Panels> {
        (!stage.gates.is_empty()).then(|| self.untransposed(stage.gates, w_hh, self.hidden_size))
    }

    fn transposed(&self, gates: &[usize], weight: &[f32], inputs: usize) -> Panels {
        Panels::from_columns(self.machine, inputs, gates.len() * self.width, |slot| {
            self.weight_row(gates, weight, inputs, slot)
        })
    }

    fn untransposed(&self, gates: &[usize], weight: &[f32], inputs: usize) -> Panels {
        Panels::from_rows(self.machine, gates.len() * self.width, inputs, |slot| {
            self.weight_row(gates, weight, inputs, slot)
        })
    }

    /// The row of `weight` that belongs to a padded slot column; `None` for padding.
    fn weight_row<'a>(
        &self,
        gates: &[usize],
        weight: &'a [f32],
        inputs: usize,
        column: usize,
    ) -> Option<&'a [f32]> {
        let (slot, unit) = (column / self.width, column % self.width);
        let row = gates[slot] * self.hidden_size + unit;
        (unit < self.hidden_size).then(|| &weight[row * inputs..][..inputs])
    }

    /// A block's rows of a `[S, B, H]` array, as `[rows, STATES, W]`.
    pub(super) fn gather_state(
        &self,
        block: &Block,
        values: &[f32],
        batch_size: usize,
    ) -> Vec<f32> {
        let mut state = vec![0.0; block.rows.len() * self.state_len];
        let targets = state.chunks_exact_mut(self.state_len);
        for (row, target) in block.rows.iter().zip(targets) {
            for (index, target) in target.chunks_exact_mut(self.width).enumerate() {
                let start = (index * batch_size + row) * self.hidden_size;
                target[..self.hidden_size].copy_from_slice(&values[start..][..self.hidden_size]);
            }
        }
        state
    }

    /// The way back: writes a block's rows into a `[S, B, H]` array.
    pub(super) fn scatter_state(
        &self,
        block: &Block,
        state: &[f32],
        batch_size: usize,
        values: &mut [f32],
    ) {
        for (row, source) in block.rows.iter().zip(state.chunks_exact(self.state_len)) {
            for (index, source) in source.chunks_exact(self.width).enumerate() {
                let start = (index * batch_size + row) * self.hidden_size;
                values[start..][..self.hidden_size].copy_from_slice(&source[..self.hidden_size]);
            }
        }
    }
}
