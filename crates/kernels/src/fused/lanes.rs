//! Runs a cell's equations over rows and units, a group of units at a time.

use std::ops::Range;

use super::recurrence::{Plan, Recurrence};
use crate::arch::{LANES, Lanes, Line, Machine, Work};
use crate::matrix::{View, ViewMut};
use crate::tiny::{FADED, flushed};

/// A cell as the drivers see it, whatever its number of slots, states and factors.
///
/// Value `n` of the units of group `g` lies in panel `n · G + g`, with G groups of [`LANES`]
/// units. Padded units have zero weights and start at zero, which every cell keeps at zero.
pub(crate) trait Cell: std::fmt::Debug + Send + Sync {
    fn plan(&self) -> Plan;
    fn num_slots(&self) -> usize;
    fn num_states(&self) -> usize;

    /// Stage `stage` of [`Recurrence::forward`].
    fn forward(&self, machine: Machine, stage: usize, rows: ForwardRows<'_>);

    /// Stage `stage` of [`Recurrence::backward`].
    fn backward(&self, machine: Machine, stage: usize, rows: BackwardRows<'_>);
}

/// The first rows of one step, some groups of units.
#[derive(Debug)]
pub(crate) struct ForwardRows<'a> {
    pub(crate) count: usize,
    pub(crate) groups: Range<usize>,
    pub(crate) num_groups: usize,
    /// `SLOTS · G` panels.
    pub(crate) slots: ViewMut<'a>,
    /// `STATES · G` panels.
    pub(crate) state: ViewMut<'a>,
    /// `[FACTORS, G]`.
    pub(crate) factors: &'a [Lanes],
}

/// The rows of one step on the way back.
#[derive(Debug)]
pub(crate) struct BackwardRows<'a> {
    pub(super) count: usize,
    pub(super) num_groups: usize,
    /// `SLOTS · G` panels: gates, turned into gradients.
    pub(super) slots: ViewMut<'a>,
    /// `STATES · G` panels: the state before the step.
    pub(super) previous: View<'a>,
    /// `[FACTORS, G]`.
    pub(super) factors: &'a [Lanes],
    /// `STATES · G` panels.
    pub(super) d_state: ViewMut<'a>,
    /// G panels; `None` for zero.
    pub(super) d_operand: Option<View<'a>>,
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
    fn run<const FUSED: bool>(self) {
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
            count,
            groups,
            num_groups,
            mut slots,
            mut state,
            factors,
        } = self.rows;
        for group in groups {
            let panels = Panels { group, num_groups };
            let unit_factors = panels.factors::<FACTORS>(factors);
            for row in 0..count {
                let mut unit_slots = panels.load_mut::<SLOTS>(&mut slots, row);
                let mut unit_state = panels.load_mut::<STATES>(&mut state, row);
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
                panels.store(&mut slots, row, &unit_slots);
                panels.store(&mut state, row, &unit_state);
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
    fn run<const FUSED: bool>(self) {
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
            count,
            num_groups,
            mut slots,
            previous,
            factors,
            mut d_state,
            d_operand,
        } = self.rows;
        for group in 0..num_groups {
            let panels = Panels { group, num_groups };
            let unit_factors = panels.factors::<FACTORS>(factors);
            for row in 0..count {
                let mut unit_slots = panels.load_mut::<SLOTS>(&mut slots, row);
                let unit_previous = panels.load::<STATES>(previous, row);
                let mut unit_d_state = panels.load_mut::<STATES>(&mut d_state, row);
                let unit_d_operand = match d_operand {
                    Some(d_operand) => panels.load::<1>(d_operand, row),
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
                    let fading = |value| flushed(value, FADED);
                    put(&mut unit_slots, lane, lane_slots.map(fading));
                    put(&mut unit_d_state, lane, lane_d_state.map(fading));
                }
                panels.store(&mut slots, row, &unit_slots);
                panels.store(&mut d_state, row, &unit_d_state);
            }
        }
    }
}

/// The panels of one group of units.
#[derive(Clone, Copy)]
struct Panels {
    group: usize,
    num_groups: usize,
}

impl Panels {
    #[inline(always)]
    fn factors<const N: usize>(self, factors: &[Lanes]) -> [[f32; LANES]; N] {
        let mut values = [[0.0; LANES]; N];
        for (n, lanes) in values.iter_mut().enumerate() {
            *lanes = factors[n * self.num_groups + self.group].0;
        }
        values
    }

    #[inline(always)]
    fn load<const N: usize>(self, view: View<'_>, row: usize) -> [[f32; LANES]; N] {
        let mut values = [[0.0; LANES]; N];
        for (n, lanes) in values.iter_mut().enumerate() {
            *lanes = view.rows(n * self.num_groups + self.group, row, 1)[0].0;
        }
        values
    }

    #[inline(always)]
    fn load_mut<const N: usize>(self, view: &mut ViewMut<'_>, row: usize) -> [[f32; LANES]; N] {
        let mut values = [[0.0; LANES]; N];
        for (n, lanes) in values.iter_mut().enumerate() {
            *lanes = view.rows(n * self.num_groups + self.group, row, 1)[0].0;
        }
        values
    }

    #[inline(always)]
    fn store<const N: usize>(self, view: &mut ViewMut<'_>, row: usize, values: &[[f32; LANES]; N]) {
        for (n, lanes) in values.iter().enumerate() {
            view.rows(n * self.num_groups + self.group, row, 1)[0] = Line(*lanes);
        }
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
