//! Small word lists that are part of the crate, so that an exercise runs without any file.
//!
//! They were written for Recurra: common, everyday words, no names. Each is sorted by code point,
//! distinct, and has one word a line.

mod pairs;
mod texts;

pub use pairs::EmbeddedPairs;
pub use texts::EmbeddedTexts;

use serde::{Deserialize, Serialize};

/// A word list that is part of the crate.
///
/// # Example
/// ```
/// use recurra_data::words::Embedded;
///
/// let words = Embedded::English4.words();
/// assert!(words.len() >= 500 && words.iter().all(|word| word.len() == 4));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Embedded {
    /// Common English words of three to eight letters.
    English,
    /// Common English words of four letters: the form of the exercise in which three letters go
    /// in and the last one comes out.
    English4,
    /// Common Korean words of two syllables or more.
    Korean,
}

impl Embedded {
    /// The words, sorted.
    pub fn words(self) -> Vec<&'static str> {
        let text = match self {
            Self::English => include_str!("english.txt"),
            Self::English4 => include_str!("english4.txt"),
            Self::Korean => include_str!("korean.txt"),
        };
        text.lines().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use unicode_normalization::is_nfc;

    use super::*;

    /// What holds for every list: sorted, distinct, within lengths, of one script.
    fn check(list: Embedded, lengths: std::ops::RangeInclusive<usize>, letters: [char; 2]) {
        let words = list.words();
        for pair in words.windows(2) {
            assert!(pair[0] < pair[1], "{pair:?} are out of order or the same");
        }
        for word in words {
            assert!(lengths.contains(&word.chars().count()), "{word}");
            let mut each = word.chars();
            assert!(
                each.all(|letter| (letters[0]..=letters[1]).contains(&letter)),
                "{word}"
            );
            assert!(is_nfc(word), "{word}");
        }
    }

    #[test]
    fn english_words_have_three_to_eight_letters() {
        check(Embedded::English, 3..=8, ['a', 'z']);
        let words = Embedded::English.words();
        assert!(words.len() >= 600, "{}", words.len());
        assert!(words.iter().filter(|word| word.len() >= 4).count() >= 500);
        let mut of_length: HashMap<usize, usize> = HashMap::new();
        for word in words {
            *of_length.entry(word.len()).or_default() += 1;
        }
        for length in 3..=8 {
            assert!(of_length[&length] >= 60, "{length}: {}", of_length[&length]);
        }
    }

    #[test]
    fn english4_words_have_four_letters() {
        check(Embedded::English4, 4..=4, ['a', 'z']);
        assert!(Embedded::English4.words().len() >= 520);
    }

    #[test]
    fn korean_words_have_two_syllables_or_more() {
        check(Embedded::Korean, 2..=5, ['가', '힣']);
        assert!(Embedded::Korean.words().len() >= 300);
    }

    #[test]
    fn a_list_is_named_in_a_recipe() {
        #[derive(Deserialize)]
        struct Data {
            words: Embedded,
        }
        let data: Data = toml::from_str("words = \"english4\"").unwrap();
        assert_eq!(data.words, Embedded::English4);
    }
}
