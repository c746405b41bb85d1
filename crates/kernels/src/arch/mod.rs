//! The instruction sets: generic code, compiled once for each, entered through [`Machine::run`].
//!
//! A kernel is a [`Work`]: plain Rust over arrays of constant size, inlined whole into an entry
//! function that has the instruction set's features switched on, so that the compiler vectorises
//! it for them. Hand-written instructions can take the place of single pieces behind the same
//! trait.

#[cfg(target_arch = "x86_64")]
mod x86_64;

use crate::Isa;

/// A kernel, generic over what differs between instruction sets.
///
/// Implementations are `#[inline(always)]`, and so is all that they call in a loop: only code
/// inlined into the entry function is compiled for its instruction set.
pub(crate) trait Work {
    /// `PANEL` is the number of columns that a matrix product keeps in registers; `FUSED` tells
    /// whether a multiplication and an addition are one instruction.
    fn run<const PANEL: usize, const FUSED: bool>(self);
}

/// An instruction set that this processor has: holding the value is the proof.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Machine {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(x86_64::Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(x86_64::Avx512),
}

/// Columns of a product on 128-bit registers.
const PORTABLE_PANEL: usize = 8;
/// Whether the baseline of this build has fused multiply-add.
const PORTABLE_FUSED: bool = cfg!(any(target_feature = "fma", target_arch = "aarch64"));

/// Rows of a product that are held in registers with the columns of a panel: 6 x 2 of 16
/// registers, with AVX-512 6 x 4 of 32. The rest hold the operands.
pub(crate) const TILE_HEIGHT: usize = 6;

/// Sums that a product holds in registers, at most on any machine.
pub(crate) const MAX_SUMS: usize = TILE_HEIGHT * 64;

impl Machine {
    /// The machine for `isa`, if it is one of the fused path and this processor runs it.
    pub(crate) fn of(isa: Isa) -> Option<Machine> {
        match isa {
            Isa::Scalar => None,
            Isa::Portable => Some(Machine::Portable),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => x86_64::Avx2::detect().map(Machine::Avx2),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => x86_64::Avx512::detect().map(Machine::Avx512),
            #[cfg(not(target_arch = "x86_64"))]
            Isa::Avx2 | Isa::Avx512 => None,
        }
    }

    /// Columns per panel of a product on this machine.
    pub(crate) fn panel(self) -> usize {
        match self {
            Machine::Portable => PORTABLE_PANEL,
            #[cfg(target_arch = "x86_64")]
            Machine::Avx2(_) => x86_64::Avx2::PANEL,
            #[cfg(target_arch = "x86_64")]
            Machine::Avx512(_) => x86_64::Avx512::PANEL,
        }
    }

    /// Carries out `work`, compiled for this machine.
    pub(crate) fn run(self, work: impl Work) {
        match self {
            Machine::Portable => work.run::<PORTABLE_PANEL, PORTABLE_FUSED>(),
            #[cfg(target_arch = "x86_64")]
            Machine::Avx2(machine) => machine.run(work),
            #[cfg(target_arch = "x86_64")]
            Machine::Avx512(machine) => machine.run(work),
        }
    }
}
