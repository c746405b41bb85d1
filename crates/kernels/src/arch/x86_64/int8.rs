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

use super::Avx2;
use crate::arch::features::{Feature, Features};
use crate::arch::{Int8Tile, LANES, Line};

impl Avx2 {
    /// See [`Int8Machine::add`](crate::arch::Int8Machine::add).
    #[inline]
    pub(in crate::arch) fn int8_add<const AT_ONCE: usize>(
        self,
        panels: [&[Line<[i8; 4]>]; AT_ONCE],
        q: &[[i8; 4]],
        scale: f32,
        scales: &[[f32; LANES]; AT_ONCE],
        y: &mut [[f32; LANES]; AT_ONCE],
    ) {
        // SAFETY: `self` exists only if `of` was shown AVX2.
        unsafe { avx2(panels, q, scale, scales, y) }
    }
}

#[target_feature(enable = "avx2")]
fn avx2<const AT_ONCE: usize>(
    panels: [&[Line<[i8; 4]>]; AT_ONCE],
    q: &[[i8; 4]],
    scale: f32,
    scales: &[[f32; LANES]; AT_ONCE],
    y: &mut [[f32; LANES]; AT_ONCE],
) {
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
    let scale = _mm256_set1_ps(scale);
    for panel in 0..AT_ONCE {
        let sums = registers[panel];
        let (scales, _) = scales[panel].as_chunks::<{ LANES / 2 }>();
        let (y, _) = y[panel].as_chunks_mut::<{ LANES / 2 }>();
        for half in 0..2 {
            let factor = _mm256_mul_ps(scale, load_half(&scales[half]));
            let product = _mm256_mul_ps(_mm256_cvtepi32_ps(sums[half]), factor);
            let sum = _mm256_add_ps(load_half(&y[half]), product);
            store_half(sum, &mut y[half]);
        }
    }
}

#[target_feature(enable = "avx2")]
fn halves(line: &Line<[i8; 4]>) -> [__m256i; 2] {
    let halves = std::ptr::from_ref(line).cast::<__m256i>();
    // SAFETY: a line is 64 readable bytes, twice 32, aligned to 64.
    unsafe { [_mm256_load_si256(halves), _mm256_load_si256(halves.add(1))] }
}

#[target_feature(enable = "avx2")]
fn load_half(values: &[f32; LANES / 2]) -> __m256 {
    // SAFETY: the array is 32 readable bytes, and the load asks for no alignment.
    unsafe { _mm256_loadu_ps(values.as_ptr()) }
}

#[target_feature(enable = "avx2")]
fn store_half(register: __m256, values: &mut [f32; LANES / 2]) {
    // SAFETY: the array is 32 writable bytes, and the store asks for no alignment.
    unsafe { _mm256_storeu_ps(values.as_mut_ptr(), register) }
}

/// Proof that the processor has AVX-512 F, BW and VNNI.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512Vnni(());

impl Avx512Vnni {
    pub(in crate::arch) fn of(features: Features) -> Option<Avx512Vnni> {
        features.has(Feature::FOR_VNNI).then_some(Avx512Vnni(()))
    }

    /// See [`Int8Machine::add`](crate::arch::Int8Machine::add).
    #[inline]
    pub(in crate::arch) fn int8_add<const AT_ONCE: usize>(
        self,
        panels: [&[Line<[i8; 4]>]; AT_ONCE],
        q: &[[i8; 4]],
        scale: f32,
        scales: &[[f32; LANES]; AT_ONCE],
        y: &mut [[f32; LANES]; AT_ONCE],
    ) {
        // SAFETY: `self` exists only if `of` was shown AVX-512 F, BW and VNNI.
        unsafe { vnni(panels, q, scale, scales, y) }
    }

