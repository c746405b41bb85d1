//! The forward pass.

use super::lanes::ForwardRows;
use super::layout::Layout;
use super::recurrence::{Operand, Stage};
use super::schedule::{Block, Schedule};
use super::threads::Threads;
use crate::arch::{LANES, Lanes, Machine, PairMachine};
use crate::matrix::{Multiply, Panels, Selection, Target, lanes_of, put_lanes};
use crate::{Direction, SequenceForward};

/// What a forward pass keeps.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(super) machine: Machine,
    pub(super) schedule: Schedule,
    /// One for each block of the schedule.
    pub(super) blocks: Vec<BlockTrace>,
}

/// What is kept of one block; a row for each of its steps.
#[derive(Debug, Default)]
pub(super) struct BlockTrace {
    /// The input, in panels.
    pub(super) x: Panels,
    /// The gates: SLOTS · G panels.
    pub(super) slots: Panels,
    /// The state before the step: STATES · G panels.
    pub(super) previous: Panels,
}

/// Rows whose inputs are multiplied together, shortly before their steps run.
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
    let layout = Layout::new(machine, call.cell, shape).with_products(call.products);
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
    biases: Vec<Lanes>,
    factors: Vec<Lanes>,
    batch_size: usize,
    times: Vec<usize>,
    direction: Direction,
    x: &'a [f32],
    state: &'a [f32],
    keep: Keep,
}

/// One step of a block: its rows still running, and their place in the trace.
#[derive(Clone, Copy)]
struct Step {
    active: usize,
    place: usize,
}

