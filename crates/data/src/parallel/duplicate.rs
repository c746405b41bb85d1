//! Pairs that occur twice, and pairs of a test that are in the training data.

use std::collections::{HashMap, HashSet};

use super::read::Pair;

/// What repeats in a list of pairs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Duplicates {
    /// Lines of pairs that came before, both sides alike.
    pub pairs: Vec<usize>,
    /// Lines whose source came before with another target.
    pub ambiguous: Vec<usize>,
    /// How many distinct sources there are.
    pub distinct_sources: usize,
    /// How many distinct targets there are.
    pub distinct_targets: usize,
}

/// Finds what repeats.
///
/// # Example
/// ```
/// use recurra_data::parallel::{Pair, find_duplicates};
///
/// let pair = |line, source: &str, target: &str| Pair {
///     line, source: source.into(), target: target.into(), group: None,
/// };
/// let found = find_duplicates(&[pair(1, "Hi.", "안녕."), pair(2, "Hi.", "안녕."), pair(3, "Hi.", "야.")]);
/// assert_eq!((found.pairs, found.ambiguous), (vec![2], vec![3]));
/// ```
pub fn find_duplicates(pairs: &[Pair]) -> Duplicates {
    let mut targets_of: HashMap<&str, HashSet<&str>> = HashMap::new();
    let mut found = Duplicates::default();
    for pair in pairs {
        let targets = targets_of.entry(&pair.source).or_default();
        let is_first = targets.is_empty();
        if !targets.insert(&pair.target) {
            found.pairs.push(pair.line);
        } else if !is_first {
            found.ambiguous.push(pair.line);
        }
    }
    found.distinct_sources = targets_of.len();
    found.distinct_targets = pairs
        .iter()
        .map(|pair| pair.target.as_str())
        .collect::<HashSet<_>>()
        .len();
    found
}

/// Lines of `held_out` whose source is a source of `train` too.
pub fn find_overlap(train: &[Pair], held_out: &[Pair]) -> Vec<usize> {
    let known: HashSet<&str> = train.iter().map(|pair| pair.source.as_str()).collect();
    let overlap = held_out
        .iter()
        .filter(|pair| known.contains(pair.source.as_str()));
    overlap.map(|pair| pair.line).collect()
}
