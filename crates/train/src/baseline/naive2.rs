//! The yardstick of the M4 competition: the last value, with the season taken out and put back.

/// The next `horizon` values by M4's Naive2.
///
/// When the series is seasonal (its autocorrelation at one season is beyond the 90 % limit
/// `1.645·√((1 + 2·Σ rᵢ²) / n)`, i below the season, and it covers three seasons), it is divided by
/// its seasonal indices of classical multiplicative decomposition; the last value of that is
/// repeated and multiplied by the indices again. Otherwise it is the last value. `None` for an empty
/// series.
///
/// # Source
/// Makridakis, Spiliotis & Assimakopoulos 2020, *The M4 Competition: 100,000 time series and 61
/// forecasting methods*.
///
/// # Example
/// ```
/// use recurra_train::baseline::naive2;
/// let quarters = [1.0, 2.0, 3.0, 2.0].repeat(6);
/// let ahead = naive2(&quarters, 4, 3).unwrap();
/// assert!(ahead.iter().zip([1.0, 2.0, 3.0]).all(|(a, b)| (a - b).abs() < 1e-9));
/// ```
pub fn naive2(series: &[f64], season_len: usize, horizon: usize) -> Option<Vec<f64>> {
    let last = *series.last()?;
    let indices = if is_seasonal(series, season_len) {
        seasonal_indices(series, season_len)
    } else {
        None
    };
    let Some(indices) = indices else {
        return Some(vec![last; horizon]);
    };
    let level = last / indices[(series.len() - 1) % season_len];
    let ahead = (0..horizon).map(|ahead| level * indices[(series.len() + ahead) % season_len]);
    Some(ahead.collect())
}

fn is_seasonal(series: &[f64], season_len: usize) -> bool {
    if season_len < 2 || series.len() < 3 * season_len {
        return false;
    }
    let mean = series.iter().sum::<f64>() / series.len() as f64;
    let covariance = |lag: usize| -> f64 {
        let pairs = series.iter().zip(&series[lag..]);
        pairs.map(|(a, b)| (a - mean) * (b - mean)).sum()
    };
    let variance = covariance(0);
    let squares: f64 = (1..season_len)
        .map(|lag| (covariance(lag) / variance).powi(2))
        .sum();
    let limit = 1.645 * ((1.0 + 2.0 * squares) / series.len() as f64).sqrt();
    // A constant series has no correlation, and NaN is beyond nothing.
    (covariance(season_len) / variance).abs() > limit
}

/// One index for each position of the season, of mean 1; nothing when a level is not positive.
fn seasonal_indices(series: &[f64], season_len: usize) -> Option<Vec<f64>> {
    let half = season_len / 2;
    let mut sums = vec![(0.0, 0usize); season_len];
    for at in half..series.len() - half {
        let around = &series[at - half..=at + half];
        let mut sum: f64 = around.iter().sum();
        if season_len.is_multiple_of(2) {
            // The two ends are the same position of the season, and count half each.
            sum -= (around[0] + around[2 * half]) / 2.0;
        }
        let (total, count) = &mut sums[at % season_len];
        *total += series[at] / (sum / season_len as f64);
        *count += 1;
    }
    let indices: Vec<f64> = sums
        .iter()
        .map(|(total, count)| total / *count as f64)
        .collect();
    let mean = indices.iter().sum::<f64>() / season_len as f64;
    let indices: Vec<f64> = indices.iter().map(|index| index / mean).collect();
    indices
        .iter()
        .all(|&i| i.is_finite() && i > 0.0)
        .then_some(indices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_without_a_season_is_continued_by_its_last_value() {
        let ramp: Vec<f64> = (0..40).map(f64::from).collect();
        assert_eq!(naive2(&ramp, 1, 2), Some(vec![39.0, 39.0]));
        assert_eq!(naive2(&ramp[..5], 4, 2), Some(vec![4.0, 4.0]));
        assert_eq!(naive2(&[3.0; 40], 4, 1), Some(vec![3.0]));
        assert_eq!(naive2(&[], 4, 1), None);
    }

    #[test]
    fn a_season_of_odd_length_goes_on() {
        let series: Vec<f64> = (0..31).map(|t| [2.0, 5.0, 2.0][t % 3]).collect();
        let ahead = naive2(&series, 3, 4).unwrap();
        for (value, expected) in ahead.iter().zip([5.0, 2.0, 2.0, 5.0]) {
            assert!((value - expected).abs() < 1e-9, "{ahead:?}");
        }
    }
}
