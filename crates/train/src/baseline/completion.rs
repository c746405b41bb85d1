//! The likeliest words that begin with a prefix, by search.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use recurra_data::{DataError, Specials, TokenId};

use crate::baseline::NgramModel;

/// How a word may go on, to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// The letters after the prefix, without `eos`; empty when the prefix is a whole word.
    pub ids: Vec<TokenId>,
    /// The natural logarithm of the probability of these letters and the end, given the prefix.
    pub log_prob: f64,
}

/// A word that is not yet complete, or is.
#[derive(Debug, PartialEq)]
struct Candidate {
    log_prob: f64,
    ids: Vec<TokenId>,
    complete: bool,
}

impl Eq for Candidate {}

impl Ord for Candidate {
    /// The likelier first; of equally likely ones that with the smaller ids.
    fn cmp(&self, other: &Self) -> Ordering {
        self.log_prob
            .total_cmp(&other.log_prob)
            .then_with(|| other.ids.cmp(&self.ids))
            .then_with(|| self.complete.cmp(&other.complete))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl NgramModel {
    /// The `k` likeliest completions of `prefix` that add at most `max_len` letters, likeliest
    /// first.
    ///
    /// A best-first search: the likeliest beginning is continued first, and as no continuation is
    /// likelier than its beginning, the first `k` words that come out complete are the `k`
    /// likeliest. `unk` is no letter that could be said, and is left out. A search that would
    /// continue more than 100,000 beginnings ends there with the words that it has, which are the
    /// likeliest still.
    ///
    /// # Errors
    /// As [`NgramModel::log_probs`].
    ///
    /// # Example
    /// ```
    /// use recurra_data::Vocab;
    /// use recurra_train::baseline::{NgramConfig, NgramModel};
    ///
    /// let vocab = Vocab::build(["a", "b", "n"]);
    /// let rows = ["banana", "nab", "ban"].map(|w| vocab.encode(w.chars().map(String::from)).ids);
    /// let model = NgramModel::train(&rows, vocab.len(), NgramConfig::default())?;
    /// let best = &model.complete(&rows[2][..2], 2, 10)?; // "ba"
    /// assert_eq!(vocab.decode(&best[0].ids)?.concat(), "n");
    /// assert!(best[0].log_prob >= best[1].log_prob);
    /// # Ok::<(), recurra_data::DataError>(())
    /// ```
    pub fn complete(
        &self,
        prefix: &[TokenId],
        k: usize,
        max_len: usize,
    ) -> Result<Vec<Completion>, DataError> {
        const MAX_CONTINUED: usize = 100_000;
        self.check(prefix)?;
        let Specials { eos, unk, .. } = Specials::STANDARD;
        let mut open = BinaryHeap::from([Candidate {
            log_prob: 0.0,
            ids: Vec::new(),
            complete: false,
        }]);
        let mut found = Vec::new();
        let mut num_continued = 0;
        while found.len() < k
            && let Some(best) = open.pop()
        {
            if best.complete {
                found.push(Completion {
                    ids: best.ids,
                    log_prob: best.log_prob,
                });
                continue;
            }
            num_continued += 1;
            if num_continued > MAX_CONTINUED {
                break;
            }
            let probs = self.probs(&[prefix, &best.ids].concat());
            open.push(Candidate {
                log_prob: best.log_prob + probs[eos as usize].ln(),
                ids: best.ids.clone(),
                complete: true,
            });
            if best.ids.len() == max_len {
                continue;
            }
            for id in unk + 1..self.vocab_size() as TokenId {
                open.push(Candidate {
                    log_prob: best.log_prob + probs[id as usize].ln(),
                    ids: [&best.ids[..], &[id]].concat(),
                    complete: false,
                });
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use recurra_data::Vocab;
    use recurra_data::words::Embedded;

    use super::*;
    use crate::baseline::NgramConfig;

    fn model() -> (Vocab, NgramModel) {
        let words = Embedded::English4.words();
        let vocab = Vocab::build(words.concat().chars());
        let rows = words.iter().map(|word| encode(&vocab, word));
        let rows: Vec<Vec<TokenId>> = rows.collect();
        let model = NgramModel::train(&rows, vocab.len(), NgramConfig::default()).unwrap();
        (vocab, model)
    }

    fn encode(vocab: &Vocab, word: &str) -> Vec<TokenId> {
        vocab.encode(word.chars().map(String::from)).ids
    }

    #[test]
    fn the_search_finds_what_trying_everything_finds() {
        let (vocab, model) = model();
        for prefix in ["wor", "zz", ""] {
            let prefix = encode(&vocab, prefix);
            let found = model.complete(&prefix, 8, 2).unwrap();

            let letters: Vec<TokenId> = (4..vocab.len() as TokenId).collect();
            let mut all: Vec<Vec<TokenId>> = vec![vec![]];
            all.extend(letters.iter().map(|&a| vec![a]));
            all.extend(
                letters
                    .iter()
                    .flat_map(|&a| letters.iter().map(move |&b| vec![a, b])),
            );
            let log_prob_of_prefix = model.log_prob(&prefix).unwrap()
                - model.log_probs(&prefix).unwrap()[Specials::STANDARD.eos as usize];
            let mut tried: Vec<(f64, Vec<TokenId>)> = all
                .into_iter()
                .map(|ids| {
                    let word = [&prefix[..], &ids].concat();
                    (model.log_prob(&word).unwrap() - log_prob_of_prefix, ids)
                })
                .collect();
            tried.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            assert_eq!(found.len(), 8);
            for (found, tried) in found.iter().zip(&tried) {
                assert!((found.log_prob - tried.0).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn nothing_is_asked_nothing_is_found() {
        let (vocab, model) = model();
        assert!(
            model
                .complete(&encode(&vocab, "w"), 0, 5)
                .unwrap()
                .is_empty()
        );
        let whole = model.complete(&encode(&vocab, "word"), 3, 0).unwrap();
        assert_eq!(whole.len(), 1);
        assert!(whole[0].ids.is_empty());
        assert!(model.complete(&[9999], 1, 5).is_err());
    }

    #[test]
    fn a_letter_that_the_vocabulary_lacks_is_passed_over() {
        let (vocab, model) = model();
        let prefix = encode(&vocab, "é");
        let found = model.complete(&prefix, 5, 8).unwrap();
        assert_eq!(found.len(), 5);
        let unk = Specials::STANDARD.unk;
        assert!(
            found
                .iter()
                .all(|completion| !completion.ids.contains(&unk))
        );
    }
}
