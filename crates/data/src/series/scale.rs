//! Scaling a window by its own values, so that a network meets every series in the same unit.

use serde::{Deserialize, Serialize};

use crate::error::DataError;

/// What the unit of a window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScaleBy {
    /// The mean size of the change from one value to the next.
    #[default]
    MeanAbsDifference,
    /// The distance from the smallest to the largest value.
    Range,
    /// The mean size of the change of the logarithm: values are seen relative to each other. For
    /// series above 0.
    MeanAbsLogDifference,
    /// The distance from the smallest to the largest logarithm, likewise.
    LogRange,
}

impl ScaleBy {
    /// Whether logarithms are scaled, so that every value has to be above 0.
    pub fn is_log(self) -> bool {
        self != self.plain()
    }

    /// The same of the values themselves.
    #[must_use]
    pub fn plain(self) -> Self {
        match self {
            Self::MeanAbsDifference | Self::MeanAbsLogDifference => Self::MeanAbsDifference,
            Self::Range | Self::LogRange => Self::Range,
        }
    }
}

/// A scale that is fitted on the inputs of one window: `z = (x − centre) / unit`, or of logarithms
/// `z = (ln x − ln centre) / unit`.
///
/// `centre` is the last input and `unit` is as [`ScaleBy`] says. Both follow the window: if every
/// value is multiplied by a > 0 and moved by b, then centre and unit are too, and the scaled
/// window is **the same as before**. So what a network learns on values around 0.1 to 10 holds for
/// 1000, 990, 980 as well: it sees `0.0` last, one unit below the value before it, and what it says
/// is turned back into the series' own numbers. (Of logarithms the window may be multiplied, not
/// moved, and what is said is always above 0.) It continues series far outside of what it saw,
/// which no fixed scale (of the training set, say) could do, because there it would be outside
/// the range in which its gates do anything. The target has no part in the fit, for at prediction
/// time there is none.
///
/// A window that is constant (or has one value) has no unit: its inputs are scaled to 0, and every
/// scaled value is turned back into the constant. So the forecast for a constant window is the
/// constant, whatever the network says. As a training example such a window teaches nothing;
/// [`WindowScale::is_constant`] tells it.
///
/// # Example
/// ```
/// use recurra_data::series::{ScaleBy, WindowScale};
///
/// let scale = WindowScale::fit(&[1000.0, 990.0, 980.0], ScaleBy::MeanAbsDifference)?;
/// assert_eq!(scale.apply(1000.0), 2.0);
/// assert_eq!(scale.apply(980.0), 0.0);
/// assert_eq!(scale.invert(-1.0), 970.0);
/// # Ok::<(), recurra_data::DataError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WindowScale {
    /// The last input.
    centre: f64,
    /// The same, or its logarithm.
    origin: f64,
    unit: f64,
    is_log: bool,
}

impl WindowScale {
    /// Fits the scale on the inputs of a window.
    ///
    /// Differences within rounding of the values (4·ε of the largest) count as none.
    ///
    /// # Errors
    /// [`DataError::TooFew`] for an empty window; [`DataError::Value`] for a value that is not
    /// finite or so large that differences overflow.
    pub fn fit(inputs: &[f64], by: ScaleBy) -> Result<Self, DataError> {
        let bad_value = |index: usize, expected| DataError::Value {
            what: String::from("window"),
            index,
            expected,
            got: inputs[index],
        };
        let Some(&centre) = inputs.last() else {
            return Err(DataError::TooFew {
                what: String::from("window"),
                expected: 1,
                got: 0,
                unit: "values",
                advice: "give at least one number",
            });
        };
        if let Some(index) = inputs.iter().position(|value| !value.is_finite()) {
            return Err(bad_value(index, "a finite number"));
        }
        if by.is_log() {
            if let Some(index) = inputs.iter().position(|value| *value <= 0.0) {
                return Err(bad_value(
                    index,
                    "a number above 0, of which there is a logarithm",
                ));
            }
            let logs: Vec<f64> = inputs.iter().map(|value| value.ln()).collect();
            let scale = Self::fit(&logs, by.plain())?;
            return Ok(Self {
                centre,
                is_log: true,
                ..scale
            });
        }
        let largest = inputs
            .iter()
            .fold(0.0, |max: f64, value| max.max(value.abs()));
        let spread = match by.plain() {
            ScaleBy::MeanAbsDifference => {
                let differences = inputs.windows(2).map(|pair| (pair[1] - pair[0]).abs());
                differences.sum::<f64>() / (inputs.len() - 1).max(1) as f64
            }
            _ => {
                let low = inputs.iter().copied().fold(f64::INFINITY, f64::min);
                let high = inputs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                high - low
            }
        };
        if !spread.is_finite() {
            let index = inputs.iter().position(|value| value.abs() == largest);
            let expected = "a number whose differences can be computed";
            return Err(bad_value(index.unwrap_or(0), expected));
        }
        let unit = if spread <= 4.0 * f64::EPSILON * largest {
            0.0
        } else {
            spread
        };
        Ok(Self {
            centre,
            origin: centre,
            unit,
            is_log: false,
        })
    }

