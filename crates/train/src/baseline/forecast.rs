//! Forecasts of the next value without a network.

/// A rule that continues a window.
///
/// For a window x₁ … xₙ: [`LastValue`](Self::LastValue) says xₙ, [`Drift`](Self::Drift) says
/// xₙ + (xₙ − x₁) / (n − 1), the last value and the mean difference, [`Mean`](Self::Mean) says
/// the mean of the window, [`LastSeason`](Self::LastSeason) the value one season before, and
/// [`MovingAverage`](Self::MovingAverage) the mean of the last values. A ramp is continued exactly
/// by the drift, a random walk best by the last value, noise best by the mean.
///
/// # Source
/// Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, "Some simple forecasting
/// methods".
///
/// # Example
/// ```
/// use recurra_train::baseline::ForecastRule;
///
/// let window = [1.0, 2.0, 4.0];
/// let said = ForecastRule::ALL.map(|forecast| forecast.predict(&window));
/// assert_eq!(said, [Some(4.0), Some(5.5), Some(7.0 / 3.0)]);
/// let season = ForecastRule::LastSeason { season_len: 2 };
/// assert_eq!(season.forecast(&window, 3), Some(vec![2.0, 4.0, 2.0]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForecastRule {
    /// The next value is the last one (persistence).
    LastValue,
    /// The next value is as far from the last as the mean of the window's differences.
    Drift,
    /// The next value is the mean of the window.
    Mean,
    /// The next value is that of one season before (seasonal naive).
    LastSeason {
        /// Steps of a season.
        season_len: usize,
    },
    /// The next value is the mean of the last `num_values`.
    MovingAverage {
        /// Values that are averaged.
        num_values: usize,
    },
}

impl ForecastRule {
    /// Those that need no setting, in the order in which reports list them.
    pub const ALL: [Self; 3] = [Self::LastValue, Self::Drift, Self::Mean];

    /// [`ForecastRule::ALL`], and the last season where the length of a season is known.
    pub fn with_season(season_len: Option<usize>) -> Vec<Self> {
        let season = season_len.map(|season_len| Self::LastSeason { season_len });
        Self::ALL.into_iter().chain(season).collect()
    }

    /// What reports and files call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::LastValue => "last value",
            Self::Drift => "drift",
            Self::Mean => "mean",
            Self::LastSeason { .. } => "last season",
            Self::MovingAverage { .. } => "moving average",
        }
    }

    /// The next value after a window; nothing for a window that is too short for the rule. With
    /// one value there is no difference, and the drift says that value.
    pub fn predict(self, window: &[f64]) -> Option<f64> {
        self.value_ahead(window, 0)
    }

    /// The next `horizon` values after a window.
    pub fn forecast(self, window: &[f64], horizon: usize) -> Option<Vec<f64>> {
        (0..horizon)
            .map(|ahead| self.value_ahead(window, ahead))
            .collect()
    }

    /// The value `ahead` steps after the next.
    fn value_ahead(self, window: &[f64], ahead: usize) -> Option<f64> {
        let (first, last) = (*window.first()?, *window.last()?);
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let last_values = |count: usize| {
            let start = window.len().checked_sub(count).filter(|_| count > 0)?;
            Some(&window[start..])
        };
        match self {
            Self::LastValue => Some(last),
            Self::Drift => {
                let steps = (ahead + 1) as f64;
                Some(last + steps * (last - first) / (window.len() - 1).max(1) as f64)
            }
            Self::Mean => Some(mean(window)),
            Self::LastSeason { season_len } => {
                last_values(season_len).map(|season| season[ahead % season_len])
            }
            Self::MovingAverage { num_values } => last_values(num_values).map(mean),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drift_continues_a_ramp_exactly() {
        let windows = [(&[1.0, 2.0, 3.0][..], 4.0), (&[1000., 990., 980.], 970.)];
        for (window, next) in windows {
            assert_eq!(ForecastRule::Drift.predict(window), Some(next));
        }
        let ahead = ForecastRule::Drift.forecast(&[1.0, 2.0, 3.0], 3);
        assert_eq!(ahead, Some(vec![4.0, 5.0, 6.0]));
    }

    #[test]
    fn one_value_is_continued_by_itself_and_nothing_by_nothing() {
        for forecast in ForecastRule::ALL {
            assert_eq!(forecast.predict(&[7.5]), Some(7.5));
            assert_eq!(forecast.predict(&[]), None);
        }
    }

    #[test]
    fn the_last_season_repeats_a_series_that_does() {
        let weeks: Vec<f64> = (0..20).map(|day| f64::from(day % 7)).collect();
        let rule = ForecastRule::LastSeason { season_len: 7 };
        for day in 7..weeks.len() {
            assert_eq!(rule.predict(&weeks[..day]), Some(weeks[day]));
        }
        assert_eq!(rule.forecast(&weeks[..10], 10).unwrap(), weeks[10..]);
        assert_eq!(rule.predict(&weeks[..6]), None);
    }

    #[test]
    fn a_moving_average_forgets_what_is_older() {
        let rule = |num_values| ForecastRule::MovingAverage { num_values };
        assert_eq!(rule(2).forecast(&[9.0, 1.0, 2.0], 2), Some(vec![1.5, 1.5]));
        assert_eq!(rule(4).predict(&[9.0, 1.0, 2.0]), None);
        assert_eq!(rule(0).predict(&[9.0]), None);
    }
}
