//! The label that a word had most often.

use crate::TrainError;
use recurra_data::tagged::TaggedSentence;
use recurra_nn::likeliest;
use std::collections::{BTreeSet, HashMap};

/// The longest ending that is looked at.
const MAX_SUFFIX: usize = 4;

/// Gives each word the label that it had most often in training, and a word that was not there the
/// commonest label of words with its ending: of the longest ending, up to four letters, that was
/// seen, capitals apart from small letters. Neighbours do not matter.
///
/// Words are counted for their endings once for each time that they occur, so that common endings
/// of rare words are not drowned: only words that occur at most ten times count.
///
/// # Source
/// The baseline of Charniak et al. 1993; endings for unknown words as in Brants 2000.
///
/// # Example
/// ```
/// use recurra_data::tagged::TaggedSentence;
/// use recurra_train::baseline::LikeliestLabel;
///
/// let owned = |list: &[&str]| list.iter().map(|&one| one.to_owned()).collect::<Vec<_>>();
/// let seen = TaggedSentence {
///     lines: vec![],
///     words: owned(&["she", "walked", "home"]),
///     labels: owned(&["PRON", "VERB", "NOUN"]),
/// };
/// let rule = LikeliestLabel::fit(&[seen])?;
/// assert_eq!(rule.label(&owned(&["she", "talked"])), ["PRON", "VERB"]);
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LikeliestLabel {
    labels: Vec<String>,
    words: HashMap<String, usize>,
    endings: HashMap<(bool, String), usize>,
}

impl LikeliestLabel {
    /// Counts labels of words and of endings.
    ///
    /// # Errors
    /// [`TrainError::Argument`] without any word.
    pub fn fit(sentences: &[TaggedSentence]) -> Result<Self, TrainError> {
        let labels = label_set(sentences)?;
        let mut words = HashMap::<&str, Vec<usize>>::new();
        for sentence in sentences {
            for (word, label) in sentence.words.iter().zip(&sentence.labels) {
                let counts = words.entry(word).or_insert_with(|| vec![0; labels.len()]);
                counts[place(&labels, label)] += 1;
            }
        }
        let mut endings = HashMap::<(bool, String), Vec<usize>>::new();
        for (word, counts) in &words {
            if counts.iter().sum::<usize>() > 10 {
                continue;
            }
            for ending in endings_of(word) {
                let sums = endings
                    .entry(ending)
                    .or_insert_with(|| vec![0; labels.len()]);
                for (sum, count) in sums.iter_mut().zip(counts) {
                    *sum += count;
                }
            }
        }
        let words = words
            .into_iter()
            .map(|(word, counts)| (word.to_owned(), likeliest(&counts)));
        let endings = endings
            .into_iter()
            .map(|(ending, counts)| (ending, likeliest(&counts)));
        Ok(Self {
            words: words.collect(),
            endings: endings.collect(),
            labels,
        })
    }

    /// A label for each word.
    pub fn label(&self, words: &[String]) -> Vec<String> {
        let of_word = |word: &String| {
            let known = self.words.get(word).copied();
            let by_ending = || {
                let mut endings = endings_of(word);
                endings.find_map(|ending| self.endings.get(&ending).copied())
            };
            self.labels[known.or_else(by_ending).unwrap_or(0)].clone()
        };
        words.iter().map(of_word).collect()
    }
}

/// Whether a word begins with a capital, and its last letters: the longest first, down to none.
fn endings_of(word: &str) -> impl Iterator<Item = (bool, String)> {
    let is_upper = word.chars().next().is_some_and(char::is_uppercase);
    let letters: Vec<char> = word.to_lowercase().chars().collect();
    let longest = letters.len().min(MAX_SUFFIX);
    (0..=longest).rev().map(move |len| {
        let ending = letters[letters.len() - len..].iter().collect();
        (is_upper, ending)
    })
}

/// The distinct labels, sorted.
pub(super) fn label_set(sentences: &[TaggedSentence]) -> Result<Vec<String>, TrainError> {
    let labels: BTreeSet<&String> = sentences.iter().flat_map(|one| &one.labels).collect();
    if labels.is_empty() {
        let want = "at least one word with its label";
        return Err(TrainError::argument("tagging", "sentences", want, "none"));
    }
    Ok(labels.into_iter().cloned().collect())
}

/// Where a label is among the sorted ones.
pub(super) fn place(labels: &[String], label: &String) -> usize {
    labels
        .binary_search(label)
        .expect("the labels are those of the sentences")
}

#[cfg(test)]
mod tests {
    use super::super::sentence;
    use super::*;

    #[test]
    fn counts_by_hand() {
        let seen = [
            sentence("can/AUX can/AUX can/NOUN walking/VERB sing/VERB ring/NOUN king/NOUN"),
            sentence("Berlin/PROPN Paris/PROPN"),
        ];
        let rule = LikeliestLabel::fit(&seen).unwrap();
        let words = ["can", "talking", "bing", "Tokio", "x"].map(str::to_owned);
        // `king` is NOUN once and VERB once (`walking`), and the first in order is taken; so is
        // `ing`, twice each; `Tokio` has no known ending but begins with a capital; of small words
        // two are AUX, three NOUN, two VERB.
        let want = ["AUX", "NOUN", "NOUN", "PROPN", "NOUN"];
        assert_eq!(rule.label(&words), want);
    }

    #[test]
    fn no_words_are_refused() {
        assert!(LikeliestLabel::fit(&[]).is_err());
    }
}
