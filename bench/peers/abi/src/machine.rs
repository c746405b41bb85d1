//! What the processor can do at most: fused multiply-adds and bytes read in a second.
//!
//! Both are the best of several short runs, with `threads` threads of their own working at once.

use std::arch::x86_64::*;
use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

const RUNS: usize = 7;

/// The best rate of [`RUNS`], summed over threads: each makes its work, `amount` in one call.
fn best_rate<W: FnMut()>(threads: usize, amount: f64, prepare: impl Fn() -> W + Sync) -> f64 {
    let barrier = Barrier::new(threads);
    let measure = || {
        let mut best: f64 = 0.0;
        let mut work = prepare();
        work();
        for _ in 0..RUNS {
            barrier.wait();
            let start = Instant::now();
            work();
            best = best.max(amount / start.elapsed().as_secs_f64());
        }
        best
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(measure)).collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap_or(f64::NAN))
            .sum()
    })
}

/// Independent sums that hide the latency of a fused multiply-add.
const SUMS: usize = 10;
const ROUNDS: usize = 2_000_000;

/// Billions of f32 operations in a second, a multiply-add being two; 0 without AVX2 and FMA.
#[unsafe(no_mangle)]
pub extern "C" fn recurra_fma_gflops(threads: usize) -> f64 {
    let amount = |lanes: usize| (2 * lanes * SUMS * ROUNDS) as f64 * 1e-9;
    if is_x86_feature_detected!("avx512f") {
        // SAFETY: the feature is there.
        return best_rate(threads, amount(16), || || unsafe { fma_avx512() });
    }
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: the features are there.
        return best_rate(threads, amount(8), || || unsafe { fma_avx2() });
    }
    0.0
}

#[target_feature(enable = "avx2,fma")]
fn fma_avx2() {
    let (scale, shift) = (_mm256_set1_ps(0.999), _mm256_set1_ps(1e-3));
    let mut sums = [black_box(shift); SUMS];
    for _ in 0..ROUNDS {
        for sum in &mut sums {
            *sum = _mm256_fmadd_ps(*sum, scale, shift);
        }
    }
    black_box(sums);
}

#[target_feature(enable = "avx512f")]
fn fma_avx512() {
    let (scale, shift) = (_mm512_set1_ps(0.999), _mm512_set1_ps(1e-3));
    let mut sums = [black_box(shift); SUMS];
    for _ in 0..ROUNDS {
        for sum in &mut sums {
            *sum = _mm512_fmadd_ps(*sum, scale, shift);
        }
    }
    black_box(sums);
}

/// Billions of bytes read in a second out of `bytes` for each thread; 0 without AVX2.
#[unsafe(no_mangle)]
pub extern "C" fn recurra_read_gbps(threads: usize, bytes: usize) -> f64 {
    if !is_x86_feature_detected!("avx2") {
        return 0.0;
    }
    let repeats = (200_000_000 / bytes).max(1);
    best_rate(threads, (repeats * bytes) as f64 * 1e-9, || {
        let values = vec![1.0; bytes / 4];
        move || {
            for _ in 0..repeats {
                // SAFETY: the feature is there.
                unsafe { read_avx2(black_box(&values)) };
            }
        }
    })
}

#[target_feature(enable = "avx2")]
fn read_avx2(values: &[f32]) {
    let mut sums = [_mm256_setzero_ps(); 8];
    for chunk in values.as_chunks::<64>().0 {
        let first = chunk.as_ptr();
        // SAFETY: eight loads of eight values are the chunk; they take any address.
        let load = |part: usize| unsafe { _mm256_loadu_ps(first.add(8 * part)) };
        sums = [
            _mm256_or_ps(sums[0], load(0)),
            _mm256_or_ps(sums[1], load(1)),
            _mm256_or_ps(sums[2], load(2)),
            _mm256_or_ps(sums[3], load(3)),
            _mm256_or_ps(sums[4], load(4)),
            _mm256_or_ps(sums[5], load(5)),
            _mm256_or_ps(sums[6], load(6)),
            _mm256_or_ps(sums[7], load(7)),
        ];
    }
    black_box(sums);
}
