//! Forecasts that say how sure they are: quantiles, samples, intervals.

use super::{Proportion, check, check_finite, mean};
use crate::TrainError;
use crate::metric::{Better, MetricInfo};

/// Pinball loss.
pub const PINBALL: MetricInfo = MetricInfo {
    name: "pinball",
    title: "pinball loss",
    unit: "the target's unit",
    better: Better::Lower,
};

/// Continuous ranked probability score.
pub const CRPS: MetricInfo = MetricInfo {
    name: "crps",
    title: "CRPS",
    unit: "the target's unit",
    better: Better::Lower,
};

/// Negative log-likelihood of the density that is said of a value.
pub const NEGATIVE_LOG_LIKELIHOOD: MetricInfo = MetricInfo {
    name: "negative_log_likelihood",
    title: "negative log-likelihood",
    unit: "nats",
    better: Better::Lower,
};

/// `mean max(q·(y − f), (q − 1)·(y − f))` of forecasts f of the quantile q; `None` without any.
///
/// # Errors
/// [`TrainError::Argument`] for a level outside (0, 1), unlike lengths or values that are not
/// finite.
///
/// # Example
/// ```
/// use recurra_train::metric::pinball;
/// // To be 2 below costs 9/10 of 2, to be 2 above a tenth.
/// assert_eq!(pinball(0.9, &[3.0], &[5.0])?, Some(1.8));
/// assert!((pinball(0.9, &[7.0], &[5.0])?.unwrap() - 0.2).abs() < 1e-12);
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
pub fn pinball(level: f64, forecasts: &[f64], actuals: &[f64]) -> Result<Option<f64>, TrainError> {
    check_level(PINBALL.name, level)?;
    check(PINBALL.name, forecasts, &[("actuals", actuals)])?;
    let pairs = forecasts.iter().zip(actuals);
    Ok(mean(pairs.map(|(f, y)| pinball_of_one(level, *f, *y))))
}

/// The CRPS of one forecast given as samples: `mean|x − y| − ½·mean|x − x'|` over all pairs.
///
/// The mean over steps is the figure [`CRPS`].
///
/// # Errors
/// [`TrainError::Argument`] without samples or for a value that is not finite.
///
/// # Source
/// Gneiting & Raftery 2007, *Strictly proper scoring rules, prediction, and estimation*, eq. 21.
///
/// # Example
/// ```
/// use recurra_train::metric::crps_samples;
/// // One sample: the absolute error. Two around the truth: 1 − ½·(2/2).
/// assert_eq!(crps_samples(&[3.0], 5.0)?, 2.0);
/// assert_eq!(crps_samples(&[4.0, 6.0], 5.0)?, 0.5);
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
pub fn crps_samples(samples: &[f64], actual: f64) -> Result<f64, TrainError> {
    if samples.is_empty() {
        return Err(TrainError::argument(CRPS.name, "samples", "at least 1", 0));
    }
    check_finite(CRPS.name, "samples", samples)?;
    check_finite(CRPS.name, "actual", &[actual])?;
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len() as f64;
    let (mut error, mut spread) = (0.0, 0.0);
    for (index, sample) in sorted.iter().enumerate() {
        error += (sample - actual).abs();
        // Σ over pairs |xᵢ − xⱼ| = 2·Σ (2i + 1 − n)·x₍ᵢ₎
        spread += (2.0 * index as f64 + 1.0 - count) * sample;
    }
    Ok(error / count - spread / (count * count))
}

/// The CRPS of one forecast given as quantiles: twice the mean pinball loss over the levels, which
/// is the integral over all levels when these are spaced evenly.
///
/// # Errors
/// As [`pinball`], and without levels.
pub fn crps_quantiles(levels: &[f64], quantiles: &[f64], actual: f64) -> Result<f64, TrainError> {
    levels
        .iter()
        .try_for_each(|&level| check_level(CRPS.name, level))?;
    check(CRPS.name, quantiles, &[("levels", levels)])?;
    check_finite(CRPS.name, "actual", &[actual])?;
    let losses = levels
        .iter()
        .zip(quantiles)
        .map(|(&level, &q)| pinball_of_one(level, q, actual));
    match mean(losses) {
        Some(loss) => Ok(2.0 * loss),
        None => Err(TrainError::argument(CRPS.name, "levels", "at least 1", 0)),
    }
}

/// What intervals hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coverage {
    /// How many actual values lie in their interval, ends included.
    pub inside: Proportion,
    /// The mean width of the intervals; 0 without any.
    pub width: f64,
}

