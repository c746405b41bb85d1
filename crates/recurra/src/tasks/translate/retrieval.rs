//! What looking the nearest known source up is worth.

use std::collections::{BTreeMap, HashMap};

/// Sources by the words that they have: the nearest one by the cosine of tf-idf vectors.
///
/// # Source
/// Salton and Buckley 1988, "Term-weighting approaches in automatic text retrieval"; idf as
/// `ln((1 + n) / (1 + df)) + 1`, as scikit-learn smooths it.
#[derive(Debug)]
pub(super) struct Retrieval {
    /// For each word, how rare it is and where it is with which weight.
    postings: HashMap<String, (f64, Vec<(usize, f64)>)>,
}

impl Retrieval {
    pub(super) fn new<'a>(sources: impl Iterator<Item = &'a str>) -> Self {
        let counts: Vec<BTreeMap<String, f64>> = sources.map(words).collect();
        let mut rows_with: HashMap<&str, usize> = HashMap::new();
        for word in counts.iter().flat_map(BTreeMap::keys) {
            *rows_with.entry(word).or_default() += 1;
        }
        let idf = |word: &str| {
            let with = rows_with.get(word).copied().unwrap_or(0);
            ((1.0 + counts.len() as f64) / (1.0 + with as f64)).ln() + 1.0
        };
        let mut postings: HashMap<String, (f64, Vec<(usize, f64)>)> = HashMap::new();
        for (row, counts) in counts.iter().enumerate() {
            let squares = counts.iter().map(|(word, tf)| (tf * idf(word)).powi(2));
            let norm = squares.sum::<f64>().sqrt();
            for (word, tf) in counts {
                let rarity = idf(word);
                let entry = postings.entry(word.clone()).or_insert((rarity, Vec::new()));
                entry.1.push((row, tf * rarity / norm));
            }
        }
        Self { postings }
    }

    /// The row of the nearest source, the first of equals; nothing where no word is known.
    pub(super) fn nearest(&self, text: &str) -> Option<usize> {
        let mut scores: BTreeMap<usize, f64> = BTreeMap::new();
        for (word, tf) in words(text) {
            if let Some((rarity, rows)) = self.postings.get(&word) {
                for (row, weight) in rows {
                    *scores.entry(*row).or_default() += tf * rarity * weight;
                }
            }
        }
        let scores = scores.into_iter();
        scores
            .reduce(|best, one| if one.1 > best.1 { one } else { best })
            .map(|(row, _)| row)
    }
}

/// The words of a text and how often it has them, without capitals and punctuation.
fn words(text: &str) -> BTreeMap<String, f64> {
    let mut counts = BTreeMap::new();
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    for word in words.filter(|word| !word.is_empty()) {
        *counts.entry(word.to_lowercase()).or_insert(0.0) += 1.0;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_words_decide_which_source_is_near() {
        let known = [
            "a man runs",
            "a dog runs",
            "a man sleeps",
            "오늘 날씨 어때?",
        ];
        let retrieval = Retrieval::new(known.into_iter());
        assert_eq!(retrieval.nearest("the dog"), Some(1));
        assert_eq!(retrieval.nearest("A MAN SLEEPS!"), Some(2));
        assert_eq!(retrieval.nearest("날씨"), Some(3));
        assert_eq!(retrieval.nearest("nothing else"), None);
    }
}
