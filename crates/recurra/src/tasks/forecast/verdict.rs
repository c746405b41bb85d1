//! In one sentence: does the model know anything that the last value does not?

use crate::report::chart::compact;
use recurra_train::TrainError;
use recurra_train::metric::{CopyCheck, Copying, LossDifference};

/// The sentence, and whether it is good news.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    pub(super) sentence: String,
    pub(super) beats_last_value: bool,
}

impl Verdict {
    /// Of forecasts of the value so many steps ahead, one after another.
    ///
    /// # Errors
    /// [`TrainError::Argument`] for values that are not finite.
    pub(super) fn new(
        forecasts: &[f64],
        actuals: &[f64],
        last: &[f64],
        ahead: usize,
    ) -> Result<Self, TrainError> {
        let squares = |values: &[f64]| -> Vec<f64> {
            let pairs = values.iter().zip(actuals);
            pairs
                .map(|(said, actual)| (said - actual).powi(2))
                .collect()
        };
        let (model, naive) = (squares(forecasts), squares(last));
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let (ours, theirs) = (mean(&model), mean(&naive));
        if theirs == 0.0 && !actuals.is_empty() {
            let sentence = match ours {
                0.0 => "The last value is always right here, and so is the model: nothing ever \
                        changes."
                    .to_owned(),
                _ => format!(
                    "The model does not beat the last value, which is always right here: nothing \
                     ever changes, and the model's mean squared error is {}.",
                    compact(ours)
                ),
            };
            return Ok(Self {
                sentence,
                beats_last_value: false,
            });
        }
        // A share is never negative, though the interval of a mean may be.
        let share = |value: f64| format!("{:.1} %", 100.0 * value.max(0.0) / theirs);
        Ok(match LossDifference::new(&model, &naive, ahead)? {
            Some(difference) if difference.is_better() => Self {
                sentence: format!(
                    "The model beats the last value: its squared error is {} of the last value's \
                     (95 % confidence: {} to {}).",
                    share(ours),
                    share(theirs + difference.interval[0]),
                    share(theirs + difference.interval[1]),
                ),
                beats_last_value: true,
            },
            Some(difference) => Self {
                sentence: format!(
                    "The model does not beat the last value: its squared error is {} of the last \
                     value's (95 % confidence: {} to {}){}.",
                    share(ours),
                    share(theirs + difference.interval[0]),
                    share(theirs + difference.interval[1]),
                    if difference.is_worse() {
                        ", which is surely worse"
                    } else {
                        ", which is no more than luck can do"
                    }
                ),
                beats_last_value: false,
            },
            None => Self {
                sentence: format!(
                    "Whether the model beats the last value cannot be told: {} forecasts with a \
                     mean squared error of {}, {} for the last value.",
                    forecasts.len(),
                    compact(ours),
                    compact(theirs)
                ),
                beats_last_value: false,
            },
        })
    }
}

/// What the copy detector says, when it is a warning.
///
/// # Errors
/// [`TrainError::Argument`] for values that are not finite.
pub(super) fn copy_note(
    forecasts: &[f64],
    actuals: &[f64],
    last: &[f64],
) -> Result<Option<String>, TrainError> {
    let check = CopyCheck::new(forecasts, actuals, last)?;
    let is_warning = match check.found {
        Copying::Unknown => false,
        Copying::Copies | Copying::Wild => true,
        Copying::Follows => !check.gain.is_some_and(|gain| gain.is_better()),
    };
    Ok(is_warning.then(|| check.sentence()))
}
