//! The door: a call is checked completely, then carried out by the oracle or by the fast path.

use super::call::{ScanBackward, ScanForward};
use super::cell::ScanCell;
use super::min::{MinGru, MinLstm};
use super::qrnn::Qrnn;
use super::sru::Sru;
use super::{backward, forward};
use crate::arch::Machine;
use crate::{Candidate, Highway, Isa, KernelError, Pooling, ScanKind, scalar};

/// Runs a scanning cell over a whole sequence whose products are done.
///
/// Large calls are spread over the current rayon thread pool; the number of threads never
/// changes a bit of the result.
///
/// # Shapes
/// As noted on [`ScanForward`].
/// # Errors
/// [`KernelError`] naming the first argument whose length disagrees with `shape` and `cell`;
/// then nothing is written.
/// # Example
/// ```
/// use recurra_kernels::*;
/// // z = σ(0) = 1/2 at both steps, and g(x) = x + 1/2.
/// let (mut outputs, mut final_state) = ([0.0; 2], [0.0]);
/// scan_forward(ScanForward {
///     cell: ScanKind::MinGru { candidate: Candidate::Positive },
///     shape: ScanShape { seq_len: 2, batch_size: 1, hidden_size: 1 },
///     direction: Direction::Forward,
///     products: &[0.0, 1.5, 0.0, 0.5],
///     vectors: &[0.0, 0.0],
///     skip: None,
///     lengths: None,
///     state: &[4.0],
///     outputs: &mut outputs,
///     cells: None,
///     final_state: &mut final_state,
/// })?;
/// assert_eq!(outputs, [3.0, 2.0]);
/// # Ok::<(), KernelError>(())
/// ```
/// # Source
/// Feng et al. 2024, "Were RNNs all we needed?"; Lei et al. 2018, "Simple recurrent units for
/// highly parallelizable recurrence"; Bradbury et al. 2017, "Quasi-recurrent neural networks".
pub fn scan_forward(call: ScanForward<'_>) -> Result<(), KernelError> {
    scan_forward_on(Isa::active(), call)
}

/// Gradients of [`scan_forward`] by back-propagation through time.
///
/// # Shapes
/// As noted on [`ScanBackward`].
/// # Errors
/// As [`scan_forward`].
/// # Example
/// ```
/// use recurra_kernels::*;
/// // One step of h' = h/2 + (x + 1/2)/2 with loss h'.
/// let (mut d_products, mut d_vectors, mut d_state) = ([0.0; 2], [0.0; 2], [0.0]);
/// scan_backward(ScanBackward {
///     cell: ScanKind::MinGru { candidate: Candidate::Positive },
///     shape: ScanShape { seq_len: 1, batch_size: 1, hidden_size: 1 },
///     direction: Direction::Forward,
///     products: &[0.0, 1.5],
///     vectors: &[0.0, 0.0],
///     skip: None,
///     lengths: None,
///     state: &[4.0],
///     cells: &[3.0],
///     d_outputs: Some(&[1.0]),
///     d_final_state: None,
///     d_products: &mut d_products,
///     d_vectors: &mut d_vectors,
///     d_skip: None,
///     d_state: &mut d_state,
/// })?;
/// // (2 − 4) · σ'(0), then z, then 1 − z.
/// assert_eq!((d_products, d_state), ([-0.5, 0.5], [0.5]));
/// # Ok::<(), KernelError>(())
/// ```
pub fn scan_backward(call: ScanBackward<'_>) -> Result<(), KernelError> {
    scan_backward_on(Isa::active(), call)
}

/// [`scan_forward`] on a chosen instruction set, for comparing them.
///
/// # Errors
/// As [`scan_forward`]; also when the processor does not run `isa`.
pub fn scan_forward_on(isa: Isa, call: ScanForward<'_>) -> Result<(), KernelError> {
    const OP: &str = "scan_forward";
    let Some(machine) = machine(OP, isa)? else {
        return scalar::scan_forward(call);
    };
    call.check(OP)?;
    run(call.cell, Forward(machine, call));
    Ok(())
}

/// [`scan_backward`] on a chosen instruction set.
///
/// # Errors
/// As [`scan_forward_on`].
pub fn scan_backward_on(isa: Isa, call: ScanBackward<'_>) -> Result<(), KernelError> {
    const OP: &str = "scan_backward";
    let Some(machine) = machine(OP, isa)? else {
        return scalar::scan_backward(call);
    };
    call.check(OP)?;
    run(call.cell, Backward(machine, call));
    Ok(())
}

/// The machine of the fast path, or `None` for the oracle.
fn machine(op: &'static str, isa: Isa) -> Result<Option<Machine>, KernelError> {
    match Machine::of(isa) {
        Some(machine) => Ok(Some(machine)),
        None if isa == Isa::Scalar => Ok(None),
        None => Err(KernelError::IsaUnavailable { op, isa }),
    }
}

/// Something to be done with a cell, whichever it is.
trait Run {
    fn run<C, const G: usize, const V: usize>(self, cell: C)
    where
        C: ScanCell<G, V>;
}

struct Forward<'a>(Machine, ScanForward<'a>);
struct Backward<'a>(Machine, ScanBackward<'a>);

impl Run for Forward<'_> {
    fn run<C, const G: usize, const V: usize>(self, cell: C)
    where
        C: ScanCell<G, V>,
    {
        forward::scan_forward::<C, G, V>(cell, self.0, self.1);
    }
}

impl Run for Backward<'_> {
    fn run<C, const G: usize, const V: usize>(self, cell: C)
    where
        C: ScanCell<G, V>,
    {
        backward::scan_backward::<C, G, V>(cell, self.0, self.1);
    }
}

/// From kind to cell, with its numbers of products and of vectors.
fn run(kind: ScanKind, work: impl Run) {
    match kind {
        ScanKind::MinGru { candidate } => match candidate {
            Candidate::Positive => work.run::<_, 2, 2>(MinGru::<true>),
            Candidate::Linear => work.run::<_, 2, 2>(MinGru::<false>),
        },
        ScanKind::MinLstm { candidate } => match candidate {
            Candidate::Positive => work.run::<_, 3, 3>(MinLstm::<true>),
            Candidate::Linear => work.run::<_, 3, 3>(MinLstm::<false>),
        },
        ScanKind::Sru {
            peepholes,
            highway,
            scale,
        } => match (peepholes, highway) {
            (false, Highway::Input) => work.run::<_, 3, 2>(Sru::<false> { scale }),
            (true, Highway::Input) => work.run::<_, 3, 4>(Sru::<true> { scale }),
            (false, Highway::Projected) => work.run::<_, 4, 2>(Sru::<false> { scale }),
            (true, Highway::Projected) => work.run::<_, 4, 4>(Sru::<true> { scale }),
        },
        ScanKind::Qrnn { pooling } => match pooling {
            Pooling::F => work.run::<_, 2, 2>(Qrnn),
            Pooling::Fo => work.run::<_, 3, 3>(Qrnn),
            Pooling::Ifo => work.run::<_, 4, 4>(Qrnn),
        },
    }
}