/// How many actual values lie within `lower..=upper`.
///
/// # Errors
/// [`TrainError::Argument`] for unlike lengths, values that are not finite, or an interval that ends
/// before it begins.
///
/// # Example
/// ```
/// use recurra_train::metric::coverage;
/// let found = coverage(&[0.0, 0.0], &[1.0, 3.0], &[0.5, 4.0])?;
/// assert_eq!((found.inside.share(), found.width), (Some(0.5), 2.0));
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
pub fn coverage(lower: &[f64], upper: &[f64], actuals: &[f64]) -> Result<Coverage, TrainError> {
    const OP: &str = "coverage";
    check(OP, lower, &[("upper", upper), ("actuals", actuals)])?;
    if let Some(index) = lower.iter().zip(upper).position(|(l, u)| l > u) {
        let got = format!("{} below {} at index {index}", upper[index], lower[index]);
        return Err(TrainError::argument(
            OP,
            "upper",
            "at or above `lower`",
            got,
        ));
    }
    let inside = (0..actuals.len()).filter(|&i| (lower[i]..=upper[i]).contains(&actuals[i]));
    Ok(Coverage {
        inside: Proportion {
            hits: inside.count() as u64,
            count: actuals.len() as u64,
        },
        width: mean(lower.iter().zip(upper).map(|(l, u)| u - l)).unwrap_or(0.0),
    })
}

fn pinball_of_one(level: f64, forecast: f64, actual: f64) -> f64 {
    let short = actual - forecast;
    (level * short).max((level - 1.0) * short)
}

fn check_level(op: &'static str, level: f64) -> Result<(), TrainError> {
    if level > 0.0 && level < 1.0 {
        return Ok(());
    }
    Err(TrainError::argument(op, "level", "between 0 and 1", level))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The integral of `(F(x) − 1{x ≥ y})²`, F that of a standard normal variable (Gneiting &
    /// Raftery, eq. 22): `z(2Φ(z) − 1) + 2φ(z) − 1/√π`, at z = 0.
    fn normal_at_zero() -> f64 {
        use std::f64::consts::PI;
        2.0 / (2.0 * PI).sqrt() - 1.0 / PI.sqrt()
    }

    /// Quantiles of a standard normal variable at the middles of `count` equal parts, by
    /// bisection on a distribution function that is summed up.
    fn normal_quantiles(count: usize) -> (Vec<f64>, Vec<f64>) {
        let step = 1e-4;
        let density = |x: f64| (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let (mut x, mut below) = (-6.0, 0.0);
        let levels: Vec<f64> = (0..count)
            .map(|i| (i as f64 + 0.5) / count as f64)
            .collect();
        let quantiles = levels.iter().map(|&level| {
            while below < level {
                below += step * density(x + step / 2.0);
                x += step;
            }
            x
        });
        let quantiles = quantiles.collect();
        (levels, quantiles)
    }

    #[test]
    fn samples_and_quantiles_of_a_normal_variable_score_as_it_does() {
        let (levels, quantiles) = normal_quantiles(1000);
        let by_quantiles = crps_quantiles(&levels, &quantiles, 0.0).unwrap();
        let by_samples = crps_samples(&quantiles, 0.0).unwrap();
        assert!(
            (by_quantiles - normal_at_zero()).abs() < 1e-3,
            "{by_quantiles}"
        );
        assert!((by_samples - normal_at_zero()).abs() < 1e-3, "{by_samples}");
    }

    #[test]
    fn samples_score_as_all_their_pairs() {
        let (samples, actual) = ([3.0, -1.0, 4.0, 1.5, 1.5], 2.0);
        let n = samples.len() as f64;
        let error: f64 = samples.iter().map(|x| f64::abs(x - actual)).sum();
        let pairs = samples
            .iter()
            .flat_map(|a| samples.iter().map(move |b| f64::abs(a - b)));
        let expected = error / n - pairs.sum::<f64>() / (2.0 * n * n);
        assert!((crps_samples(&samples, actual).unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn bad_input_is_named() {
        assert!(pinball(1.0, &[], &[]).is_err());
        assert!(crps_samples(&[], 1.0).is_err());
        assert!(crps_quantiles(&[], &[], 1.0).is_err());
        let error = coverage(&[2.0], &[1.0], &[1.5]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "coverage: `upper` should be at or above `lower`, got 1 below 2 at index 0"
        );
    }
}
