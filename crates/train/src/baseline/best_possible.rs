//! The most that any predictor can reach on a list.

use std::collections::BTreeMap;

use recurra_data::{DataError, TokenId};

/// How many words of a list can be told by their letters but the last.
///
/// `num_right` of `num_words` is the ceiling of training accuracy when the last letter is predicted
/// from those before it: where several words share a prefix, even perfect memory can only say the
/// commonest last letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BestPossible {
    /// Words in the list.
    pub num_words: usize,
    /// Distinct prefixes among them.
    pub num_prefixes: usize,
    /// Words that the best predictor gets right.
    pub num_right: usize,
}

impl BestPossible {
    /// The share of words that the best predictor gets right, in (0, 1].
    pub fn accuracy(&self) -> f64 {
        self.num_right as f64 / self.num_words as f64
    }
}

/// The best accuracy that any predictor of the last letter can reach on these words.
///
/// `Σ over distinct prefixes of (count of the prefix's most frequent last letter) / words`, where a
/// prefix is a word without its last letter. A word that is in the list twice counts twice.
///
/// # Errors
/// [`DataError::TooFew`] without words; [`DataError::Batch`] for a word of no letters.
///
/// # Example
/// ```
/// use recurra_train::baseline::best_last_letter;
///
/// // "abc" and "abd" share "ab": one of the two is always wrong.
/// let words = [vec![4, 5, 6], vec![4, 5, 7], vec![5, 5, 5]];
/// let best = best_last_letter(&words)?;
/// assert_eq!((best.num_right, best.num_words), (2, 3));
/// # Ok::<(), recurra_data::DataError>(())
/// ```
pub fn best_last_letter<R: AsRef<[TokenId]>>(words: &[R]) -> Result<BestPossible, DataError> {
    if words.is_empty() {
        return Err(DataError::TooFew {
            what: String::from("list of words"),
            expected: 1,
            got: 0,
            unit: "words",
            advice: "give a list with words",
        });
    }
    let mut last_letters: BTreeMap<&[TokenId], BTreeMap<TokenId, usize>> = BTreeMap::new();
    for (index, word) in words.iter().enumerate() {
        let Some((last, prefix)) = word.as_ref().split_last() else {
            return Err(DataError::Batch {
                what: format!("word {index}"),
                expected: String::from("at least one letter"),
                got: String::from("none"),
            });
        };
        *last_letters
            .entry(prefix)
            .or_default()
            .entry(*last)
            .or_default() += 1;
    }
    let most_frequent = last_letters
        .values()
        .filter_map(|counts| counts.values().max());
    Ok(BestPossible {
        num_words: words.len(),
        num_prefixes: last_letters.len(),
        num_right: most_frequent.sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(words: &[&str]) -> BestPossible {
        let rows: Vec<Vec<TokenId>> = words
            .iter()
            .map(|word| word.chars().map(u32::from).collect())
            .collect();
        best_last_letter(&rows).unwrap()
    }

    #[test]
    fn words_that_share_no_prefix_can_all_be_told() {
        assert_eq!(best(&["abc", "bbc", "cbc"]).accuracy(), 1.0);
        assert_eq!(best(&["a"]).accuracy(), 1.0);
    }

    #[test]
    fn of_words_that_share_a_prefix_the_commonest_ending_can_be_told() {
        // "wor": d, k, m, n tell one of four; "tha" with t twice and n once tells two of three.
        let words = ["word", "work", "worm", "worn", "that", "than", "that"];
        let expected = BestPossible {
            num_words: 7,
            num_prefixes: 2,
            num_right: 3,
        };
        assert_eq!(best(&words), expected);
    }

    #[test]
    fn a_list_without_words_or_a_word_without_letters_is_an_error() {
        let none: [Vec<TokenId>; 0] = [];
        assert!(best_last_letter(&none).is_err());
        assert!(best_last_letter(&[vec![4], vec![]]).is_err());
    }
}
