//! What every task can be asked for.

use super::{Evaluation, Predictor, RunReport, Trained};
use crate::network::Network;
use crate::quantize::Steppers;
use crate::report::graph::Graph;
use crate::{Error, GenerateOptions, Generated};
use recurra_nn::streaming::Precision;
use recurra_train::{Control, Run};
use std::path::Path;

/// A task's recipe, and with it the task: each verb of the library is one method here, and
/// each task says in its `mod.rs` which of its files does it; [`by_usual_files`] is the usual
/// answer.
///
/// A verb that makes no sense for a task keeps its default, which says so by name.
pub(crate) trait Task {
    /// The task's name in recipes and runs.
    fn name(&self) -> &'static str;

    /// Refuses what cannot be fitted, by the key at fault.
    fn validate(&self) -> Result<(), Error>;

    /// Reads the data and builds the network once, so that what is wrong with either is found
    /// before a run directory is made.
    fn check_data(&self) -> Result<(), Error>;

    /// The networks, with the sizes that the run's data gave, or the recipe's data.
    fn describe(&self, run: Option<&Run>) -> Result<Vec<Network>, Error>;

    /// A picture of each network, in their order.
    fn graphs(&self, networks: &[Network]) -> Vec<Graph> {
        networks.iter().map(Network::graph).collect()
    }

    /// Fits from the run's newest checkpoint, or from the start, and judges.
    fn train(&self, run: &Run, control: &Control) -> Result<Trained, Error>;

    /// Judges beside the baselines, on the run's held-out data or on `data`.
    fn evaluate(
        &self,
        run: &Run,
        data: Option<&Path>,
        precision: Precision,
    ) -> Result<Vec<Evaluation>, Error>;

    /// The page and the charts of a run.
    fn report(&self, run: &Run) -> Result<RunReport, Error>;

    /// A model that answers lines.
    fn open(&self, run: &Run, _: Precision) -> Result<Box<dyn Predictor>, Error> {
        Err(self.unable(
            run,
            "compares networks and predicts nothing; see its report.html",
        ))
    }

    /// Goes on by itself; `say` is given each piece as it comes.
    fn generate(
        &self,
        run: &Run,
        _: &GenerateOptions,
        _: &mut dyn FnMut(&str) -> Result<(), Error>,
    ) -> Result<Generated, Error> {
        Err(self.unable(run, "makes no sequences; language and music runs do"))
    }

    /// Writes the weights in `precision`; gives the network in f32 and in that, both ready to
    /// step.
    fn quantize(&self, run: &Run, _: Precision) -> Result<Steppers, Error> {
        Err(self.nothing_to_quantize(run))
    }

    /// Refuses fewer bits, for a task without weights in them.
    fn only_f32(&self, run: &Run, precision: Precision) -> Result<(), Error> {
        match precision {
            Precision::F32 => Ok(()),
            _ => Err(self.nothing_to_quantize(run)),
        }
    }

    /// The error of a task without weights in fewer bits.
    fn nothing_to_quantize(&self, run: &Run) -> Error {
        self.unable(
            run,
            "has no network that reads step by step; forecast, complete, classify, translate and \
             language runs can be quantised",
        )
    }

    /// The error of a task that does not do what is asked for.
    fn unable(&self, run: &Run, why: &'static str) -> Error {
        Error::NotOfTask {
            dir: run.dir().to_owned(),
            task: self.name(),
            why,
        }
    }
}

/// Verbs by the files in which they usually are, inside an `impl Task`: those that every task
/// does, `open` for a task that answers, `quantize` for one with weights in fewer bits.
macro_rules! by_usual_files {
    () => {
        fn name(&self) -> &'static str {
            NAME
        }

        fn validate(&self) -> Result<(), crate::Error> {
            self.check()
        }

        fn check_data(&self) -> Result<(), crate::Error> {
            fit::check_data(self)
        }

        fn describe(
            &self,
            run: Option<&recurra_train::Run>,
        ) -> Result<Vec<crate::network::Network>, crate::Error> {
            model::describe(self, run)
        }

        fn train(
            &self,
            run: &recurra_train::Run,
            control: &recurra_train::Control,
        ) -> Result<crate::Trained, crate::Error> {
            fit::train(self, run, control)
        }

        fn evaluate(
            &self,
            run: &recurra_train::Run,
            data: Option<&std::path::Path>,
            precision: crate::Precision,
        ) -> Result<Vec<crate::Evaluation>, crate::Error> {
            fit::evaluate(self, run, data, precision)
        }

        fn report(
            &self,
            run: &recurra_train::Run,
        ) -> Result<crate::tasks::RunReport, crate::Error> {
            report::report(self, run)
        }
    };
    (open) => {
        fn open(
            &self,
            run: &recurra_train::Run,
            precision: crate::Precision,
        ) -> Result<Box<dyn crate::Predictor>, crate::Error> {
            Ok(Box::new(infer::open(self, run, precision)?))
        }
    };
    (quantize) => {
        fn quantize(
            &self,
            run: &recurra_train::Run,
            precision: crate::Precision,
        ) -> Result<crate::quantize::Steppers, crate::Error> {
            fit::quantize(self, run, precision)
        }
    };
}
pub(super) use by_usual_files;
