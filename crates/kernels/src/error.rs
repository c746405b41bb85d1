//! What can be wrong with a call.

use crate::{Isa, SequenceShape};

/// A call that a kernel cannot carry out; nothing has been written.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// A slice does not hold as many values as `shape` and `cell` ask for.
    #[error("{op}: `{argument}` {layout} needs {wanted} values, got {got}")]
    Length {
        /// The function called.
        op: &'static str,
        /// The argument as the call names it.
        argument: &'static str,
        /// Its dimensions, in the letters of the documentation.
        layout: &'static str,
        /// Values needed.
        wanted: usize,
        /// Values given.
        got: usize,
    },
    /// A row is longer than the sequence.
    #[error("{op}: `lengths[{row}]` must be at most `seq_len` {seq_len}, got {got}")]
    RowLength {
        /// The function called.
        op: &'static str,
        /// Index of the row in the batch.
        row: usize,
        /// The longest that it may be.
        seq_len: usize,
        /// The length given.
        got: usize,
    },
    /// The number of values that an argument needs exceeds `usize`.
    #[error("{op}: `{argument}` {layout} has more values than can be addressed for {shape:?}")]
    TooLarge {
        /// The function called.
        op: &'static str,
        /// The argument as the call names it.
        argument: &'static str,
        /// Its dimensions, in the letters of the documentation.
        layout: &'static str,
        /// The shape given.
        shape: SequenceShape,
    },
    /// The number of values that an argument needs exceeds `usize`.
    #[error("{op}: `{argument}` {layout} has more values than can be addressed for {dimensions:?}")]
    Overflow {
        /// The function called.
        op: &'static str,
        /// The argument as the call names it.
        argument: &'static str,
        /// Its dimensions, in the letters of the documentation.
        layout: &'static str,
        /// Its dimensions.
        dimensions: Vec<usize>,
    },
    /// A label or token id is not below the number of those that there are.
    #[error("{op}: `{argument}[{row}]` must be below {size}, got {got}")]
    Id {
        /// The function called.
        op: &'static str,
        /// The argument as the call names it.
        argument: &'static str,
        /// Index of the id.
        row: usize,
        /// How many there are.
        size: usize,
        /// The id given.
        got: u32,
    },
    /// A number is outside its range.
    #[error("{op}: `{argument}` must be {wanted}, got {got}")]
    Range {
        /// The function called.
        op: &'static str,
        /// The argument as the call names it.
        argument: &'static str,
        /// The range.
        wanted: &'static str,
        /// The number given.
        got: f64,
    },
    /// The clip of an LSTM is no positive number.
    #[error("{op}: `clip` must be greater than zero, got {got}")]
    Clip {
        /// The function called.
        op: &'static str,
        /// The clip given.
        got: f32,
    },
    /// A row is so long that sums of its products in int8 would overflow.
    #[error("{op}: `{argument}` must be at most {limit} in int8, got {got}; use bf16")]
    Int8Columns {
        /// The function called.
        op: &'static str,
        /// The argument as the call names it.
        argument: &'static str,
        /// The most columns.
        limit: usize,
        /// The columns given.
        got: usize,
    },
    /// `saved` was made by a forward pass of something else.
    #[error(
        "{op}: `saved` comes from a forward pass with {got}, this call has {wanted}; \
         pass what `sequence_forward_saving` returned for the same arguments"
    )]
    SavedMismatch {
        /// The function called.
        op: &'static str,
        /// Cell, shape and direction of this call.
        wanted: String,
        /// Cell, shape and direction that `saved` was made with.
        got: String,
    },
    /// The processor cannot run this instruction set.
    #[error("{op}: this processor does not run `{isa}`; `Isa::available` lists what it runs")]
    IsaUnavailable {
        /// The function called.
        op: &'static str,
        /// The instruction set asked for.
        isa: Isa,
    },
}
