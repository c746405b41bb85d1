//! Rows over threads and instruction sets.

use super::call::{CrossEntropy, CrossEntropyGradient, LogSoftmax, LogSoftmaxBackward};
use super::row::{LogSum, sum};
use crate::arch::Work;
use crate::elementwise::exponential::exp;
use crate::spread::{rows_per_part, spread};
use crate::{Isa, KernelError, scalar};

/// The cross-entropy of every row of logits with its label, in nats.
///
/// A row with a NaN, with `+∞`, or with `−∞` only, has the loss NaN; a label whose logit is `−∞`
/// has the loss `∞`.
///
/// # Shapes
/// `logits [N, V]`; `labels`, `mask`, `losses` `[N]`.
/// # Errors
/// [`KernelError::Length`] naming the first argument that does not fit the shape,
/// [`KernelError::Id`] with the place of a label that is not below V, [`KernelError::Range`] for
/// the smoothing. Nothing is written then.
/// # Source
/// Label smoothing: Szegedy et al. 2016, section 7, in the form of PyTorch.
/// # Example
/// ```
/// use recurra_kernels::{CrossEntropy, LogitsShape, cross_entropy};
/// let mut losses = [0.0];
/// cross_entropy(CrossEntropy {
///     shape: LogitsShape { rows: 1, vocab_size: 2 },
///     logits: &[0.0, 3f32.ln()], // probabilities 1/4 and 3/4
///     labels: &[0],
///     mask: None,
///     smoothing: 0.0,
///     losses: &mut losses,
/// })?;
/// assert!((losses[0] - 4f32.ln()).abs() < 1e-6);
/// # Ok::<(), recurra_kernels::KernelError>(())
/// ```
pub fn cross_entropy(call: CrossEntropy<'_>) -> Result<(), KernelError> {
    cross_entropy_on(Isa::active(), call)
}

/// [`cross_entropy`] on a chosen instruction set.
///
/// # Errors
/// As [`cross_entropy`], and [`KernelError::IsaUnavailable`].
pub fn cross_entropy_on(isa: Isa, call: CrossEntropy<'_>) -> Result<(), KernelError> {
    call.check()?;
    let Some(machine) = isa.path("cross_entropy")? else {
        return scalar::cross_entropy(call);
    };
    let vocab_size = call.shape.vocab_size;
    let targets = Targets {
        labels: call.labels,
        mask: call.mask,
        smoothing: call.smoothing,
        vocab_size,
    };
    let rows = rows_per_part(vocab_size, PART);
    let parts = call.losses.chunks_mut(rows).enumerate().collect();
    spread(parts, |(part, losses)| {
        let first_row = part * rows;
        machine.run(Losses {
            targets,
            first_row,
            logits: &call.logits[first_row * vocab_size..],
            losses,
        });
    });
    Ok(())
}

/// The losses of [`cross_entropy`], and the gradient of their scaled sum in place of the logits.
///
/// # Errors
/// As [`cross_entropy`].
/// # Example
/// ```
/// use recurra_kernels::{CrossEntropyGradient, LogitsShape, cross_entropy_gradient};
/// let (mut logits, mut losses) = ([7.0, 7.0], [0.0]);
/// cross_entropy_gradient(CrossEntropyGradient {
///     shape: LogitsShape { rows: 1, vocab_size: 2 },
///     logits: &mut logits,
///     labels: &[1],
///     mask: None,
///     smoothing: 0.0,
///     scale: 1.0,
///     losses: &mut losses,
/// })?;
/// assert_eq!(logits, [0.5, -0.5]);
/// # Ok::<(), recurra_kernels::KernelError>(())
/// ```
pub fn cross_entropy_gradient(call: CrossEntropyGradient<'_>) -> Result<(), KernelError> {
    cross_entropy_gradient_on(Isa::active(), call)
}

