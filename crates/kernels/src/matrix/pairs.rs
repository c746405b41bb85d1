//! Operands of products of bf16: two numbers in each lane.
//!
//! The instruction sums over two places of the depth at once, so an operand pairs places that lie
//! a panel's width apart: then a line of pairs is made of two whole lines of numbers, and is the
//! same for a left operand, whose depth runs along its columns, and for a right one, where it runs
//! down its rows. What has no partner has zero, and so has a right operand after its last pair up to
//! the next segment of [`LANES`] lines: tiles are whole in depth.

use super::panels::{Panels, View};
use crate::arch::{LANES, Lanes, Machine, PairMachine, Simd, VectorWork};

/// Lines that `depth` numbers take as pairs.
pub(crate) fn paired(depth: usize) -> usize {
    depth / (2 * LANES) * LANES + (depth % (2 * LANES)).min(LANES)
}

impl Panels {
    /// The first `depth` columns of some rows as a left operand, with zeros behind them.
    pub(crate) fn paired_columns(
        machine: PairMachine,
        numbers: View<'_>,
        depth: usize,
        rows: usize,
    ) -> Panels {
        let panels = depth.div_ceil(LANES);
        let mut pairs = Panels::take(panels.div_ceil(2), rows);
        for panel in 0..panels.div_ceil(2) {
            let second = match 2 * panel + 1 < panels {
                true => numbers.rows(2 * panel + 1, 0, rows),
                false => &[],
            };
            let pairs = &mut pairs.panel_mut(panel)[..rows];
            machine.pair(numbers.rows(2 * panel, 0, rows), second, pairs);
        }
        // What lies behind may be infinite, and then is no number times the zeros of a tile.
        let real = depth % LANES;
        if real > 0 {
            let kept = if panels % 2 == 1 { 0 } else { 0xffff };
            for pairs in &mut pairs.panel_mut(panels.div_ceil(2) - 1)[..rows] {
                for pair in &mut pairs.0[real..] {
                    *pair = f32::from_bits(pair.to_bits() & kept);
                }
            }
        }
        pairs
    }

    /// Room for a right operand of pairs of `rows` rows.
    pub(crate) fn take_paired(panels: usize, rows: usize) -> Panels {
        Panels::take(panels, paired(rows).next_multiple_of(LANES))
    }

    /// The first rows of some panels as a right operand.
    pub(crate) fn paired_rows(&self, machine: PairMachine, panels: usize, rows: usize) -> Panels {
        let mut pairs = Panels::take_paired(panels, rows);
        for panel in 0..panels {
            pairs.set_paired_rows(machine, panel, &self.panel(panel)[..rows]);
        }
        pairs
    }

    /// Sets a panel, taken for so many rows, to the pairs of `numbers`, one row after another.
    pub(crate) fn set_paired_rows(
        &mut self,
        machine: PairMachine,
        panel: usize,
        numbers: &[Lanes],
    ) {
        let count = paired(numbers.len());
        let pairs = &mut self.panel_mut(panel)[..count.next_multiple_of(LANES)];
        pairs[count..].fill(Lanes::ZERO);
        for (numbers, pairs) in numbers.chunks(2 * LANES).zip(pairs.chunks_mut(LANES)) {
            let (first, second) = numbers.split_at(numbers.len().min(LANES));
            machine.pair(first, second, &mut pairs[..first.len()]);
        }
    }

    /// Room for the transposed matrix of a right operand as a left one, whose rows are the
    /// columns of some panels.
    pub(crate) fn take_transposed(panels: usize, rows: usize) -> Panels {
        Panels::take(paired(rows).div_ceil(LANES), panels * LANES)
    }

    /// Sets [`LANES`] rows, those of panel `panel`, to the columns of a panel of pairs, which
    /// ends with a whole segment.
    pub(crate) fn set_transposed(&mut self, machine: Machine, panel: usize, pairs: &[Lanes]) {
        machine.run_vectors(Transpose {
            pairs,
            panel,
            columns: self,
        });
    }
}

/// See [`Panels::set_transposed`].
struct Transpose<'a> {
    pairs: &'a [Lanes],
    panel: usize,
    columns: &'a mut Panels,
}

impl VectorWork for Transpose<'_> {
    #[inline(always)]
    fn run<S: Simd, const V: usize, const N: usize>(self, simd: S) {
        let (segments, rest) = self.pairs.as_chunks::<LANES>();
        assert!(rest.is_empty(), "segments are whole");
        for (segment, rows) in segments.iter().enumerate() {
            let columns = &mut self.columns.panel_mut(segment)[self.panel * LANES..];
            let columns = columns.first_chunk_mut().expect("a panel has its rows");
            simd.transpose(rows.each_ref().map(|row| &row.0), columns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Line;

    #[test]
    fn places_a_width_apart_are_pairs_and_what_has_no_partner_has_zero() {
        assert_eq!(
            [0, 1, 15, 16, 17, 31, 32, 33, 48, 49].map(paired),
            [0, 1, 15, 16, 16, 16, 16, 17, 32, 32]
        );
        let machine = PairMachine::of(Machine::Wide).unwrap();
        let number = |row: usize| Line([row as f32; LANES]);
        for count in [20, 40] {
            let numbers: Vec<Lanes> = (0..count).map(number).collect();
            let mut pairs = Panels::take_paired(1, count);
            pairs.set_paired_rows(machine, 0, &numbers);
            let bits = |row: usize| match row < count {
                true => (row as f32).to_bits(),
                false => 0,
            };
            let first = |line: usize| line / LANES * 2 * LANES + line % LANES;
            let expected: Vec<u32> = (0..paired(count).next_multiple_of(LANES))
                .map(|line| bits(first(line)) >> 16 | bits(first(line) + LANES))
                .collect();
            let found = pairs.panel(0)[..expected.len()].iter();
            let found: Vec<u32> = found.map(|line| line.0[3].to_bits()).collect();
            assert_eq!(found, expected);
        }
    }
}
