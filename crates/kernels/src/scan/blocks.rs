//! Rows over time and over threads.

use rayon::prelude::*;

use super::call::ScanShape;
use crate::Direction;

/// Steps of a block.
///
/// Long enough that a block is worth a task, and short enough that its products stay in the
/// second-level cache between two passes.
pub(super) const BLOCK: usize = 128;

/// How much work goes side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spread {
    /// Nothing: the work is too small.
    Alone,
    /// Rows; the blocks of a row one after another.
    Rows,
    /// All blocks of all rows, in two passes.
    Blocks,
}

impl Spread {
    /// Values below which handing work to other threads costs more than it saves.
    const WORTHWHILE: usize = 1 << 15;

    /// For a call of such rows, whose real steps are `lengths`.
    pub(super) fn of(
        shape: ScanShape,
        values_per_step: usize,
        lengths: &[usize],
        linear: bool,
    ) -> Spread {
        let threads = rayon::current_num_threads();
        let values = lengths
            .iter()
            .sum::<usize>()
            .saturating_mul(values_per_step);
        if threads < 2 || values < Spread::WORTHWHILE {
            return Spread::Alone;
        }
        // Two passes are nearly twice the work, so they are for rows that leave threads idle.
        let longest = lengths.iter().max().copied().unwrap_or(0);
        if linear && shape.batch_size < threads && longest > 2 * BLOCK {
            return Spread::Blocks;
        }
        Spread::Rows
    }

    /// Carries out `task` for every item, in any order.
    pub(super) fn each<T: Send>(self, items: Vec<T>, task: impl Fn(T) + Send + Sync) {
        if self == Spread::Alone || items.len() < 2 {
            items.into_iter().for_each(task);
        } else {
            items.into_par_iter().with_max_len(1).for_each(task);
        }
    }
}

/// The real steps of every row.
pub(super) fn lengths(shape: ScanShape, lengths: Option<&[usize]>) -> Vec<usize> {
    match lengths {
        Some(lengths) => lengths.to_vec(),
        None => vec![shape.seq_len; shape.batch_size],
    }
}

/// The steps of a block: all of a row where time cannot be cut.
pub(super) fn block_len(linear: bool) -> usize {
    if linear { BLOCK } else { usize::MAX }
}

/// The `length` real steps of one row of `[T, per_step]`, cut into blocks in reading order.
pub(super) fn cut(
    row: &[f32],
    per_step: usize,
    length: usize,
    direction: Direction,
    block: usize,
) -> Vec<&[f32]> {
    let real = &row[..length * per_step];
    let size = block.saturating_mul(per_step);
    match direction {
        Direction::Forward => real.chunks(size).collect(),
        Direction::Backward => real.rchunks(size).collect(),
    }
}

/// As [`cut`], to be written; the padding becomes zero.
pub(super) fn cut_mut(
    row: &mut [f32],
    per_step: usize,
    length: usize,
    direction: Direction,
    block: usize,
) -> Vec<&mut [f32]> {
    let (real, padding) = row.split_at_mut(length * per_step);
    padding.fill(0.0);
    let size = block.saturating_mul(per_step);
    match direction {
        Direction::Forward => real.chunks_mut(size).collect(),
        Direction::Backward => real.rchunks_mut(size).collect(),
    }
}

/// Row `row` of `[rows, size]`.
#[inline(always)]
pub(super) fn row_of(values: &[f32], row: usize, size: usize) -> &[f32] {
    &values[row * size..][..size]
}
