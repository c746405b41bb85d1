//! The functions of gates that are only needed here. NaN stays NaN.

use std::f32::consts::LOG2_E;

use crate::activation::exp2;

/// `e^x` for |x| up to 87, clamped beyond to about 1e-38 and 1e38.
#[inline(always)]
pub(super) fn exp<const FUSED: bool>(x: f32) -> f32 {
    exp2::<FUSED>(x * LOG2_E)
}

/// `σ(x)` and `1 − σ(x)`, each accurate relative to itself however small.
#[inline(always)]
pub(super) fn gate<const FUSED: bool>(x: f32) -> (f32, f32) {
    let e = exp::<FUSED>(-x);
    let open = 1.0 / (1.0 + e);
    (open, e * open)
}
