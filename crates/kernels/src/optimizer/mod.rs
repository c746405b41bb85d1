//! How gradients become changes of the weights: every rule one pass over the weights, their
//! gradients and what is remembered of past ones.
//!
//! - [`rule`]: the rules and their numbers.
//! - [`call`]: the call, its checks, and who carries it out.
//! - [`pass`]: the passes.
//! - [`norm`]: the sum of squares that clipping by the global norm needs.

mod call;
mod norm;
mod pass;
mod rule;

pub use call::{Update, update, update_on};
pub use norm::{sum_of_squares, sum_of_squares_on};
pub use rule::{Rule, WeightDecay};
