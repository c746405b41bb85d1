//! The door: whole sequences, forward and backward through time.
//!
//! A call is checked completely, then carried out by the oracle or by the fused path.

use crate::arch::Machine;
use crate::{CellKind, Direction, Isa, KernelError, Products, SequenceShape, fused, scalar};

/// The parameters of a cell; see [`CellKind`] for their order.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a, R = f32> {
    /// `[G·H, I]`, applied to the input.
    pub w_ih: &'a [R],
    /// `[G·H, H]`, applied to the hidden state; `[H]` of an `IndRnn`.
    pub w_hh: &'a [R],
    /// `[V, H]`: biases, then peepholes.
    pub vectors: &'a [R],
}

/// A forward pass over a whole sequence.
///
/// A row of length `n` runs through times `0..n`, or `n − 1` down to `0` with
/// [`Direction::Backward`]. At times `n..T` its state stays as it is and its output is zero, so
/// `final_state` is the state after the row's own last step, and the initial one when `n = 0`.
/// Rows do not influence each other: a row's numbers are the same bits alone, in another order,
/// or beside other rows.
#[derive(Debug)]
pub struct SequenceForward<'a, R = f32> {
    /// The equations.
    pub cell: CellKind,
    /// T, B, I and H.
    pub shape: SequenceShape,
    /// The order of the steps.
    pub direction: Direction,
    /// What the matrix products multiply.
    pub products: Products,
    /// The parameters.
    pub weights: Weights<'a, R>,
    /// `[T, B, I]`; what lies past a row's length is never read.
    pub x: &'a [R],
    /// `[B]`, each at most T; `None` when every row has T steps.
    pub lengths: Option<&'a [usize]>,
    /// `[S, B, H]`: the initial hidden state, then the cell state.
    pub state: &'a [R],
    /// `[T, B, H]`, overwritten: the hidden state after each step.
    pub outputs: &'a mut [R],
    /// `[S, B, H]`, overwritten: the state after each row's last step.
    pub final_state: &'a mut [R],
}

/// Back-propagation through time for one [`SequenceForward`], whose `cell` to `state` it repeats.
///
/// The results, from `d_x` to `d_state`, are overwritten. At a row's padding `d_outputs` is not
/// read and `d_x` is zero.
#[derive(Debug)]
pub struct SequenceBackward<'a, R = f32> {
    /// The equations.
    pub cell: CellKind,
    /// T, B, I and H.
    pub shape: SequenceShape,
    /// The order of the forward steps.
    pub direction: Direction,
    /// What the matrix products multiply.
    pub products: Products,
    /// The parameters.
    pub weights: Weights<'a, R>,
    /// `[T, B, I]`.
    pub x: &'a [R],
    /// `[B]`, or `None` when every row has T steps.
    pub lengths: Option<&'a [usize]>,
    /// `[S, B, H]`: the initial state.
    pub state: &'a [R],
    /// What the forward pass kept; used up, because gradients overwrite it in place.
    pub saved: Saved<R>,
    /// `[T, B, H]`: gradient of the outputs; `None` for zero.
    pub d_outputs: Option<&'a [R]>,
    /// `[S, B, H]`: gradient of the final state; `None` for zero.
    pub d_final_state: Option<&'a [R]>,
    /// `[T, B, I]`; `None` when nobody asks for it.
    pub d_x: Option<&'a mut [R]>,
    /// `[G·H, I]`.
    pub d_w_ih: &'a mut [R],
    /// As `w_hh`.
    pub d_w_hh: &'a mut [R],
    /// `[V, H]`.
    pub d_vectors: &'a mut [R],
    /// `[S, B, H]`: gradient of the initial state.
    pub d_state: &'a mut [R],
}

/// What a forward pass keeps for its backward pass. Opaque; made by
/// [`sequence_forward_saving`].
#[derive(Debug)]
pub struct Saved<R = f32> {
    /// What was run, so that a backward pass of something else is refused.
    pub(crate) origin: Origin,
    pub(crate) kept: Kept<R>,
}

/// What identifies the forward pass that something was saved from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Origin {
    pub(crate) cell: CellKind,
    pub(crate) shape: SequenceShape,
    pub(crate) direction: Direction,
    pub(crate) products: Products,
    pub(crate) lengths: Option<Vec<usize>>,
}

/// The activations themselves, by the path that made them.
#[derive(Debug)]
pub(crate) enum Kept<R> {
    Scalar(scalar::Trace<R>),
    Fused(fused::Trace),
}

