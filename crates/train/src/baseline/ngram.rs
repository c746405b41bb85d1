//! An n-gram letter model with interpolated modified Kneser-Ney smoothing.

use std::collections::HashMap;

use recurra_data::{DataError, Specials, TokenId};
use serde::{Deserialize, Serialize};

/// How long the memory of an [`NgramModel`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NgramConfig {
    /// Letters of an n-gram: `order − 1` are seen, one is predicted. From 1 to 16.
    pub order: usize,
}

impl Default for NgramConfig {
    /// A 5-gram model.
    fn default() -> Self {
        Self { order: 5 }
    }
}

/// A letter model: how likely is each next letter, or the end, after the letters so far?
///
/// For a history h (the last `order − 1` letters, `bos` at the beginning of a word among them) and
/// h′ the history without its first letter,
///
/// `p(w | h) = (a(hw) − D(a(hw))) / Σᵥ a(hv) + γ(h)·p(w | h′)`,
///
/// `γ(h) = (D₁N₁(h) + D₂N₂(h) + D₃N₃₊(h)) / Σᵥ a(hv)`,
///
/// where `Nₖ(h)` is how many letters follow h with `a(hw) = k`. The adjusted count `a` is the plain
/// count for n-grams of full order and for those that begin with `bos`, and otherwise the number
/// of distinct letters that precede the n-gram. Below the single letter stands the uniform
/// distribution. The discounts of each order are, from `nₖ` n-grams with `a = k`,
/// `Y = n₁/(n₁ + 2n₂)`, `D₁ = 1 − 2Y·n₂/n₁`, `D₂ = 2 − 3Y·n₃/n₂`, `D₃ = 3 − 4Y·n₄/n₃`; where a
/// short list does not allow that (an `nₖ` of 0, or a discount outside [0, k]), they are 0.5, 1 and
/// 1.5. A history that was never seen takes `p(w | h′)` as it is.
///
/// # The event set
///
/// What is predicted at each place is one of: every letter of the vocabulary, `unk` (any letter
/// that the vocabulary does not have) and the end of the word, `eos`. Never `pad` or `bos`. The
/// probabilities of these sum to 1 after every history. So bits per letter here and of a network
/// whose softmax runs over the vocabulary compare: both spread 1 over the same letters and the end.
///
/// # Source
/// Kneser & Ney 1995; Chen & Goodman 1999, section 3 (the modified, interpolated form, the best
/// of those they compare); adjusted counts at the beginning of a sentence and the fallback
/// discounts after Heafield, Pouzyrevsky, Clark & Koehn 2013.
///
/// # Example
/// ```
/// use recurra_data::Vocab;
/// use recurra_train::baseline::{NgramConfig, NgramModel};
///
/// let vocab = Vocab::build(["a", "b", "n"]);
/// let words = ["banana", "nab", "ban"];
/// let rows = words.map(|word| vocab.encode(word.chars().map(String::from)).ids);
/// let model = NgramModel::train(&rows, vocab.len(), NgramConfig::default())?;
///
/// let prefix = &rows[2][..2]; // "ba"
/// let probs: Vec<f64> = model.log_probs(prefix)?.into_iter().map(f64::exp).collect();
/// assert!((probs.iter().sum::<f64>() - 1.0).abs() < 1e-12);
/// let n = vocab.id("n").expect("n is in the vocabulary");
/// assert!(probs[n as usize] > 0.5);
/// # Ok::<(), recurra_data::DataError>(())
/// ```
#[derive(Debug, Clone)]
pub struct NgramModel {
    order: usize,
    vocab_size: usize,
    nodes: Vec<Node>,
    index: HashMap<(NodeIndex, TokenId), NodeIndex>,
}

type NodeIndex = u32;
const ROOT: NodeIndex = 0;
const SPECIALS: Specials = Specials::STANDARD;

/// An n-gram as a path from the root, and as a history what follows it.
#[derive(Debug, Clone, Default)]
struct Node {
    /// Letters of the n-gram; 0 at the root.
    depth: usize,
    /// The adjusted count `a` of the n-gram.
    count: u64,
    /// `(w, max(a(hw) − D, 0) / Σᵥ a(hv))` for each w that follows.
    following: Vec<(TokenId, f64)>,
    /// `γ(h)`.
    backoff: f64,
}

