//! The gradients of the weights: products and sums over all steps of all rows.

use super::forward::BlockTrace;
use super::layout::{Layout, Threads};
use super::packing::{Panels, Tiles};
use super::product::{Product, Start};
use super::recurrence::{Multiplied, Operand, Stage, Vector};
use super::schedule::{Schedule, Step};

/// Where the gradients go; all overwritten.
pub(super) struct Targets<'a> {
    pub(super) d_w_ih: &'a mut [f32],
    pub(super) d_w_hh: &'a mut [f32],
    pub(super) d_vectors: &'a mut [f32],
}

/// Steps that are packed and multiplied together. Fixed: sums of so many are added up one after
/// another, which also keeps rounding errors small.
const STEPS_AT_ONCE: usize = 256;

/// Rows of a weight that one task computes.
const ROWS_PER_TASK: usize = 96;

/// `dW = Σ d_slot ⊗ operand` over all steps, `d_vector = Σ d_slot ⊙ factor`.
pub(super) fn weight_gradients(
    layout: &Layout,
    threads: Threads,
    schedule: &Schedule,
    blocks: &[BlockTrace],
    x: &[f32],
    targets: Targets<'_>,
) {
    let hidden_size = layout.hidden_size;
    let steps = schedule.steps();
    let sums = Sums {
        layout,
        blocks,
        x,
        chunks: steps.chunks(STEPS_AT_ONCE).collect(),
    };

    let products: Vec<&Stage> = (layout.plan.stages.iter())
        .filter(|stage| !stage.gates.is_empty())
        .collect();

    // A vector in place of `w_hh` is one more of the vectors, after those of `d_vectors`.
    let mut tasks = Vec::new();
    let (w_hh_vector, d_w_hh) = if products.is_empty() {
        (targets.d_w_hh, &mut [][..])
    } else {
        (&mut [][..], targets.d_w_hh)
    };
    let vectors = targets.d_vectors.chunks_exact_mut(hidden_size);
    let vectors = vectors.chain(w_hh_vector.chunks_exact_mut(hidden_size));
    tasks.extend(
        (layout.plan.vectors.iter())
            .zip(vectors)
            .map(|(&vector, target)| Task::Vector { vector, target }),
    );

    let x_panels = sums.pack(threads, layout.input_size, |step| sums.input(step));
    if layout.input_size > 0 {
        let gates = targets
            .d_w_ih
            .chunks_exact_mut(hidden_size * layout.input_size);
        for (gate, target) in gates.enumerate() {
            let slot = position(layout.plan.x_gates, gate);
            tasks.extend(sums.matrix_tasks(&x_panels, slot, target));
        }
    }
    let operand_panels: Vec<Vec<Panels>> = (products.iter())
        .map(|stage| {
            sums.pack(threads, hidden_size, |step| {
                sums.operand(stage.operand, step)
            })
        })
        .collect();
    let mut gates = d_w_hh.chunks_exact_mut(hidden_size * hidden_size);
    for (stage, panels) in products.iter().zip(&operand_panels) {
        // Stages take the gates of `w_hh` in order.
        for (index, target) in gates.by_ref().take(stage.gates.len()).enumerate() {
            tasks.extend(sums.matrix_tasks(panels, stage.first_slot + index, target));
        }
    }
    threads.spread(tasks, |task| sums.run(task));
}

fn position(gates: &[usize], gate: usize) -> usize {
    (gates.iter().position(|&g| g == gate)).expect("a plan sends every gate to a slot")
}

/// A gradient to be computed by one thread.
enum Task<'a> {
    /// Units `first_unit..` of a slot, `[units, columns]`.
    Matrix {
        panels: &'a [Panels],
        slot: usize,
        first_unit: usize,
        target: &'a mut [f32],
    },
    /// All units of a slot.
    Vector {
        vector: Vector,
        target: &'a mut [f32],
    },
}

