//! Memory that steps work in.

use crate::arch::Lanes;

/// The working memory of [`step`](crate::step) and [`multiply_add`](crate::multiply_add).
///
/// It holds nothing between calls, so that one serves all layers and all rows of a thread. It
/// grows to the largest call made with it; from then on no call allocates.
#[derive(Clone, Debug, Default)]
pub struct StepWorkspace {
    pub(super) operand: OperandSpace,
    /// Sums of a product, or pre-activations and gates of a cell.
    pub(super) slots: Vec<Lanes>,
    /// A cell's state, padded.
    pub(super) state: Vec<Lanes>,
}

/// What a product multiplies, in the form that the weights' precision asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct OperandSpace {
    pub(super) int8: Vec<i8>,
    pub(super) pairs: Vec<[f32; 2]>,
}

impl StepWorkspace {
    /// One that has still to grow.
    pub fn new() -> StepWorkspace {
        StepWorkspace::default()
    }
}

/// The first `len` values of `values`, which grows if it has to.
pub(super) fn room<T: Copy + Default>(values: &mut Vec<T>, len: usize) -> &mut [T] {
    if values.len() < len {
        values.resize(len, T::default());
    }
    &mut values[..len]
}
