//! Memory: the lecture's "a plain RNN forgets the beginning", measured.
//!
//! The adding problem and copy memory ask for something seen many steps ago. Plain RNN,
//! LSTM, GRU and IndRNN are fitted on both, side by side: loss over training, and the
//! norm of the gradient by the number of steps that it has to travel back.

mod config;
mod data;
mod fit;
mod model;
mod report;
#[cfg(test)]
mod tests;

pub use config::{MemoryData, MemoryModel, NetworkConfig, Problem, Recipe};

use super::{Task, by_usual_files};

/// The task's name in recipes and runs.
pub const NAME: &str = "memory";

impl Task for Recipe {
    by_usual_files!();
}
