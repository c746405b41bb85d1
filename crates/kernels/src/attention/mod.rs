//! Attention: scores of keys for each query, their softmax, and the mix of values.
//!
//! A row of the batch is one thread's work. Nothing of the size `[B, Q, K, H]` exists: the tanh of
//! additive attention is computed where it is summed, and again on the way back.
//!
//! - [`call`]: the calls and their checks.
//! - [`vectors`]: sums over one vector or two.
//! - [`row`]: one row of the batch, forward and backward; [`dot`]: the same of many queries.
//! - [`door`]: rows over threads and instruction sets.

mod call;
mod door;
mod dot;
mod row;
mod vectors;

pub use call::{Attend, AttendBackward, AttentionShape, Score, ScoreGradient};
pub use door::{attend, attend_backward, attend_backward_on, attend_on};
