//! Products of pairs of bf16, where a machine has an instruction for them.

use super::tiles::{TileMachine, TileWork};
use super::{Features, Machine, VectorWork};

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

    /// Carries out `work` over vectors of pairs or over tiles.
    pub(crate) fn run(self, work: impl VectorWork + TileWork) {
        match self {
            #[cfg(target_arch = "x86_64")]
            PairMachine::Avx512Bf16(machine) => machine.run_vectors(work),
            PairMachine::Tiles(machine) => machine.run(work),
            #[cfg(test)]
            PairMachine::Wide => work.run::<_, 1, 4>(ArraysOfPairs),
        }
    }
}
