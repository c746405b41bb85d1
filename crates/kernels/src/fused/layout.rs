//! How a call's working memory is laid out, and its parameters and states brought into it.

use std::sync::Arc;

use super::cells::cell;
use super::lanes::Cell;
use super::recurrence::{Multiplied, Plan, Stage, Vector};
use super::schedule::Block;
use crate::arch::{LANES, Lanes, Machine, PairMachine};
use crate::matrix::{Multiply, Panels, View, lanes_of, paired, put_lanes};
use crate::{CellKind, Products, SequenceShape, Weights};

/// A cell with its sizes. G, `num_groups`, is the number of panels that H units take.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) machine: Machine,
    pub(crate) cell: Arc<dyn Cell>,
    pub(crate) plan: Plan,
    /// What the products multiply.
    pub(super) products: Products,
    /// What multiplies pairs, if the products are of bf16 and the processor has it; the operands
    /// of all products are then pairs.
    pub(super) pairs: Option<PairMachine>,
    pub(crate) input_size: usize,
    pub(crate) hidden_size: usize,
    pub(crate) num_groups: usize,
    /// Panels of the input.
    pub(super) input_panels: usize,
    /// Panels of a step's slots: SLOTS · G.
    pub(crate) slot_panels: usize,
    /// Panels of a state: STATES · G.
    pub(crate) state_panels: usize,
}

impl Layout {
    pub(crate) fn new(machine: Machine, kind: CellKind, shape: SequenceShape) -> Layout {
        let cell = cell(kind);
        let num_groups = shape.hidden_size.div_ceil(LANES);
        Layout {
            machine,
            plan: cell.plan(),
            products: Products::F32,
            pairs: None,
            input_size: shape.input_size,
            hidden_size: shape.hidden_size,
            num_groups,
            input_panels: shape.input_size.div_ceil(LANES),
            slot_panels: cell.num_slots() * num_groups,
            state_panels: cell.num_states() * num_groups,
            cell: cell.into(),
        }
    }

    /// The same for products of other numbers.
    pub(super) fn with_products(self, products: Products) -> Layout {
        let pairs = match products {
            Products::F32 => None,
            Products::Bf16 => PairMachine::of(self.machine),
        };
        Layout {
            products,
            pairs,
            ..self
        }
    }

    /// A product of operands that are as this layout has them.
    pub(super) fn multiply(&self, product: Multiply<'_, '_>) {
        match self.pairs {
            Some(machine) => product.run_pairs(machine),
            None => product.run(self.machine),
        }
    }

    /// Lines of an operand that is `depth` deep.
    pub(super) fn depth(&self, depth: usize) -> usize {
        match self.pairs {
            Some(_) => paired(depth),
            None => depth,
        }
    }

    /// The first `depth` columns of some rows as a left operand, if it is another than they
    /// themselves.
    pub(super) fn left(&self, numbers: View<'_>, depth: usize, rows: usize) -> Option<Panels> {
        (self.pairs).map(|machine| Panels::paired_columns(machine, numbers, depth, rows))
    }

    /// A matrix of numbers, rounded, as a right operand.
    fn right(&self, mut numbers: Panels, panels: usize, depth: usize) -> Panels {
        match self.pairs {
            Some(machine) => numbers.paired_rows(machine, panels, depth),
            None => {
                numbers.round(self.machine, self.products, 0..panels, (0, depth));
                numbers
            }
        }
    }

    /// Whether operands are rounded where they are; pairs are rounded as they are made.
    pub(super) fn rounds_in_place(&self) -> bool {
        self.products != Products::F32 && self.pairs.is_none()
    }

    /// Panels of the slots that `W_ih·x` reaches: the first ones.
    pub(crate) fn x_slot_panels(&self) -> usize {
        self.plan.x_gates.len() * self.num_groups
    }

