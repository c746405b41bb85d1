//! [`CellKind::Gru`](crate::CellKind::Gru), one type for each place of the reset gate.

use super::recurrence::{Operand, Plan, Recurrence, Stage, Vector};
use crate::activation::{sigmoid, tanh};
use crate::arch::multiply_add;

/// Rows of the weights.
const R: usize = 0;
const Z: usize = 1;
const N: usize = 2;

/// [`Reset::AfterProduct`](crate::Reset::AfterProduct). Slots `n r z q` with `q = W_hn·h + b_hn`:
/// in this order the slots that x reaches (n r z) and those that h reaches (r z q) both lie side
/// by side, so each is one product without a wasted column.
#[derive(Clone, Copy, Debug)]
pub(super) struct GruAfter;

impl Recurrence<4, 1, 0> for GruAfter {
    const PLAN: Plan = Plan {
        x_gates: &[N, R, Z],
        stages: &[Stage {
            operand: Operand::Hidden,
            first_slot: 1,
            gates: &[R, Z, N],
        }],
        // b_r b_z b_n b_hn
        vectors: &[
            Vector::bias(1),
            Vector::bias(2),
            Vector::bias(0),
            Vector::bias(3),
        ],
    };

    #[inline(always)]
    fn forward<const STAGE: usize, const FUSED: bool>(
        self,
        slots: &mut [f32; 4],
        state: &mut [f32; 1],
        _: &[f32; 0],
    ) {
        let [n, r, z, q] = *slots;
        let r = sigmoid::<FUSED>(r);
        let z = sigmoid::<FUSED>(z);
        let n = tanh::<FUSED>(multiply_add::<FUSED>(r, q, n));
        state[0] = blend::<FUSED>(n, z, state[0]);
        *slots = [n, r, z, q];
    }

    #[inline(always)]
    fn backward<const STAGE: usize, const FUSED: bool>(
        self,
        slots: &mut [f32; 4],
        previous: &[f32; 1],
        _: &[f32; 0],
        d_state: &mut [f32; 1],
        _: f32,
    ) {
        let [n, r, z, q] = *slots;
        let [d_n, d_z] = blend_backward::<FUSED>(n, z, previous[0], d_state);
        let d_r = d_n * q * multiply_add::<FUSED>(-r, r, r);
        *slots = [d_n, d_r, d_z, d_n * r];
    }
}

/// [`Reset::BeforeProduct`](crate::Reset::BeforeProduct). Slots `r z n` and `r ⊙ h`, which the
/// second stage multiplies.
#[derive(Clone, Copy, Debug)]
pub(super) struct GruBefore;

impl Recurrence<4, 1, 0> for GruBefore {
    const PLAN: Plan = Plan {
        x_gates: &[R, Z, N],
        stages: &[
            Stage {
                operand: Operand::Hidden,
                first_slot: 0,
                gates: &[R, Z],
            },
            Stage {
                operand: Operand::Slot(3),
                first_slot: 2,
                gates: &[N],
            },
        ],
        // b_r b_z b_n
        vectors: &[Vector::bias(0), Vector::bias(1), Vector::bias(2)],
    };

    #[inline(always)]
    fn forward<const STAGE: usize, const FUSED: bool>(
        self,
        slots: &mut [f32; 4],
        state: &mut [f32; 1],
        _: &[f32; 0],
    ) {
        let [r, z, n, reset] = *slots;
        let [h] = *state;
        if STAGE == 0 {
            let r = sigmoid::<FUSED>(r);
            *slots = [r, sigmoid::<FUSED>(z), n, r * h];
        } else {
            let n = tanh::<FUSED>(n);
            state[0] = blend::<FUSED>(n, z, h);
            *slots = [r, z, n, reset];
        }
    }

    #[inline(always)]
    fn backward<const STAGE: usize, const FUSED: bool>(
        self,
        slots: &mut [f32; 4],
        previous: &[f32; 1],
        _: &[f32; 0],
        d_state: &mut [f32; 1],
        d_operand: f32,
    ) {
        let [r, z, n, reset] = *slots;
        if STAGE == 0 {
            // d_operand is the gradient of r ⊙ h.
            let d_r = d_operand * previous[0] * multiply_add::<FUSED>(-r, r, r);
            d_state[0] = multiply_add::<FUSED>(d_operand, r, d_state[0]);
            *slots = [d_r, z, n, reset];
        } else {
            let [d_n, d_z] = blend_backward::<FUSED>(n, z, previous[0], d_state);
            *slots = [r, d_z, d_n, reset];
        }
    }
}

/// `(1 − z)·n + z·h`.
#[inline(always)]
fn blend<const FUSED: bool>(n: f32, z: f32, h: f32) -> f32 {
    multiply_add::<FUSED>(z, h - n, n)
}

/// The gradients of the inputs of n and z; `d_state` becomes the direct part of the previous
/// state's.
#[inline(always)]
fn blend_backward<const FUSED: bool>(n: f32, z: f32, h: f32, d_state: &mut [f32; 1]) -> [f32; 2] {
    let [d_h] = *d_state;
    let d_n = d_h * (1.0 - z) * multiply_add::<FUSED>(-n, n, 1.0);
    let d_z = d_h * (h - n) * multiply_add::<FUSED>(-z, z, z);
    d_state[0] = d_h * z;
    [d_n, d_z]
}
