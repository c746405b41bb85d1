//! The simple cells: [`CellKind::Rnn`](crate::CellKind::Rnn) and
//! [`CellKind::IndRnn`](crate::CellKind::IndRnn).

use super::recurrence::{Multiplied, Operand, Plan, Recurrence, Stage, Vector};
use crate::activation::{relu, tanh};
use crate::arch::multiply_add;

/// `h' = act(W_ih·x + b + W_hh·h)`, act = ReLU or tanh. One slot: h'.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rnn<const RELU: bool>;

impl<const RELU: bool> Recurrence<1, 1, 0> for Rnn<RELU> {
    const PLAN: Plan = Plan {
        x_gates: &[0],
        stages: &[Stage {
            operand: Operand::Hidden,
            first_slot: 0,
            gates: &[0],
        }],
        vectors: &[Vector::bias(0)],
    };

    #[inline(always)]
    fn forward<const STAGE: usize, const FUSED: bool>(
        self,
        slots: &mut [f32; 1],
        state: &mut [f32; 1],
        _: &[f32; 0],
    ) {
        let hidden = activate::<RELU, FUSED>(slots[0]);
        (slots[0], state[0]) = (hidden, hidden);
    }

    #[inline(always)]
    fn backward<const STAGE: usize, const FUSED: bool>(
        self,
        slots: &mut [f32; 1],
        _: &[f32; 1],
        _: &[f32; 0],
        d_state: &mut [f32; 1],
        _: f32,
    ) {
        slots[0] = d_state[0] * slope::<RELU, FUSED>(slots[0]);
        d_state[0] = 0.0;
    }
}

/// `h' = act(W_ih·x + b + w_hh ⊙ h)`. One slot: h'. One factor: w_hh.
#[derive(Clone, Copy, Debug)]
pub(super) struct IndRnn<const RELU: bool>;

impl<const RELU: bool> Recurrence<1, 1, 1> for IndRnn<RELU> {
    const PLAN: Plan = Plan {
        x_gates: &[0],
        stages: &[Stage {
            operand: Operand::Hidden,
            first_slot: 0,
            gates: &[],
        }],
        vectors: &[
            Vector::bias(0),
            Vector {
                slot: 0,
                of: Multiplied::State(0),
            },
        ],
    };

    #[inline(always)]
    fn forward<const STAGE: usize, const FUSED: bool>(
        self,
        slots: &mut [f32; 1],
        state: &mut [f32; 1],
        factors: &[f32; 1],
    ) {
        let [w_hh] = *factors;
        let sum = multiply_add::<FUSED>(w_hh, state[0], slots[0]);
        let hidden = activate::<RELU, FUSED>(sum);
        (slots[0], state[0]) = (hidden, hidden);
    }

    #[inline(always)]
    fn backward<const STAGE: usize, const FUSED: bool>(
        self,
        slots: &mut [f32; 1],
        _: &[f32; 1],
        factors: &[f32; 1],
        d_state: &mut [f32; 1],
        _: f32,
    ) {
        let [w_hh] = *factors;
        slots[0] = d_state[0] * slope::<RELU, FUSED>(slots[0]);
        d_state[0] = w_hh * slots[0];
    }
}

#[inline(always)]
fn activate<const RELU: bool, const FUSED: bool>(x: f32) -> f32 {
    if RELU { relu(x) } else { tanh::<FUSED>(x) }
}

/// The derivative of the activation, from its value.
#[inline(always)]
fn slope<const RELU: bool, const FUSED: bool>(value: f32) -> f32 {
    if RELU {
        if value > 0.0 { 1.0 } else { 0.0 }
    } else {
        multiply_add::<FUSED>(-value, value, 1.0)
    }
}
