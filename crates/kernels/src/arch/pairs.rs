//! Products of pairs of bf16, where a machine has an instruction for them.

use super::{Features, Machine, VectorWork};

#[cfg(target_arch = "x86_64")]
use super::x86_64;

#[cfg(test)]
use super::simd::ArraysOfPairs;

/// A machine that multiplies two pairs of bf16 and adds up both products in one instruction.
///
/// Its vectors are those of [`Machine::run_vectors`], but every lane that is multiplied holds the
/// bits of two bf16, the first in its lower half.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PairMachine {
    #[cfg(target_arch = "x86_64")]
    Avx512Bf16(x86_64::Avx512Bf16),
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
            Machine::Avx512(avx512) => {
                x86_64::Avx512Bf16::of(avx512, features).map(PairMachine::Avx512Bf16)
            }
            #[cfg(test)]
            Machine::Wide => Some(PairMachine::Wide),
            _ => None,
        }
    }

    /// Carries out `work` over vectors of pairs.
    pub(crate) fn run_vectors(self, work: impl VectorWork) {
        match self {
            #[cfg(target_arch = "x86_64")]
            PairMachine::Avx512Bf16(machine) => machine.run_vectors(work),
            #[cfg(test)]
            PairMachine::Wide => work.run::<_, 1, 4>(ArraysOfPairs),
        }
    }
}
