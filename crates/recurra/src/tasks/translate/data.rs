//! From pairs of texts to what the model is fitted on.

use super::config::{DataConfig, Recipe};
use super::pairs::{Origin, Pair, Pairs};
use super::vocabs::Vocabs;
use crate::Error;
use recurra_data::parallel::{LengthFilter, Lengths};
use recurra_data::{DataError, Specials, Split, Targets, TokenBatch, TokenId};
use recurra_train::Run;

/// A pair as numbers, without `bos` and `eos`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) source: Vec<TokenId>,
    pub(super) target: Vec<TokenId>,
}

impl Row {
    /// What the longer side takes, the end of the target counted.
    pub(super) fn len(&self) -> usize {
        self.source.len().max(self.target.len() + 1)
    }
}

/// Pairs as numbers, and which of them are for what.
#[derive(Debug, Clone)]
pub(super) struct Corpus {
    pub(super) pairs: Vec<Pair>,
    pub(super) rows: Vec<Row>,
    /// Of the pairs that are trained on; other pieces are unknown.
    pub(super) vocabs: Vocabs,
    pub(super) split: Split,
    pub(super) origin: Origin,
}

impl Corpus {
    /// Learns pieces from pairs and numbers them; the same pairs and recipe give the same corpus.
    pub(super) fn new(recipe: &Recipe, pairs: Pairs) -> Result<Self, Error> {
        pairs.enough()?;
        let training: Vec<&Pair> = (pairs.split.train.iter())
            .map(|&index| &pairs.pairs[index])
            .collect();
        let vocabs = Vocabs::learn(&recipe.data, &training)?;
        Self::numbered(recipe, pairs, vocabs)
    }

    /// The corpus of a run, numbered by the pieces that its model learnt with.
    pub(super) fn of_run(recipe: &Recipe, run: &Run) -> Result<Self, Error> {
        Self::numbered(recipe, Pairs::of_run(run)?, Vocabs::read(run)?)
    }

    fn numbered(recipe: &Recipe, pairs: Pairs, vocabs: Vocabs) -> Result<Self, Error> {
        let mut rows = encode(&pairs.pairs, &vocabs);
        let Pairs {
            pairs,
            mut split,
            mut origin,
        } = pairs;
        let config = &recipe.data;
        let filter = LengthFilter {
            min_len: 1,
            max_len: config.max_len,
            max_ratio: config.max_ratio,
        };
        let before = split.train.len();
        split.train.retain(|&index| {
            filter.keeps(Lengths {
                source: rows[index].source.len(),
                target: rows[index].target.len(),
            })
        });
        let left_out = before - split.train.len();
        if left_out > 0 {
            origin.summary += &format!(
                "; {left_out} not trained on: a side without pieces or above {} of them, or {} \
                 times as long as the other",
                config.max_len, config.max_ratio
            );
        }
        if split.train.len() < 2 {
            return Err(Error::Data(DataError::TooFew {
                what: format!("{} ({})", origin.source, origin.summary),
                expected: 2,
                got: split.train.len(),
                unit: "pairs",
                advice: "give a longer list, or raise `data.max_len`",
            }));
        }
        // A source is read as far as a line to be translated is.
        for &index in split.valid.iter().chain(&split.test) {
            rows[index].source.truncate(config.max_len);
        }
        Ok(Self {
            pairs,
            rows,
            vocabs,
            split,
            origin,
        })
    }

    /// Whether two rows have the same target; of unknown words, whether they are the same words.
    pub(super) fn same_target(
        &self,
        (row, text): (&Row, &str),
        (other, other_text): (&Row, &str),
    ) -> bool {
        let pieces = |text| self.vocabs.target.pieces(text);
        row.target == other.target
            && (!row.target.contains(&Specials::STANDARD.unk) || pieces(text) == pieces(other_text))
    }

    /// The rows with these indices.
    pub(super) fn rows_of(&self, indices: &[usize]) -> Vec<&Row> {
        indices.iter().map(|&index| &self.rows[index]).collect()
    }

    /// Indices of what evaluations during training are made on: what was kept for it, or else
    /// what is learnt by heart.
    pub(super) fn watched(&self) -> &[usize] {
        match self.split.valid.is_empty() {
            true => &self.split.train,
            false => &self.split.valid,
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

/// The ids of each pair's pieces.
pub(super) fn encode(pairs: &[Pair], vocabs: &Vocabs) -> Vec<Row> {
    let row = |pair: &Pair| Row {
        source: vocabs.source.encode(&pair.source).ids,
        target: vocabs.target.encode(&pair.target).ids,
    };
    pairs.iter().map(row).collect()
}

/// The pairs of a file as numbers, sources cut as those of lines to be translated are.
pub(super) fn encode_file(pairs: &[Pair], vocabs: &Vocabs, config: &DataConfig) -> Vec<Row> {
    let mut rows = encode(pairs, vocabs);
    for row in &mut rows {
        row.source.truncate(config.max_len);
    }
    rows
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
