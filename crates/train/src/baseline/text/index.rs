//! Which terms count, and what a text is in them.

use super::terms::{HashedMap, Terms, hash};
use crate::baseline::linear::Rows;

/// Beyond this many distinct terms the rarest are forgotten while counting.
const MAX_CANDIDATES: usize = 4_000_000;

/// The terms that a model knows, each with its document frequency.
#[derive(Debug, Clone)]
pub(super) struct TermIndex {
    terms: Terms,
    /// The number of each term, by hash.
    numbers: HashedMap<u32>,
    names: Vec<String>,
    /// `ln((1 + n) / (1 + df)) + 1` of each term.
    inverse_frequencies: Vec<f64>,
}

/// How a text becomes numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weighting {
    /// `(1 + ln count) · idf`, then of Euclidean length 1.
    TfIdf,
    /// 1 for each term that is there.
    Presence,
}

impl TermIndex {
    /// The `max_terms` terms that are in the most texts, of those in at least `min_texts`.
    ///
    /// While counting, at most [`MAX_CANDIDATES`] distinct terms are held: when there are more,
    /// those seen least are forgotten, so memory has a bound whatever the texts are.
    pub(super) fn new<S: AsRef<str>>(
        terms: Terms,
        texts: &[S],
        min_texts: usize,
        max_terms: usize,
    ) -> Self {
        let frequent = frequent(terms, texts, min_texts, max_terms, MAX_CANDIDATES);
        let numbers = (0..)
            .zip(&frequent)
            .map(|(number, &(hash, _))| (hash, number));
        let mut index = Self {
            terms,
            numbers: numbers.collect(),
            names: vec![String::new(); frequent.len()],
            inverse_frequencies: frequent
                .iter()
                .map(|&(_, count)| inverse_frequency(texts.len(), count))
                .collect(),
        };
        index.name_terms(texts);
        index
    }

    fn name_terms<S: AsRef<str>>(&mut self, texts: &[S]) {
        let mut unnamed = self.names.len();
        for text in texts {
            if unnamed == 0 {
                break;
            }
            self.terms.visit(text.as_ref(), |term| {
                if let Some(&number) = self.numbers.get(&hash(term)) {
                    let name = &mut self.names[number as usize];
                    if name.is_empty() {
                        name.push_str(term);
                        unnamed -= 1;
                    }
                }
            });
        }
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn name(&self, number: usize) -> &str {
        &self.names[number]
    }

    /// The row of each text.
    pub(super) fn rows<S: AsRef<str>>(&self, texts: &[S], weighting: Weighting) -> Rows {
        let mut rows = Rows::new();
        for text in texts {
            rows.push(self.row(text.as_ref(), weighting));
        }
        rows
    }

    /// The known terms of a text with their values, by number.
    fn row(&self, text: &str, weighting: Weighting) -> Vec<(u32, f32)> {
        let hashes = self.terms.hashes(text);
        let known = hashes.iter().filter_map(|hash| self.numbers.get(hash));
        let mut numbers: Vec<u32> = known.copied().collect();
        numbers.sort_unstable();
        let counted = numbers
            .chunk_by(|a, b| a == b)
            .map(|run| (run[0], run.len()));
        if weighting == Weighting::Presence {
            return counted.map(|(number, _)| (number, 1.0)).collect();
        }
        let weighed: Vec<(u32, f64)> = counted
            .map(|(number, count)| {
                let idf = self.inverse_frequencies[number as usize];
                (number, (1.0 + (count as f64).ln()) * idf)
            })
            .collect();
        let square: f64 = weighed.iter().map(|(_, value)| value * value).sum();
        let length = if square > 0.0 { square.sqrt() } else { 1.0 };
        let shorten = |(number, value): (u32, f64)| (number, (value / length) as f32);
        weighed.into_iter().map(shorten).collect()
    }
}

fn inverse_frequency(num_texts: usize, count: u32) -> f64 {
    ((1 + num_texts) as f64 / (1.0 + f64::from(count))).ln() + 1.0
}

/// Hash and document frequency of the most frequent terms, in the order of their hashes.
fn frequent<S: AsRef<str>>(
    terms: Terms,
    texts: &[S],
    min_texts: usize,
    max_terms: usize,
    max_candidates: usize,
) -> Vec<(u64, u32)> {
    let mut counts: HashedMap<u32> = HashedMap::default();
    let mut forgotten = 0;
    for text in texts {
        let mut hashes = terms.hashes(text.as_ref());
        hashes.sort_unstable();
        hashes.dedup();
        for hash in hashes {
            *counts.entry(hash).or_insert(forgotten) += 1;
        }
        // Lossy counting (Manku & Motwani 2002): a term that comes after a clearing may have been
        // cleared away before, and starts with the count that it can have had.
        while counts.len() > max_candidates {
            forgotten += 1;
            counts.retain(|_, count| *count > forgotten);
        }
    }
    let least = u32::try_from(min_texts).unwrap_or(u32::MAX);
    let mut kept: Vec<(u64, u32)> = counts.into_iter().filter(|&(_, n)| n >= least).collect();
    kept.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    kept.truncate(max_terms);
    kept.sort_unstable();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tf_idf_is_what_its_equation_says() {
        let texts = ["a a b", "a c"];
        let index = TermIndex::new(Terms::Words { max_len: 1 }, &texts, 1, 10);
        let row = index.row("a a b unseen", Weighting::TfIdf);
        // a is in both of two texts: idf 1; b in one: ln(3/2) + 1. a twice: 1 + ln 2.
        let (a, b) = (1.0 + 2.0_f64.ln(), 1.5_f64.ln() + 1.0);
        let length = a.hypot(b);
        let value = |name: &str| {
            let found = row.iter().find(|(n, _)| index.name(*n as usize) == name);
            f64::from(found.unwrap().1)
        };
        assert!((value("a") - a / length).abs() < 1e-6);
        assert!((value("b") - b / length).abs() < 1e-6);
        assert_eq!(row.len(), 2);
        assert!(index.row("", Weighting::TfIdf).is_empty());
    }

    #[test]
    fn rare_terms_and_those_beyond_the_limit_are_left_out() {
        let texts = ["a b c", "a b", "a d"];
        let names = |min_texts, max_terms| {
            let index = TermIndex::new(Terms::Words { max_len: 1 }, &texts, min_texts, max_terms);
            let mut names = index.names.clone();
            names.sort();
            names
        };
        assert_eq!(names(2, 10), ["a", "b"]);
        assert_eq!(names(1, 1), ["a"]);
        assert_eq!(names(1, 10), ["a", "b", "c", "d"]);
    }

    #[test]
    fn with_little_memory_the_frequent_terms_are_still_found() {
        let texts: Vec<String> = (0..500)
            .map(|n| format!("often {n} also{}", n % 2))
            .collect();
        let kept = frequent(Terms::Words { max_len: 1 }, &texts, 2, 3, 50);
        let mut expected = ["often", "also0", "also1"].map(hash);
        expected.sort_unstable();
        let hashes: Vec<u64> = kept.iter().map(|(hash, _)| *hash).collect();
        assert_eq!(hashes, expected);
    }
}
