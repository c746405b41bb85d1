//! Sequences made by a run: what it goes on with.

use crate::verbs::finished;
use crate::{Error, Precision};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// How a continuation is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerateOptions {
    /// What is to be continued: a text, notes, or a file of the task's. `None`: what the task
    /// thinks of.
    pub prime: Option<String>,
    /// Most steps to make: words, letters or Jamo of a text, steps of a tune.
    pub length: usize,
    /// Log-odds are divided by it: below 1 the likely becomes likelier; 0 takes the likeliest.
    pub temperature: f64,
    /// How many tokens may be drawn from; all when absent.
    pub top_k: Option<usize>,
    /// How much probability may be drawn from, in `(0, 1]`.
    pub top_p: f64,
    /// Where a text ends before its length: behind the first of these to appear.
    pub stop: Vec<String>,
    /// The same seed makes the same continuation.
    pub seed: u64,
    /// The weights to step with.
    pub precision: Precision,
    /// The file to write. Default: one in the run directory for tasks that always write files,
    /// else none.
    pub out: Option<PathBuf>,
}

impl Default for GenerateOptions {
    fn default() -> Self {
        Self {
            prime: None,
            length: 200,
            temperature: 0.8,
            top_k: None,
            top_p: 1.0,
            stop: Vec::new(),
            seed: 0,
            precision: Precision::F32,
            out: None,
        }
    }
}

/// Why a continuation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// It has all its steps.
    Length,
    /// It came to one of the ends that were asked for.
    Stop,
}

/// A continuation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Generated {
    /// What stood before it.
    pub prime: String,
    /// What came.
    pub text: String,
    /// Its steps.
    pub steps: usize,
    /// Why it ended.
    pub ended: Ended,
    /// The model's mean surprise at it, in nats a step, whatever the temperature.
    pub nats: f64,
    /// Files that were written.
    pub files: Vec<PathBuf>,
    /// What a user should know about it.
    pub notices: Vec<String>,
}

/// Most steps of a continuation.
const MAX_LENGTH: usize = 1_000_000;

/// Lets a finished run go on by itself; `say` is given each piece as it comes, of a text also the
/// prime before it.
///
/// # Errors
/// [`Error::NotOfTask`] for a task that makes no sequences, [`Error::Config`] for an
/// option out of its range or that the task has no use for, whatever is wrong with the prime or
/// the run, and whatever `say` returns.
pub fn generate(
    dir: &Path,
    options: &GenerateOptions,
    say: &mut dyn FnMut(&str) -> Result<(), Error>,
) -> Result<Generated, Error> {
    options.check()?;
    let (run, recipe) = finished(dir)?;
    recipe.as_task().generate(&run, options, say)
}

impl GenerateOptions {
    fn check(&self) -> Result<(), Error> {
        if !(1..=MAX_LENGTH).contains(&self.length) {
            let want = format!("1 to {MAX_LENGTH}");
            return Err(Error::config("--length", want, self.length));
        }
        if !(self.temperature.is_finite() && self.temperature >= 0.0) {
            let want = "a number of at least 0";
            return Err(Error::config("--temperature", want, self.temperature));
        }
        if self.top_k == Some(0) {
            return Err(Error::config("--top-k", "at least 1", 0));
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            let want = "a number above 0, at most 1";
            return Err(Error::config("--top-p", want, self.top_p));
        }
        if self.stop.iter().any(String::is_empty) {
            return Err(Error::config("--stop", "some text", "none"));
        }
        Ok(())
    }
}
