//! Rows of a matrix in the order in which one vector times the matrix reads them.
//!
//! A panel is sixteen rows, column after column; what sixteen rows have of a column, or of as
//! many neighbouring columns as fit, is one [`Line`] of a cache. A product reads a few panels
//! side by side, each from first to last: several streams keep memory busier than one.

use crate::arch::{LANES, Line};
use crate::matrix::View;

/// A packed matrix: `[panels][depth]` lines, `depth` the words of a row.
#[derive(Clone, Debug)]
pub(super) struct Panels<T> {
    depth: usize,
    lines: Vec<Line<T>>,
}

/// Rows of all panels together, for a matrix of `rows` rows.
pub(super) fn padded_rows(rows: usize) -> usize {
    rows.next_multiple_of(LANES)
}

impl<T: Copy + Default> Panels<T> {
    /// Packs a matrix whose row `r` is the `depth` words `row(r)`, or empty where it is `None`.
    pub(super) fn pack(rows: usize, depth: usize, row: impl Fn(usize) -> Option<Vec<T>>) -> Self {
        let mut lines = vec![Line::default(); rows.div_ceil(LANES) * depth];
        for r in 0..rows {
            let panel = &mut lines[r / LANES * depth..][..depth];
            let words = row(r).unwrap_or_default();
            for (line, word) in panel.iter_mut().zip(words) {
                line.0[r % LANES] = word;
            }
        }
        Panels { depth, lines }
    }
}

impl<T> Panels<T> {
    pub(super) fn num_bytes(&self) -> usize {
        size_of_val(&self.lines[..])
    }

    /// Words of a row.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// How many there are; none of a matrix without columns.
    pub(super) fn count(&self) -> usize {
        self.lines.len().checked_div(self.depth).unwrap_or(0)
    }

    /// All lines from those of panel `first` on.
    pub(super) fn lines_from(&self, first: usize) -> &[Line<T>] {
        &self.lines[first * self.depth..]
    }

    /// `AT_ONCE` panels from panel `first` on.
    #[inline(always)]
    pub(super) fn get<const AT_ONCE: usize>(&self, first: usize) -> [&[Line<T>]; AT_ONCE] {
        std::array::from_fn(|index| &self.lines[(first + index) * self.depth..][..self.depth])
    }
}

impl Panels<f32> {
    /// As the right operand of a product of matrices.
    pub(super) fn view(&self) -> View<'_> {
        View::of(&self.lines, self.depth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_holds_its_rows_column_by_column() {
        let rows: Vec<Vec<i32>> = (0..20).map(|r| vec![r, 100 + r, 200 + r]).collect();
        let panels = Panels::pack(20, 3, |r| (r != 1).then(|| rows[r].clone()));
        let [first, second] = panels.get::<2>(0);
        assert_eq!(first.len(), 3);
        assert_eq!(first[0].0[..3], [0, 0, 2]);
        assert_eq!(first[2].0[13..], [213, 214, 215]);
        assert_eq!(second[1].0[2..6], [118, 119, 0, 0]);
        assert_eq!(panels.num_bytes(), 2 * 3 * 64);
    }
}
