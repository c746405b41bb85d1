//! What decoding asks of a model.

use crate::NnError;

const OP: &str = "decode";

/// A model that reads one token of each row and says how each row goes on.
///
/// Nothing here is a tensor, so that a search can be tested on a table made by hand.
pub trait Stepwise {
    /// What the model remembers of every row of the batch.
    type State;

    /// How many tokens it tells apart.
    fn vocab_size(&self) -> usize;

    /// Reads `tokens`, one a row, and sets both parts of `output` to how each row goes on; without
    /// attention its alignment is empty. The memory of what stood there may be used again.
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
}

/// How each row of a batch goes on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepOutput {
    /// `ln p(token | what the row has read)`, row-major `[rows, vocab_size]`.
    pub log_probs: Vec<f32>,
    /// For a model with attention, each row's weights over the positions of its own source,
    /// padding left out; otherwise empty.
    pub alignment: Vec<Vec<f32>>,
}

impl StepOutput {
    /// Refuses what is not a row for each of `rows`.
    pub(super) fn check(&self, rows: usize, vocab_size: usize) -> Result<(), NnError> {
        if self.log_probs.len() != rows * vocab_size {
            let want = [rows, vocab_size];
            return Err(NnError::shape(OP, "log_probs", want, self.log_probs.len()));
        }
        if !self.alignment.is_empty() && self.alignment.len() != rows {
            return Err(NnError::shape(OP, "alignment", rows, self.alignment.len()));
        }
        Ok(())
    }

    /// All rows.
    pub(super) fn rows(&mut self, vocab_size: usize) -> RowsOutput<'_> {
        RowsOutput {
            vocab_size,
            log_probs: &mut self.log_probs,
            alignment: &mut self.alignment,
        }
    }
}

/// Some rows of a [`StepOutput`].
#[derive(Debug)]
pub(super) struct RowsOutput<'a> {
    vocab_size: usize,
    log_probs: &'a mut [f32],
    alignment: &'a mut [Vec<f32>],
}

impl<'a> RowsOutput<'a> {
    /// The first `count` rows, and the others.
    pub(super) fn split_at(self, count: usize) -> (Self, Self) {
        let (log_probs, other_log_probs) = self.log_probs.split_at_mut(count * self.vocab_size);
        let aligned = count.min(self.alignment.len());
        let (alignment, other_alignment) = self.alignment.split_at_mut(aligned);
        let rows = |log_probs, alignment| RowsOutput {
            vocab_size: self.vocab_size,
            log_probs,
            alignment,
        };
        (
            rows(log_probs, alignment),
            rows(other_log_probs, other_alignment),
        )
    }

    /// Refuses what is not a number.
    pub(super) fn check(&self) -> Result<(), NnError> {
        // Counted, because a loop that ends early is not made of vectors.
        match self.log_probs.iter().filter(|x| x.is_nan()).count() {
            0 => Ok(()),
            _ => Err(NnError::Shape {
                op: OP,
                arg: "log_probs",
                want: "numbers; the model's weights may have diverged".to_owned(),
                got: "NaN".to_owned(),
            }),
        }
    }

    /// The log-probabilities of each row.
    pub(super) fn log_probs(&mut self) -> impl Iterator<Item = &mut [f32]> {
        self.log_probs.chunks_exact_mut(self.vocab_size)
    }

    /// Takes the weights of one row out.
    pub(super) fn take_alignment(&mut self, row: usize) -> Vec<f32> {
        (self.alignment.get_mut(row))
            .map(std::mem::take)
            .unwrap_or_default()
    }
}
