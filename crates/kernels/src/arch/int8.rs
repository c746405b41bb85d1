//! Sums of products of int8, by the instructions that each machine has for them.

use super::{Features, Machine, Work};
use crate::arch::{LANES, Line};

#[cfg(target_arch = "x86_64")]
use super::x86_64;

/// How a machine multiplies int8.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Int8Machine {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(x86_64::Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni(x86_64::Avx512Vnni),
}

impl Int8Machine {
    /// What goes with `machine`; AVX-512 without VNNI multiplies as AVX2 does.
    pub(crate) fn of(machine: Machine) -> Int8Machine {
        Int8Machine::with(machine, Features::detected())
    }

    /// As [`Int8Machine::of`], for a processor with `features`.
    pub(crate) fn with(machine: Machine, features: Features) -> Int8Machine {
        #[cfg(not(target_arch = "x86_64"))]
        let _ = features;
        match machine {
            #[cfg(target_arch = "x86_64")]
            Machine::Avx2(avx2) => Int8Machine::Avx2(avx2),
            #[cfg(target_arch = "x86_64")]
            Machine::Avx512(avx512) => match x86_64::Avx512Vnni::of(features) {
                Some(vnni) => Int8Machine::Avx512Vnni(vnni),
                None => Int8Machine::Avx2(avx512.avx2()),
            },
            _ => Int8Machine::Portable,
        }
    }

    /// Sums that a register holds.
    pub(crate) fn vector_len(self) -> usize {
        match self {
            Int8Machine::Portable => 4,
            #[cfg(target_arch = "x86_64")]
            Int8Machine::Avx2(_) => 8,
            #[cfg(target_arch = "x86_64")]
            Int8Machine::Avx512Vnni(_) => 16,
        }
    }

    /// The sums of some panels: row `r` gets `Σ panel[k][r][j] · q[k][j]`, exactly.
    ///
    /// A panel has `q.len()` lines; all numbers are from −127 to 127. The caller sees to it that
    /// no sum exceeds an i32.
    #[inline]
    pub(crate) fn sums<const AT_ONCE: usize>(
        self,
        panels: [&[Line<[i8; 4]>]; AT_ONCE],
        q: &[[i8; 4]],
    ) -> [[i32; LANES]; AT_ONCE] {
        match self {
            Int8Machine::Portable => portable(panels, q),
            #[cfg(target_arch = "x86_64")]
            Int8Machine::Avx2(machine) => machine.int8_sums(panels, q),
            #[cfg(target_arch = "x86_64")]
            Int8Machine::Avx512Vnni(machine) => machine.int8_sums(panels, q),
        }
    }

    /// The sums of some panels for several vectors, which share what is read of the panels.
    ///
    /// `offsets` are −128 times the sums of the panels' rows: what is multiplied is q + 128, which
    /// has no sign. `None` on machines that would gain nothing.
    #[inline]
    pub(crate) fn sums_of_many<const AT_ONCE: usize, const MANY: usize>(
        self,
        panels: [&[Line<[i8; 4]>]; AT_ONCE],
        q: [&[[i8; 4]]; MANY],
        offsets: &[[i32; LANES]; AT_ONCE],
    ) -> Option<[[[i32; LANES]; AT_ONCE]; MANY]> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Int8Machine::Avx512Vnni(machine) => Some(machine.int8_sums_of_many(panels, q, offsets)),
            _ => {
                let _ = (panels, q, offsets);
                None
            }
        }
    }

    /// Whether [`Int8Machine::sums_of_many`] has something to give.
    pub(crate) fn takes_many(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Int8Machine::Avx512Vnni(_) => true,
            _ => false,
        }
    }

    /// Carries out `work`, compiled for this machine.
    pub(crate) fn run(self, work: impl Work) {
        match self {
            Int8Machine::Portable => work.run::<false>(),
            #[cfg(target_arch = "x86_64")]
            Int8Machine::Avx2(machine) => machine.run(work),
            #[cfg(target_arch = "x86_64")]
            Int8Machine::Avx512Vnni(machine) => machine.run(work),
        }
    }
}

fn portable<const AT_ONCE: usize>(
    panels: [&[Line<[i8; 4]>]; AT_ONCE],
    q: &[[i8; 4]],
) -> [[i32; LANES]; AT_ONCE] {
    let mut sums = [[0; LANES]; AT_ONCE];
    for (k, q) in q.iter().enumerate() {
        let q = q.map(i32::from);
        for (sums, panel) in sums.iter_mut().zip(panels) {
            for (sum, w) in sums.iter_mut().zip(panel[k].0) {
                let w = w.map(i32::from);
                *sum += w[0] * q[0] + w[1] * q[1] + w[2] * q[2] + w[3] * q[3];
            }
        }
    }
    sums
}
