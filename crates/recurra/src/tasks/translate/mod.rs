//! Translation: an encoder reads a text, a decoder with attention writes another.

mod chat;
mod compare;
mod config;
mod data;
mod fit;
mod infer;
mod judge;
mod model;
mod pairs;
mod report;
mod retrieval;
mod unknown;
mod vocabs;

#[cfg(test)]
mod copying_tests;
#[cfg(test)]
mod tests;

pub use chat::{Chat, ChatOptions, Reply};
pub use compare::Comparison;
pub use config::{DataConfig, DecodeOptions, JudgeConfig, Recipe, Vocabulary};
pub use infer::Translate;

pub(crate) use compare::compare;
pub(crate) use infer::open;
pub(crate) use pairs::parts;

use super::{Task, by_usual_files};
use crate::network::Network;
use crate::report::graph::Graph;

/// The task's name in recipes and runs.
pub const NAME: &str = "translate";

impl Task for Recipe {
    by_usual_files!();
    by_usual_files!(open);
    by_usual_files!(quantize);

    fn graphs(&self, networks: &[Network]) -> Vec<Graph> {
        model::graphs(self, networks)
    }
}