/// [`cross_entropy_gradient`] on a chosen instruction set.
///
/// # Errors
/// As [`cross_entropy`], and [`KernelError::IsaUnavailable`].
pub fn cross_entropy_gradient_on(
    isa: Isa,
    call: CrossEntropyGradient<'_>,
) -> Result<(), KernelError> {
    call.check()?;
    let Some(machine) = isa.path("cross_entropy_gradient")? else {
        return scalar::cross_entropy_gradient(call);
    };
    let vocab_size = call.shape.vocab_size;
    let targets = Targets {
        labels: call.labels,
        mask: call.mask,
        smoothing: call.smoothing,
        vocab_size,
    };
    if vocab_size == 0 {
        call.losses.fill(0.0);
        return Ok(());
    }
    let rows = rows_per_part(vocab_size, PART);
    let logits = call.logits.chunks_mut(rows * vocab_size);
    let parts = logits.zip(call.losses.chunks_mut(rows)).enumerate();
    spread(parts.collect(), |(part, (logits, losses))| {
        machine.run(Gradients {
            targets,
            first_row: part * rows,
            scale: call.scale,
            logits,
            losses,
        });
    });
    Ok(())
}

/// The logarithm of the softmax of every row.
///
/// # Errors
/// [`KernelError::Length`] when the values do not fit the shape.
/// # Example
/// ```
/// use recurra_kernels::{LogSoftmax, LogitsShape, log_softmax};
/// let mut values = [1000.0, 1000.0];
/// let shape = LogitsShape { rows: 1, vocab_size: 2 };
/// log_softmax(LogSoftmax { shape, values: &mut values })?;
/// assert_eq!(values, [-std::f32::consts::LN_2; 2]);
/// # Ok::<(), recurra_kernels::KernelError>(())
/// ```
pub fn log_softmax(call: LogSoftmax<'_>) -> Result<(), KernelError> {
    log_softmax_on(Isa::active(), call)
}

/// [`log_softmax`] on a chosen instruction set.
///
/// # Errors
/// As [`log_softmax`], and [`KernelError::IsaUnavailable`].
pub fn log_softmax_on(isa: Isa, call: LogSoftmax<'_>) -> Result<(), KernelError> {
    call.check()?;
    let Some(machine) = isa.path("log_softmax")? else {
        return scalar::log_softmax(call);
    };
    let vocab_size = call.shape.vocab_size.max(1);
    let part = rows_per_part(vocab_size, PART) * vocab_size;
    spread(call.values.chunks_mut(part).collect(), |values| {
        machine.run(Logarithms { vocab_size, values });
    });
    Ok(())
}

/// The gradient of [`log_softmax`].
///
/// # Errors
/// [`KernelError::Length`] naming the argument that does not fit the shape.
pub fn log_softmax_backward(call: LogSoftmaxBackward<'_>) -> Result<(), KernelError> {
    log_softmax_backward_on(Isa::active(), call)
}

/// [`log_softmax_backward`] on a chosen instruction set.
///
/// # Errors
/// As [`log_softmax_backward`], and [`KernelError::IsaUnavailable`].
pub fn log_softmax_backward_on(isa: Isa, call: LogSoftmaxBackward<'_>) -> Result<(), KernelError> {
    call.check()?;
    let Some(machine) = isa.path("log_softmax_backward")? else {
        return scalar::log_softmax_backward(call);
    };
    let vocab_size = call.shape.vocab_size.max(1);
    let part = rows_per_part(vocab_size, PART) * vocab_size;
    let log_probs = call.log_probs.chunks(part);
    let parts = log_probs.zip(call.gradients.chunks_mut(part)).collect();
    spread(parts, |(log_probs, gradients)| {
        machine.run(LogarithmsBack {
            vocab_size,
            log_probs,
            gradients,
        });
    });
    Ok(())
}

/// Values that are one thread's work at a time.
const PART: usize = 1 << 15;

/// What the rows are compared with.
#[derive(Clone, Copy)]
pub(super) struct Targets<'a> {
    pub(super) labels: &'a [u32],
    pub(super) mask: Option<&'a [bool]>,
    pub(super) smoothing: f64,
    pub(super) vocab_size: usize,
}

