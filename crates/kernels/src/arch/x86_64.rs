//! Entry functions with the features of x86-64 processors switched on.
#![expect(
    unsafe_code,
    reason = "calling what needs processor features, once they are known to be there"
)]

mod amx;
mod bf16;
mod int8;

use std::arch::x86_64::{
    __m256, __m512, _MM_HINT_T1, _mm_prefetch, _mm256_broadcast_ss, _mm256_fmadd_ps,
    _mm256_loadu_ps, _mm256_permute2f128_ps, _mm256_set1_ps, _mm256_shuffle_ps, _mm256_storeu_ps,
    _mm256_unpackhi_ps, _mm256_unpacklo_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps,
    _mm512_storeu_ps,
};

use super::Work;
use super::features::{Feature, Features};
use super::simd::{LANES, Lanes, Simd, VectorWork};

pub(crate) use amx::Amx;
pub(super) use amx::is_usable as amx_is_usable;
pub(crate) use bf16::Avx512Bf16;
pub(crate) use int8::Avx512Vnni;

/// Proof that the processor has AVX2 and FMA.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(super) fn of(features: Features) -> Option<Avx2> {
        features.has(Feature::FOR_AVX2).then_some(Avx2(()))
    }

    pub(super) fn run(self, work: impl Work) {
        // SAFETY: `self` exists only if `of` was shown the features that `avx2` needs.
        unsafe { avx2(work) }
    }

    pub(super) fn run_vectors(self, work: impl VectorWork) {
        // SAFETY: `self` exists only if `of` was shown the features that `avx2_vectors` needs.
        unsafe { avx2_vectors(self, work) }
    }
}

#[target_feature(enable = "avx2,fma")]
fn avx2_vectors(machine: Avx2, work: impl VectorWork) {
    work.run::<Avx2, 2, 1>(machine);
}

impl Simd for Avx2 {
    type Vector = __m256;

    // 6 x 2 sums, 2 vectors of the panel and a broadcast: 15 of 16 registers.
    const HEIGHT: usize = 6;

    #[inline(always)]
    fn splat(self, value: f32) -> __m256 {
        // SAFETY: `self` exists only if `of` was shown AVX.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    fn broadcast(self, value: &f32) -> __m256 {
        // SAFETY: `self` exists only if `of` was shown AVX.
        unsafe { _mm256_broadcast_ss(value) }
    }

