//! A run's weights in fewer bits, and what that costs.

use crate::artifact::{self, file_name};
use crate::verbs::finished;
use crate::{Error, evaluate_in};
use burn::module::Module;
use recurra_nn::NnError;
use recurra_nn::streaming::{Precision, StreamWorkspace, Streamer};
use recurra_train::Run;
use recurra_train::metric::Metrics;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What [`quantize`] wrote, beside what it was made from.
#[derive(Debug, Clone, Serialize)]
pub struct Quantized {
    /// The file that was written.
    pub file: PathBuf,
    /// The task's name.
    pub task: &'static str,
    /// Which data both were judged on.
    pub split: String,
    /// The run's own weights, then the written ones.
    pub figures: [Figures; 2],
}

/// One precision of a model.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// `f32`, `bf16` or `int8`.
    pub precision: &'static str,
    /// The file's.
    pub size_bytes: u64,
    /// The median time of one step of one row.
    pub step_us: f64,
    /// The task's.
    pub metrics: Metrics,
}

/// A network whose steps can be timed.
pub(crate) trait Stepper {
    /// What its weights are kept as.
    fn precision(&self) -> Precision;

    /// Makes `count` steps of one row.
    fn make_steps(&self, count: usize) -> Result<(), NnError>;
}

/// A network in f32, and in fewer bits.
pub(crate) type Steppers = [Box<dyn Stepper>; 2];

/// Writes the weights of `model` in `precision` into the run; gives the network in f32 and in
/// that, each as `pack` readies it for steps.
pub(crate) fn write_weights<M: Module, S: Stepper + 'static>(
    run: &Run,
    model: &M,
    precision: Precision,
    pack: impl Fn(Precision) -> Result<S, NnError>,
) -> Result<Steppers, Error> {
    let (exact, rounded) = (pack(Precision::F32)?, pack(precision)?);
    artifact::write(run, model, precision)?;
    Ok([Box::new(exact), Box::new(rounded)])
}

impl Stepper for Streamer {
    fn precision(&self) -> Precision {
        Streamer::precision(self)
    }

    fn make_steps(&self, count: usize) -> Result<(), NnError> {
        let (mut state, mut workspace) = (self.zero_state(), StreamWorkspace::new());
        let input = vec![0.1; self.input_size()];
        let mut output = vec![0.0; self.output_size()];
        for _ in 0..count {
            self.step(&input, &mut state, &mut output, &mut workspace)?;
        }
        Ok(())
    }
}

/// Writes a run's weights in `precision`, and judges both on the run's own held-out data.
///
/// Predictions and judgements then come from it with [`open_in`](crate::open_in) and
/// [`evaluate_in`].
///
/// # Errors
/// [`Error::NotOfTask`] for a task whose network does not stream; [`NnError::CannotStream`] for
/// a network that does not run step by step; what is wrong with the run.
pub fn quantize(dir: &Path, precision: Precision) -> Result<Quantized, Error> {
    if precision == Precision::F32 {
        return Err(Error::config(
            "to",
            "bf16 or int8",
            "f32, which a run has already",
        ));
    }
    let (run, recipe) = finished(dir)?;
    let models = recipe.as_task().quantize(&run, precision)?;
    let mut split = String::new();
    let mut figures = |model: &dyn Stepper| -> Result<Figures, Error> {
        let precision = model.precision();
        let evaluations = evaluate_in(dir, None, precision)?;
        let first = evaluations.into_iter().next();
        Ok(Figures {
            precision: precision.name(),
            size_bytes: size(&run, precision)?,
            step_us: step_us(model)?,
            metrics: first.map_or_else(Metrics::new, |evaluation| {
                split = evaluation.split;
                evaluation.metrics
            }),
        })
    };
    let [exact, rounded] = models;
    let figures = [figures(&*exact)?, figures(&*rounded)?];
    Ok(Quantized {
        file: run.path(&file_name(precision))?,
        task: recipe.task(),
        split,
        figures,
    })
}

fn size(run: &Run, precision: Precision) -> Result<u64, Error> {
    let path = run.path(&file_name(precision))?;
    match path.metadata() {
        Ok(about) => Ok(about.len()),
        Err(error) => Err(Error::Damaged {
            path,
            reason: error.to_string(),
        }),
    }
}

/// Rounds of steps that the median is taken of, and the steps of a round.
const ROUNDS: usize = 15;
const STEPS: usize = 200;

fn step_us(model: &dyn Stepper) -> Result<f64, NnError> {
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        model.make_steps(STEPS)?;
        rounds.push(start.elapsed().as_secs_f64() * 1e6 / STEPS as f64);
    }
    rounds.sort_by(f64::total_cmp);
    Ok(rounds[ROUNDS / 2])
}
