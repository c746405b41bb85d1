//! Products of pairs of bf16, where a machine has an instruction for them.

use super::tiles::{TileMachine, TileWork};
use super::{Features, Lanes, Machine, VectorWork};

#[cfg(target_arch = "x86_64")]
use super::x86_64;

#[cfg(test)]
use super::simd::ArraysOfPairs;

/// A machine that multiplies two pairs of bf16 and adds up both products in one instruction: in
/// vectors, or many such pairs in tiles.
///
/// Its vectors are those of [`Machine::run_vectors`], but every lane that is multiplied holds the
/// bits of two bf16, the first in its lower half.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PairMachine {
    #[cfg(target_arch = "x86_64")]
    Avx512Bf16(x86_64::Avx512Bf16),
    /// Always taken where there is one: tiles and vectors round sums apart, and which of them has
    /// computed a row must not depend on the rows that a thread happens to have.
    Tiles(TileMachine),
    /// The shapes of AVX-512 on any processor, so that tests everywhere reach them.
    #[cfg(test)]
    Wide,
}

impl PairMachine {
    /// What goes with `machine`, if this processor has it.
    pub(crate) fn of(machine: Machine) -> Option<PairMachine> {
        PairMachine::with(machine, Features::detected())
    }

    /// As [`PairMachine::of`], for a processor with `features`.
    pub(crate) fn with(machine: Machine, features: Features) -> Option<PairMachine> {
        #[cfg(not(target_arch = "x86_64"))]
        let _ = features;
        match machine {
            #[cfg(target_arch = "x86_64")]
            Machine::Avx512(avx512) => match x86_64::Amx::of(avx512, features) {
                Some(amx) => Some(PairMachine::Tiles(TileMachine::Amx(amx))),
                None => x86_64::Avx512Bf16::of(avx512, features).map(PairMachine::Avx512Bf16),
            },
            #[cfg(test)]
            Machine::Wide => Some(PairMachine::Wide),
            #[cfg(test)]
            Machine::Tiled => Some(PairMachine::Tiles(TileMachine::Wide)),
            _ => None,
        }
    }

    /// Whether it multiplies tiles.
    pub(crate) fn has_tiles(self) -> bool {
        matches!(self, PairMachine::Tiles(_))
    }

    /// Rounds two lines of numbers to bf16, to nearest with ties to even, and makes them one of
    /// pairs, for each of `pairs`; the second lines may be fewer, then zeros follow. What is so
    /// small that it has fewer digits than others may become zero, as it does in the products.
    pub(crate) fn pair(self, first: &[Lanes], second: &[Lanes], pairs: &mut [Lanes]) {
        assert!(first.len() == pairs.len() && second.len() <= first.len());
        match self {
            #[cfg(target_arch = "x86_64")]
            PairMachine::Avx512Bf16(machine) => machine.pair(first, second, pairs),
            PairMachine::Tiles(machine) => machine.pair(first, second, pairs),
            #[cfg(test)]
            PairMachine::Wide => super::simd::pair(first, second, pairs),
        }
    }

    /// Carries out `work` over vectors of pairs or over tiles.
    pub(crate) fn run(self, work: impl VectorWork + TileWork) {
        match self {
            #[cfg(target_arch = "x86_64")]
            PairMachine::Avx512Bf16(machine) => machine.run_vectors(work),
            PairMachine::Tiles(machine) => machine.run(work),
            #[cfg(test)]
            PairMachine::Wide => VectorWork::run::<_, 1, 4>(work, ArraysOfPairs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::{LANES, Line};
    use crate::{Isa, Products};

    #[test]
    fn instructions_round_as_products_do() {
        let mut numbers = vec![0.0, -0.0, f32::INFINITY, f32::MAX, f32::MIN_POSITIVE, 1.0];
        // Ties, and what is just beside them.
        for bits in [0x3f80_8000, 0x3f81_8000, 0x3f80_7fff, 0xbf80_8001_u32] {
            numbers.push(f32::from_bits(bits));
        }
        numbers.extend((0..LANES * 9).map(|i| (i as f32 * 0.7).sin() * 1e3_f32.powi(i as i32 % 7)));
        let lines: Vec<Lanes> = (numbers.as_chunks().0.iter())
            .map(|&values| Line(values))
            .collect();
        let (first, second) = lines.split_at(lines.len().div_ceil(2));
        let second = &second[..second.len() - 1];
        let round = |number: f32| Products::Bf16.round(number).to_bits();
        let machines = [Some(Machine::Wide), Machine::of(Isa::Avx512)]
            .into_iter()
            .flatten();
        for machine in machines.filter_map(PairMachine::of) {
            let mut pairs = vec![Lanes::ZERO; first.len()];
            machine.pair(first, second, &mut pairs);
            for (index, pair) in pairs.iter().enumerate() {
                let second = second.get(index).copied().unwrap_or_default();
                for lane in 0..LANES {
                    let expected = round(first[index].0[lane]) >> 16 | round(second.0[lane]);
                    assert_eq!(pair.0[lane].to_bits(), expected, "{machine:?}");
                }
            }
        }
    }
}
