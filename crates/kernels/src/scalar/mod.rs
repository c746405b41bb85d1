//! The oracle: the same equations, the same calls, in plain loops over f32 or f64.
//!
//! This is the specification. It takes one row at a time and one step at a time; a step's
//! equations stand in `rnn`, `lstm` and `gru` beside their derivatives, worked out by hand.
//! The fused path is tested against it in f64, and it against central differences.
//!
//! With `RECURRA_ISA=scalar` the door of this crate runs it in f32.
//!
//! # Example
//! ```
//! use recurra_kernels::*;
//! let (mut outputs, mut final_state) = ([0.0f64; 1], [0.0f64; 1]);
//! scalar::sequence_forward(SequenceForward {
//!     cell: CellKind::Rnn { activation: Activation::Relu },
//!     shape: SequenceShape { seq_len: 1, batch_size: 1, input_size: 2, hidden_size: 1 },
//!     direction: Direction::Forward,
//!     products: Products::F32,
//!     weights: Weights { w_ih: &[1.0, 2.0], w_hh: &[3.0], vectors: &[0.5] },
//!     x: &[10.0, 100.0],
//!     lengths: None,
//!     state: &[1000.0],
//!     outputs: &mut outputs,
//!     final_state: &mut final_state,
//! })?;
//! assert_eq!(outputs, [3210.5]);
//! # Ok::<(), KernelError>(())
//! ```

mod attention;
mod cross_entropy;
mod elementwise;
mod embedding;
mod gru;
mod linear;
mod lstm;
mod optimizer;
mod real;
mod rnn;
mod scan;
mod sequence;
mod single;
mod step;

pub use attention::{attend, attend_backward};
pub use cross_entropy::{
    cross_entropy, cross_entropy_gradient, linear_cross_entropy, log_softmax, log_softmax_backward,
};
pub use elementwise::{elementwise, elementwise_backward};
pub use embedding::{embed, embed_backward};
pub use linear::{linear, linear_backward};
pub use optimizer::{sum_of_squares, update};
pub use real::Real;
pub use scan::{scan_backward, scan_forward, scan_log_space};
pub(crate) use sequence::Trace;
pub use sequence::{sequence_backward, sequence_forward, sequence_forward_saving};
pub use single::{Step, step};
