//! What stands for an unknown word.

use recurra_data::{Specials, Vocab};
use recurra_nn::decode::Hypothesis;

/// Shown where nothing says which word it is.
const UNSHOWABLE: &str = "\u{fffd}";

/// The words of a hypothesis, unknown ones by their source: see [`Hypothesis::words`].
pub(super) fn replaced<'a>(
    hypothesis: &Hypothesis,
    vocab: &'a Vocab,
    source: &'a [String],
) -> Vec<&'a str> {
    let source: Vec<&str> = source.iter().map(String::as_str).collect();
    let word = |id| vocab.token(id).unwrap_or(UNSHOWABLE);
    hypothesis.words(Specials::STANDARD.unk, word, &source)
}

/// The places of unknown words in a hypothesis.
pub(super) fn places(hypothesis: &Hypothesis) -> Vec<usize> {
    let ids = hypothesis.ids.iter().enumerate();
    ids.filter(|&(_, &id)| id == Specials::STANDARD.unk)
        .map(|(place, _)| place)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_word_is_what_it_looked_at() {
        let vocab = Vocab::build(["hallo", "heute"]);
        let (hallo, heute) = (vocab.id("hallo").unwrap(), vocab.id("heute").unwrap());
        let unk = Specials::STANDARD.unk;
        let hypothesis = Hypothesis {
            ids: vec![hallo, unk, heute, unk],
            log_prob: 0.0,
            score: 0.0,
            token_log_probs: vec![0.0; 5],
            alignment: vec![
                vec![0.9, 0.1, 0.0],
                vec![0.1, 0.8, 0.1],
                vec![0.0, 0.2, 0.8],
                // Of equals the first.
                vec![0.0, 0.5, 0.5],
                vec![0.2, 0.2, 0.6],
            ],
        };
        let source = ["hello", "Zsófia", "today"].map(str::to_owned);
        let words = replaced(&hypothesis, &vocab, &source);
        assert_eq!(words, ["hallo", "Zsófia", "heute", "Zsófia"]);
        assert_eq!(places(&hypothesis), [1, 3]);
        let blind = Hypothesis {
            alignment: vec![Vec::new(); 5],
            ..hypothesis
        };
        assert_eq!(replaced(&blind, &vocab, &source)[1], "\u{fffd}");
    }
}
