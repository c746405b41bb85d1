//! What decoding asks of a model.

use crate::NnError;
use recurra_kernels::{Normaliser, PEAK_LEN, peak};

const OP: &str = "decode";

/// A model that reads one token of each row and says how each row goes on.
///
/// Nothing here is a tensor, so that a search can be tested on a table made by hand.
pub trait Stepwise: Sync {
    /// What the model remembers of every row of the batch.
    type State: Clone + Send;

    /// How many tokens it tells apart.
    fn vocab_size(&self) -> usize;

    /// Reads `tokens`, one a row, and sets `output` to how each row goes on. The memory of what
    /// stood there may be used again.
    ///
    /// # Errors
    /// Whatever the model refuses.
    fn step(
        &self,
        tokens: &[u32],
        state: Self::State,
        output: &mut StepOutput,
    ) -> Result<Self::State, NnError>;

    /// The state of these rows in this order; a row may come more than once, or not at all.
    fn select(&self, state: Self::State, rows: &[usize]) -> Self::State;

    /// How many rows a state is of, if it tells. By default it does not.
    fn num_rows(&self, state: &Self::State) -> Option<usize> {
        let _ = state;
        None
    }
}

/// How each row of a batch goes on.
///
/// # Example
/// ```
/// use recurra_nn::decode::StepOutput;
///
/// let mut output = StepOutput::default();
/// output.set(3, vec![0.25_f32.ln(), 0.5_f32.ln(), 0.25_f32.ln()], Vec::new());
/// assert_eq!(output.log_probs()[1], 0.5_f32.ln());
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepOutput {
    vocab_size: usize,
    /// `[rows, vocab_size]`: or what has the same softmax, as log-probabilities have.
    logits: Vec<f32>,
    /// `[rows]`: what makes log-probabilities of them.
    normalisers: Vec<Normaliser>,
    /// `[rows, ⌈vocab_size / PEAK_LEN⌉]`: the greatest of every `PEAK_LEN` logits, by which a
    /// search passes over those that are too small without looking at them.
    peaks: Vec<f32>,
    alignment: Vec<Vec<f32>>,
}

/// Where a step leaves its logits; see [`StepOutput`].
pub(crate) struct LogitSpace<'a> {
    pub(crate) logits: &'a mut [f32],
    pub(crate) normalisers: &'a mut [Normaliser],
    pub(crate) peaks: &'a mut [f32],
}

impl StepOutput {
    /// Says how the rows go on.
    ///
    /// # Shapes
    /// `log_probs [rows, vocab_size]`: of each row `ln p(token | what the row has read)`.
    /// `alignment [rows][source_len]`: for a model with attention each row's weights over the
    /// positions of its own source, padding left out; otherwise nothing.
    pub fn set(&mut self, vocab_size: usize, log_probs: Vec<f32>, alignment: Vec<Vec<f32>>) {
        self.vocab_size = vocab_size;
        self.logits = log_probs;
        self.normalisers.clear();
        self.peaks.clear();
        for row in self.logits.chunks(vocab_size.max(1)) {
            // Counted, because a loop that ends early is not made of vectors.
            let is_number = row.iter().filter(|x| x.is_nan()).count() == 0;
            self.normalisers.push(Normaliser {
                log_sum: if is_number { 0.0 } else { f32::NAN },
                ..Normaliser::NONE
            });
            self.peaks.extend(row.chunks(PEAK_LEN).map(peak));
        }
        self.alignment = alignment;
    }

    /// Leaves nothing but the memory of what stood here, emptied, for the next log-probabilities.
    pub fn take(&mut self) -> Vec<f32> {
        let mut memory = std::mem::take(self).logits;
        memory.clear();
        memory
    }