impl Targets<'_> {
    /// The label of a row, if the row counts.
    fn label(&self, row: usize) -> Option<usize> {
        let counts = self.mask.is_none_or(|mask| mask[row]);
        counts.then(|| self.labels[row] as usize)
    }

    /// A row's loss; `mean` is that of its logits, asked for only when labels are smoothed.
    #[inline(always)]
    pub(super) fn loss(&self, log_sum: LogSum, label: f32, mean: impl FnOnce() -> f32) -> f32 {
        let nats = log_sum.nats(label);
        if self.smoothing == 0.0 {
            return nats as f32;
        }
        let smoothed = log_sum.nats(mean());
        ((1.0 - self.smoothing) * nats + self.smoothing * smoothed) as f32
    }
}

/// Losses alone.
pub(super) struct Losses<'a> {
    pub(super) targets: Targets<'a>,
    pub(super) first_row: usize,
    pub(super) logits: &'a [f32],
    pub(super) losses: &'a mut [f32],
}

impl Work for Losses<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let vocab_size = self.targets.vocab_size;
        for (index, loss) in self.losses.iter_mut().enumerate() {
            let Some(label) = self.targets.label(self.first_row + index) else {
                *loss = 0.0;
                continue;
            };
            let row = &self.logits[index * vocab_size..][..vocab_size];
            let log_sum = LogSum::of::<FUSED>(row);
            let mean = || sum(row) / vocab_size as f32;
            *loss = self.targets.loss(log_sum, row[label], mean);
        }
    }
}

/// Losses and gradients.
pub(super) struct Gradients<'a> {
    pub(super) targets: Targets<'a>,
    pub(super) first_row: usize,
    pub(super) scale: f64,
    pub(super) logits: &'a mut [f32],
    pub(super) losses: &'a mut [f32],
}

impl Work for Gradients<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Gradients {
            targets,
            first_row,
            scale,
            logits,
            losses,
        } = self;
        let vocab_size = targets.vocab_size;
        let shared = (scale * targets.smoothing / vocab_size as f64) as f32;
        let of_label = (scale * (1.0 - targets.smoothing)) as f32;
        let rows = logits.chunks_exact_mut(vocab_size);
        for (index, (row, loss)) in rows.zip(losses).enumerate() {
            let Some(label) = targets.label(first_row + index) else {
                *loss = 0.0;
                row.fill(0.0);
                continue;
            };
            let logit = row[label];
            // Before the exponentials take their place.
            let mean = match targets.smoothing {
                0.0 => 0.0,
                _ => sum(row) / vocab_size as f32,
            };
            let log_sum = LogSum::with_exponentials::<FUSED>(row);
            *loss = targets.loss(log_sum, logit, || mean);
            let factor = (scale / f64::from(log_sum.sum)) as f32;
            for value in row.iter_mut() {
                *value = *value * factor - shared;
            }
            row[label] -= of_label;
        }
    }
}

struct Logarithms<'a> {
    vocab_size: usize,
    values: &'a mut [f32],
}

impl Work for Logarithms<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        for row in self.values.chunks_exact_mut(self.vocab_size) {
            let LogSum { max, sum } = LogSum::of::<FUSED>(row);
            let log_sum = f64::from(sum).ln() as f32;
            for value in row {
                // In this order a difference of large numbers comes first, and is exact.
                *value = (*value - max) - log_sum;
            }
        }
    }
}

struct LogarithmsBack<'a> {
    vocab_size: usize,
    log_probs: &'a [f32],
    gradients: &'a mut [f32],
}

impl Work for LogarithmsBack<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let log_probs = self.log_probs.chunks_exact(self.vocab_size);
        let gradients = self.gradients.chunks_exact_mut(self.vocab_size);
        for (log_probs, gradients) in log_probs.zip(gradients) {
            let total = sum(gradients);
            for (gradient, &log_prob) in gradients.iter_mut().zip(log_probs) {
                *gradient -= exp::<FUSED>(log_prob) * total;
            }
        }
    }
}