impl NgramModel {
    /// Counts the n-grams of words. A row has the ids of the letters alone, without `bos` and
    /// `eos`; ids are numbered as [`Specials::STANDARD`] says.
    ///
    /// # Errors
    /// [`DataError::Setting`] for an order outside 1 to 16 or a vocabulary without the specials;
    /// [`DataError::TooFew`] without words; [`DataError::TokenId`] for an id that is not below `vocab_size`; [`DataError::Batch`] for a
    /// word with `pad`, `bos` or `eos` in it.
    pub fn train<R: AsRef<[TokenId]>>(
        rows: &[R],
        vocab_size: usize,
        config: NgramConfig,
    ) -> Result<Self, DataError> {
        const MAX_ORDER: usize = 16;
        let NgramConfig { order } = config;
        if !(1..=MAX_ORDER).contains(&order) {
            return Err(DataError::Setting {
                key: String::from("order"),
                expected: format!("1 to {MAX_ORDER}"),
                got: order.to_string(),
            });
        }
        if vocab_size < Specials::COUNT {
            return Err(DataError::Setting {
                key: String::from("vocab_size"),
                expected: format!("at least the {} specials", Specials::COUNT),
                got: vocab_size.to_string(),
            });
        }
        if rows.is_empty() {
            return Err(DataError::TooFew {
                what: String::from("words for an n-gram model"),
                expected: 1,
                got: 0,
                unit: "words",
                advice: "give a list with words",
            });
        }
        let mut model = Self {
            order,
            vocab_size,
            nodes: vec![Node::default()],
            index: HashMap::new(),
        };
        for row in rows {
            let row = row.as_ref();
            model.check(row)?;
            model.count(row);
        }
        model.adjust_counts();
        model.smooth();
        Ok(model)
    }

    /// Letters of an n-gram.
    pub fn order(&self) -> usize {
        self.order
    }

    /// The natural logarithm of the probability of each id as the next one after `prefix`, the
    /// letters of a word from its beginning; −∞ for `pad` and `bos`.
    ///
    /// # Shapes
    /// `[vocab_size]`; the exponentials sum to 1.
    ///
    /// # Errors
    /// [`DataError::TokenId`] and [`DataError::Batch`] as for [`NgramModel::train`].
    pub fn log_probs(&self, prefix: &[TokenId]) -> Result<Vec<f64>, DataError> {
        self.check(prefix)?;
        Ok(self.probs(prefix).into_iter().map(f64::ln).collect())
    }

    /// The natural logarithm of the probability of a whole word, its end included.
    ///
    /// # Errors
    /// As [`NgramModel::log_probs`].
    pub fn log_prob(&self, word: &[TokenId]) -> Result<f64, DataError> {
        self.check(word)?;
        let events = word.iter().chain([&SPECIALS.eos]).enumerate();
        Ok(events
            .map(|(place, &id)| self.prob(&word[..place], id).ln())
            .sum())
    }

    /// The mean of −log₂ p over every letter of every word and the end of every word.
    ///
    /// A word of n letters is n + 1 events; see the event set of [`NgramModel`].
    ///
    /// # Errors
    /// As [`NgramModel::log_probs`], and [`DataError::TooFew`] without words.
    pub fn bits_per_letter<R: AsRef<[TokenId]>>(&self, words: &[R]) -> Result<f64, DataError> {
        let mut nats = 0.0;
        let mut num_events = 0;
        for word in words {
            nats -= self.log_prob(word.as_ref())?;
            num_events += word.as_ref().len() + 1;
        }
        if num_events == 0 {
            return Err(DataError::TooFew {
                what: String::from("words to measure bits per letter on"),
                expected: 1,
                got: 0,
                unit: "words",
                advice: "give a list with words",
            });
        }
        Ok(nats / std::f64::consts::LN_2 / num_events as f64)
    }

    /// How many ids the model knows, [`Specials`] included.
    pub(super) fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    /// An error unless every id is a letter or `unk`.
    pub(super) fn check(&self, row: &[TokenId]) -> Result<(), DataError> {
        let Specials { pad, bos, eos, .. } = SPECIALS;
        for (index, &id) in row.iter().enumerate() {
            if id as usize >= self.vocab_size {
                return Err(DataError::TokenId {
                    index,
                    id,
                    vocab_size: self.vocab_size,
                });
            }
            if [pad, bos, eos].contains(&id) {
                return Err(DataError::Batch {
                    what: format!("letter {index} of a word"),
                    expected: String::from("ids without pad, bos and eos"),
                    got: format!("id {id}"),
                });
            }
        }
        Ok(())
    }

    /// The probability of each id after a prefix that was checked.
    pub(super) fn probs(&self, prefix: &[TokenId]) -> Vec<f64> {
        let num_events = self.vocab_size - 2;
        let mut probs = vec![1.0 / num_events as f64; self.vocab_size];
        probs[SPECIALS.pad as usize] = 0.0;
        probs[SPECIALS.bos as usize] = 0.0;
        // From the empty history to the longest one that was seen. The letters of an unseen history
        // are part of every longer one, which is then unseen too.
        let history = [&[SPECIALS.bos], prefix].concat();
        for len in 0..self.order.min(history.len() + 1) {
            let Some(node) = self.find(&history[history.len() - len..]) else {
                break;
            };
            let node = &self.nodes[node as usize];
            if node.following.is_empty() {
                break;
            }
            for prob in &mut probs {
                *prob *= node.backoff;
            }
            for &(id, share) in &node.following {
                probs[id as usize] += share;
            }
        }
        probs
    }

