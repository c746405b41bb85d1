//! A linear autoregression: the next value as a weighted sum of the last ones.

use crate::TrainError;

const OP: &str = "linear_ar";

/// How many past values a [`LinearAr`] looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArOrder {
    /// So many.
    Given(usize),
    /// From 0 to so many, by the least `n·ln(RSS/n) + 2·(order + 1)` (Akaike), all orders
    /// on the same values.
    Aic(usize),
}

/// `x̂ₜ = c + Σᵢ aᵢ·xₜ₋ᵢ`, fitted by least squares.
///
/// # Example
/// ```
/// use recurra_train::baseline::{ArOrder, LinearAr};
/// // Each value is the sum of the two before.
/// let fibonacci = [1.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0];
/// let model = LinearAr::fit(&[&fibonacci], ArOrder::Given(2))?;
/// assert!((model.predict(&[21.0, 34.0]).unwrap() - 55.0).abs() < 1e-6);
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LinearAr {
    /// c
    pub intercept: f64,
    /// a₁ (of the last value), a₂, …
    pub coefficients: Vec<f64>,
    /// The root of the mean squared error on the values that it was fitted to.
    pub residual: f64,
}

impl LinearAr {
    /// Fits one model to one or more series; no window reaches from one into the next.
    ///
    /// # Errors
    /// [`TrainError::Argument`] when a value is not finite, the order is above 512, or the series
    /// together are shorter than twice the order and two.
    pub fn fit(series: &[&[f64]], order: ArOrder) -> Result<Self, TrainError> {
        let (ArOrder::Given(most) | ArOrder::Aic(most)) = order;
        if most > 512 {
            return Err(TrainError::argument(OP, "order", "at most 512", most));
        }
        if let Some(value) = series
            .iter()
            .copied()
            .flatten()
            .find(|value| !value.is_finite())
        {
            return Err(TrainError::argument(OP, "series", "finite values", value));
        }
        let num_targets: usize = series.iter().map(|s| s.len().saturating_sub(most)).sum();
        if num_targets < most + 2 {
            return Err(TrainError::argument(
                OP,
                "series",
                format_args!("{} values after the first {most} of each", most + 2),
                num_targets,
            ));
        }
        let order = match order {
            ArOrder::Given(order) => order,
            ArOrder::Aic(most) => {
                let moments = Moments::new(series, most);
                let aic = |order: usize| {
                    let (_, error) = moments.solve(order);
                    // A perfect fit: no logarithm of zero.
                    let error = error.max(1e-12 * moments.variance()).max(f64::MIN_POSITIVE);
                    moments.count * error.ln() + 2.0 * (order + 1) as f64
                };
                (0..=most)
                    .min_by(|&a, &b| aic(a).total_cmp(&aic(b)))
                    .unwrap_or(0)
            }
        };
        let moments = Moments::new(series, order);
        let (coefficients, error) = moments.solve(order);
        let explained: f64 = coefficients
            .iter()
            .zip(&moments.means[1..])
            .map(|(a, m)| a * m)
            .sum();
        Ok(Self {
            intercept: moments.means[0] - explained,
            coefficients,
            residual: error.max(0.0).sqrt(),
        })
    }

    /// How many past values it looks at.
    pub fn order(&self) -> usize {
        self.coefficients.len()
    }

    /// The next value; nothing for a window that is shorter than the order.
    pub fn predict(&self, window: &[f64]) -> Option<f64> {
        let start = window.len().checked_sub(self.order())?;
        let past = window[start..].iter().rev();
        let sum: f64 = self.coefficients.iter().zip(past).map(|(a, x)| a * x).sum();
        Some(self.intercept + sum)
    }

    /// The next `horizon` values, each from the forecasts before it.
    pub fn forecast(&self, window: &[f64], horizon: usize) -> Option<Vec<f64>> {
        let start = window.len().checked_sub(self.order())?;
        let mut values = window[start..].to_vec();
        for _ in 0..horizon {
            values.push(self.predict(&values)?);
        }
        Some(values.split_off(self.order()))
    }
}

/// Means and covariances of a value (number 0) and those before it.
struct Moments {
    count: f64,
    means: Vec<f64>,
    /// `[order + 1, order + 1]`
    covariances: Vec<f64>,
    width: usize,
}

