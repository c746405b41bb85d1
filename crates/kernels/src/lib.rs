//! Recurrent kernels over plain slices: whole sequences, forward and backward through time.
//!
//! Three functions are the door: [`sequence_forward`] (inference), [`sequence_forward_saving`]
//! and [`sequence_backward`] (training). Each takes one struct that names every argument, checks
//! all of them, and runs on the fastest instruction set that the processor has ([`Isa`]).
//!
//! Letters of the documentation: T `seq_len`, B `batch_size`, I `input_size`, H `hidden_size`,
//! G gates, S states, V vectors of a cell ([`CellKind`]). Everything is row-major and time-major:
//! `[T, B, I]` in, `[T, B, H]` out.
//!
//! Where things are, in reading order:
//!
//! - [`scalar`]: the readable oracle, generic over f32 and f64. It is the specification.
//! - `fused`: the fast path. Matrix products over all steps at once where the recurrence allows,
//!   cells written once per unit over the `Recurrence` trait.
//! - `matrix`, `activation`: the matrix products and the functions that it builds on.
//! - `scan`: cells whose gates see only the input ([`ScanKind`]): [`scan_forward`] and
//!   [`scan_backward`] are their door.
//! - `linear`, `cross_entropy`, `elementwise`, `embedding`, `attention`, `optimizer`: what stands
//!   around a recurrence in training, each with doors of its own.
//! - `streaming`: one step of one row, with weights packed in f32, bf16 or int8: [`step`].
//! - `arch`: the instruction sets, and the only unsafe code.
//!
//! Promises, each with a test: every instruction set agrees with the oracle in f64; every
//! gradient agrees with central differences; a row's result does not depend on padding, on the
//! rows beside it or on their order; the number of threads never changes a bit.

mod error;
mod measure;
mod shape;
mod spread;
mod tiny;

mod activation;
mod arch;
mod cell;
mod check;
mod fused;
mod isa;
mod matrix;
mod products;
pub mod scalar;
mod scan;
mod sequence;

mod attention;
mod cross_entropy;
mod elementwise;
mod embedding;
mod linear;
mod optimizer;
mod streaming;

pub use attention::{
    Attend, AttendBackward, AttentionShape, Score, ScoreGradient, attend, attend_backward,
    attend_backward_on, attend_on,
};
pub use cell::{Activation, CellKind, Reset};
pub use cross_entropy::{
    CrossEntropy, CrossEntropyGradient, LinearCrossEntropy, LinearGradients, LinearLogitsShape,
    LogSoftmax, LogSoftmaxBackward, LogitsShape, cross_entropy, cross_entropy_gradient,
    cross_entropy_gradient_on, cross_entropy_on, linear_cross_entropy, linear_cross_entropy_on,
    log_softmax, log_softmax_backward, log_softmax_backward_on, log_softmax_on,
};
pub use elementwise::{
    Elementwise, ElementwiseBackward, Function, elementwise, elementwise_backward,
    elementwise_backward_on, elementwise_on,
};
pub use embedding::{
    Embed, EmbedBackward, EmbeddingShape, embed, embed_backward, embed_backward_on, embed_on,
};
pub use error::KernelError;
pub use isa::Isa;
pub use linear::{
    Linear, LinearBackward, LinearShape, linear, linear_backward, linear_backward_on, linear_on,
};
pub use optimizer::{
    Rule, Update, WeightDecay, sum_of_squares, sum_of_squares_on, update, update_on,
};
pub use products::Products;
pub use scan::{
    Candidate, Highway, Pooling, ScanBackward, ScanForward, ScanKind, ScanShape, scan_backward,
    scan_backward_on, scan_forward, scan_forward_on,
};
pub use sequence::{
    Saved, SequenceBackward, SequenceForward, Weights, sequence_backward, sequence_forward,
    sequence_forward_on, sequence_forward_saving, sequence_forward_saving_on,
};
pub use shape::{Direction, SequenceShape};
pub use streaming::{
    Int8Rows, Logits, MatrixRows, Normaliser, PEAK_LEN, PackedCell, PackedMatrix, Precision, Step,
    StepShape, StepWorkspace, bf16_to_f32, f32_to_bf16, logits, multiply_add, peak, step,
};
