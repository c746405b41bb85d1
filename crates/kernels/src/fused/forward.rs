//! The forward pass.

use super::lanes::ForwardRows;
use super::layout::Layout;
use super::recurrence::Operand;
use super::schedule::{Block, Schedule};
use super::threads::Threads;
use crate::arch::Machine;
use crate::gemm::{Panels, Product, Start, Tiles};
use crate::{Direction, SequenceForward};

/// What a forward pass keeps.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(super) machine: Machine,
    pub(super) schedule: Schedule,
    /// One for each block of the schedule.
    pub(super) blocks: Vec<BlockTrace>,
}

/// What is kept of one block: per step, `[SLOTS, W]` and the state before it, `[STATES, W]`.
#[derive(Debug, Default)]
pub(super) struct BlockTrace {
    pub(super) slots: Vec<f32>,
    pub(super) previous: Vec<f32>,
}

/// Rows of input that are packed and multiplied together: their tiles stay in the second-level
/// cache while all of `W_ih` passes over them.
pub(super) const ROWS_AT_ONCE: usize = 96;

/// Rows whose gates inference holds at a time.
const ROWS_IN_FLIGHT: usize = 512;

/// Runs a checked call and keeps nothing.
pub(crate) fn sequence_forward(machine: Machine, call: SequenceForward<'_>) {
    run(machine, call, Keep::Nothing);
}

/// Runs a checked call and keeps what its backward pass needs.
pub(crate) fn sequence_forward_saving(machine: Machine, call: SequenceForward<'_>) -> Trace {
    run(machine, call, Keep::Everything)
}

#[derive(Clone, Copy, PartialEq)]
enum Keep {
    Nothing,
    Everything,
}

fn run(machine: Machine, call: SequenceForward<'_>, keep: Keep) -> Trace {
    let shape = call.shape;
    if shape.has_no_state() {
        return Trace {
            machine,
            schedule: Schedule::new(0, 0, None, 1),
            blocks: Vec::new(),
        };
    }
    let layout = Layout::new(machine, call.cell, shape);
    let threads = Threads::for_work(call.cell, shape, call.lengths);
    let num_blocks = threads.blocks(shape.batch_size);
    let schedule = Schedule::new(shape.seq_len, shape.batch_size, call.lengths, num_blocks);

    let pass = Pass {
        x_to_slots: layout.x_to_slots(call.weights.w_ih),
        operand_to_slots: (layout.plan.stages.iter())
            .map(|stage| layout.operand_to_slots(stage, call.weights.w_hh))
            .collect(),
        biases: layout.biases(&call.weights),
        factors: layout.factors(&call.weights),
        layout,
        batch_size: shape.batch_size,
        times: call.direction.times(shape.seq_len).collect(),
        direction: call.direction,
        x: call.x,
        state: call.state,
        keep,
    };
    let outputs = schedule.deal(call.outputs, shape.hidden_size);
    let work = schedule.blocks.iter().zip(outputs).collect();
    let finished = threads.spread(work, |(block, outputs)| pass.run(block, outputs));

    let mut blocks = Vec::with_capacity(finished.len());
    for (block, (trace, state)) in schedule.blocks.iter().zip(finished) {
        pass.layout
            .scatter_state(block, &state, shape.batch_size, call.final_state);
        blocks.push(trace);
    }
    Trace {
        machine,
        schedule,
        blocks,
    }
}

/// All that the blocks of one call share.
struct Pass<'a> {
    layout: Layout,
    x_to_slots: Panels,
    /// One for each stage.
    operand_to_slots: Vec<Option<Panels>>,
    biases: Vec<f32>,
    factors: Vec<f32>,
    batch_size: usize,
    times: Vec<usize>,
    direction: Direction,
    x: &'a [f32],
    state: &'a [f32],
    keep: Keep,
}

