//! What the kernels around the recurrence promise, through their public doors.
#![expect(clippy::unwrap_used, reason = "a call that fails has failed the test")]

mod attention;
mod case;
mod cross_entropy;
mod elementwise;
mod embedding;
mod linear;
mod linear_cross_entropy;
mod log_softmax;
mod optimizer;
