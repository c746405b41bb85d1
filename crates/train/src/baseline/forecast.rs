//! Forecasts of the next value without a network.

/// A rule that continues a window by one value.
///
/// For a window x₁ … xₙ: [`LastValue`](Self::LastValue) says xₙ, [`Drift`](Self::Drift) says
/// xₙ + (xₙ − x₁) / (n − 1), the last value and the mean difference, and [`Mean`](Self::Mean) says
/// the mean of the window. A ramp is continued exactly by the drift, a random walk best by the last
/// value, noise best by the mean.
///
/// # Source
/// Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, "Some simple forecasting
/// methods".
///
/// # Example
/// ```
/// use recurra_train::baseline::Forecast;
///
/// let window = [1.0, 2.0, 4.0];
/// let said = Forecast::ALL.map(|forecast| forecast.predict(&window));
/// assert_eq!(said, [Some(4.0), Some(5.5), Some(7.0 / 3.0)]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Forecast {
    /// The next value is the last one (persistence).
    LastValue,
    /// The next value is as far from the last as the mean of the window's differences.
    Drift,
    /// The next value is the mean of the window.
    Mean,
}

impl Forecast {
    /// All of them, in the order in which reports list them.
    pub const ALL: [Self; 3] = [Self::LastValue, Self::Drift, Self::Mean];

    /// What reports and files call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::LastValue => "last value",
            Self::Drift => "drift",
            Self::Mean => "mean",
        }
    }

    /// The next value after a window; nothing for an empty window. With one value there is no
    /// difference, and the drift says that value.
    pub fn predict(self, window: &[f64]) -> Option<f64> {
        let (first, last) = (*window.first()?, *window.last()?);
        Some(match self {
            Self::LastValue => last,
            Self::Drift => last + (last - first) / (window.len() - 1).max(1) as f64,
            Self::Mean => window.iter().sum::<f64>() / window.len() as f64,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drift_continues_a_ramp_exactly() {
        let windows = [(&[1.0, 2.0, 3.0][..], 4.0), (&[1000., 990., 980.], 970.)];
        for (window, next) in windows {
            assert_eq!(Forecast::Drift.predict(window), Some(next));
        }
    }

    #[test]
    fn one_value_is_continued_by_itself_and_nothing_by_nothing() {
        for forecast in Forecast::ALL {
            assert_eq!(forecast.predict(&[7.5]), Some(7.5));
            assert_eq!(forecast.predict(&[]), None);
        }
    }
}
