//! Products of bf16: of weights with f32, a weight being expanded by a shift or a mask, since the
//! compiler leaves the portable loop of that as scalar code; and of pairs with pairs.
#![expect(
    unsafe_code,
    reason = "loading from slices, and calling functions that need processor features"
)]

use std::arch::x86_64::*;

use super::{Avx2, Avx512};
use crate::arch::Line;
use crate::arch::features::{Feature, Features};
use crate::arch::simd::{LANES, Lanes, Simd, VectorWork};

impl Avx2 {
    /// See [`Machine::bf16_sums`](crate::arch::Machine::bf16_sums).
    #[inline]
    pub(in crate::arch) fn bf16_sums<const AT_ONCE: usize>(
        self,
        panels: [&[Line<u32>]; AT_ONCE],
        x: &[[f32; 2]],
    ) -> [[f32; LANES]; AT_ONCE] {
        // SAFETY: `self` exists only if `of` was shown AVX2 and FMA.
        unsafe { avx2(panels, x) }
    }
}

#[target_feature(enable = "avx2,fma")]
fn avx2<const AT_ONCE: usize>(
    panels: [&[Line<u32>]; AT_ONCE],
    x: &[[f32; 2]],
) -> [[f32; LANES]; AT_ONCE] {
    let panels = panels.map(|panel| &panel[..x.len()]);
    let upper = _mm256_set1_epi32(0xffff_0000_u32.cast_signed());
    let mut registers = [[_mm256_setzero_ps(); 2]; AT_ONCE];
    for (k, &[first, second]) in x.iter().enumerate() {
        let (first, second) = (_mm256_set1_ps(first), _mm256_set1_ps(second));
        for panel in 0..AT_ONCE {
            let words = halves(&panels[panel][k]);
            for half in 0..2 {
                let low = _mm256_castsi256_ps(_mm256_slli_epi32::<16>(words[half]));
                let high = _mm256_castsi256_ps(_mm256_and_si256(words[half], upper));
                let sum = _mm256_fmadd_ps(low, first, registers[panel][half]);
                registers[panel][half] = _mm256_fmadd_ps(high, second, sum);
            }
        }
    }
    let mut sums = [[0.0; LANES]; AT_ONCE];
    for panel in 0..AT_ONCE {
        store_halves(registers[panel], &mut sums[panel]);
    }
    sums
}

#[target_feature(enable = "avx2")]
fn halves(line: &Line<u32>) -> [__m256i; 2] {
    let halves = std::ptr::from_ref(line).cast::<__m256i>();
    // SAFETY: a line is 64 readable bytes, twice 32, aligned to 64.
    unsafe { [_mm256_load_si256(halves), _mm256_load_si256(halves.add(1))] }
}

#[target_feature(enable = "avx2")]
fn store_halves(registers: [__m256; 2], sums: &mut [f32; LANES]) {
    let sums = sums.as_mut_ptr();
    // SAFETY: the array is 64 writable bytes, twice 32, and the stores ask for no alignment.
    unsafe {
        _mm256_storeu_ps(sums, registers[0]);
        _mm256_storeu_ps(sums.add(LANES / 2), registers[1]);
    }
}

impl Avx512 {
    /// See [`Machine::bf16_sums`](crate::arch::Machine::bf16_sums).
    #[inline]
    pub(in crate::arch) fn bf16_sums<const AT_ONCE: usize>(
        self,
        panels: [&[Line<u32>]; AT_ONCE],
        x: &[[f32; 2]],
    ) -> [[f32; LANES]; AT_ONCE] {
        // SAFETY: `self` exists only if `of` was shown AVX-512 F.
        unsafe { avx512(panels, x) }
    }
}

#[target_feature(enable = "avx512f")]
fn avx512<const AT_ONCE: usize>(
    panels: [&[Line<u32>]; AT_ONCE],
    x: &[[f32; 2]],
) -> [[f32; LANES]; AT_ONCE] {
    let panels = panels.map(|panel| &panel[..x.len()]);
    let upper = _mm512_set1_epi32(0xffff_0000_u32.cast_signed());
    let mut registers = [_mm512_setzero_ps(); AT_ONCE];
    for (k, &[first, second]) in x.iter().enumerate() {
        let (first, second) = (_mm512_set1_ps(first), _mm512_set1_ps(second));
        for panel in 0..AT_ONCE {
            let words = whole(&panels[panel][k]);
            let low = _mm512_castsi512_ps(_mm512_slli_epi32::<16>(words));
            let high = _mm512_castsi512_ps(_mm512_and_si512(words, upper));
            let sum = _mm512_fmadd_ps(low, first, registers[panel]);
            registers[panel] = _mm512_fmadd_ps(high, second, sum);
        }
    }
    let mut sums = [[0.0; LANES]; AT_ONCE];
    for panel in 0..AT_ONCE {
        store(registers[panel], &mut sums[panel]);
    }
    sums
}