    /// The vectors of the plan with their values: rows of `vectors`, then `w_hh` if it is one.
    fn vectors<'a>(&self, weights: &Weights<'a>) -> impl Iterator<Item = (Vector, &'a [f32])> {
        let rows = weights.vectors.chunks_exact(self.hidden_size.max(1));
        let values = rows.chain(std::iter::once(weights.w_hh));
        self.plan.vectors.iter().copied().zip(values)
    }

    /// What the slots of a step start from: the biases. `[SLOTS, G]`
    pub(crate) fn biases(&self, weights: &Weights<'_>) -> Vec<Lanes> {
        let mut biases = vec![Lanes::ZERO; self.slot_panels];
        for (vector, values) in self.vectors(weights) {
            if vector.of == Multiplied::One {
                let biases = &mut biases[vector.slot * self.num_groups..][..self.num_groups];
                for (group, lanes) in biases.iter_mut().enumerate() {
                    *lanes = lanes_of(values, group * LANES);
                }
            }
        }
        biases
    }

    /// The vectors that the cell multiplies itself. `[FACTORS, G]`
    pub(crate) fn factors(&self, weights: &Weights<'_>) -> Vec<Lanes> {
        let factors = self
            .vectors(weights)
            .filter(|(vector, _)| vector.of != Multiplied::One);
        factors
            .flat_map(|(_, values)| {
                (0..self.num_groups).map(move |group| lanes_of(values, group * LANES))
            })
            .collect()
    }

    /// `W_ih` transposed, `[I, x slots · G · LANES]`: from inputs to slots.
    pub(super) fn x_to_slots(&self, w_ih: &[f32]) -> Panels {
        self.transposed(self.plan.x_gates, w_ih, self.input_size)
    }

    /// `W_ih`, `[x slots · G · LANES, I]`: from gradients of slots to gradients of inputs.
    pub(super) fn slots_to_x(&self, w_ih: &[f32]) -> Panels {
        self.untransposed(self.plan.x_gates, w_ih, self.input_size)
    }

    /// `W_hh` of one stage, transposed, `[H, stage slots · G · LANES]`; `None` without a product.
    pub(super) fn operand_to_slots(&self, stage: &Stage, w_hh: &[f32]) -> Option<Panels> {
        (!stage.gates.is_empty()).then(|| self.transposed(stage.gates, w_hh, self.hidden_size))
    }

    /// `W_hh` of one stage, `[stage slots · G · LANES, H]`; `None` without a product.
    pub(super) fn slots_to_operand(&self, stage: &Stage, w_hh: &[f32]) -> Option<Panels> {
        (!stage.gates.is_empty()).then(|| self.untransposed(stage.gates, w_hh, self.hidden_size))
    }

    /// The row of `weight` that belongs to a column of slots; `None` for padding.
    pub(crate) fn weight_row<'a>(
        &self,
        gates: &[usize],
        weight: &'a [f32],
        inputs: usize,
        column: usize,
    ) -> Option<&'a [f32]> {
        let width = self.num_groups * LANES;
        let (slot, unit) = (column / width, column % width);
        let row = gates[slot] * self.hidden_size + unit;
        (unit < self.hidden_size).then(|| &weight[row * inputs..][..inputs])
    }

    fn transposed(&self, gates: &[usize], weight: &[f32], inputs: usize) -> Panels {
        let count = gates.len() * self.num_groups;
        let column = |column| self.weight_row(gates, weight, inputs, column);
        let panels = Panels::of_columns(self.machine, count, inputs, |panel| {
            std::array::from_fn(|lane| column(panel * LANES + lane).unwrap_or_default())
        });
        self.right(panels, count, inputs)
    }

    fn untransposed(&self, gates: &[usize], weight: &[f32], inputs: usize) -> Panels {
        let depth = gates.len() * self.num_groups * LANES;
        let count = inputs.div_ceil(LANES);
        let panels = Panels::of_rows(count, depth, |row| {
            (self.weight_row(gates, weight, inputs, row)).unwrap_or_default()
        });
        self.right(panels, count, depth)
    }

    /// A block's rows of a `[S, B, H]` array, as `STATES · G` panels.
    pub(super) fn gather_state(&self, block: &Block, values: &[f32], batch_size: usize) -> Panels {
        let mut state = Panels::take(self.state_panels, block.rows.len());
        for panel in 0..self.state_panels {
            let (index, group) = (panel / self.num_groups, panel % self.num_groups);
            for (row, lanes) in block.rows.iter().zip(state.panel_mut(panel)) {
                let start = (index * batch_size + row) * self.hidden_size;
                *lanes = lanes_of(&values[start..][..self.hidden_size], group * LANES);
            }
        }
        state
    }

    /// The way back: writes a block's rows into a `[S, B, H]` array.
    pub(super) fn scatter_state(
        &self,
        block: &Block,
        state: &Panels,
        batch_size: usize,
        values: &mut [f32],
    ) {
        for panel in 0..self.state_panels {
            let (index, group) = (panel / self.num_groups, panel % self.num_groups);
            for (row, lanes) in block.rows.iter().zip(state.panel(panel)) {
                let start = (index * batch_size + row) * self.hidden_size;
                let values = &mut values[start..][..self.hidden_size];
                put_lanes(values, group * LANES, lanes);
            }
        }
    }
}
