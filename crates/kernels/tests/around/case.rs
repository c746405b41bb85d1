//! Numbers to compute with, and running a call on one or more threads.

use rayon::ThreadPoolBuilder;

/// Numbers spread over ±`scale` without a pattern: the fractional parts of multiples of the
/// golden ratio.
pub(crate) fn values(len: usize, scale: f32) -> Vec<f32> {
    let fraction = |i: usize| (i as f64 * 0.618_033_988_749_895).fract();
    (1..=len)
        .map(|i| ((fraction(i * i) * 2.0 - 1.0) * f64::from(scale)) as f32)
        .collect()
}

pub(crate) fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&x| f64::from(x)).collect()
}

/// Ids below `size` without a pattern.
pub(crate) fn ids(len: usize, size: u32) -> Vec<u32> {
    (1..=len as u32)
        .map(|i| i.wrapping_mul(2_654_435_761) / 7 % size)
        .collect()
}

pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

/// Asserts that `run` gives the same bits on one, two and three threads.
pub(crate) fn assert_same_on_any_number_of_threads(run: impl Fn() -> Vec<f32> + Sync) {
    let on = |num_threads: usize| {
        let pool = ThreadPoolBuilder::new().num_threads(num_threads).build();
        bits(&pool.unwrap().install(&run))
    };
    let alone = on(1);
    for num_threads in [2, 3] {
        assert!(on(num_threads) == alone, "{num_threads} threads");
    }
}
