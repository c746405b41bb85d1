//! Errors of point forecasts: in the series' unit, beside a naive forecast, in per cent.

use super::{check, check_finite, mean};
use crate::TrainError;
use crate::metric::{Better, MetricInfo};

/// Root mean squared error.
pub const RMSE: MetricInfo = MetricInfo {
    name: "rmse",
    title: "RMSE",
    unit: "the target's unit",
    better: Better::Lower,
};

/// Mean absolute scaled error.
pub const MASE: MetricInfo = MetricInfo {
    name: "mase",
    title: "MASE",
    unit: "",
    better: Better::Lower,
};

/// Symmetric mean absolute percentage error.
pub const SMAPE: MetricInfo = MetricInfo {
    name: "smape",
    title: "sMAPE",
    unit: "",
    better: Better::Lower,
};

/// M4's overall weighted average.
pub const OWA: MetricInfo = MetricInfo {
    name: "owa",
    title: "OWA",
    unit: "",
    better: Better::Lower,
};

/// `√(1/n · Σ (forecast − actual)²)`; `None` without forecasts.
///
/// # Errors
/// [`TrainError::Argument`] when the lengths differ or a value is not finite.
pub fn rmse(forecasts: &[f64], actuals: &[f64]) -> Result<Option<f64>, TrainError> {
    check(RMSE.name, forecasts, &[("actuals", actuals)])?;
    let squares = forecasts.iter().zip(actuals).map(|(f, y)| (f - y).powi(2));
    Ok(mean(squares).map(f64::sqrt))
}

/// `1/n · Σ 2·|forecast − actual| / (|forecast| + |actual|)`, between 0 and 2; two zeros are a
/// forecast without error. `None` without forecasts.
///
/// M4 prints 100 times this.
///
/// # Errors
/// As [`rmse`].
pub fn smape(forecasts: &[f64], actuals: &[f64]) -> Result<Option<f64>, TrainError> {
    check(SMAPE.name, forecasts, &[("actuals", actuals)])?;
    let shares = forecasts.iter().zip(actuals).map(|(f, y)| {
        let size = f.abs() + y.abs();
        if size > 0.0 {
            2.0 * (f - y).abs() / size
        } else {
            0.0
        }
    });
    Ok(mean(shares))
}

/// The mean absolute error over that of the seasonal naive forecast within `history`:
/// `mean|forecast − actual| / mean|historyₜ − historyₜ₋ₛ|`, s the length of a season, 1 for none.
///
/// `None` without forecasts, and when the history is too short or repeats itself exactly, so that
/// there is no scale.
///
/// # Errors
/// As [`rmse`]; also for a season of no steps.
///
/// # Source
/// Hyndman & Koehler 2006, *Another look at measures of forecast accuracy*.
///
/// # Example
/// ```
/// use recurra_train::metric::mase;
/// // History changes by 2 and 4, 3 on average; the forecast is off by 6.
/// assert_eq!(mase(&[10.0], &[16.0], &[1.0, 3.0, 7.0], 1)?, Some(2.0));
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
pub fn mase(
    forecasts: &[f64],
    actuals: &[f64],
    history: &[f64],
    season_len: usize,
) -> Result<Option<f64>, TrainError> {
    check(MASE.name, forecasts, &[("actuals", actuals)])?;
    check_finite(MASE.name, "history", history)?;
    if season_len == 0 {
        return Err(TrainError::argument(
            MASE.name,
            "season_len",
            "at least 1",
            0,
        ));
    }
    let later = history.get(season_len..).unwrap_or_default();
    let scale = mean(later.iter().zip(history).map(|(a, b)| (a - b).abs()));
    let error = mean(forecasts.iter().zip(actuals).map(|(f, y)| (f - y).abs()));
    Ok(match (error, scale) {
        (Some(error), Some(scale)) if scale > 0.0 => Some(error / scale),
        _ => None,
    })
}

