//! Recurrent networks over Burn tensors: what a network computes.

mod error;
mod mode;
pub mod optim;
pub mod weights;

pub use error::NnError;
pub use mode::{Mode, Rng, rng};
