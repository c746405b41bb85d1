//! Sizes of a call, and the direction in which it runs.

use crate::KernelError;

/// The sizes of a sequence call: T, B, I and H of the documentation. Any of them may be zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SequenceShape {
    /// T: time steps, padding included.
    pub seq_len: usize,
    /// B: rows that run side by side.
    pub batch_size: usize,
    /// I: width of the input.
    pub input_size: usize,
    /// H: width of the hidden state.
    pub hidden_size: usize,
}

impl SequenceShape {
    /// Whether there is no row or no unit: then there is nothing to run, however many steps.
    pub(crate) fn has_no_state(self) -> bool {
        self.batch_size == 0 || self.hidden_size == 0
    }
}

/// The order in which a row's steps run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the first step to the row's last real one.
    Forward,
    /// From the row's last real step to the first; padding is skipped, not passed through.
    Backward,
}

impl Direction {
    /// The times `0..seq_len` in running order.
    pub(crate) fn times(self, seq_len: usize) -> impl DoubleEndedIterator<Item = usize> {
        (0..seq_len).map(move |step| match self {
            Direction::Forward => step,
            Direction::Backward => seq_len - 1 - step,
        })
    }
}

/// One argument to be measured: its name, its dimensions in letters, and the dimensions.
#[derive(Clone, Copy)]
pub(crate) struct Argument<'a> {
    pub(crate) name: &'static str,
    pub(crate) layout: &'static str,
    pub(crate) dimensions: &'a [usize],
}

impl Argument<'_> {
    /// Refuses `got` values where the dimensions ask for another number.
    pub(crate) fn check(
        self,
        op: &'static str,
        shape: SequenceShape,
        got: usize,
    ) -> Result<(), KernelError> {
        let Argument {
            name,
            layout,
            dimensions,
        } = self;
        let wanted = dimensions
            .iter()
            .try_fold(1usize, |product, &size| product.checked_mul(size))
            .ok_or(KernelError::TooLarge {
                op,
                argument: name,
                layout,
                shape,
            })?;
        if wanted == got {
            return Ok(());
        }
        Err(KernelError::Length {
            op,
            argument: name,
            layout,
            wanted,
            got,
        })
    }
}