    /// Room for the logits of so many rows, all of which the caller overwrites.
    pub(crate) fn space(
        &mut self,
        [rows, vocab_size]: [usize; 2],
        alignment: Vec<Vec<f32>>,
    ) -> LogitSpace<'_> {
        self.vocab_size = vocab_size;
        self.logits.resize(rows * vocab_size, 0.0);
        self.normalisers.resize(rows, Normaliser::NONE);
        (self.peaks).resize(rows * vocab_size.div_ceil(PEAK_LEN), 0.0);
        self.alignment = alignment;
        LogitSpace {
            logits: &mut self.logits,
            normalisers: &mut self.normalisers,
            peaks: &mut self.peaks,
        }
    }

    /// `ln p(token | what the row has read)`, row-major `[rows, vocab_size]`.
    pub fn log_probs(&self) -> Vec<f32> {
        let rows = (self.logits.chunks(self.vocab_size.max(1))).zip(&self.normalisers);
        rows.flat_map(|(row, normaliser)| row.iter().map(|&logit| normaliser.log_prob(logit)))
            .collect()
    }

    /// Each row's weights over its own source; nothing without attention.
    pub fn alignment(&self) -> &[Vec<f32>] {
        &self.alignment
    }

    /// Takes the weights of one row out.
    pub(super) fn take_alignment(&mut self, row: usize) -> Vec<f32> {
        take_alignment(&mut self.alignment, row)
    }

    /// Refuses what is not a row of numbers for each of `rows`.
    pub(super) fn check(&self, rows: usize, vocab_size: usize) -> Result<(), NnError> {
        if self.vocab_size != vocab_size {
            return Err(NnError::shape(
                OP,
                "vocab_size",
                vocab_size,
                self.vocab_size,
            ));
        }
        if self.logits.len() != rows * vocab_size {
            let want = [rows, vocab_size];
            return Err(NnError::shape(OP, "log_probs", want, self.logits.len()));
        }
        if !self.alignment.is_empty() && self.alignment.len() != rows {
            return Err(NnError::shape(OP, "alignment", rows, self.alignment.len()));
        }
        match self.normalisers.iter().any(|one| one.log_sum.is_nan()) {
            false => Ok(()),
            true => Err(NnError::Shape {
                op: OP,
                arg: "log_probs",
                want: "numbers; the model's weights may have diverged".to_owned(),
                got: "NaN".to_owned(),
            }),
        }
    }

    /// Puts the log-probabilities of a row in the place of its logits.
    pub(super) fn normalise(&mut self, row: usize) -> &mut [f32] {
        let num_peaks = self.vocab_size.div_ceil(PEAK_LEN);
        let logits = &mut self.logits[row * self.vocab_size..][..self.vocab_size];
        let peaks = &mut self.peaks[row * num_peaks..][..num_peaks];
        let normaliser = std::mem::replace(&mut self.normalisers[row], Normaliser::NONE);
        for logit in logits.iter_mut().chain(peaks) {
            *logit = normaliser.log_prob(*logit);
        }
        logits
    }

    /// All rows.
    pub(super) fn rows(&mut self) -> RowsOutput<'_> {
        RowsOutput {
            vocab_size: self.vocab_size,
            logits: &mut self.logits,
            normalisers: &self.normalisers,
            peaks: &self.peaks,
            alignment: &mut self.alignment,
        }
    }
}

/// Some rows of a [`StepOutput`].
#[derive(Debug)]
pub(super) struct RowsOutput<'a> {
    vocab_size: usize,
    logits: &'a mut [f32],
    normalisers: &'a [Normaliser],
    peaks: &'a [f32],
    alignment: &'a mut [Vec<f32>],
}

/// How one row goes on.
#[derive(Debug)]
pub(super) struct RowOutput<'a> {
    pub(super) logits: &'a mut [f32],
    pub(super) normaliser: Normaliser,
    /// None of every [`PEAK_LEN`] logits is greater.
    pub(super) peaks: &'a [f32],
}

impl<'a> RowsOutput<'a> {
    /// The first `count` rows, and the others.
    pub(super) fn split_at(self, count: usize) -> (Self, Self) {
        let Self { vocab_size, .. } = self;
        let (logits, other_logits) = self.logits.split_at_mut(count * vocab_size);
        let (normalisers, other_normalisers) = self.normalisers.split_at(count);
        let num_peaks = vocab_size.div_ceil(PEAK_LEN);
        let (peaks, other_peaks) = self.peaks.split_at(count * num_peaks);
        let aligned = count.min(self.alignment.len());
        let (alignment, other_alignment) = self.alignment.split_at_mut(aligned);
        (
            RowsOutput {
                vocab_size,
                logits,
                normalisers,
                peaks,
                alignment,
            },
            RowsOutput {
                vocab_size,
                logits: other_logits,
                normalisers: other_normalisers,
                peaks: other_peaks,
                alignment: other_alignment,
            },
        )
    }

    /// Row by row.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = RowOutput<'_>> {
        let num_peaks = self.vocab_size.div_ceil(PEAK_LEN);
        let rows = (self.logits.chunks_exact_mut(self.vocab_size)).zip(self.normalisers);
        let rows = rows.zip(self.peaks.chunks_exact(num_peaks));
        rows.map(|((logits, &normaliser), peaks)| RowOutput {
            logits,
            normaliser,
            peaks,
        })
    }

    /// Takes the weights of one row out.
    pub(super) fn take_alignment(&mut self, row: usize) -> Vec<f32> {
        take_alignment(self.alignment, row)
    }
}

fn take_alignment(alignment: &mut [Vec<f32>], row: usize) -> Vec<f32> {
    (alignment.get_mut(row))
        .map(std::mem::take)
        .unwrap_or_default()
}