    /// The last input.
    pub fn centre(&self) -> f64 {
        self.centre
    }

    /// The series' own size of 1, or that of its logarithm; 0 for a constant window.
    pub fn unit(&self) -> f64 {
        self.unit
    }

    /// How much a value changes as its scaled one changes by a little: the unit, or of logarithms the
    /// unit times the value.
    pub fn slope(&self, value: f64) -> f64 {
        match self.is_log {
            true => self.unit * value,
            false => self.unit,
        }
    }

    /// Whether the window has no unit because all its values are the same.
    pub fn is_constant(&self) -> bool {
        self.unit == 0.0
    }

    /// A value in the window's unit: `(value − centre) / unit`, or 0 for a constant window.
    pub fn apply(&self, value: f64) -> f64 {
        match (self.is_constant(), self.is_log) {
            (true, _) => 0.0,
            (false, true) => (value.ln() - self.origin) / self.unit,
            (false, false) => (value - self.origin) / self.unit,
        }
    }

    /// A scaled value in the series' own numbers: `centre + unit·scaled`, or `centre·e^(unit·scaled)`.
    pub fn invert(&self, scaled: f64) -> f64 {
        match (self.is_constant(), self.is_log) {
            // Also for an infinite `scaled`, which 0 times would make NaN.
            (true, _) => self.centre,
            (false, true) => (self.origin + self.unit * scaled).exp(),
            (false, false) => self.origin + self.unit * scaled,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOTH: [ScaleBy; 2] = [ScaleBy::MeanAbsDifference, ScaleBy::Range];

    fn scaled(inputs: &[f64], by: ScaleBy) -> Vec<f64> {
        let scale = WindowScale::fit(inputs, by).unwrap();
        inputs.iter().map(|&value| scale.apply(value)).collect()
    }

    #[test]
    fn the_unit_is_the_mean_change_or_the_range() {
        let window = [1.0, 4.0, 3.0]; // changes 3 and 1
        let unit = |by| WindowScale::fit(&window, by).unwrap().unit();
        assert_eq!(unit(ScaleBy::MeanAbsDifference), 2.0);
        assert_eq!(unit(ScaleBy::Range), 3.0);
        assert_eq!(
            scaled(&window, ScaleBy::MeanAbsDifference),
            [-1.0, 0.5, 0.0]
        );
    }

    #[test]
    fn of_logarithms_values_are_seen_relative_to_each_other() {
        let window = [1.0, 4.0, 2.0]; // doubled twice, halved once
        let scale = WindowScale::fit(&window, ScaleBy::MeanAbsLogDifference).unwrap();
        assert!((scale.unit() - 1.5 * 2f64.ln()).abs() < 1e-12);
        for factor in [1.0, 1000.0] {
            let window = window.map(|value| value * factor);
            let scaled = scaled(&window, ScaleBy::LogRange);
            for (value, wanted) in scaled.iter().zip([-0.5, 0.5, 0.0]) {
                assert!((value - wanted).abs() < 1e-12, "{scaled:?}");
            }
        }
        for value in [0.001, 2.0, 1e6] {
            assert!((scale.invert(scale.apply(value)) / value - 1.0).abs() < 1e-12);
        }
        assert!(scale.invert(-1000.0) >= 0.0);
        // d/dz 2·e^(unit·z) at z = 0.
        assert!((scale.slope(2.0) - 2.0 * scale.unit()).abs() < 1e-12);
        let constant = WindowScale::fit(&[0.3, 0.3], ScaleBy::LogRange).unwrap();
        assert_eq!((constant.apply(5.0), constant.invert(2.0)), (0.0, 0.3));
        let refused = WindowScale::fit(&[1.0, 0.0], ScaleBy::LogRange).unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("value 1: expected a number above 0"),
            "{refused}"
        );
    }

    #[test]
    fn a_constant_window_is_all_zero_and_forecasts_itself() {
        for window in [&[0.1; 5][..], &[7.0], &[0.0, 0.0], &[1e300, 1e300]] {
            for by in BOTH {
                let scale = WindowScale::fit(window, by).unwrap();
                assert!(scale.is_constant());
                assert!(scaled(window, by).iter().all(|&z| z == 0.0));
                assert_eq!(scale.apply(1e9), 0.0);
                for said in [3.0, -0.5, f64::INFINITY] {
                    assert_eq!(scale.invert(said), window[0]);
                }
            }
        }
    }

    #[test]
    fn rounding_is_no_change() {
        let sums: f64 = [0.1; 3].iter().sum();
        let window = [0.3, sums, 0.3]; // 0.30000000000000004
        assert_ne!(window[0], window[1]);
        assert!(
            WindowScale::fit(&window, ScaleBy::Range)
                .unwrap()
                .is_constant()
        );
    }

    #[test]
    fn windows_that_cannot_be_scaled_are_errors() {
        for by in BOTH {
            assert!(WindowScale::fit(&[], by).is_err());
            for bad in [f64::NAN, f64::INFINITY] {
                let error = WindowScale::fit(&[1.0, bad, 2.0], by).unwrap_err();
                assert!(matches!(error, DataError::Value { index: 1, .. }));
            }
            let error = WindowScale::fit(&[1.0, 1.5e308, -1.5e308], by).unwrap_err();
            insta::allow_duplicates! {
                insta::assert_snapshot!(error.to_string().replace(&"0".repeat(307), "[307 zeros]"), @"window: value 1: expected a number whose differences can be computed, got 15[307 zeros]; remove or correct it");
            }
        }
    }

    proptest! {
        #[test]
        fn an_affine_change_of_the_window_leaves_the_scaled_window_as_it_is(
            window in prop::collection::vec(-1.0..1.0f64, 2..20),
            factor in 1e-3..1e3f64,
            shift in -1e4..1e4f64,
        ) {
            let by = BOTH[window.len() % 2];
            // Away from constant windows, so that rounding of the moved values stays small.
            prop_assume!(WindowScale::fit(&window, by).unwrap().unit() > 1e-2);
            let expected = scaled(&window, by);
            let moved: Vec<f64> = window.iter().map(|x| factor * x + shift).collect();
            let mirrored: Vec<f64> = window.iter().map(|x| -factor * x + shift).collect();
            // Values near 1e4 are rounded to 1e-12, the unit is 1e-5 or more: 1e-6 is ample.
            for (expected, z) in expected.iter().zip(scaled(&moved, by)) {
                prop_assert!((expected - z).abs() < 1e-6, "{expected} {z}");
            }
            for (expected, z) in expected.iter().zip(scaled(&mirrored, by)) {
                prop_assert!((expected + z).abs() < 1e-6, "{expected} {z}");
            }
        }

        #[test]
        fn inverting_undoes_applying(
            window in prop::collection::vec(-1e3..1e3f64, 2..20), value in -1e4..1e4f64,
        ) {
            let scale = WindowScale::fit(&window, ScaleBy::default()).unwrap();
            prop_assume!(!scale.is_constant());
            let back = scale.invert(scale.apply(value));
            prop_assert!((back - value).abs() <= 1e-9 * (1.0 + value.abs()));
        }
    }
}
