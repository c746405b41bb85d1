//! Losses: one number from outputs and labels, averaged over real steps.

mod adaptive;
mod binary_cross_entropy;
mod coverage;
mod crf;
mod cross_entropy;
mod mse;
mod sampled;
mod steps;

pub use adaptive::{AdaptiveSoftmax, Cutoffs};
pub use binary_cross_entropy::binary_cross_entropy;
pub use coverage::coverage_loss;
pub use crf::{Crf, TagConstraint};
pub use cross_entropy::{
    Labels, cross_entropy, linear_cross_entropy, smoothed_cross_entropy, tied_cross_entropy,
};
pub use mse::mse;
pub use sampled::sampled_cross_entropy;
