//! The logits of a few rows, and what a search asks of them, a block of tokens after another.
//!
//! The logits of a large vocabulary outgrow every cache but the last, and a softmax and the search
//! for its peaks would read them again from there. A block is still near when its product is done.

use super::matrix::{PackedMatrix, start_from};
use super::rows::{Rows, RowsMut};
use super::workspace::{Space, StepWorkspace, rows_of_a_part};
use crate::KernelError;
use crate::arch::{LANES, Machine, Work};
use crate::cross_entropy::row::{greater, max, sum_of_exponentials};
use crate::elementwise::exponential::exp_below_zero;
use crate::measure::Measure;
use crate::spread::spread;
use std::ops::Range;

/// Tokens that share a peak.
pub const PEAK_LEN: usize = 4 * LANES;

/// Panels whose logits are looked at together: those of a hundred rows fit a second-level cache.
const BLOCK_PANELS: usize = 8 * PEAK_LEN / LANES;

/// What makes log-probabilities of the logits of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normaliser {
    /// The greatest logit.
    pub max: f32,
    /// `ln Σ e^(logit − max)`; NaN where a logit is NaN or `+∞`, or all are `−∞`.
    pub log_sum: f32,
}

impl Normaliser {
    /// That of numbers that are log-probabilities.
    pub const NONE: Normaliser = Normaliser {
        max: 0.0,
        log_sum: 0.0,
    };

    /// `ln p` of a token with this logit; never less than that of a smaller one.
    #[inline]
    pub fn log_prob(self, logit: f32) -> f32 {
        // In this order a difference of large numbers comes first, and is exact.
        (logit - self.max) - self.log_sum
    }
}

/// The greatest of some logits, `−∞` of none; NaN is passed over.
pub fn peak(logits: &[f32]) -> f32 {
    max(logits)
}

/// `logits = b + W·x` for each row, with the normalisers of their softmax and their peaks.
#[derive(Debug)]
pub struct Logits<'a> {
    /// W, `[V, columns]`.
    pub matrix: &'a PackedMatrix,
    /// B: how many rows.
    pub batch_size: usize,
    /// `[B, columns]`
    pub x: &'a [f32],
    /// b, `[V]`.
    pub bias: &'a [f32],
    /// `[B, V]`, overwritten like what follows.
    pub logits: &'a mut [f32],
    /// `[B]`
    pub normalisers: &'a mut [Normaliser],
    /// `[B, ⌈V / PEAK_LEN⌉]`: the greatest of every [`PEAK_LEN`] logits, NaN passed over.
    pub peaks: &'a mut [f32],
    /// Where it is computed.
    pub workspace: &'a mut StepWorkspace,
}

/// Logits as [`multiply_add`](crate::multiply_add) makes them, and what a search asks of them.
///
/// # Shapes
/// As noted on [`Logits`].
/// # Errors
/// [`KernelError::Length`] naming the argument; then nothing is written.
/// # Example
/// ```
/// use recurra_kernels::*;
/// let matrix = PackedMatrix::pack(&[1.0, -1.0, 0.0], [3, 1], Precision::F32)?;
/// let (mut values, mut normalisers, mut peaks) = ([0.0; 3], [Normaliser::NONE], [0.0]);
/// logits(Logits {
///     matrix: &matrix,
///     batch_size: 1,
///     x: &[2.0],
///     bias: &[0.0, 0.0, 4.0],
///     logits: &mut values,
///     normalisers: &mut normalisers,
///     peaks: &mut peaks,
///     workspace: &mut StepWorkspace::new(),
/// })?;
/// assert_eq!((values, peaks), ([2.0, -2.0, 4.0], [4.0]));
/// let sum: f32 = values.iter().map(|&x| normalisers[0].log_prob(x).exp()).sum();
/// assert!((sum - 1.0).abs() < 1e-6);
/// # Ok::<(), KernelError>(())
/// ```
pub fn logits(call: Logits<'_>) -> Result<(), KernelError> {
    let Logits {
        matrix,
        batch_size,
        x,
        bias,
        logits,
        normalisers,
        peaks,
        workspace,
    } = call;
    let measure = Measure { op: "logits" };
    let (vocab_size, columns) = (matrix.rows(), matrix.columns());
    let num_peaks = vocab_size.div_ceil(PEAK_LEN);
    measure.len("x", "[B, columns]", &[batch_size, columns], x)?;
    measure.len("bias", "[V]", &[vocab_size], bias)?;
    measure.len("logits", "[B, V]", &[batch_size, vocab_size], logits)?;
    measure.len("normalisers", "[B]", &[batch_size], normalisers)?;
    measure.len(
        "peaks",
        "[B, ⌈V / PEAK_LEN⌉]",
        &[batch_size, num_peaks],
        peaks,
    )?;
    normalisers.fill(Normaliser {
        max: f32::NEG_INFINITY,
        log_sum: 0.0,
    });
    if logits.is_empty() {
        normalisers.iter_mut().for_each(Normaliser::finish);
        return Ok(());
    }
    let rows = rows_of_a_part(batch_size, vocab_size * columns.max(1));
    let spaces = workspace.parts(batch_size.div_ceil(rows));
    let mut rest = Part {
        x,
        logits,
        normalisers,
        peaks,
    };
    if let [space] = spaces {
        rest.run(matrix, bias, space);
        return Ok(());
    }
    let mut parts = Vec::with_capacity(spaces.len());
    for space in spaces {
        let count = rows.min(rest.normalisers.len());
        let (part, after) = rest.split_at(count, matrix);
        parts.push((part, space));
        rest = after;
    }
    spread(parts, |(part, space)| part.run(matrix, bias, space));
    Ok(())
}