impl Pass<'_> {
    /// Runs one block; returns its trace and its final state, `[rows, STATES, W]`.
    fn run(&self, block: &Block, mut outputs: Vec<&mut [f32]>) -> (BlockTrace, Vec<f32>) {
        let num_rows = block.rows.len();
        let mut state = self.layout.gather_state(block, self.state, self.batch_size);
        let mut trace = BlockTrace::default();
        let mut tiles = Tiles::default();
        let times_at_once = match self.keep {
            Keep::Nothing => (ROWS_IN_FLIGHT / num_rows.max(1)).max(1),
            Keep::Everything => {
                trace.slots = vec![0.0; block.num_steps() * self.layout.slots_len];
                trace.previous = vec![0.0; block.num_steps() * self.layout.state_len];
                self.times.len().max(1)
            }
        };
        for times in self.times.chunks(times_at_once) {
            // The steps of these times lie together, earliest time first.
            let (first, last) = match self.direction {
                Direction::Forward => (times[0], times[times.len() - 1]),
                Direction::Backward => (times[times.len() - 1], times[0]),
            };
            self.project(block, first, last, &mut tiles, &mut trace.slots);
            for &time in times {
                let active = block.active(time);
                let rows = &mut outputs[time * num_rows..][..num_rows];
                let (running, finished) = rows.split_at_mut(active);
                finished.iter_mut().for_each(|row| row.fill(0.0));
                if active == 0 {
                    continue;
                }
                let place = block.start(time) - block.start(first);
                let slots = &mut trace.slots[place * self.layout.slots_len..]
                    [..active * self.layout.slots_len];
                let state = &mut state[..active * self.layout.state_len];
                if self.keep == Keep::Everything {
                    trace.previous[place * self.layout.state_len..][..state.len()]
                        .copy_from_slice(state);
                }
                self.step(slots, state, &mut tiles);
                let states = state.chunks_exact(self.layout.state_len);
                for (row, state) in running.iter_mut().zip(states) {
                    row.copy_from_slice(&state[..self.layout.hidden_size]);
                }
            }
        }
        (trace, state)
    }

    /// Fills `slots` with `biases + W_ih·x` for all steps at times `first..=last`.
    fn project(
        &self,
        block: &Block,
        first: usize,
        last: usize,
        tiles: &mut Tiles,
        slots: &mut Vec<f32>,
    ) {
        let layout = &self.layout;
        let inputs: Vec<&[f32]> = (first..=last)
            .flat_map(|time| {
                block.rows[..block.active(time)]
                    .iter()
                    .map(move |row| time * self.batch_size + row)
            })
            .map(|index| &self.x[index * layout.input_size..][..layout.input_size])
            .collect();
        slots.resize(inputs.len() * layout.slots_len, 0.0);
        let chunks = slots.chunks_mut(ROWS_AT_ONCE * layout.slots_len);
        for (inputs, slots) in inputs.chunks(ROWS_AT_ONCE).zip(chunks) {
            tiles.pack_rows(inputs.len(), layout.input_size, |row| inputs[row]);
            Product {
                a: tiles,
                b: &self.x_to_slots,
                start: Start::Row(&self.biases),
                c: slots,
                stride: layout.slots_len,
            }
            .run(layout.machine);
            // Slots that x does not reach may still start from a bias.
            let x_columns = layout.x_columns();
            if x_columns < layout.slots_len {
                for row in slots.chunks_exact_mut(layout.slots_len) {
                    row[x_columns..].copy_from_slice(&self.biases[x_columns..]);
                }
            }
        }
    }

    /// One step of the first rows of a block.
    fn step(&self, slots: &mut [f32], state: &mut [f32], tiles: &mut Tiles) {
        let layout = &self.layout;
        let rows = state.len() / layout.state_len;
        for (index, stage) in layout.plan.stages.iter().enumerate() {
            if let Some(operand_to_slots) = &self.operand_to_slots[index] {
                match stage.operand {
                    Operand::Hidden => tiles.pack_rows(rows, layout.hidden_size, |row| {
                        &state[row * layout.state_len..]
                    }),
                    Operand::Slot(slot) => tiles.pack_rows(rows, layout.hidden_size, |row| {
                        &slots[row * layout.slots_len + slot * layout.width..]
                    }),
                }
                Product {
                    a: tiles,
                    b: operand_to_slots,
                    start: Start::Given,
                    c: &mut slots[stage.first_slot * layout.width..],
                    stride: layout.slots_len,
                }
                .run(layout.machine);
            }
            let rows = ForwardRows {
                width: layout.width,
                slots: &mut *slots,
                state: &mut *state,
                factors: &self.factors,
            };
            layout.cell.forward(layout.machine, index, rows);
        }
    }
}
