//! Every network on every problem, each in a run of its own.

use super::config::{NetworkConfig, Problem, Recipe};
use super::data::{self, Examples, Part};
use super::model::MemoryNet;
use crate::Error;
use crate::tasks::{Evaluation, Sample, Trained, device, fit_and_ship};
use recurra_nn::{Mode, NnError, Tensor};
use recurra_train::metric::Metrics;
use recurra_train::{Control, Existing, Learner, Outcome, Run, Status};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The file of a network's run that holds its [`GradientByLag`].
const GRADIENTS: &str = "gradient_by_lag.json";

/// Gradient norms by lag, before and after training; lag 1 is the step before the last.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct GradientByLag {
    pub(super) before: Vec<f64>,
    pub(super) after: Vec<f64>,
}

/// One network on one problem.
pub(super) struct Contest<'a> {
    pub(super) problem: Problem,
    pub(super) network: &'a NetworkConfig,
    pub(super) examples: Examples,
    test_examples: usize,
    batch_size: usize,
}

/// Every network on every problem, in the order of the recipe.
pub(super) fn contests(recipe: &Recipe) -> Result<Vec<Contest<'_>>, Error> {
    let mut contests = Vec::new();
    for &problem in &recipe.data.problems {
        for network in &recipe.model.networks {
            contests.push(Contest {
                problem,
                network,
                examples: Examples::new(problem, recipe.train.seed)?,
                test_examples: recipe.data.test_examples,
                batch_size: recipe.train.batch_size,
            });
        }
    }
    Ok(contests)
}

impl Contest<'_> {
    /// The folder of its run, inside the whole run's.
    pub(super) fn run(&self, whole: &Run) -> Result<Run, Error> {
        let name = format!("networks/{}/{}", self.problem.name(), self.network.name);
        Ok(Run::open(&whole.path(&name)?)?)
    }

    fn open_or_create(&self, whole: &Run) -> Result<Run, Error> {
        let name = format!("networks/{}/{}", self.problem.name(), self.network.name);
        let dir = whole.path(&name)?;
        if dir.join("run.json").is_file() {
            return Ok(Run::open(&dir)?);
        }
        Ok(Run::create(&dir, super::NAME, Existing::Refuse)?)
    }

    pub(super) fn gradients(&self, whole: &Run) -> Result<GradientByLag, Error> {
        let text = self.run(whole)?.read_text(GRADIENTS)?;
        serde_json::from_str(&text).map_err(|error| Error::Unfinished {
            dir: whole.dir().to_owned(),
            message: format!("{GRADIENTS} is damaged ({error}); train again"),
        })
    }

    fn model(&self, seed: u64, with_gradients: bool) -> Result<MemoryNet, Error> {
        MemoryNet::new(self.network, &self.examples, seed, &device(with_gradients))
    }

    /// Fits this network, unless that is done already.
    fn fit(&self, recipe: &Recipe, whole: &Run, control: &Control) -> Result<Outcome, Error> {
        let run = self.open_or_create(whole)?;
        if run.status()? == Status::Finished {
            return Ok(Outcome::Finished);
        }
        let fresh = self.model(recipe.train.seed, true)?;
        let before = fresh.gradient_by_lag(&self.examples)?;
        let config = recipe.train_of(self.network);
        let shipped = fit_and_ship(self, fresh, &config, &run, control)?;
        if shipped.interrupted() {
            return Ok(Outcome::Interrupted {
                how_to_resume: format!("recurra train --resume {}", whole.dir().display()),
            });
        }
        let (trained, _) = run.read_model(self.model(recipe.train.seed, true)?)?;
        let after = trained.gradient_by_lag(&self.examples)?;
        let json = serde_json::to_vec(&GradientByLag { before, after })
            .expect("numbers can be written as JSON");
        run.write(GRADIENTS, &json)?;
        run.set_status(Status::Finished)?;
        Ok(shipped.fitted.outcome)
    }

    fn evaluation(&self, recipe: &Recipe, whole: &Run) -> Result<Evaluation, Error> {
        let run = self.run(whole)?;
        let (model, _) = run.read_model(self.model(recipe.train.seed, false)?)?;
        let mut baseline = Metrics::new();
        baseline.set("loss", self.examples.memoryless_loss());
        if let Problem::Copy { .. } = self.problem {
            baseline.set("accuracy", 1.0 / 8.0);
        }
        Ok(Evaluation {
            task: super::NAME,
            split: format!("{}, {}, test", self.problem.name(), self.network.name),
            metrics: model.judge(&self.examples, Part::Test, self.test_examples)?,
            baselines: BTreeMap::from([("no memory".to_owned(), baseline)]),
            notes: Vec::new(),
        })
    }
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
        if matches!(outcome, Outcome::Interrupted { .. }) {
            break;
        }
    }
    let interrupted = matches!(outcome, Outcome::Interrupted { .. });
    let evaluations = if interrupted {
        Vec::new()
    } else {
        evaluate(recipe, run, None)?
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
) -> Result<Vec<Evaluation>, Error> {
    if let Some(path) = data {
        let want = "no --data: this task makes its own examples";
        return Err(Error::config("--data", want, path.display()));
    }
    contests(recipe)?
        .iter()
        .map(|contest| contest.evaluation(recipe, run))
        .collect()
}
