//! minGRU and minLSTM.

use super::cell::{Closed, ScanCell, Step};
use super::curves::{exp, gate};
use crate::activation::sigmoid;

/// See [`crate::ScanKind::MinGru`]; with `POSITIVE`, [`crate::Candidate::Positive`].
#[derive(Clone, Copy, Debug)]
pub(super) struct MinGru<const POSITIVE: bool>;

/// See [`crate::ScanKind::MinLstm`].
#[derive(Clone, Copy, Debug)]
pub(super) struct MinLstm<const POSITIVE: bool>;

#[derive(Clone, Copy)]
pub(super) struct MinGruGates {
    z: f32,
    /// `1 − z`
    keep: f32,
    candidate: f32,
    /// Derivative of the candidate.
    slope: f32,
}

#[derive(Clone, Copy)]
pub(super) struct MinLstmGates {
    /// `f / (f + i)`
    keep: f32,
    /// `i / (f + i)`
    take: f32,
    /// `σ(-f)` and `σ(-i)` of the pre-activations: derivatives of `ln f` and `ln i`.
    closed_f: f32,
    closed_i: f32,
    candidate: f32,
    slope: f32,
}

/// The candidate and its derivative.
#[inline(always)]
fn candidate<const POSITIVE: bool, const FUSED: bool>(x: f32) -> (f32, f32) {
    if POSITIVE {
        let below = sigmoid::<FUSED>(x);
        let slope = below * (1.0 - below);
        // NaN takes neither side of `x < 0`, and stays.
        if x < 0.0 {
            (below, slope)
        } else {
            (x + 0.5, 1.0)
        }
    } else {
        (x, 1.0)
    }
}

impl<const POSITIVE: bool> ScanCell<2, 2> for MinGru<POSITIVE> {
    type Gates = MinGruGates;

    #[inline(always)]
    fn open<const FUSED: bool>(
        self,
        [z, h]: [f32; 2],
        [b_z, b_h]: [f32; 2],
        _: f32,
    ) -> MinGruGates {
        let (z, keep) = gate::<FUSED>(z + b_z);
        let (candidate, slope) = candidate::<POSITIVE, FUSED>(h + b_h);
        MinGruGates {
            z,
            keep,
            candidate,
            slope,
        }
    }

    #[inline(always)]
    fn keep(gates: MinGruGates) -> f32 {
        gates.keep
    }

    #[inline(always)]
    fn add(gates: MinGruGates) -> f32 {
        gates.z * gates.candidate
    }

    #[inline(always)]
    fn show(self, _: MinGruGates, cell: f32, _: f32) -> f32 {
        cell
    }

    #[inline(always)]
    fn slope(_: MinGruGates) -> f32 {
        1.0
    }

    #[inline(always)]
    fn close<const FUSED: bool>(self, gates: MinGruGates, step: Step<2>) -> Closed<2, 2> {
        let MinGruGates {
            z,
            keep,
            candidate,
            slope,
        } = gates;
        let d_z = step.d_cell * (candidate - step.previous) * z * keep;
        let d_candidate = step.d_cell * z * slope;
        Closed {
            d_products: [d_z, d_candidate],
            d_vectors: [d_z, d_candidate],
            d_skip: 0.0,
            d_previous: step.d_cell * keep,
        }
    }
}

impl<const POSITIVE: bool> ScanCell<3, 3> for MinLstm<POSITIVE> {
    type Gates = MinLstmGates;

    #[inline(always)]
    fn open<const FUSED: bool>(
        self,
        [f, i, h]: [f32; 3],
        [b_f, b_i, b_h]: [f32; 3],
        _: f32,
    ) -> MinLstmGates {
        // f/(f + i) with f = 1/(1 + e^-f) and so on is (1 + e^-i) / (2 + e^-f + e^-i); all is
        // divided by the greatest of the three terms, so that nothing overflows and small
        // gates keep their quotient.
        let (f, i) = (f + b_f, i + b_i);
        let greatest = if f < i { -f } else { -i };
        let greatest = if greatest < 0.0 { 0.0 } else { greatest };
        let one = exp::<FUSED>(-greatest);
        let (e_f, e_i) = (exp::<FUSED>(-f - greatest), exp::<FUSED>(-i - greatest));
        let (not_i, not_f) = (one + e_i, one + e_f);
        let scale = 1.0 / (not_i + not_f);
        let (candidate, slope) = candidate::<POSITIVE, FUSED>(h + b_h);
        MinLstmGates {
            keep: not_i * scale,
            take: not_f * scale,
            closed_f: e_f / not_f,
            closed_i: e_i / not_i,
            candidate,
            slope,
        }
    }

    #[inline(always)]
    fn keep(gates: MinLstmGates) -> f32 {
        gates.keep
    }

    #[inline(always)]
    fn add(gates: MinLstmGates) -> f32 {
        gates.take * gates.candidate
    }

    #[inline(always)]
    fn show(self, _: MinLstmGates, cell: f32, _: f32) -> f32 {
        cell
    }

    #[inline(always)]
    fn slope(_: MinLstmGates) -> f32 {
        1.0
    }

    #[inline(always)]
    fn close<const FUSED: bool>(self, gates: MinLstmGates, step: Step<3>) -> Closed<3, 3> {
        // The quotient is σ(ln f − ln i).
        let d_logit = step.d_cell * (step.previous - gates.candidate) * gates.keep * gates.take;
        let d_products = [
            d_logit * gates.closed_f,
            -d_logit * gates.closed_i,
            step.d_cell * gates.take * gates.slope,
        ];
        Closed {
            d_products,
            d_vectors: d_products,
            d_skip: 0.0,
            d_previous: step.d_cell * gates.keep,
        }
    }
}
