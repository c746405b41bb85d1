//! From a list of words to what the model is fitted on.

use super::config::{DataConfig, Form, Recipe};
use crate::Error;
use crate::artifact::{read_json, write_json};
use recurra_data::source::{locate, read_lines};
use recurra_data::text::{Unit, WordList};
use recurra_data::{DataError, Specials, Split, Targets, TokenBatch, TokenId, Vocab};
use recurra_train::Run;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The words of a run as they were when it began: a resumed run sees the same ones, and
/// a finished one is judged on those that it did not learn, whatever became of the file.
const WORDS: &str = "words.txt";
const ORIGIN: &str = "words.json";
const VOCAB: &str = "vocab.txt";

/// Where the words of a run came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// A built-in list or a file.
    pub(super) source: String,
    /// How many were read and what was dropped, in a sentence.
    pub(super) summary: String,
}

/// The words of a run: distinct, filtered, in the order of the list.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Words {
    pub(super) words: Vec<String>,
    pub(super) origin: Origin,
}

impl Words {
    /// Reads what the recipe names.
    pub(super) fn read(config: &DataConfig) -> Result<Self, Error> {
        let filter = config.filter();
        let (list, source) = match (&config.path, &config.dataset, config.words) {
            (path, Some(name), _) => {
                let hint = "Any list with one word a line will do: --set data.path=FILE";
                let file = locate(name, path.as_deref(), Some(hint))?;
                (WordList::read(&file, &filter)?, file.display().to_string())
            }
            (Some(file), None, _) => (WordList::read(file, &filter)?, file.display().to_string()),
            (None, None, Some(embedded)) => {
                let list = WordList::from_words(embedded.words(), &filter);
                (list, format!("built-in list `{}`", name_of(embedded)))
            }
            (None, None, None) => {
                let want = "a list of words: `path`, `dataset` or `words`";
                return Err(Error::config("data", want, "none of them"));
            }
        };
        let summary = list.to_string();
        Ok(Self {
            words: list.words,
            origin: Origin { source, summary },
        })
    }

    /// Puts them into a run that begins.
    pub(super) fn write(&self, run: &Run) -> Result<(), Error> {
        write_json(run, ORIGIN, &self.origin)?;
        let text: String = self.words.iter().flat_map(|word| [word, "\n"]).collect();
        run.write(WORDS, text.as_bytes())?;
        Ok(())
    }

    /// Takes them out of a run.
    pub(super) fn of_run(run: &Run) -> Result<Self, Error> {
        let lines = read_lines(&run.path(WORDS)?)?;
        let words: Result<Vec<String>, DataError> = lines.map(|line| Ok(line?.text)).collect();
        Ok(Self {
            words: words?,
            origin: read_json(run, ORIGIN)?,
        })
    }
}

fn name_of(embedded: recurra_data::words::Embedded) -> String {
    let name = serde_json::to_value(embedded).expect("a built-in list has a name in recipes");
    name.as_str().unwrap_or_default().to_owned()
}

/// Words as numbers, and which of them are for what.
#[derive(Debug, Clone)]
pub(super) struct Corpus {
    /// As a person writes them.
    pub(super) words: Vec<String>,
    /// The ids of each word's units, without `bos` and `eos`.
    pub(super) rows: Vec<Vec<TokenId>>,
    /// The units of the words that are trained on; others are unknown.
    pub(super) vocab: Vocab,
    /// `last-letter`: all are trained on and nothing is held out.
    pub(super) split: Split,
    /// Where the words came from.
    pub(super) origin: Origin,
}

impl Corpus {
    /// Parts and numbers words; the same words and recipe give the same corpus.
    pub(super) fn new(recipe: &Recipe, words: Words) -> Result<Self, Error> {
        let Words { words, origin } = words;
        if words.len() < 2 {
            return Err(Error::Data(DataError::TooFew {
                what: format!("{} ({})", origin.source, origin.summary),
                expected: 2,
                got: words.len(),
                unit: "words",
                advice: "give a longer list, or loosen `data.min_len` and `data.max_len`",
            }));
        }
        let split = match &recipe.data.split {
            Some(fractions) => Split::random(words.len(), fractions, recipe.train.seed)?,
            None => Split {
                train: (0..words.len()).collect(),
                valid: Vec::new(),
                test: Vec::new(),
            },
        };
        let unit = recipe.data.unit;
        let training = split.train.iter().map(|&index| &words[index]);
        let vocab = Vocab::build(training.flat_map(|word| unit.segment(word)));
        Ok(Self {
            rows: encode(&words, unit, &vocab),
            words,
            vocab,
            split,
            origin,
        })
    }

