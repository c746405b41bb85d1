//! Softmax, its logarithm, and its cross-entropy with labels.
//!
//! The gradient of the cross-entropy is as good as known when the loss is, so one call computes
//! both and the gradient takes the place of the logits: every row passes through the caches once,
//! and nothing else of the size of the logits exists.
//!
//! - [`call`]: the calls and their checks.
//! - [`row`]: the passes over one row of logits.
//! - [`door`]: rows over threads and instruction sets.
//! - [`in_panels`]: the passes over many rows in panels.
//! - [`linear`]: the same behind a linear map, without all the logits.

mod call;
mod door;
mod in_panels;
mod linear;
pub(crate) mod row;

pub use call::{CrossEntropy, CrossEntropyGradient, LogSoftmax, LogSoftmaxBackward, LogitsShape};
pub use door::{
    cross_entropy, cross_entropy_gradient, cross_entropy_gradient_on, cross_entropy_on,
    log_softmax, log_softmax_backward, log_softmax_backward_on, log_softmax_on,
};
pub use linear::{
    LinearCrossEntropy, LinearGradients, LinearLogitsShape, linear_cross_entropy,
    linear_cross_entropy_on,
};
