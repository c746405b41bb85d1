//! Runs a cell's equations over rows and units, a group of units at a time.

use super::recurrence::{Plan, Recurrence};
use crate::arch::{Machine, Work};

/// Units handled together; the hidden size is padded to a multiple of it.
///
/// One register of AVX-512, two of AVX2, four of 128 bits. Padded units have zero weights and
/// start at zero, which every cell keeps at zero.
pub(super) const LANES: usize = 16;

/// A cell as the drivers see it, whatever its number of slots, states and factors.
pub(super) trait Cell: Sync {
    fn plan(&self) -> Plan;
    fn num_slots(&self) -> usize;
    fn num_states(&self) -> usize;

    /// Stage `stage` of [`Recurrence::forward`] for all rows.
    fn forward(&self, machine: Machine, stage: usize, rows: ForwardRows<'_>);

    /// Stage `stage` of [`Recurrence::backward`] for all rows.
    fn backward(&self, machine: Machine, stage: usize, rows: BackwardRows<'_>);
}

/// The rows of one step; `W` is the padded hidden size.
#[derive(Debug)]
pub(super) struct ForwardRows<'a> {
    pub(super) width: usize,
    /// `[rows, SLOTS, W]`.
    pub(super) slots: &'a mut [f32],
    /// `[rows, STATES, W]`.
    pub(super) state: &'a mut [f32],
    /// `[FACTORS, W]`.
    pub(super) factors: &'a [f32],
}

/// The rows of one step on the way back.
#[derive(Debug)]
pub(super) struct BackwardRows<'a> {
    pub(super) width: usize,
    /// `[rows, SLOTS, W]`: gates, turned into gradients.
    pub(super) slots: &'a mut [f32],
    /// `[rows, STATES, W]`: the state before the step.
    pub(super) previous: &'a [f32],
    /// `[FACTORS, W]`.
    pub(super) factors: &'a [f32],
    /// `[rows, STATES, W]`.
    pub(super) d_state: &'a mut [f32],
    /// `[rows, W]`; `None` for zero.
    pub(super) d_operand: Option<&'a [f32]>,
}

/// A [`Recurrence`] as a [`Cell`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Lanewise<C, const SLOTS: usize, const STATES: usize, const FACTORS: usize>(C);

impl<C, const SLOTS: usize, const STATES: usize, const FACTORS: usize>
    Lanewise<C, SLOTS, STATES, FACTORS>
where
    C: Recurrence<SLOTS, STATES, FACTORS>,
{
    pub(super) fn new(cell: C) -> Self {
        Lanewise(cell)
    }
}

impl<C, const SLOTS: usize, const STATES: usize, const FACTORS: usize> Cell
    for Lanewise<C, SLOTS, STATES, FACTORS>
where
    C: Recurrence<SLOTS, STATES, FACTORS>,
{
    fn plan(&self) -> Plan {
        C::PLAN
    }

    fn num_slots(&self) -> usize {
        SLOTS
    }

    fn num_states(&self) -> usize {
        STATES
    }

    fn forward(&self, machine: Machine, stage: usize, rows: ForwardRows<'_>) {
        let Lanewise(cell) = *self;
        machine.run(Advance { cell, stage, rows });
    }

    fn backward(&self, machine: Machine, stage: usize, rows: BackwardRows<'_>) {
        let Lanewise(cell) = *self;
        machine.run(Retreat { cell, stage, rows });
    }
}

struct Advance<'a, C, const SLOTS: usize, const STATES: usize, const FACTORS: usize> {
    cell: C,
    stage: usize,
    rows: ForwardRows<'a>,
}

impl<C, const SLOTS: usize, const STATES: usize, const FACTORS: usize> Work
    for Advance<'_, C, SLOTS, STATES, FACTORS>
where
    C: Recurrence<SLOTS, STATES, FACTORS>,
{
    #[inline(always)]
    fn run<const PANEL: usize, const FUSED: bool>(self) {
        if const { C::PLAN.stages.len() == 1 } || self.stage == 0 {
            self.stage::<0, FUSED>();
        } else {
            self.stage::<1, FUSED>();
        }
    }
}

impl<C, const SLOTS: usize, const STATES: usize, const FACTORS: usize>
    Advance<'_, C, SLOTS, STATES, FACTORS>
