//! Sums over one vector or two, in lanes.

use crate::activation::tanh;
use crate::arch::multiply_add;

/// Partial sums that run side by side.
const LANES: usize = 16;

/// `Σ a·b`
#[inline(always)]
pub(super) fn dot<const FUSED: bool>(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] = multiply_add::<FUSED>(a[lane], b[lane], sums[lane]);
        }
    }
    for ((a, b), sum) in a_rest.iter().zip(b_rest).zip(&mut sums) {
        *sum = multiply_add::<FUSED>(*a, *b, *sum);
    }
    sums.iter().sum()
}

/// `Σ v·tanh(q + k)`
#[inline(always)]
pub(super) fn dot_tanh<const FUSED: bool>(v: &[f32], q: &[f32], k: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (v, v_rest) = v.as_chunks::<LANES>();
    let (q, q_rest) = q.as_chunks::<LANES>();
    let (k, k_rest) = k.as_chunks::<LANES>();
    for ((v, q), k) in v.iter().zip(q).zip(k) {
        for lane in 0..LANES {
            let t = tanh::<FUSED>(q[lane] + k[lane]);
            sums[lane] = multiply_add::<FUSED>(v[lane], t, sums[lane]);
        }
    }
    for (((v, q), k), sum) in v_rest.iter().zip(q_rest).zip(k_rest).zip(&mut sums) {
        *sum = multiply_add::<FUSED>(*v, tanh::<FUSED>(q + k), *sum);
    }
    sums.iter().sum()
}

/// `sums += factor·x`
#[inline(always)]
pub(super) fn add<const FUSED: bool>(sums: &mut [f32], factor: f32, x: &[f32]) {
    for (sum, &x) in sums.iter_mut().zip(x) {
        *sum = multiply_add::<FUSED>(factor, x, *sum);
    }
}

/// What the gradient of `v·tanh(q + k)` is added to.
pub(super) struct TanhGradient<'a> {
    pub(super) d_v: &'a mut [f32],
    pub(super) d_q: &'a mut [f32],
    pub(super) d_k: &'a mut [f32],
}

impl TanhGradient<'_> {
    /// Adds `d` times the gradient: `dv = t`, `dq = dk = v·(1 − t²)`.
    #[inline(always)]
    pub(super) fn add<const FUSED: bool>(self, d: f32, v: &[f32], q: &[f32], k: &[f32]) {
        let len = v.len();
        // Of one length, which the compiler then knows.
        let (q, k) = (&q[..len], &k[..len]);
        let (d_v, d_q, d_k) = (
            &mut self.d_v[..len],
            &mut self.d_q[..len],
            &mut self.d_k[..len],
        );
        for h in 0..len {
            let t = tanh::<FUSED>(q[h] + k[h]);
            d_v[h] = multiply_add::<FUSED>(d, t, d_v[h]);
            let slope = d * v[h] * (1.0 - t * t);
            d_q[h] += slope;
            d_k[h] += slope;
        }
    }
}
