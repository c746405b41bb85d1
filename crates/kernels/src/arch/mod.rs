//! The instruction sets: generic code, compiled once for each, entered through [`Machine::run`].
//!
//! A kernel is a [`Work`]: plain Rust over arrays of constant size, inlined whole into an entry
//! function that has the instruction set's features switched on, so that the compiler vectorises
//! it for them. Hand-written instructions can take the place of single pieces behind the same
//! trait.

mod features;
mod int8;
mod simd;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(test)]
pub(crate) use features::Feature;
pub(crate) use features::Features;
pub(crate) use simd::{LANES, Lanes, Simd, VectorWork};

use crate::Isa;
use crate::streaming::{Line, ROWS};
use simd::Arrays;

pub(crate) use int8::Int8Machine;

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
    /// The shapes of AVX-512 on any processor, so that tests everywhere reach them.
    #[cfg(test)]
    Wide,
}

/// Rows of a product that are held in registers with the columns of a panel: 6 x 2 of 16
/// registers, with AVX-512 6 x 4 of 32. The rest hold the operands.
pub(crate) const TILE_HEIGHT: usize = 6;

/// Sums that a product holds in registers, at most on any machine.
pub(crate) const MAX_SUMS: usize = TILE_HEIGHT * 64;

/// Whether the baseline of this build has fused multiply-add.
const PORTABLE_FUSED: bool = cfg!(any(target_feature = "fma", target_arch = "aarch64"));

/// Columns per panel of a product.
#[derive(Clone, Copy, Debug)]
struct Panel {
    /// For a matrix of few columns, or one that would leave much of a wide panel empty.
    narrow: usize,
    wide: usize,
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

    fn panel(self) -> Panel {
        match self {
            // Two registers of four.
            Machine::Portable => Panel { narrow: 8, wide: 8 },
            // One or two registers of eight.
            #[cfg(target_arch = "x86_64")]
            Machine::Avx2(_) => Panel {
                narrow: 8,
                wide: 16,
            },
            // One or four registers of sixteen.
            #[cfg(target_arch = "x86_64")]
            Machine::Avx512(_) => Panel {
                narrow: 16,
                wide: 64,
            },
            #[cfg(test)]
            Machine::Wide => Panel {
                narrow: 16,
                wide: 64,
            },
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
            Machine::Wide => 16,
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
    ) -> Option<[[f32; ROWS]; AT_ONCE]> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Machine::Avx2(machine) => Some(machine.bf16_sums(panels, x)),
            #[cfg(target_arch = "x86_64")]
            Machine::Avx512(machine) => Some(machine.bf16_sums(panels, x)),
            _ => None,
        }
    }

    /// Columns per panel for a matrix of `columns`: narrow where wide panels would be more than
    /// a quarter empty.
    pub(crate) fn panel_width(self, columns: usize) -> usize {
        let Panel { narrow, wide } = self.panel();
        let computed = |panel: usize| columns.div_ceil(panel).saturating_mul(panel);
        if computed(wide) / 4 > computed(narrow) / 3 {
            narrow
        } else {
            wide
        }
    }

    /// Carries out `work`, compiled for this machine.
    pub(crate) fn run(self, work: impl Work) {
        // Not by way of `run_panel`, which would compile `work` for both widths.
        match self {
            Machine::Portable => work.run::<8, PORTABLE_FUSED>(),
            #[cfg(target_arch = "x86_64")]
            Machine::Avx2(machine) => machine.run::<16>(work),
            #[cfg(target_arch = "x86_64")]
            Machine::Avx512(machine) => machine.run::<64>(work),
            #[cfg(test)]
            Machine::Wide => work.run::<64, true>(),
        }
    }

    /// Carries out `work` for panels of one of the machine's two widths.
    pub(crate) fn run_panel(self, width: usize, work: impl Work) {
        match (self, width) {
            (Machine::Portable, _) => work.run::<8, PORTABLE_FUSED>(),
            #[cfg(target_arch = "x86_64")]
            (Machine::Avx2(machine), 8) => machine.run::<8>(work),
            #[cfg(target_arch = "x86_64")]
            (Machine::Avx2(machine), _) => machine.run::<16>(work),
            #[cfg(target_arch = "x86_64")]
            (Machine::Avx512(machine), 16) => machine.run::<16>(work),
            #[cfg(target_arch = "x86_64")]
            (Machine::Avx512(machine), _) => machine.run::<64>(work),
            #[cfg(test)]
            (Machine::Wide, 16) => work.run::<16, true>(),
            #[cfg(test)]
            (Machine::Wide, _) => work.run::<64, true>(),
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
            Machine::Wide => work.run::<_, 1, 4>(Arrays::<16, true>),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_panels_are_for_what_would_leave_wide_ones_empty() {
        let width = |columns| Machine::Wide.panel_width(columns);
        assert_eq!([1, 16, 17, 48].map(width), [16, 16, 16, 64]);
        assert_eq!([64, 72, 100, 128].map(width), [64, 16, 64, 64]);
    }
}