/// Some rows: one thread's work.
struct Part<'a> {
    x: &'a [f32],
    logits: &'a mut [f32],
    /// Until the end, with the sum in the place of its logarithm.
    normalisers: &'a mut [Normaliser],
    peaks: &'a mut [f32],
}

impl Part<'_> {
    /// The first `count` rows, and the others.
    fn split_at(self, count: usize, matrix: &PackedMatrix) -> (Self, Self) {
        let vocab_size = matrix.rows();
        let (x, other_x) = self.x.split_at(count * matrix.columns());
        let (logits, other_logits) = self.logits.split_at_mut(count * vocab_size);
        let (normalisers, other_normalisers) = self.normalisers.split_at_mut(count);
        let (peaks, other_peaks) = self
            .peaks
            .split_at_mut(count * vocab_size.div_ceil(PEAK_LEN));
        (
            Part {
                x,
                logits,
                normalisers,
                peaks,
            },
            Part {
                x: other_x,
                logits: other_logits,
                normalisers: other_normalisers,
                peaks: other_peaks,
            },
        )
    }

    fn run(self, matrix: &PackedMatrix, bias: &[f32], space: &mut Space) {
        let Part {
            x,
            logits,
            normalisers,
            peaks,
        } = self;
        let vocab_size = matrix.rows();
        let machine = Machine::of(matrix.isa()).unwrap_or(Machine::Portable);
        // Always in these blocks, so that a sum does not depend on how its logits came about.
        let blocks = (0..vocab_size.div_ceil(LANES)).step_by(BLOCK_PANELS);
        let mut survey = |first: usize, logits: &[f32]| {
            machine.run(Survey {
                tokens: first * LANES..((first + BLOCK_PANELS) * LANES).min(vocab_size),
                vocab_size,
                logits,
                normalisers: &mut *normalisers,
                peaks: &mut *peaks,
            });
        };
        if matrix.columns() == 0 {
            start_from(Some(bias), &mut RowsMut::close(logits, vocab_size));
            blocks.for_each(|first| survey(first, logits));
        } else if let Some(product) =
            matrix.product_of_many(Rows::close(x, matrix.columns()), &mut space.operand)
        {
            for first in blocks {
                let panels = first..(first + BLOCK_PANELS).min(matrix.num_panels());
                let mut rows = RowsMut::close(logits, vocab_size);
                product.run(panels, Some(bias), &mut rows);
                survey(first, logits);
            }
        } else {
            matrix.add_to_rows(x, Some(bias), logits, space);
            blocks.for_each(|first| survey(first, logits));
        }
        normalisers.iter_mut().for_each(Normaliser::finish);
    }
}

impl Normaliser {
    /// Puts the logarithm in the place of the sum.
    fn finish(&mut self) {
        let any = self.max > f32::NEG_INFINITY;
        let log_sum = f64::from(self.log_sum).ln() as f32;
        self.log_sum = if any { log_sum } else { f32::NAN };
    }
}

/// Takes a block of tokens into normalisers and peaks.
///
/// # Source
/// Milakov and Gimelshein 2018, "Online normalizer calculation for softmax".
struct Survey<'a> {
    /// The first is the first of a peak.
    tokens: Range<usize>,
    vocab_size: usize,
    /// `[B, V]`, like what follows.
    logits: &'a [f32],
    normalisers: &'a mut [Normaliser],
    peaks: &'a mut [f32],
}

impl Work for Survey<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let peaks = (self.peaks).chunks_exact_mut(self.vocab_size.div_ceil(PEAK_LEN));
        let rows = self.logits.chunks_exact(self.vocab_size).zip(peaks);
        for (normaliser, (logits, peaks)) in self.normalisers.iter_mut().zip(rows) {
            let logits = &logits[self.tokens.clone()];
            let peaks = &mut peaks[self.tokens.start / PEAK_LEN..];
            let mut most = normaliser.max;
            for (peak, logits) in peaks.iter_mut().zip(logits.chunks(PEAK_LEN)) {
                *peak = max(logits);
                most = greater(most, *peak);
            }
            // `−∞` as a number that can be subtracted from itself.
            let finite = greater(f32::MIN, most);
            let before = exp_below_zero::<FUSED>(normaliser.max - finite) * normaliser.log_sum;
            *normaliser = Normaliser {
                max: most,
                log_sum: before + sum_of_exponentials::<FUSED>(logits, finite),
            };
        }
    }
}