impl Moments {
    /// Of all values but the first `order` of each series.
    fn new(series: &[&[f64]], order: usize) -> Self {
        let width = order + 1;
        let windows = || series.iter().flat_map(move |s| s.windows(width));
        let count = windows().count() as f64;
        let mut means = vec![0.0; width];
        for window in windows() {
            for (mean, value) in means.iter_mut().zip(window.iter().rev()) {
                *mean += value / count;
            }
        }
        let mut covariances = vec![0.0; width * width];
        let mut centred = vec![0.0; width];
        for window in windows() {
            for ((centred, value), mean) in centred.iter_mut().zip(window.iter().rev()).zip(&means)
            {
                *centred = value - mean;
            }
            for row in 0..width {
                for column in row..width {
                    covariances[row * width + column] += centred[row] * centred[column] / count;
                }
            }
        }
        for row in 0..width {
            for column in 0..row {
                covariances[row * width + column] = covariances[column * width + row];
            }
        }
        Self {
            count,
            means,
            covariances,
            width,
        }
    }

    fn variance(&self) -> f64 {
        self.covariances[0]
    }

    /// The coefficients of the first `order` lags, and the mean squared error that they leave.
    ///
    /// By Cholesky; a lag that the ones before it determine (as in a constant series) gets 0.
    fn solve(&self, order: usize) -> (Vec<f64>, f64) {
        let at = |row: usize, column: usize| self.covariances[(row + 1) * self.width + column + 1];
        let mut factor = vec![0.0; order * order];
        let mut solved = vec![0.0; order];
        for row in 0..order {
            let mut scaled = self.covariances[row + 1];
            for column in 0..=row {
                let mut value = at(row, column);
                for k in 0..column {
                    value -= factor[row * order + k] * factor[column * order + k];
                }
                let diagonal = factor[column * order + column];
                factor[row * order + column] = match row == column {
                    true if value > 1e-12 * at(row, row) => value.sqrt(),
                    false if diagonal > 0.0 => value / diagonal,
                    _ => 0.0,
                };
            }
            for k in 0..row {
                scaled -= factor[row * order + k] * solved[k];
            }
            let diagonal = factor[row * order + row];
            solved[row] = if diagonal > 0.0 {
                scaled / diagonal
            } else {
                0.0
            };
        }
        let error = self.variance() - solved.iter().map(|s| s * s).sum::<f64>();
        for row in (0..order).rev() {
            let diagonal = factor[row * order + row];
            let mut value = solved[row];
            for later in row + 1..order {
                value -= factor[later * order + row] * solved[later];
            }
            solved[row] = if diagonal > 0.0 {
                value / diagonal
            } else {
                0.0
            };
        }
        (solved, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recurra_testkit::{Golden, Tol, assert_close};

    #[test]
    fn coefficients_are_those_of_least_squares() {
        let golden = Golden::open("forecast/linear_ar");
        let series = golden.f64("series").values;
        let model = LinearAr::fit(&[&series], ArOrder::Given(3)).unwrap();
        let tol = Tol::both(1e-5);
        assert_close(&model.coefficients, &golden.f64("coefficients").values, tol);
        assert_close(&[model.intercept], &golden.f64("intercept").values, tol);
        assert_close(&[model.residual], &golden.f64("residual").values, tol);
        let ahead = model.forecast(&series, 5).unwrap();
        assert_close(&ahead, &golden.f64("forecast").values, tol);
        let chosen = LinearAr::fit(&[&series], ArOrder::Aic(8)).unwrap();
        assert_eq!(chosen.order(), golden.usize("aic_order").values[0]);
    }

    #[test]
    fn two_series_are_not_joined() {
        let (up, down) = ([0.0, 1.0, 2.0, 3.0, 4.0], [9.0, 10.0, 11.0]);
        let model = LinearAr::fit(&[&up, &down], ArOrder::Given(1)).unwrap();
        assert!((model.coefficients[0] - 1.0).abs() < 1e-9);
        assert!((model.intercept - 1.0).abs() < 1e-9);
        assert_eq!(model.predict(&[]), None);
    }

    #[test]
    fn a_constant_series_goes_on_as_it_is() {
        let model = LinearAr::fit(&[&[5.0; 30]], ArOrder::Aic(4)).unwrap();
        assert_eq!(model.predict(&[5.0; 4]), Some(5.0));
        assert_eq!(model.residual, 0.0);
    }

    #[test]
    fn bad_input_is_named() {
        let error = LinearAr::fit(&[&[1.0, 2.0, 3.0]], ArOrder::Given(2)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "linear_ar: `series` should be 4 values after the first 2 of each, got 1"
        );
        assert!(LinearAr::fit(&[&[1.0, f64::NAN, 2.0, 1.0]], ArOrder::Given(0)).is_err());
        assert!(LinearAr::fit(&[&[1.0; 9]], ArOrder::Given(1000)).is_err());
    }
}
