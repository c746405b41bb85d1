//! Which tokens may come next.

use super::config::DecodeConfig;
use super::start::{Start, Symbols};

/// What a hypothesis may go on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Allowed {
    /// This token, however unlikely.
    Only(u32),
    /// Every token whose score is above minus infinity.
    Any,
}

/// The rules of one call, for all its rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) symbols: &'a Symbols,
    pub(super) config: &'a DecodeConfig,
}

impl Rules<'_> {
    /// The most tokens of a row.
    pub(super) fn max_len(&self, start: &Start) -> usize {
        let most = self.config.max_len;
        start.max_len.map_or(most, |len| len.min(most))
    }

    /// Lowers the scores of tokens that may not follow `ids` to minus infinity: logits, or
    /// log-probabilities.
    pub(super) fn apply(&self, start: &Start, ids: &[u32], scores: &mut [f32]) -> Allowed {
        let eos = self.symbols.eos;
        if ids.len() >= self.max_len(start) {
            return Allowed::Only(eos);
        }
        if let Some(&next) = start.forced.get(ids.len()) {
            return Allowed::Only(next);
        }
        let mut ban = |id: u32| {
            if let Some(score) = scores.get_mut(id as usize) {
                *score = f32::NEG_INFINITY;
            }
        };
        self.symbols.banned.iter().copied().for_each(&mut ban);
        if ids.len() < self.config.min_len {
            ban(eos);
        }
        repeating(ids, self.config.block_ngram).for_each(&mut ban);
        // Where nothing may be said there is nothing but to end.
        match scores.iter().any(|&score| score > f32::NEG_INFINITY) {
            true => Allowed::Any,
            false => Allowed::Only(eos),
        }
    }
}

/// The tokens that would make the last `n` tokens a run that `ids` has already.
fn repeating(ids: &[u32], n: usize) -> impl Iterator<Item = u32> {
    let runs = if n == 0 { &[][..] } else { ids };
    let tail = &ids[ids.len().saturating_sub(n.saturating_sub(1))..];
    runs.windows(n.max(1))
        .filter(move |run| run[..n - 1] == *tail)
        .map(move |run| run[n - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_repeats_a_run_that_begins_with_the_last_tokens() {
        let repeating = |ids: &[u32], n| repeating(ids, n).collect::<Vec<u32>>();
        // 7 8 came before 9 and before 4; the last two tokens are 7 8.
        assert_eq!(repeating(&[7, 8, 9, 7, 8, 4, 7, 8], 3), [9, 4]);
        assert_eq!(repeating(&[7, 8, 9], 1), [7, 8, 9]);
        assert_eq!(repeating(&[7, 7], 2), [7]);
        assert!(repeating(&[7, 8], 3).is_empty());
        assert!(repeating(&[], 1).is_empty());
        assert!(repeating(&[7, 7], 0).is_empty());
    }
}
