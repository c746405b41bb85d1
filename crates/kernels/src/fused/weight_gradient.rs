//! The gradients of the weights: products and sums over all steps of all rows.

use super::forward::BlockTrace;
use super::layout::Layout;
use super::recurrence::{Multiplied, Operand, Stage, Vector};
use super::schedule::{Schedule, Step};
use super::threads::Threads;
use crate::gemm::{Panels, Product, Start, Tiles};

/// Where the gradients go; all overwritten.
pub(super) struct Targets<'a> {
    pub(super) d_w_ih: &'a mut [f32],
    pub(super) d_w_hh: &'a mut [f32],
    pub(super) d_vectors: &'a mut [f32],
}

/// Steps that are packed and multiplied together. Fixed: sums of so many are added up one after
/// another, which also keeps rounding errors small.
const STEPS_AT_ONCE: usize = 256;

/// `dW = Σ d_slot ⊗ operand` and `d_vector = Σ d_slot ⊙ factor` over all steps.
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
    let x_panels = sums.pack(threads, layout.input_size, |step| sums.input(step));
    let operand_panels: Vec<Vec<Panels>> = (products.iter())
        .map(|stage| {
            let row = |step: &Step| sums.operand(stage.operand, step);
            sums.pack(threads, hidden_size, row)
        })
        .collect();

    // Each task gets its units of every gradient.
    let units_per_task = threads.share(hidden_size);
    let mut tasks: Vec<Task<'_>> = (0..hidden_size)
        .step_by(units_per_task)
        .map(|first_unit| Task {
            first_unit,
            num_units: units_per_task.min(hidden_size - first_unit),
            matrices: Vec::new(),
            vectors: Vec::new(),
        })
        .collect();

    // A vector in place of `w_hh` is one more of the vectors, after those of `d_vectors`.
    let (w_hh_vector, d_w_hh) = if products.is_empty() {
        (targets.d_w_hh, &mut [][..])
    } else {
        (&mut [][..], targets.d_w_hh)
    };
    let vectors = targets.d_vectors.chunks_exact_mut(hidden_size);
    let vectors = vectors.chain(w_hh_vector.chunks_exact_mut(hidden_size));
    for (&vector, target) in layout.plan.vectors.iter().zip(vectors) {
        for (task, target) in tasks.iter_mut().zip(target.chunks_mut(units_per_task)) {
            task.vectors.push((vector, target));
        }
    }

    if layout.input_size > 0 {
        let gate_len = hidden_size * layout.input_size;
        for (gate, target) in targets.d_w_ih.chunks_exact_mut(gate_len).enumerate() {
            let slot = (layout.plan.x_gates.iter().position(|&g| g == gate))
                .expect("a plan sends every gate of x to a slot");
            deal(&mut tasks, slot, &x_panels, layout.input_size, target);
        }
    }
    let mut gates = d_w_hh.chunks_exact_mut(hidden_size * hidden_size);
    for (stage, panels) in products.iter().zip(&operand_panels) {
        // Stages take the gates of `w_hh` in order.
        for (index, target) in gates.by_ref().take(stage.gates.len()).enumerate() {
            let slot = stage.first_slot + index;
            deal(&mut tasks, slot, panels, hidden_size, target);
        }
    }
    threads.spread(tasks, |task| sums.run(task));
}

/// Gives each task its rows of the gradient of one gate.
fn deal<'a>(
    tasks: &mut [Task<'a>],
    slot: usize,
    panels: &'a [Panels],
    columns: usize,
    mut target: &'a mut [f32],
) {
    for task in tasks {
        let (rows, rest) = target.split_at_mut(task.num_units * columns);
        task.matrices.push(Matrix {
            slot,
            panels,
            columns,
            target: rows,
        });
        target = rest;
    }
}

/// The gradients of some units, computed by one thread.
struct Task<'a> {
    first_unit: usize,
    num_units: usize,
    matrices: Vec<Matrix<'a>>,
    vectors: Vec<(Vector, &'a mut [f32])>,
}

/// The gradient of the task's units of one gate, `[units, columns]`.
struct Matrix<'a> {
    slot: usize,
    /// The other operand, one matrix a chunk of steps.
    panels: &'a [Panels],
    columns: usize,
    target: &'a mut [f32],
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

    fn run(&self, mut task: Task<'_>) {
        for matrix in &mut task.matrices {
            matrix.target.fill(0.0);
        }
        for (_, target) in &mut task.vectors {
            target.fill(0.0);
        }
        let num_slots = self.layout.slots_len / self.layout.width;
        let mut tiles: Vec<Tiles> = (0..num_slots).map(|_| Tiles::default()).collect();
        let mut partial = vec![0.0; task.vectors.len() * task.num_units];
        for (chunk, steps) in self.chunks.iter().enumerate() {
            // The gradients of a step pass through the cache once, for all that needs them.
            for tiles in &mut tiles {
                tiles.resize(task.num_units, steps.len());
            }
            partial.fill(0.0);
            for (k, step) in steps.iter().enumerate() {
                for (slot, tiles) in tiles.iter_mut().enumerate() {
                    tiles.set_column(k, &self.slot(slot, step)[task.first_unit..]);
                }
                let partial = partial.chunks_exact_mut(task.num_units);
                for ((vector, _), partial) in task.vectors.iter().zip(partial) {
                    self.add_vector(*vector, step, task.first_unit, partial);
                }
            }
            for matrix in &mut task.matrices {
                Product {
                    a: &tiles[matrix.slot],
                    b: &matrix.panels[chunk],
                    start: Start::Given,
                    c: &mut *matrix.target,
                    stride: matrix.columns,
                }
                .run(self.layout.machine);
            }
            let partial = partial.chunks_exact(task.num_units);
            for ((_, target), partial) in task.vectors.iter_mut().zip(partial) {
                for (sum, partial) in target.iter_mut().zip(partial) {
                    *sum += partial;
                }
            }
        }
    }

    /// Adds one step's share of a vector's gradient for the units from `first_unit`.
    fn add_vector(&self, vector: Vector, step: &Step, first_unit: usize, sums: &mut [f32]) {
        let gradients = &self.slot(vector.slot, step)[first_unit..];
        let factors = match vector.of {
            Multiplied::One => {
                for (sum, gradient) in sums.iter_mut().zip(gradients) {
                    *sum += gradient;
                }
                return;
            }
            Multiplied::State(state) => self.state(state, step),
            Multiplied::Slot(slot) => self.slot(slot, step),
        };
        let factors = &factors[first_unit..];
        for ((sum, gradient), factor) in sums.iter_mut().zip(gradients).zip(factors) {
            *sum += gradient * factor;
        }
    }
}
