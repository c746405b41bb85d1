//! The product of pairs, in tiles.
//!
//! Lines of pairs are tiles as they are: some rows of a left operand, [`LANES`] rows of a right
//! one, and rows of sums. Tiles are always whole in depth: where the pairs end, a right operand
//! has zeros up to the end of a tile (see [`paired`](super::paired)), and a left one numbers that
//! are finite.

use super::panels::{lanes_of, put_lanes};
use super::product::{Multiply, Start, Target, WORDS_AT_ONCE};
use crate::arch::{LANES, Lanes, Left, SECOND_ROW, TILE_ROWS, TileWork, Tiles};

/// Rows of a block of two rows of tiles.
const BLOCK_ROWS: usize = 2 * TILE_ROWS;

impl TileWork for Multiply<'_, '_> {
    fn run(mut self, tiles: &mut impl Tiles) {
        let segments = self.depth.div_ceil(LANES);
        let most = (WORDS_AT_ONCE / (segments * LANES).max(1)).max(BLOCK_ROWS);
        let mut first = 0;
        while first < self.rows {
            let rows = self.rows - first;
            let (count, heights) = match rows / BLOCK_ROWS {
                0 => {
                    let height = rows.min(TILE_ROWS);
                    (1, [height, rows - height])
                }
                blocks => (blocks.min(most / BLOCK_ROWS), [TILE_ROWS; 2]),
            };
            self.blocks(tiles, first, count, heights);
            first += count * BLOCK_ROWS;
        }
    }
}

impl Multiply<'_, '_> {
    /// Some blocks of rows, the panels of B passing over them.
    fn blocks(
        &mut self,
        tiles: &mut impl Tiles,
        first_row: usize,
        count: usize,
        heights: [usize; 2],
    ) {
        tiles.set_heights(heights);
        let most = if heights[1] > 0 { 2 } else { 4 };
        for from in (0..self.panels.count).step_by(most) {
            let many = most.min(self.panels.count - from);
            for index in 0..count {
                let row = first_row + index * BLOCK_ROWS;
                match (heights[1] > 0, many) {
                    (true, 2) => self.block::<2, 2>(tiles, heights, from, row),
                    (true, _) => self.block::<2, 1>(tiles, heights, from, row),
                    (false, 4) => self.block::<1, 4>(tiles, heights, from, row),
                    (false, 3) => self.block::<1, 3>(tiles, heights, from, row),
                    (false, 2) => self.block::<1, 2>(tiles, heights, from, row),
                    (false, _) => self.block::<1, 1>(tiles, heights, from, row),
                }
            }
        }
    }

    #[inline]
    fn block<const R: usize, const N: usize>(
        &mut self,
        tiles: &mut impl Tiles,
        heights: [usize; 2],
        from: usize,
        row: usize,
    ) {
        let segments = self.depth.div_ceil(LANES);
        let panels = self.panels.panels::<N>(from);
        let places = places::<R, N>(heights, panels, row);
        for place in places.into_iter().flatten() {
            self.c.start_tile(tiles, place);
        }
        // Without depth there may be no panels at all.
        let (a, step) = match segments {
            0 => (&[][..], 0),
            _ => self.a.ahead_of_row(row),
        };
        let rows: [&[Lanes]; 2] = [a, a.get(TILE_ROWS..).unwrap_or_default()];
        let left = Left::<R> {
            tiles: std::array::from_fn(|r| rows[r]),
            step,
        };
        let b = panels.map(|panel| self.b.rows(panel, 0, segments * LANES));
        tiles.multiply_add(segments, left, b);
        for place in places.into_iter().flatten() {
            self.c.store_tile(tiles, place);
        }
    }
}

/// A tile of sums, and where they belong: some rows of a panel.
#[derive(Clone, Copy)]
struct Place {
    tile: usize,
    panel: usize,
    row: usize,
    height: usize,
}

#[inline(always)]
fn places<const R: usize, const N: usize>(
    heights: [usize; 2],
    panels: [usize; N],
    row: usize,
) -> [[Place; N]; R] {
    std::array::from_fn(|r| {
        std::array::from_fn(|n| Place {
            tile: r * SECOND_ROW + n,
            panel: panels[n],
            row: row + r * TILE_ROWS,
            height: heights[r],
        })
    })
}

impl Target<'_, '_> {
    /// What the sums of a tile start from.
    #[inline(always)]
    fn start_tile(&mut self, tiles: &mut impl Tiles, place: Place) {
        let Place {
            tile,
            panel,
            row,
            height,
        } = place;
        match self {
            Target::Added(values) => {
                let values = Lanes::flatten(values.rows(panel, row, height));
                tiles.start(tile, values, LANES);
            }
            // A stride of zero: the same for all rows.
            Target::Biased(biases, _) => tiles.start(tile, &biases[panel].0, 0),
            Target::Rows(_) => tiles.start_from_zero(tile),
            Target::RowMajor {
                values,
                columns,
                start,
            } => match start {
                Start::Zero => tiles.start_from_zero(tile),
                Start::Bias(bias) => tiles.start(tile, &lanes_of(bias, panel * LANES).0, 0),
                Start::Values => match whole_rows(values, *columns, place) {
                    Some(values) => tiles.start(tile, values, *columns),
                    None => {
                        let mut lanes = [Lanes::ZERO; TILE_ROWS];
                        for (h, lanes) in lanes[..height].iter_mut().enumerate() {
                            let end = values.len().min((row + h + 1) * *columns);
                            *lanes = lanes_of(&values[(row + h) * *columns..end], panel * LANES);
                        }
                        tiles.start(tile, Lanes::flatten(&lanes), LANES);
                    }
                },
            },
        }
    }

    /// Takes the sums that [`Target::start_tile`] started.
    #[inline(always)]
    fn store_tile(&mut self, tiles: &impl Tiles, place: Place) {
        let Place {
            tile,
            panel,
            row,
            height,
        } = place;
        match self {
            Target::Added(values) | Target::Biased(_, values) => {
                let values = Lanes::flatten_mut(values.rows(panel, row, height));
                tiles.store(tile, values, LANES);
            }
            Target::Rows(rows) => {
                let mut lanes = [Lanes::ZERO; TILE_ROWS];
                tiles.store(tile, Lanes::flatten_mut(&mut lanes), LANES);
                for (row, lanes) in rows[row..][..height].iter_mut().zip(&lanes) {
                    put_lanes(row, panel * LANES, lanes);
                }
            }
            Target::RowMajor {
                values, columns, ..
            } => match whole_rows(values, *columns, place) {
                Some(values) => tiles.store(tile, values, *columns),
                None => {
                    let mut lanes = [Lanes::ZERO; TILE_ROWS];
                    tiles.store(tile, Lanes::flatten_mut(&mut lanes), LANES);
                    for (h, lanes) in lanes[..height].iter().enumerate() {
                        let end = values.len().min((row + h + 1) * *columns);
                        put_lanes(&mut values[(row + h) * *columns..end], panel * LANES, lanes);
                    }
                }
            },
        }
    }
}

/// The values from the first of a tile on, if a row-major matrix has all its columns.
#[inline(always)]
fn whole_rows(values: &mut [f32], columns: usize, place: Place) -> Option<&mut [f32]> {
    let first = place.panel * LANES;
    let start = place.row * columns + first;
    let end = start + (place.height - 1) * columns + LANES;
    (first + LANES <= columns && end <= values.len()).then(|| &mut values[start..end])
}
