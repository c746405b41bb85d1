//! How a call's working memory is laid out, its parameters packed for it, and whether it is
//! worth several threads.

use rayon::prelude::*;

use super::cells::cell;
use super::lanes::{Cell, LANES};
use super::packing::Panels;
use super::recurrence::{Multiplied, Plan, Stage};
use crate::arch::Machine;
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
    fn vectors<'a>(
        &self,
        weights: &Weights<'a>,
    ) -> impl Iterator<Item = (super::recurrence::Vector, &'a [f32])> {
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
}

/// How many threads a call deserves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Threads(usize);

impl Threads {
    /// Multiplications below which handing work to other threads costs more than it saves.
    const WORTHWHILE: usize = 1 << 21;

    /// For a call with so many real steps.
    pub(super) fn for_work(kind: CellKind, shape: SequenceShape, num_steps: usize) -> Threads {
        let per_step = kind
            .w_hh_len(shape.hidden_size)
            .saturating_add(kind.num_gates() * shape.hidden_size * shape.input_size);
        if num_steps.saturating_mul(per_step) < Threads::WORTHWHILE {
            Threads(1)
        } else {
            Threads(rayon::current_num_threads().max(1))
        }
    }

    /// Blocks that `rows` are dealt to: not so many that a block's product is slow.
    pub(super) fn blocks(self, rows: usize) -> usize {
        const ROWS: usize = 4;
        self.0.min(rows.div_ceil(ROWS)).max(1)
    }

    /// Units for each task, when `units` are shared out evenly.
    pub(super) fn share(self, units: usize) -> usize {
        units.div_ceil(self.0).max(1)
    }

    /// Carries out `task` for every item, in any order.
    pub(super) fn spread<T: Send, R: Send>(
        self,
        items: Vec<T>,
        task: impl Fn(T) -> R + Send + Sync,
    ) -> Vec<R> {
        if self.0 == 1 || items.len() < 2 {
            items.into_iter().map(task).collect()
        } else {
            items.into_par_iter().with_max_len(1).map(task).collect()
        }
    }
}