/// Runs a sequence and keeps nothing: inference.
///
/// Large calls are spread over the current rayon thread pool; the number of threads never
/// changes a bit of the result.
///
/// # Shapes
/// As noted on [`SequenceForward`].
/// # Errors
/// [`KernelError`] naming the first argument whose length disagrees with `shape` and `cell`;
/// then nothing is written.
/// # Example
/// ```
/// use recurra_kernels::*;
/// // One unit, one row, two steps: h = tanh(x + h).
/// let (mut outputs, mut final_state) = ([0.0; 2], [0.0]);
/// sequence_forward(SequenceForward {
///     cell: CellKind::Rnn { activation: Activation::Tanh },
///     shape: SequenceShape { seq_len: 2, batch_size: 1, input_size: 1, hidden_size: 1 },
///     direction: Direction::Forward,
///     products: Products::F32,
///     weights: Weights { w_ih: &[1.0], w_hh: &[1.0], vectors: &[0.0] },
///     x: &[0.5, 0.25],
///     lengths: None,
///     state: &[0.0],
///     outputs: &mut outputs,
///     final_state: &mut final_state,
/// })?;
/// let h1 = 0.5f32.tanh();
/// assert!((outputs[0] - h1).abs() < 1e-6);
/// assert!((outputs[1] - (0.25 + h1).tanh()).abs() < 1e-6);
/// assert_eq!(final_state[0], outputs[1]);
/// # Ok::<(), KernelError>(())
/// ```
pub fn sequence_forward(call: SequenceForward<'_>) -> Result<(), KernelError> {
    sequence_forward_on(Isa::active(), call)
}

/// [`sequence_forward`], keeping what [`sequence_backward`] needs: training.
///
/// # Errors
/// As [`sequence_forward`].
pub fn sequence_forward_saving(call: SequenceForward<'_>) -> Result<Saved, KernelError> {
    sequence_forward_saving_on(Isa::active(), call)
}

/// Gradients of a sequence by back-propagation through time.
///
/// # Shapes
/// As noted on [`SequenceBackward`].
/// # Errors
/// As [`sequence_forward`]; also when `saved` is not from a forward pass with the same cell,
/// shape, direction and lengths.
/// # Example
/// ```
/// use recurra_kernels::*;
/// // One step of h = tanh(w·x) with loss h: dw = (1 − h²)·x.
/// let cell = CellKind::Rnn { activation: Activation::Tanh };
/// let shape = SequenceShape { seq_len: 1, batch_size: 1, input_size: 1, hidden_size: 1 };
/// let (direction, products) = (Direction::Forward, Products::F32);
/// let weights = Weights { w_ih: &[2.0], w_hh: &[0.0], vectors: &[0.0] };
/// let (x, state) = (&[0.5], &[0.0]);
/// let (mut outputs, mut final_state) = ([0.0], [0.0]);
/// let saved = sequence_forward_saving(SequenceForward {
///     cell, shape, direction, products, weights, x, lengths: None, state,
///     outputs: &mut outputs, final_state: &mut final_state,
/// })?;
/// let (mut d_w_ih, mut d_w_hh, mut d_vectors, mut d_state) = ([0.0], [0.0], [0.0], [0.0]);
/// sequence_backward(SequenceBackward {
///     cell, shape, direction, products, weights, x, lengths: None, state, saved,
///     d_outputs: Some(&[1.0]), d_final_state: None, d_x: None,
///     d_w_ih: &mut d_w_ih, d_w_hh: &mut d_w_hh, d_vectors: &mut d_vectors, d_state: &mut d_state,
/// })?;
/// assert!((d_w_ih[0] - (1.0 - outputs[0] * outputs[0]) * 0.5).abs() < 1e-6);
/// # Ok::<(), KernelError>(())
/// ```
pub fn sequence_backward(call: SequenceBackward<'_>) -> Result<(), KernelError> {
    match call.saved.kept {
        Kept::Scalar(_) => scalar::sequence_backward(call),
        Kept::Fused(_) => {
            call.check("sequence_backward")?;
            fused::sequence_backward(call);
            Ok(())
        }
    }
}

/// [`sequence_forward`] on a chosen instruction set, for comparing them.
///
/// # Errors
/// As [`sequence_forward`]; also when the processor does not run `isa`.
pub fn sequence_forward_on(isa: Isa, call: SequenceForward<'_>) -> Result<(), KernelError> {
    match path("sequence_forward", isa)? {
        None => scalar::sequence_forward(call),
        Some(machine) => {
            call.check("sequence_forward")?;
            fused::sequence_forward(machine, call);
            Ok(())
        }
    }
}

/// [`sequence_forward_saving`] on a chosen instruction set; [`sequence_backward`] then runs on
/// the same one.
///
/// # Errors
/// As [`sequence_forward_on`].
pub fn sequence_forward_saving_on(
    isa: Isa,
    call: SequenceForward<'_>,
) -> Result<Saved, KernelError> {
    match path("sequence_forward_saving", isa)? {
        None => scalar::sequence_forward_saving(call),
        Some(machine) => {
            call.check("sequence_forward_saving")?;
            let origin = call.origin();
            let kept = Kept::Fused(fused::sequence_forward_saving(machine, call));
            Ok(Saved { origin, kept })
        }
    }
}

/// The machine of the fused path, or `None` for the oracle.
fn path(op: &'static str, isa: Isa) -> Result<Option<Machine>, KernelError> {
    match Machine::of(isa) {
        Some(machine) => Ok(Some(machine)),
        None if isa == Isa::Scalar => Ok(None),
        None => Err(KernelError::IsaUnavailable { op, isa }),
    }
}
