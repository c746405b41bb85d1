//! The backward pass through time; the gradients of the weights follow it.

use super::forward::{BlockTrace, ROWS_AT_ONCE, Trace};
use super::lanes::BackwardRows;
use super::layout::Layout;
use super::recurrence::Operand;
use super::schedule::{Block, Schedule};
use super::threads::Threads;
use super::weight_gradient::{Targets, weight_gradients};
use crate::SequenceBackward;
use crate::gemm::{Panels, Product, Start, Tiles};
use crate::sequence::Kept;

/// Runs a checked call whose `saved` comes from the fused path.
pub(crate) fn sequence_backward(call: SequenceBackward<'_>) {
    let shape = call.shape;
    let Kept::Fused(Trace {
        machine,
        schedule,
        mut blocks,
    }) = call.saved.kept
    else {
        unreachable!("the door sends traces of the oracle to the oracle");
    };
    if shape.has_no_state() {
        call.d_w_ih.fill(0.0);
        call.d_w_hh.fill(0.0);
        call.d_vectors.fill(0.0);
        if let Some(d_x) = call.d_x {
            d_x.fill(0.0);
        }
        return;
    }
    let layout = Layout::new(machine, call.cell, shape);
    let threads = Threads::for_work(call.cell, shape, call.lengths);

    let pass = Pass {
        layout: &layout,
        schedule: &schedule,
        slots_to_operand: (layout.plan.stages.iter())
            .map(|stage| layout.slots_to_operand(stage, call.weights.w_hh))
            .collect(),
        slots_to_x: (call.d_x.is_some() && shape.input_size > 0)
            .then(|| layout.slots_to_x(call.weights.w_ih)),
        factors: layout.factors(&call.weights),
        // Running order backwards.
        times: call.direction.times(shape.seq_len).rev().collect(),
        d_outputs: call.d_outputs,
        d_final_state: call.d_final_state,
    };
    let d_x = match call.d_x {
        Some(d_x) if shape.input_size > 0 => schedule.deal(d_x, shape.input_size),
        _ => schedule.blocks.iter().map(|_| Vec::new()).collect(),
    };
    let work = (schedule.blocks.iter()).zip(&mut blocks).zip(d_x).collect();
    let d_states = threads.spread(work, |((block, trace), d_x)| pass.run(block, trace, d_x));
    for (block, d_state) in schedule.blocks.iter().zip(d_states) {
        layout.scatter_state(block, &d_state, shape.batch_size, call.d_state);
    }

    weight_gradients(
        &layout,
        threads,
        &schedule,
        &blocks,
        call.x,
        Targets {
            d_w_ih: call.d_w_ih,
            d_w_hh: call.d_w_hh,
            d_vectors: call.d_vectors,
        },
    );
}

/// All that the blocks of one call share.
struct Pass<'a> {
    layout: &'a Layout,
    schedule: &'a Schedule,
    /// One for each stage.
    slots_to_operand: Vec<Option<Panels>>,
    /// `None` when nobody asks for the gradient of x.
    slots_to_x: Option<Panels>,
    factors: Vec<f32>,
    times: Vec<usize>,
    d_outputs: Option<&'a [f32]>,
    d_final_state: Option<&'a [f32]>,
}

