//! Entry functions with the features of x86-64 processors switched on.
#![expect(
    unsafe_code,
    reason = "calling a function that needs processor features, once they are known to be there"
)]

use std::arch::is_x86_feature_detected;

use super::Work;

/// Proof that the processor has AVX2 and FMA.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(super) fn detect() -> Option<Avx2> {
        let found = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        found.then_some(Avx2(()))
    }

    pub(super) fn run<const PANEL: usize>(self, work: impl Work) {
        // SAFETY: `self` exists only if `detect` found the features that `avx2` needs.
        unsafe { avx2::<PANEL>(work) }
    }
}

#[target_feature(enable = "avx2,fma")]
fn avx2<const PANEL: usize>(work: impl Work) {
    work.run::<PANEL, true>();
}

/// Proof that the processor has AVX-512 F, BW, DQ and VL, and AVX2 and FMA.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub(super) fn detect() -> Option<Avx512> {
        let found = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma");
        found.then_some(Avx512(()))
    }

    pub(super) fn run<const PANEL: usize>(self, work: impl Work) {
        // SAFETY: `self` exists only if `detect` found the features that `avx512` needs.
        unsafe { avx512::<PANEL>(work) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn avx512<const PANEL: usize>(work: impl Work) {
    work.run::<PANEL, true>();
}
