//! A linear tagger with hand-made features.

use super::likeliest::{label_set, place};
use crate::TrainError;
use rand::seq::SliceRandom;
use recurra_data::Checksum;
use recurra_data::tagged::TaggedSentence;
use recurra_nn::likeliest;

/// Weights in all: a bound on memory, whatever the number of labels.
const MAX_WEIGHTS: usize = 1 << 23;
/// Passes over the training sentences.
const EPOCHS: usize = 5;

/// A tagger that goes from left to right and adds up weights of features: the word and its two
/// neighbours on both sides, its beginnings and endings, capitals, digits and hyphens, and the two
/// labels before it. Weights change at each mistake, and their average over all of training is
/// taken. Features are hashed.
///
/// # Source
/// Collins 2002, *Discriminative training methods for hidden Markov models*; the average as
/// Daumé 2006 computes it; features after Ratnaparkhi 1996.
///
/// # Example
/// ```
/// use recurra_data::tagged::TaggedSentence;
/// use recurra_train::baseline::PerceptronTagger;
///
/// let owned = |list: &[&str]| list.iter().map(|&one| one.to_owned()).collect::<Vec<_>>();
/// let seen = TaggedSentence {
///     lines: vec![],
///     words: owned(&["they", "can", "fish", "a", "can"]),
///     labels: owned(&["PRON", "AUX", "VERB", "DET", "NOUN"]),
/// };
/// let tagger = PerceptronTagger::fit(&[seen], 1)?;
/// assert_eq!(tagger.label(&owned(&["fish", "a", "can"])), ["VERB", "DET", "NOUN"]);
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct PerceptronTagger {
    labels: Vec<String>,
    /// `[buckets, num_labels]`
    weights: Vec<f32>,
}

impl std::fmt::Debug for PerceptronTagger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PerceptronTagger")
            .field("labels", &self.labels)
            .field("weights", &self.weights.len())
            .finish()
    }
}

impl PerceptronTagger {
    /// Learns from sentences; their order in each pass is by `seed`.
    ///
    /// # Errors
    /// [`TrainError::Argument`] without any word.
    pub fn fit(sentences: &[TaggedSentence], seed: u64) -> Result<Self, TrainError> {
        let labels = label_set(sentences)?;
        let num_labels = labels.len();
        let buckets = (MAX_WEIGHTS / num_labels).clamp(1, 1 << 19);
        // The largest power of two, so that a bucket is the lowest bits of a hash.
        let buckets = 1_usize << buckets.ilog2();
        let mut weights = vec![0.0_f32; buckets * num_labels];
        // Each weight times the number of words before its changes.
        let mut early = vec![0.0_f64; weights.len()];
        let mut rng = recurra_nn::rng(seed, 0);
        let mut order: Vec<usize> = (0..sentences.len()).collect();
        let mut seen_words = 0.0_f64;
        for _ in 0..EPOCHS {
            order.shuffle(&mut rng);
            for sentence in order.iter().map(|&index| &sentences[index]) {
                let words = Words::new(&sentence.words);
                let mut before = [num_labels; 2];
                for (at, label) in sentence.labels.iter().enumerate() {
                    let features = words.features(at, before, buckets);
                    let found = likeliest(scores(&weights, &features, num_labels));
                    let right = place(&labels, label);
                    if found != right {
                        for &feature in &features {
                            let row = feature * num_labels;
                            for (label, change) in [(right, 1.0), (found, -1.0)] {
                                weights[row + label] += change;
                                early[row + label] += f64::from(change) * seen_words;
                            }
                        }
                    }
                    seen_words += 1.0;
                    before = [found, before[0]];
                }
            }
        }
        for (weight, early) in weights.iter_mut().zip(early) {
            *weight = (f64::from(*weight) - early / seen_words) as f32;
        }
        Ok(Self { labels, weights })
    }

    /// A label for each word.
    pub fn label(&self, words: &[String]) -> Vec<String> {
        let num_labels = self.labels.len();
        let buckets = self.weights.len() / num_labels;
        let words_seen = Words::new(words);
        let mut before = [num_labels; 2];
        let label = |at| {
            let features = words_seen.features(at, before, buckets);
            let found = likeliest(scores(&self.weights, &features, num_labels));
            before = [found, before[0]];
            self.labels[found].clone()
        };
        (0..words.len()).map(label).collect()
    }
}