    #[inline(always)]
    fn load(self, values: &[f32; LANES], index: usize) -> __m256 {
        let values = &values.as_chunks::<8>().0[index];
        // SAFETY: `self` exists only if `of` was shown AVX; `values` has the eight values.
        unsafe { _mm256_loadu_ps(values.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, vector: __m256, values: &mut [f32; LANES], index: usize) {
        let values = &mut values.as_chunks_mut::<8>().0[index];
        // SAFETY: `self` exists only if `of` was shown AVX; `values` has room for eight values.
        unsafe { _mm256_storeu_ps(values.as_mut_ptr(), vector) }
    }

    #[inline(always)]
    fn multiply_add(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: `self` exists only if `of` was shown FMA.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn prefetch(self, rows: &[Lanes], row: usize) {
        // Past the end it is a hint about memory that is never read.
        prefetch(rows.as_ptr().wrapping_add(row));
    }

    #[inline(always)]
    fn transpose(self, rows: [&[f32; LANES]; LANES], columns: &mut [Lanes; LANES]) {
        // SAFETY: `self` exists only if `of` was shown AVX.
        unsafe { transpose(self, rows, columns) }
    }
}

#[inline(always)]
fn prefetch(address: *const Lanes) {
    // SAFETY: SSE is part of every x86-64, and a prefetch reads nothing, whatever the address.
    unsafe { _mm_prefetch::<_MM_HINT_T1>(address.cast()) };
}

/// Loops instead of closures: those would not be compiled for AVX, nor inlined.
#[inline]
#[target_feature(enable = "avx")]
fn transpose(machine: Avx2, rows: [&[f32; LANES]; LANES], columns: &mut [Lanes; LANES]) {
    for half in 0..2 {
        for part in 0..2 {
            let mut quarter = [machine.splat(0.0); 8];
            for row in 0..8 {
                quarter[row] = machine.load(rows[8 * half + row], part);
            }
            let quarter = transposed(quarter);
            for column in 0..8 {
                machine.store(quarter[column], &mut columns[8 * part + column].0, half);
            }
        }
    }
}

/// Eight rows of eight as columns.
#[inline]
#[target_feature(enable = "avx")]
fn transposed(rows: [__m256; 8]) -> [__m256; 8] {
    let [a, b, c, d, e, f, g, h] = rows;
    // Pairs of rows, then fours, then all: at each level the halves of a register apart.
    let mut pairs = [[a, b], [c, d], [e, f], [g, h]];
    for pair in &mut pairs {
        let [x, y] = *pair;
        *pair = [_mm256_unpacklo_ps(x, y), _mm256_unpackhi_ps(x, y)];
    }
    let mut halves = [[a; 4]; 2];
    for half in 0..2 {
        let [x, y] = [pairs[2 * half], pairs[2 * half + 1]];
        halves[half] = [
            _mm256_shuffle_ps::<0x44>(x[0], y[0]),
            _mm256_shuffle_ps::<0xee>(x[0], y[0]),
            _mm256_shuffle_ps::<0x44>(x[1], y[1]),
            _mm256_shuffle_ps::<0xee>(x[1], y[1]),
        ];
    }
    let mut columns = [a; 8];
    for column in 0..4 {
        let (x, y) = (halves[0][column], halves[1][column]);
        columns[column] = _mm256_permute2f128_ps::<0x20>(x, y);
        columns[column + 4] = _mm256_permute2f128_ps::<0x31>(x, y);
    }
    columns
}

#[target_feature(enable = "avx2,fma")]
fn avx2(work: impl Work) {
    work.run::<true>();
}

/// Proof that the processor has AVX-512 F, BW, DQ and VL, and AVX2 and FMA.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub(super) fn of(features: Features) -> Option<Avx512> {
        features.has(Feature::FOR_AVX512).then_some(Avx512(()))
    }

    /// AVX2 and FMA, which `of` asked for too.
    pub(super) fn avx2(self) -> Avx2 {
        Avx2(())
    }

    pub(super) fn run(self, work: impl Work) {
        // SAFETY: `self` exists only if `of` was shown the features that `avx512` needs.
        unsafe { avx512(work) }
    }

    pub(super) fn run_vectors(self, work: impl VectorWork) {
        // SAFETY: `self` exists only if `of` was shown the features that `avx512_vectors` needs.
        unsafe { avx512_vectors(self, work) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn avx512_vectors(machine: Avx512, work: impl VectorWork) {
    work.run::<Avx512, 1, 4>(machine);
}

impl Simd for Avx512 {
    type Vector = __m512;

    // 6 x 4 sums, 4 vectors of the panels and a broadcast: 29 of 32 registers.
    const HEIGHT: usize = 6;

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        // SAFETY: `self` exists only if `of` was shown AVX-512 F.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    fn broadcast(self, value: &f32) -> __m512 {
        self.splat(*value)
    }

    #[inline(always)]
    fn load(self, values: &[f32; LANES], index: usize) -> __m512 {
        let values = &values.as_chunks::<16>().0[index];
        // SAFETY: `self` exists only if `of` was shown AVX-512 F; `values` has the sixteen values.
        unsafe { _mm512_loadu_ps(values.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, vector: __m512, values: &mut [f32; LANES], index: usize) {
        let values = &mut values.as_chunks_mut::<16>().0[index];
        // SAFETY: `self` exists only if `of` was shown AVX-512 F; `values` has room for sixteen.
        unsafe { _mm512_storeu_ps(values.as_mut_ptr(), vector) }
    }

    #[inline(always)]
    fn multiply_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: `self` exists only if `of` was shown AVX-512 F.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn prefetch(self, rows: &[Lanes], row: usize) {
        prefetch(rows.as_ptr().wrapping_add(row));
    }

    #[inline(always)]
    fn transpose(self, rows: [&[f32; LANES]; LANES], columns: &mut [Lanes; LANES]) {
        self.avx2().transpose(rows, columns);
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn avx512(work: impl Work) {
    work.run::<true>();
}
