//! The calls and their checks.

use crate::KernelError;
use crate::measure::Measure;

/// The sizes of logits: N and V of the documentation. Either may be zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LogitsShape {
    /// N: rows, one prediction each.
    pub rows: usize,
    /// V: the tokens that a row chooses from.
    pub vocab_size: usize,
}

impl LogitsShape {
    fn dimensions(self) -> [usize; 2] {
        [self.rows, self.vocab_size]
    }
}

/// The loss of every row: `−(1 − s)·log p[label] − s/V·Σ log p`, with `p = softmax(logits)`.
#[derive(Debug)]
pub struct CrossEntropy<'a, R = f32> {
    /// N and V.
    pub shape: LogitsShape,
    /// `[N, V]`
    pub logits: &'a [R],
    /// `[N]`: what is right, below V; not looked at where the mask is false.
    pub labels: &'a [u32],
    /// `[N]`: true for rows that count; all count where it is `None`.
    pub mask: Option<&'a [bool]>,
    /// s: the share of the label that is spread over all tokens, in `[0, 1]`.
    pub smoothing: f64,
    /// `[N]`, overwritten; zero for rows that do not count.
    pub losses: &'a mut [R],
}

/// The loss of every row, and the gradient of their sum times `scale`.
#[derive(Debug)]
pub struct CrossEntropyGradient<'a, R = f32> {
    /// N and V.
    pub shape: LogitsShape,
    /// `[N, V]`; overwritten with `scale·(p − (1 − s)·1[label] − s/V)`, and with zeros in rows
    /// that do not count.
    pub logits: &'a mut [R],
    /// As in [`CrossEntropy`].
    pub labels: &'a [u32],
    /// As in [`CrossEntropy`].
    pub mask: Option<&'a [bool]>,
    /// As in [`CrossEntropy`].
    pub smoothing: f64,
    /// The gradient of each row's loss: 1 / N for their mean.
    pub scale: f64,
    /// As in [`CrossEntropy`].
    pub losses: &'a mut [R],
}

/// `log softmax` of every row, in place.
#[derive(Debug)]
pub struct LogSoftmax<'a, R = f32> {
    /// N and V.
    pub shape: LogitsShape,
    /// `[N, V]`: logits; overwritten with the logarithms of their probabilities.
    pub values: &'a mut [R],
}

/// `dx = dy − softmax(x)·Σ dy` of every row, in place.
#[derive(Debug)]
pub struct LogSoftmaxBackward<'a, R = f32> {
    /// N and V.
    pub shape: LogitsShape,
    /// `[N, V]`: y, what [`log_softmax`](crate::log_softmax) made.
    pub log_probs: &'a [R],
    /// `[N, V]`: dy; overwritten with dx.
    pub gradients: &'a mut [R],
}

impl<R> CrossEntropy<'_, R> {
    pub(crate) fn check(&self) -> Result<(), KernelError> {
        let checks = Checks {
            measure: Measure {
                op: "cross_entropy",
            },
            shape: self.shape,
        };
        checks.table("logits", self.logits)?;
        checks.targets(self.labels, self.mask, self.smoothing, self.losses)
    }
}

impl<R> CrossEntropyGradient<'_, R> {
    pub(crate) fn check(&self) -> Result<(), KernelError> {
        let checks = Checks {
            measure: Measure {
                op: "cross_entropy_gradient",
            },
            shape: self.shape,
        };
        checks.table("logits", self.logits)?;
        checks.targets(self.labels, self.mask, self.smoothing, self.losses)
    }
}

impl<R> LogSoftmax<'_, R> {
    pub(crate) fn check(&self) -> Result<(), KernelError> {
        let measure = Measure { op: "log_softmax" };
        measure.len("values", "[N, V]", &self.shape.dimensions(), self.values)
    }
}

impl<R> LogSoftmaxBackward<'_, R> {
    pub(crate) fn check(&self) -> Result<(), KernelError> {
        let checks = Checks {
            measure: Measure {
                op: "log_softmax_backward",
            },
            shape: self.shape,
        };
        checks.table("log_probs", self.log_probs)?;
        checks.table("gradients", self.gradients)
    }
}

struct Checks {
    measure: Measure,
    shape: LogitsShape,
}

impl Checks {
    fn table<T>(&self, name: &'static str, values: &[T]) -> Result<(), KernelError> {
        (self.measure).len(name, "[N, V]", &self.shape.dimensions(), values)
    }

    fn targets<R>(
        &self,
        labels: &[u32],
        mask: Option<&[bool]>,
        smoothing: f64,
        losses: &[R],
    ) -> Result<(), KernelError> {
        (self.measure).targets(self.shape.dimensions(), labels, mask, smoothing)?;
        self.measure
            .len("losses", "[N]", &[self.shape.rows], losses)
    }
}

impl Measure {
    /// Refuses labels that do not fit logits `[rows, vocab_size]`.
    pub(super) fn targets(
        self,
        [rows, vocab_size]: [usize; 2],
        labels: &[u32],
        mask: Option<&[bool]>,
        smoothing: f64,
    ) -> Result<(), KernelError> {
        self.len("labels", "[N]", &[rows], labels)?;
        if let Some(mask) = mask {
            self.len("mask", "[N]", &[rows], mask)?;
        }
        self.ids("labels", labels, mask, vocab_size)?;
        if (0.0..=1.0).contains(&smoothing) {
            return Ok(());
        }
        Err(KernelError::Range {
            op: self.op,
            argument: "smoothing",
            wanted: "from 0 to 1",
            got: smoothing,
        })
    }
}
