//! `e^x` without branches and calls, so that loops over it become vector code.

use std::f32::consts::LOG2_E;

use crate::arch::multiply_add;

/// `ln 2` in two parts; a small integer times the first is exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

/// `(e^r − 1 − r) / r²` on ±ln(2)/2, highest power first: the coefficients of Cephes' `expf`.
const TAIL: [f32; 6] = [
    1.987_569_1e-4,
    1.398_199_9e-3,
    8.333_452e-3,
    4.166_579_6e-2,
    1.666_666_5e-1,
    0.5,
];

/// `x = n·ln 2 + r`: the bits of `n + 1.5·2²³`, whose low ones are `n`, and `e^r`.
#[inline(always)]
fn split<const FUSED: bool>(x: f32) -> (u32, f32) {
    const ROUND: f32 = 12_582_912.0;
    let shifted = multiply_add::<FUSED>(x, LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = multiply_add::<FUSED>(n, -LN_2[0], x);
    let r = multiply_add::<FUSED>(n, -LN_2[1], r);
    let mut power = TAIL[0];
    for coefficient in &TAIL[1..] {
        power = multiply_add::<FUSED>(power, r, *coefficient);
    }
    power = multiply_add::<FUSED>(power, r * r, r);
    (shifted.to_bits(), power + 1.0)
}

/// `e^x`, relative error about 1.2e-7, from 0 over subnormal numbers to infinity. NaN stays NaN.
#[inline(always)]
pub(crate) fn exp<const FUSED: bool>(x: f32) -> f32 {
    // Beyond these the result is 0 and infinity. NaN is on neither side.
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -104.0 { -104.0 } else { x };
    let (bits, power) = split::<FUSED>(x);
    // 2ⁿ may be no f32 although the product is one, so the scale comes in two halves. The low
    // bits of `bits` are n as a signed number of 22 bits.
    let n = (bits << 9) as i32 >> 9;
    let half = n >> 1;
    let scale = |n: i32| f32::from_bits(((n + 127) << 23) as u32);
    power * scale(half) * scale(n - half)
}

/// `e^x` for `x <= 0`, 0 below −87, where `e^x` ceases to be a normal number. NaN stays NaN.
#[inline(always)]
pub(crate) fn exp_below_zero<const FUSED: bool>(x: f32) -> f32 {
    let (bits, power) = split::<FUSED>(x);
    let scale = f32::from_bits((bits << 23).wrapping_add(1.0f32.to_bits()));
    if x < -87.0 { 0.0 } else { power * scale }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_exact_to(tolerance: f64, f: impl Fn(f32) -> f32, from: i32, to: i32) {
        for i in from * 1000..=to * 1000 {
            let x = i as f32 / 1000.0;
            let exact = f64::from(x).exp();
            let error = (f64::from(f(x)) - exact).abs() / exact;
            assert!(error < tolerance, "{x}: {error:e}");
        }
    }

    #[test]
    fn the_exponential_is_exact_to_two_units_in_the_last_place() {
        assert_exact_to(1.8e-7, exp::<true>, -87, 88);
        assert_exact_to(1.8e-7, exp::<false>, -87, 88);
        assert_exact_to(1.8e-7, exp_below_zero::<true>, -87, 0);
        assert_exact_to(1.8e-7, exp_below_zero::<false>, -87, 0);
    }

    #[test]
    fn it_passes_over_subnormal_numbers_to_zero_and_to_infinity() {
        let smallest = f32::from_bits(1);
        for x in [-90.0f32, -95.0, -100.0, -103.0] {
            let exact = f64::from(x).exp();
            assert!(
                (f64::from(exp::<true>(x)) - exact).abs() <= f64::from(smallest),
                "{x}"
            );
        }
        assert_eq!(
            [-105.0, -1e30, f32::NEG_INFINITY].map(exp::<true>),
            [0.0; 3]
        );
        assert_eq!(
            [88.73, 1e30, f32::INFINITY].map(exp::<true>),
            [f32::INFINITY; 3]
        );
        assert_eq!(
            [-87.1, f32::NEG_INFINITY].map(exp_below_zero::<true>),
            [0.0; 2]
        );
        assert_eq!([exp::<true>(0.0), exp_below_zero::<true>(0.0)], [1.0; 2]);
    }

    #[test]
    fn nan_is_never_hidden() {
        assert!(exp::<true>(f32::NAN).is_nan());
        assert!(exp_below_zero::<true>(f32::NAN).is_nan());
    }
}
