//! Columns that stand beside the series.

use recurra_data::DataError;
use recurra_data::series::{ScaleBy, WindowScale};
use recurra_data::source::Moment;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// Columns beside the series, row by row with it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Covariates {
    /// Read up to the last value that is seen.
    pub(super) inputs: Vec<Vec<f64>>,
    /// Known before they come, so read up to the value that is said.
    pub(super) known: Vec<Vec<f64>>,
}

/// The mean and the standard deviation of a known column where training sees it.
pub(super) type Standard = [f64; 2];

impl Covariates {
    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.inputs.is_empty() && self.known.is_empty()
    }

    /// The standards of the known columns, by their first `len` rows.
    pub(super) fn standards(&self, len: usize) -> Vec<Standard> {
        let standard = |column: &Vec<f64>| {
            let seen = &column[..len.min(column.len())];
            let count = seen.len().max(1) as f64;
            let mean = seen.iter().sum::<f64>() / count;
            let variance = seen.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
            [mean, variance.sqrt()]
        };
        self.known.iter().map(standard).collect()
    }

    /// With known columns by these standards; one that never changes says nothing, and is 0.
    pub(super) fn standardised(mut self, standards: &[Standard]) -> Self {
        for (column, [mean, deviation]) in self.known.iter_mut().zip(standards) {
            for value in column {
                *value = match *deviation > 0.0 {
                    true => (*value - mean) / deviation,
                    false => 0.0,
                };
            }
        }
        self
    }
}

/// What a date says of a step: known of any step to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Calendar {
    /// The time of day.
    Day,
    /// The time of the week.
    Week,
    /// The time of the year.
    Year,
}

impl Calendar {
    /// The cycle as two columns, sine and cosine of where a moment is in it.
    pub(super) fn columns(self, moments: &[Moment]) -> [Vec<f64>; 2] {
        let days = |moment: &Moment| moment.day as f64 + f64::from(moment.second) / 86_400.0;
        let days_in = match self {
            Self::Day => 1.0,
            Self::Week => 7.0,
            Self::Year => 365.2425,
        };
        let angle = |moment: &Moment| TAU * (days(moment) / days_in).fract();
        [f64::sin, f64::cos]
            .map(|of: fn(f64) -> f64| moments.iter().map(|moment| of(angle(moment))).collect())
    }
}

/// The scale of an input column in a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct InputScale {
    scale: WindowScale,
    /// The window's mean, scaled.
    mean: f64,
    /// The square root of the number of changes.
    spread: f64,
}

impl InputScale {
    /// Fits it on the window alone.
    pub(super) fn fit(window: &[f64], by: ScaleBy) -> Result<Self, DataError> {
        // Only of the series itself it is known that it is above 0.
        let scale = WindowScale::fit(window, by.plain())?;
        Ok(Self {
            mean: scale.apply(window.iter().sum::<f64>() / window.len() as f64),
            spread: ((window.len() - 1).max(1) as f64).sqrt(),
            scale,
        })
    }

    /// The change to a value in the window's unit, and where the value lies as seen from the
    /// window's mean: its own last value, from which a series is seen, would always be 0. The
    /// level is divided by the square root of the number of changes, by which a walk spreads.
    pub(super) fn features(&self, before: f64, value: f64) -> [f32; 2] {
        let (before, value) = (self.scale.apply(before), self.scale.apply(value));
        [
            (value - before) as f32,
            ((value - self.mean) / self.spread) as f32,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_comes_round() {
        let moment = |text| Moment::parse(text).unwrap();
        let moments = [
            moment("2024-01-01 06:00"),
            moment("2024-01-02 06:00"),
            moment("2024-01-08 06:00"),
        ];
        let [sine, cosine] = Calendar::Day.columns(&moments);
        for at in 0..3 {
            assert!((sine[at] - 1.0).abs() < 1e-6 && cosine[at].abs() < 1e-6);
        }
        let [sine, _] = Calendar::Week.columns(&moments);
        assert!((sine[0] - sine[2]).abs() < 1e-6 && (sine[0] - sine[1]).abs() > 0.1);
    }

    #[test]
    fn known_columns_are_measured_where_training_sees_them() {
        let covariates = Covariates {
            inputs: Vec::new(),
            known: vec![vec![1.0, 3.0, 100.0], vec![5.0, 5.0, 6.0]],
        };
        let standards = covariates.standards(2);
        assert_eq!(standards, [[2.0, 1.0], [5.0, 0.0]]);
        let known = covariates.standardised(&standards).known;
        assert_eq!(known, [vec![-1.0, 1.0, 98.0], vec![0.0; 3]]);
    }

    #[test]
    fn an_input_is_seen_from_the_mean_of_its_window() {
        // Changes 2, 4, 3: the unit is 3, the mean 5.25.
        let scale = InputScale::fit(&[1.0, 3.0, 7.0, 10.0], ScaleBy::default()).unwrap();
        let [change, level] = scale.features(7.0, 10.0);
        assert!((change - 1.0).abs() < 1e-6);
        assert!((f64::from(level) - 4.75 / 3.0 / 3.0_f64.sqrt()).abs() < 1e-6);
    }
}
