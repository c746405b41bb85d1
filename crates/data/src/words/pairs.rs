//! Words with their translations, so that an exercise in translation runs without any file.

use serde::{Deserialize, Serialize};

/// A list of pairs that is part of the crate; it was written for Recurra.
///
/// # Example
/// ```
/// use recurra_data::words::EmbeddedPairs;
///
/// let pairs = EmbeddedPairs::EnglishKorean.pairs();
/// assert!(pairs.len() >= 200 && pairs.contains(&("bread", "빵")));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmbeddedPairs {
    /// Everyday English nouns and the Korean ones for them.
    EnglishKorean,
}

impl EmbeddedPairs {
    /// Source and target, sorted by source.
    pub fn pairs(self) -> Vec<(&'static str, &'static str)> {
        let text = match self {
            Self::EnglishKorean => include_str!("english_korean.tsv"),
        };
        let pairs = text.lines().map(|line| line.split_once('\t'));
        pairs
            .map(|pair| pair.expect("every line of a list that is built in has a tab"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_words_are_sorted_and_korean_ones_are_hangul() {
        let pairs = EmbeddedPairs::EnglishKorean.pairs();
        for two in pairs.windows(2) {
            assert!(two[0].0 < two[1].0, "{two:?} are out of order or the same");
        }
        for (english, korean) in pairs {
            assert!(english.chars().all(|c| c.is_ascii_lowercase()), "{english}");
            assert!(!korean.is_empty() && korean.chars().all(|c| ('가'..='힣').contains(&c)));
        }
    }
}
