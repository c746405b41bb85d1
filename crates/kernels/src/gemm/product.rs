//! The matrix product under everything: `C = start + A·B`.

use super::packing::{Panels, Tiles, with_height};
use crate::arch::{MAX_SUMS, Machine, TILE_HEIGHT, Work};

/// What a product is added to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start<'a> {
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
pub(crate) struct Product<'a> {
    pub(crate) a: &'a Tiles,
    pub(crate) b: &'a Panels,
    pub(crate) start: Start<'a>,
    /// Row `r` of C is `c[r * stride..][..columns]`.
    pub(crate) c: &'a mut [f32],
    pub(crate) stride: usize,
}

/// Tiles that are multiplied together; with a depth of 256 they take 96 KiB.
const TILES_AT_ONCE: usize = 16;

impl Product<'_> {
    pub(crate) fn run(self, machine: Machine) {
        debug_assert_eq!(self.a.depth(), self.b.depth());
        let mut sums = [0.0; MAX_SUMS];
        let on = (machine, self.b.width());
        // Some tiles of rows stay in the second-level cache while all panels pass over them, and
        // of these a panel in the first-level cache while the tiles pass over it.
        for tiles in self.a.groups(TILES_AT_ONCE) {
            for (column, width, panel) in self.b.iter() {
                let start = match self.start {
                    Start::Given => None,
                    Start::Row(row) => Some(&row[column..][..width]),
                };
                for (row, height, tile) in tiles.clone() {
                    let target = Target {
                        start,
                        c: &mut self.c[row * self.stride + column..],
                        stride: self.stride,
                        width,
                    };
                    with_height!(height, multiply(on, tile, panel, &mut sums, target));
                }
            }
        }
    }
}

/// Hands a tile of one height to the machine.
fn multiply<const HEIGHT: usize>(
    (machine, panel_width): (Machine, usize),
    tile: &[f32],
    panel: &[f32],
    sums: &mut [f32],
    target: Target<'_>,
) {
    let work = Multiply::<HEIGHT> {
        tile,
        panel,
        sums,
        target,
    };
    machine.run_panel(panel_width, work);
}

/// One tile of rows by one panel of columns, its sums held in registers.
///
/// An entry of its own for each height, so that the compiler sees one small loop at a time: put
/// together in one function, it leaves some of them as scalar code.
struct Multiply<'a, const HEIGHT: usize> {
    /// `[depth, HEIGHT]`
    tile: &'a [f32],
    /// `[depth, PANEL]`
    panel: &'a [f32],
    /// Room for `[HEIGHT, PANEL]`.
    sums: &'a mut [f32],
    target: Target<'a>,
}

/// Where one tile of sums goes.
struct Target<'a> {
    start: Option<&'a [f32]>,
    c: &'a mut [f32],
    stride: usize,
    width: usize,
}

impl<const HEIGHT: usize> Work for Multiply<'_, HEIGHT> {
    #[inline(always)]
    fn run<const PANEL: usize, const FUSED: bool>(self) {
        let (tile, _) = self.tile.as_chunks::<HEIGHT>();
        let (panel, _) = self.panel.as_chunks::<PANEL>();
        let mut registers = [[0.0; PANEL]; HEIGHT];
        for (left, right) in tile.iter().zip(panel) {
            for r in 0..HEIGHT {
                for c in 0..PANEL {
                    registers[r][c] = multiply_add::<FUSED>(left[r], right[c], registers[r][c]);
                }
            }
        }
        // Copied whole, and only the copy is indexed: otherwise they would not be registers.
        let (sums, _) = self.sums.as_chunks_mut::<PANEL>();
        let sums = (sums.first_chunk_mut::<HEIGHT>()).expect("there is room for every tile");
        *sums = registers;
        self.target.add(sums);
    }
}

impl Target<'_> {
    #[inline(always)]
    fn add<const PANEL: usize>(self, sums: &[[f32; PANEL]]) {
        for (r, sums) in sums.iter().enumerate() {
            let row = &mut self.c[r * self.stride..][..self.width];
            if row.len() == PANEL {
                // The same loops, their length known to the compiler.
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
pub(crate) fn multiply_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}
