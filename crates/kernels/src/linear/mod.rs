//! Linear maps of many rows, by the products of panels.
//!
//! - [`call`]: the calls and their checks.
//! - [`map`]: the packed map, and its three products.
//! - [`door`]: rows over threads and instruction sets.

mod call;
mod door;
pub(crate) mod map;

pub use call::{Linear, LinearBackward, LinearShape};
pub use door::{linear, linear_backward, linear_backward_on, linear_on};
