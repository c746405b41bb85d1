//! Translation: an encoder reads a text, a decoder with attention writes another.

mod config;
mod data;
mod fit;
mod infer;
mod judge;
mod model;
mod report;

#[cfg(test)]
mod tests;

pub use config::{DataConfig, Recipe};
pub use infer::Translate;

pub(crate) use fit::{check_data, evaluate, train};
pub(crate) use infer::open;
pub(crate) use model::describe;
pub(crate) use report::report;

/// The task's name in recipes and runs.
pub const NAME: &str = "translate";
