//! Products of int8 with the instructions of x86-64.
//!
//! Both multiply an unsigned by a signed number, so x enters as |x| and its sign goes to the
//! weight. Two products are then at most 2 · 127 · 127 = 32 258 in size, which `vpmaddubsw`
//! keeps in 16 bits without saturating. −128 never occurs.
#![expect(
    unsafe_code,
    reason = "loading from slices, and calling functions that need processor features"
)]

use std::arch::x86_64::*;

use super::{Avx2, Work};
use crate::arch::features::{Feature, Features};
use crate::arch::{LANES, Line};

impl Avx2 {
    /// See [`Int8Machine::sums`](crate::arch::Int8Machine::sums).
    #[inline]
    pub(in crate::arch) fn int8_sums<const AT_ONCE: usize>(
        self,
        panels: [&[Line<[i8; 4]>]; AT_ONCE],
        q: &[[i8; 4]],
    ) -> [[i32; LANES]; AT_ONCE] {
        // SAFETY: `self` exists only if `of` was shown AVX2.
        unsafe { avx2(panels, q) }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn avx2<const AT_ONCE: usize>(
    panels: [&[Line<[i8; 4]>]; AT_ONCE],
    q: &[[i8; 4]],
) -> [[i32; LANES]; AT_ONCE] {
    let panels = panels.map(|panel| &panel[..q.len()]);
    let ones = _mm256_set1_epi16(1);
    let mut registers = [[_mm256_setzero_si256(); 2]; AT_ONCE];
    for (k, &q) in q.iter().enumerate() {
        let q = _mm256_set1_epi32(i32::from_le_bytes(q.map(|q| q as u8)));
        let size = _mm256_abs_epi8(q);
        for panel in 0..AT_ONCE {
            let weights = halves(&panels[panel][k]);
            for half in 0..2 {
                let signed = _mm256_sign_epi8(weights[half], q);
                let pairs = _mm256_maddubs_epi16(size, signed);
                let fours = _mm256_madd_epi16(pairs, ones);
                registers[panel][half] = _mm256_add_epi32(registers[panel][half], fours);
            }
        }
    }
    let mut sums = [[0; LANES]; AT_ONCE];
    for panel in 0..AT_ONCE {
        store_halves(registers[panel], &mut sums[panel]);
    }
    sums
}

#[target_feature(enable = "avx2")]
fn halves(line: &Line<[i8; 4]>) -> [__m256i; 2] {
    let halves = std::ptr::from_ref(line).cast::<__m256i>();
    // SAFETY: a line is 64 readable bytes, twice 32, aligned to 64.
    unsafe { [_mm256_load_si256(halves), _mm256_load_si256(halves.add(1))] }
}

#[target_feature(enable = "avx2")]
fn store_halves(registers: [__m256i; 2], sums: &mut [i32; LANES]) {
    let halves = sums.as_mut_ptr().cast::<__m256i>();
    // SAFETY: the array is 64 writable bytes, twice 32, and the stores ask for no alignment.
    unsafe {
        _mm256_storeu_si256(halves, registers[0]);
        _mm256_storeu_si256(halves.add(1), registers[1]);
    }
}

/// Proof that the processor has AVX-512 F, BW and VNNI.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512Vnni(());

impl Avx512Vnni {
    pub(in crate::arch) fn of(features: Features) -> Option<Avx512Vnni> {
        features.has(Feature::FOR_VNNI).then_some(Avx512Vnni(()))
    }

    /// See [`Int8Machine::sums`](crate::arch::Int8Machine::sums).
    #[inline]
    pub(in crate::arch) fn int8_sums<const AT_ONCE: usize>(
        self,
        panels: [&[Line<[i8; 4]>]; AT_ONCE],
        q: &[[i8; 4]],
    ) -> [[i32; LANES]; AT_ONCE] {
        // SAFETY: `self` exists only if `of` was shown AVX-512 F, BW and VNNI.
        unsafe { vnni(panels, q) }
    }

    /// See [`Int8Machine::sums_of_many`](crate::arch::Int8Machine::sums_of_many).
    #[inline]
    pub(in crate::arch) fn int8_sums_of_many<const AT_ONCE: usize, const MANY: usize>(
        self,
        panels: [&[Line<[i8; 4]>]; AT_ONCE],
        q: [&[[i8; 4]]; MANY],
        offsets: &[[i32; LANES]; AT_ONCE],
    ) -> [[[i32; LANES]; AT_ONCE]; MANY] {
        // SAFETY: `self` exists only if `of` was shown AVX-512 F, BW and VNNI.
        unsafe { vnni_of_many(panels, q, offsets) }
    }

    pub(in crate::arch) fn run(self, work: impl Work) {
        // SAFETY: `self` exists only if `of` was shown AVX-512 F, BW and VNNI.
        unsafe { vnni_work(work) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn vnni_work(work: impl Work) {
    work.run::<true>();
}

/// Sums wrap around, and come back: only their final values are known to fit.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn vnni_of_many<const AT_ONCE: usize, const MANY: usize>(
    panels: [&[Line<[i8; 4]>]; AT_ONCE],
    q: [&[[i8; 4]]; MANY],
    offsets: &[[i32; LANES]; AT_ONCE],
) -> [[[i32; LANES]; AT_ONCE]; MANY] {
    let len = q.map(<[_]>::len)[0];
    let panels = panels.map(|panel| &panel[..len]);
    let q = q.map(|q| &q[..len]);
    let zero = _mm512_setzero_si512();
    let plus_128 = _mm512_set1_epi8(-128);
    let mut start = [zero; AT_ONCE];
    for (start, offsets) in start.iter_mut().zip(offsets) {
        *start = load(offsets);
    }
    let mut registers = [start; MANY];
    for k in 0..len {
        let mut weights = [zero; AT_ONCE];
        for panel in 0..AT_ONCE {
            weights[panel] = whole(&panels[panel][k]);
        }
        for vector in 0..MANY {
            let q = i32::from_le_bytes(q[vector][k].map(|q| q as u8));
            let unsigned = _mm512_xor_si512(_mm512_set1_epi32(q), plus_128);
            for panel in 0..AT_ONCE {
                let sum = registers[vector][panel];
                registers[vector][panel] = _mm512_dpbusd_epi32(sum, unsigned, weights[panel]);
            }
        }
    }
    let mut sums = [[[0; LANES]; AT_ONCE]; MANY];
    for vector in 0..MANY {
        for panel in 0..AT_ONCE {
            store(registers[vector][panel], &mut sums[vector][panel]);
        }
    }
    sums
}

#[target_feature(enable = "avx512f")]
fn load(values: &[i32; LANES]) -> __m512i {
    // SAFETY: the array is 64 readable bytes, and the load asks for no alignment.
    unsafe { _mm512_loadu_si512(values.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn vnni<const AT_ONCE: usize>(
    panels: [&[Line<[i8; 4]>]; AT_ONCE],
    q: &[[i8; 4]],
) -> [[i32; LANES]; AT_ONCE] {
    let panels = panels.map(|panel| &panel[..q.len()]);
    let zero = _mm512_setzero_si512();
    let mut registers = [zero; AT_ONCE];
    for (k, &q) in q.iter().enumerate() {
        let q = _mm512_set1_epi32(i32::from_le_bytes(q.map(|q| q as u8)));
        let size = _mm512_abs_epi8(q);
        let negative = _mm512_movepi8_mask(q);
        for panel in 0..AT_ONCE {
            let weights = whole(&panels[panel][k]);
            let signed = _mm512_mask_sub_epi8(weights, negative, zero, weights);
            registers[panel] = _mm512_dpbusd_epi32(registers[panel], size, signed);
        }
    }
    let mut sums = [[0; LANES]; AT_ONCE];
    for panel in 0..AT_ONCE {
        store(registers[panel], &mut sums[panel]);
    }
    sums
}

#[target_feature(enable = "avx512f")]
fn whole(line: &Line<[i8; 4]>) -> __m512i {
    // SAFETY: a line is 64 readable bytes, aligned to 64.
    unsafe { _mm512_load_si512(std::ptr::from_ref(line).cast()) }
}

#[target_feature(enable = "avx512f")]
fn store(register: __m512i, sums: &mut [i32; LANES]) {
    // SAFETY: the array is 64 writable bytes, and the store asks for no alignment.
    unsafe { _mm512_storeu_si512(sums.as_mut_ptr().cast(), register) }
}