#[target_feature(enable = "avx512f")]
fn whole(line: &Line<u32>) -> __m512i {
    // SAFETY: a line is 64 readable bytes, aligned to 64.
    unsafe { _mm512_load_si512(std::ptr::from_ref(line).cast()) }
}

#[target_feature(enable = "avx512f")]
fn store(register: __m512, sums: &mut [f32; LANES]) {
    // SAFETY: the array is 64 writable bytes, and the store asks for no alignment.
    unsafe { _mm512_storeu_ps(sums.as_mut_ptr(), register) }
}

/// Proof that the processor has AVX-512 with its products of bf16.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512Bf16(Avx512);

impl Avx512Bf16 {
    pub(in crate::arch) fn of(avx512: Avx512, features: Features) -> Option<Avx512Bf16> {
        (features.has(Feature::FOR_BF16)).then_some(Avx512Bf16(avx512))
    }

    pub(in crate::arch) fn run_vectors(self, work: impl VectorWork) {
        // SAFETY: `self` exists only if `of` was shown the features that `pairs` needs.
        unsafe { pairs(self, work) }
    }

    /// See [`PairMachine::pair`](crate::arch::PairMachine::pair).
    pub(in crate::arch) fn pair(self, first: &[Lanes], second: &[Lanes], pairs: &mut [Lanes]) {
        // SAFETY: `self` exists only if `of` was shown the features that `pair` needs.
        unsafe { pair(self, first, second, pairs) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn pair(machine: Avx512Bf16, first: &[Lanes], second: &[Lanes], pairs: &mut [Lanes]) {
    // The instruction that rounds puts sixteen numbers after sixteen others.
    let mut order = [0; 2 * LANES];
    for lane in 0..LANES as u16 {
        order[2 * lane as usize] = lane;
        order[2 * lane as usize + 1] = lane + LANES as u16;
    }
    // SAFETY: both types are 64 bytes of which any are valid.
    let order = unsafe { std::mem::transmute::<[u16; 2 * LANES], __m512i>(order) };
    let (both, alone) = pairs.split_at_mut(second.len());
    let (with_second, rest) = first.split_at(second.len());
    let zero = machine.splat(0.0);
    for ((pair, first), second) in both.iter_mut().zip(with_second).zip(second) {
        let (first, second) = (machine.load(&first.0, 0), machine.load(&second.0, 0));
        let words = _mm512_cvtne2ps_pbh(second, first);
        machine.store(interleaved(words, order), &mut pair.0, 0);
    }
    for (pair, first) in alone.iter_mut().zip(rest) {
        let words = _mm512_cvtne2ps_pbh(zero, machine.load(&first.0, 0));
        machine.store(interleaved(words, order), &mut pair.0, 0);
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn interleaved(words: __m512bh, order: __m512i) -> __m512 {
    // SAFETY: both types are 64 bytes of which any are valid.
    let words = unsafe { std::mem::transmute::<__m512bh, __m512i>(words) };
    _mm512_castsi512_ps(_mm512_permutexvar_epi16(order, words))
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")]
fn pairs(machine: Avx512Bf16, work: impl VectorWork) {
    work.run::<Avx512Bf16, 1, 4>(machine);
}

impl Simd for Avx512Bf16 {
    type Vector = __m512;

    const HEIGHT: usize = Avx512::HEIGHT;

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        self.0.splat(value)
    }

    #[inline(always)]
    fn broadcast(self, value: &f32) -> __m512 {
        self.0.broadcast(value)
    }

    #[inline(always)]
    fn load(self, values: &[f32; LANES], index: usize) -> __m512 {
        self.0.load(values, index)
    }

    #[inline(always)]
    fn store(self, vector: __m512, values: &mut [f32; LANES], index: usize) {
        self.0.store(vector, values, index);
    }

    #[inline(always)]
    fn multiply_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: both types are 64 bytes of which any are valid.
        let [a, b] = [a, b].map(|v| unsafe { std::mem::transmute::<__m512, __m512bh>(v) });
        // SAFETY: `self` exists only if `of` was shown AVX-512 BF16.
        unsafe { _mm512_dpbf16_ps(c, a, b) }
    }

    #[inline(always)]
    fn prefetch(self, rows: &[Lanes], row: usize) {
        self.0.prefetch(rows, row);
    }
}
