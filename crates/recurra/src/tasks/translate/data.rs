//! From pairs of texts to what the model is fitted on.

use super::config::{DataConfig, Recipe};
use crate::Error;
use recurra_data::source::read_lines;
use recurra_data::text::Unit;
use recurra_data::{DataError, Specials, Split, Targets, TokenBatch, TokenId, Vocab};
use recurra_train::Run;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The pairs of a run as they were when it began, so that a resumed run sees the same ones.
const PAIRS: &str = "pairs.tsv";
const ORIGIN: &str = "pairs.json";
const SOURCE_VOCAB: &str = "source-vocab.txt";
const TARGET_VOCAB: &str = "target-vocab.txt";

/// Where the pairs of a run came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// A built-in list or a file.
    pub(super) source: String,
    /// How many were read and what was dropped, in a sentence.
    pub(super) summary: String,
}

/// A text and its translation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) source: String,
    pub(super) target: String,
}

/// The pairs of a run, in the order of the list.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pairs {
    pub(super) pairs: Vec<Pair>,
    pub(super) origin: Origin,
}

impl Pairs {
    /// Reads what the recipe names.
    pub(super) fn read(config: &DataConfig) -> Result<Self, Error> {
        match (&config.path, config.pairs) {
            (Some(path), _) => Self::read_file(path, config),
            (None, Some(embedded)) => {
                let pair = |(source, target): (&str, &str)| Pair {
                    source: source.to_owned(),
                    target: target.to_owned(),
                };
                let pairs: Vec<Pair> = embedded.pairs().into_iter().map(pair).collect();
                Ok(Self::filtered(pairs, "built-in list".to_owned(), config))
            }
            (None, None) => {
                let want = "pairs of texts: `path` or `pairs`";
                Err(Error::config("data", want, "neither"))
            }
        }
    }

    /// Reads a file of pairs, by the recipe's filter.
    pub(super) fn read_file(path: &Path, config: &DataConfig) -> Result<Self, Error> {
        Ok(Self::filtered(
            parse(path)?,
            path.display().to_string(),
            config,
        ))
    }

    /// Drops pairs with an empty or a too long side.
    fn filtered(pairs: Vec<Pair>, source: String, config: &DataConfig) -> Self {
        let read = pairs.len();
        let fits = |text: &str, unit: Unit| {
            let len = unit.segment(text).len();
            (1..=config.max_len).contains(&len)
        };
        let pairs: Vec<Pair> = pairs
            .into_iter()
            .map(|pair| Pair {
                source: config.case.apply(pair.source.trim()),
                target: config.case.apply(pair.target.trim()),
            })
            .filter(|pair| {
                fits(&pair.source, config.source_unit) && fits(&pair.target, config.target_unit)
            })
            .collect();
        let summary = format!(
            "{} of {read} pairs; {} with an empty side, or one above {} units, left out",
            pairs.len(),
            read - pairs.len(),
            config.max_len
        );
        Self {
            pairs,
            origin: Origin { source, summary },
        }
    }

    /// Puts them into a run that begins.
    pub(super) fn write(&self, run: &Run) -> Result<(), Error> {
        let origin = serde_json::to_string_pretty(&self.origin)
            .expect("an origin is text, which JSON holds");
        run.write(ORIGIN, format!("{origin}\n").as_bytes())?;
        let line = |pair: &Pair| format!("{}\t{}\n", pair.source, pair.target);
        let text: String = self.pairs.iter().map(line).collect();
        run.write(PAIRS, text.as_bytes())?;
        Ok(())
    }

    /// Takes them out of a run.
    pub(super) fn of_run(run: &Run) -> Result<Self, Error> {
        let origin = run.read_text(ORIGIN)?;
        let origin: Origin = serde_json::from_str(&origin).map_err(|error| Error::Damaged {
            path: run.dir().join(ORIGIN),
            reason: error.to_string(),
        })?;
        Ok(Self {
            pairs: parse(&run.path(PAIRS)?)?,
            origin,
        })
    }
}

/// The pairs of a file, a line each.
fn parse(path: &Path) -> Result<Vec<Pair>, Error> {
    let lines = read_lines(path)?;
    let pair = |line: Result<recurra_data::source::Line, DataError>| {
        let line = line?;
        match line.text.split_once('\t') {
            Some((source, target)) => Ok(Pair {
                source: source.to_owned(),
                target: target.to_owned(),
            }),
            None => Err(Error::Input {
                line: line.number,
                message: format!(
                    "{}: expected a source and a target parted by a tab, got a line without one",
                    path.display()
                ),
            }),
        }
    };
    lines.map(pair).collect()
}

/// The units of both sides as numbers.
#[derive(Debug, Clone)]
pub(super) struct Vocabs {
    pub(super) source: Vocab,
    pub(super) target: Vocab,
}

