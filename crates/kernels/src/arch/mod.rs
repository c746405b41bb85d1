//! The instruction sets: generic code, compiled once for each, entered through [`Machine::run`].
//!
//! A kernel is a [`Work`]: plain Rust over arrays of constant size, inlined whole into an entry
//! function that has the instruction set's features switched on, so that the compiler vectorises
//! it for them. Hand-written instructions can take the place of single pieces behind the same
//! trait.

mod features;
mod int8;
mod pairs;
mod simd;
mod tiles;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(test)]
pub(crate) use features::Feature;
pub(crate) use features::Features;
pub(crate) use simd::{LANES, Lanes, Line, Simd, VectorWork};

use crate::Isa;
use simd::Arrays;

pub(crate) use int8::{Int8Machine, Int8ManyMachine, Int8Tile};
pub(crate) use pairs::PairMachine;
pub(crate) use tiles::{Left, SECOND_ROW, TILE_ROWS, TileWork, Tiles};

/// A kernel, generic over what differs between instruction sets.
///
/// Implementations are `#[inline(always)]`, and so is all that they call in a loop: only code
/// inlined into the entry function is compiled for its instruction set.
pub(crate) trait Work {
    /// `FUSED` tells whether a multiplication and an addition are one instruction.
    fn run<const FUSED: bool>(self);
}

/// An instruction set that this processor has: holding the value is the proof.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Machine {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(x86_64::Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(x86_64::Avx512),
    /// The shapes of AVX-512 on any processor, so that tests everywhere reach them.
    #[cfg(test)]
    Wide,
    /// The same with pairs multiplied in tiles.
    #[cfg(test)]
    Tiled,
}

/// Whether the baseline of this build has fused multiply-add.
const PORTABLE_FUSED: bool = cfg!(any(target_feature = "fma", target_arch = "aarch64"));

/// `a·b + c`, as one instruction where the machine has it.
#[inline(always)]
pub(crate) fn multiply_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

impl Machine {
    /// The machine for `isa`, if it is one of the fused path and this processor runs it.
    pub(crate) fn of(isa: Isa) -> Option<Machine> {
        Machine::with(isa, Features::detected())
    }

    /// As [`Machine::of`], for a processor with `features`.
    pub(crate) fn with(isa: Isa, features: Features) -> Option<Machine> {
        #[cfg(not(target_arch = "x86_64"))]
        let _ = features;
        match isa {
            Isa::Scalar => None,
            Isa::Portable => Some(Machine::Portable),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => x86_64::Avx2::of(features).map(Machine::Avx2),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => x86_64::Avx512::of(features).map(Machine::Avx512),
            #[cfg(not(target_arch = "x86_64"))]
            Isa::Avx2 | Isa::Avx512 => None,
        }
    }

    /// The machine for loops that only wait for memory: half a cache line at a time, which Zen 4
    /// brings from its third-level cache in 0.85 of the time of whole ones.
    pub(crate) fn for_memory(self) -> Machine {
        match self {
            #[cfg(target_arch = "x86_64")]
            Machine::Avx512(machine) => Machine::Avx2(machine.avx2()),
            machine => machine,
        }
    }

    /// Floats that a register holds.
    pub(crate) fn vector_len(self) -> usize {
        match self {
            Machine::Portable => 4,
            #[cfg(target_arch = "x86_64")]
            Machine::Avx2(_) => 8,
            #[cfg(target_arch = "x86_64")]
            Machine::Avx512(_) => 16,
            #[cfg(test)]
            Machine::Wide | Machine::Tiled => 16,
        }
    }

    /// The sums of some panels of bf16 weights: row `r` gets `Σ panel[k][r][j] · x[k][j]`, each
    /// word holding two neighbours, the first in its lower half.
    ///
    /// `None` where there are no instructions of one's own for it.
    #[inline]
    pub(crate) fn bf16_sums<const AT_ONCE: usize>(
        self,
        panels: [&[Line<u32>]; AT_ONCE],
        x: &[[f32; 2]],
    ) -> Option<[[f32; LANES]; AT_ONCE]> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Machine::Avx2(machine) => Some(machine.bf16_sums(panels, x)),
            #[cfg(target_arch = "x86_64")]
            Machine::Avx512(machine) => Some(machine.bf16_sums(panels, x)),
            _ => None,
        }
    }

    /// Carries out `work`, compiled for this machine.
    pub(crate) fn run(self, work: impl Work) {
        match self {
            Machine::Portable => work.run::<PORTABLE_FUSED>(),
            #[cfg(target_arch = "x86_64")]
            Machine::Avx2(machine) => machine.run(work),
            #[cfg(target_arch = "x86_64")]
            Machine::Avx512(machine) => machine.run(work),
            #[cfg(test)]
            Machine::Wide | Machine::Tiled => work.run::<true>(),
        }
    }

    /// Carries out `work` over this machine's vectors.
    pub(crate) fn run_vectors(self, work: impl VectorWork) {
        match self {
            Machine::Portable => work.run::<_, 4, 1>(Arrays::<4, PORTABLE_FUSED>),
            #[cfg(target_arch = "x86_64")]
            Machine::Avx2(machine) => machine.run_vectors(work),
            #[cfg(target_arch = "x86_64")]
            Machine::Avx512(machine) => machine.run_vectors(work),
            #[cfg(test)]
            Machine::Wide | Machine::Tiled => work.run::<_, 1, 4>(Arrays::<16, true>),
        }
    }
}