    /// See [`Int8ManyMachine::add`](crate::arch::Int8ManyMachine::add).
    #[inline]
    pub(in crate::arch) fn int8_add_many<const AT_ONCE: usize, const MANY: usize>(
        self,
        tile: Int8Tile<'_, AT_ONCE, MANY>,
    ) {
        // SAFETY: `self` exists only if `of` was shown AVX-512 F, BW and VNNI.
        unsafe { vnni_many(tile) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn vnni<const AT_ONCE: usize>(
    panels: [&[Line<[i8; 4]>]; AT_ONCE],
    q: &[[i8; 4]],
    scale: f32,
    scales: &[[f32; LANES]; AT_ONCE],
    y: &mut [[f32; LANES]; AT_ONCE],
) {
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
    let scale = _mm512_set1_ps(scale);
    for panel in 0..AT_ONCE {
        let product = scaled(registers[panel], scale, &scales[panel]);
        store(_mm512_add_ps(load(&y[panel]), product), &mut y[panel]);
    }
}

/// A sum of which some columns are still to come is that of the columns seen, less 128 times the
/// weights of the others: never more than the columns times 127 · 128.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[expect(
    clippy::needless_range_loop,
    reason = "counted loops are unrolled, and the sums stay in registers"
)]
fn vnni_many<const AT_ONCE: usize, const MANY: usize>(tile: Int8Tile<'_, AT_ONCE, MANY>) {
    let depth = tile.depth;
    let panels: [_; AT_ONCE] = std::array::from_fn(|panel| &tile.panels[panel * depth..][..depth]);
    let raised: [_; MANY] = std::array::from_fn(|vector| &tile.raised[vector * depth..][..depth]);
    let zero = _mm512_setzero_si512();
    let mut start = [zero; AT_ONCE];
    for (start, offsets) in start.iter_mut().zip(tile.offsets) {
        *start = load_integers(offsets);
    }
    let mut registers = [start; MANY];
    for k in 0..depth {
        let mut weights = [zero; AT_ONCE];
        for panel in 0..AT_ONCE {
            weights[panel] = whole(&panels[panel][k]);
        }
        for vector in 0..MANY {
            let raised = _mm512_set1_epi32(i32::from_le_bytes(raised[vector][k]));
            for panel in 0..AT_ONCE {
                let sum = registers[vector][panel];
                registers[vector][panel] = _mm512_dpbusd_epi32(sum, raised, weights[panel]);
            }
        }
    }
    for vector in 0..MANY {
        let (row, _) = tile.y[vector * tile.stride..].as_chunks_mut::<LANES>();
        let row = &mut row[..AT_ONCE];
        let scale = _mm512_set1_ps(tile.vector_scales[vector]);
        for panel in 0..AT_ONCE {
            let product = scaled(registers[vector][panel], scale, &tile.scales[panel]);
            let before = match tile.bias {
                Some(bias) => load(&bias[panel]),
                None => load(&row[panel]),
            };
            store(_mm512_add_ps(before, product), &mut row[panel]);
        }
    }
}

/// `sums · (scale · scales)`
#[target_feature(enable = "avx512f")]
fn scaled(sums: __m512i, scale: __m512, scales: &[f32; LANES]) -> __m512 {
    _mm512_mul_ps(_mm512_cvtepi32_ps(sums), _mm512_mul_ps(scale, load(scales)))
}

#[target_feature(enable = "avx512f")]
fn load(values: &[f32; LANES]) -> __m512 {
    // SAFETY: the array is 64 readable bytes, and the load asks for no alignment.
    unsafe { _mm512_loadu_ps(values.as_ptr()) }
}

#[target_feature(enable = "avx512f")]
fn store(register: __m512, values: &mut [f32; LANES]) {
    // SAFETY: the array is 64 writable bytes, and the store asks for no alignment.
    unsafe { _mm512_storeu_ps(values.as_mut_ptr(), register) }
}

#[target_feature(enable = "avx512f")]
fn whole(line: &Line<[i8; 4]>) -> __m512i {
    // SAFETY: a line is 64 readable bytes, aligned to 64.
    unsafe { _mm512_load_si512(std::ptr::from_ref(line).cast()) }
}

#[target_feature(enable = "avx512f")]
fn load_integers(values: &[i32; LANES]) -> __m512i {
    // SAFETY: the array is 64 readable bytes, and the load asks for no alignment.
    unsafe { _mm512_loadu_si512(values.as_ptr().cast()) }
}
