//! What happens between the backward pass and the next forward pass.
//!
//! - [`Gradients`]: those of a model as plain arrays; their norm.
//! - [`Updater`]: one pass over weights, gradients and memory, by a [`Rule`].

mod gradients;
mod updater;

pub use gradients::{Gradients, clip_factor, first_non_finite_weight};
pub use recurra_kernels::{Rule, WeightDecay};
pub use updater::Updater;
