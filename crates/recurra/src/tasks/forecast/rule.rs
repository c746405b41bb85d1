//! The rules without a network that stand beside every forecast.

use recurra_train::baseline::Forecast;

/// A rule that continues a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// One that needs nothing but the window.
    Plain(Forecast),
    /// The value one season before the next one; the season's length is the recipe's.
    LastSeason(usize),
}

impl Rule {
    /// The last value first; a season only where the recipe names one.
    pub(super) fn all(season_len: Option<usize>) -> Vec<Self> {
        let plain = Forecast::ALL.map(Self::Plain);
        plain
            .into_iter()
            .chain(season_len.map(Self::LastSeason))
            .collect()
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain(forecast) => forecast.name(),
            Self::LastSeason(_) => "last season",
        }
    }

    /// The next value; nothing for a window that is shorter than the season.
    pub(super) fn predict(self, window: &[f64]) -> Option<f64> {
        match self {
            Self::Plain(forecast) => forecast.predict(window),
            Self::LastSeason(len) => window.get(window.len().checked_sub(len)?).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_season_repeats_a_series_that_does() {
        let weeks: Vec<f64> = (0..20).map(|day| f64::from(day % 7)).collect();
        let rule = Rule::LastSeason(7);
        for day in 7..weeks.len() {
            assert_eq!(rule.predict(&weeks[..day]), Some(weeks[day]));
        }
        assert_eq!(rule.predict(&weeks[..6]), None);
    }
}
