//! Sentences with a label each, so that an exercise in classification runs without any file.

use serde::{Deserialize, Serialize};

/// A list of labelled sentences that is part of the crate; it was written for Recurra.
///
/// # Example
/// ```
/// use recurra_data::words::EmbeddedTexts;
///
/// let texts = EmbeddedTexts::Sentiment.texts();
/// assert!(texts.contains(&("positive", "I love this phone")));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmbeddedTexts {
    /// Short opinions in English and Korean, half `positive`, half `negative`.
    Sentiment,
}

impl EmbeddedTexts {
    /// The name in recipes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sentiment => "sentiment",
        }
    }

    /// Label and text.
    pub fn texts(self) -> Vec<(&'static str, &'static str)> {
        let text = match self {
            Self::Sentiment => include_str!("sentiment.tsv"),
        };
        let rows = text.lines().map(|line| line.split_once('\t'));
        rows.map(|row| row.expect("every line of a list that is built in has a tab"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn opinions_are_distinct_and_half_of_them_positive_in_both_languages() {
        let texts = EmbeddedTexts::Sentiment.texts();
        let distinct: BTreeSet<&str> = texts.iter().map(|(_, text)| *text).collect();
        assert_eq!(distinct.len(), texts.len());
        for korean in [false, true] {
            let of_language = texts.iter().filter(|(_, text)| text.is_ascii() != korean);
            let (positive, negative): (Vec<_>, Vec<_>) =
                of_language.partition(|(label, _)| *label == "positive");
            assert!(positive.len() == negative.len() && positive.len() >= 40);
            assert!(negative.iter().all(|(label, _)| *label == "negative"));
        }
    }
}
