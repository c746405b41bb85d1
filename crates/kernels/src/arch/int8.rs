//! Sums of products of int8, by the instructions that each machine has for them.

use super::{Features, Machine};
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

    /// Adds the products of some panels and a vector: row `r` gets
    /// `(Σ panel[k][r][j] · q[k][j]) · (scale · scales[r])`.
    ///
    /// A panel has `q.len()` lines; all integers are from −127 to 127. The caller sees to it that
    /// no sum exceeds an i32. Sums are exact, and what follows is rounded one operation after the
    /// other: the same bits on every machine.
    #[inline]
    pub(crate) fn add<const AT_ONCE: usize>(
        self,
        panels: [&[Line<[i8; 4]>]; AT_ONCE],
        q: &[[i8; 4]],
        scale: f32,
        scales: &[[f32; LANES]; AT_ONCE],
        y: &mut [[f32; LANES]; AT_ONCE],
    ) {
        match self {
            Int8Machine::Portable => portable(panels, q, scale, scales, y),
            #[cfg(target_arch = "x86_64")]
            Int8Machine::Avx2(machine) => machine.int8_add(panels, q, scale, scales, y),
            #[cfg(target_arch = "x86_64")]
            Int8Machine::Avx512Vnni(machine) => machine.int8_add(panels, q, scale, scales, y),
        }
    }

    /// What several vectors have to be multiplied at once, sharing what is read of the panels;
    /// `None` on machines that would gain nothing.
    pub(crate) fn of_many(self) -> Option<Int8ManyMachine> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Int8Machine::Avx512Vnni(machine) => Some(Int8ManyMachine::Avx512Vnni(machine)),
            _ => None,
        }
    }
}

/// How a machine multiplies several vectors of int8 at once.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Int8ManyMachine {
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni(x86_64::Avx512Vnni),
}

/// `MANY` vectors times `AT_ONCE` panels.
pub(crate) struct Int8Tile<'a, const AT_ONCE: usize, const MANY: usize> {
    /// Words of a vector, and lines of a panel.
    pub(crate) depth: usize,
    /// One panel behind the other, like the vectors.
    pub(crate) panels: &'a [Line<[i8; 4]>],
    /// −128 times the sums of the panels' rows: what is multiplied is q + 128, which has no sign.
    pub(crate) offsets: &'a [[i32; LANES]; AT_ONCE],
    /// For each row of the panels, what its integers are multiples of.
    pub(crate) scales: &'a [[f32; LANES]; AT_ONCE],
    /// The vectors, q + 128.
    pub(crate) raised: &'a [[u8; 4]],
    /// One for each vector.
    pub(crate) vector_scales: &'a [f32; MANY],
    /// In the place of what `y` is.
    pub(crate) bias: Option<&'a [[f32; LANES]; AT_ONCE]>,
    /// What belongs to the first vector stands at the beginning, to the others `stride` apart.
    pub(crate) y: &'a mut [f32],
    pub(crate) stride: usize,
}

impl Int8ManyMachine {
    /// As [`Int8Machine::add`] for each vector, or with the bias in the place of what `y` is.
    #[inline]
    pub(crate) fn add<const AT_ONCE: usize, const MANY: usize>(
        self,
        tile: Int8Tile<'_, AT_ONCE, MANY>,
    ) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Int8ManyMachine::Avx512Vnni(machine) => machine.int8_add_many(tile),
        }
    }
}

fn portable<const AT_ONCE: usize>(
    panels: [&[Line<[i8; 4]>]; AT_ONCE],
    q: &[[i8; 4]],
    scale: f32,
    scales: &[[f32; LANES]; AT_ONCE],
    y: &mut [[f32; LANES]; AT_ONCE],
) {
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
    for panel in 0..AT_ONCE {
        for row in 0..LANES {
            y[panel][row] += sums[panel][row] as f32 * (scale * scales[panel][row]);
        }
    }
}
