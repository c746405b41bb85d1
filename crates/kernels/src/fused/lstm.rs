//! [`CellKind::Lstm`](crate::CellKind::Lstm) with its options.

use super::recurrence::{Multiplied, Operand, Plan, Recurrence, Stage, Vector};
use crate::activation::{clamp, sigmoid, tanh};
use crate::arch::multiply_add;

/// Slots `i f g o`, and with peepholes `c'`, which the gradient of `p_o` needs.
/// Factors: none, or `p_i p_f p_o`.
///
/// tanh(c') is computed again in the backward pass: that is cheaper than keeping it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lstm<const PEEPHOLES: bool, const CLIPPED: bool> {
    /// f = 1 − i.
    pub(super) coupled: bool,
    /// Bound of the pre-activations; read only if `CLIPPED`.
    pub(super) clip: f32,
}

const STAGES: &[Stage] = &[Stage {
    operand: Operand::Hidden,
    first_slot: 0,
    gates: &[0, 1, 2, 3],
}];

impl<const CLIPPED: bool> Recurrence<4, 2, 0> for Lstm<false, CLIPPED> {
    const PLAN: Plan = Plan {
        x_gates: &[0, 1, 2, 3],
        stages: STAGES,
        vectors: &[
            Vector::bias(0),
            Vector::bias(1),
            Vector::bias(2),
            Vector::bias(3),
        ],
    };

    #[inline(always)]
    fn forward<const STAGE: usize, const FUSED: bool>(
        self,
        slots: &mut [f32; 4],
        state: &mut [f32; 2],
        _: &[f32; 0],
    ) {
        *slots = self.advance::<FUSED>(*slots, state, [0.0; 3]);
    }

    #[inline(always)]
    fn backward<const STAGE: usize, const FUSED: bool>(
        self,
        slots: &mut [f32; 4],
        previous: &[f32; 2],
        _: &[f32; 0],
        d_state: &mut [f32; 2],
        _: f32,
    ) {
        *slots = self.retreat::<FUSED>(*slots, previous[1], [0.0; 3], d_state);
    }
}

impl<const CLIPPED: bool> Recurrence<5, 2, 3> for Lstm<true, CLIPPED> {
    const PLAN: Plan = Plan {
        x_gates: &[0, 1, 2, 3],
        stages: STAGES,
        vectors: &[
            Vector::bias(0),
            Vector::bias(1),
            Vector::bias(2),
            Vector::bias(3),
            Vector {
                slot: 0,
                of: Multiplied::State(1),
            },
            Vector {
                slot: 1,
                of: Multiplied::State(1),
            },
            Vector {
                slot: 3,
                of: Multiplied::Slot(4),
            },
        ],
    };

    #[inline(always)]
    fn forward<const STAGE: usize, const FUSED: bool>(
        self,
        slots: &mut [f32; 5],
        state: &mut [f32; 2],
        peepholes: &[f32; 3],
    ) {
        let [i, f, g, o, _] = *slots;
        let [i, f, g, o] = self.advance::<FUSED>([i, f, g, o], state, *peepholes);
        *slots = [i, f, g, o, state[1]];
    }

    #[inline(always)]
    fn backward<const STAGE: usize, const FUSED: bool>(
        self,
        slots: &mut [f32; 5],
        previous: &[f32; 2],
        peepholes: &[f32; 3],
        d_state: &mut [f32; 2],
        _: f32,
    ) {
        let [i, f, g, o, c] = *slots;
        let [i, f, g, o] = self.retreat::<FUSED>([i, f, g, o], previous[1], *peepholes, d_state);
        *slots = [i, f, g, o, c];
    }
}

