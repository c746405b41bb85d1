//! Rows of numbers that steps read and write in memory which they keep.

use crate::Tensor;
use crate::weights::values;

/// Rows of one width.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    width: usize,
    values: Vec<f32>,
}

impl Rows {
    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn count(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }

    pub(super) fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// Becomes no rows of this width.
    pub(super) fn clear(&mut self, width: usize) {
        self.width = width;
        self.values.clear();
    }

    pub(super) fn push(&mut self, row: &[f32]) {
        self.values.extend_from_slice(row);
    }

    /// Sets the width and hands out the values; the caller leaves whole rows in them.
    pub(super) fn replace(&mut self, width: usize) -> &mut Vec<f32> {
        self.width = width;
        &mut self.values
    }

    /// Adds other rows of the same width, one to each.
    pub(super) fn add(&mut self, other: &Self) {
        for (value, other) in self.values.iter_mut().zip(&other.values) {
            *value += other;
        }
    }

    /// Becomes these of its rows in this order; a row may come more than once, or not at all.
    pub(super) fn select(&mut self, rows: &[usize], spare: &mut Vec<f32>) {
        spare.clear();
        for &row in rows {
            spare.extend_from_slice(&self.values[row * self.width..][..self.width]);
        }
        std::mem::swap(&mut self.values, spare);
    }

    /// Becomes the first `width` values of each of `rows`.
    pub(super) fn set_beginnings(&mut self, rows: &Self, width: usize) {
        self.clear(width);
        for row in rows.values.chunks_exact(rows.width) {
            self.push(&row[..width]);
        }
    }

    /// Becomes the rows of all parts side by side; the first part is there, others need not be.
    pub(super) fn set_beside<const N: usize>(&mut self, parts: [Option<&Self>; N]) {
        let parts = || parts.iter().copied().flatten();
        self.clear(parts().map(|part| part.width).sum());
        let count = parts().map(|part| part.values.len() / part.width).next();
        for row in 0..count.unwrap_or(0) {
            for part in parts() {
                self.push(&part.values[row * part.width..][..part.width]);
            }
        }
    }
}

impl<const D: usize> From<Tensor<D>> for Rows {
    fn from(x: Tensor<D>) -> Self {
        Self {
            width: x.dims()[D - 1],
            values: values(&x),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(width: usize, values: &[f32]) -> Rows {
        Rows {
            width,
            values: values.to_vec(),
        }
    }

    #[test]
    fn parts_stand_side_by_side_row_by_row() {
        let (left, right) = (rows(2, &[1.0, 2.0, 3.0, 4.0]), rows(1, &[5.0, 6.0]));
        let mut both = rows(7, &[9.0; 14]);
        both.set_beside([Some(&left), None, Some(&right)]);
        assert_eq!(
            (both.width(), both.values()),
            (3, &[1.0, 2.0, 5.0, 3.0, 4.0, 6.0][..])
        );
        let mut first = Rows::default();
        first.set_beginnings(&both, 2);
        assert_eq!(first.values(), left.values());
    }

    #[test]
    fn rows_are_repeated_and_left_out() {
        let mut picked = rows(2, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        picked.select(&[2, 0, 2], &mut Vec::new());
        assert_eq!(picked.values(), [5.0, 6.0, 1.0, 2.0, 5.0, 6.0]);
    }
}
