//! Every network on every problem, each in a run of its own.

use super::config::{Problem, Recipe};
use super::data::{self, Part};
use super::model::{Contest, MemoryNet, contests};
use crate::Error;
use crate::artifact::{read_json, write_json};
use crate::tasks::{
    Evaluation, Sample, Task, Trained, device, fit_and_ship, interrupted, training_device,
};
use recurra_data::series::CopyMemory;
use recurra_nn::streaming::Precision;
use recurra_nn::{Mode, NnError, Tensor};
use recurra_train::metric::{ACCURACY, LOSS, Metrics};
use recurra_train::{Control, Learner, Outcome, Run, Status, TrainError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The file of a network's run that holds its [`GradientByLag`].
const GRADIENTS: &str = "gradient_by_lag.json";

/// The baseline that remembers nothing.
pub(super) const NO_MEMORY: &str = "no memory";

/// Gradient norms by lag, before and after training; lag 1 is the step before the last.
///
/// `None` where a norm is no finite number, which JSON cannot hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct GradientByLag {
    pub(super) before: Vec<Option<f64>>,
    pub(super) after: Vec<Option<f64>>,
}

/// Finds out before a run directory is made whether every network can be built.
pub(super) fn check_data(recipe: &Recipe) -> Result<(), Error> {
    contests(recipe).map(|_| ())
}

impl Contest<'_> {
    fn folder(&self) -> String {
        format!("networks/{}/{}", self.problem.name(), self.network.name)
    }

    /// Its run, inside the whole run's folder.
    pub(super) fn run(&self, whole: &Run) -> Result<Run, Error> {
        Ok(Run::open(&whole.path(&self.folder())?)?)
    }

    fn open_or_create(&self, whole: &Run) -> Result<Run, Error> {
        let dir = whole.path(&self.folder())?;
        if dir.join("run.json").is_file() {
            return Ok(Run::open(&dir)?);
        }
        Ok(Run::create(&dir, super::NAME)?)
    }

    pub(super) fn gradients(&self, whole: &Run) -> Result<GradientByLag, Error> {
        read_json(&self.run(whole)?, GRADIENTS)
    }

    /// Fits this network, unless that has been tried already.
    ///
    /// A network whose numbers cease to make sense is out of the comparison, which goes
    /// on without it: that it cannot be trained is a result too.
    fn fit(&self, recipe: &Recipe, whole: &Run, control: &Control) -> Result<Outcome, Error> {
        let run = self.open_or_create(whole)?;
        if matches!(run.status()?, Status::Finished | Status::Diverged) {
            return Ok(Outcome::Finished);
        }
        let model = self.model(recipe, &training_device())?;
        let mut gradients = GradientByLag {
            before: finite(model.gradient_by_lag(&self.examples)?),
            after: Vec::new(),
        };
        write_json(&run, GRADIENTS, &gradients)?;
        let config = recipe.train_of(self.network);
        let fitted = match fit_and_ship(self, model, &config, &run, control) {
            Err(Error::Train(TrainError::Diverged(diagnosis))) => {
                let name = self.name();
                control
                    .progress
                    .note(&format!("{name} is out of the comparison: {diagnosis}"));
                return Ok(Outcome::Finished);
            }
            fitted => fitted?,
        };
        if interrupted(&fitted.outcome) {
            return Ok(Outcome::Interrupted {
                how_to_resume: format!("recurra train --resume {}", whole.dir().display()),
            });
        }
        let (trained, _) = run.read_model(self.model(recipe, &training_device())?)?;
        gradients.after = finite(trained.gradient_by_lag(&self.examples)?);
        write_json(&run, GRADIENTS, &gradients)?;
        run.set_status(Status::Finished)?;
        Ok(fitted.outcome)
    }

    fn evaluation(&self, recipe: &Recipe, whole: &Run) -> Result<Evaluation, Error> {
        let run = self.run(whole)?;
        let mut baseline = Metrics::new();
        baseline.set(LOSS.name, self.examples.memoryless_loss());
        if let Problem::Copy { .. } = self.problem {
            baseline.set(ACCURACY.name, 1.0 / CopyMemory::NUM_SYMBOLS as f64);
        }
        let mut evaluation = Evaluation {
            task: super::NAME,
            split: format!("{}, {}, test", self.problem.name(), self.network.name),
            metrics: Metrics::new(),
            baselines: BTreeMap::from([(NO_MEMORY.to_owned(), baseline)]),
            notes: Vec::new(),
        };
        if run.status()? == Status::Diverged {
            let note = "its numbers ceased to make sense while it was trained";
            evaluation.notes.push(note.to_owned());
        } else {
            let (model, _) = run.read_model(self.model(recipe, &device())?)?;
            evaluation.metrics = model.judge(&self.examples, Part::Test, self.test_examples)?;
        }
        Ok(evaluation)
    }
}

fn finite(norms: Vec<f64>) -> Vec<Option<f64>> {
    let finite = |norm: f64| norm.is_finite().then_some(norm);
    norms.into_iter().map(finite).collect()
}

impl Learner for Contest<'_> {
    type Model = MemoryNet;

    fn batches(&self, epoch: u64) -> Vec<Vec<usize>> {
        data::epoch(epoch, self.batch_size)
    }

    fn loss(
        &self,
        model: &MemoryNet,
        indices: &[usize],
        mode: Mode<'_>,
    ) -> Result<Tensor<1>, NnError> {
        model.loss(&self.examples, indices, mode)
    }

    fn evaluate(&self, model: &MemoryNet) -> Result<Metrics, NnError> {
        model.judge(&self.examples, Part::Valid, self.test_examples)
    }
}

pub(crate) fn train(recipe: &Recipe, run: &Run, control: &Control) -> Result<Trained, Error> {
    let mut outcome = Outcome::Finished;
    for contest in contests(recipe)? {
        let title = format!("{}: {}", contest.problem.title(), contest.network.name);
        control.progress.note(&title);
        outcome = contest.fit(recipe, run, control)?;
        if interrupted(&outcome) {
            break;
        }
    }
    let evaluations = if interrupted(&outcome) {
        Vec::new()
    } else {
        evaluate(recipe, run, None, Precision::F32)?
    };
    Ok(Trained {
        outcome,
        updates: updates(recipe, run)?,
        evaluations,
        samples: Vec::<Sample>::new(),
    })
}

/// Updates of all networks together.
fn updates(recipe: &Recipe, run: &Run) -> Result<u64, Error> {
    let mut total = 0;
    for contest in contests(recipe)? {
        if let Ok(own) = contest.run(run) {
            let history = recurra_train::read_history(&own)?;
            total += history.last().map_or(0, |evaluation| evaluation.update);
        }
    }
    Ok(total)
}

pub(crate) fn evaluate(
    recipe: &Recipe,
    run: &Run,
    data: Option<&Path>,
    precision: Precision,
) -> Result<Vec<Evaluation>, Error> {
    recipe.only_f32(run, precision)?;
    if let Some(path) = data {
        let want = "no --data: this task makes its own examples";
        return Err(Error::config("--data", want, path.display()));
    }
    contests(recipe)?
        .iter()
        .map(|contest| contest.evaluation(recipe, run))
        .collect()
}