/// All that the tasks share.
struct Sums<'a> {
    layout: &'a Layout,
    blocks: &'a [BlockTrace],
    x: &'a [f32],
    chunks: Vec<&'a [Step]>,
}

impl<'a> Sums<'a> {
    fn slot(&self, slot: usize, step: &Step) -> &'a [f32] {
        let start = step.place * self.layout.slots_len + slot * self.layout.width;
        &self.blocks[step.block].slots[start..][..self.layout.width]
    }

    fn state(&self, state: usize, step: &Step) -> &'a [f32] {
        let start = step.place * self.layout.state_len + state * self.layout.width;
        &self.blocks[step.block].previous[start..][..self.layout.width]
    }

    fn input(&self, step: &Step) -> &'a [f32] {
        &self.x[step.index * self.layout.input_size..][..self.layout.input_size]
    }

    fn operand(&self, operand: Operand, step: &Step) -> &'a [f32] {
        match operand {
            Operand::Hidden => self.state(0, step),
            Operand::Slot(slot) => self.slot(slot, step),
        }
    }

    /// Packs the right operand of all products with it: one matrix `[steps, columns]` a chunk.
    fn pack(
        &self,
        threads: Threads,
        columns: usize,
        row: impl Fn(&Step) -> &'a [f32] + Sync,
    ) -> Vec<Panels> {
        threads.spread(self.chunks.clone(), |steps| {
            let row = |k: usize| Some(row(&steps[k]));
            Panels::from_rows(self.layout.machine, steps.len(), columns, row)
        })
    }

    fn matrix_tasks<'t>(
        &self,
        panels: &'t [Panels],
        slot: usize,
        target: &'t mut [f32],
    ) -> impl Iterator<Item = Task<'t>> {
        let columns = target.len() / self.layout.hidden_size;
        let parts = target.chunks_mut(ROWS_PER_TASK * columns);
        parts.enumerate().map(move |(part, target)| Task::Matrix {
            panels,
            slot,
            first_unit: part * ROWS_PER_TASK,
            target,
        })
    }

    fn run(&self, task: Task<'_>) {
        match task {
            Task::Matrix {
                panels,
                slot,
                first_unit,
                target,
            } => self.matrix(panels, slot, first_unit, target),
            Task::Vector { vector, target } => self.vector(vector, target),
        }
    }

    fn matrix(&self, panels: &[Panels], slot: usize, first_unit: usize, target: &mut [f32]) {
        target.fill(0.0);
        let mut tiles = Tiles::new(self.layout.machine);
        for (steps, panels) in self.chunks.iter().zip(panels) {
            let columns = panels.columns();
            let units = target.len() / columns;
            tiles.pack_columns(units, steps.len(), |k| {
                &self.slot(slot, &steps[k])[first_unit..]
            });
            self.layout.machine.run(Product {
                a: &tiles,
                b: panels,
                start: Start::Given,
                c: &mut *target,
                stride: columns,
            });
        }
    }

    fn vector(&self, vector: Vector, target: &mut [f32]) {
        target.fill(0.0);
        let mut partial = vec![0.0; target.len()];
        for steps in &self.chunks {
            partial.fill(0.0);
            for step in steps.iter() {
                let gradients = self.slot(vector.slot, step);
                let factors = match vector.of {
                    Multiplied::One => None,
                    Multiplied::State(state) => Some(self.state(state, step)),
                    Multiplied::Slot(slot) => Some(self.slot(slot, step)),
                };
                match factors {
                    None => {
                        for (sum, gradient) in partial.iter_mut().zip(gradients) {
                            *sum += gradient;
                        }
                    }
                    Some(factors) => {
                        for ((sum, gradient), factor) in
                            partial.iter_mut().zip(gradients).zip(factors)
                        {
                            *sum += gradient * factor;
                        }
                    }
                }
            }
            for (sum, partial) in target.iter_mut().zip(&partial) {
                *sum += partial;
            }
        }
    }
}
