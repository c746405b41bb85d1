//! Whether one forecast is better than another, or only luckier.

use super::{check, mean};
use crate::TrainError;

const OP: &str = "loss_difference";

/// The Diebold-Mariano test of two forecasts' losses on the same steps.
///
/// With dₜ the loss of the one minus that of the other and h the horizon, the statistic is
/// `d̄ / √(V/n)`, V the variance of d and twice its autocovariances up to lag h − 1, times Harvey,
/// Leybourne and Newbold's `√((n + 1 − 2h + h(h − 1)/n) / n)`, and is compared with Student's t of
/// n − 1 degrees. Where V is not positive, which can be for h above 1, the autocovariances are
/// weighted by `1 − lag/h` (Bartlett), which cannot be negative.
///
/// # Source
/// Diebold & Mariano 1995, *Comparing predictive accuracy*; Harvey, Leybourne & Newbold 1997,
/// *Testing the equality of prediction mean squared errors*.
///
/// # Example
/// ```
/// use recurra_train::metric::LossDifference;
/// let model = [0.5, 0.4, 0.6, 0.5, 0.4, 0.6, 0.5, 0.5];
/// let naive = [1.0, 0.9, 1.2, 0.8, 1.1, 1.0, 0.9, 1.1];
/// let difference = LossDifference::new(&model, &naive, 1)?.unwrap();
/// assert!(difference.mean < 0.0 && difference.interval[1] < 0.0); // the model is better
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossDifference {
    /// The mean loss of the one minus that of the other: below 0 the one is better.
    pub mean: f64,
    /// Where the expected difference is with 95 % confidence.
    pub interval: [f64; 2],
    /// The corrected statistic.
    pub statistic: f64,
    /// How likely so large a statistic is, of either sign, when the two are equally good.
    pub p_value: f64,
}

impl LossDifference {
    /// Compares losses step by step; `horizon` is how many steps ahead the forecasts were made.
    ///
    /// `None` for fewer steps than 8 or than three horizons, and when the difference never varies:
    /// then there is nothing to test.
    ///
    /// # Errors
    /// [`TrainError::Argument`] for unlike lengths, values that are not finite, or a horizon of 0.
    pub fn new(
        losses: &[f64],
        other_losses: &[f64],
        horizon: usize,
    ) -> Result<Option<Self>, TrainError> {
        check(OP, losses, &[("other_losses", other_losses)])?;
        if horizon == 0 {
            return Err(TrainError::argument(OP, "horizon", "at least 1", 0));
        }
        let differences: Vec<f64> = losses
            .iter()
            .zip(other_losses)
            .map(|(a, b)| a - b)
            .collect();
        if differences.len() < 8.max(horizon.saturating_mul(3)) {
            return Ok(None);
        }
        let (n, h) = (differences.len() as f64, horizon as f64);
        let centre = mean(differences.iter().copied()).unwrap_or(0.0);
        let covariance = |lag: usize| {
            let pairs = differences.iter().zip(&differences[lag..]);
            pairs.map(|(a, b)| (a - centre) * (b - centre)).sum::<f64>() / n
        };
        let long_run = |weight: &dyn Fn(f64) -> f64| {
            let lags = (1..horizon).map(|lag| 2.0 * weight(lag as f64) * covariance(lag));
            covariance(0) + lags.sum::<f64>()
        };
        let mut variance = long_run(&|_| 1.0);
        if variance <= 0.0 {
            variance = long_run(&|lag| 1.0 - lag / h);
        }
        // Nothing but rounding.
        let least = 1e-24 * differences.iter().map(|d| d * d).sum::<f64>() / n;
        if variance <= least {
            return Ok(None);
        }
        let correction = ((n + 1.0 - 2.0 * h + h * (h - 1.0) / n) / n).sqrt();
        let error = (variance / n).sqrt() / correction;
        let degrees = differences.len() - 1;
        let half = error * student_quantile(0.95, degrees);
        Ok(Some(Self {
            mean: centre,
            interval: [centre - half, centre + half],
            statistic: centre / error,
            p_value: 1.0 - student_within(centre.abs() / error, degrees),
        }))
    }

    /// Whether the one is better with 95 % confidence.
    pub fn is_better(&self) -> bool {
        self.interval[1] < 0.0
    }

    /// Whether the other is better with 95 % confidence.
    pub fn is_worse(&self) -> bool {
        self.interval[0] > 0.0
    }
}

/// `P(|T| ≤ t)` of Student's t by the finite series for whole degrees.
///
/// # Source
/// Abramowitz & Stegun, *Handbook of Mathematical Functions*, 26.7.3 and 26.7.4.
fn student_within(t: f64, degrees: usize) -> f64 {
    let angle = (t / (degrees as f64).sqrt()).atan();
    let (sin, cos) = angle.sin_cos();
    let is_odd = degrees % 2 == 1;
    let mut term = if is_odd { cos } else { 1.0 };
    let mut power = if is_odd { 1 } else { 0 };
    let mut sum = if degrees == 1 { 0.0 } else { term };
    while power + 2 <= degrees.saturating_sub(2) && term > 1e-18 * sum {
        power += 2;
        term *= cos * cos * (power - 1) as f64 / power as f64;
        sum += term;
    }
    let within = if is_odd {
        (angle + sin * sum) * std::f64::consts::FRAC_2_PI
    } else {
        sin * sum
    };
    within.clamp(0.0, 1.0)
}

/// The t with `P(|T| ≤ t) = within`.
fn student_quantile(within: f64, degrees: usize) -> f64 {
    let (mut low, mut high) = (0.0, 1e3);
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if student_within(middle, degrees) < within {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use recurra_testkit::{Golden, Tol, assert_close};

    #[test]
    fn students_t_is_that_of_the_tables() {
        // Two-sided 95 % points.
        let table = [
            (1, 12.706),
            (2, 4.303),
            (9, 2.262),
            (10, 2.228),
            (1000, 1.962),
        ];
        for (degrees, expected) in table {
            let t = student_quantile(0.95, degrees);
            assert!((t - expected).abs() < 6e-4, "{degrees}: {t}");
        }
    }

    #[test]
    fn figures_are_those_of_the_equations_in_numpy() {
        for horizon in [1, 3] {
            let golden = Golden::open(&format!("forecast/diebold_mariano_{horizon}"));
            let values = |name: &str| golden.f64(name).values;
            let (one, other) = (values("losses"), values("other_losses"));
            let found = LossDifference::new(&one, &other, horizon).unwrap().unwrap();
            let tol = Tol::both(1e-5);
            assert_close(&[found.mean], &values("mean"), tol);
            assert_close(&[found.statistic], &values("statistic"), tol);
            assert_close(&[found.p_value], &values("p_value"), tol);
            assert_close(&found.interval, &values("interval"), tol);
        }
    }

    #[test]
    fn few_steps_or_equal_losses_are_no_test() {
        let losses = [1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 1.0, 2.0];
        assert_eq!(
            LossDifference::new(&losses[1..], &losses[1..], 1).unwrap(),
            None
        );
        assert_eq!(LossDifference::new(&losses, &losses, 1).unwrap(), None);
        assert!(LossDifference::new(&losses, &losses, 0).is_err());
        assert!(LossDifference::new(&losses, &[], 1).is_err());
    }
}