impl Pass<'_> {
    /// Runs one block; returns its trace and its final state.
    fn run(&self, block: &Block, mut outputs: Vec<&mut [f32]>) -> (BlockTrace, Panels) {
        let layout = &self.layout;
        let num_rows = block.rows.len();
        let times_at_once = (ROWS_IN_FLIGHT / num_rows.max(1)).max(1);
        let (num_steps, num_previous) = match self.keep {
            Keep::Everything => (block.num_steps(), block.num_steps()),
            Keep::Nothing => (block.num_steps().min(times_at_once * num_rows), num_rows),
        };
        let mut state = layout.gather_state(block, self.state, self.batch_size);
        let mut operand = Panels::take(self.operand_panels(), num_rows);
        let mut trace = BlockTrace {
            x: Panels::take(layout.input_panels, num_steps),
            slots: Panels::take(layout.slot_panels, num_steps),
            previous: Panels::take(layout.state_panels, num_previous),
        };
        for times in self.times.chunks(times_at_once) {
            // The steps of these times lie together, earliest time first.
            let (first, last) = match self.direction {
                Direction::Forward => (times[0], times[times.len() - 1]),
                Direction::Backward => (times[times.len() - 1], times[0]),
            };
            // Where they lie in the trace: inference writes over the ones before.
            let offset = match self.keep {
                Keep::Everything => 0,
                Keep::Nothing => block.start(first),
            };
            self.project(block, first, last, offset, &mut trace);
            for &time in times {
                let step = Step {
                    active: block.active(time),
                    place: block.start(time) - offset,
                };
                let rows = &mut outputs[time * num_rows..][..num_rows];
                let (running, finished) = rows.split_at_mut(step.active);
                finished.iter_mut().for_each(|row| row.fill(0.0));
                if step.active > 0 {
                    self.step(step, &mut state, &mut operand, &mut trace);
                    for group in 0..layout.num_groups {
                        for (row, hidden) in running.iter_mut().zip(state.panel(group)) {
                            put_lanes(row, group * LANES, hidden);
                        }
                    }
                }
            }
        }
        (trace, state)
    }

    /// Panels for what a stage multiplies that is not the hidden state as it is.
    fn operand_panels(&self) -> usize {
        let apart = |stage: &Stage| self.stands_apart(stage);
        if self.layout.plan.stages.iter().any(apart) {
            self.layout.num_groups
        } else {
            0
        }
    }

    /// Whether a stage multiplies something else than the hidden state as it is.
    fn stands_apart(&self, stage: &Stage) -> bool {
        match stage.operand {
            Operand::Hidden => self.layout.rounds_in_place() && !stage.gates.is_empty(),
            Operand::Slot(_) => true,
        }
    }

    /// Fills the slots that x reaches with `biases + W_ih·x`, all steps at times `first..=last`.
    fn project(
        &self,
        block: &Block,
        first: usize,
        last: usize,
        offset: usize,
        trace: &mut BlockTrace,
    ) {
        let layout = &self.layout;
        let start = block.start(first) - offset;
        let inputs = (first..=last).flat_map(|time| {
            let rows = &block.rows[..block.active(time)];
            rows.iter().map(move |row| time * self.batch_size + row)
        });
        let mut x = trace.x.view_mut(0, start);
        let mut rows = 0;
        for index in inputs {
            let input = &self.x[index * layout.input_size..][..layout.input_size];
            for panel in 0..layout.input_panels {
                x.rows(panel, rows, 1)[0] = lanes_of(input, panel * LANES);
            }
            rows += 1;
        }
        if layout.rounds_in_place() {
            let all = 0..layout.input_panels;
            (trace.x).round(layout.machine, layout.products, all, (start, rows));
        }
        let numbers = trace.x.view(0, start);
        let pairs = layout.left(numbers, layout.input_size, rows);
        layout.multiply(Multiply {
            rows,
            depth: layout.depth(layout.input_size),
            a: pairs.as_ref().map_or(numbers, |pairs| pairs.view(0, 0)),
            b: self.x_to_slots.view(0, 0),
            panels: Selection::all(layout.x_slot_panels()),
            c: Target::Biased(&self.biases, trace.slots.view_mut(0, start)),
        });
    }

    /// Copies what a stage multiplies, as its product sees it.
    fn set_operand(
        &self,
        stage: &Stage,
        step: Step,
        state: &Panels,
        operand: &mut Panels,
        trace: &mut BlockTrace,
    ) {
        let layout = &self.layout;
        let (machine, products) = (layout.machine, layout.products);
        let num_groups = layout.num_groups;
        let Step { active, place } = step;
        if let Operand::Slot(slot) = stage.operand {
            // In place too: the gradient of the weights multiplies it once more.
            let panels = slot * num_groups..(slot + 1) * num_groups;
            (trace.slots).round(machine, products, panels, (place, active));
        }
        for group in 0..num_groups {
            let values = match stage.operand {
                Operand::Hidden => &state.panel(group)[..active],
                Operand::Slot(slot) => {
                    &trace.slots.panel(slot * num_groups + group)[place..][..active]
                }
            };
            operand.panel_mut(group)[..active].copy_from_slice(values);
        }
        operand.round(machine, products, 0..num_groups, (0, active));
    }

    /// One step of the first rows of a block.
    fn step(&self, step: Step, state: &mut Panels, operand: &mut Panels, trace: &mut BlockTrace) {
        let layout = &self.layout;
        let (machine, num_groups) = (layout.machine, layout.num_groups);
        let Step { active, place } = step;
        // The products see only the hidden state, which comes first.
        let (previous_place, previous_panels) = match self.keep {
            Keep::Everything => (place, layout.state_panels),
            Keep::Nothing => (0, num_groups),
        };
        for panel in 0..previous_panels {
            trace.previous.panel_mut(panel)[previous_place..][..active]
                .copy_from_slice(&state.panel(panel)[..active]);
        }
        // Slots that x does not reach start from their biases alone.
        for panel in layout.x_slot_panels()..layout.slot_panels {
            trace.slots.panel_mut(panel)[place..][..active].fill(self.biases[panel]);
        }
        for (index, stage) in layout.plan.stages.iter().enumerate() {
            let apart = self.stands_apart(stage);
            if apart {
                self.set_operand(stage, step, state, operand, trace);
            }
            let numbers = match apart {
                true => operand.view(0, 0),
                false => trace.previous.view(0, previous_place),
            };
            let pairs = match self.operand_to_slots[index] {
                Some(_) => layout.left(numbers, layout.hidden_size, active),
                None => None,
            };
            let left = pairs.as_ref().map_or(numbers, |pairs| pairs.view(0, 0));
            // Group by group, so that the equations find the sums in the cache; all of a single
            // row, whose sums are too few by the group to hide the latency of an addition, and all
            // in tiles, which take no time to speak of but that of setting them up.
            let (together, step) = match active {
                1 => (num_groups, 1),
                _ if layout.pairs.is_some_and(PairMachine::has_tiles) => (num_groups, 1),
                _ => (1, num_groups),
            };
            for group in (0..num_groups).step_by(together) {
                if let Some(operand_to_slots) = &self.operand_to_slots[index] {
                    layout.multiply(Multiply {
                        rows: active,
                        depth: layout.depth(layout.hidden_size),
                        a: left,
                        b: operand_to_slots.view(0, 0),
                        panels: Selection {
                            first: group,
                            step,
                            count: stage.gates.len() * together,
                        },
                        c: Target::Added(
                            trace.slots.view_mut(stage.first_slot * num_groups, place),
                        ),
                    });
                }
                let rows = ForwardRows {
                    count: active,
                    groups: group..group + together,
                    num_groups,
                    slots: trace.slots.view_mut(0, place),
                    state: state.view_mut(0, 0),
                    factors: &self.factors,
                };
                layout.cell.forward(machine, index, rows);
            }
        }
    }
}
