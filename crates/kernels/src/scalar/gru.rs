//! Gated recurrent unit.

use super::Real;
use super::step::{Back, Parameters, State};
use crate::Reset;

/// The gates, as rows of the weights and of the biases.
const R_: usize = 0;
const Z: usize = 1;
const N: usize = 2;
/// The bias inside the reset product, as row of `vectors`.
const B_HN: usize = 3;

/// The gates of all units; `q` is `W_hn·h + b_hn`, or `W_hn·(r ⊙ h)`.
struct Gates<R> {
    r: Vec<R>,
    z: Vec<R>,
    q: Vec<R>,
    n: Vec<R>,
}

fn gates<R: Real>(reset: Reset, p: Parameters<'_, R>, x: &[R], h: &[R]) -> Gates<R> {
    let all = |unit: &dyn Fn(usize) -> R| (0..p.hidden_size).map(unit).collect::<Vec<R>>();
    let gate = |gate, u| p.input(gate, u, x) + p.vector(gate, u) + p.recurrent(gate, u, h);
    let r = all(&|u| gate(R_, u).sigmoid());
    let z = all(&|u| gate(Z, u).sigmoid());
    let input = |u| p.input(N, u, x) + p.vector(N, u);
    match reset {
        Reset::AfterProduct => {
            let q = all(&|u| p.recurrent(N, u, h) + p.vector(B_HN, u));
            let n = all(&|u| (input(u) + r[u] * q[u]).tanh());
            Gates { r, z, q, n }
        }
        Reset::BeforeProduct => {
            let rh = all(&|u| r[u] * h[u]);
            let q = all(&|u| p.recurrent(N, u, &rh));
            let n = all(&|u| (input(u) + q[u]).tanh());
            Gates { r, z, q, n }
        }
    }
}

pub(super) fn forward<R: Real>(
    reset: Reset,
    p: Parameters<'_, R>,
    x: &[R],
    state: &State<R>,
) -> State<R> {
    let h = &state.hidden;
    let Gates { z, n, .. } = gates(reset, p, x, h);
    let unit = |u| (R::ONE - z[u]) * n[u] + z[u] * h[u];
    State {
        hidden: (0..p.hidden_size).map(unit).collect(),
        cell: Vec::new(),
    }
}

pub(super) fn backward<R: Real>(
    reset: Reset,
    mut back: Back<'_, '_, R>,
    state: &State<R>,
    d_next: &State<R>,
) -> State<R> {
    let p = back.parameters;
    let h = &state.hidden;
    let Gates { r, z, q, n } = gates(reset, p, back.x, h);
    let d_h = &d_next.hidden;
    let mut d_state = State::zeros_like(state);

    // h' = (1 − z)·n + z·h; the candidate's sum first, because r lies behind it.
    let mut d_r = vec![R::ZERO; h.len()];
    let mut d_rh = vec![R::ZERO; h.len()];
    let rh: Vec<R> = r.iter().zip(h).map(|(&r, &h)| r * h).collect();
    for u in 0..h.len() {
        let d_n = d_h[u] * (R::ONE - z[u]) * (R::ONE - n[u] * n[u]);
        back.vector(N, u, d_n);
        back.input(N, u, d_n);
        match reset {
            Reset::AfterProduct => {
                d_r[u] = d_n * q[u];
                back.vector(B_HN, u, d_n * r[u]);
                back.recurrent(N, u, d_n * r[u], h, &mut d_state.hidden);
            }
            Reset::BeforeProduct => back.recurrent(N, u, d_n, &rh, &mut d_rh),
        }
    }
    if reset == Reset::BeforeProduct {
        for u in 0..h.len() {
            d_r[u] = d_rh[u] * h[u];
            d_state.hidden[u] += d_rh[u] * r[u];
        }
    }

    for u in 0..h.len() {
        d_state.hidden[u] += d_h[u] * z[u];
        let d_z = d_h[u] * (h[u] - n[u]);
        for (gate, d) in [
            (R_, d_r[u] * r[u] * (R::ONE - r[u])),
            (Z, d_z * z[u] * (R::ONE - z[u])),
        ] {
            back.vector(gate, u, d);
            back.input(gate, u, d);
            back.recurrent(gate, u, d, h, &mut d_state.hidden);
        }
    }
    d_state
}
