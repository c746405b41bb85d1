//! Memory that steps work in, and what of it a thread takes.

use crate::arch::Lanes;

/// The working memory of [`step`](crate::step), [`multiply_add`](crate::multiply_add) and
/// [`logits`](crate::logits()).
///
/// It holds nothing between calls, so that one serves all layers and all streams of a thread. It
/// grows to the largest call made with it; from then on no call for a single row allocates.
#[derive(Clone, Debug, Default)]
pub struct StepWorkspace {
    /// One for each thread that takes part.
    parts: Vec<Space>,
}

/// Where some rows are computed.
#[derive(Clone, Debug, Default)]
pub(super) struct Space {
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
    /// The same, each raised by 128.
    pub(super) raised: Vec<u8>,
    pub(super) scales: Vec<f32>,
    pub(super) pairs: Vec<[f32; 2]>,
}

impl StepWorkspace {
    /// One that has still to grow.
    pub fn new() -> StepWorkspace {
        StepWorkspace::default()
    }

    /// Memory for `count` threads.
    pub(super) fn parts(&mut self, count: usize) -> &mut [Space] {
        if self.parts.len() < count {
            self.parts.resize_with(count, Space::default);
        }
        &mut self.parts[..count]
    }
}

/// Products of two numbers below which a thread more does not pay.
const PART: usize = 1 << 18;

/// Rows for each thread, where a row is `products` products of two numbers.
pub(super) fn rows_of_a_part(batch_size: usize, products: usize) -> usize {
    let parts = batch_size.saturating_mul(products) / PART;
    batch_size.div_ceil(parts.clamp(1, rayon::current_num_threads()))
}

/// The first `len` values of `values`, which grows if it has to.
pub(super) fn room<T: Copy + Default>(values: &mut Vec<T>, len: usize) -> &mut [T] {
    if values.len() < len {
        values.resize(len, T::default());
    }
    &mut values[..len]
}
