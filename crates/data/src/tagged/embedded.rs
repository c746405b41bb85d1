//! Sentences that are part of the crate, so that tagging runs without any file.

use serde::{Deserialize, Serialize};

use super::TaggedSentence;

/// A set of labelled sentences; they were written for Recurra.
///
/// # Example
/// ```
/// use recurra_data::tagged::EmbeddedSentences;
///
/// let sentences = EmbeddedSentences::EnglishKoreanEntities.sentences();
/// assert!(sentences.len() >= 100);
/// assert!(sentences.iter().any(|one| one.words[0] == "Mina" && one.labels[0] == "B-PER"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmbeddedSentences {
    /// Short English and Korean sentences with persons (`PER`), places (`LOC`) and times (`TIME`)
    /// as BIO.
    EnglishKoreanEntities,
}

impl EmbeddedSentences {
    /// The sentences, English and Korean in turn.
    pub fn sentences(self) -> Vec<TaggedSentence> {
        let text = match self {
            Self::EnglishKoreanEntities => include_str!("english_korean_entities.txt"),
        };
        text.lines().map(sentence).collect()
    }
}

/// A line of `word/label` cells; a word without a label is outside (`O`).
fn sentence(line: &str) -> TaggedSentence {
    let mut sentence = TaggedSentence::default();
    for (index, cell) in line.split(' ').enumerate() {
        let (word, label) = cell.rsplit_once('/').unwrap_or((cell, "O"));
        sentence.lines.push(index + 1);
        sentence.words.push(word.to_owned());
        sentence.labels.push(label.to_owned());
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn labels_are_bio_and_an_inside_follows_its_own() {
        let kinds = BTreeSet::from(["PER", "LOC", "TIME"]);
        for sentence in EmbeddedSentences::EnglishKoreanEntities.sentences() {
            let mut before = "";
            for (word, label) in sentence.words.iter().zip(&sentence.labels) {
                assert!(!word.is_empty(), "{sentence:?}");
                let kind = label.split_once('-').map_or("", |(_, kind)| kind);
                assert!(label == "O" || kinds.contains(kind), "{sentence:?}");
                assert!(!label.starts_with("I-") || kind == before, "{sentence:?}");
                before = kind;
            }
        }
    }

    #[test]
    fn no_sentence_comes_twice() {
        let sentences = EmbeddedSentences::EnglishKoreanEntities.sentences();
        let distinct: BTreeSet<_> = sentences.iter().map(|one| &one.words).collect();
        assert_eq!(distinct.len(), sentences.len());
    }
}
