//! Comparing two arrays of numbers.

/// How far an actual value may lie from the expected one: `abs + rel · |expected|`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tol {
    /// Allowed error as a fraction of the expected value.
    pub rel: f64,
    /// Allowed error near zero, where a fraction of the expected value is too strict.
    pub abs: f64,
}

impl Tol {
    /// Only bitwise equal values pass (but `0.0` equals `-0.0`).
    pub const EXACT: Tol = Tol { rel: 0.0, abs: 0.0 };

    /// The same figure relative and absolute: relative for values above one, absolute below.
    pub const fn both(tol: f64) -> Tol {
        Tol { rel: tol, abs: tol }
    }

    fn allowed(self, expected: f64) -> f64 {
        self.abs + self.rel * expected.abs()
    }
}

/// Asserts that every value lies within `tol` of the expected one.
///
/// NaN agrees only with NaN, an infinity only with itself.
///
/// # Panics
/// When the lengths differ or a value is too far off; the message shows the worst index, both
/// values there, the error and what was allowed, and how many values failed.
///
/// # Example
/// ```
/// use recurra_testkit::{Tol, assert_close};
/// assert_close(&[1.0f32, 2.0], &[1.0f64, 2.0000001], Tol::both(1e-6));
/// ```
#[track_caller]
pub fn assert_close<A, E>(actual: &[A], expected: &[E], tol: Tol)
where
    A: Copy + Into<f64>,
    E: Copy + Into<f64>,
{
    assert!(
        actual.len() == expected.len(),
        "{} values cannot be compared with {} expected ones",
        actual.len(),
        expected.len()
    );
    // The worst index is the one that exceeds its allowance by the largest factor.
    let mut worst: Option<(usize, f64)> = None;
    let mut failures = 0;
    for (index, (&a, &e)) in actual.iter().zip(expected).enumerate() {
        let excess = excess(a.into(), e.into(), tol);
        if excess > 1.0 {
            failures += 1;
            if worst.is_none_or(|(_, most)| excess > most) {
                worst = Some((index, excess));
            }
        }
    }
    if let Some((index, _)) = worst {
        let (a, e): (f64, f64) = (actual[index].into(), expected[index].into());
        panic!(
            "{failures} of {} values are too far off; worst at index {index}: \
             got {a:e}, expected {e:e}, error {:.3e}, allowed {:.3e}",
            actual.len(),
            (a - e).abs(),
            tol.allowed(e)
        );
    }
}

/// The error as a multiple of what is allowed; above one is a failure.
fn excess(actual: f64, expected: f64, tol: Tol) -> f64 {
    if actual == expected || (actual.is_nan() && expected.is_nan()) {
        return 0.0;
    }
    let ratio = (actual - expected).abs() / tol.allowed(expected);
    if ratio.is_nan() { f64::INFINITY } else { ratio }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_infinities_and_nans_agree() {
        let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0];
        assert_close(
            &values,
            &[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0],
            Tol::EXACT,
        );
    }

    #[test]
    #[should_panic(expected = "2 of 3 values are too far off; worst at index 2: got 5e0")]
    fn the_worst_index_is_named() {
        assert_close(&[1.0, 2.1, 5.0], &[1.0, 2.0, 3.0], Tol::both(1e-3));
    }

    #[test]
    #[should_panic(expected = "worst at index 0")]
    fn nan_is_no_number() {
        assert_close(&[f32::NAN], &[1.0f32], Tol::both(1e9));
    }

    #[test]
    #[should_panic(expected = "worst at index 0")]
    fn a_number_is_not_infinite() {
        assert_close(&[f32::MAX], &[f32::INFINITY], Tol::both(1e9));
    }

    #[test]
    #[should_panic(expected = "1 values cannot be compared with 2 expected ones")]
    fn lengths_must_agree() {
        assert_close(&[1.0], &[1.0, 1.0], Tol::EXACT);
    }
}
