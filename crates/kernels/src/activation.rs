//! Activations without branches and calls, so that loops over them become vector code.
//!
//! NaN stays NaN: the comparisons are written so that NaN takes the side of `x`.

use std::f32::consts::{LN_2, LOG2_E};

use crate::arch::multiply_add;

/// `2^f` on [-0.5, 0.5], coefficients of f to f⁶ after the constant one. Fitted for the least
/// greatest relative error: 2e-9, and 1.6e-8 once rounded to f32.
const EXP2: [f32; 6] = [
    LN_2,
    0.240_226_48,
    0.055_503_324,
    0.009_618_437,
    0.001_339_887_5,
    0.000_153_533_59,
];

/// `2^x` for |x| up to 126, clamped beyond.
#[inline(always)]
pub(crate) fn exp2<const FUSED: bool>(x: f32) -> f32 {
    // Adding 1.5 · 2²³ leaves the nearest integer in the low bits of the mantissa.
    const ROUND: f32 = 12_582_912.0;
    let x = clamp(x, 126.0);
    let shifted = x + ROUND;
    let f = x - (shifted - ROUND);
    let mut power = EXP2[5];
    for k in (0..5).rev() {
        power = multiply_add::<FUSED>(power, f, EXP2[k]);
    }
    power = multiply_add::<FUSED>(power, f, 1.0);
    // Those low bits, moved into the exponent, are the factor 2^integer.
    let scale = (shifted.to_bits() << 23).wrapping_add(1.0f32.to_bits());
    power * f32::from_bits(scale)
}

/// `1 / (1 + e^-x)`, absolute error about 1e-7.
#[inline(always)]
pub(crate) fn sigmoid<const FUSED: bool>(x: f32) -> f32 {
    1.0 / (1.0 + exp2::<FUSED>(x * -LOG2_E))
}

/// `tanh(x)`, relative error about 3e-7, near zero too.
///
/// A rational function, odd of degree 13 over even of degree 6; the coefficients are those of
/// Eigen (`generic_fast_tanh_float`), which is ±1 to f32 precision at the ends of its range.
#[inline(always)]
pub(crate) fn tanh<const FUSED: bool>(x: f32) -> f32 {
    const ODD: [f32; 7] = [
        4.893_524_6e-3,
        6.372_619_3e-4,
        1.485_722_4e-5,
        5.122_297e-8,
        -8.604_672e-11,
        2.000_188e-13,
        -2.760_768_5e-16,
    ];
    const EVEN: [f32; 4] = [4.893_525e-3, 2.268_434_6e-3, 1.185_347_1e-4, 1.198_258_4e-6];
    let x = clamp(x, 7.905_311);
    let square = x * x;
    let mut odd = ODD[6];
    for k in (0..6).rev() {
        odd = multiply_add::<FUSED>(odd, square, ODD[k]);
    }
    let mut even = EVEN[3];
    for k in (0..3).rev() {
        even = multiply_add::<FUSED>(even, square, EVEN[k]);
    }
    x * odd / even
}

/// `max(x, 0)`.
#[inline(always)]
pub(crate) fn relu(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

/// `x` within ±`bound`.
#[inline(always)]
pub(crate) fn clamp(x: f32, bound: f32) -> f32 {
    let x = if x > bound { bound } else { x };
    if x < -bound { -bound } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From −20 to 20, dense near zero.
    fn points() -> impl Iterator<Item = f32> {
        (-20_000..=20_000).map(|i| {
            let x = i as f32 / 20_000.0;
            20.0 * x * x * x
        })
    }

    fn worst(error: impl Fn(f32) -> f64) -> f64 {
        points().map(error).fold(0.0, f64::max)
    }

    #[test]
    fn sigmoid_is_accurate_to_1e_7() {
        let exact = |x: f32| 1.0 / (1.0 + (-f64::from(x)).exp());
        let fused = worst(|x| (f64::from(sigmoid::<true>(x)) - exact(x)).abs());
        let plain = worst(|x| (f64::from(sigmoid::<false>(x)) - exact(x)).abs());
        assert!(fused < 1.3e-7 && plain < 1.3e-7, "{fused:e} {plain:e}");
    }

    #[test]
    fn tanh_is_accurate_relative_to_its_value() {
        let error = |got: f32, x: f32| {
            let exact = f64::from(x).tanh();
            (f64::from(got) - exact).abs() / exact.abs().max(f64::from(f32::MIN_POSITIVE))
        };
        let fused = worst(|x| error(tanh::<true>(x), x));
        let plain = worst(|x| error(tanh::<false>(x), x));
        assert!(fused < 4e-7 && plain < 4e-7, "{fused:e} {plain:e}");
    }

    #[test]
    fn the_ends_of_the_range_saturate() {
        for x in [50.0, 1e9, f32::INFINITY] {
            assert_eq!(sigmoid::<true>(x), 1.0);
            assert!(sigmoid::<true>(-x) < 1e-15);
            assert!((tanh::<true>(x) - 1.0).abs() < 2e-7);
            assert!((tanh::<true>(-x) + 1.0).abs() < 2e-7);
        }
    }

    #[test]
    fn nan_is_never_hidden() {
        assert!(sigmoid::<true>(f32::NAN).is_nan());
        assert!(tanh::<true>(f32::NAN).is_nan());
        assert!(relu(f32::NAN).is_nan());
        assert!(clamp(f32::NAN, 1.0).is_nan());
    }

    #[test]
    fn relu_cuts_below_zero() {
        assert_eq!([-2.0, -0.0, 0.0, 3.0].map(relu), [0.0, 0.0, 0.0, 3.0]);
    }
}
