//! The passes over one row of logits, in vectors.
//!
//! NaN: a row that holds one has a NaN among its exponentials, hence in their sum, hence in its
//! loss and in all of its gradient. A row of `−∞` only, or with a `+∞`, has no softmax: NaN too.

use crate::elementwise::exponential::exp_below_zero;

/// Partial sums that run side by side: four registers of AVX2.
const LANES: usize = 32;

/// `ln Σ e^x` of a row, as its maximum and the logarithm of the sum relative to that.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogSum {
    pub(super) max: f32,
    /// `Σ e^(x − max)`
    pub(super) sum: f32,
}

impl LogSum {
    /// `−log p` of a token with logit `x`.
    #[inline(always)]
    pub(super) fn nats(self, x: f32) -> f64 {
        f64::from(self.max) - f64::from(x) + f64::from(self.sum).ln()
    }

    #[inline(always)]
    pub(super) fn of<const FUSED: bool>(row: &[f32]) -> LogSum {
        let max = max(row);
        let sum = sum_of_exponentials::<FUSED>(row, max);
        LogSum { max, sum }
    }

    /// The same; leaves `e^(x − max)` in the row.
    #[inline(always)]
    pub(super) fn with_exponentials<const FUSED: bool>(row: &mut [f32]) -> LogSum {
        let max = max(row);
        let mut sums = [0.0; LANES];
        let (chunks, rest) = row.as_chunks_mut::<LANES>();
        for chunk in chunks {
            for lane in 0..LANES {
                let power = exp_below_zero::<FUSED>(chunk[lane] - max);
                chunk[lane] = power;
                sums[lane] += power;
            }
        }
        for (value, sum) in rest.iter_mut().zip(&mut sums) {
            *value = exp_below_zero::<FUSED>(*value - max);
            *sum += *value;
        }
        let sum = total(sums);
        LogSum { max, sum }
    }
}

/// `Σ x`
#[inline(always)]
pub(super) fn sum(row: &[f32]) -> f32 {
    sum_of(row, |x| x)
}

/// `Σ e^(x − max)`
#[inline(always)]
pub(crate) fn sum_of_exponentials<const FUSED: bool>(row: &[f32], max: f32) -> f32 {
    sum_of(row, |x| exp_below_zero::<FUSED>(x - max))
}

/// `Σ f(x)`
#[inline(always)]
fn sum_of(row: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            sums[lane] += f(chunk[lane]);
        }
    }
    for (&x, sum) in rest.iter().zip(&mut sums) {
        *sum += f(x);
    }
    total(sums)
}

/// The greater of two values; a NaN for `b` is passed over.
#[inline(always)]
pub(crate) fn greater(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

/// The greatest value; NaN is passed over.
#[inline(always)]
pub(crate) fn max(row: &[f32]) -> f32 {
    let mut maxima = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            maxima[lane] = greater(maxima[lane], chunk[lane]);
        }
    }
    for (&x, max) in rest.iter().zip(&mut maxima) {
        *max = greater(*max, x);
    }
    halved(maxima, greater)
}

/// The sum of a power of two of values: rounding errors grow with the logarithm.
#[inline(always)]
pub(super) fn total<const N: usize>(sums: [f32; N]) -> f32 {
    halved(sums, |a, b| a + b)
}

/// One of a power of two of values: the first half with the second, again and again.
#[inline(always)]
fn halved<const N: usize>(mut values: [f32; N], merge: impl Fn(f32, f32) -> f32) -> f32 {
    let mut width = N / 2;
    while width > 0 {
        for lane in 0..width {
            values[lane] = merge(values[lane], values[lane + width]);
        }
        width /= 2;
    }
    values[0]
}
