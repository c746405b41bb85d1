//! Operands of products of bf16: two numbers in each lane.
//!
//! The instruction sums over two places of the depth at once, so an operand pairs places that lie
//! a panel's width apart: then a line of pairs is made of two whole lines of numbers, and is the
//! same for a left operand, whose depth runs along its columns, and for a right one, where it runs
//! down its rows. What has no partner has zero, and so has a right operand after its last pair up to
//! the next segment of [`LANES`] lines: tiles are whole in depth.

use super::panels::{Panels, View};
use crate::Products;
use crate::arch::{LANES, Lanes, Machine, Work};

/// Lines that `depth` numbers take as pairs.
pub(crate) fn paired(depth: usize) -> usize {
    depth / (2 * LANES) * LANES + (depth % (2 * LANES)).min(LANES)
}

impl Panels {
    /// The first columns of some rows as a left operand: `panels` panels of numbers.
    pub(crate) fn paired_columns(
        machine: Machine,
        numbers: View<'_>,
        panels: usize,
        rows: usize,
    ) -> Panels {
        let mut pairs = Panels::take(panels.div_ceil(2), rows);
        for panel in 0..panels.div_ceil(2) {
            let second = match 2 * panel + 1 < panels {
                true => numbers.rows(2 * panel + 1, 0, rows),
                false => &[],
            };
            machine.run(Pair {
                first: numbers.rows(2 * panel, 0, rows),
                second,
                pairs: &mut pairs.panel_mut(panel)[..rows],
            });
        }
        pairs
    }

    /// Room for a right operand of pairs of `rows` rows.
    pub(crate) fn take_paired(panels: usize, rows: usize) -> Panels {
        Panels::take(panels, paired(rows).next_multiple_of(LANES))
    }

    /// The first rows of some panels as a right operand.
    pub(crate) fn paired_rows(&self, machine: Machine, panels: usize, rows: usize) -> Panels {
        let mut pairs = Panels::take_paired(panels, rows);
        for panel in 0..panels {
            pairs.set_paired_rows(machine, panel, &self.panel(panel)[..rows]);
        }
        pairs
    }

    /// Sets a panel, taken for so many rows, to the pairs of `numbers`, one row after another.
    pub(crate) fn set_paired_rows(&mut self, machine: Machine, panel: usize, numbers: &[Lanes]) {
        let count = paired(numbers.len());
        let pairs = &mut self.panel_mut(panel)[..count.next_multiple_of(LANES)];
        pairs[count..].fill(Lanes::ZERO);
        let pairs = pairs.chunks_mut(LANES);
        for (numbers, pairs) in numbers.chunks(2 * LANES).zip(pairs) {
            let (first, second) = numbers.split_at(numbers.len().min(LANES));
            machine.run(Pair {
                first,
                second,
                pairs: &mut pairs[..first.len()],
            });
        }
    }
}

/// Two lines of numbers, rounded, as one of pairs.
struct Pair<'a> {
    first: &'a [Lanes],
    /// May be shorter; then zeros follow.
    second: &'a [Lanes],
    pairs: &'a mut [Lanes],
}

impl Work for Pair<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let (first, second) = (Lanes::flatten(self.first), Lanes::flatten(self.second));
        let pairs = Lanes::flatten_mut(self.pairs);
        let (both, alone) = pairs.split_at_mut(second.len());
        let (first, rest) = first.split_at(second.len());
        let bits = |number: &f32| Products::Bf16.round(*number).to_bits();
        for ((pair, first), second) in both.iter_mut().zip(first).zip(second) {
            *pair = f32::from_bits(bits(first) >> 16 | bits(second));
        }
        for (pair, first) in alone.iter_mut().zip(rest) {
            *pair = f32::from_bits(bits(first) >> 16);
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
        let number = |row: usize| Line([row as f32; LANES]);
        let numbers: Vec<Lanes> = (0..20).map(number).collect();
        let mut pairs = Panels::take_paired(1, 20);
        pairs.set_paired_rows(Machine::Portable, 0, &numbers);
        let bits = |first: f32, second: f32| first.to_bits() >> 16 | second.to_bits();
        let expected: Vec<u32> = (0..16)
            .map(|row| bits(row as f32, if row < 4 { row as f32 + 16.0 } else { 0.0 }))
            .collect();
        let found: Vec<u32> = pairs.panel(0)[..16]
            .iter()
            .map(|l| l.0[3].to_bits())
            .collect();
        assert_eq!(found, expected);
    }
}
