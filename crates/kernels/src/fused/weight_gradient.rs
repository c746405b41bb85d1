//! The gradients of the weights: products and sums over all steps of all rows.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::forward::BlockTrace;
use super::layout::Layout;
use super::recurrence::{Multiplied, Operand, Stage, Vector};
use super::schedule::Schedule;
use super::threads::Threads;
use crate::arch::{LANES, Lanes, PairMachine};
use crate::matrix::{
    ColumnSums, Correlate, Multiply, Panels, Run, Selection, Start, Target, View, paired,
};

/// Where the gradients go; all overwritten.
pub(super) struct Targets<'a> {
    pub(super) d_w_ih: &'a mut [f32],
    pub(super) d_w_hh: &'a mut [f32],
    pub(super) d_vectors: &'a mut [f32],
}

/// Steps that are multiplied together: a panel's share of them stays in the first-level cache,
/// and sums of so many, added up one after another, keep rounding errors small.
const STEPS_AT_ONCE: usize = 512;
/// Pairs of twice as many take the same room, and the sums are read and written less often.
const STEPS_OF_PAIRS_AT_ONCE: usize = 2 * STEPS_AT_ONCE;

/// `dW = Σ d_slot ⊗ operand` and `d_vector = Σ d_slot ⊙ factor` over all steps.
pub(super) fn weight_gradients(
    layout: &Layout,
    threads: Threads,
    schedule: &Schedule,
    blocks: &[BlockTrace],
    targets: Targets<'_>,
) {
    let hidden_size = layout.hidden_size;
    let sums = Sums {
        layout,
        operands: Operands {
            x: views(blocks, |block| block.x.view(0, 0)),
            slots: views(blocks, |block| block.slots.view(0, 0)),
            previous: views(blocks, |block| block.previous.view(0, 0)),
        },
        chunks: schedule.runs(match layout.pairs {
            Some(_) => STEPS_OF_PAIRS_AT_ONCE,
            None => STEPS_AT_ONCE,
        }),
    };
    let products: Vec<&Stage> = (layout.plan.stages.iter())
        .filter(|stage| !stage.gates.is_empty())
        .collect();

    // Each task gets its groups of units of every gradient.
    let units_per_task = threads.share(layout.num_groups) * LANES;
    let mut tasks: Vec<Task<'_>> = (0..hidden_size)
        .step_by(units_per_task)
        .map(|first_unit| Task {
            first_group: first_unit / LANES,
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
            deal(&mut tasks, slot, Right::Input, layout.input_size, target);
        }
    }
    let mut gates = d_w_hh.chunks_exact_mut(hidden_size * hidden_size);
    for stage in products {
        // Stages take the gates of `w_hh` in order.
        for (index, target) in gates.by_ref().take(stage.gates.len()).enumerate() {
            let slot = stage.first_slot + index;
            let right = Right::Operand(stage.operand);
            deal(&mut tasks, slot, right, hidden_size, target);
        }
    }
    threads.spread(tasks, |task| sums.run(task));
}

fn views<'a>(blocks: &'a [BlockTrace], view: impl Fn(&'a BlockTrace) -> View<'a>) -> Vec<View<'a>> {
    blocks.iter().map(view).collect()
}

/// Gives each task its rows of the gradient of one gate.
fn deal<'a>(
    tasks: &mut [Task<'a>],
    slot: usize,
    right: Right,
    columns: usize,
    mut target: &'a mut [f32],
) {
    for task in tasks {
        let (rows, rest) = target.split_at_mut(task.num_units * columns);
        task.matrices.push(Matrix {
            slot,
            right,
            columns,
            target: rows,
        });
        target = rest;
    }
}

/// The gradients of some groups of units, computed by one thread.
struct Task<'a> {
    first_group: usize,
    num_units: usize,
    matrices: Vec<Matrix<'a>>,
    vectors: Vec<(Vector, &'a mut [f32])>,
}

impl Task<'_> {
    /// The slots whose gradients it multiplies, each once.
    fn slots(&self) -> BTreeSet<usize> {
        self.matrices.iter().map(|matrix| matrix.slot).collect()
    }
}