fn scores(weights: &[f32], features: &[usize], num_labels: usize) -> Vec<f32> {
    let mut scores = vec![0.0; num_labels];
    for &feature in features {
        let row = &weights[feature * num_labels..][..num_labels];
        for (score, weight) in scores.iter_mut().zip(row) {
            *score += weight;
        }
    }
    scores
}

/// The words of a sentence, in small letters, and what their letters look like.
struct Words<'a> {
    lower: Vec<String>,
    words: &'a [String],
}

impl<'a> Words<'a> {
    fn new(words: &'a [String]) -> Self {
        Self {
            lower: words.iter().map(|word| word.to_lowercase()).collect(),
            words,
        }
    }

    /// The buckets of what is said about the word at `at`, after the labels `before`.
    fn features(&self, at: usize, before: [usize; 2], buckets: usize) -> Vec<usize> {
        let near = |offset: isize| {
            let place = at.checked_add_signed(offset);
            place
                .and_then(|place| self.lower.get(place))
                .map_or("\n", String::as_str)
        };
        let word = near(0);
        let [last, second] = before;
        let mut hashes = vec![hash("bias", "", 0)];
        for (name, offset) in [("w", 0), ("w-1", -1), ("w+1", 1), ("w-2", -2), ("w+2", 2)] {
            hashes.push(hash(name, near(offset), 0));
        }
        let ends: Vec<usize> = word.char_indices().map(|(start, _)| start).collect();
        for len in 1..=4 {
            if let Some(start) = ends.len().checked_sub(len) {
                hashes.push(hash("suffix", &word[ends[start]..], len));
            }
            if let Some(&end) = ends.get(len) {
                hashes.push(hash("prefix", &word[..end], len));
            }
        }
        for offset in [-1, 1] {
            let near = near(offset);
            let start = near
                .char_indices()
                .rev()
                .nth(2)
                .map_or(0, |(start, _)| start);
            hashes.push(hash("near suffix", &near[start..], (offset + 1) as usize));
        }
        hashes.push(hash("look", &look(&self.words[at]), usize::from(at == 0)));
        hashes.push(hash("last", "", last));
        hashes.push(hash("last two", "", last * 4096 + second));
        hashes.push(hash("last and word", word, last));
        let bucket = |hash: u64| (hash ^ (hash >> 32)) as usize & (buckets - 1);
        hashes.into_iter().map(bucket).collect()
    }
}

/// `Xx-9` of `Mid-1990`: kinds of letters in their order, repeats taken once.
fn look(word: &str) -> String {
    let mut look = String::new();
    for letter in word.chars() {
        let kind = match letter {
            _ if letter.is_uppercase() => 'X',
            _ if letter.is_alphabetic() => 'x',
            _ if letter.is_numeric() => '9',
            _ => letter,
        };
        if !look.ends_with(kind) {
            look.push(kind);
        }
    }
    look
}

/// Of the name, the text and the number.
fn hash(name: &str, text: &str, number: usize) -> u64 {
    let named = Checksum::of(name.as_bytes()).with(&[0xff]);
    let number = (number as u64).to_le_bytes();
    named.with(text.as_bytes()).with(&number).value()
}

#[cfg(test)]
mod tests {
    use super::super::sentence;
    use super::*;

    #[test]
    fn a_neighbour_decides_between_labels_of_one_word() {
        let seen = [
            sentence("the/DET fish/NOUN swims/VERB"),
            sentence("they/PRON fish/VERB here/ADV"),
            sentence("the/DET walk/NOUN ends/VERB"),
            sentence("they/PRON walk/VERB here/ADV"),
        ];
        let tagger = PerceptronTagger::fit(&seen, 1).unwrap();
        let label = |words: [&str; 3]| tagger.label(&words.map(str::to_owned));
        assert_eq!(label(["they", "fish", "here"]), ["PRON", "VERB", "ADV"]);
        assert_eq!(label(["the", "fish", "swims"]), ["DET", "NOUN", "VERB"]);
        assert_eq!(PerceptronTagger::fit(&seen, 1).unwrap(), tagger);
    }

    #[test]
    fn looks_are_kinds_of_letters() {
        assert_eq!(look("Mid-1990"), "Xx-9");
        assert_eq!(look("서울"), "x");
        assert_eq!(look(""), "");
    }
}
