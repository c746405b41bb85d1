//! How forecasts are judged: size, spread and direction of their errors, and whether a forecast
//! says more than the last value does.

mod copying;
mod difference;
mod direction;
mod point;
mod spread;

pub use copying::{CopyCheck, Copying};
pub use difference::LossDifference;
pub use direction::{Directions, Proportion};
pub use point::{M4Score, MASE, OWA, RMSE, SMAPE, mase, rmse, smape};
pub use spread::{
    CRPS, Coverage, NEGATIVE_LOG_LIKELIHOOD, PINBALL, coverage, crps_quantiles, crps_samples,
    pinball,
};

use crate::TrainError;

/// Refuses sequences of unlike length, and values that are not finite.
fn check(
    op: &'static str,
    forecasts: &[f64],
    others: &[(&'static str, &[f64])],
) -> Result<(), TrainError> {
    for (arg, values) in [("forecasts", forecasts)].iter().chain(others) {
        if values.len() != forecasts.len() {
            let want = format!("{} values, one for each forecast", forecasts.len());
            return Err(TrainError::argument(op, arg, want, values.len()));
        }
        check_finite(op, arg, values)?;
    }
    Ok(())
}

fn check_finite(op: &'static str, arg: &'static str, values: &[f64]) -> Result<(), TrainError> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(TrainError::argument(
            op,
            arg,
            "finite",
            format_args!("{} at index {index}", values[index]),
        )),
        None => Ok(()),
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0usize);
    for value in values {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / count as f64)
}
