//! The backward pass through time; the gradients of the weights follow it.

use std::ops::Range;

use super::forward::{BlockTrace, Trace};
use super::lanes::BackwardRows;
use super::layout::Layout;
use super::recurrence::Operand;
use super::schedule::{Block, Schedule};
use super::threads::Threads;
use super::weight_gradient::{Targets, weight_gradients};
use crate::SequenceBackward;
use crate::arch::{LANES, Lanes};
use crate::matrix::{Multiply, Panels, Selection, Target, lanes_of};
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
    let layout = Layout::new(machine, call.cell, shape).with_products(call.products);
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
        Targets {
            d_w_ih: call.d_w_ih,
            d_w_hh: call.d_w_hh,
            d_vectors: call.d_vectors,
        },
    );
}

/// Rows whose gradients are multiplied on to those of x together, shortly after their steps.
const ROWS_IN_FLIGHT: usize = 256;

/// All that the blocks of one call share.
struct Pass<'a> {
    layout: &'a Layout,
    schedule: &'a Schedule,
    /// One for each stage.
    slots_to_operand: Vec<Option<Panels>>,
    /// `None` when nobody asks for the gradient of x.
    slots_to_x: Option<Panels>,
    factors: Vec<Lanes>,
    times: Vec<usize>,
    d_outputs: Option<&'a [f32]>,
    d_final_state: Option<&'a [f32]>,
}

