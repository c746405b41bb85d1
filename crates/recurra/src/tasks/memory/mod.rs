//! The task `memory`.

mod config;
mod infer;

pub use config::Recipe;
pub use infer::Memory;

use super::{Evaluation, RunReport, Trained};
use crate::Error;
use crate::inspect::Network;
use recurra_train::{Control, Run};
use std::path::Path;

/// The task's name in recipes and runs.
pub const NAME: &str = "memory";

fn missing(run: &Run) -> Error {
    Error::Unfinished {
        dir: run.dir().to_owned(),
        message: "this task is not there yet".to_owned(),
    }
}

pub(crate) fn check_data(_: &Recipe) -> Result<(), Error> {
    Ok(())
}

pub(crate) fn train(_: &Recipe, run: &Run, _: &Control) -> Result<Trained, Error> {
    Err(missing(run))
}

pub(crate) fn evaluate(_: &Recipe, run: &Run, _: Option<&Path>) -> Result<Vec<Evaluation>, Error> {
    Err(missing(run))
}

pub(crate) fn open(_: &Recipe, run: &Run) -> Result<Memory, Error> {
    Err(missing(run))
}

pub(crate) fn report(_: &Recipe, run: &Run) -> Result<RunReport, Error> {
    Err(missing(run))
}

pub(crate) fn describe(_: &Recipe, _: Option<&Run>) -> Result<Vec<Network>, Error> {
    Ok(Vec::new())
}
