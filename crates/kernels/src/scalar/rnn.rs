//! The simple cells.

use super::Real;
use super::step::{Back, Parameters, State};
use crate::Activation;

/// `h' = act(W_ih·x + b + W_hh·h)`.
pub(super) fn forward<R: Real>(
    activation: Activation,
    p: Parameters<'_, R>,
    x: &[R],
    state: &State<R>,
) -> State<R> {
    let unit = |u| {
        let sum = p.input(0, u, x) + p.vector(0, u) + p.recurrent(0, u, &state.hidden);
        activate(activation, sum)
    };
    State {
        hidden: (0..p.hidden_size).map(unit).collect(),
        cell: Vec::new(),
    }
}

pub(super) fn backward<R: Real>(
    activation: Activation,
    mut back: Back<'_, '_, R>,
    state: &State<R>,
    d_next: &State<R>,
) -> State<R> {
    let next = forward(activation, back.parameters, back.x, state);
    let mut d_state = State::zeros_like(state);
    for u in 0..next.hidden.len() {
        let d_sum = d_next.hidden[u] * slope(activation, next.hidden[u]);
        back.vector(0, u, d_sum);
        back.input(0, u, d_sum);
        back.recurrent(0, u, d_sum, &state.hidden, &mut d_state.hidden);
    }
    d_state
}

/// `h' = act(W_ih·x + b + w_hh ⊙ h)`.
pub(super) fn ind_forward<R: Real>(
    activation: Activation,
    p: Parameters<'_, R>,
    x: &[R],
    state: &State<R>,
) -> State<R> {
    let unit = |u| {
        let sum = p.input(0, u, x) + p.vector(0, u) + p.weights.w_hh[u] * state.hidden[u];
        activate(activation, sum)
    };
    State {
        hidden: (0..p.hidden_size).map(unit).collect(),
        cell: Vec::new(),
    }
}

pub(super) fn ind_backward<R: Real>(
    activation: Activation,
    mut back: Back<'_, '_, R>,
    state: &State<R>,
    d_next: &State<R>,
) -> State<R> {
    let next = ind_forward(activation, back.parameters, back.x, state);
    let mut d_state = State::zeros_like(state);
    for u in 0..next.hidden.len() {
        let d_sum = d_next.hidden[u] * slope(activation, next.hidden[u]);
        back.vector(0, u, d_sum);
        back.input(0, u, d_sum);
        back.w_hh_vector(u, d_sum, state.hidden[u]);
        d_state.hidden[u] = d_sum * back.parameters.weights.w_hh[u];
    }
    d_state
}

fn activate<R: Real>(activation: Activation, x: R) -> R {
    match activation {
        Activation::Tanh => x.tanh(),
        Activation::Relu => x.relu(),
    }
}

/// The derivative of the activation, from its value.
fn slope<R: Real>(activation: Activation, value: R) -> R {
    match activation {
        Activation::Tanh => R::ONE - value * value,
        Activation::Relu if value > R::ZERO => R::ONE,
        Activation::Relu => R::ZERO,
    }
}
