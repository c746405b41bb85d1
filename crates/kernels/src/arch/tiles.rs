//! Products of tiles of pairs, where a machine has instructions for them.

use super::simd::Lanes;

#[cfg(target_arch = "x86_64")]
use super::x86_64;

/// Rows of a tile at most.
pub(crate) const TILE_ROWS: usize = 16;

/// A block of sums in tile registers: two rows of up to two tiles, or one row of up to four.
///
/// A tile is up to [`TILE_ROWS`] rows of [`LANES`](super::LANES) words. Tiles are numbered row by
/// row, and the second row of a block begins at [`SECOND_ROW`].
///
/// Each element is one sum in a fixed order, segment by segment, so it has the same bits whatever
/// the heights of the tiles and whatever else is in the block.
pub(crate) trait Tiles {
    /// Sets how high the tiles of both rows are; a second row of height zero is none. Sums may
    /// be lost.
    fn set_heights(&mut self, heights: [usize; 2]);

    /// What a tile's sums start from: rows that begin `stride` values apart.
    fn start(&mut self, tile: usize, values: &[f32], stride: usize);

    fn start_from_zero(&mut self, tile: usize);

    /// Adds the products of `R` tiles of the left operand and `N` of the right one, for
    /// `segments` places of the depth, each [`LANES`](super::LANES) pairs deep.
    fn multiply_add<const R: usize, const N: usize>(
        &mut self,
        segments: usize,
        left: Left<'_, R>,
        right: [&[Lanes]; N],
    );

    /// Writes a tile's sums to rows that begin `stride` values apart.
    fn store(&self, tile: usize, values: &mut [f32], stride: usize);
}

/// The number of the first tile of a block's second row.
pub(crate) const SECOND_ROW: usize = 2;

/// Left operands, by their tiles of the first segment; those of the others follow `step` lines
/// apart.
///
/// A right operand has a whole tile, `LANES` lines, for every segment, one after another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left<'a, const R: usize> {
    pub(crate) tiles: [&'a [Lanes]; R],
    pub(crate) step: usize,
}

/// A kernel over tiles. All that is particular to their machine is behind [`Tiles`], so there is
/// nothing to inline into it.
pub(crate) trait TileWork {
    fn run(self, tiles: &mut impl Tiles);
}

/// A machine that multiplies tiles.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TileMachine {
    #[cfg(target_arch = "x86_64")]
    Amx(x86_64::Amx),
    /// The same blocks on any processor, so that tests everywhere reach them.
    #[cfg(test)]
    Wide,
}

impl TileMachine {
    /// See [`PairMachine::pair`](super::PairMachine::pair).
    pub(super) fn pair(self, first: &[Lanes], second: &[Lanes], pairs: &mut [Lanes]) {
        match self {
            #[cfg(target_arch = "x86_64")]
            TileMachine::Amx(machine) => machine.bf16().pair(first, second, pairs),
            #[cfg(test)]
            TileMachine::Wide => super::simd::pair(first, second, pairs),
        }
    }

    pub(super) fn run(self, work: impl TileWork) {
        match self {
            #[cfg(target_arch = "x86_64")]
            TileMachine::Amx(machine) => machine.run(work),
            #[cfg(test)]
            TileMachine::Wide => work.run(&mut in_memory::InMemory::default()),
        }
    }
}

#[cfg(test)]
mod in_memory {
    use super::*;
    use crate::arch::simd::{ArraysOfPairs, LANES, Simd};

    /// Tiles that are arrays.
    #[derive(Default)]
    pub(super) struct InMemory {
        heights: [usize; 2],
        sums: [[Lanes; TILE_ROWS]; 2 * SECOND_ROW],
    }

    impl InMemory {
        fn height(&self, tile: usize) -> usize {
            match self.heights {
                [_, second] if second > 0 && tile >= SECOND_ROW => second,
                [first, _] => first,
            }
        }
    }

    impl Tiles for InMemory {
        fn set_heights(&mut self, heights: [usize; 2]) {
            assert!(heights[0] > 0 && heights.iter().all(|&height| height <= TILE_ROWS));
            *self = InMemory::default();
            self.heights = heights;
        }

        fn start(&mut self, tile: usize, values: &[f32], stride: usize) {
            for row in 0..self.height(tile) {
                self.sums[tile][row].0 = *values[row * stride..].first_chunk().unwrap();
            }
        }

        fn start_from_zero(&mut self, tile: usize) {
            self.sums[tile] = Default::default();
        }

        fn multiply_add<const R: usize, const N: usize>(
            &mut self,
            segments: usize,
            left: Left<'_, R>,
            right: [&[Lanes]; N],
        ) {
            assert_eq!(R == 2, self.heights[1] > 0);
            assert!(N <= if R == 2 { 2 } else { 4 });
            for segment in 0..segments {
                for (r, a) in left.tiles.into_iter().enumerate() {
                    for (n, b) in right.into_iter().enumerate() {
                        let tile = r * SECOND_ROW + n;
                        for row in 0..self.height(tile) {
                            let sums = &mut self.sums[tile][row];
                            for k in 0..LANES {
                                let a = [a[segment * left.step + row].0[k]; LANES];
                                let b = b[segment * LANES + k].0;
                                sums.0 = ArraysOfPairs.multiply_add(a, b, sums.0);
                            }
                        }
                    }
                }
            }
        }

        fn store(&self, tile: usize, values: &mut [f32], stride: usize) {
            for row in 0..self.height(tile) {
                let values = &mut values[row * stride..];
                *values.first_chunk_mut().unwrap() = self.sums[tile][row].0;
            }
        }
    }
}