impl Vocabs {
    pub(super) fn write(&self, run: &Run) -> Result<(), Error> {
        run.write(SOURCE_VOCAB, self.source.to_text().as_bytes())?;
        run.write(TARGET_VOCAB, self.target.to_text().as_bytes())?;
        Ok(())
    }

    pub(super) fn read(run: &Run) -> Result<Self, Error> {
        Ok(Self {
            source: Vocab::read(&run.path(SOURCE_VOCAB)?)?,
            target: Vocab::read(&run.path(TARGET_VOCAB)?)?,
        })
    }

    /// Their sizes.
    pub(super) fn sizes(&self) -> [usize; 2] {
        [self.source.len(), self.target.len()]
    }
}

/// A pair as numbers, without `bos` and `eos`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) source: Vec<TokenId>,
    pub(super) target: Vec<TokenId>,
}

/// Pairs as numbers, and which of them are for what.
#[derive(Debug, Clone)]
pub(super) struct Corpus {
    pub(super) pairs: Vec<Pair>,
    pub(super) rows: Vec<Row>,
    /// Of the pairs that are trained on; other units are unknown.
    pub(super) vocabs: Vocabs,
    pub(super) split: Split,
    pub(super) origin: Origin,
}

impl Corpus {
    /// Parts and numbers pairs; the same pairs and recipe give the same corpus.
    pub(super) fn new(recipe: &Recipe, pairs: Pairs) -> Result<Self, Error> {
        let Pairs { pairs, origin } = pairs;
        if pairs.len() < 2 {
            return Err(Error::Data(DataError::TooFew {
                what: format!("{} ({})", origin.source, origin.summary),
                expected: 2,
                got: pairs.len(),
                unit: "pairs",
                advice: "give a longer list, or raise `data.max_len`",
            }));
        }
        let split = match &recipe.data.split {
            Some(fractions) => Split::random(pairs.len(), fractions, recipe.train.seed)?,
            None => Split {
                train: (0..pairs.len()).collect(),
                valid: Vec::new(),
                test: Vec::new(),
            },
        };
        let training = || split.train.iter().map(|&index| &pairs[index]);
        let DataConfig {
            source_unit,
            target_unit,
            ..
        } = recipe.data;
        let vocabs = Vocabs {
            source: Vocab::build(training().flat_map(|pair| source_unit.segment(&pair.source))),
            target: Vocab::build(training().flat_map(|pair| target_unit.segment(&pair.target))),
        };
        Ok(Self {
            rows: encode(&pairs, &recipe.data, &vocabs),
            pairs,
            vocabs,
            split,
            origin,
        })
    }

    /// The corpus of a run, numbered by the vocabularies that its model learnt with.
    pub(super) fn of_run(recipe: &Recipe, run: &Run) -> Result<Self, Error> {
        let corpus = Self::new(recipe, Pairs::of_run(run)?)?;
        let vocabs = Vocabs::read(run)?;
        Ok(Self {
            rows: encode(&corpus.pairs, &recipe.data, &vocabs),
            vocabs,
            ..corpus
        })
    }

    /// The rows with these indices.
    pub(super) fn rows_of(&self, indices: &[usize]) -> Vec<&Row> {
        indices.iter().map(|&index| &self.rows[index]).collect()
    }

    /// What evaluations during training are made on: what was kept for it, or else what is
    /// learnt by heart.
    pub(super) fn watched(&self) -> Vec<&Row> {
        match self.split.valid.is_empty() {
            true => self.rows_of(&self.split.train),
            false => self.rows_of(&self.split.valid),
        }
    }

    /// What the result is made on, and its indices.
    pub(super) fn judged(&self) -> (&'static str, &[usize]) {
        match self.split.test.is_empty() {
            true => ("train", &self.split.train),
            false => ("test", &self.split.test),
        }
    }
}

/// The ids of each pair's units.
pub(super) fn encode(pairs: &[Pair], config: &DataConfig, vocabs: &Vocabs) -> Vec<Row> {
    let row = |pair: &Pair| Row {
        source: vocabs
            .source
            .encode(config.source_unit.segment(&pair.source))
            .ids,
        target: vocabs
            .target
            .encode(config.target_unit.segment(&pair.target))
            .ids,
    };
    pairs.iter().map(row).collect()
}

/// Rows of a batch, padded.
#[derive(Debug)]
pub(super) struct Examples {
    pub(super) source: TokenBatch,
    pub(super) target: Targets,
}

impl Examples {
    pub(super) fn new(rows: &[&Row]) -> Result<Self, DataError> {
        let sources: Vec<&[TokenId]> = rows.iter().map(|row| &row.source[..]).collect();
        let targets: Vec<&[TokenId]> = rows.iter().map(|row| &row.target[..]).collect();
        Ok(Self {
            source: TokenBatch::pad(&sources, Specials::STANDARD.pad)?,
            target: Targets::teacher_forced(&targets, Specials::STANDARD)?,
        })
    }
}