impl<const PEEPHOLES: bool, const CLIPPED: bool> Lstm<PEEPHOLES, CLIPPED> {
    /// From the pre-activations and the state to the gates and the next state.
    #[inline(always)]
    fn advance<const FUSED: bool>(
        self,
        [i, f, g, o]: [f32; 4],
        state: &mut [f32; 2],
        [p_i, p_f, p_o]: [f32; 3],
    ) -> [f32; 4] {
        let [_, c_prev] = *state;
        let i = sigmoid::<FUSED>(self.bound(peek::<PEEPHOLES, FUSED>(i, p_i, c_prev)));
        let f = sigmoid::<FUSED>(self.bound(peek::<PEEPHOLES, FUSED>(f, p_f, c_prev)));
        let f = if self.coupled { 1.0 - i } else { f };
        let g = tanh::<FUSED>(self.bound(g));
        let c = multiply_add::<FUSED>(f, c_prev, i * g);
        let o = sigmoid::<FUSED>(self.bound(peek::<PEEPHOLES, FUSED>(o, p_o, c)));
        *state = [o * tanh::<FUSED>(c), c];
        [i, f, g, o]
    }

    /// From the gates to the gradients of the pre-activations; `d_state` goes back one step.
    #[inline(always)]
    fn retreat<const FUSED: bool>(
        self,
        [i, f, g, o]: [f32; 4],
        c_prev: f32,
        [p_i, p_f, p_o]: [f32; 3],
        d_state: &mut [f32; 2],
    ) -> [f32; 4] {
        let [d_h, d_c_next] = *d_state;
        let c = multiply_add::<FUSED>(f, c_prev, i * g);
        let tanh_c = tanh::<FUSED>(c);

        let d_o = self.pass_sigmoid::<FUSED>(d_h * tanh_c, o);
        let d_tanh = multiply_add::<FUSED>(-tanh_c, tanh_c, 1.0);
        let d_c = multiply_add::<FUSED>(d_h * o, d_tanh, d_c_next);
        let d_c = peek::<PEEPHOLES, FUSED>(d_c, p_o, d_o);

        // Coupled, the input gate also drives f = 1 − i.
        let (through_i, through_f) = if self.coupled {
            (g - c_prev, 0.0)
        } else {
            (g, c_prev)
        };
        let d_i = self.pass_sigmoid::<FUSED>(d_c * through_i, i);
        let d_f = self.pass_sigmoid::<FUSED>(d_c * through_f, f);
        let d_g = self.pass_tanh::<FUSED>(d_c * i, g);

        let d_c_prev = peek::<PEEPHOLES, FUSED>(d_c * f, p_i, d_i);
        *d_state = [0.0, peek::<PEEPHOLES, FUSED>(d_c_prev, p_f, d_f)];
        [d_i, d_f, d_g, d_o]
    }

    #[inline(always)]
    fn bound(self, x: f32) -> f32 {
        if CLIPPED { clamp(x, self.clip) } else { x }
    }

    /// The gradient of a sigmoid's input: zero where the clip held it.
    #[inline(always)]
    fn pass_sigmoid<const FUSED: bool>(self, d_value: f32, value: f32) -> f32 {
        let gradient = d_value * multiply_add::<FUSED>(-value, value, value);
        if CLIPPED {
            // The value at the bound has the very bits that the clamped input gave it.
            let high = sigmoid::<FUSED>(self.clip);
            let low = sigmoid::<FUSED>(-self.clip);
            hold(gradient, value >= high || value <= low)
        } else {
            gradient
        }
    }

    /// The gradient of a tanh's input: zero where the clip held it.
    #[inline(always)]
    fn pass_tanh<const FUSED: bool>(self, d_value: f32, value: f32) -> f32 {
        let gradient = d_value * multiply_add::<FUSED>(-value, value, 1.0);
        if CLIPPED {
            let high = tanh::<FUSED>(self.clip);
            hold(gradient, value >= high || value <= -high)
        } else {
            gradient
        }
    }
}

/// `x + p·c`, if there are peepholes.
#[inline(always)]
fn peek<const PEEPHOLES: bool, const FUSED: bool>(x: f32, p: f32, c: f32) -> f32 {
    if PEEPHOLES {
        multiply_add::<FUSED>(p, c, x)
    } else {
        x
    }
}

#[inline(always)]
fn hold(gradient: f32, held: bool) -> f32 {
    if held { 0.0 } else { gradient }
}