    /// The corpus of a run, numbered by the vocabulary that its model learnt with.
    pub(super) fn of_run(recipe: &Recipe, run: &Run) -> Result<Self, Error> {
        let corpus = Self::new(recipe, Words::of_run(run)?)?;
        let vocab = read_vocab(run)?;
        Ok(Self {
            rows: encode(&corpus.words, recipe.data.unit, &vocab),
            vocab,
            ..corpus
        })
    }

    /// The rows with these indices.
    pub(super) fn rows_of(&self, indices: &[usize]) -> Vec<&[TokenId]> {
        indices.iter().map(|&index| &self.rows[index][..]).collect()
    }
}

/// The ids of each word's units.
pub(super) fn encode<S: AsRef<str>>(words: &[S], unit: Unit, vocab: &Vocab) -> Vec<Vec<TokenId>> {
    let encode = |word: &S| vocab.encode(unit.segment(word.as_ref())).ids;
    words.iter().map(encode).collect()
}

/// Writes `vocab.txt`.
pub(super) fn write_vocab(run: &Run, vocab: &Vocab) -> Result<(), Error> {
    Ok(run.write(VOCAB, vocab.to_text().as_bytes())?)
}

/// Reads `vocab.txt`.
pub(super) fn read_vocab(run: &Run) -> Result<Vocab, Error> {
    Ok(Vocab::read(&run.path(VOCAB)?)?)
}

/// Words that somebody else gives, for judging: with the run's filter and vocabulary.
pub(super) fn read_foreign(path: &Path, config: &DataConfig) -> Result<WordList, Error> {
    Ok(WordList::read(path, &config.filter())?)
}

/// What goes in and what should come out, padded.
#[derive(Debug)]
pub(super) struct Examples {
    pub(super) input: TokenBatch,
    /// `last-letter`: one a row.
    pub(super) labels: TokenBatch,
}

impl Examples {
    /// Cuts or shifts rows as the form asks.
    pub(super) fn new(form: Form, rows: &[&[TokenId]]) -> Result<Self, DataError> {
        match form {
            Form::AnyPrefix => {
                let targets = Targets::teacher_forced(rows, Specials::STANDARD)?;
                Ok(Self {
                    input: targets.decoder_input().clone(),
                    labels: targets.labels().clone(),
                })
            }
            Form::LastLetter => {
                let pad = Specials::STANDARD.pad;
                let cut: Vec<(&[TokenId], &[TokenId])> = rows
                    .iter()
                    .map(|row| row.split_at(row.len().saturating_sub(1)))
                    .collect();
                let prefixes: Vec<&[TokenId]> = cut.iter().map(|(prefix, _)| *prefix).collect();
                let last: Vec<&[TokenId]> = cut.iter().map(|(_, last)| *last).collect();
                Ok(Self {
                    input: TokenBatch::pad(&prefixes, pad)?,
                    labels: TokenBatch::pad(&last, pad)?,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_letter_is_parted_from_those_before_it() {
        let rows: [&[TokenId]; 2] = [&[4, 5, 6], &[7, 8]];
        let examples = Examples::new(Form::LastLetter, &rows).unwrap();
        assert_eq!(examples.input.ids, [4, 5, 7, 0]);
        assert_eq!(examples.input.lengths, [2, 1]);
        assert_eq!(examples.labels.ids, [6, 8]);
        assert_eq!(examples.labels.lengths, [1, 1]);
    }

    #[test]
    fn every_prefix_predicts_what_follows_and_the_end() {
        let rows: [&[TokenId]; 2] = [&[4, 5], &[7]];
        let examples = Examples::new(Form::AnyPrefix, &rows).unwrap();
        assert_eq!(examples.input.ids, [1, 4, 5, 1, 7, 0]);
        assert_eq!(examples.labels.ids, [4, 5, 2, 7, 2, 0]);
        assert_eq!(examples.labels.lengths, [3, 2]);
    }
}