    /// One of [`probs`](Self::probs) without the others: of `id`, which is a letter, `unk` or `eos`.
    fn prob(&self, prefix: &[TokenId], id: TokenId) -> f64 {
        let num_events = self.vocab_size - 2;
        let mut prob = 1.0 / num_events as f64;
        let longest = self.order.min(prefix.len() + 2);
        for len in 0..longest {
            let (after_bos, letters) = match len.checked_sub(prefix.len() + 1) {
                Some(_) => (true, prefix),
                None => (false, &prefix[prefix.len() - len..]),
            };
            let start = match after_bos {
                true => self.index.get(&(ROOT, SPECIALS.bos)).copied(),
                false => Some(ROOT),
            };
            let Some(node) = start.and_then(|start| self.find_from(start, letters)) else {
                break;
            };
            let node = &self.nodes[node as usize];
            if node.following.is_empty() {
                break;
            }
            let place = node.following.binary_search_by_key(&id, |&(id, _)| id);
            prob = prob * node.backoff + place.map_or(0.0, |place| node.following[place].1);
        }
        prob
    }

    fn find_from(&self, start: NodeIndex, ngram: &[TokenId]) -> Option<NodeIndex> {
        ngram
            .iter()
            .try_fold(start, |node, &id| self.index.get(&(node, id)).copied())
    }

    fn find(&self, ngram: &[TokenId]) -> Option<NodeIndex> {
        self.find_from(ROOT, ngram)
    }

    /// Makes a path for every n-gram of a word, and counts those whose plain count matters.
    fn count(&mut self, row: &[TokenId]) {
        let word = [&[SPECIALS.bos], row, &[SPECIALS.eos]].concat();
        for start in 0..word.len() {
            let mut node = ROOT;
            for &id in word[start..].iter().take(self.order) {
                let depth = self.nodes[node as usize].depth + 1;
                let next = self.nodes.len() as NodeIndex;
                node = *self.index.entry((node, id)).or_insert(next);
                if node == next {
                    self.nodes.push(Node {
                        depth,
                        ..Node::default()
                    });
                }
                if depth == self.order || start == 0 {
                    self.nodes[node as usize].count += 1;
                }
            }
        }
    }

    /// Gives the other n-grams their number of distinct preceding letters.
    fn adjust_counts(&mut self) {
        let mut edges: Vec<_> = self
            .index
            .iter()
            .map(|(&edge, &node)| (node, edge))
            .collect();
        edges.sort_unstable(); // a node comes after its parent
        let mut suffixes = vec![ROOT; self.nodes.len()];
        for (node, (parent, id)) in edges {
            if parent == ROOT {
                continue;
            }
            let suffix = self.index[&(suffixes[parent as usize], id)];
            suffixes[node as usize] = suffix;
            self.nodes[suffix as usize].count += 1;
        }
    }

    /// Turns adjusted counts into discounted shares and back-off weights.
    fn smooth(&mut self) {
        let mut edges: Vec<_> = self
            .index
            .iter()
            .map(|(&edge, &node)| (edge, node))
            .collect();
        edges.retain(|&((_, id), _)| id != SPECIALS.bos); // begins histories, is never predicted
        edges.sort_unstable();
        let mut counts_of_counts = vec![[0u64; 4]; self.order + 1];
        for &(_, node) in &edges {
            let Node { depth, count, .. } = self.nodes[node as usize];
            if let 1..=4 = count {
                counts_of_counts[depth][count as usize - 1] += 1;
            }
        }
        let discounts: Vec<[f64; 3]> = counts_of_counts.into_iter().map(discounts).collect();
        for children in edges.chunk_by(|a, b| a.0.0 == b.0.0) {
            let counted = children.iter().map(|&((_, id), node)| {
                let Node { depth, count, .. } = self.nodes[node as usize];
                (
                    id,
                    count as f64,
                    discounts[depth][count.min(3) as usize - 1],
                )
            });
            let counted: Vec<(TokenId, f64, f64)> = counted.collect();
            let total: f64 = counted.iter().map(|(_, count, _)| count).sum();
            let taken: f64 = counted.iter().map(|(_, _, discount)| discount).sum();
            let history = &mut self.nodes[children[0].0.0 as usize];
            history.backoff = taken / total;
            history.following = counted
                .iter()
                .map(|&(id, count, discount)| (id, (count - discount) / total))
                .collect();
        }
    }
}

/// What is taken from counts of 1, of 2, and of 3 or more, given how many n-grams have a count of
/// 1, 2, 3 and 4.
fn discounts(counts_of_counts: [u64; 4]) -> [f64; 3] {
    const FALLBACK: [f64; 3] = [0.5, 1.0, 1.5];
    let [n1, n2, n3, n4] = counts_of_counts.map(|count| count as f64);
    let y = n1 / (n1 + 2.0 * n2);
    let estimated = [
        1.0 - 2.0 * y * n2 / n1,
        2.0 - 3.0 * y * n3 / n2,
        3.0 - 4.0 * y * n4 / n3,
    ];
    let possible = |(discount, count): (&f64, f64)| (0.0..=count).contains(discount);
    if n4 > 0.0 && estimated.iter().zip([1.0, 2.0, 3.0]).all(possible) {
        estimated
    } else {
        FALLBACK // also for the NaN that an `nₖ` of 0 makes
    }
}

#[cfg(test)]
#[path = "ngram_tests.rs"]
mod tests;