/// sMAPE and MASE over several series, one vote for each series, and M4's OWA from two of these.
///
/// # Source
/// Makridakis, Spiliotis & Assimakopoulos 2020, *The M4 Competition*.
///
/// # Example
/// ```
/// use recurra_train::metric::M4Score;
/// let history = [1.0, 2.0, 3.0];
/// let (mut naive, mut model) = (M4Score::default(), M4Score::default());
/// naive.add(&[3.0], &[5.0], &history, 1)?; // sMAPE 1/2, MASE 2
/// model.add(&[5.0], &[5.0], &history, 1)?; // no error
/// assert_eq!(model.owa(&naive), Some(0.0));
/// assert_eq!(naive.owa(&naive), Some(1.0));
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct M4Score {
    smape: (f64, u64),
    mase: (f64, u64),
}

impl M4Score {
    /// Takes the forecasts of one series, with the history that they were made from.
    ///
    /// # Errors
    /// As [`mase`].
    pub fn add(
        &mut self,
        forecasts: &[f64],
        actuals: &[f64],
        history: &[f64],
        season_len: usize,
    ) -> Result<(), TrainError> {
        let of_series = [
            smape(forecasts, actuals)?,
            mase(forecasts, actuals, history, season_len)?,
        ];
        for (sum, value) in [&mut self.smape, &mut self.mase].into_iter().zip(of_series) {
            if let Some(value) = value {
                sum.0 += value;
                sum.1 += 1;
            }
        }
        Ok(())
    }

    /// The mean sMAPE; `None` before the first series.
    pub fn smape(&self) -> Option<f64> {
        (self.smape.1 > 0).then(|| self.smape.0 / self.smape.1 as f64)
    }

    /// The mean MASE of the series that have one.
    pub fn mase(&self) -> Option<f64> {
        (self.mase.1 > 0).then(|| self.mase.0 / self.mase.1 as f64)
    }

    /// `½·(sMAPE / sMAPE of Naive2 + MASE / MASE of Naive2)`: below 1 is better than Naive2.
    pub fn owa(&self, naive2: &Self) -> Option<f64> {
        let owa = (self.smape()? / naive2.smape()? + self.mase()? / naive2.mase()?) / 2.0;
        owa.is_finite().then_some(owa)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_worked_by_hand() {
        let (forecasts, actuals) = ([2.0, 0.0, -1.0], [4.0, 0.0, 1.0]);
        assert_eq!(
            rmse(&forecasts, &actuals).unwrap(),
            Some((8.0_f64 / 3.0).sqrt())
        );
        // 2·2/6, nothing, 2·2/2.
        let expected = (2.0 / 3.0 + 0.0 + 2.0) / 3.0;
        assert!((smape(&forecasts, &actuals).unwrap().unwrap() - expected).abs() < 1e-12);
        // Two steps apart the history changes by 3 and 1; the errors are 2, 0 and 2.
        let history = [1.0, 5.0, 4.0, 6.0];
        let scaled = mase(&forecasts, &actuals, &history, 2).unwrap().unwrap();
        assert!((scaled - (4.0 / 3.0) / 2.0).abs() < 1e-12);
    }

    #[test]
    fn without_a_scale_there_is_no_scaled_error() {
        assert_eq!(mase(&[1.0], &[2.0], &[5.0, 5.0], 1).unwrap(), None);
        assert_eq!(mase(&[1.0], &[2.0], &[5.0], 7).unwrap(), None);
        assert_eq!(mase(&[], &[], &[5.0, 6.0], 1).unwrap(), None);
        assert_eq!(M4Score::default().owa(&M4Score::default()), None);
    }

    #[test]
    fn bad_input_is_named() {
        let error = rmse(&[1.0, f64::NAN], &[1.0, 2.0]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "rmse: `forecasts` should be finite, got NaN at index 1"
        );
        assert!(smape(&[1.0], &[]).is_err());
        assert!(mase(&[1.0], &[1.0], &[1.0, 2.0], 0).is_err());
    }
}
