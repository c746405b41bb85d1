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
pub(crate) use fit::{evaluate, train};
pub(crate) use report::report;

use crate::Error;
use crate::inspect::{Network, Part};
use crate::report::graph::Topology;
use crate::tasks::device;
use recurra_train::Run;

/// The task's name in recipes and runs.
pub const NAME: &str = "memory";

pub(crate) fn describe(recipe: &Recipe, _: Option<&Run>) -> Result<Vec<Network>, Error> {
    let describe = |contest: fit::Contest<'_>| {
        let seed = recipe.train.seed;
        let model =
            model::MemoryNet::new(contest.network, &contest.examples, seed, &device(false))?;
        let (topology, input, output) = match contest.problem {
            Problem::Adding { .. } => (Topology::ManyToOne, "value, mark", "sum"),
            Problem::Copy { .. } => (Topology::ManyToManyAligned, "symbol", "symbol"),
        };
        Ok(Network {
            name: format!("{}, {}", contest.network.name, contest.problem.name()),
            topology,
            input: input.to_owned(),
            output: output.to_owned(),
            steps: contest.examples.seq_len(),
            front: Vec::new(),
            layers: model.stack.summary(),
            head: vec![Part::linear(&model.head)],
        })
    };
    fit::contests(recipe)?.into_iter().map(describe).collect()
}
