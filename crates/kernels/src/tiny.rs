//! Numbers too small for anything to come of them.
//!
//! A gradient fades on its way back through time, and the mean of gradients where no more come,
//! until they are subnormal, and some processors take a hundred cycles for every operation on such
//! a number.

/// Gradients below it are zero: far below what a weight could notice, and so far above the least
/// normal number that their products with weights are normal too.
pub(crate) const FADED: f32 = 1e-30;

/// Zero in the place of a number smaller than `least`; NaN stays NaN.
#[inline(always)]
pub(crate) fn flushed(value: f32, least: f32) -> f32 {
    if value.abs() < least { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_small_becomes_zero() {
        for (value, expected) in [(1e-31, 0.0), (-1e-31, 0.0), (-1e-29, -1e-29), (2.0, 2.0)] {
            assert_eq!(flushed(value, FADED), expected);
        }
        assert!(flushed(f32::NAN, FADED).is_nan());
        assert_eq!(flushed(f32::NEG_INFINITY, FADED), f32::NEG_INFINITY);
    }
}
