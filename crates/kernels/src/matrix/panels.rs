//! The one layout of all working memory: matrices in panels of sixteen columns.

use std::ops::Range;

use super::pool::Buffer;
use crate::Products;
use crate::arch::{LANES, Lanes, Line, Machine, Simd, VectorWork, Work};
use crate::spread::{rows_per_part, spread};

/// A matrix in panels: [`LANES`] columns side by side, a panel one row after another, the last
/// panel filled up with any values.
///
/// The same memory serves as every operand: its rows as the left one of a product, its panels as
/// the right one, its rows again as the left one of a product with the transposed matrix.
#[derive(Debug, Default)]
pub(crate) struct Panels {
    values: Buffer,
    stride: usize,
}

impl Panels {
    /// Room for `rows` rows of `panels` panels; the values are any.
    pub(crate) fn take(panels: usize, rows: usize) -> Panels {
        let stride = stride(rows);
        Panels {
            values: Buffer::take(panels * stride),
            stride,
        }
    }

    /// The matrix `[depth, 16 · panels]` whose columns are given a panel at a time, zero where
    /// one is empty.
    pub(crate) fn of_columns<'a>(
        machine: Machine,
        panels: usize,
        depth: usize,
        columns: impl Fn(usize) -> [&'a [f32]; LANES] + Sync,
    ) -> Panels {
        let mut matrix = Panels::take(panels, depth);
        spread(matrix.parts(depth), |(first, stride, part)| {
            for (index, panel) in (first..).zip(part.chunks_exact_mut(stride)) {
                let (rows, panel) = (columns(index), &mut panel[..depth]);
                machine.run_vectors(Interleave { rows, panel });
            }
        });
        matrix
    }

    /// The matrix `[depth, 16 · panels]` with these rows, filled up with zeros; zero where one is
    /// empty.
    pub(crate) fn of_rows<'a>(
        panels: usize,
        depth: usize,
        row: impl Fn(usize) -> &'a [f32] + Sync,
    ) -> Panels {
        let mut matrix = Panels::take(panels, depth);
        spread(matrix.parts(depth), |(first, stride, part)| {
            for k in 0..depth {
                let row = row(k);
                for (index, panel) in (first..).zip(part.chunks_exact_mut(stride)) {
                    panel[k] = match row {
                        [] => Lanes::ZERO,
                        row => lanes_of(row, index * LANES),
                    };
                }
            }
        });
        matrix
    }

    /// Panels in parts that are worth a thread's while: the first one's index, the rows from one
    /// to the next, and they.
    fn parts(&mut self, depth: usize) -> Vec<(usize, usize, &mut [Lanes])> {
        /// Values of a part, about.
        const PART: usize = 1 << 16;
        /// Lines of a row that are read together, at least.
        const LEAST: usize = 4;
        let stride = self.stride;
        let panels = rows_per_part(depth * LANES, PART).max(LEAST);
        let parts = self.values.chunks_mut(panels * stride).enumerate();
        parts
            .map(|(index, part)| (index * panels, stride, part))
            .collect()
    }

    pub(crate) fn panel(&self, index: usize) -> &[Lanes] {
        &self.values[index * self.stride..][..self.stride]
    }

    pub(crate) fn panel_mut(&mut self, index: usize) -> &mut [Lanes] {
        &mut self.values[index * self.stride..][..self.stride]
    }

    /// Rounds `count` rows from `row` of some panels, as `products` see them.
    pub(crate) fn round(
        &mut self,
        machine: Machine,
        products: Products,
        panels: Range<usize>,
        (row, count): (usize, usize),
    ) {
        if products == Products::F32 {
            return;
        }
        for panel in panels {
            let values = &mut self.panel_mut(panel)[row..][..count];
            machine.run(Round { products, values });
        }
    }

    /// The panels from `panel`, at their rows from `row`.
    pub(crate) fn view(&self, panel: usize, row: usize) -> View<'_> {
        let start = (panel * self.stride + row).min(self.values.len());
        View {
            values: &self.values[start..],
            stride: self.stride,
        }
    }

    pub(crate) fn view_mut(&mut self, panel: usize, row: usize) -> ViewMut<'_> {
        let start = (panel * self.stride + row).min(self.values.len());
        ViewMut {
            values: &mut self.values[start..],
            stride: self.stride,
        }
    }
}

