//! Sequences made by a run: what it goes on with.

use crate::Error;
use crate::verbs::finished;
use std::path::{Path, PathBuf};

/// How a continuation is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerateOptions {
    /// What is to be continued: a text, notes, or a file of the task's. `None`: what the task
    /// thinks of.
    pub prime: Option<String>,
    /// Steps to make.
    pub length: usize,
    /// Log-odds are divided by it: below 1 the likely becomes likelier; 0 takes the likeliest.
    pub temperature: f64,
    /// The same seed makes the same continuation.
    pub seed: u64,
    /// The file to write, for tasks that write files. Default: one in the run directory.
    pub out: Option<PathBuf>,
}

/// A continuation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// What follows the prime.
    pub text: String,
    /// Files that were written.
    pub files: Vec<PathBuf>,
    /// What a user should know about it.
    pub notices: Vec<String>,
}

/// Most steps of a continuation.
const MAX_LENGTH: usize = 1_000_000;

/// Lets a finished run go on with a sequence.
///
/// # Errors
/// [`Error::NothingToGenerate`] for a task that makes no sequences, [`Error::Config`] for an
/// option out of its range, and whatever is wrong with the prime.
pub fn generate(dir: &Path, options: &GenerateOptions) -> Result<Generated, Error> {
    if !(1..=MAX_LENGTH).contains(&options.length) {
        let want = format!("1 to {MAX_LENGTH}");
        return Err(Error::config("--length", want, options.length));
    }
    if !(options.temperature.is_finite() && options.temperature >= 0.0) {
        let want = "a number of at least 0";
        return Err(Error::config("--temperature", want, options.temperature));
    }
    let (run, recipe) = finished(dir)?;
    recipe.as_task().generate(&run, options)
}