impl Pass<'_> {
    /// Goes back through one block: its gates become gradients; returns the gradient of its
    /// initial state.
    fn run(&self, block: &Block, trace: &mut BlockTrace, mut d_x: Vec<&mut [f32]>) -> Panels {
        let layout = self.layout;
        let batch_size = self.schedule.batch_size;
        let num_rows = block.rows.len();
        let mut d_state = match self.d_final_state {
            Some(d_final_state) => layout.gather_state(block, d_final_state, batch_size),
            None => {
                let mut d_state = Panels::take(layout.state_panels, num_rows);
                for panel in 0..layout.state_panels {
                    d_state.panel_mut(panel).fill(Lanes::ZERO);
                }
                d_state
            }
        };
        let mut d_operand = Panels::take(layout.num_groups, num_rows);
        let times_at_once = (ROWS_IN_FLIGHT / num_rows.max(1)).max(1);
        for times in self.times.chunks(times_at_once) {
            self.steps(block, times, trace, &mut d_state, &mut d_operand);
            if let Some(slots_to_x) = &self.slots_to_x {
                self.inputs(slots_to_x, block, times, &trace.slots, &mut d_x);
            }
        }
        if layout.rounds_in_place() && self.slots_to_operand.iter().any(Option::is_some) {
            // The equations have seen it; from here on only products do.
            let (machine, products) = (layout.machine, layout.products);
            let all = (0, block.num_steps());
            (trace.previous).round(machine, products, 0..layout.num_groups, all);
        }
        d_state
    }

    /// Goes back through some times.
    fn steps(
        &self,
        block: &Block,
        times: &[usize],
        trace: &mut BlockTrace,
        d_state: &mut Panels,
        d_operand: &mut Panels,
    ) {
        let layout = self.layout;
        let batch_size = self.schedule.batch_size;
        for &time in times {
            let active = block.active(time);
            if active == 0 {
                continue;
            }
            if let Some(d_outputs) = self.d_outputs {
                let mut d_hidden = d_state.view_mut(0, 0);
                for (place, row) in block.rows[..active].iter().enumerate() {
                    let start = (time * batch_size + row) * layout.hidden_size;
                    let d_outputs = &d_outputs[start..][..layout.hidden_size];
                    for group in 0..layout.num_groups {
                        let d_output = lanes_of(d_outputs, group * LANES);
                        let d_hidden = &mut d_hidden.rows(group, place, 1)[0];
                        for lane in 0..LANES {
                            d_hidden.0[lane] += d_output.0[lane];
                        }
                    }
                }
            }
            let step = Step {
                active,
                place: block.start(time),
            };
            self.step(step, trace, d_state, d_operand);
        }
    }

    /// Undoes one step of the first rows of a block.
    fn step(
        &self,
        step: Step,
        trace: &mut BlockTrace,
        d_state: &mut Panels,
        d_operand: &mut Panels,
    ) {
        let layout = self.layout;
        let num_groups = layout.num_groups;
        let Step { active, place } = step;
        let last = layout.plan.stages.len() - 1;
        for (index, stage) in layout.plan.stages.iter().enumerate().rev() {
            let rows = BackwardRows {
                count: active,
                num_groups,
                slots: trace.slots.view_mut(0, place),
                previous: trace.previous.view(0, place),
                factors: &self.factors,
                d_state: d_state.view_mut(0, 0),
                d_operand: (index < last).then(|| d_operand.view(0, 0)),
            };
            layout.cell.backward(layout.machine, index, rows);
            let Some(slots_to_operand) = &self.slots_to_operand[index] else {
                continue;
            };
            let first = stage.first_slot * num_groups;
            self.round_slots(first..first + stage.gates.len() * num_groups, step, trace);
            let target = match stage.operand {
                Operand::Hidden => &mut *d_state,
                Operand::Slot(_) => {
                    for group in 0..num_groups {
                        d_operand.panel_mut(group)[..active].fill(Lanes::ZERO);
                    }
                    &mut *d_operand
                }
            };
            let count = stage.gates.len() * num_groups;
            let slots = trace.slots.view(first, place);
            let pairs = layout.left(slots, count * LANES, active);
            layout.multiply(Multiply {
                rows: active,
                depth: layout.depth(count * LANES),
                a: pairs.as_ref().map_or(slots, |pairs| pairs.view(0, 0)),
                b: slots_to_operand.view(0, 0),
                panels: Selection::all(num_groups),
                c: Target::Added(target.view_mut(0, 0)),
            });
        }
        self.round_slots(0..layout.x_slot_panels(), step, trace);
    }

    /// Rounds gradients that only products still need.
    fn round_slots(&self, panels: Range<usize>, step: Step, trace: &mut BlockTrace) {
        let (machine, products) = (self.layout.machine, self.layout.products);
        (trace.slots).round(machine, products, panels, (step.place, step.active));
    }

    /// `d_x = W_ihᵀ·d_slots` for neighbouring times of a block, zero at padding.
    fn inputs(
        &self,
        slots_to_x: &Panels,
        block: &Block,
        times: &[usize],
        slots: &Panels,
        d_x: &mut [&mut [f32]],
    ) {
        let layout = self.layout;
        let num_rows = block.rows.len();
        // The steps of these times lie together, earliest time first.
        let first = times[0].min(times[times.len() - 1]);
        let times = first..first + times.len();
        let mut running = Vec::with_capacity(times.len() * num_rows);
        let d_x = &mut d_x[times.start * num_rows..times.end * num_rows];
        for (time, rows) in times.zip(d_x.chunks_mut(num_rows.max(1))) {
            let (active, finished) = rows.split_at_mut(block.active(time));
            finished.iter_mut().for_each(|row| row.fill(0.0));
            running.extend(active.iter_mut().map(|row| &mut **row));
        }
        let (slots, count) = (slots.view(0, block.start(first)), layout.x_slot_panels());
        let pairs = layout.left(slots, count * LANES, running.len());
        layout.multiply(Multiply {
            rows: running.len(),
            depth: layout.depth(count * LANES),
            a: pairs.as_ref().map_or(slots, |pairs| pairs.view(0, 0)),
            b: slots_to_x.view(0, 0),
            panels: Selection::all(layout.input_panels),
            c: Target::Rows(&mut running),
        });
    }
}

/// One step of a block: its rows still running, and their place in the trace.
#[derive(Clone, Copy)]
struct Step {
    active: usize,
    place: usize,
}