where
    C: Recurrence<SLOTS, STATES, FACTORS>,
{
    #[inline(always)]
    fn stage<const STAGE: usize, const FUSED: bool>(self) {
        let ForwardRows {
            width,
            slots,
            state,
            factors,
        } = self.rows;
        let slots = slots.chunks_exact_mut(SLOTS * width);
        let states = state.chunks_exact_mut(STATES * width);
        for (slots, state) in slots.zip(states) {
            for unit in (0..width).step_by(LANES) {
                let mut unit_slots = load::<SLOTS>(slots, width, unit);
                let mut unit_state = load::<STATES>(state, width, unit);
                let unit_factors = load::<FACTORS>(factors, width, unit);
                for lane in 0..LANES {
                    let mut lane_slots = pick(&unit_slots, lane);
                    let mut lane_state = pick(&unit_state, lane);
                    let lane_factors = pick(&unit_factors, lane);
                    self.cell.forward::<STAGE, FUSED>(
                        &mut lane_slots,
                        &mut lane_state,
                        &lane_factors,
                    );
                    put(&mut unit_slots, lane, lane_slots);
                    put(&mut unit_state, lane, lane_state);
                }
                store(slots, width, unit, &unit_slots);
                store(state, width, unit, &unit_state);
            }
        }
    }
}

struct Retreat<'a, C, const SLOTS: usize, const STATES: usize, const FACTORS: usize> {
    cell: C,
    stage: usize,
    rows: BackwardRows<'a>,
}

impl<C, const SLOTS: usize, const STATES: usize, const FACTORS: usize> Work
    for Retreat<'_, C, SLOTS, STATES, FACTORS>
where
    C: Recurrence<SLOTS, STATES, FACTORS>,
{
    #[inline(always)]
    fn run<const PANEL: usize, const FUSED: bool>(self) {
        if const { C::PLAN.stages.len() == 1 } || self.stage == 0 {
            self.stage::<0, FUSED>();
        } else {
            self.stage::<1, FUSED>();
        }
    }
}

impl<C, const SLOTS: usize, const STATES: usize, const FACTORS: usize>
    Retreat<'_, C, SLOTS, STATES, FACTORS>
where
    C: Recurrence<SLOTS, STATES, FACTORS>,
{
    #[inline(always)]
    fn stage<const STAGE: usize, const FUSED: bool>(self) {
        let BackwardRows {
            width,
            slots,
            previous,
            factors,
            d_state,
            d_operand,
        } = self.rows;
        let slots = slots.chunks_exact_mut(SLOTS * width);
        let previous = previous.chunks_exact(STATES * width);
        let d_states = d_state.chunks_exact_mut(STATES * width);
        for (row, ((slots, previous), d_state)) in slots.zip(previous).zip(d_states).enumerate() {
            for unit in (0..width).step_by(LANES) {
                let mut unit_slots = load::<SLOTS>(slots, width, unit);
                let unit_previous = load::<STATES>(previous, width, unit);
                let unit_factors = load::<FACTORS>(factors, width, unit);
                let mut unit_d_state = load::<STATES>(d_state, width, unit);
                let unit_d_operand = match d_operand {
                    Some(d_operand) => load::<1>(d_operand, width, row * width + unit),
                    None => [[0.0; LANES]; 1],
                };
                for lane in 0..LANES {
                    let mut lane_slots = pick(&unit_slots, lane);
                    let mut lane_d_state = pick(&unit_d_state, lane);
                    let [lane_d_operand] = pick(&unit_d_operand, lane);
                    self.cell.backward::<STAGE, FUSED>(
                        &mut lane_slots,
                        &pick(&unit_previous, lane),
                        &pick(&unit_factors, lane),
                        &mut lane_d_state,
                        lane_d_operand,
                    );
                    put(&mut unit_slots, lane, lane_slots);
                    put(&mut unit_d_state, lane, lane_d_state);
                }
                store(slots, width, unit, &unit_slots);
                store(d_state, width, unit, &unit_d_state);
            }
        }
    }
}

/// The values of one group of units; value `n` of unit `u` lies at `row[n * width + u]`.
#[inline(always)]
fn load<const N: usize>(row: &[f32], width: usize, unit: usize) -> [[f32; LANES]; N] {
    let mut values = [[0.0; LANES]; N];
    for (n, lanes) in values.iter_mut().enumerate() {
        lanes.copy_from_slice(&row[n * width + unit..][..LANES]);
    }
    values
}

#[inline(always)]
fn store<const N: usize>(row: &mut [f32], width: usize, unit: usize, values: &[[f32; LANES]; N]) {
    for (n, lanes) in values.iter().enumerate() {
        row[n * width + unit..][..LANES].copy_from_slice(lanes);
    }
}

/// The values of one unit.
#[inline(always)]
fn pick<const N: usize>(values: &[[f32; LANES]; N], lane: usize) -> [f32; N] {
    let mut picked = [0.0; N];
    for n in 0..N {
        picked[n] = values[n][lane];
    }
    picked
}

#[inline(always)]
fn put<const N: usize>(values: &mut [[f32; LANES]; N], lane: usize, picked: [f32; N]) {
    for n in 0..N {
        values[n][lane] = picked[n];
    }
}
