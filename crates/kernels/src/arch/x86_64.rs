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
    /// Two registers of eight.
    pub(super) const PANEL: usize = 16;

    pub(super) fn detect() -> Option<Avx2> {
        let found = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        found.then_some(Avx2(()))
    }

    pub(super) fn run(self, work: impl Work) {
        // SAFETY: `self` exists only if `detect` found the features that `avx2` needs.
        unsafe { avx2(work) }
    }
}

#[target_feature(enable = "avx2,fma")]
fn avx2(work: impl Work) {
    work.run::<{ Avx2::PANEL }, true>();
}

/// Proof that the processor has AVX-512 F, BW, DQ and VL, and AVX2 and FMA.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// Four registers of sixteen.
    pub(super) const PANEL: usize = 64;

    pub(super) fn detect() -> Option<Avx512> {
        let found = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma");
        found.then_some(Avx512(()))
    }

    pub(super) fn run(self, work: impl Work) {
        // SAFETY: `self` exists only if `detect` found the features that `avx512` needs.
        unsafe { avx512(work) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn avx512(work: impl Work) {
    work.run::<{ Avx512::PANEL }, true>();
}
