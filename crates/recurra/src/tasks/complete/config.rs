//! The recipe of the task.

use crate::Error;
use recurra_train::TrainConfig;
use serde::{Deserialize, Serialize};

/// Everything that a run of this task is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Always `complete`.
    pub task: String,
    /// One line on what the recipe shows.
    pub about: String,
    /// How it is fitted.
    pub train: TrainConfig,
}

impl Recipe {
    pub(crate) fn validate(&self) -> Result<(), Error> {
        Ok(())
    }
}
