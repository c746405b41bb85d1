//! Linear models over sparse rows, and what fits them.

mod minimise;
mod model;
mod pixels;
mod rows;

pub(super) use minimise::Stop;
pub(super) use model::{Cost, LinearModel};
pub use pixels::PixelClassifier;
pub(super) use rows::Rows;