impl Pass<'_> {
    /// Goes back through one block: its gates become gradients; returns the gradient of its
    /// initial state, `[rows, STATES, W]`.
    fn run(&self, block: &Block, trace: &mut BlockTrace, mut d_x: Vec<&mut [f32]>) -> Vec<f32> {
        let layout = self.layout;
        let batch_size = self.schedule.batch_size;
        let mut d_state = match self.d_final_state {
            Some(d_final_state) => layout.gather_state(block, d_final_state, batch_size),
            None => vec![0.0; block.rows.len() * layout.state_len],
        };
        let mut d_operand = vec![0.0; block.rows.len() * layout.width];
        let mut tiles = Tiles::default();
        for &time in &self.times {
            let active = block.active(time);
            if active == 0 {
                continue;
            }
            let d_state = &mut d_state[..active * layout.state_len];
            if let Some(d_outputs) = self.d_outputs {
                let rows = block
                    .rows
                    .iter()
                    .zip(d_state.chunks_exact_mut(layout.state_len));
                for (row, d_state) in rows {
                    let start = (time * batch_size + row) * layout.hidden_size;
                    let d_outputs = &d_outputs[start..][..layout.hidden_size];
                    for (d_hidden, d_output) in d_state.iter_mut().zip(d_outputs) {
                        *d_hidden += d_output;
                    }
                }
            }
            let place = block.start(time);
            let slots = &mut trace.slots[place * layout.slots_len..][..active * layout.slots_len];
            let previous = &trace.previous[place * layout.state_len..][..d_state.len()];
            self.step(slots, previous, d_state, &mut d_operand, &mut tiles);
        }
        if let Some(slots_to_x) = &self.slots_to_x {
            self.inputs(slots_to_x, block, &trace.slots, &mut d_x, &mut tiles);
        }
        d_state
    }

    /// Undoes one step of the first rows of a block.
    fn step(
        &self,
        slots: &mut [f32],
        previous: &[f32],
        d_state: &mut [f32],
        d_operand: &mut [f32],
        tiles: &mut Tiles,
    ) {
        let layout = self.layout;
        let num_rows = d_state.len() / layout.state_len;
        let d_operand = &mut d_operand[..num_rows * layout.width];
        let last = layout.plan.stages.len() - 1;
        for (index, stage) in layout.plan.stages.iter().enumerate().rev() {
            let rows = BackwardRows {
                width: layout.width,
                slots: &mut *slots,
                previous,
                factors: &self.factors,
                d_state: &mut *d_state,
                d_operand: (index < last).then_some(&*d_operand),
            };
            layout.cell.backward(layout.machine, index, rows);
            let Some(slots_to_operand) = &self.slots_to_operand[index] else {
                continue;
            };
            tiles.pack_rows(num_rows, slots_to_operand.depth(), |row| {
                &slots[row * layout.slots_len + stage.first_slot * layout.width..]
            });
            let (c, stride) = match stage.operand {
                Operand::Hidden => (&mut *d_state, layout.state_len),
                Operand::Slot(_) => {
                    d_operand.fill(0.0);
                    (&mut *d_operand, layout.width)
                }
            };
            Product {
                a: tiles,
                b: slots_to_operand,
                start: Start::Given,
                c,
                stride,
            }
            .run(layout.machine);
        }
    }

    /// `d_x = W_ihᵀ·d_slots` for all steps of a block, zero at padding.
    fn inputs(
        &self,
        slots_to_x: &Panels,
        block: &Block,
        slots: &[f32],
        d_x: &mut [&mut [f32]],
        tiles: &mut Tiles,
    ) {
        let layout = self.layout;
        let num_rows = block.rows.len();
        let mut running = Vec::with_capacity(block.num_steps());
        for (time, rows) in d_x.chunks_mut(num_rows.max(1)).enumerate() {
            let (active, finished) = rows.split_at_mut(block.active(time));
            finished.iter_mut().for_each(|row| row.fill(0.0));
            running.extend(active);
        }
        let columns = layout.input_size;
        let mut sums = vec![0.0; ROWS_AT_ONCE * columns];
        let slots = slots.chunks(ROWS_AT_ONCE * layout.slots_len);
        for (rows, slots) in running.chunks_mut(ROWS_AT_ONCE).zip(slots) {
            tiles.pack_rows(rows.len(), slots_to_x.depth(), |row| {
                &slots[row * layout.slots_len..]
            });
            sums.fill(0.0);
            Product {
                a: tiles,
                b: slots_to_x,
                start: Start::Given,
                c: &mut sums,
                stride: columns,
            }
            .run(layout.machine);
            for (row, sums) in rows.iter_mut().zip(sums.chunks_exact(columns)) {
                row.copy_from_slice(sums);
            }
        }
    }
}
