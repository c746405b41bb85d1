//! Long short-term memory.

use super::Real;
use super::step::{Back, Parameters, State};

/// The gates, as rows of the weights and of the biases.
const I: usize = 0;
const F: usize = 1;
const G: usize = 2;
const O: usize = 3;
/// The peepholes, as rows of `vectors`.
const P_I: usize = 4;
const P_F: usize = 5;
const P_O: usize = 6;

/// The options of [`CellKind::Lstm`](crate::CellKind::Lstm).
#[derive(Clone, Copy)]
pub(super) struct Options<R> {
    peepholes: bool,
    coupled: bool,
    clip: Option<R>,
}

impl<R: Real> Options<R> {
    pub(super) fn new(peepholes: bool, coupled: bool, clip: Option<f32>) -> Self {
        Options {
            peepholes,
            coupled,
            clip: clip.map(R::from_f32),
        }
    }

    /// `sum`, bounded.
    fn bound(self, sum: R) -> R {
        match self.clip {
            Some(clip) if sum > clip => clip,
            Some(clip) if sum < -clip => -clip,
            _ => sum,
        }
    }

    /// The gradient of `sum`, from that of its bounded value.
    fn bound_backward(self, sum: R, d: R) -> R {
        match self.clip {
            Some(clip) if sum >= clip || sum <= -clip => R::ZERO,
            _ => d,
        }
    }
}

/// All that one unit computes in one step: the sums before the activations, the gates, `c'`.
struct Unit<R> {
    sums: [R; 4],
    i: R,
    f: R,
    g: R,
    o: R,
    c: R,
}

fn unit<R: Real>(
    options: Options<R>,
    p: Parameters<'_, R>,
    x: &[R],
    state: &State<R>,
    u: usize,
) -> Unit<R> {
    let c_prev = state.cell[u];
    let sum = |gate| p.input(gate, u, x) + p.vector(gate, u) + p.recurrent(gate, u, &state.hidden);
    let peephole = |row, c| {
        if options.peepholes {
            p.vector(row, u) * c
        } else {
            R::ZERO
        }
    };

    let sum_i = sum(I) + peephole(P_I, c_prev);
    let sum_f = sum(F) + peephole(P_F, c_prev);
    let sum_g = sum(G);
    let i = options.bound(sum_i).sigmoid();
    let f = if options.coupled {
        R::ONE - i
    } else {
        options.bound(sum_f).sigmoid()
    };
    let g = options.bound(sum_g).tanh();
    let c = f * c_prev + i * g;
    let sum_o = sum(O) + peephole(P_O, c);
    let o = options.bound(sum_o).sigmoid();
    let sums = [sum_i, sum_f, sum_g, sum_o];
    Unit {
        sums,
        i,
        f,
        g,
        o,
        c,
    }
}

pub(super) fn forward<R: Real>(
    options: Options<R>,
    p: Parameters<'_, R>,
    x: &[R],
    state: &State<R>,
) -> State<R> {
    let units = (0..p.hidden_size).map(|u| unit(options, p, x, state, u));
    let (hidden, cell) = units.map(|Unit { o, c, .. }| (o * c.tanh(), c)).unzip();
    State { hidden, cell }
}

pub(super) fn backward<R: Real>(
    options: Options<R>,
    mut back: Back<'_, '_, R>,
    state: &State<R>,
    d_next: &State<R>,
) -> State<R> {
    let p = back.parameters;
    let mut d_state = State::zeros_like(state);
    for u in 0..p.hidden_size {
        let Unit {
            sums,
            i,
            f,
            g,
            o,
            c,
        } = unit(options, p, back.x, state, u);
        let c_prev = state.cell[u];
        let tanh_c = c.tanh();

        // h' = o·tanh(c'); o sees c' through its peephole.
        let d_h = d_next.hidden[u];
        let d_o = options.bound_backward(sums[O], d_h * tanh_c * o * (R::ONE - o));
        let mut d_c = d_next.cell[u] + d_h * o * (R::ONE - tanh_c * tanh_c);
        if options.peepholes {
            d_c += d_o * p.vector(P_O, u);
        }

        // c' = f·c + i·g, where f may be 1 − i.
        let (d_c_i, d_c_f) = if options.coupled {
            (g - c_prev, R::ZERO)
        } else {
            (g, c_prev)
        };
        let d_i = options.bound_backward(sums[I], d_c * d_c_i * i * (R::ONE - i));
        let d_f = options.bound_backward(sums[F], d_c * d_c_f * f * (R::ONE - f));
        let d_g = options.bound_backward(sums[G], d_c * i * (R::ONE - g * g));
        d_state.cell[u] = d_c * f;
        if options.peepholes {
            d_state.cell[u] += d_i * p.vector(P_I, u) + d_f * p.vector(P_F, u);
            back.scaled_vector(P_I, u, d_i, c_prev);
            back.scaled_vector(P_F, u, d_f, c_prev);
            back.scaled_vector(P_O, u, d_o, c);
        }

        for (gate, d) in [(I, d_i), (F, d_f), (G, d_g), (O, d_o)] {
            back.vector(gate, u, d);
            back.input(gate, u, d);
            back.recurrent(gate, u, d, &state.hidden, &mut d_state.hidden);
        }
    }
    d_state
}
