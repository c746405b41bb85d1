//! Checking a hand-written gradient against central differences.

use crate::{Tol, assert_close};

/// The gradient of `f` at `point` by central differences in f64.
///
/// `∂f/∂xᵢ ≈ (f(x + ε·eᵢ) − f(x − ε·eᵢ)) / 2ε`, with `ε = 6e-6 · max(1, |xᵢ|)`: the cube root of
/// the f64 rounding unit, where truncation and rounding error balance at about 1e-10.
///
/// # Example
/// ```
/// use recurra_testkit::{Tol, assert_close, central_difference};
/// let gradient = central_difference(|x| x[0] * x[0] + 3.0 * x[1], &[2.0, 5.0]);
/// assert_close(&gradient, &[4.0, 3.0], Tol::both(1e-8));
/// ```
pub fn central_difference(mut f: impl FnMut(&[f64]) -> f64, point: &[f64]) -> Vec<f64> {
    let mut x = point.to_vec();
    (0..x.len())
        .map(|i| {
            let epsilon = 6e-6 * point[i].abs().max(1.0);
            x[i] = point[i] + epsilon;
            let above = f(&x);
            x[i] = point[i] - epsilon;
            let below = f(&x);
            x[i] = point[i];
            (above - below) / (2.0 * epsilon)
        })
        .collect()
}

/// Asserts that `gradient` is the gradient of `f` at `point`.
///
/// # Panics
/// As [`assert_close`], with the central difference as the expected value.
#[track_caller]
pub fn gradcheck(f: impl FnMut(&[f64]) -> f64, point: &[f64], gradient: &[f64], tol: Tol) {
    assert_close(gradient, &central_difference(f, point), tol);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_gradient_passes() {
        let point = [0.3, -1.2, 4.0];
        let gradient: Vec<f64> = point.iter().map(|x: &f64| x.cos()).collect();
        gradcheck(
            |x| x.iter().map(|x| x.sin()).sum(),
            &point,
            &gradient,
            Tol::both(1e-9),
        );
    }

    #[test]
    #[should_panic(expected = "worst at index 1")]
    fn a_wrong_gradient_fails() {
        gradcheck(|x| x[0] * x[1], &[2.0, 3.0], &[3.0, 2.1], Tol::both(1e-6));
    }
}
