//! How often a word is among the likeliest completions of its first half.

use recurra_data::TokenId;
use recurra_train::metric::{Accuracy, Metrics};

/// How often the word was among the likeliest completions of its first half.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct HitRate {
    first: Accuracy,
    among_five: Accuracy,
}

impl HitRate {
    /// Asks `complete` for the words that begin with the first half of each row.
    pub(super) fn count<E>(
        rows: &[&[TokenId]],
        mut complete: impl FnMut(&[TokenId]) -> Result<Vec<Vec<TokenId>>, E>,
    ) -> Result<Self, E> {
        let mut hits = Self::default();
        for row in rows {
            let (prefix, rest) = row.split_at(half(row.len()));
            let found = complete(prefix)?;
            let place = found.iter().position(|ids| ids == rest);
            for (hits, limit) in [(&mut hits.first, 1), (&mut hits.among_five, HIT_K)] {
                let hit = u32::from(place.is_some_and(|place| place < limit));
                hits.add(&[hit], &[1])
                    .expect("one prediction and one label");
            }
        }
        Ok(hits)
    }

    /// Adds both rates.
    pub(super) fn set(&self, metrics: &mut Metrics) {
        metrics.set(HIT_RATE_1, self.first.value());
        metrics.set(HIT_RATE_5, self.among_five.value());
    }
}

const HIT_RATE_1: &str = "hit_rate_at_1";
const HIT_RATE_5: &str = "hit_rate_at_5";
/// Completions that are shown to the hit rate.
pub(super) const HIT_K: usize = 5;

/// Letters of the first half of a word: of three, two.
pub(super) fn half(len: usize) -> usize {
    len.div_ceil(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hit_counts_by_its_place() {
        // Halves: [4, 5] of the first word, [4] of the second.
        let rows: [&[TokenId]; 2] = [&[4, 5, 6], &[4, 7]];
        let answers = |prefix: &[TokenId]| -> Result<_, ()> {
            Ok(match prefix {
                [4, 5] => vec![vec![9], vec![6]],
                _ => vec![vec![7]],
            })
        };
        let hits = HitRate::count(&rows, answers).unwrap();
        assert_eq!(hits.first.value(), Some(0.5));
        assert_eq!(hits.among_five.value(), Some(1.0));
    }
}
