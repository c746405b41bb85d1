//! A trained model at work.

use crate::Error;
use crate::tasks::{PredictOptions, Prediction, Predictor};

/// An open run of this task.
#[derive(Debug)]
pub struct Memory;

impl Predictor for Memory {
    fn predict(&self, _: &str, line: usize, _: PredictOptions) -> Result<Prediction, Error> {
        Err(Error::Input {
            line,
            message: "this task is not there yet".to_owned(),
        })
    }
}