/// Rounding values in place.
struct Round<'a> {
    products: Products,
    values: &'a mut [Lanes],
}

impl Work for Round<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        for value in Lanes::flatten_mut(self.values) {
            *value = self.products.round(*value);
        }
    }
}

/// Rows side by side: `panel[k][lane] = rows[lane][k]`, zero where a row is empty.
struct Interleave<'a> {
    rows: [&'a [f32]; LANES],
    panel: &'a mut [Lanes],
}

impl VectorWork for Interleave<'_> {
    #[inline(always)]
    fn run<S: Simd, const V: usize, const N: usize>(self, simd: S) {
        const EMPTY: &[f32; LANES] = &[0.0; LANES];
        let (squares, rest) = self.panel.as_chunks_mut::<LANES>();
        let done = squares.len() * LANES;
        for (index, square) in squares.iter_mut().enumerate() {
            let rows = (self.rows).map(|row| row.get(index * LANES..).unwrap_or_default());
            simd.transpose(rows.map(|row| row.first_chunk().unwrap_or(EMPTY)), square);
        }
        for (k, lanes) in rest.iter_mut().enumerate() {
            *lanes = Line((self.rows).map(|row| row.get(done + k).copied().unwrap_or(0.0)));
        }
    }
}

/// Rows from one panel to the next. Rows of many panels are read together, so panels must not
/// lie a multiple of the cache's period apart.
fn stride(rows: usize) -> usize {
    const PERIOD: usize = 64;
    const APART: usize = 7;
    if rows < PERIOD {
        rows | 1
    } else {
        (rows - APART).next_multiple_of(PERIOD) + APART
    }
}

/// Some rows of all panels from one on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    values: &'a [Lanes],
    stride: usize,
}

impl<'a> View<'a> {
    /// Panels that lie `stride` rows apart.
    pub(crate) fn of(values: &'a [Lanes], stride: usize) -> View<'a> {
        View { values, stride }
    }

    /// `count` rows of panel `panel` from `row`.
    #[inline(always)]
    pub(crate) fn rows(self, panel: usize, row: usize, count: usize) -> &'a [Lanes] {
        &self.values[panel * self.stride + row..][..count]
    }

    /// From row `row` of the first panel on, and how many rows later the next panel's follows.
    #[inline(always)]
    pub(crate) fn ahead_of_row(self, row: usize) -> (&'a [Lanes], usize) {
        (&self.values[row..], self.stride)
    }

    /// From the first row of panel `panel` on; empty where there is no such panel.
    #[inline(always)]
    pub(crate) fn ahead(self, panel: usize) -> &'a [Lanes] {
        self.values.get(panel * self.stride..).unwrap_or_default()
    }
}

/// Some rows of all panels from one on, to be written.
#[derive(Debug)]
pub(crate) struct ViewMut<'a> {
    values: &'a mut [Lanes],
    stride: usize,
}

impl<'a> ViewMut<'a> {
    /// Panels of a single row, one after another.
    pub(crate) fn of_one_row(values: &'a mut [Lanes]) -> ViewMut<'a> {
        ViewMut { values, stride: 1 }
    }
}

impl ViewMut<'_> {
    #[inline(always)]
    pub(crate) fn rows(&mut self, panel: usize, row: usize, count: usize) -> &mut [Lanes] {
        &mut self.values[panel * self.stride + row..][..count]
    }
}

/// The values of `row` from column `first` on, filled up with zeros.
#[inline(always)]
pub(crate) fn lanes_of(row: &[f32], first: usize) -> Lanes {
    match row[first..].first_chunk::<LANES>() {
        Some(values) => Line(*values),
        None => {
            let mut lanes = Lanes::ZERO;
            let rest = &row[first..];
            lanes.0[..rest.len()].copy_from_slice(rest);
            lanes
        }
    }
}

/// Writes `lanes` to `row` from column `first` on, as far as it goes.
#[inline(always)]
pub(crate) fn put_lanes(row: &mut [f32], first: usize, lanes: &Lanes) {
    match row[first..].first_chunk_mut::<LANES>() {
        Some(values) => *values = lanes.0,
        None => {
            let rest = &mut row[first..];
            let len = rest.len();
            rest.copy_from_slice(&lanes.0[..len]);
        }
    }
}