/// The gradient of the task's units of one gate, `[units, columns]`.
struct Matrix<'a> {
    slot: usize,
    right: Right,
    columns: usize,
    target: &'a mut [f32],
}

/// What the gradients are multiplied with.
#[derive(Clone, Copy)]
enum Right {
    Input,
    Operand(Operand),
}

/// All that the tasks share.
struct Sums<'a> {
    layout: &'a Layout,
    operands: Operands<'a>,
    chunks: Vec<Vec<Run>>,
}

/// What is multiplied: for each block, its panels.
struct Operands<'a> {
    x: Vec<View<'a>>,
    slots: Vec<View<'a>>,
    previous: Vec<View<'a>>,
}

/// Right operands of some steps as pairs of steps, by their panels. They pair the same steps for
/// any number of blocks, because runs name the steps in one order.
struct Pairs {
    x: Panels,
    slots: Panels,
    previous: Panels,
}

/// The steps of one panel, one run after another.
fn gather<'a>(blocks: &[View<'a>], panel: usize, runs: &[Run]) -> Cow<'a, [Lanes]> {
    let steps = |run: &Run| blocks[run.block].rows(panel, run.first, run.count);
    match runs {
        [run] => Cow::Borrowed(steps(run)),
        runs => Cow::Owned(runs.iter().flat_map(steps).copied().collect()),
    }
}

