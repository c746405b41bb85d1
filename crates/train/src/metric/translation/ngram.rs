//! Counting runs of tokens.

use std::collections::HashMap;
use std::hash::Hash;

/// How often each run of `order` tokens occurs.
pub(super) fn ngrams<T: Eq + Hash>(tokens: &[T], order: usize) -> HashMap<&[T], u64> {
    let mut counts = HashMap::new();
    for run in tokens.windows(order) {
        *counts.entry(run).or_default() += 1;
    }
    counts
}

/// How many runs of one text have their match in the other, each used once.
pub(super) fn matches<T: Eq + Hash>(
    hypothesis: &HashMap<&[T], u64>,
    reference: &HashMap<&[T], u64>,
) -> u64 {
    let common = hypothesis.iter().filter_map(|(run, count)| {
        let there = reference.get(run)?;
        Some(count.min(there))
    });
    common.sum()
}
