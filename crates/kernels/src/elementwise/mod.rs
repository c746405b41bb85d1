//! One function on every element: exponential, sigmoid, tanh, ReLU, and their gradients.
//!
//! - [`exponential`]: e^x that vectorises; sigmoid and tanh are those of the gates.
//! - [`call`]: the calls, and who carries them out.
//! - [`pass`]: the loops over some elements.

mod call;
pub(crate) mod exponential;
mod pass;

pub use call::{
    Elementwise, ElementwiseBackward, Function, elementwise, elementwise_backward,
    elementwise_backward_on, elementwise_on,
};