impl Sums<'_> {
    fn run(&self, mut task: Task<'_>) {
        for (_, target) in &mut task.vectors {
            target.fill(0.0);
        }
        if self.chunks.is_empty() {
            for matrix in &mut task.matrices {
                matrix.target.fill(0.0);
            }
        }
        for (chunk, runs) in self.chunks.iter().enumerate() {
            match self.layout.pairs {
                Some(machine) => self.add_pairs(machine, chunk, runs, &mut task),
                None => self.add_numbers(chunk, runs, &mut task),
            }
        }
    }

    /// Adds some steps' share of a task's matrices.
    fn add_numbers(&self, chunk: usize, runs: &[Run], task: &mut Task<'_>) {
        for (index, first_unit) in (0..task.num_units).step_by(LANES).enumerate() {
            let group = task.first_group + index;
            self.add_vectors(task, index, runs, |_| true);
            for matrix in &mut task.matrices {
                let columns = matrix.columns;
                let (right, first_panel) = match matrix.right {
                    Right::Input => (&self.operands.x, 0),
                    Right::Operand(Operand::Hidden) => (&self.operands.previous, 0),
                    Right::Operand(Operand::Slot(slot)) => {
                        (&self.operands.slots, slot * self.layout.num_groups)
                    }
                };
                Correlate {
                    runs,
                    rows: LANES.min(task.num_units - first_unit),
                    a: &self.operands.slots,
                    a_panel: matrix.slot * self.layout.num_groups + group,
                    b: right,
                    b_panel: first_panel,
                    panels: Selection::all(columns.div_ceil(LANES)),
                    c: Target::RowMajor {
                        values: &mut matrix.target[first_unit * columns..],
                        columns,
                        start: Start::of_part(chunk),
                    },
                }
                .run(self.layout.machine);
            }
        }
    }

    /// The same of pairs of steps: the gradients of a slot, transposed, times what it got.
    fn add_pairs(&self, machine: PairMachine, chunk: usize, runs: &[Run], task: &mut Task<'_>) {
        let layout = self.layout;
        let steps = runs.iter().map(|run| run.count).sum();
        let right = self.right_pairs(machine, runs, steps);
        let num_groups = task.num_units.div_ceil(LANES);
        let mut left = Panels::take_transposed(num_groups, steps);
        let mut pairs = Panels::take_paired(1, steps);
        let slots = task.slots();
        for index in 0..num_groups {
            self.add_vectors(task, index, runs, |slot| !slots.contains(&slot));
        }
        for slot in slots {
            for index in 0..num_groups {
                // What follows finds the gradients in the cache.
                self.add_vectors(task, index, runs, |of| of == slot);
                let panel = slot * layout.num_groups + task.first_group + index;
                let steps = gather(&self.operands.slots, panel, runs);
                pairs.set_paired_rows(machine, 0, &steps);
                let pairs = &pairs.panel(0)[..paired(steps.len()).next_multiple_of(LANES)];
                left.set_transposed(layout.machine, index, pairs);
            }
            let of_slot = task
                .matrices
                .iter_mut()
                .filter(|matrix| matrix.slot == slot);
            for matrix in of_slot {
                let columns = matrix.columns;
                let b = match matrix.right {
                    Right::Input => right.x.view(0, 0),
                    Right::Operand(Operand::Hidden) => right.previous.view(0, 0),
                    Right::Operand(Operand::Slot(slot)) => {
                        right.slots.view(slot * layout.num_groups, 0)
                    }
                };
                Multiply {
                    rows: task.num_units,
                    depth: paired(steps),
                    a: left.view(0, 0),
                    b,
                    panels: Selection::all(columns.div_ceil(LANES)),
                    c: Target::RowMajor {
                        values: matrix.target,
                        columns,
                        start: Start::of_part(chunk),
                    },
                }
                .run_pairs(machine);
            }
        }
    }

    /// All that some steps' gradients are multiplied with.
    fn right_pairs(&self, machine: PairMachine, runs: &[Run], steps: usize) -> Pairs {
        let layout = self.layout;
        let mut pairs = Pairs {
            x: Panels::take_paired(layout.input_panels, steps),
            slots: Panels::take_paired(layout.slot_panels, steps),
            previous: Panels::take_paired(layout.num_groups, steps),
        };
        let Operands { x, slots, previous } = &self.operands;
        for panel in 0..layout.input_panels {
            (pairs.x).set_paired_rows(machine, panel, &gather(x, panel, runs));
        }
        for stage in (layout.plan.stages.iter()).filter(|stage| !stage.gates.is_empty()) {
            for group in 0..layout.num_groups {
                match stage.operand {
                    Operand::Hidden => {
                        let steps = gather(previous, group, runs);
                        (pairs.previous).set_paired_rows(machine, group, &steps);
                    }
                    Operand::Slot(slot) => {
                        let panel = slot * layout.num_groups + group;
                        let steps = gather(slots, panel, runs);
                        (pairs.slots).set_paired_rows(machine, panel, &steps);
                    }
                }
            }
        }
        pairs
    }

    /// Adds some steps' share of the gradients of the vectors of some slots, for the units of a
    /// task's group `index`.
    fn add_vectors(
        &self,
        task: &mut Task<'_>,
        index: usize,
        runs: &[Run],
        wanted: impl Fn(usize) -> bool,
    ) {
        let of_slots = (task.vectors.iter_mut()).filter(|(vector, _)| wanted(vector.slot));
        for (vector, target) in of_slots {
            let first_unit = index * LANES;
            let num_units = LANES.min(target.len() - first_unit);
            let target = &mut target[first_unit..][..num_units];
            self.add_vector(*vector, task.first_group + index, runs, target);
        }
    }

    /// Adds some steps' share of a vector's gradient for the units of one group.
    fn add_vector(&self, vector: Vector, group: usize, runs: &[Run], target: &mut [f32]) {
        let num_groups = self.layout.num_groups;
        let (factors, panel) = match vector.of {
            Multiplied::One => (None, 0),
            Multiplied::State(state) => (Some(&self.operands.previous), state * num_groups + group),
            Multiplied::Slot(slot) => (Some(&self.operands.slots), slot * num_groups + group),
        };
        let mut sums = Lanes::ZERO;
        for run in runs {
            let gradients = self.operands.slots[run.block].rows(
                vector.slot * num_groups + group,
                run.first,
                run.count,
            );
            let factors = factors.map(|views| views[run.block].rows(panel, run.first, run.count));
            self.layout.machine.run(ColumnSums {
                rows: gradients,
                factors,
                sums: &mut sums,
            });
        }
        for (value, sum) in target.iter_mut().zip(sums.0) {
            *value += sum;
        }
    }
}
