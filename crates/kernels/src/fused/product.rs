//! The matrix product under everything: `C = start + A·B`.

use super::packing::{Panels, Tiles, with_height};
use crate::arch::{Work, tile_height};

/// What a product is added to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Start<'a> {
    /// To what `c` holds.
    Given,
    /// To the same row of values in every row of `c`, whatever it held.
    Row(&'a [f32]),
}

/// `C = start + A·B`, with A `[rows, depth]`, B `[depth, columns]`.
///
/// Each element is one sum over the depth from first to last, so it has the same bits whatever
/// other rows and columns are computed beside it.
#[derive(Debug)]
pub(super) struct Product<'a> {
    pub(super) a: &'a Tiles,
    pub(super) b: &'a Panels,
    pub(super) start: Start<'a>,
    /// Row `r` of C is `c[r * stride..][..columns]`.
    pub(super) c: &'a mut [f32],
    pub(super) stride: usize,
}

impl Work for Product<'_> {
    #[inline(always)]
    fn run<const PANEL: usize, const FUSED: bool>(self) {
        debug_assert_eq!(self.a.depth(), self.b.depth());
        // A panel stays in the first-level cache while all tiles of rows pass over it.
        for (column, width, panel) in self.b.iter::<PANEL>() {
            let start = match self.start {
                Start::Given => None,
                Start::Row(row) => Some(&row[column..][..width]),
            };
            for (row, height, tile) in self.a.iter() {
                let target = Target {
                    start,
                    c: &mut self.c[row * self.stride + column..],
                    stride: self.stride,
                    width,
                };
                with_height!(height, multiply::<_, PANEL, FUSED>(tile, panel, target));
            }
        }
    }
}

/// Where one tile of sums goes.
struct Target<'a> {
    start: Option<&'a [f32]>,
    c: &'a mut [f32],
    stride: usize,
    width: usize,
}

/// One tile of rows by one panel of columns, its sums held in registers.
#[inline(always)]
fn multiply<const HEIGHT: usize, const PANEL: usize, const FUSED: bool>(
    tile: &[f32],
    panel: &[[f32; PANEL]],
    target: Target<'_>,
) {
    if const { HEIGHT > tile_height(PANEL) } {
        // Never packed for this machine; saying so spares compiling it.
        unreachable!("a tile of {HEIGHT} rows does not fit the registers");
    }
    let mut sums = [[0.0; PANEL]; HEIGHT];
    let (tile, _) = tile.as_chunks::<HEIGHT>();
    for (left, right) in tile.iter().zip(panel) {
        for r in 0..HEIGHT {
            for c in 0..PANEL {
                sums[r][c] = multiply_add::<FUSED>(left[r], right[c], sums[r][c]);
            }
        }
    }
    target.add(&sums);
}

impl Target<'_> {
    #[inline(always)]
    fn add<const HEIGHT: usize, const PANEL: usize>(self, sums: &[[f32; PANEL]; HEIGHT]) {
        for (r, sums) in sums.iter().enumerate() {
            let row = &mut self.c[r * self.stride..][..self.width];
            if self.width == PANEL {
                // The same loops with a length known to the compiler.
                add_row(
                    &mut row[..PANEL],
                    self.start.map(|start| &start[..PANEL]),
                    sums,
                );
            } else {
                add_row(row, self.start, sums);
            }
        }
    }
}

#[inline(always)]
fn add_row(row: &mut [f32], start: Option<&[f32]>, sums: &[f32]) {
    match start {
        Some(start) => {
            for ((value, start), sum) in row.iter_mut().zip(start).zip(sums) {
                *value = start + sum;
            }
        }
        None => {
            for (value, sum) in row.iter_mut().zip(sums) {
                *value += sum;
            }
        }
    }
}

/// `a·b + c`, as one instruction where the machine has it.
#[inline(always)]
pub(super) fn multiply_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}
